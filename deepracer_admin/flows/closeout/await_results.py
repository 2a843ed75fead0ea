"""The close-out waits for the last results of the event's own races, or is told not to.

A submission that was handed in before the close is ranked whenever it finishes, and deleting its racer's models or
profile kills it (deepracer-on-aws-capacity.md 4): so this comes before anything is deleted. It ends by its patience, by
an organizer's word (the result is declared final, the step skipped), or when the last result is in. What if it dies
here? It looks anew; boards are held once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from deepracer_admin.counted import counted
from deepracer_admin.errors import NotThere
from deepracer_admin.flows.closeout.freeze_boards import hold
from deepracer_admin.flows.closeout.steps import NotYet
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.races.finish import FinishWatcher
from deepracer_admin.flows.races.race_jobs import own_races
from deepracer_admin.flows.readings.standings import read_standings
from deepracer_admin.flows.sponsorship.race_room import end_room
from deepracer_admin.model import Event, Job, Lease, Race, RaceStatus
from deepracer_admin.records.closing import Leftover
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.rules.finish import Finality, finality

__all__ = ["await_results"]

AGAIN_S = 5.0
SOON_S, SOON_REAL_S = 300.0, 10.0  # so far ahead the end of a race that is ended now may lie, event and real seconds
NAMED = 10


def await_results(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Final, and held; else raises NotYet with what is waited for."""
    listed = list(ports.racing().races())
    mine = own_races(ports, event.id, listed)
    soon = ports.clock.event_now() + timedelta(seconds=max(SOON_S, SOON_REAL_S * ports.clock.factor))
    races = [race for race in listed if race.id in mine and race.draft.closes_at <= soon]
    waits, watcher = bool(job.plan.get("wait", True)), FinishWatcher(ports)
    if waits:
        watcher.look(event, races, lease, at_once=True)
    for race in races:
        began = ports.clock.event_now()
        try:
            changed = read_standings(ports, event.id, race.id).changed
        except NotThere:
            continue
        if waits and _is_over(ports, race):
            watcher.settle(event, race, at=began, changed=changed, lease=lease)
    open_still = [(race, view) for race in races if not (view := _view(ports, event, race)).is_final]
    if open_still and waits:
        raise NotYet(_waits_for(open_still), AGAIN_S, left=[_left(open_still)])
    hold(ports, event, [race.id for race in races], lease)
    held = end_room(ports, event, lease)
    if held and waits and ports.store.read(event.id, SPONSORSHIP).is_open:
        words = counted(held, "limit that was lowered for a race is", "limits that were lowered for a race are")
        raise NotYet(f"{words} being given back.", AGAIN_S, left=[_limits_left(held)])
    if not open_still:
        final = counted(len(races), "race is", "races are")
        return f"{final} final." if races else "No race of this event is over, so no result is waited for."
    return f"Told not to wait: {_waits_for(open_still)} What comes later is not on the held board."


def _limits_left(held: int) -> Leftover:
    return Leftover(
        "limits that were lowered for a race",
        held,
        why="The service does not show yet what was given back.",
        way_out="Look at the quotas on the Usage page.",
    )


def _is_over(ports: Ports, race: Race) -> bool:
    return race.status(ports.clock.event_now()) is RaceStatus.CLOSED


def _view(ports: Ports, event: Event, race: Race) -> Finality:
    kept = ports.store.row(event.id, FINISHES, race.id)
    return finality(race, kept, now=ports.clock.event_now(), slots=event.slots)


def _waits_for(races: Sequence[tuple[Race, Finality]]) -> str:
    """Names the races; what changes with time alone, like the expected end, is left out, for it is no progress."""
    names = ", ".join(race.draft.name for race, _ in races[:NAMED])
    more = f" and {len(races) - NAMED:,} more" if len(races) > NAMED else ""
    coming = sum(view.on_way or 0 for _, view in races)
    to_ask = sum(view.to_ask for _, view in races)
    said = counted(coming, "submission is still on its way", "submissions are still on their way") if coming else ""
    if to_ask:
        asked = counted(to_ask, "profile has", "profiles have")
        said = f"{said}, {asked} not been asked" if said else f"{asked} not been asked for submissions on their way"
    trouble = next((view.trouble for _, view in races if view.trouble), "")
    return f"{names}{more}: {said or 'the standings are read once more'}.{f' {trouble}' if trouble else ''}"


def _left(races: Sequence[tuple[Race, Finality]]) -> Leftover:
    return Leftover(
        "races whose last results were not waited for" if len(races) > 1 else "race whose last results may still come",
        len(races),
        tuple(race.id for race, _ in races[:NAMED]),
        _waits_for(races),
        "Look at the race at the service before its models are deleted, or declare the result final.",
    )
