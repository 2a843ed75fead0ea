"""Room for a race: before it closes, nobody starts anything new, so that submissions find a slot (capacity 2). Pure.

A submission that finds no slot fails and has used up one of its racer's tries (deepracer-on-aws-capacity.md 2). So room
is kept from some hours before the close until the last result is in, and never longer than `LONGEST_AFTER`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.model import Profile, Race, RaceStatus, UsageSample
from deepracer_admin.rules.alarms import AMBER, Alarm
from deepracer_admin.rules.finish import DISPATCH_S, Finish
from deepracer_admin.rules.holding_back import ROOM, Cap, HeldBack

__all__ = [
    "LONGEST_AFTER",
    "MOST_HOURS",
    "Load",
    "Room",
    "begins_early",
    "caps_for_room",
    "is_short",
    "load_of",
    "race_with_room",
    "short_of_slots",
    "until_at_most",
]

LONGEST_AFTER = timedelta(hours=3)
"""After the close: should the end of a result never be seen, what was lowered is given back all the same."""
MOST_HOURS = 72.0
SHORTEST_JOB_MIN = 10.0  # the shortest training or evaluation that the service takes (deepracer-on-aws.md 2.6)


SUBMISSION_MIN = 7.0
"""Minutes that a submission of three laps keeps a slot, starting included: an assumption, nearer to the long ones."""
RUSH = timedelta(minutes=15)  # before the close, slots should be free by then
LOOKS_AGAIN = timedelta(hours=1)
"""Whoever waits for a slot presses Retry by a habit: an assumption of how long most of them take to look again."""


@dataclass(frozen=True, slots=True)
class Room:
    """What organizers asked for. `hours`: the rule "the last so many hours of each race of ours", 0 = none; `by_hand`:
    races for which room is kept at once; `ended`: races for which it was ended early. `by_name`: who said so last.

    `early`: the rule begins earlier where it takes that; `begun`: races for which it did, each with the close that it
    began for, so that a race that is extended is looked at anew."""

    hours: float = 0.0
    by_hand: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    by_name: str = ""
    early: bool = True
    begun: Mapping[str, datetime] = field(default_factory=dict[str, datetime])


@dataclass(frozen=True, slots=True)
class Load:
    """What takes slots now. `racers`: who may submit. `running`, `queued` and `waiting` count models, None: not read.
    `minutes`: asked for by all of them and not finished. `at`: event time."""

    at: datetime
    slots: int
    racers: int
    running: int | None
    queued: int | None
    waiting: int | None
    minutes: float

    @property
    def needed(self) -> int:
        """Slots that submissions take when everybody hands in at the end: no more than the dispatcher can fill, which
        starts 15 jobs a minute whatever the slots (deepracer-on-aws-capacity.md 3). An estimate."""
        return min(self.racers, math.ceil(SUBMISSION_MIN * 60 / DISPATCH_S))

    @property
    def jobs(self) -> int | None:
        """Models that have a slot or may take one at any time: room cannot stop them. None: not read."""
        if self.running is None or self.queued is None or self.waiting is None:
            return None
        return self.running + self.queued + self.waiting

    @property
    def is_in_the_way(self) -> bool:
        """Would what runs and waits leave submissions too few slots?"""
        return self.minutes > 0 and (self.jobs is None or self.jobs > max(0, self.slots - self.needed))

    @property
    def takes(self) -> timedelta:
        """Until all of it is through, if nobody begins anything new. An estimate."""
        return timedelta(minutes=self.minutes / max(1, self.slots)) + LOOKS_AGAIN


def load_of(sample: UsageSample, *, slots: int, racers: int) -> Load:
    """By the last sample."""
    return Load(
        sample.at, slots, racers, sample.running, sample.queued, sample.waiting, max(0.0, sample.minutes_queued)
    )


def until_at_most(race: Race) -> datetime:
    """When room ends at the latest."""
    return race.draft.closes_at + LONGEST_AFTER


def race_with_room(
    room: Room, races: Iterable[Race], finishes: Mapping[str, Finish], own: Collection[str], now: datetime
) -> Race | None:
    """The race for which room is kept at `now` (event time); of several, the one that closes last."""
    found: list[Race] = []
    for race in races:
        if race.id in room.ended or race.id not in own or now >= until_at_most(race):
            continue
        if race.status(now) is RaceStatus.UPCOMING:
            continue
        ruled = room.hours > 0 and (_is_ruled(room, race, now) or (room.early and _has_begun(room, race)))
        if not ruled and race.id not in room.by_hand:
            continue
        finish = finishes.get(race.id)
        if finish and finish.closes_at == race.draft.closes_at and finish.final_at is not None:
            continue
        found.append(race)
    return max(found, key=lambda race: race.draft.closes_at, default=None)


def _is_ruled(room: Room, race: Race, now: datetime) -> bool:
    return now >= race.draft.closes_at - timedelta(hours=room.hours)


def _has_begun(room: Room, race: Race) -> bool:
    return room.begun.get(race.id) == race.draft.closes_at


def begins_early(room: Room, races: Iterable[Race], own: Collection[str], load: Load, now: datetime) -> list[Race]:
    """Open races for which the rule must begin before its hours, because what runs and waits would still have the slots
    when everybody hands in: a model that waits is retried by its racer whatever its limit is
    (deepracer-on-aws-capacity.md 1). Never in the first half of a race, nor more than `MOST_HOURS` before its end.
    """
    if not (room.hours and room.early):
        return []
    return [
        race
        for race in races
        if race.id in own
        and race.id not in room.ended
        and not (_is_ruled(room, race, now) or _has_begun(room, race))
        and is_short(race, load, now)
    ]


def is_short(race: Race, load: Load, now: datetime) -> bool:
    """In the second half of an open race: would what runs and waits still have slots that submissions need when
    everybody hands in, even if nobody began anything new from now on? An estimate.
    """
    opens, closes = race.draft.opens_at, race.draft.closes_at
    earliest = max(opens + (closes - opens) / 2, closes - timedelta(hours=MOST_HOURS))
    if race.status(now) is not RaceStatus.OPEN or now < earliest:
        return False
    return load.is_in_the_way and closes - RUSH - now <= load.takes


def short_of_slots(
    races: Iterable[Race], own: Collection[str], load: Load, kept: Race | None, now: datetime
) -> list[Alarm]:
    """One for each race of ours; `kept`: that for which room is kept."""
    found: list[Alarm] = []
    for race in races:
        if race.id not in own or not is_short(race, load, now):
            continue
        is_kept = kept is not None and kept.id == race.id
        found.append(
            Alarm(
                "rush",
                f"Slots will be taken when “{race.draft.name}” closes",
                f"What runs and waits takes longer than until the close, and submissions take up to "
                f"{counted(load.needed, 'slot')} of {load.slots:,} (estimate): one that finds none fails.",
                "Ask for more slots, or let people hand in before the last quarter of an hour."
                if is_kept
                else "Keep room for the race.",
                "Races",
                subject=race.id,
                level=AMBER,
            )
        )
    return found


def caps_for_room(profiles: Iterable[Profile], held: Mapping[str, HeldBack]) -> dict[str, Cap]:
    """Each profile's limit lowered to what it has used, in whole minutes, so that no job of ten minutes fits any more.

    What was lowered stays as it is while that still holds: a counter that begins anew with the month makes room again.
    """
    caps: dict[str, Cap] = {}
    for profile in profiles:
        row = held.get(profile.id)
        minutes = int(profile.minutes_used)
        if row is not None and ROOM in row.why and row.minutes is not None and row.minutes <= minutes:
            minutes = row.minutes
        caps[profile.id] = Cap(minutes, (ROOM,))
    return caps
