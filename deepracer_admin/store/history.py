"""What a History must do: samples and standings over time."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from deepracer_admin.model import ModelJobs, Profile, ProfileUses, Standing, UsageSample
from deepracer_admin.store.person import Person

__all__ = ["History", "Snapshot", "SoFar"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Standings as they were kept, best first. `stamp`: the same for the same rows and no others; "" for none."""

    rows: tuple[Standing, ...] = ()
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class SoFar:
    """All profiles together at the last sample, `at` (event time): minutes over resets, storage, and how many used or
    asked for any minutes; as `profile_uses` gives them one by one.
    """

    at: datetime
    minutes: float
    gb_hours: float
    active: int


class History(Protocol):
    """Samples over time; local SQLite. Event time throughout."""

    def add_usage(
        self,
        event: str,
        at: datetime,
        profiles: Sequence[Profile],
        *,
        jobs: Mapping[str, ModelJobs] | None = None,
        slots: int = 8,
    ) -> UsageSample:
        """What the service said about these profiles at `at`: totals, and per profile only what changed. Returns the
        totals. Taken twice it changes nothing; one that comes after a newer one is left out.

        Minutes used go on over monthly resets of the service's counters (store/samples.py), and when a profile is
        listed no more. `jobs`: models by what they do, by profile id; None: not read. `slots` bounds what can have gone
        unseen around a reset.
        """
        ...

    def usage_gaps(self, event: str, *, longer: timedelta) -> list[tuple[datetime, datetime]]:
        """Between which samples more time passed than `longer`."""
        ...

    def usage(self, event: str, *, since: datetime | None = None, points: int = 400) -> list[UsageSample]:
        """Totals over time, thinned to at most `points` (first and last kept)."""
        ...

    def usage_read_at(self, event: str) -> datetime | None:
        """When the last sample was taken; None before the first. Cheap."""
        ...

    def usage_of(self, event: str, profile: str) -> list[tuple[datetime, float, float]]:
        """(at, minutes used, minutes queued) of one profile; minutes used go on over monthly resets."""
        ...

    def profile_uses(self, event: str, *, since: datetime) -> ProfileUses:
        """Every profile that was ever sampled, as of the last sample; `since`: when the window of recent use begins."""
        ...

    def usage_so_far(self, event: str) -> SoFar | None:
        """The sums of `profile_uses`; None before the first sample. Cheap."""
        ...

    def used_before_reset(self, event: str) -> dict[str, float]:
        """Minutes per profile that a monthly reset has taken from the service's counters (deepracer-on-aws.md 2.3).

        To be added to a counter that was just read; `usage` and `usage_of` hold them already.
        """
        ...

    def disown(self, event: str, profiles: Collection[str]) -> int:
        """These profiles were never the event's: what they used goes out of the totals, the past ones too, as if they
        had not been sampled. Of storage an even growth is taken out, for its past is not kept; counts of models stay as
        they were read. How many of them there were; again it is 0.
        """
        ...

    def save_standings(self, event: str, race: str, at: datetime, rows: Sequence[Standing]) -> bool:
        """A new snapshot when it differs from the last; always moves the "as of". True when it differed."""
        ...

    def standings(self, event: str, race: str) -> tuple[list[Standing], datetime | None]: ...

    def snapshot(self, event: str, race: str, *, at: datetime | None = None) -> Snapshot:
        """The snapshot in force now, or at an earlier instant; an empty one when nothing was known. Reads anew what is
        stored and makes its rows only when they differ: whoever looks every two seconds may.
        """
        ...

    def standings_read_at(self, event: str) -> dict[str, datetime]:
        """By race id: when its standings were last read. Reads no standings."""
        ...

    def standings_version(self, event: str, race: str) -> Hashable:
        """Differs when the snapshot in force now does, or when it was read anew. Reads no standings."""
        ...

    def leaders(
        self, event: str, race: str, *, first: int, points: int, until: datetime | None = None
    ) -> list[tuple[datetime, Sequence[Standing]]]:
        """The `first` rows by time of at most `points` + 1 snapshots, evenly thinned by number, oldest first; the last
        one up to `until` is always among them. What was worked out once is kept.
        """
        ...

    def standings_before(self, event: str, race: str, at: datetime) -> list[Standing]:
        """The snapshot in force at an earlier instant, for rank changes."""
        ...

    def take_out(self, event: str, person: Person) -> int:
        """One person becomes nobody: their minutes and results stay, so that totals and places stay true, under a mark
        that names nobody. Idempotent. Returns the rows changed.
        """
        ...

    def erase(self, event: str) -> None: ...

    def compact(self) -> None:
        """As EventStore.compact."""
        ...

    def close(self) -> None: ...
