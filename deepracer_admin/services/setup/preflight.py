"""The pre-flight on the Set up page: what it found, what changed since the last time, and a page to sign off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Finding, Job, read_mailbox
from deepracer_admin.records.connect_check import CHECK, Checked
from deepracer_admin.rules.preflight.compare import Change, changes, in_words, worst
from deepracer_admin.rules.preflight.sign_off import sign_off_page
from deepracer_admin.services.base import Service

__all__ = ["PreflightService", "PreflightView"]


@dataclass(frozen=True, slots=True)
class PreflightView:
    """The last run. `as_of` and `before_as_of`: real time, None: there was none. `worst`: "red", "amber", "green" or ""
    before the first; `words` counts the lines; `by` "" when it ran by itself. `job`: one under way."""

    findings: tuple[Finding, ...]
    as_of: datetime | None
    changes: tuple[Change, ...]
    before_as_of: datetime | None
    worst: str
    words: str
    by: str
    job: Job | None


class PreflightService(Service):
    """Nothing is called from here: the worker reads."""

    def view(self, actor: Actor) -> PreflightView:
        """The last run and what it compares with."""
        self._authorise(actor, "setup.view")
        event = self._event()
        checked = self.store.read(event.id, CHECK)
        return PreflightView(
            checked.findings,
            checked.as_of,
            changes(checked.before, checked.findings),
            checked.before_as_of,
            worst(checked.findings),
            in_words(checked.findings),
            checked.by,
            next(iter(self.store.jobs(event.id, live=True, kind="check")), None),
        )

    def run(self, actor: Actor) -> Job:
        """Ask the worker to read everything now."""
        self._authorise(actor, "setup.check")
        return self._plan_check(actor)

    def send_canary(self, actor: Actor, address: str) -> Job:
        """Let a fresh address go the whole way in and out again; the one under way with it when there is. Raises
        BadInput, Conflict while another address is at it."""
        self._authorise(actor, "setup.canary")
        event = self._event()
        if self._racing_kind(event) != "on_aws":
            raise BadInput("The managed service lets people in by the directory's cycle: add somebody to the group.")
        try:
            mailbox = read_mailbox(address)
        except BadInput as wrong:
            raise BadInput(f"Canary: {wrong.sentence}") from None
        plan = {"address": mailbox.address}
        busy = "Another canary is under way, with another address: wait until it is out again."
        return self._plan_or_join(actor, "setup.canary", "canary", plan=plan, busy=busy)

    def page(self, actor: Actor) -> bytes:
        """The last run as one self-contained page for whoever signs off. Raises Missing before the first run."""
        self._authorise(actor, "setup.view")
        event = self._event()
        checked: Checked = self.store.read(event.id, CHECK)
        return sign_off_page(event, checked.findings, checked.as_of, checked.before, checked.before_as_of, checked.by)
