"""The mail reconciler: from "should get this mail" to "the sender accepted it", at most once.

Ledger key event + attendee + template + version (identity-and-mail.md 4.4). What if it dies here?

* before the claim: the row is PENDING, another pass takes it;
* between claim and record: the row stays CLAIMED under an old epoch and becomes UNKNOWN, which is shown and never sent
  again by itself; delivery events settle it when they arrive;
* a lost answer: UNKNOWN at once, for the same reason.

A claim is never larger than what may be in flight, so a kill leaves at most that many unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.errors import (
    AccessDenied,
    BadInput,
    ConsoleError,
    CredentialsExpired,
    LostAnswer,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.flows.jobs import settle_items
from deepracer_admin.flows.letters import mail_key
from deepracer_admin.flows.ports import Ports
from deepracer_admin.mail import Mailer
from deepracer_admin.model import (
    UNLIMITED,
    Delivery,
    Event,
    Job,
    JobItem,
    Lease,
    Limit,
    Message,
    Outcome,
    SenderLimits,
    Sending,
    State,
    Step,
)

__all__ = ["ACCESS_CAMPAIGN", "CampaignReconciler", "MailTestHandler", "ensure_access_campaign"]

ACCESS_CAMPAIGN = "access"
SHARE_OF_RATE = 0.8
LIMITS_AGE = timedelta(seconds=15)
SLICE_S = 2.0
TRIES = 5


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


class CampaignReconciler:
    """Sends what is due, within the sender's limits, in slices of about two seconds."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._limits: SenderLimits | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._sent_since = 0

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown(wait=True)

    def run(self, event: Event, lease: Lease) -> int:
        """One slice; returns how many mails were handed over."""
        store, clock = self.ports.store, self.ports.clock
        store.expire_claims(event.id, lease=lease, now=clock.now())
        rows: Mapping[str, Mapping[str, Any]] = store.get(event.id, "campaigns") or {}
        onboarding = (store.get(event.id, "onboarding") or {}).get("state", "idle")
        sent = self._slice(event, "resend", lease)
        for key, row in rows.items():
            if key == ACCESS_CAMPAIGN and onboarding != "running":
                continue
            if row["state"] == "scheduled" and self._is_due(row):
                self._set(event, key, {**row, "state": "running"}, lease)
            elif row["state"] != "running":
                continue
            sent += self._campaign(event, key, row, lease)
        return sent

    def _is_due(self, row: Mapping[str, Any]) -> bool:
        return datetime.fromisoformat(row["schedule_at"]) <= self.ports.clock.event_now()

    def _campaign(self, event: Event, key: str, row: Mapping[str, Any], lease: Lease) -> int:
        """Plan ledger rows for the audience as it is now, then send a slice; close the campaign when all is settled."""
        store, letters = self.ports.store, self.ports.letters
        audience = row["audience"]
        people = letters.audience(event, audience["kind"], audience["cohort"])
        planned = {entry.attendee for entry in store.deliveries(event.id, campaign=key)}
        fresh = [person for person in people if person.id not in planned]
        if fresh:
            try:
                letters.check_everyone(event, letters.template(event, row["template"], event.language), fresh)
            except BadInput as error:
                self._set(event, key, {**row, "state": "stopped", "sentence": error.sentence}, lease)
                return 0
            self._skip_suppressed(event, key, row, [(person.id, person.email) for person in fresh], lease)
            store.plan_deliveries(
                event.id,
                [(person.id, row["template"], row["version"]) for person in fresh],
                campaign=key,
                lease=lease,
            )
        sent = self._slice(event, key, lease)
        counts = store.delivery_counts(event.id, key)
        left = counts.get(Sending.PENDING, 0) + counts.get(Sending.CLAIMED, 0)
        if key != ACCESS_CAMPAIGN and not left and not fresh:
            retryable = any(
                entry.next_try_at for entry in store.deliveries(event.id, campaign=key, state=Sending.FAILED)
            )
            if not retryable:
                self._set(event, key, {**row, "state": "done", "sentence": ""}, lease)
        return sent

    def _skip_suppressed(
        self, event: Event, key: str, row: Mapping[str, Any], people: Sequence[tuple[str, str]], lease: Lease
    ) -> None:
        """People the sender would not deliver to are skipped with its reason, before anything is queued for them."""
        reasons = self.ports.mailer().suppressed([email for _, email in people])
        skipped = [(person, reasons[email]) for person, email in people if email in reasons]
        if not skipped:
            return
        now = self.ports.clock.now()
        template, version = row["template"], row["version"]
        self.ports.store.plan_deliveries(
            event.id, [(person, template, version) for person, _ in skipped], campaign=key, lease=lease
        )
        self.ports.store.settle_deliveries(
            event.id,
            [
                Delivery(person, template, version, Sending.SKIPPED, code="suppressed", sentence=why, campaign=key)
                for person, why in skipped
            ],
            lease=lease,
            now=now,
        )
        self.ports.store.record(
            event.id,
            [Outcome(person, Step.MAIL, State.REFUSED, "suppressed", why) for person, why in skipped],
            lease=lease,
            now=now,
        )

    # --------------------------------------------------------------------------------------------- sending

    def _slice(self, event: Event, campaign: str, lease: Lease) -> int:
        """Claim, send and settle in batches no larger than what may be in flight, for about two seconds."""
        store, clock = self.ports.store, self.ports.clock
        counts = store.delivery_counts(event.id, campaign)
        if not (counts.get(Sending.PENDING) or counts.get(Sending.FAILED)):
            return 0
        mailer = self.ports.mailer()
        end = clock.monotonic() + SLICE_S
        sent = 0
        while clock.monotonic() < end:
            limits = self._sender_limits(event, mailer, lease)
            allowance = self._allowance(event, campaign, limits, lease)
            if allowance <= 0:
                break
            limit = Limit("mail.send", rate=max(0.1, limits.per_second * SHARE_OF_RATE), burst=mailer.in_flight)
            granted = self.ports.pacer.take(
                limit, min(mailer.in_flight, allowance), wait=max(0.0, end - clock.monotonic())
            )
            if granted <= 0:
                break
            claimed = store.claim_deliveries(event.id, campaign, granted, lease=lease, now=clock.now())
            if not claimed:
                break
            sent += self._send(event, mailer, claimed, lease)
        return sent

    def _send(self, event: Event, mailer: Mailer, claimed: Sequence[Delivery], lease: Lease) -> int:
        try:
            pairs = self.ports.letters.messages(event, claimed)
        except ConsoleError as error:
            back = [replace(row, state=Sending.PENDING) for row in claimed]
            self.ports.store.settle_deliveries(event.id, back, lease=lease, now=self.ports.clock.now())
            self._stop(event, claimed[0].campaign, error.sentence, lease)
            return 0
        present = {(row.attendee, row.template, row.version) for row, _ in pairs}
        gone = [
            replace(row, state=Sending.SKIPPED, code="gone", sentence="This person is not on the list any more.")
            for row in claimed
            if (row.attendee, row.template, row.version) not in present
        ]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(mailer.in_flight, thread_name_prefix="mail")
        settled = [*self._pool.map(lambda pair: self._one(mailer, *pair), pairs)]
        now = self.ports.clock.now()
        self.ports.store.settle_deliveries(event.id, [*settled, *gone], lease=lease, now=now)
        self.ports.store.record(event.id, [_outcome(row) for row in settled if _outcome(row)], lease=lease, now=now)  # type: ignore[misc]
        stop = next((row.sentence for row in settled if row.code in ("CredentialsExpired", "AccessDenied")), "")
        if stop:
            self._stop(event, claimed[0].campaign, stop, lease)
        handed = sum(1 for row in settled if row.state is Sending.SENT)
        self._sent_since += handed
        return handed

    def _one(self, mailer: Mailer, row: Delivery, message: Message) -> Delivery:
        """Send one mail and say what became of it. Never raises."""
        now = self.ports.clock.now()
        attempts = row.attempts + 1
        try:
            receipt = mailer.send(message)
        except LostAnswer as error:
            return replace(row, state=Sending.UNKNOWN, code="LostAnswer", sentence=error.sentence, attempts=attempts)
        except Refused as error:
            return replace(
                row,
                state=Sending.FAILED,
                code=error.code or "Refused",
                sentence=error.sentence,
                attempts=attempts,
                next_try_at=None,
            )
        except (Throttled, Unreachable, Unavailable) as error:
            wait = error.retry_after if isinstance(error, Throttled) else min(60.0, 2.0**attempts)
            again = now + timedelta(seconds=max(wait, 0.5)) if attempts < TRIES else None
            return replace(
                row,
                state=Sending.FAILED,
                code=type(error).__name__,
                sentence=error.sentence,
                attempts=attempts,
                next_try_at=again,
            )
        except (CredentialsExpired, AccessDenied) as error:
            return replace(row, state=Sending.PENDING, code=type(error).__name__, sentence=error.sentence)
        except ServiceError as error:
            return replace(
                row, state=Sending.UNKNOWN, code=type(error).__name__, sentence=error.sentence, attempts=attempts
            )
        except Exception as error:  # noqa: BLE001 - whatever broke, the mail may be out: never repeat it blindly
            sentence = f"The sender failed in an unforeseen way ({type(error).__name__}); it may have been sent."
            return replace(row, state=Sending.UNKNOWN, code="unforeseen", sentence=sentence, attempts=attempts)
        return replace(row, state=Sending.SENT, message_id=receipt.message_id, code="", sentence="", attempts=attempts)

    # ---------------------------------------------------------------------------------------------- limits

    def _sender_limits(self, event: Event, mailer: Mailer, lease: Lease) -> SenderLimits:
        now = self.ports.clock.now()
        limits = self._limits
        if limits is None or limits.as_of is None or now - limits.as_of > LIMITS_AGE:
            limits = replace(mailer.limits(), as_of=now)
            self._limits, self._sent_since = limits, 0
            self.ports.store.put(
                event.id,
                "sender",
                {
                    "per_second": limits.per_second,
                    "per_day": limits.per_day,
                    "used_today": limits.used_today,
                    "sandbox": limits.sandbox,
                    "enabled": limits.enabled,
                    "as_of": now.isoformat(),
                },
                lease=lease,
            )
        return limits

    def _allowance(self, event: Event, campaign: str, limits: SenderLimits, lease: Lease) -> int:
        """How many may go now; says on the campaign how many must wait until tomorrow."""
        if not limits.enabled:
            self._say(
                event,
                campaign,
                "The sender has paused sending for this account; its administrator must resume it.",
                lease,
            )
            return 0
        if limits.per_day == UNLIMITED:
            return 1_000_000
        left = limits.per_day - limits.used_today - self._sent_since
        waiting = self.ports.store.delivery_counts(event.id, campaign).get(Sending.PENDING, 0)
        if left < waiting:
            self._say(
                event,
                campaign,
                f"The sender's quota of {limits.per_day:,} a day leaves {max(0, left):,} now; "
                f"{waiting - max(0, left):,} go tomorrow by themselves.",
                lease,
            )
        return left

    def _say(self, event: Event, campaign: str, sentence: str, lease: Lease) -> None:
        rows: Mapping[str, Mapping[str, Any]] = self.ports.store.get(event.id, "campaigns") or {}
        if campaign in rows and rows[campaign].get("sentence") != sentence:
            self._set(event, campaign, {**rows[campaign], "sentence": sentence}, lease)

    def _stop(self, event: Event, campaign: str, sentence: str, lease: Lease) -> None:
        rows: Mapping[str, Mapping[str, Any]] = self.ports.store.get(event.id, "campaigns") or {}
        if campaign in rows:
            self._set(event, campaign, {**rows[campaign], "state": "stopped", "sentence": sentence}, lease)

    def _set(self, event: Event, campaign: str, row: Mapping[str, Any], lease: Lease) -> None:
        rows: dict[str, Any] = dict(self.ports.store.get(event.id, "campaigns") or {})
        rows[campaign] = dict(row)
        self.ports.store.put(event.id, "campaigns", rows, lease=lease)

    # ---------------------------------------------------------------------------------------------- events

    def take_events(self, event: Event, lease: Lease) -> int:
        """Delivery events land on the person; one that proves acceptance settles an unknown mail."""
        mailer = self.ports.mailer()
        events = list(mailer.events())
        if not events:
            return 0
        now = self.ports.clock.now()
        changed = self.ports.store.apply_delivery_events(event.id, events, now=now)
        mailer.settle_events()
        sent = [row for row in self.ports.store.deliveries(event.id, state=Sending.SENT)]
        keys = {entry.key for entry in events}
        outcomes = [_outcome(row) for row in sent if mail_key(event.id, row) in keys]
        self.ports.store.record(event.id, [entry for entry in outcomes if entry], lease=lease, now=now)
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
    if row.state is Sending.FAILED:
        state = State.RETRY if row.next_try_at else State.REFUSED
        return Outcome(row.attendee, Step.MAIL, state, row.code, row.sentence)
    return None


_LOST = "The sender's answer was lost: the mail may have gone out. It is not repeated; delivery events settle it."
_BOUNCED = "The mail came back; correct the address on the Attendees page and resend."


class MailTestHandler:
    """Job `mail.test`: one mail to the organizer's own address; sent at most once (the item is settled first)."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        if ports.store.job_items(job.id):
            return "The test mail was handed over, or its answer was lost; look into your inbox."
        template = ports.letters.template(event, str(job.plan["template"]), event.language)
        people = ports.store.attendees(event.id, wanted=True)
        if not people:
            raise BadInput("Nobody is on the list yet; a test needs a person to write about.")
        mail = ports.letters.render(event, template, people[0])
        settle_items(ports, job, [JobItem(job.id, "test", State.DONE)], lease)
        receipt = ports.mailer().send(
            Message(
                key=f"{event.id}.test.{job.id}",
                sender=event.sender or ports.letters.sender,
                to=str(job.plan["address"]),
                subject=f"[TEST] {mail.subject}",
                text=mail.text,
                html=mail.html,
                tags={"key": f"{event.id}.test.{job.id}", "template": f"test.{job.id}"},
            )
        )
        return f"The test mail was accepted by the sender ({receipt.message_id})."
