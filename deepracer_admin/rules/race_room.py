"""Room for a race: before it closes, nobody starts anything new, so that submissions find a slot (capacity 2). Pure.

A submission that finds no slot fails and has used up one of its racer's tries (deepracer-on-aws-capacity.md 2). So room
is kept from some hours before the close until the last result is in, and never longer than `LONGEST_AFTER`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.model import Profile, Race, RaceStatus
from deepracer_admin.rules.finish import Finish
from deepracer_admin.rules.holding_back import ROOM, Cap, HeldBack

__all__ = ["LONGEST_AFTER", "MOST_HOURS", "Room", "caps_for_room", "race_with_room", "until_at_most"]

LONGEST_AFTER = timedelta(hours=3)
"""After the close: should the end of a result never be seen, what was lowered is given back all the same."""
MOST_HOURS = 72.0
SHORTEST_JOB_MIN = 10.0  # the shortest training or evaluation that the service takes (deepracer-on-aws.md 2.6)


@dataclass(frozen=True, slots=True)
class Room:
    """What organizers asked for. `hours`: the rule "the last so many hours of each race of ours", 0 = none; `by_hand`:
    races for which room is kept at once; `ended`: races for which it was ended early. `by_name`: who said so last."""

    hours: float = 0.0
    by_hand: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    by_name: str = ""


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
        ruled = room.hours > 0 and now >= race.draft.closes_at - timedelta(hours=room.hours)
        if not ruled and race.id not in room.by_hand:
            continue
        finish = finishes.get(race.id)
        if finish and finish.closes_at == race.draft.closes_at and finish.final_at is not None:
            continue
        found.append(race)
    return max(found, key=lambda race: race.draft.closes_at, default=None)


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
