"""Handing mails over: claim, send, settle, within the sender's limits, a bounded number at a time.

What if it dies here? Never more than `in_flight` mails are claimed and not settled, so a kill leaves at most that many
unknown. Claims are made just before a mail goes; an answer is settled within moments. Whatever else ends a slice, what
it had claimed is given back (claims.py).
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.errors import (
    AccessDenied,
    ConsoleError,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.flows.access import first_password
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import Letter, LetterWriter
from deepracer_admin.flows.mail.claims import LONGEST_ANSWER_S, Claims, claimed
from deepracer_admin.flows.people.registration_letters import TEMPLATES, registration_letters
from deepracer_admin.mail import Mailer
from deepracer_admin.model import UNLIMITED, Delivery, Event, Lease, Limit, Message, SenderLimits, Sending
from deepracer_admin.records.mail_sender import SENDER

__all__ = ["SLICE_S", "Sender", "Slice"]

SHARE_OF_RATE = 0.8
LIMITS_AGE = timedelta(seconds=15)
SLICE_S = 2.0
TICK_S = 0.04
TRIES = 5
NO_TRIES = (
    "quota",
    first_password.CODE,
    "CredentialsExpired",
    "AccessDenied",
)  # codes of attempts that were stopped before they counted
SANDBOX_PAUSE = timedelta(hours=1)
LONG_WAIT_S = 600.0  # a longer pause than this is a used-up quota, not a rate
FULL = 12  # of the last 16 answers: so many "too many requests" make everybody hold still


@dataclass(slots=True)
class Slice:
    """What one slice of about two seconds did. `stop`: a sentence for which the campaign must stop."""

    sent: int = 0
    settled: int = 0
    stop: str = ""
    note: str = ""  # what must wait, for the campaign's line; "" when nothing does


class Sender:
    """One worker's way to the mailer. `settled` is called with each batch right after it was written down."""

    def __init__(self, ports: Ports, settled: Callable[[Event, Sequence[Delivery], Lease], None]) -> None:
        self.ports = ports
        self._settled = settled
        self._limits: SenderLimits | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._sent_since = 0
        self._hold_until: datetime | None = None
        self._waits: dict[str, tuple[datetime, str]] = {}  # by campaign: the pool gives no passwords until then
        self._throttled: deque[bool] = deque(maxlen=16)
        self._owed: list[Claims] = []  # could not be given back yet
        self._closed = False

    def close(self) -> None:
        """Nothing is handed over any more; returns when what was has been answered."""
        self._closed = True
        if self._pool:
            self._pool.shutdown(wait=True)
        self._owed = [claims for claims in self._owed if not claims.give_back()]

    def has_work(self, event: Event, campaign: str) -> bool:
        """Is anything pending, or failed and due? One cheap count where there is not."""
        counts = self.ports.store.delivery_counts(event.id, campaign)
        if counts.get(Sending.PENDING):
            return True
        if not counts.get(Sending.FAILED):
            return False
        now = self.ports.clock.now()
        failed = self.ports.store.deliveries(event.id, campaign=campaign, state=Sending.FAILED)
        return any(row.next_try_at and row.next_try_at <= now for row in failed)

    def run(self, event: Event, campaign: str, lease: Lease, *, go_on: Callable[[], bool]) -> Slice:
        """Send for about two seconds, or until nothing is left, `go_on` says no, or a limit is reached."""
        result = Slice()
        self._owed = [claims for claims in self._owed if not claims.give_back()]
        if self._closed or not self.has_work(event, campaign):
            return result
        mailer, clock = self.ports.mailer(), self.ports.clock
        if self._pool is None:
            self._pool = ThreadPoolExecutor(mailer.in_flight, thread_name_prefix="mail")
        end = clock.monotonic() + SLICE_S
        writer = self.ports.letters.writer(event)
        with claimed(self.ports, event, lease, owed=self._owed) as claims:
            while clock.monotonic() < end and not result.stop and not self._closed and go_on():
                granted = self._granted(event, campaign, mailer, claims.in_flight, result, lease)
                rows = claims.take(campaign, granted, writer.versions)
                self._start(event, mailer, writer, rows, claims, result, lease)
                if not claims.in_flight and not rows and (granted or result.note):
                    break
                self._land(event, claims, result, lease, within=TICK_S)
            self._land(event, claims, result, lease, within=LONGEST_ANSWER_S)
        if not (result.sent or result.note or result.stop):
            result.note = self._why_held(event, campaign)
        return result

    def _why_held(self, event: Event, campaign: str) -> str:
        """What mails wait for that were given back with a reason and a time to try again; "" when none does."""
        now = self.ports.clock.now()
        queued = self.ports.store.deliveries(event.id, campaign=campaign, state=Sending.PENDING)
        held = [row for row in queued if row.sentence and row.next_try_at and row.next_try_at > now]
        return f"{counted(len(held), 'mail waits', 'mails wait')}. {held[0].sentence}" if held else ""

    # --------------------------------------------------------------------------------------------- one mail

    def _start(
        self,
        event: Event,
        mailer: Mailer,
        writer: LetterWriter,
        rows: Sequence[Delivery],
        claims: Claims,
        result: Slice,
        lease: Lease,
    ) -> None:
        if not rows:
            return
        pool = self._pool
        assert pool is not None  # noqa: S101 - made in run
        back: list[Delivery] = []
        of_the_portal = [row for row in rows if row.template in TEMPLATES]
        portal: dict[Delivery, Letter | None] | None = None
        for row in rows:
            try:
                if row.template in TEMPLATES:
                    portal = portal or registration_letters(self.ports, event, of_the_portal, lease)
                    letter = portal[row]
                else:
                    letter = writer.letter(row)
            except ConsoleError as error:
                back.append(replace(row, state=Sending.PENDING))
                result.stop = error.sentence
                continue
            if letter is None:
                sentence = "This person is not on the list any more."
                back.append(replace(row, state=Sending.SKIPPED, code="gone", sentence=sentence))
            else:
                claims.hand_over(row, pool.submit(self._one, mailer, row, letter))
        if back:
            self._write(event, claims, back, result, lease)

    def _land(self, event: Event, claims: Claims, result: Slice, lease: Lease, *, within: float) -> None:
        """Write down what has come back within so many real seconds, in one go."""
        rows = claims.landed(within)
        if rows:
            self._write(event, claims, rows, result, lease)

    def _write(self, event: Event, claims: Claims, rows: Sequence[Delivery], result: Slice, lease: Lease) -> None:
        claims.settle(rows)
        self._settled(event, rows, lease)
        sent = sum(1 for row in rows if row.state is Sending.SENT)
        self._sent_since += sum(1 for row in rows if row.state in (Sending.SENT, Sending.UNKNOWN))
        result.sent += sent
        result.settled += len(rows)
        held = [row for row in rows if row.code == first_password.CODE and row.next_try_at]
        for row in held:
            self._waits[row.campaign] = (max(each.next_try_at for each in held if each.next_try_at), row.sentence)
            result.note = row.sentence
        stop = next((row.sentence for row in rows if row.code in ("CredentialsExpired", "AccessDenied")), "")
        result.stop = result.stop or stop
        self._throttled.extend(row.code == "Throttled" for row in rows)
        if sum(self._throttled) >= FULL:
            self._throttled.clear()
            self.ports.pacer.back_off(self._limit(), 1.0)

    def _one(self, mailer: Mailer, row: Delivery, letter: Letter) -> Delivery:
        """Send one mail and say what became of it. Never raises. `row.attempts` counts this attempt already."""
        try:
            message = self._complete(letter)
        except (NotThere, Refused) as error:
            code = error.code or "Refused"
            return replace(row, state=Sending.FAILED, code=code, sentence=error.sentence, next_try_at=None)
        except Exception as error:  # noqa: BLE001 - whatever broke, nothing was sent
            return self._not_written(row, error)
        try:
            receipt = mailer.send(message)
        except LostAnswer as error:
            return replace(row, state=Sending.UNKNOWN, code="LostAnswer", sentence=error.sentence)
        except Refused as error:
            code = error.code or "Refused"
            return replace(row, state=Sending.FAILED, code=code, sentence=error.sentence, next_try_at=None)
        except (Throttled, Unreachable, Unavailable) as error:
            return self._later(row, error)
        except (CredentialsExpired, AccessDenied) as error:
            if error.code == "MessageRejected" and self._limits and self._limits.sandbox:
                return self._not_verified(row, error)
            return replace(row, state=Sending.PENDING, code=type(error).__name__, sentence=error.sentence)
        except ServiceError as error:
            return replace(row, state=Sending.UNKNOWN, code=type(error).__name__, sentence=error.sentence)
        except Exception as error:  # noqa: BLE001 - whatever broke, the mail may be out: never repeat it blindly
            sentence = f"The sender failed in an unforeseen way ({type(error).__name__}); it may have been sent."
            return replace(row, state=Sending.UNKNOWN, code="unforeseen", sentence=sentence)
        return replace(row, state=Sending.SENT, message_id=receipt.message_id, code="", sentence="")

    def _complete(self, letter: Letter) -> Message:
        """The mail as it goes; here, in the sending thread, the first password is made where it carries one."""
        if not letter.needs_password:
            return letter.message
        made = first_password.make_first_password(self.ports, letter.person)
        return letter.write((made.password, made.until) if made else None)

    def _not_written(self, row: Delivery, error: Exception) -> Delivery:
        """The pool gave no password, so nothing was sent: tried again by itself, after a pause for the campaign."""
        why = (
            error.sentence
            if isinstance(error, ConsoleError)
            else f"It failed in an unforeseen way ({type(error).__name__})."
        )
        again = self.ports.clock.now() + timedelta(seconds=first_password.pause_after(error, row.attempts))
        sentence = f"No password could be made, so nothing was sent; it is tried again. {why}"
        return replace(row, state=Sending.PENDING, code=first_password.CODE, sentence=sentence, next_try_at=again)

    def _not_verified(self, row: Delivery, error: ServiceError) -> Delivery:
        """In the sandbox one unverified address says nothing about the next: only this mail waits."""
        again = self.ports.clock.now() + SANDBOX_PAUSE
        return replace(row, state=Sending.PENDING, code="sandbox", sentence=error.sentence, next_try_at=again)

    def _later(self, row: Delivery, error: Throttled | Unreachable | Unavailable) -> Delivery:
        """Nothing was sent. Five tries, then final; a quota that is used up is no try, and everybody waits."""
        now = self.ports.clock.now()
        if isinstance(error, Throttled) and error.retry_after >= LONG_WAIT_S:
            self._hold_until, self._limits = now + timedelta(seconds=60), None
            return replace(row, state=Sending.PENDING, code="quota", sentence=error.sentence)
        pause = error.retry_after if isinstance(error, Throttled) else min(60.0, 2.0**row.attempts)
        tries = 1 if row.code in NO_TRIES else row.attempts
        again = now + timedelta(seconds=max(pause, 0.5)) if tries < TRIES else None
        code = type(error).__name__
        return replace(row, state=Sending.FAILED, code=code, sentence=error.sentence, next_try_at=again)

    # ---------------------------------------------------------------------------------------------- limits

    def _limit(self) -> Limit:
        rate = self._limits.per_second if self._limits else 1.0
        return Limit("mail.send", rate=max(0.1, rate * SHARE_OF_RATE), burst=max(1, int(rate * SHARE_OF_RATE / 4)))

    def _granted(self, event: Event, campaign: str, mailer: Mailer, in_flight: int, result: Slice, lease: Lease) -> int:
        """How many may be claimed now; says what must wait until tomorrow."""
        room = mailer.in_flight - in_flight
        if room <= 0:
            return 0
        until, why = self._waits.get(campaign, (None, ""))
        if until and self.ports.clock.now() < until:
            result.note = result.note or why
            return 0
        if self._hold_until and self.ports.clock.now() < self._hold_until:
            result.note = result.note or "The sender's quota is used up; the rest goes by itself when it allows more."
            return 0
        limits = self._sender_limits(event, mailer, lease)
        allowance = self._allowance(event, campaign, limits, in_flight, result)
        if allowance <= 0:
            return 0
        return self.ports.pacer.take(self._limit(), min(room, allowance), wait=TICK_S)

    def _sender_limits(self, event: Event, mailer: Mailer, lease: Lease) -> SenderLimits:
        now = self.ports.clock.now()
        limits = self._limits
        if limits is None or limits.as_of is None or now - limits.as_of > LIMITS_AGE:
            limits = replace(mailer.limits(), as_of=now)
            self._limits, self._sent_since = limits, 0
            self.ports.store.keep(event.id, SENDER, limits, lease=lease)
        return limits

    def _allowance(self, event: Event, campaign: str, limits: SenderLimits, in_flight: int, result: Slice) -> int:
        if not limits.enabled:
            result.note = "The sender has paused sending for this account; its administrator must resume it."
            return 0
        if limits.per_day == UNLIMITED:
            return 1_000_000
        left = max(0, limits.per_day - limits.used_today - self._sent_since - in_flight)
        if left < 1000:  # counting is cheap, but not for every handful of mails
            waiting = self.ports.store.delivery_counts(event.id, campaign).get(Sending.PENDING, 0)
            if left < waiting:
                result.note = self._quota_note(event, limits.per_day, left, waiting - left)
        return left

    def _quota_note(self, event: Event, per_day: int, left: int, rest: int) -> str:
        """How long the daily quota makes the `rest` wait, and what to do where that is too long."""
        said = f"The sender's quota of {per_day:,} a day leaves {left:,} now; "
        if 0 < rest <= per_day:
            return said + f"{counted(rest, 'goes tomorrow by itself', 'go tomorrow by themselves')}."
        days = math.ceil(rest / per_day) if per_day > 0 else None
        if days is None:
            return said + f"{counted(rest, 'waits', 'wait')} for the sender's administrator to raise it."
        last = self.ports.clock.event_now() + timedelta(days=days)
        late = ", the last of them after the event has ended" if last > event.ends_at else ""
        return said + (
            f"{rest:,} go by themselves within about {days:,} days{late}. "
            "Ask the sender's administrator for a higher quota, or cancel the campaign."
        )
