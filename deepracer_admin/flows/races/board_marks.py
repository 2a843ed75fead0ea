"""Marks of a board, brought to the rows that it has now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deepracer_admin.model import Standing
from deepracer_admin.records.boards import BOARD_MARKS, BoardMark
from deepracer_admin.rules.racers import Racers, racers_of
from deepracer_admin.store import EventStore

__all__ = ["BoardMarks", "brought", "marks_of", "read_marks"]


@dataclass(frozen=True, slots=True)
class BoardMarks:
    """`hidden` and `disqualified`: ids of racers as the rows have them now (rules/racers.py).

    `kept`: the marks by their row of BOARD_MARKS; `of`: those rows by the id that the racer has now. `unclear`:
    sentences about marks of which it cannot be told any more whom they mean.
    """

    hidden: frozenset[str] = frozenset()
    disqualified: frozenset[str] = frozenset()
    kept: Mapping[str, BoardMark] = field(default_factory=dict)
    of: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unclear: Sequence[str] = ()


def read_marks(store: EventStore, event: str, race: str, rows: Sequence[Standing]) -> BoardMarks:
    """What was done to this race's board. Where two racers may be meant, a name is hidden for both, because a name that
    is shown cannot be taken back; nobody is disqualified for another.
    """
    return brought(marks_of(store, event, race), rows)


def marks_of(store: EventStore, event: str, race: str) -> dict[str, BoardMark]:
    """The marks of this race by their row of BOARD_MARKS."""
    return {key: mark for key, mark in store.rows(event, BOARD_MARKS).items() if mark.race == race}


def brought(kept: Mapping[str, BoardMark], rows: Sequence[Standing]) -> BoardMarks:
    """Marks as `marks_of` gives them, of whom the rows have now. Pure; as `read_marks` otherwise."""
    if not kept:
        return BoardMarks()
    racers = racers_of(rows)
    known = Racers(racers)
    hidden: set[str] = set()
    out: set[str] = set()
    of: defaultdict[str, list[str]] = defaultdict(list)
    unclear: list[str] = []
    for key, mark in kept.items():
        meant = [racers[place].id for place in known.find(mark.racer)]
        if mark.hidden:
            hidden |= {*meant}
        if len(meant) == 1:
            of[meant[0]].append(key)
            out |= {*meant} if mark.disqualified else set()
        elif meant:
            unclear.append(_unclear(mark, len(meant)))
    return BoardMarks(frozenset(hidden), frozenset(out), kept, of, tuple(unclear))


def _unclear(mark: BoardMark, racers: int) -> str:
    word = "Two" if racers == 2 else f"{racers}"
    shared = f"{word} racers share the name “{mark.racer.alias}”"
    if mark.disqualified:
        return f"{shared}; whom the disqualification means cannot be told any more, so it is not in force: look again."
    return f"{shared}; whom to hide cannot be told any more, so the name is hidden for each of them."
