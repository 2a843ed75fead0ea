"""The mails that a worker holds between claim and record, given back on every way out.

Not handed over: back to the queue. Handed over and answered: written down, also when the lease was lost meanwhile,
because nobody else knows. Handed over and not answered in time: unknown. What if the process dies here? The claims
carry the lease's name and epoch; whoever holds the event's lease next makes them unknown (EventStore.expire_claims).
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ALL_COMPLETED, CancelledError, Future, wait
from contextlib import contextmanager
from dataclasses import replace

from deepracer_admin.errors import StoreError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Delivery, Event, Lease, Sending

__all__ = ["LONGEST_ANSWER_S", "Claims", "claimed"]

log = logging.getLogger(__name__)

LONGEST_ANSWER_S = 120.0  # real seconds; every mailer gives up long before
Key = tuple[str, str, int]


class Claims:
    """What one slice has claimed. Only the thread that made it uses it."""

    def __init__(self, ports: Ports, event: Event, lease: Lease) -> None:
        self._ports, self._event, self._lease = ports, event, lease
        self._held: dict[Key, Delivery] = {}
        self._flying: dict[Future[Delivery], Key] = {}

    @property
    def in_flight(self) -> int:
        """Handed over, and not answered yet."""
        return len(self._flying)

    def take(self, campaign: str, most: int, versions: Mapping[str, int]) -> list[Delivery]:
        """Claim up to `most` mails of the campaign; `versions` of the texts that will go. Raises LeaseLost."""
        if most <= 0:
            return []
        ports, event = self._ports, self._event.id
        rows = ports.store.claim_deliveries(
            event, campaign, most, lease=self._lease, now=ports.clock.now(), versions=versions
        )
        self._held |= {_key(row): row for row in rows}
        return rows

    def hand_over(self, row: Delivery, answer: Future[Delivery]) -> None:
        """From here on the mail may be out; `answer` will say what became of it."""
        self._flying[answer] = _key(row)

    def landed(self, within: float) -> list[Delivery]:
        """What came of those whose answer is there within `within` real seconds; still held until settled."""
        if not self._flying:
            return []
        done, _ = wait(self._flying, timeout=within, return_when=ALL_COMPLETED)
        return self._answered(done)

    def settle(self, rows: Sequence[Delivery]) -> None:
        """Write down what became of them. Raises LeaseLost, StoreError; then they are still held."""
        ports = self._ports
        ports.store.settle_deliveries(self._event.id, rows, lease=self._lease, now=ports.clock.now())
        for row in rows:
            self._held.pop(_key(row), None)

    def give_back(self) -> bool:
        """Let go of everything; False when it could not be written, to be tried again."""
        for future in [future for future in self._flying if future.cancel()]:
            del self._flying[future]
        self.landed(LONGEST_ANSWER_S)
        late = {*self._flying.values()}
        rows = [_unanswered(row) if key in late else _as_it_stands(row) for key, row in self._held.items()]
        if rows:
            try:
                self._ports.store.settle_deliveries(self._event.id, rows, lease=None, now=self._ports.clock.now())
            except StoreError as error:
                log.warning("%d claimed mails could not be given back: %s", len(rows), error.sentence)
                return False
        self._held.clear()
        self._flying.clear()
        return True

    def _answered(self, done: set[Future[Delivery]]) -> list[Delivery]:
        rows = []
        for future in done:
            key = self._flying.pop(future)
            try:
                self._held[key] = future.result()
            except CancelledError:
                continue  # never began: held as claimed
            rows.append(self._held[key])
        return rows


@contextmanager
def claimed(ports: Ports, event: Event, lease: Lease, *, owed: list[Claims]) -> Iterator[Claims]:
    """Claims of one slice. Those that cannot be given back at its end (a full disk) are added to `owed`."""
    claims = Claims(ports, event, lease)
    try:
        yield claims
    finally:
        if not claims.give_back():
            owed.append(claims)


def _key(row: Delivery) -> Key:
    return row.attendee, row.template, row.number


def _as_it_stands(row: Delivery) -> Delivery:
    return replace(row, state=Sending.PENDING) if row.state is Sending.CLAIMED else row


def _unanswered(row: Delivery) -> Delivery:
    sentence = "The console stopped while this mail was being sent; it may have arrived."
    return replace(row, state=Sending.UNKNOWN, code="LostAnswer", sentence=sentence)
