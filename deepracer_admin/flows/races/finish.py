"""Watching what is on its way after a race's close, until its result is final (rules/finish.py).

One reading of all models where the service can, for all races at once; else each profile is asked by itself, a few a
round, and whoever had nothing on its way after the close is not asked again (deepracer-on-aws-capacity.md 4). What
cannot be read is said and is no evidence. What if it dies here? All that counts is stored; a repeat reads anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deepracer_admin.errors import NotThere, ServiceError, Throttled
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.races.race_jobs import own_races
from deepracer_admin.flows.readings.models import FEW, models_at_once
from deepracer_admin.model import Event, Lease, Model, Race, RaceStatus
from deepracer_admin.records.finishes import FINISHES, MODELS_IN_TRAINING
from deepracer_admin.rules.finish import (
    Finish,
    after_reading,
    after_standings,
    in_training,
    is_tracked,
    on_their_way,
)

__all__ = ["FinishWatcher", "tracked_races"]

EVERY_S, REHEARSED_EVERY_S = 60.0, 3.0  # real seconds between two readings of all models
NEAR = timedelta(minutes=15)  # before a close: who is in training then is told from who is submitted
_NOBODY = "The racing service lists nobody, so it cannot be seen whether results are still to come."


def tracked_races(ports: Ports, event: Event, races: Sequence[Race]) -> list[Race]:
    """Those whose end is this event's to say."""
    own = own_races(ports, event.id, races)
    return [race for race in races if is_tracked(race, own=race.id in own, event_starts_at=event.starts_at)]


@dataclass(slots=True)
class _Reading:
    """What one reading showed. `asked`: the profiles that were asked, None = everybody; `unasked`: those left."""

    models: Sequence[Model]
    at: datetime
    asked: frozenset[str] | None = None
    unasked: frozenset[str] = frozenset()


class FinishWatcher:
    """Of one event. `look` before the standings are read, `settle` after each."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._read_at = 0.0  # monotonic second of the last reading

    def look(self, event: Event, races: Sequence[Race], lease: Lease, *, at_once: bool = False) -> dict[str, Finish]:
        """Read what is on its way where a race is past its close and not final; what is known, by race id.

        Never raises a ServiceError: why it cannot be read stands in the row. `at_once`: without waiting for its turn.
        """
        now = self.ports.clock.event_now()
        mine = tracked_races(self.ports, event, races)
        kept = self.ports.store.rows(event.id, FINISHES)
        ended = [race for race in mine if race.status(now) is RaceStatus.CLOSED]
        due = [race for race in ended if not _is_final(kept.get(race.id), race)]
        near = any(race.status(now) is RaceStatus.OPEN and race.draft.closes_at - now <= NEAR for race in mine)
        if (due or near) and (at_once or self._is_time()):
            self._read_at = self.ports.clock.monotonic()
            try:
                reading = self._read(event, due, kept)
            except ServiceError as error:
                self._note_trouble(event, due, error.sentence, lease)
            else:
                if reading is not None:
                    self._keep(event, due, reading, lease)
                else:
                    self._note_trouble(event, due, _NOBODY, lease)
        found = self.ports.store.rows(event.id, FINISHES)
        return {race.id: found[race.id] for race in ended if race.id in found}

    def settle(self, event: Event, race: Race, *, at: datetime, changed: bool, lease: Lease) -> None:
        """The standings were read, beginning at `at` (event time): they may be final now, or have changed since."""

        def change(rows: Mapping[str, Finish]) -> dict[str, Finish]:
            kept = rows.get(race.id)
            if kept is None or kept.closes_at != race.draft.closes_at:
                return {}
            after = after_standings(kept, at=at, changed=changed)
            return {} if after == kept else {race.id: after}

        self.ports.store.change_rows(event.id, FINISHES, change, keys=[race.id], lease=lease)

    # ------------------------------------------------------------------------------------------------ inside

    def _is_time(self) -> bool:
        every = REHEARSED_EVERY_S if self.ports.rehearsal else EVERY_S
        return self.ports.clock.monotonic() - self._read_at >= every or not self._read_at

    def _read(self, event: Event, due: Sequence[Race], kept: Mapping[str, Finish]) -> _Reading | None:
        """None: nobody is listed, although somebody must be there."""
        ports, racing = self.ports, self.ports.racing()
        at = ports.clock.event_now()
        listed = [profile.id for profile in ports.store.profiles(event.id)[0]]
        if not listed:
            return None if ports.store.links(event.id) else _Reading((), at)
        if racing.capabilities.all_models_in_one_call:
            models = models_at_once(racing, listed)
            if models is not None:
                return _Reading(models, at)
        return self._read_few(due, kept, listed, at) if due else None

    def _read_few(
        self, due: Sequence[Race], kept: Mapping[str, Finish], listed: Sequence[str], at: datetime
    ) -> _Reading:
        """Those who have something on their way, and some that were not asked since a close."""
        rows = [kept[race.id] for race in due if race.id in kept and kept[race.id].closes_at == race.draft.closes_at]
        asked = [row.asked for row in rows] if len(rows) == len(due) else [frozenset[str]()]
        known = frozenset.intersection(*asked)
        waits = dict.fromkeys(owner for row in rows for owner in (row.waits or {}).values())
        fresh = [key for key in listed if key not in known]
        part = [*dict.fromkeys([*[*waits][:FEW], *fresh[:FEW]])]
        models: list[Model] = []
        done: list[str] = []
        for profile in part:
            try:
                models += self.ports.racing().models([profile])
            except NotThere:  # deleted meanwhile, with what was on its way
                pass
            except Throttled:
                if not done:
                    raise
                break
            done.append(profile)
        return _Reading(models, at, frozenset(done), frozenset(listed) - known - {*done})

    def _keep(self, event: Event, due: Sequence[Race], reading: _Reading, lease: Lease) -> None:
        store, managed = self.ports.store, self.ports.racing().kind == "managed"
        before = store.read(event.id, MODELS_IN_TRAINING)
        waits, sure = on_their_way(reading.models, training=before, managed=managed)
        if reading.asked is None:
            seen = in_training(reading.models, before=before, at=reading.at)
            store.keep(event.id, MODELS_IN_TRAINING, seen, lease=lease)

        def change(rows: Mapping[str, Finish]) -> dict[str, Finish]:
            return {
                race.id: after_reading(
                    rows.get(race.id),
                    race,
                    waits,
                    sure,
                    at=reading.at,
                    asked=reading.asked,
                    to_ask=len(reading.unasked),
                )
                for race in due
            }

        if due:
            store.change_rows(event.id, FINISHES, change, keys=[race.id for race in due], lease=lease)

    def _note_trouble(self, event: Event, due: Sequence[Race], sentence: str, lease: Lease) -> None:
        def change(rows: Mapping[str, Finish]) -> dict[str, Finish]:
            found: dict[str, Finish] = {}
            for race in due:
                kept = rows.get(race.id)
                kept = kept if kept and kept.closes_at == race.draft.closes_at else Finish(race.draft.closes_at)
                if kept.trouble != sentence and kept.final_at is None:
                    found[race.id] = replace(kept, trouble=sentence)
            return found

        if due:
            self.ports.store.change_rows(event.id, FINISHES, change, keys=[race.id for race in due], lease=lease)


def _is_final(kept: Finish | None, race: Race) -> bool:
    return kept is not None and kept.closes_at == race.draft.closes_at and kept.final_at is not None
