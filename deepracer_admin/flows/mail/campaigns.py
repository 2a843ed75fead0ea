"""The mail reconciler: from "should get this mail" to "the sender accepted it", at most once.

Ledger key event + attendee + template + version (identity-and-mail.md 4.4). What if it dies here?

* before the claim: the row is PENDING, another pass takes it;
* between claim and record: the row stays CLAIMED under an old epoch and becomes UNKNOWN, which is shown and never sent
  again by itself; delivery events settle it when they arrive;
* a lost answer: UNKNOWN at once, for the same reason;
* between ledger and step: the mail step is copied from the ledger now and then, so it catches up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from deepracer_admin.errors import BadInput, Throttled, Unavailable, Unreachable
from deepracer_admin.flows.access.first_password import CODE as NO_PASSWORD
from deepracer_admin.flows.engine.jobs import settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.mail.sender import Sender
from deepracer_admin.model import (
    Delivery,
    Event,
    Job,
    JobItem,
    Lease,
    Message,
    Outcome,
    Sending,
    State,
    Step,
)
from deepracer_admin.records.onboarding import ONBOARDING, Run

__all__ = ["ACCESS_CAMPAIGN", "CampaignReconciler", "MailTestHandler", "ensure_access_campaign"]

ACCESS_CAMPAIGN = "access"
RESEND = "resend"
PLAN_EVERY_S = 0.5  # at least
SHARE = 19  # what reads a whole list takes at most a twentieth of the time, so that cost grows with the people
LONGEST_REST_S = 5.0  # but one slow look (a busy machine, a first call) never keeps anybody's mail back for long
MIRROR_EVERY_S, MIRROR_REST_S = 5.0, 20.0


def ensure_access_campaign(ports: Ports, event: Event, lease: Lease) -> None:
    """The campaign that follows onboarding by itself: everybody whose access is proven, once."""
    rows: dict[str, Any] = dict(ports.store.get(event.id, "campaigns") or {})
    if ACCESS_CAMPAIGN in rows:
        return
    rows[ACCESS_CAMPAIGN] = {
        "template": "access",
        "version": 1,
        "audience": {"kind": "proven", "cohort": ""},
        "state": "running",
        "by": "",
        "by_name": "Onboarding",
        "created_at": ports.clock.now().isoformat(),
        "schedule_at": None,
        "sentence": "",
    }
    ports.store.put(event.id, "campaigns", rows, lease=lease)


class _Pace:
    """Says when something expensive is worth doing again: something changed, and it takes little of the time."""

    def __init__(self, ports: Ports, every_s: float, longest_s: float) -> None:
        self._ports, self._every_s, self._longest_s = ports, every_s, longest_s
        self._next: dict[str, tuple[float, int]] = {}

    def is_due(self, event: Event, what: str) -> bool:
        at, revision = self._next.get(what, (0.0, -1))
        return self._ports.clock.monotonic() >= at and self._ports.store.revision(event.id) != revision

    def done(self, what: str, took_s: float, revision: int) -> None:
        """`took_s`: how long the reading took."""
        rest = min(SHARE * took_s, self._longest_s)
        self._next[what] = (self._ports.clock.monotonic() + max(self._every_s, rest), revision)


class CampaignReconciler:
    """Sends what is due, within the sender's limits, in slices of about two seconds."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self.sender = Sender(ports, self._record)
        self._planning = _Pace(ports, PLAN_EVERY_S, LONGEST_REST_S)
        self._mirroring = _Pace(ports, MIRROR_EVERY_S, MIRROR_REST_S)
        self._planned: dict[tuple[str, str], set[str]] = {}
        self._epoch = -1

    def close(self) -> None:
        self.sender.close()

    def run(self, event: Event, lease: Lease) -> int:
        """One slice of each campaign; returns how many mails were handed over."""
        store, clock = self.ports.store, self.ports.clock
        if lease.epoch != self._epoch:
            self._planned.clear()
            self._epoch = lease.epoch
        store.expire_claims(event.id, lease=lease, now=clock.now())
        self._mirror(event, lease)
        sent = self.sender.run(event, RESEND, lease, go_on=lambda: True).sent
        for key, row in self._rows(event).items():
            if row["state"] == "scheduled" and self._is_due(row):
                self._change(event, key, lease, ("scheduled",), state="running")
            elif row["state"] != "running":
                continue
            if self._may_go_on(event, key):
                sent += self._campaign(event, key, {**row, "state": "running"}, lease)
        return sent

    def _rows(self, event: Event) -> dict[str, dict[str, Any]]:
        return dict(self.ports.store.get(event.id, "campaigns") or {})

    def _is_due(self, row: Mapping[str, Any]) -> bool:
        return datetime.fromisoformat(row["schedule_at"]) <= self.ports.clock.event_now()

    def _may_go_on(self, event: Event, key: str) -> bool:
        """Asked before every batch, so that a pause is heard at once."""
        if key == ACCESS_CAMPAIGN and self.ports.store.read(event.id, ONBOARDING).state is not Run.RUNNING:
            return False
        return self._rows(event).get(key, {}).get("state") == "running"

    def _campaign(self, event: Event, key: str, row: Mapping[str, Any], lease: Lease) -> int:
        """Plan ledger rows for the audience as it is now, then send a slice; close the campaign when all is settled."""
        if self._planning.is_due(event, key) and not self._plan(event, key, row, lease):
            return 0
        result = self.sender.run(event, key, lease, go_on=lambda: self._may_go_on(event, key))
        if result.stop:
            self._change(event, key, lease, ("running",), state="stopped", sentence=result.stop)
            return result.sent
        if self._rows(event).get(key, {}).get("sentence", "") != result.note:
            self._change(event, key, lease, ("running",), sentence=result.note)
        if key != ACCESS_CAMPAIGN and not result.note and not self._is_anything_left(event, key):
            self._change(event, key, lease, ("running",), state="done", sentence="")
        return result.sent

    def _is_anything_left(self, event: Event, key: str) -> bool:
        store = self.ports.store
        counts = store.delivery_counts(event.id, key)
        if counts.get(Sending.PENDING, 0) + counts.get(Sending.CLAIMED, 0):
            return True
        failed = store.deliveries(event.id, campaign=key, state=Sending.FAILED) if counts.get(Sending.FAILED) else []
        return any(entry.next_try_at for entry in failed)

    def _plan(self, event: Event, key: str, row: Mapping[str, Any], lease: Lease) -> bool:
        """Ledger rows for whom the audience has gained; every mail is rendered before the first is sent."""
        store, letters = self.ports.store, self.ports.letters
        began, revision = self.ports.clock.monotonic(), store.revision(event.id)
        mine = (event.id, key)
        if mine not in self._planned:
            self._planned[mine] = {entry.attendee for entry in store.deliveries(event.id, campaign=key)}
        people = letters.audience(event, row["audience"]["kind"], row["audience"]["cohort"])
        fresh = [person for person in people if person.id not in self._planned[mine]]
        took = self.ports.clock.monotonic() - began
        template = letters.template(event, row["template"], event.language)
        waiting = letters.awaiting(event, template) if fresh else set()
        fresh = [person for person in fresh if person.id not in waiting]
        if fresh:
            try:
                letters.check_everyone(event, template, fresh)
            except BadInput as error:
                self._change(event, key, lease, ("running",), state="stopped", sentence=error.sentence)
                return False
            self._skip_suppressed(event, key, row, [(person.id, person.email) for person in fresh], lease)
            planned = [(person.id, row["template"], row["version"]) for person in fresh]
            store.plan_deliveries(event.id, planned, campaign=key, lease=lease)
            self._planned[mine] |= {person.id for person in fresh}
        self._planning.done(key, took, revision)
        return True

    def _skip_suppressed(
        self, event: Event, key: str, row: Mapping[str, Any], people: Sequence[tuple[str, str]], lease: Lease
    ) -> None:
        """People the sender would not deliver to are skipped with its reason, before anything is queued for them."""
        reasons = self.ports.mailer().suppressed([email for _, email in people])
        skipped = [(person, reasons[email]) for person, email in people if email in reasons]
        if not skipped:
            return
        template, version = row["template"], row["version"]
        self.ports.store.plan_deliveries(
            event.id, [(person, template, version) for person, _ in skipped], campaign=key, lease=lease
        )
        settled = [
            Delivery(person, template, version, Sending.SKIPPED, code="suppressed", sentence=why, campaign=key)
            for person, why in skipped
        ]
        self.ports.store.settle_deliveries(event.id, settled, lease=lease, now=self.ports.clock.now())
        self._record(event, settled, lease)

    def _change(self, event: Event, key: str, lease: Lease, expect: Sequence[str], **values: Any) -> None:
        """Change a campaign unless an organizer did something else to it meanwhile."""
        rows = self._rows(event)
        if rows.get(key, {}).get("state") in expect:
            rows[key] = {**rows[key], **values}
            self.ports.store.put(event.id, "campaigns", rows, lease=lease)

    # ---------------------------------------------------------------------------------- steps, delivery events

    def _record(self, event: Event, rows: Sequence[Delivery], lease: Lease) -> None:
        told = [outcome for row in rows if (outcome := _outcome(row)) is not None]
        self.ports.store.record(event.id, told, lease=lease, now=self.ports.clock.now())

    def _mirror(self, event: Event, lease: Lease) -> None:
        """Copy the ledger into the mail step where they differ: after a crash, delivery events, or a human's word."""
        if not self._mirroring.is_due(event, "steps"):
            return
        store = self.ports.store
        began, revision = self.ports.clock.monotonic(), store.revision(event.id)
        newest: dict[str, Outcome] = {}
        for row in store.deliveries(event.id):
            outcome = _outcome(row)
            if outcome is not None:
                newest[row.attendee] = outcome
        steps = {row.attendee: row for row in store.steps(event.id, step=Step.MAIL)}
        told = [
            outcome
            for person, outcome in newest.items()
            if person not in steps or (steps[person].state, steps[person].reason) != (outcome.state, outcome.reason)
        ]
        if told:
            store.record(event.id, told, lease=lease, now=self.ports.clock.now())
        self._mirroring.done("steps", self.ports.clock.monotonic() - began, revision)

    def take_events(self, event: Event, lease: Lease) -> int:
        """Delivery events land on the person; one that proves acceptance settles an unknown mail."""
        mailer = self.ports.mailer()
        events = list(mailer.events())
        if not events:
            return 0
        self.ports.store.put(event.id, "events_taken_at", self.ports.clock.now().isoformat(), lease=lease)  # a fence
        changed = self.ports.store.apply_delivery_events(event.id, events, now=self.ports.clock.now())
        mailer.settle_events()
        return changed


