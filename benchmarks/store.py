"""What an event costs in a shared DynamoDB table, from the calls that the store really makes. Prints JSON.

    python -m benchmarks.store [--people 2000] [--hours 8] [--days 14] [--computers 3] [--sample 200]

The store works over HTTP against moto's DynamoDB on this computer, with the batch sizes of the flows. moto answers the
same consumed capacity whatever the size, so units are computed from the items that were sent and received, by the rule
that AWS documents: a write unit per KB begun, two within a transaction (also for an item that is only checked), a read
unit per 4 KB begun for consistent reads; deleting costs what the item weighed. Onboarding, mail and
leaving are the same for each few people: they are done for a sample, and scaled up. Prices: on demand, us-east-1.
Seconds are those of this computer with moto, and say nothing about AWS.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from deepracer_admin.model import AuditEntry, Job, JobItem, JobState, Lease, Outcome, Profile, Sending, State, Step
from deepracer_admin.store.dynamodb import SharedEventStore, SharedTable, copy_file, open_shared_store
from tests.store.people import NOW, an_event, people
from tests.store.table_server import TableServer, a_table, access_to

USD_PER_MILLION = {"write": 0.625, "read": 0.125}
USD_PER_GB_MONTH = 0.25 + 0.20  # the table, and its point-in-time recovery
PROFILES_AT_ONCE, GROUP_AT_ONCE, PROOF_AT_ONCE, MAILS_AT_ONCE = 100, 20, 100, 4
SWEEP_EVERY_S, MOVING = 60.0, 0.1  # a sweep of profiles, and how many of them changed since the last
IMAGE_EVERY = copy_file.IMAGE_EVERY
BEAT_S, STANDBY_S, LOOK_S, LEASES = 5.0, 1.5, 1.0, 2


def size_of(item: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes of an item as AWS counts them: names and values; a number about a byte for two digits."""
    total = 0
    for name, typed in item.items():
        value = next(iter(typed.values()))
        total += len(name.encode())
        total += len(value) // 2 + 2 if "N" in typed else len(value.encode() if isinstance(value, str) else value)
    return total


@dataclass
class Meter:
    units: Counter[str] = field(default_factory=Counter[str])
    calls: Counter[str] = field(default_factory=Counter[str])
    stored: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def write(self, item: Mapping[str, Any], times: int = 1) -> None:
        size = size_of(item)
        self.stored[item["pk"]["S"], item["sk"]["S"]] = size
        self.units["write"] += times * math.ceil(size / 1024)

    def delete(self, key: Mapping[str, Any]) -> None:
        size = self.stored.pop((key["pk"]["S"], key["sk"]["S"]), 0)
        self.units["write"] += max(1, math.ceil(size / 1024))

    def read(self, items: list[Mapping[str, Any]]) -> None:
        self.units["read"] += max(1, math.ceil(sum(map(size_of, items)) / 4096))

    def note(self, operation: str, asked: Mapping[str, Any], answer: Mapping[str, Any]) -> None:
        self.calls[operation] += 1
        if operation == "transact_write_items":
            for item in asked["TransactItems"]:
                if "Put" in item:
                    self.write(item["Put"]["Item"], times=2)
                else:
                    self.units["write"] += 2  # a head or a lease: less than 1 KB
        elif operation == "put_item":
            self.write(asked["Item"])
        elif operation == "update_item":
            self.units["write"] += 1
        elif operation == "batch_write_item":
            for requests in asked["RequestItems"].values():
                for request in requests:
                    if "PutRequest" in request:
                        self.write(request["PutRequest"]["Item"])
                    else:
                        self.delete(request["DeleteRequest"]["Key"])
        elif operation in ("get_item", "query"):
            self.read([answer["Item"]] if answer.get("Item") else answer.get("Items", []))


class MeteredTable(SharedTable):
    def __init__(self, url: str, name: str, meter: Meter) -> None:
        super().__init__(access_to(url), name)
        self.meter = meter

    def call(self, operation: str, **asked: Any) -> Mapping[str, Any]:
        answer = super().call(operation, **asked)
        self.meter.note(operation, asked, answer)
        return answer


@dataclass
class Phases:
    meter: Meter
    told: dict[str, dict[str, float]] = field(default_factory=dict[str, dict[str, float]])

    @contextmanager
    def phase(self, name: str, *, times: float = 1.0) -> Iterator[None]:
        """What happens within, `times` over."""
        units, calls = Counter(self.meter.units), sum(self.meter.calls.values())
        began = time.perf_counter()
        yield
        found = {kind: round((self.meter.units[kind] - units[kind]) * times) for kind in ("write", "read")}
        usd = sum(found[kind] * USD_PER_MILLION[kind] / 1e6 for kind in found)
        seconds = round(time.perf_counter() - began, 2)
        calls = round((sum(self.meter.calls.values()) - calls) * times)
        self.told[name] = {**found, "calls": calls, "usd": round(usd, 4), "seconds_measured": seconds}


def batches(items: list[Any], at_once: int, do: Callable[[list[Any]], object]) -> None:
    for start in range(0, len(items), at_once):
        do(items[start : start + at_once])


