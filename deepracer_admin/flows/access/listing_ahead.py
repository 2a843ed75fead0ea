"""Listings of profiles for onboarding: one after another, and the next one beside what is still being set up.

A listing takes ceil((N + 1) / 100) calls one after another, ten seconds for 10,000 people at a tenth of a second each.
When the last invitation is through while others are still being set up, the listing that will show the last ones runs
beside that. It is looked at only by the next look; what it may show as it was before is remembered (`set_since`). What
if it dies here? Nothing is stored but the listing itself; another process lists anew.
"""

from __future__ import annotations

from collections.abc import Set
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deepracer_admin.flows.access.invitations import Invitations
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.profiles import read_profiles
from deepracer_admin.model import Event, Lease, Profile

__all__ = ["Listing", "Listings"]

STALE = timedelta(seconds=15)  # a listing ahead that was not looked at by then is made again


@dataclass(slots=True)
class Listing:
    """Profiles as listed (None while that goes on), and what was known just before the listing began."""

    ours: Set[str]
    half_in: Set[str]
    pending: Set[str]
    set_since: set[str] = field(default_factory=set)  # set up after it began: it may still show them as they were
    profiles: list[Profile] | None = None
    at: datetime | None = None
    took_s: float = 0.0


class Listings:
    """The listings of one reconciler. `set_up_since`: people who were set up or removed since the last one began."""

    def __init__(self, ports: Ports, invitations: Invitations) -> None:
        self.ports, self.invitations = ports, invitations
        self.last: Listing | None = None
        self.listed_at: datetime | None = None
        self.set_up_since = 0
        self._ahead: Future[None] | None = None

    @property
    def took_s(self) -> float:
        """Real seconds of the last listing."""
        return self.last.took_s if self.last else 0.0

    def make(self, event: Event, lease: Lease) -> Listing:
        """List now. Raises ServiceError."""
        listing = self._announce(event)
        self._list(event, lease, listing)
        return listing

    def begin_ahead(self, event: Event, lease: Lease) -> None:
        """List beside other work, if the last invitation has come through since the last listing began."""
        if self._ahead is None and self.invitations.settled and not self.invitations.active(event):
            with_one = ThreadPoolExecutor(1, thread_name_prefix="list-ahead")
            self._ahead = with_one.submit(self._list, event, lease, self._announce(event))
            with_one.shutdown(wait=False)

    def note_set_up(self, people: Set[str]) -> None:
        """These were set up; a listing that has begun may show them as they were."""
        if self._ahead is not None and self.last is not None:
            self.last.set_since |= people

    def take_ahead(self) -> Listing | None:
        """The listing that was begun beside other work, unless it is out of date; waits for it. Raises what it did."""
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return None
        ahead.result()
        listing = self.last
        fresh = listing and listing.at and self.ports.clock.now() - listing.at < STALE
        return listing if fresh else None

    def _announce(self, event: Event) -> Listing:
        """A listing is about to begin: who finishes meanwhile is looked at next time."""
        self.invitations.settled, self.set_up_since = 0, 0
        ours, half_in = self.invitations.ours(event), self.invitations.half_in(event)
        self.last = Listing(ours, half_in, self.invitations.pending(event))
        return self.last

    def _list(self, event: Event, lease: Lease, listing: Listing) -> None:
        began = self.ports.clock.monotonic()
        listing.profiles = read_profiles(self.ports, event, lease)
        listing.took_s = self.ports.clock.monotonic() - began
        listing.at = self.listed_at = self.ports.clock.now()
