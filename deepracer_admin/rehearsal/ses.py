"""The practice SES v2: accepts mail within its quota, keeps it in the outbox, and tells what became of it
(identity-and-mail.md 4.1). Nothing leaves the machine."""

from __future__ import annotations

import email.message
import heapq
import json
import random
import re
import uuid
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal import ses_mail
from deepracer_admin.rehearsal.buckets import Bucket
from deepracer_admin.rehearsal.journal import Journal
from deepracer_admin.rehearsal.people import STAFF
from deepracer_admin.rehearsal.ses_mail import Mail, Wrong
from deepracer_admin.rehearsal.sigv4 import Credential, Refusal, verify
from deepracer_admin.rehearsal.sqs import Queue

if TYPE_CHECKING:
    from deepracer_admin.rehearsal.world import World

ACCOUNT_ID = "111122223333"
"""The practice company's AWS account (a number that AWS reserves for examples)."""
QUEUE = "deepracer-mail-events"
CONFIGURATION_SET = "deepracer-mail"
SENDER = "deepracer@example.com"
MAX_24_H, MAX_RATE = 50_000.0, 14.0
SANDBOX_24_H, SANDBOX_RATE = 200.0, 1.0
MOST_RECIPIENTS, MOST_ENTRIES = 50, 50
DAY = timedelta(hours=24)
PREFIX = "/ses/v2/email"
HIDDEN = ("from", "headers", "configuration_set", "operation", "outcome", "failure", "template")
"""What an entry of the outbox keeps for the events and `/control/outbox` does not show."""


class SesError(Exception):
    def __init__(self, status: int, kind: str, message: str) -> None:
        super().__init__(message)
        self.status, self.kind, self.message = status, kind, message


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: re.Pattern[str]
    handler: Callable[..., dict[str, Any]]