def event_of(
    store: SharedEventStore, phases: Phases, count: int, hours: float, days: float, computers: int, sample: int
) -> None:
    crowd = people(count)
    ids = [person.id for person in crowd]
    lease = store.acquire("worker/spring", "bench", ttl_s=1e6, now=NOW)
    assert lease is not None

    def step(which: Step) -> Callable[[list[str]], object]:
        return lambda some: store.record(
            "spring", [Outcome(each, which, State.DONE, ref=f"ref-{each}") for each in some], lease=lease, now=NOW
        )

    with phases.phase("import of the list"):
        store.save_event(an_event(head_count=count))
        job = Job("j1", "spring", "import", "", JobState.DONE, created_at=NOW)
        store.save_attendees("spring", crowd)
        store.create_job(job, [JobItem("j1", each, State.DONE, after={"added": True}) for each in ids])
        store.append_audit(
            AuditEntry(0, NOW, "spring", "oid", "Olivia", "Organizer", "attendees.import", "list.csv", count)
        )
    part, times = ids[:sample], count / min(sample, count)
    with phases.phase("onboarding", times=times):
        for which, at_once in (
            (Step.PROFILE, PROFILES_AT_ONCE),
            (Step.GROUP, GROUP_AT_ONCE),
            (Step.ACCESS, PROOF_AT_ONCE),
        ):
            batches(part, at_once, step(which))
            store.follow()
    with phases.phase("mail", times=times):
        mail(store, part, lease, step(Step.MAIL))
    transactions = times * phases.meter.calls["transact_write_items"] + hours * 3600 / SWEEP_EVERY_S
    with phases.phase("images of the event", times=transactions / IMAGE_EVERY):
        store.journal.save_image("EVENT#spring", store.image_of("EVENT#spring"), clean=False)
    profiles = [Profile(f"profile-{n:05d}", f"racer-{n}", f"person{n}@example.com") for n in range(count)]
    store.save_profiles("spring", profiles, seen_at=NOW, lease=lease)
    moved = [
        replace(each, minutes_used=12.5) if n % round(1 / MOVING) == 0 else each for n, each in enumerate(profiles)
    ]
    with phases.phase("racing: sweeps of the profiles", times=hours * 3600 / SWEEP_EVERY_S):
        store.save_profiles("spring", moved, seen_at=NOW, lease=lease)
        store.follow()
    with phases.phase("waiting: computers that look", times=days * 86400 / LOOK_S * computers):
        store.follow()
    with phases.phase("waiting: leases renewed", times=days * 86400 / BEAT_S * LEASES):
        store.renew(lease, ttl_s=1e6, now=NOW)
    with phases.phase("waiting: leases asked for", times=days * 86400 / STANDBY_S * LEASES * (computers - 1)):
        store.acquire("worker/spring", "other", ttl_s=1e6, now=NOW)
    with phases.phase("close-out", times=times):
        for which in (Step.PROFILE, Step.GROUP):
            batches(part, 20, lambda some, which=which: store.reset_steps("spring", some, [which]))
        store.follow()


def mail(store: SharedEventStore, ids: list[str], lease: Lease, told: Callable[[list[str]], object]) -> None:
    store.plan_deliveries("spring", [(each, "access", 1) for each in ids], campaign="c", lease=lease)
    while claimed := store.claim_deliveries("spring", "c", MAILS_AT_ONCE, lease=lease, now=NOW):
        sent = [replace(row, state=Sending.SENT, message_id=f"0100018f-{row.attendee}") for row in claimed]
        store.settle_deliveries("spring", sent, lease=lease, now=NOW)
        told([row.attendee for row in claimed])
        store.follow()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--hours", type=float, default=8.0, help="hours of racing")
    parser.add_argument("--days", type=float, default=14.0, help="days on which the computers are on")
    parser.add_argument("--computers", type=int, default=3, help="consoles and workers on the table")
    parser.add_argument(
        "--sample", type=int, default=200, help="people who are onboarded, mailed and let go, scaled up"
    )
    options = parser.parse_args()
    copy_file.IMAGE_EVERY = 10**9  # images are measured as a phase of their own
    server, meter = TableServer().start(), Meter()
    a_table(server.url, "bench").close()
    phases = Phases(meter)
    with tempfile.TemporaryDirectory(prefix="store-", ignore_cleanup_errors=True) as home:
        store = open_shared_store(
            Path(home) / "one", MeteredTable(server.url, "bench", meter), "rehearsal", follow_every_s=0
        )
        event_of(store, phases, options.people, options.hours, options.days, options.computers, options.sample)
        with phases.phase("another computer's first copy"):
            other = open_shared_store(
                Path(home) / "two", MeteredTable(server.url, "bench", meter), "rehearsal", follow_every_s=0
            )
        assert len(other.attendees("spring")) == options.people
        other.close()
        with phases.phase("erasure of everybody"):
            store.delete_attendees("spring", [person.id for person in people(options.people)])
        store.close()
    server.stop()
    megabytes = sum(meter.stored.values()) / 1e6
    usd = sum(told["usd"] for told in phases.told.values())
    report = {
        "people": options.people, "hours_of_racing": options.hours, "days": options.days,
        "computers": options.computers, "phases": phases.told, "usd_requests": round(usd, 2),
        "usd_per_month_of_100_mb": round(0.1 * USD_PER_GB_MONTH, 3), "mb_stored_at_the_end": round(megabytes, 2),
    }  # fmt: skip
    print(json.dumps(report, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
