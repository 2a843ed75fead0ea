"""Who may enter a race, and who could be let in: searched, narrowed and sorted on this side of the wire. Pure, made
once for all who look: at 10,000 people a browser gets one page of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from deepracer_admin.rules.search import folded, holds, words_of

__all__ = ["ON_LIST", "OUTSIDE", "PAGE_ROWS", "SORTS", "Entrant", "EntrantTable", "EntrantsView", "Query", "table_of"]

PAGE_ROWS = 50
ON_LIST, OUTSIDE = "in", "out"
"""The two sides of the list: who is on it or has a result without it, and who could be let in."""


@dataclass(frozen=True, slots=True)
class Entrant:
    """One person of a race. `key` is what the act on them takes: `expel` where they are on the list, `admit` where they
    are not; "" where there is nothing to take out. `result`: whose the result is, where they have no other name.
    """

    key: str
    attendee: str  # "" = nobody of the list
    name: str
    alias: str
    listed: bool
    rank: int | None
    office: str = ""
    cost_centre: str = ""
    email: str = ""
    result: str = ""

    @property
    def id(self) -> str:
        """Which row it is, whatever place it has in the standings."""
        return self.key or f"result-{self.result}"

    @property
    def called(self) -> str:
        """By name, else by racer name."""
        return self.name or self.alias


@dataclass(frozen=True, slots=True)
class EntrantsView:
    """Who may enter, and who has a result without it. `native`: the service keeps the list and enforces it."""

    native: bool
    has_list: bool  # False: the race is for everybody of the deployment, no entry list was made
    rows: Sequence[Entrant]
    outside: Sequence[Entrant]  # of the event's list and not in; with a profile, where that is needed to be let in
    without_profile: int
    as_of: datetime | None  # real time; None where the list is our own, which is always as it stands

    @property
    def listed(self) -> int:
        return sum(1 for row in self.rows if row.listed)

    @property
    def unlisted(self) -> Sequence[Entrant]:
        """In the standings, not on the list."""
        return [row for row in self.rows if not row.listed] if self.has_list else []


def _called(row: Entrant) -> str:
    return row.called.casefold()


SORTS: Mapping[str, Callable[[Entrant], Any]] = {
    "Rank": lambda row: (row.listed, row.rank is None, row.rank or 0, row.alias.casefold()),
    "Name": _called,
    "Racer name": lambda row: row.alias.casefold(),
    "Office": lambda row: (row.office.casefold(), _called(row)),
    "Cost centre": lambda row: (row.cost_centre.casefold(), _called(row)),
}
"""Orders, by what stands on the screen. By rank, results without the list come first: they ask for a look."""


@dataclass(frozen=True, slots=True)
class Query:
    """What narrows and sorts one side. `cohort`: "Office: Milano", "Cost centre: CC-1" or ""; `sort`: of SORTS."""

    side: str = ON_LIST
    text: str = ""
    cohort: str = ""
    sort: str = "Rank"


@dataclass(frozen=True)
class EntrantTable:
    """Both sides of a race's list, by the rows' ids. `listed`, `unlisted`: how many of `view` are so."""

    view: EntrantsView
    sides: Mapping[str, Mapping[str, Entrant]]
    listed: int
    unlisted: int
    cohorts: Sequence[str]
    kept: dict[Query, tuple[str, ...]] = field(default_factory=dict[Query, "tuple[str, ...]"])

    def ids(self, query: Query) -> tuple[str, ...]:
        """Ids of those who fit, in the wanted order; each word stands in name, address or racer name."""
        known = self.kept.get(query)
        if known is not None:
            return known
        words = words_of(query.text)
        chosen = [
            (SORTS[query.sort](row), place, one)
            for place, (one, row) in enumerate(self.sides[query.side].items())
            if (not words or holds(words, folded(f"{row.name} {row.email} {row.alias}")))
            and (not query.cohort or query.cohort in _cohorts(row))
        ]
        found = tuple([one for _, _, one in sorted(chosen)])
        if len(self.kept) >= 32:
            self.kept.clear()
        self.kept[query] = found
        return found


def table_of(view: EntrantsView) -> EntrantTable:
    """All that is drawn of it, worked out once."""
    sides = {ON_LIST: _by_id(view.rows), OUTSIDE: _by_id(view.outside)}
    everybody = [*view.rows, *view.outside]
    offices, centres = {row.office for row in everybody}, {row.cost_centre for row in everybody}
    return EntrantTable(
        view=view,
        sides=sides,
        listed=view.listed,
        unlisted=len(view.unlisted),
        cohorts=[
            *(f"Office: {name}" for name in sorted(offices - {""})),
            *(f"Cost centre: {name}" for name in sorted(centres - {""})),
        ],
    )


def _by_id(rows: Iterable[Entrant]) -> dict[str, Entrant]:
    """Two results under one racer name are two rows."""
    found: dict[str, Entrant] = {}
    for row in rows:
        found[row.id if row.id not in found else f"{row.id}-{row.rank}"] = row
    return found


def _cohorts(row: Entrant) -> tuple[str, str]:
    return f"Office: {row.office}", f"Cost centre: {row.cost_centre}"