class Outbox:
    """Every accepted mail, one entry for each recipient."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal

    def after(self, number: int, limit: int) -> list[dict[str, Any]]:
        """Mails that could be rendered, after this number."""
        found: list[dict[str, Any]] = []
        for entry in self.journal.read(number):
            if len(found) == limit:
                break
            if entry["failure"] is None:
                found.append({name: value for name, value in entry.items() if name not in HIDDEN})
        return found


class Ses:
    """Own faults, each a state while armed: `sandbox`, `quota` (params.max_24h, params.rate), `paused`, `suspended`.

    Requests are paced in real time; the quota of a day and the events after a mail follow practice time. Addresses that
    begin with ``bounce.`` bounce, with ``complaint.`` complain.
    """

    name = "ses"

    def __init__(self, world: World) -> None:
        self._world = world
        self._random = random.Random(f"ses-{world.seed}")
        self.outbox = Outbox(Journal(world.home / "practice-outbox.jsonl"))
        self.events = Journal(world.home / "practice-mail-events.jsonl")
        self.queue = Queue(QUEUE, ACCOUNT_ID, self.events, self._credential)
        self._identities = {SENDER, *(person.mail for person in STAFF.values() if person.mail)}
        self._configuration_sets = {CONFIGURATION_SET}
        self._suppressed: dict[str, list[str]] = {}
        self._templates: dict[str, dict[str, str]] = {}
        self._due: list[tuple[str, int, str]] = []
        self._scheduled = 0
        self._sent: Counter[tuple[str, str]] = Counter()
        self._sent_at: deque[datetime] = deque()
        self._rate = MAX_RATE
        self._bucket = Bucket(MAX_RATE, MAX_RATE)
        for entry in self.outbox.journal.read():
            self._count(entry)
        word = r"(?P<key>[^/]+)"
        table: list[tuple[str, str, str, Callable[..., dict[str, Any]]]] = [
            ("GetAccount", "GET", "/account", self.get_account),
            ("SendEmail", "POST", "/outbound-emails", self.send_email),
            ("SendBulkEmail", "POST", "/outbound-bulk-emails", self.send_bulk_email),
            ("GetEmailIdentity", "GET", f"/identities/{word}", self.get_identity),
            ("GetSuppressedDestination", "GET", f"/suppression/addresses/{word}", self.get_suppressed),
            ("DeleteSuppressedDestination", "DELETE", f"/suppression/addresses/{word}", self.delete_suppressed),
            ("PutSuppressedDestination", "PUT", "/suppression/addresses", self.put_suppressed),
            ("CreateConfigurationSet", "POST", "/configuration-sets", self.create_configuration_set),
            ("GetConfigurationSet", "GET", f"/configuration-sets/{word}", self.get_configuration_set),
            ("CreateEmailTemplate", "POST", "/templates", self.create_template),
            ("TestRenderEmailTemplate", "POST", f"/templates/{word}/render", self.test_render),
        ]
        self._operations = [Operation(name, method, re.compile(path), handler) for name, method, path, handler in table]

    def routes(self) -> list[Route]:
        methods = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route(f"{PREFIX}/{{path:path}}", self.handle, methods=methods),
            Route("/sqs", self.queue.handle, methods=["POST"], name="Queue"),
            Route("/sqs/{path:path}", self.queue.handle, methods=["POST"], name="Queue"),
        ]

    def operation(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        found = self._find(method, path.removeprefix(PREFIX))
        return found[0].name if found else None

    def _find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        for operation in self._operations:
            match = operation.path.fullmatch(path)
            if match is not None and operation.method == method:
                return operation, match.groupdict()
        return None

    def fault_response(self, name: str, operation: str) -> Response:
        if name == "throttle":
            return answer_error(SesError(429, "TooManyRequestsException", "Maximum sending rate exceeded."))
        return answer_error(SesError(500, "InternalFailure", "Service unavailable. Please try again."))

    async def handle(self, request: Request) -> Response:
        raw = await request.body()
        try:
            verify(request, raw, "ses", self._credential, region="us-east-1", now=self._world.clock.real())
            found = self._find(request.method, request.url.path.removeprefix(PREFIX))
            if found is None:
                raise SesError(404, "UnknownOperationException", "The practice SES does not know this operation.")
            operation, key = found
            try:
                body = json.loads(raw) if raw else {}
            except ValueError:
                raise SesError(400, "SerializationException", "The body is not JSON.") from None
            answer = operation.handler(body, **{name: unquote(value) for name, value in key.items()})
        except Refusal as refusal:
            return answer_error(SesError(403, refusal.error_type, refusal.message))
        except Wrong as wrong:
            return answer_error(SesError(400, "BadRequestException", str(wrong)))
        except SesError as error:
            return answer_error(error)
        return JSONResponse(answer, headers={"x-amzn-RequestId": str(uuid.uuid4())})

    def _credential(self, access_key_id: str) -> Credential | None:
        own = self._world.secrets
        if access_key_id != own["access_key_id"]:
            return None
        return Credential(access_key_id, own["secret_access_key"], principal="root")

    # --- account

    def _state(self, name: str) -> Mapping[str, Any] | None:
        fault = self._world.faults.armed(self.name, name)
        return None if fault is None else fault.params

    def _limits(self) -> tuple[float, float]:
        """(mails in 24 hours, mails in a second) in force."""
        if self._state("sandbox") is not None:
            return SANDBOX_24_H, SANDBOX_RATE
        quota = self._state("quota") or {}
        return float(quota.get("max_24h", MAX_24_H)), float(quota.get("rate", MAX_RATE))

    def _sent_last_24_h(self) -> int:
        since = self._world.clock.now() - DAY
        while self._sent_at and self._sent_at[0] <= since:
            self._sent_at.popleft()
        return len(self._sent_at)

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
            "VerifiedForSendingStatus": True,
            "VerificationStatus": "SUCCESS",
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
        self._check_configuration_set(key)
        return {"ConfigurationSetName": key, "SendingOptions": {"SendingEnabled": True}}

    def _check_configuration_set(self, name: str | None) -> None:
        if name is not None and name not in self._configuration_sets:
            raise SesError(404, "NotFoundException", f"Configuration set <{name}> does not exist.")

    # --- suppression list

    def get_suppressed(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if key.lower() not in self._suppressed:
            raise SesError(404, "NotFoundException", f"Email address {key} does not exist on your suppression list.")
        reason, at = self._suppressed[key.lower()]
        updated = datetime.fromisoformat(at).timestamp()
        return {"SuppressedDestination": {"EmailAddress": key.lower(), "Reason": reason, "LastUpdateTime": updated}}

    def put_suppressed(self, body: dict[str, Any]) -> dict[str, Any]:
        if body.get("Reason") not in ("BOUNCE", "COMPLAINT"):
            raise Wrong("Reason must be BOUNCE or COMPLAINT.")
        self._suppressed[ses_mail.bare(body.get("EmailAddress", ""))] = [body["Reason"], self._now()]
        return {}

    def delete_suppressed(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        if self._suppressed.pop(key.lower(), None) is None:
            raise SesError(404, "NotFoundException", f"Email address {key} does not exist on your suppression list.")
        return {}

    # --- templates

    def create_template(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body.get("TemplateName", "")
        if name in self._templates:
            raise SesError(400, "AlreadyExistsException", f"Template {name} already exists.")
        self._templates[name] = dict(body.get("TemplateContent") or {})
        return {}

    def _stored(self, name: str) -> dict[str, str]:
        if name not in self._templates:
            raise SesError(404, "NotFoundException", f"Template {name} does not exist.")
        return self._templates[name]

    def test_render(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        values = ses_mail.template_data(body.get("TemplateData"))
        mail = ses_mail.from_template(SENDER, key, self._stored(key), values)
        if mail.failure is not None:
            raise Wrong(mail.failure)
        message = email.message.EmailMessage()
        message["Subject"] = mail.subject or ""
        message.set_content(mail.text or "")
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
        return {"RenderedTemplate": message.as_string()}

    # --- sending

    def send_email(self, body: dict[str, Any]) -> dict[str, Any]:
        content = body.get("Content") or {}
        kinds = [kind for kind in ("Simple", "Raw", "Template") if content.get(kind) is not None]
        if len(kinds) != 1:
            raise Wrong("Exactly one of Simple, Raw and Template content is required.")
        tags = ses_mail.checked_tags(body.get("EmailTags"))
        recipients = destinations(body.get("Destination"))
        sender = body.get("FromEmailAddress")
        if kinds == ["Raw"]:
            mail, named, header_tags = ses_mail.from_raw(sender, content["Raw"])
            recipients, tags = recipients or named, header_tags | tags
        elif not sender:
            raise Wrong("Missing required parameter: FromEmailAddress.")
        elif kinds == ["Simple"]:
            mail = ses_mail.from_simple(sender, content["Simple"])
        else:
            mail = self._from_template(sender, content["Template"], {})
        addresses = [ses_mail.bare(address) for address in recipients]
        if not 1 <= len(addresses) <= MOST_RECIPIENTS:
            raise Wrong(f"Recipient count must be between 1 and {MOST_RECIPIENTS}.")
        name = body.get("ConfigurationSetName") or mail.headers.get("X-SES-CONFIGURATION-SET")
        self._check_account(mail.sender)
        self._check_recipients(addresses)
        self._check_configuration_set(name)
        self._take(len(addresses))
        return {"MessageId": self._accept(mail, addresses, tags, name, "SendEmail")}

    def _from_template(self, sender: str, template: dict[str, Any], replaced: dict[str, Any]) -> Mail:
        values = ses_mail.template_data(template.get("TemplateData")) | replaced
        name = template.get("TemplateName")
        parts = template.get("TemplateContent") or self._stored(name or "")
        return ses_mail.from_template(sender, name, parts, values)

    def send_bulk_email(self, body: dict[str, Any]) -> dict[str, Any]:
        """One result for each entry, in order."""
        entries = body.get("BulkEmailEntries") or []
        if not 1 <= len(entries) <= MOST_ENTRIES:
            raise Wrong(f"The number of bulk email entries must be between 1 and {MOST_ENTRIES}.")
        sender, template = body.get("FromEmailAddress"), (body.get("DefaultContent") or {}).get("Template")
        if not sender or not template:
            raise Wrong("FromEmailAddress and a default template are required.")
        self._check_account(sender)
        tags = ses_mail.checked_tags(body.get("DefaultEmailTags"))
        return {"BulkEmailEntryResults": [self._send_entry(body, template, tags, entry) for entry in entries]}

    def _send_entry(
        self, body: dict[str, Any], template: dict[str, Any], tags: dict[str, str], entry: dict[str, Any]
    ) -> dict[str, Any]:
        replacement = ((entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate")) or {}
        name = body.get("ConfigurationSetName")
        status = "INVALID_PARAMETER"
        try:
            replaced = ses_mail.template_data(replacement.get("ReplacementTemplateData"))
            own_tags = tags | ses_mail.checked_tags(entry.get("ReplacementTags"))
            addresses = [ses_mail.bare(address) for address in destinations(entry.get("Destination"))]
            if not 1 <= len(addresses) <= MOST_RECIPIENTS:
                raise Wrong(f"Recipient count must be between 1 and {MOST_RECIPIENTS}.")
            status = "CONFIGURATION_SET_NOT_FOUND"
            self._check_configuration_set(name)
            status = "TEMPLATE_NOT_FOUND"
            mail = self._from_template(body["FromEmailAddress"], template, replaced)
            status = "MESSAGE_REJECTED"
            self._check_recipients(addresses)
            status = "ACCOUNT_THROTTLED"
            self._take(len(addresses))
        except Wrong as wrong:
            return {"Status": "INVALID_PARAMETER", "Error": str(wrong)}
        except SesError as error:
            status = "ACCOUNT_DAILY_QUOTA_EXCEEDED" if error.kind == "LimitExceededException" else status
            return {"Status": status, "Error": error.message}
        return {"Status": "SUCCESS", "MessageId": self._accept(mail, addresses, own_tags, name, "SendBulkEmail")}

    def _check_account(self, sender: str) -> None:
        if self._state("suspended") is not None:
            raise SesError(400, "AccountSuspendedException", "Your account's ability to send email is suspended.")
        if self._state("paused") is not None:
            raise SesError(400, "SendingPausedException", "Email sending is disabled for your account.")
        self._check_verified([ses_mail.bare(sender)])

    def _check_recipients(self, addresses: list[str]) -> None:
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

    def _take(self, recipients: int) -> None:
        """Take from the quota of the day (practice time) and from the rate (real time)."""
        most, rate = self._limits()
        if rate != self._rate:
            self._rate, self._bucket = rate, Bucket(max(1.0, rate), rate)
        if 0 <= most < self._sent_last_24_h() + recipients:
            raise SesError(400, "LimitExceededException", "Daily message quota exceeded.")
        if self._bucket.wait_s(min(recipients, self._bucket.capacity)) > 0:
            raise SesError(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
        self._bucket.take(recipients)

    def _accept(self, mail: Mail, addresses: list[str], tags: dict[str, str], name: str | None, operation: str) -> str:
        message_id = f"0100{uuid.UUID(int=self._random.getrandbits(128), version=4)}-000000"
        for address in addresses:
            entry = {
                "message_id": message_id,
                "to": address,
                "subject": mail.subject,
                "text": mail.text,
                "html": mail.html,
                "at": self._now(),
                "tags": tags,
                "from": mail.sender,
                "headers": mail.headers,
                "configuration_set": name,
                "operation": operation,
                "outcome": self._outcome(mail, address),
                "template": mail.template,
                "failure": mail.failure,
            }
            self.outbox.journal.append(entry)
            self._count(entry)
        self._schedule_new()
        self._world.counters.writes[self.name] += 1
        return message_id

    def _outcome(self, mail: Mail, address: str) -> str:
        if mail.failure is not None:
            return "Rendering Failure"
        if address in self._suppressed:
            return "Suppressed"
        return {"bounce": "Bounce", "complaint": "Complaint"}.get(re.split(r"[.@]", address)[0], "Delivery")

    def _count(self, entry: dict[str, Any]) -> None:
        self._sent[(entry["to"], entry["tags"].get("template", ""))] += 1
        self._sent_at.append(datetime.fromisoformat(entry["at"]))

    def _now(self) -> str:
        return self._world.clock.now().isoformat(timespec="milliseconds")

    # --- what becomes of a mail

    def _schedule_new(self) -> None:
        """Plan the events of mails that have none yet: also after a restart that lost the plan."""
        for entry in self.outbox.journal.read(self._scheduled):
            sent = datetime.fromisoformat(entry["at"])
            self._plan(sent, entry["seq"], "Send")
            later = sent + timedelta(seconds=self._random.uniform(1, 20))
            if entry["outcome"] == "Complaint":
                self._plan(later, entry["seq"], "Delivery")
                later += timedelta(minutes=5)
            self._plan(later, entry["seq"], entry["outcome"])
        self._scheduled = len(self.outbox.journal)

    def _plan(self, due: datetime, number: int, kind: str) -> None:
        heapq.heappush(self._due, (due.isoformat(), number, kind))

    def tick(self, now: datetime) -> None:
        limit = now.isoformat()
        while self._due and self._due[0][0] <= limit:
            at, number, kind = heapq.heappop(self._due)
            self._publish(self.outbox.journal.entry(number), kind, at)
            self._world.touch()

    def _publish(self, entry: dict[str, Any], kind: str, at: str) -> None:
        details = {"sub_type": "General", "diagnostic": "smtp; 550 5.1.1 user unknown"}
        if kind == "Suppressed":
            kind = "Bounce"
            details = {"sub_type": "OnAccountSuppressionList", "diagnostic": "Amazon SES did not send the message."}
        elif kind in ("Bounce", "Complaint"):
            self._suppressed[entry["to"]] = [kind.upper(), at]
        number = self.events.append(ses_mail.event(kind, entry, at, ACCOUNT_ID, details))
        if entry["configuration_set"]:
            self.queue.put(number)

    # --- keeping

    def snapshot(self) -> dict[str, Any]:
        return {
            "configuration_sets": sorted(self._configuration_sets),
            "suppressed": self._suppressed,
            "templates": self._templates,
            "due": self._due,
            "scheduled": self._scheduled,
            "events": len(self.events),
            "queue": self.queue.snapshot(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self._configuration_sets = set(state["configuration_sets"])
        self._suppressed, self._templates = state["suppressed"], state["templates"]
        self._due = [(at, number, kind) for at, number, kind in state["due"]]
        self._scheduled = min(state["scheduled"], len(self.outbox.journal))
        self.queue.restore(state["queue"])
        told = set()
        for entry in self.events.read(state["events"]):  # published after the world was last saved
            told.add((entry["mail"]["messageId"], entry["mail"]["destination"][0], entry["eventType"]))
            if "ses:configuration-set" in entry["mail"]["tags"]:
                self.queue.put(entry["seq"])
        self._schedule_new()
        self._due = [due for due in self._due if not told or self._key(due) not in told]
        heapq.heapify(self._due)

    def _key(self, due: tuple[str, int, str]) -> tuple[str, str, str]:
        entry = self.outbox.journal.entry(due[1])
        return entry["message_id"], entry["to"], "Bounce" if due[2] == "Suppressed" else due[2]

    def truth(self) -> dict[str, Any]:
        sent = sum(self._sent.values())
        return {"mails_sent": sent, "mails_duplicate": sent - len(self._sent)}


def destinations(destination: Any) -> list[str]:
    found = destination or {}
    return [address for name in ("ToAddresses", "CcAddresses", "BccAddresses") for address in found.get(name) or ()]


def answer_error(error: SesError) -> Response:
    headers = {"x-amzn-ErrorType": error.kind, "x-amzn-RequestId": str(uuid.uuid4())}
    return JSONResponse({"message": error.message}, error.status, headers)
