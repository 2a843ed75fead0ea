"""Marks of a board, brought to the rows that it has now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deepracer_admin.model import Standing
from deepracer_admin.records.boards import BOARD_MARKS, MASKED_WORDS, BoardMark
from deepracer_admin.rules.racers import Racers, racers_among, racers_of
from deepracer_admin.rules.rude_names import rude_test
from deepracer_admin.store import EventStore

__all__ = ["BoardMarks", "brought", "marks_of", "read_marks", "words_of"]


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
    """What was done to this race's board, and whose alias is rude. Where two racers may be meant, a name is hidden for
    both, because a name that is shown cannot be taken back; nobody is disqualified, or shown, for another.
    """
    return brought(marks_of(store, event, race), rows, words_of(store, event))


def marks_of(store: EventStore, event: str, race: str) -> dict[str, BoardMark]:
    """The marks of this race by their row of BOARD_MARKS."""
    return {key: mark for key, mark in store.rows(event, BOARD_MARKS).items() if mark.race == race}


def words_of(store: EventStore, event: str) -> tuple[str, ...]:
    """What the boards of this event mask besides the words of the list."""
    return store.read(event, MASKED_WORDS).words


def brought(kept: Mapping[str, BoardMark], rows: Sequence[Standing], words: tuple[str, ...] = ()) -> BoardMarks:
    """Marks as `marks_of` gives them, of whom the rows have now; `words` as of `words_of`. Pure; as `read_marks`
    otherwise."""
    rude = _rude(rows, words)
    if not kept:
        return BoardMarks(rude)
    racers = racers_of(rows)
    known = Racers(racers)
    hidden: set[str] = set()
    shown: set[str] = set()
    out: set[str] = set()
    of: defaultdict[str, list[str]] = defaultdict(list)
    unclear: list[str] = []
    for key, mark in kept.items():
        places = known.find(mark.racer)
        meant = [racers[place].id for place in places]
        if mark.hidden:
            hidden |= {*meant}
        if len(meant) == 1:
            of[meant[0]].append(key)
            out |= {*meant} if mark.disqualified else set()
            shown |= {each.id for each in map(racers.__getitem__, places) if each.alias == mark.shown}
        elif meant:
            unclear.append(_unclear(mark, len(meant)))
    return BoardMarks((rude - shown) | hidden, frozenset(out), kept, of, tuple(unclear))


def _rude(rows: Sequence[Standing], words: tuple[str, ...]) -> frozenset[str]:
    is_rude = rude_test(words)
    found = [row for row in rows if is_rude(row.alias)]
    return frozenset(racer.id for racer in racers_among(rows, found)) if found else frozenset()


def _unclear(mark: BoardMark, racers: int) -> str:
    word = "Two" if racers == 2 else f"{racers}"
    shared = f"{word} racers share the name “{mark.racer.alias}”"
    if mark.disqualified:
        return f"{shared}; whom the disqualification means cannot be told any more, so it is not in force: look again."
    if not mark.hidden:
        return f"{shared}; whose was to be shown cannot be told any more, so the name is masked for each of them."
    return f"{shared}; whom to hide cannot be told any more, so the name is hidden for each of them."
