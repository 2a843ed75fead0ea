"""How the first of a board came to be so: their times over time. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Standing
from deepracer_admin.rules.standings import BoardRow

__all__ = ["FIRST", "Line", "lines_of"]

FIRST = 10
"""Racers, each a line: more cannot be told apart on a wall."""


@dataclass(frozen=True, slots=True)
class Line:
    """One racer's time, in milliseconds, from each instant on at which it changed (event time). `alias` as the board
    shows it."""

    rank: int
    alias: str
    points: Sequence[tuple[datetime, int]]


def lines_of(rows: Sequence[BoardRow], leaders: Sequence[tuple[datetime, Sequence[Standing]]]) -> list[Line]:
    """The first of `rows`, best first; `leaders`: the first rows of earlier boards, oldest first. A line begins when
    its racer came among those.
    """
    boards = [(at, _by_racer(standings)) for at, standings in leaders]
    return [Line(row.rank, row.alias, _points(row, boards)) for row in rows[:FIRST]]


def _by_racer(standings: Sequence[Standing]) -> dict[tuple[str, str], int]:
    """By profile where it is known, else by name; the better of two that nothing tells apart."""
    found: dict[tuple[str, str], int] = {}
    for row in standings:
        found.setdefault((row.profile_id, "" if row.profile_id else row.alias.casefold()), row.score_ms)
    return found


def _points(
    row: BoardRow, boards: Sequence[tuple[datetime, dict[tuple[str, str], int]]]
) -> tuple[tuple[datetime, int], ...]:
    profile = row.racer.profile
    key = (profile, "" if profile else row.racer.alias.casefold())
    points: list[tuple[datetime, int]] = []
    for at, scores in boards:
        score = scores.get(key)
        if score is not None and (not points or points[-1][1] != score):
            points.append((at, score))
    return tuple(points)
