"""What the tests run as processes of their own: `python -m tests.store.working <what> <file> <name> <count>`.

Each prints "ready", waits for a line on standard input, works, and prints one line of JSON.
"""

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from deepracer_admin.clock import SystemClock
from deepracer_admin.errors import LeaseLost
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.flows.engine.pacing import Pacer
from deepracer_admin.model import Attendee, Limit, Sending
from deepracer_admin.store.sqlite import SqliteEventStore, open_event_store
from tests.store.contract_jobs import an_entry
from tests.store.counting import COUNTER
from tests.store.people import a_person


def add_people(store: SqliteEventStore, name: str, count: int) -> object:
    """Ten at a time, with an audit entry for each batch."""
    first = 0 if name == "one" else 50_000
    for start in range(first, first + count, 10):
        store.save_attendees("spring", [a_person(number) for number in range(start, start + 10)])
        store.append_audit(an_entry("attendees.import", actor=name))
    return count


def add_endlessly(store: SqliteEventStore, name: str, count: int) -> object:
    """One transaction that tells when it is half through and then never ends by itself. The cache is kept small, so
    that its pages do reach the files before the end."""

    def endless() -> Iterator[Attendee]:
        for number in range(count):
            yield a_person(number)

    store._writer.execute("PRAGMA cache_size=10")
    with store._writing() as connection:
        connection.executemany(
            "INSERT INTO attendees (event, id, email, wanted, body) VALUES ('spring', ?, ?, 1, '{}')",
            ((person.id, person.email) for person in endless()),
        )
        print("half way", flush=True)
        sys.stdin.readline()
    return count


def claim_mails(store: SqliteEventStore, name: str, count: int) -> object:
    """Claim and settle under a lease of its own until nothing is left; returns whom it mailed."""
    now = datetime.now(UTC)
    lease = store.acquire(f"mail {name}", name, ttl_s=600, now=now)
    assert lease is not None
    mailed: list[str] = []
    while claimed := store.claim_deliveries("spring", "c", count, lease=lease, now=now):
        mailed += [row.attendee for row in claimed]
        sent = [replace(row, state=Sending.SENT, message_id=f"{name}-{row.attendee}") for row in claimed]
        store.settle_deliveries("spring", sent, lease=lease, now=now)
    return mailed


def contend(store: SqliteEventStore, name: str, count: int) -> object:
    """Count up a shared number under one shared lease; every written value must be new."""
    leadership = Leadership(store, "counter", name, ttl_s=1.0)
    written: list[int] = []
    while len(written) < count:
        if not leadership.beat():
            continue
        try:
            lease = leadership.lease
            value = store.update("", COUNTER, lambda number: number + 1, lease=lease)
            written.append(value)
            if len(written) % 5 == 0:
                leadership.stop()
        except LeaseLost:
            continue
    leadership.stop()
    return written


def take_tokens(store: SqliteEventStore, name: str, count: int) -> object:
    """Take `count` tokens one by one; returns when the first was asked for and the last came (real time)."""
    clock = SystemClock()
    pacer = Pacer(store, clock)
    limit = Limit("shared", rate=100.0, burst=5)
    began = clock.now().timestamp()
    for _ in range(count):
        assert pacer.take(limit, wait=None) == 1
    return [began, clock.now().timestamp()]


WORK: dict[str, Callable[[SqliteEventStore, str, int], object]] = {
    "add_people": add_people,
    "add_endlessly": add_endlessly,
    "claim_mails": claim_mails,
    "contend": contend,
    "take_tokens": take_tokens,
}


def main(what: str, path: str, name: str, count: str) -> None:
    store = open_event_store(path, "rehearsal")
    print("ready", flush=True)
    sys.stdin.readline()
    print(json.dumps(WORK[what](store, name, int(count))), flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
