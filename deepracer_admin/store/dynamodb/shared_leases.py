"""Leases and buckets of tokens: items of the table itself, changed by compare-and-set. Real time throughout.

They are not part of the journal: a lease is renewed every few seconds, and must be so also while a long change is under
way. `mine` remembers what was last seen of each lease, so that a page can list them without a call.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.errors import LeaseLost, StoreError
from deepracer_admin.model import Lease
from deepracer_admin.store.dynamodb.journal import LEASES
from deepracer_admin.store.dynamodb.table import NEVER_HELD, Cancelled, Item, SharedTable
from deepracer_admin.store.sqlite_leases import grant, in_milliseconds

__all__ = ["SharedLeases"]

BUCKETS = "BUCKETS"
BUCKET_LIFE = timedelta(days=1)
ROUNDS = 50  # of compare-and-set; each lost round means that somebody else was served


class SharedLeases:
    def __init__(self, table: SharedTable) -> None:
        self._table = table
        self._lock = threading.Lock()
        self._seen: dict[str, Lease] = {}

    # -- leases

    def acquire(self, name: str, holder: str, *, ttl_s: float, now: datetime) -> Lease | None:
        """See EventStore.acquire."""
        until = in_milliseconds(now + timedelta(seconds=ttl_s))
        for _ in range(ROUNDS):
            item = self._table.get(LEASES, name)
            epoch = 1 if item is None else int(item["epoch"]) + 1
            if item is not None and item["holder"] != "" and str(item["until"]) > iso(now):
                if item["holder"] != holder:
                    self._remember(_lease(item))
                    return None
                epoch = int(item["epoch"])
            lease = Lease(name, holder, epoch, until)
            if self._replace(lease, item):
                self._remember(lease)
                return lease
        raise StoreError(f"The lease {name} is fought over; we try again by ourselves.")

    def _replace(self, lease: Lease, seen: Item | None) -> bool:
        item = {
            "pk": LEASES, "sk": lease.name, "holder": lease.holder, "epoch": lease.epoch, "until": iso(lease.until),
        }  # fmt: skip
        try:
            if seen is None:
                self._table.put(item, condition=NEVER_HELD)
            else:
                given = {":holder": seen["holder"], ":epoch": seen["epoch"], ":until": seen["until"]}
                unchanged = "holder = :holder AND epoch = :epoch AND #until = :until"
                self._table.put(item, condition=unchanged, given=given, names={"#until": "until"})
        except Cancelled as cancelled:
            # the answer to our own first try may have been lost
            there = cancelled.failed[0]
            return there is not None and (there["holder"], there["epoch"], there["until"]) == (
                lease.holder, lease.epoch, iso(lease.until),
            )  # fmt: skip
        return True

    def renew(self, lease: Lease, *, ttl_s: float, now: datetime) -> Lease:
        """Raises LeaseLost also when the lease ran out and nobody took it yet."""
        until = in_milliseconds(now + timedelta(seconds=ttl_s))
        try:
            self._table.update(
                LEASES,
                lease.name,
                "SET #until = :new",
                {":new": iso(until), ":holder": lease.holder, ":epoch": lease.epoch, ":now": iso(now)},
                condition="holder = :holder AND epoch = :epoch AND #until > :now",
                names={"#until": "until"},
            )
        except Cancelled:
            raise LeaseLost("This worker was away for too long and its place was given up; it starts anew.") from None
        renewed = Lease(lease.name, lease.holder, lease.epoch, until)
        self._remember(renewed)
        return renewed

    def release(self, lease: Lease) -> None:
        """Harmless when it was lost already."""
        try:
            self._table.update(
                LEASES,
                lease.name,
                "SET holder = :nobody",
                {":nobody": "", ":holder": lease.holder, ":epoch": lease.epoch},
                condition="holder = :holder AND epoch = :epoch",
            )
        except Cancelled:
            return
        with self._lock:
            self._seen.pop(lease.name, None)

    def all(self) -> list[Lease]:
        """Those not given back, as last seen, by name."""
        with self._lock:
            return sorted(self._seen.values(), key=lambda lease: lease.name)

    def look(self) -> list[Lease]:
        """Those not given back, asked of the table."""
        found = [_lease(item) for item in self._table.query(LEASES, "\x01", "\U0010ffff") if item["holder"] != ""]
        with self._lock:
            self._seen = {lease.name: lease for lease in found}
        return found

    def _remember(self, lease: Lease) -> None:
        with self._lock:
            self._seen[lease.name] = lease

    # -- pacing

    def take_tokens(self, name: str, wanted: int, *, rate: float, burst: int, now: datetime) -> tuple[int, float]:
        """See EventStore.take_tokens."""
        if rate <= 0 or wanted <= 0:
            return max(0, wanted), 0.0
        size, at = float(max(1, burst)), now.timestamp()
        for _ in range(ROUNDS):
            item = self._table.get(BUCKETS, name)
            tokens, since = (size, at) if item is None else (float(item["tokens"]), float(item["at"]))
            granted, left, since = grant(tokens, since, wanted, rate=rate, size=size, at=at)
            if self._fill(name, left, since, item, now):
                return granted, 0.0 if granted == wanted else (1.0 - left) / rate
        return 0, 1.0 / rate  # others took them all

    def _fill(self, name: str, tokens: float, at: float, seen: Item | None, now: datetime) -> bool:
        """A lost answer costs the tokens once more: slower, never faster than the limit."""
        item = {
            "pk": BUCKETS,
            "sk": name,
            "tokens": repr(tokens),
            "at": repr(at),
            "n": 1 if seen is None else int(seen["n"]) + 1,
            "ttl": int((now + BUCKET_LIFE).timestamp()),
        }
        try:
            if seen is None:
                self._table.put(item, condition=NEVER_HELD)
            else:
                self._table.put(item, condition="n = :n", given={":n": seen["n"]})
        except Cancelled:
            return False
        return True


def _lease(item: Item) -> Lease:
    return Lease(str(item["sk"]), str(item["holder"]), int(item["epoch"]), parse_iso(str(item["until"])))
