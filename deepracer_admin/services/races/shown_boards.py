"""Boards as they are shown, each made by one for all who look at it."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from deepracer_admin.made_once import Shared
from deepracer_admin.services.races.board_views import BoardLines, BoardRead, BoardView

__all__ = ["PLACES", "ShownBoards"]

PLACES = 500
"""Of a board that is shown; its export has all."""
FRESH_S = 1.0  # status and finality move with time; a new result makes it anew at once
LONGEST_S = 3.0
MOST = 12


@dataclass(frozen=True, slots=True)
class _Shown:
    stamp: Hashable
    lines: BoardLines
    view: BoardView


class ShownBoards:
    """Real seconds come from `now_s`. Who may see a board is asked by the service, before it asks here; what two of
    them may not see alike (both orders of a held board, marks) is part of the key."""

    def __init__(self, now_s: Callable[[], float], places: int | None = PLACES) -> None:
        self._places = places  # None: all
        self._shared: Shared[_Shown] = Shared(fresh_s=FRESH_S, longest_s=LONGEST_S, most=MOST, now_s=now_s)

    def view(self, key: Hashable, version: Hashable, read: Callable[[], BoardRead]) -> BoardView:
        """The board of this key: the same value until something in it differs. While one works out a new `version`,
        the others see the board of before, at most three seconds old."""

        def make(former: _Shown | None) -> _Shown:
            now = read()
            same = former is not None and former.stamp == now.stamp
            lines = former.lines if former and same else now.lines(self._places)
            view = now.view(lines)
            return former if former and same and former.view == view else _Shown(now.stamp, lines, view)

        return self._shared(key, make, version=version).view
