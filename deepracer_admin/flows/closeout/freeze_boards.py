"""Freezing the races at the close-out: this event's end now where the service can do that, everybody's board is kept.

A deployment, or an account, may hold races of other people: those stay open and are named. A board of a race whose
results may still come is held after the last of them, by the step that waits for it (await_results.py). What if it dies
here? A race that was ended already is closed, or ends once more at nearly the same time; standings are kept only when
they differ.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.errors import NotThere, Refused, Unsupported
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.races.race_jobs import own_races
from deepracer_admin.flows.readings.standings import read_standings
from deepracer_admin.model import Event, Job, Lease, Race, RaceStatus
from deepracer_admin.racing import RacingService
from deepracer_admin.records.boards import FROZEN_BOARDS, FrozenBoard

__all__ = ["freeze", "hold"]

NAMED = 10  # races that are named before the rest is only counted


@dataclass(slots=True)
class _Told:
    """What became of the open races, by name."""

    ended: int = 0
    too_early: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    of_others: list[str] = field(default_factory=list)


def freeze(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """End what is this event's, take the standings, and say what stays open and why."""
    racing = ports.racing()
    races = list(racing.races())
    mine = own_races(ports, event.id, races)
    now = ports.clock.event_now()
    told = _Told()
    taken: list[str] = []
    for race in races:
        over = race.status(now) is RaceStatus.CLOSED
        if race.status(now) is RaceStatus.OPEN:
            if race.id in mine:
                over = _end(racing, race, told)
            else:
                told.of_others.append(race.draft.name)
        if _take(ports, event, race, now) and not (over and race.id in mine):
            taken.append(race.id)
    ports.store.save_races(event.id, list(racing.races()), seen_at=ports.clock.now(), lease=lease)
    hold(ports, event, taken, lease)
    return _sentence(len(races), told)


def hold(ports: Ports, event: Event, races: Collection[str], lease: Lease) -> None:
    """Hold these boards from now on, after the last reading, so that they show it; those that are held stay as they
    are."""
    held_at = ports.clock.event_now()
    ports.store.change_rows(
        event.id,
        FROZEN_BOARDS,
        lambda frozen: {race: frozen.get(race, FrozenBoard(held_at)) for race in races},
        keys=races,
        lease=lease,
    )


def _end(racing: RacingService, race: Race, told: _Told) -> bool:
    """Is it over now?"""
    if not racing.capabilities.close_early:
        told.too_early.append(race.draft.name)
        return False
    try:
        racing.close_race(race.id)
        told.ended += 1
        return True
    except NotThere:
        return True  # deleted meanwhile
    except (Refused, Unsupported) as error:  # a live race ends when its winner is declared
        told.refused.append(f"{race.draft.name} ({error.sentence.rstrip('.')})")
        return False


def _take(ports: Ports, event: Event, race: Race, now: datetime) -> bool:
    """Keep the standings as they are; False when the race was deleted meanwhile."""
    if race.status(now) is RaceStatus.UPCOMING:
        return True
    try:
        read_standings(ports, event.id, race.id)
    except NotThere:
        return False
    return True


def _sentence(races: int, told: _Told) -> str:
    sentence = f"{counted(races, 'race')} frozen, {told.ended} ended early."
    if told.too_early:
        sentence += f" The service cannot end these early, their boards are frozen here: {_named(told.too_early)}."
    if told.refused:
        word = counted(len(told.refused), "race of this event stays", "races of this event stay")
        sentence += f" {word} open, which the service refused to end: {_named(told.refused)}."
    if told.of_others:
        word = counted(
            len(told.of_others), "race that is not this event's stays", "races that are not this event's stay"
        )
        sentence += f" {word} open: {_named(told.of_others)}."
    return sentence


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
