"""What an SES account may send: verified senders, quotas of the day and the second, configuration sets, suppression
(identity-and-mail.md 4.1)."""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.rehearsal.shared.buckets import Bucket
from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import STAFF
from deepracer_admin.rehearsal.shared.signed_mail import DKIM_TOKENS

from . import mails
from .mails import Wrong

SENDER = "deepracer@example.com"
ACCOUNT_ID = "111122223333"
"""The practice company's AWS account (a number that AWS reserves for examples)."""
QUEUE = "deepracer-mail-events"
CONFIGURATION_SET = "deepracer-mail"
MAX_24_H, MAX_RATE = 50_000.0, 14.0
SANDBOX_24_H, SANDBOX_RATE = 200.0, 1.0
DAY = timedelta(hours=24)
MOST_ON_A_PAGE = 1_000
TOLD = ("SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "RENDERING_FAILURE", "DELIVERY_DELAY")
"""The events that the practice company's configuration set publishes."""


class SesError(Exception):
    """An error in the shape of SES: HTTP status, name, message."""

    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


class Account:
    """Faults that are states while armed: `sandbox`, `quota` (params.max_24h, params.rate), `paused`, `suspended`,
    `unverified` (no identity may send) and `no_events` (the configuration set tells nobody)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._identities = {SENDER, *(person.mail for person in STAFF.values() if person.mail)}
        self._configuration_sets = {CONFIGURATION_SET}
        self.suppressed: dict[str, list[str]] = {}
        self._sent_at: deque[datetime] = deque()
        self._rate = MAX_RATE
        self._bucket = Bucket(MAX_RATE, MAX_RATE, ground.clock.monotonic)

    # --- what may be sent

    def _state(self, name: str) -> Mapping[str, Any] | None:
        fault = self._ground.faults.armed("ses", name)
        return None if fault is None else fault.params

    def _limits(self) -> tuple[float, float]:
        """(mails in 24 hours, mails in a second) in force."""
        if self._state("sandbox") is not None:
            return SANDBOX_24_H, SANDBOX_RATE
        quota = self._state("quota") or {}
        return float(quota.get("max_24h", MAX_24_H)), float(quota.get("rate", MAX_RATE))

    def _sent_last_24_h(self) -> int:
        since = self._ground.clock.now() - DAY
        while self._sent_at and self._sent_at[0] <= since:
            self._sent_at.popleft()
        return len(self._sent_at)

    def count(self, at: str) -> None:
        """A mail was accepted at this moment of practice time."""
        self._sent_at.append(datetime.fromisoformat(at))

    def take(self, recipients: int) -> None:
        """Take from the quota of the day (practice time) and from the rate (real time); raises SesError."""
        most, rate = self._limits()
        if rate != self._rate:
            self._rate, self._bucket = rate, Bucket(max(1.0, rate), rate, self._ground.clock.monotonic)
        if 0 <= most < self._sent_last_24_h() + recipients:
            raise SesError(400, "LimitExceededException", "Daily message quota exceeded.")
        if self._bucket.wait_s(min(recipients, self._bucket.capacity)) > 0:
            raise SesError(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
        self._bucket.take(recipients)

    def check_sender(self, sender: str) -> None:
        if self._state("suspended") is not None:
            raise SesError(400, "AccountSuspendedException", "Your account's ability to send email is suspended.")
        if self._state("paused") is not None:
            raise SesError(400, "SendingPausedException", "Email sending is disabled for your account.")
        self._check_verified([mails.bare(sender)])

    def check_recipients(self, addresses: list[str]) -> None:
        if self._state("sandbox") is not None:
            self._check_verified(addresses)

    def _check_verified(self, addresses: list[str]) -> None:
        unverified = [address for address in addresses if address not in self._identities]
        if unverified:
            raise SesError(
                400,
                "MessageRejected",
                "Email address is not verified. The following identities failed the check in region US-EAST-1: "
                + ", ".join(unverified),
            )

    def check_configuration_set(self, name: str | None) -> None:
        if name is not None and name not in self._configuration_sets:
            raise SesError(404, "NotFoundException", f"Configuration set <{name}> does not exist.")

    def publishes(self, name: str | None) -> bool:
        """Do events of this configuration set reach the queue? One that a client made has no destination."""
        return name == CONFIGURATION_SET and self._state("no_events") is None

    # --- operations

    def get_account(self, body: dict[str, Any]) -> dict[str, Any]:
        most, rate = self._limits()
        return {
            "DedicatedIpAutoWarmupEnabled": False,
            "EnforcementStatus": "SHUTDOWN" if self._state("suspended") is not None else "HEALTHY",
            "ProductionAccessEnabled": self._state("sandbox") is None,
            "SendingEnabled": self._state("paused") is None and self._state("suspended") is None,
            "SendQuota": {
                "Max24HourSend": most,
                "MaxSendRate": rate,
                "SentLast24Hours": float(self._sent_last_24_h()),
            },
            "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
        }

    def get_identity(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if key.lower() not in self._identities:
            raise SesError(404, "NotFoundException", f"Email identity {key} does not exist.")
        return {
            "IdentityType": "EMAIL_ADDRESS",
            "FeedbackForwardingStatus": True,
            "VerifiedForSendingStatus": self._state("unverified") is None,
            "VerificationStatus": "SUCCESS" if self._state("unverified") is None else "PENDING",
            "DkimAttributes": {"SigningEnabled": True, "Status": "SUCCESS", "Tokens": [*DKIM_TOKENS]},
            "Policies": {},
            "Tags": [],
        }

    def create_configuration_set(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body.get("ConfigurationSetName", "")
        if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
            raise Wrong(f"Invalid configuration set name <{name}>.")
        if name in self._configuration_sets:
            raise SesError(400, "AlreadyExistsException", f"Configuration set <{name}> already exists.")
        self._configuration_sets.add(name)
        return {}

    def get_configuration_set(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        self.check_configuration_set(key)
        return {"ConfigurationSetName": key, "SendingOptions": {"SendingEnabled": True}}

    def get_event_destinations(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        self.check_configuration_set(key)
        if not self.publishes(key):
            return {"EventDestinations": []}
        topic = {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT_ID}:{QUEUE}"}  # to which the queue subscribes
        told = {"Name": "queue", "Enabled": True, "MatchingEventTypes": list(TOLD), "SnsDestination": topic}
        return {"EventDestinations": [told]}

    def get_suppressed(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if key.lower() not in self.suppressed:
            raise SesError(404, "NotFoundException", f"Email address {key} does not exist on your suppression list.")
        return {"SuppressedDestination": self._summary(key.lower())}

    def _summary(self, address: str) -> dict[str, Any]:
        reason, at = self.suppressed[address]
        return {"EmailAddress": address, "Reason": reason, "LastUpdateTime": datetime.fromisoformat(at).timestamp()}

    def list_suppressed(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        """One page in the order of the addresses, so that a page token outlives changes between two pages."""
        unknown = set(query) - {"Reason", "NextToken", "PageSize"}
        if unknown:
            raise Wrong(f"The practice SES does not list by {', '.join(sorted(unknown))}.")
        size = query.get("PageSize", [str(MOST_ON_A_PAGE)])[-1]
        if not size.isdecimal() or not 1 <= int(size) <= MOST_ON_A_PAGE:
            raise Wrong(f"PageSize must be between 1 and {MOST_ON_A_PAGE}.")
        after = read_page_token(query["NextToken"][-1]) if "NextToken" in query else ""
        rest = sorted(address for address in self._suppressed_for(query.get("Reason", [])) if address > after)
        page = rest[: int(size)]
        answer: dict[str, Any] = {"SuppressedDestinationSummaries": [self._summary(address) for address in page]}
        return answer if len(page) == len(rest) else answer | {"NextToken": page_token(page[-1])}

    def _suppressed_for(self, reasons: list[str]) -> Iterator[str]:
        return (address for address, (reason, _) in self.suppressed.items() if not reasons or reason in reasons)

    def put_suppressed(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("Reason") not in ("BOUNCE", "COMPLAINT"):
            raise Wrong("Reason must be BOUNCE or COMPLAINT.")
        at = self._ground.clock.now().isoformat()
        self.suppressed[mails.bare(body.get("EmailAddress", ""))] = [body["Reason"], at]
        return {}

    def delete_suppressed(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if self.suppressed.pop(key.lower(), None) is None:
            raise SesError(404, "NotFoundException", f"Email address {key} does not exist on your suppression list.")
        return {}

    # --- keeping

    def snapshot(self) -> dict[str, Any]:
        return {"configuration_sets": sorted(self._configuration_sets), "suppressed": self.suppressed}

    def restore(self, state: dict[str, Any]) -> None:
        self._configuration_sets = set(state["configuration_sets"])
        self.suppressed = state["suppressed"]


def page_token(address: str) -> str:
    return base64.urlsafe_b64encode(address.encode()).decode()


def read_page_token(token: str) -> str:
    """The address after which a page begins; raises SesError."""
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except ValueError:
        raise SesError(400, "InvalidNextTokenException", "The specified NextToken is not valid.") from None
