"""What a function works with: the console of its event, the portal's items, a way to say that mail is to go.

Built once a container, from the environment that the template gives; the console itself is the one that runs on a
laptop, on the shared table. What a function does under the event's lease, the laptop's worker does otherwise: whoever
holds the lease works, the other finds nothing to do.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from deepracer_admin.clock import Clock
from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Sending
from deepracer_admin.model.registrations import RegistrationState
from deepracer_admin.opening import shared_table
from deepracer_admin.records.campaigns import CAMPAIGNS, CampaignState
from deepracer_admin.records.portal import ASKED, PORTAL, REGISTRATIONS
from deepracer_admin.records.restored import waits_here
from deepracer_admin.settings import PREFIX, Settings, load_settings
from deepracer_admin.store.dynamodb import SharedEventStore
from deepracer_admin.worker.event_runtime import EventRuntime
from infra.functions.items import PortalItems
from infra.functions.outlet import Outlet

__all__ = ["Place", "here", "settings_from"]

LEASE_WAIT_S = 12.0
GOING = (CampaignState.RUNNING, CampaignState.SCHEDULED)
BETWEEN_TRIES_S = 0.3


@dataclass
class Place:
    """One event, as one function sees it. `nudge` says that mail waits in the ledger."""

    console: Console
    event_id: str
    items: PortalItems
    nudge: Callable[[], None]
    name: str = "function"
    pause: Callable[[float], None] = time.sleep
    runtime: EventRuntime = field(init=False)
    outlet: Outlet = field(init=False)
    _links_at: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        event = self.console.store.event(self.event_id)
        self.runtime = EventRuntime(self.console, event, holder=self.name)
        self.outlet = Outlet(self.console.intake, self.items, self.console.clock)

    @property
    def clock(self) -> Clock:
        return self.console.clock

    def catch_up(self) -> None:
        """Take over what others changed: a container that slept has an old copy of the store. Raises StoreError."""
        store = self.console.store
        if isinstance(store, SharedEventStore):
            store.follow()

    @contextmanager
    def lease(self, wait_s: float = LEASE_WAIT_S) -> Iterator[bool]:
        """Hold the event's lease meanwhile; False: somebody else has held it all the `wait_s` real seconds."""
        lead, waited = self.runtime.lead, 0.0
        try:
            held = lead.start()
            while not held and waited < wait_s:
                self.pause(BETWEEN_TRIES_S)
                waited += BETWEEN_TRIES_S
                held = lead.beat()
            yield held
        finally:
            lead.stop()

    def rounds(
        self,
        duties: Collection[str],
        *,
        until: float,
        goes_on: Callable[[], bool],
        after_each: Callable[[], object],
    ) -> list[str]:
        """These duties round by round, at least once, until monotonic `until` or nothing goes on. Returns what failed
        in the last round."""
        while True:
            failed = self.runtime.run_once(duties)
            after_each()
            if failed or not goes_on() or self.clock.monotonic() >= until:
                return failed

    def revision(self) -> int:
        """Changes with whatever is kept of the event."""
        return self.console.store.revision(self.event_id)

    def looks_at_links(self, every_s: float) -> bool:
        """Is it so many real seconds since this container said yes?"""
        now = self.clock.monotonic()
        if now - self._links_at < every_s:
            return False
        self._links_at = now
        return True

    def waits(self) -> bool:
        """Came the event from a backup, and has nobody said yet that it goes on here?"""
        return waits_here(self.console.store, self.event_id)

    def mails_wait(self) -> int:
        """Mails that could go now."""
        if self.waits():
            return 0
        return self.console.store.delivery_counts(self.event_id)[Sending.PENDING]

    def people_wait(self) -> int:
        """Forms that nobody has taken in, and people who have confirmed and have neither place nor turn."""
        if self.waits():
            return 0
        store = self.console.store
        forms = len(store.rows(self.event_id, ASKED))
        if store.read(self.event_id, PORTAL).by_hand:
            return forms  # those who have confirmed wait for an organizer
        rows = store.rows(self.event_id, REGISTRATIONS).values()
        return forms + sum(row.state is RegistrationState.VERIFIED for row in rows)

    def nudge_if_mails_wait(self) -> None:
        if self.mails_wait():
            self.nudge()

    def nudge_if_mail_may_go(self) -> None:
        """Also where a campaign goes on: whom its audience has gained, the mail function alone finds out."""
        campaigns = self.console.store.rows(self.event_id, CAMPAIGNS).values()
        if self.mails_wait() or (any(each.state in GOING for each in campaigns) and not self.waits()):
            self.nudge()


# ------------------------------------------------------------------------------------------------------- in Lambda


def settings_from(environ: dict[str, str], secret: dict[str, str], home: Path) -> dict[str, str]:
    """The console's settings as its environment, out of the template's variables and the secret's fields."""
    given: dict[str, str] = {name: str(value) for name, value in json.loads(environ.get("SETTINGS") or "{}").items()}
    given |= {
        "mode": "live",
        "home": str(home),
        "worker": "false",
        "store": "dynamodb",
        "store_table": environ["TABLE"],
        "store_region": environ["AWS_REGION"],
        "store_follow": "0",
        "mail_from": environ["MAIL_FROM"],
        "mail_region": environ["AWS_REGION"],
        "mail_configuration_set": environ["MAIL_CONFIGURATION_SET"],
        "portal_url": environ["PORTAL_URL"],
        "entra_app_only": "true",
    }
    given |= secret
    return {f"{PREFIX}{name.upper()}": value for name, value in given.items()}


def _secret(arn: str, home: Path) -> dict[str, str]:
    """The secret's fields; a certificate (`entra_certificate_base64`) becomes a file of this container alone."""
    import base64

    import boto3

    found: dict[str, str] = json.loads(boto3.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])
    encoded = found.pop("entra_certificate_base64", "")
    if encoded:
        path = home / "console.pfx"
        path.touch(mode=0o600)
        path.write_bytes(base64.b64decode(encoded))
        found["entra_certificate"] = str(path)
    return found


def _role_profile(role: str, home: Path) -> None:
    """A profile that assumes `role`, for the reader of IAM Identity Center in the management account."""
    path = home / "aws-config"
    path.write_text(f"[profile identity]\nrole_arn = {role}\ncredential_source = Environment\n", encoding="utf-8")
    os.environ["AWS_CONFIG_FILE"] = str(path)
    os.environ[f"{PREFIX}IDENTITY_AWS_PROFILE"] = "identity"


@cache
def here() -> Place:
    """The place of this container."""
    import boto3

    home = Path(tempfile.gettempdir()) / "console"  # the one folder that Lambda lets a function write
    home.mkdir(mode=0o700, exist_ok=True)
    if os.environ.get("IDENTITY_CENTER_ROLE"):
        _role_profile(os.environ["IDENTITY_CENTER_ROLE"], home)
    os.environ.update(settings_from(dict(os.environ), _secret(os.environ["SECRET_ARN"], home), home))
    settings: Settings = load_settings()
    console = compose(settings)
    queue, event_id = os.environ.get("WORK_QUEUE", ""), os.environ["EVENT_ID"]
    sqs: Any = boto3.client("sqs") if queue else None
    return Place(
        console=console,
        event_id=event_id,
        items=PortalItems(shared_table(settings).client, settings.store_table, event_id),
        nudge=lambda: sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"event": event_id})) if sqs else None,
        name=os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "function"),
    )