def _outcome(row: Delivery) -> Outcome | None:
    """The mail step of a person; only the access mail is a step, other campaigns are not."""
    if row.template != "access":
        return None
    if row.state is Sending.SENT:
        if row.delivered in ("bounced", "complained"):
            return Outcome(row.attendee, Step.MAIL, State.REFUSED, row.delivered, _BOUNCED, ref=row.message_id)
        return Outcome(row.attendee, Step.MAIL, State.DONE, ref=row.message_id)
    if row.state is Sending.UNKNOWN:
        return Outcome(row.attendee, Step.MAIL, State.UNKNOWN, row.code, _LOST)
    if row.state is Sending.SKIPPED:
        return Outcome(row.attendee, Step.MAIL, State.REFUSED, row.code, row.sentence)
    if row.state is Sending.FAILED:
        state = State.RETRY if row.next_try_at else State.REFUSED
        return Outcome(row.attendee, Step.MAIL, state, row.code, row.sentence)
    if row.state is Sending.PENDING and row.code == NO_PASSWORD and row.campaign == ACCESS_CAMPAIGN:
        return Outcome(row.attendee, Step.MAIL, State.WAITING, row.code, row.sentence)
    return None


_LOST = "The sender's answer was lost: the mail may have gone out. It is not repeated; delivery events settle it."
_BOUNCED = "The mail came back; correct the address on the Attendees page and resend."


class MailTestHandler:
    """Job `mail.test`: one mail to the organizer's own address; sent at most once (the item is settled first)."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        if any(item.state is State.DONE for item in ports.store.job_items(job.id)):
            return "The test mail was handed over, or its answer was lost; look into your inbox."
        template = ports.letters.template(event, str(job.plan["template"]), event.language)
        people = ports.store.attendees(event.id, wanted=True)
        if not people:
            raise BadInput("Nobody is on the list yet; a test needs a person to write about.")
        mail = ports.letters.render(event, template, people[0])
        settle_items(ports, job, [JobItem(job.id, "test", State.DONE)], lease)
        key = f"{event.id}#test#{job.id}#1"
        message = Message(
            key=key,
            sender=event.sender or ports.letters.sender,
            to=str(job.plan["address"]),
            subject=f"[TEST] {mail.subject}",
            text=mail.text,
            html=mail.html,
            tags={"key": key, "template": f"test.{job.id}"},
        )
        try:
            receipt = ports.mailer().send(message)
        except (Throttled, Unreachable, Unavailable):
            settle_items(ports, job, [JobItem(job.id, "test", State.TODO)], lease)  # nothing was sent: tried again
            raise
        return f"The test mail was accepted by the sender ({receipt.message_id})."
