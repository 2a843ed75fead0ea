"""What flows reach the outside with: lazily connected adapters, given by compose.py.

Connecting may fail (a service is down, a setting is missing); the error is a ConsoleError with a sentence and the flow
simply tries again in a later pass.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from deepracer_admin.clock import Clock
from deepracer_admin.directory import Directory
from deepracer_admin.directory.pool import UserPool
from deepracer_admin.directory.proof import AccessProof
from deepracer_admin.flows.engine.pacing import Pacer
from deepracer_admin.flows.engine.readiness import Readiness
from deepracer_admin.flows.letters import Letters
from deepracer_admin.mail import Chat, Mailer
from deepracer_admin.racing import RacingService
from deepracer_admin.racing.bill import ReadsBill
from deepracer_admin.racing.price_list import ReadsPrices
from deepracer_admin.racing.service_quotas import ReadsInstanceQuotas
from deepracer_admin.records.guest_book import GuestBook
from deepracer_admin.store import EventStore, History
from deepracer_admin.vault import Vault

__all__ = ["Ports"]


@dataclass(frozen=True, slots=True)
class Ports:
    """Everything the flows of one event work with. `directory(oid)` acts for that person (delegated), or as the app.

    `racing` connects to the racing service of that event, whichever event screens show (compose.py, `ports_of`).
    """

    store: EventStore
    history: History
    clock: Clock
    pacer: Pacer
    letters: Letters
    racing: Callable[[], RacingService]
    directory: Callable[[str], Directory]
    mailer: Callable[[], Mailer]
    home: Path
    rehearsal: bool
    vault: Vault  # seals what an erasure under way looks for
    staff: Callable[[], frozenset[str]] = frozenset  # lower-case addresses of the console's own logins
    proof: Callable[[], AccessProof] | None = None  # IAM Identity Center, for the managed service
    pool: Callable[[], UserPool] | None = None  # None: no credentials on the user pool
    slot_quotas: Callable[[], ReadsInstanceQuotas] | None = None  # None: no credentials on the account
    price_lists: Callable[[], ReadsPrices] | None = None  # likewise
    bills: Callable[[], ReadsBill] | None = None  # likewise
    cost_tag: str = ""  # what the bill is narrowed to
    drop_delegation: Callable[[str], bool] = bool  # the worker acts no longer for this person (object id)
    has_delegation: Callable[[str], bool] = lambda _: False  # may it act for them?
    keep_certificate: Callable[[str], None] = lambda _: None  # of this event, which is closed now, without people
    racing_default: str = "on_aws"  # the racing service of events that name none (settings)
    public_base: Callable[[str], str] = str  # an event's own public address -> that of /register; "" = it is off
    readiness: Readiness | None = None  # what a pre-flight asks beside all this
    chat: Callable[[], Chat] | None = None  # a team's chat that alarms are told to; None: none is set
    console_url: str = "http://localhost:8501"  # as links to the console begin
    cognito_by_ses: bool = False  # do the settings say that Cognito mails through SES (no 50 a day)

    @property
    def staff_emails(self) -> frozenset[str]:
        """Addresses that are never onboarded, limited or deleted."""
        return self.staff()

    @property
    def guests(self) -> GuestBook:
        """The event's guests; the letters alone open their links."""
        return self.letters.guests
