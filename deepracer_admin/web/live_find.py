"""Find me: the racers of a board beyond those that are sent to every phone, by name.

A phone gets the first places and looks among them by itself. Of a longer board it asks here, so that whoever stands in
place 1,700 finds themselves too. Names are folded once, and a board's list of them lasts as long as that board.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from deepracer_admin.rules.search import LEAST_LETTERS, folded
from deepracer_admin.rules.standings import BoardRow
from deepracer_admin.web.live_snapshot import PLACES, row_sent

__all__ = ["LONGEST", "MOST", "FindMe"]

MOST = 20  # racers of one answer
LONGEST = 60  # letters of a question
KEPT = 20  # boards
_fold = lru_cache(maxsize=50_000)(folded)


class FindMe:
    """The folded names of the boards that were asked about last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Sequence[BoardRow], list[str]]] = OrderedDict()

    def find(self, link: str, rows: Sequence[BoardRow], name: str) -> dict[str, Any]:
        """`rows` (of at most 20 racers beyond the places that are sent, by rank) whose name holds `name`, and how many
        there are in `total`."""
        needle = folded(name[:LONGEST])
        if len(needle) < LEAST_LETTERS:
            return {"rows": [], "total": 0}
        fits = [place for place, each in enumerate(self._names(link, rows), start=PLACES) if needle in each]
        return {"rows": [row_sent(rows[place], f"find-{place}") for place in fits[:MOST]], "total": len(fits)}

    def _names(self, link: str, rows: Sequence[BoardRow]) -> list[str]:
        """Of this very board: one that was drawn anew may hide whom the one before named."""
        with self._lock:
            of, names = self._kept.get(link, ((), []))
            if of is not rows:
                names = [_fold(row.alias) for row in rows[PLACES:]]
                self._kept[link] = (rows, names)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            return names
