"""Races, entrants, boards and the big screen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deepracer_admin.store.version_4.moved import Move, Moved, same, to_rows

__all__ = ["MOVES"]


def _marks(value: dict[str, Any]) -> Iterable[Moved]:
    """Marks went by alias alone: a row each, of no known profile."""
    for race, marks in value.items():
        if marks.get("frozen_at"):
            yield Moved("frozen_boards", {"at": marks["frozen_at"]}, race)
        hidden, out = {*marks.get("hidden", ())}, marks.get("disqualified", {})
        for alias in sorted(hidden | {*out}):
            body = {"race": race, "racer": {"alias": alias}}
            body |= {"hidden": alias in hidden, "disqualified": out.get(alias, "")}
            yield Moved("board_marks", body, f"{race}/alias:{alias}")


def _participants(value: dict[str, Any]) -> Iterable[Moved]:
    for race, read in value.items():
        yield Moved("participants", {"aliases": dict(read.get("rows", ())), "as_of": read.get("as_of")}, race)


MOVES: dict[str, Move] = {
    "board_marks": _marks,
    "participants": _participants,
    "entry_lists": lambda value: [Moved("entry_lists", {"people": people}, race) for race, people in value.items()],
    "own_races": same("own_races"),
    "live_links": to_rows("live_links"),
    "tracks": same("tracks"),
    "models_seen": same("models_seen"),
}
