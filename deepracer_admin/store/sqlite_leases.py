"""Who may work, and how fast: leases and token buckets that all processes share. Real time throughout."""

from __future__ import annotations

from datetime import datetime, timedelta

from deepracer_admin.clock import iso, parse_iso
from deepracer_admin.errors import LeaseLost
from deepracer_admin.model import Lease
from deepracer_admin.store.sqlite_jobs import JobsPart

__all__ = ["LeasesPart", "grant", "in_milliseconds"]

CLOCK_STEP_S = 5.0  # a clock that went back by more was set; the bucket then starts from the new time


def grant(tokens: float, since: float, wanted: int, *, rate: float, size: float, at: float) -> tuple[int, float, float]:
    """What a bucket that held `tokens` at `since` gives of `wanted` at `at`: (granted, tokens left, as of). Pure."""
    if since - at > CLOCK_STEP_S:
        since = at
    tokens = min(size, tokens + max(0.0, at - since) * rate)
    granted = min(wanted, int(tokens + 1e-9))
    return granted, max(0.0, tokens - granted), max(at, since)


def in_milliseconds(value: datetime) -> datetime:
    """As the store keeps it."""
    return parse_iso(iso(value))


class LeasesPart(JobsPart):
    # -- leases

    def acquire(self, name: str, holder: str, *, ttl_s: float, now: datetime) -> Lease | None:
        """See EventStore.acquire. A lease that ran out gets a new epoch also when its last holder takes it again: what
        that holder had begun before is then as lost as anyone's."""
        until = in_milliseconds(now + timedelta(seconds=ttl_s))
        with self._transaction() as connection:
            row = connection.execute("SELECT * FROM leases WHERE name = ?", (name,)).fetchone()
            epoch = 1 if row is None else row["epoch"] + 1
            if row is not None and row["holder"] != "" and row["until"] > iso(now):
                if row["holder"] != holder:
                    return None
                epoch = row["epoch"]
            lease = Lease(name, holder, epoch, until)
            connection.execute(
                "INSERT INTO leases VALUES (?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                " holder = excluded.holder, epoch = excluded.epoch, until = excluded.until",
                (name, holder, lease.epoch, iso(until)),
            )
            return lease

    def renew(self, lease: Lease, *, ttl_s: float, now: datetime) -> Lease:
        """Raises LeaseLost also when the lease ran out and nobody took it yet."""
        until = in_milliseconds(now + timedelta(seconds=ttl_s))
        with self._transaction() as connection:
            renewed = connection.execute(
                "UPDATE leases SET until = ? WHERE name = ? AND holder = ? AND epoch = ? AND until > ?",
                (iso(until), lease.name, lease.holder, lease.epoch, iso(now)),
            ).rowcount
            if not renewed:
                raise LeaseLost("This worker was away for too long and its place was given up; it starts anew.")
        return Lease(lease.name, lease.holder, lease.epoch, until)

    def release(self, lease: Lease) -> None:
        """Harmless when it was lost already."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE leases SET holder = '' WHERE name = ? AND holder = ? AND epoch = ?",
                (lease.name, lease.holder, lease.epoch),
            )

    def leases(self) -> list[Lease]:
        """Those not given back; `until` tells whether one still runs."""
        with self._reading() as connection:
            rows = connection.execute("SELECT * FROM leases WHERE holder <> '' ORDER BY name").fetchall()
        return [Lease(row["name"], row["holder"], row["epoch"], parse_iso(row["until"])) for row in rows]

    # -- pacing

    def take_tokens(self, name: str, wanted: int, *, rate: float, burst: int, now: datetime) -> tuple[int, float]:
        """See EventStore.take_tokens. A new bucket is full (`burst`); `rate` 0 is no limit."""
        if rate <= 0 or wanted <= 0:
            return max(0, wanted), 0.0
        size, at = float(max(1, burst)), now.timestamp()
        with self._transaction(durable=False) as connection:
            row = connection.execute("SELECT tokens, at FROM buckets WHERE name = ?", (name,)).fetchone()
            tokens, since = (size, at) if row is None else (row["tokens"], row["at"])
            granted, left, since = grant(tokens, since, wanted, rate=rate, size=size, at=at)
            connection.execute(
                "INSERT INTO buckets VALUES (?, ?, ?) ON CONFLICT (name) DO UPDATE SET"
                " tokens = excluded.tokens, at = excluded.at",
                (name, left, since),
            )
        return granted, 0.0 if granted == wanted else (1.0 - left) / rate
