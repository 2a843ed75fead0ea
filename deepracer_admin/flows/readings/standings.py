"""Standings as the service gives them, with whose they are, kept whenever they differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Standing
from deepracer_admin.records.erasures import SUPPRESSED, Suppressed
from deepracer_admin.rules.racers import identified

__all__ = ["StandingsRead", "read_standings"]


@dataclass(frozen=True, slots=True)
class StandingsRead:
    rows: Sequence[Standing]
    changed: bool


def read_standings(ports: Ports, event: str, race: str) -> StandingsRead:
    """Read now and keep. Each row has its profile where it is known (rules/racers.py). May raise ServiceError."""
    rows = list(ports.racing().standings(race))
    former, _ = ports.history.standings(event, race)
    profiles = () if all(row.profile_id for row in rows) else ports.store.profiles(event)[0]
    erased = ports.store.read(event, SUPPRESSED)
    known = [_nameless(row, erased) for row in identified(rows, profiles, former)]
    return StandingsRead(known, ports.history.save_standings(event, race, ports.clock.event_now(), known))


def _nameless(row: Standing, erased: Suppressed) -> Standing:
    """Who was erased keeps a place and times, no name; a racer name that somebody else bears now is theirs."""
    theirs = erased.holds(row.profile_id) if row.profile_id else erased.holds(row.alias)
    return row._replace(alias=erased.salt, profile_id=erased.salt if row.profile_id else "") if theirs else row
