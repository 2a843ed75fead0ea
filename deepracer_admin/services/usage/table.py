"""The table of profiles, searched, narrowed, sorted and cut into pages on this side of the wire. Pure, made once for
all who look: at 10,000 profiles a browser gets one page of it, and each ask costs a few milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from itertools import compress
from operator import add
from typing import Any

from deepracer_admin.rules.search import holds, words_of
from deepracer_admin.services.usage.rows import ProfileRow, ProfileRows
from deepracer_admin.services.usage.view import UsageView

__all__ = ["IDLE_HOURS", "NEAR", "ONLY", "PAGE_ROWS", "SORTS", "Histogram", "Query", "UsageTable", "table_of"]

PAGE_ROWS = 50
NEAR = 0.9
IDLE_HOURS = 0.05  # three minutes: less than any training job
_BINS = 20


def _is_idle(rows: ProfileRows) -> list[bool]:
    asked = map(add, rows.hours_used, rows.hours_queued)
    return [bool(one) and hours < IDLE_HOURS for one, hours in zip(rows.attendees, asked, strict=True)]


def _called(rows: ProfileRows) -> list[str]:
    return [(name or alias).casefold() for name, alias in zip(rows.names, rows.aliases, strict=True)]


ONLY: Mapping[str, Callable[[ProfileRows], Sequence[bool]]] = {
    "Everybody": lambda rows: [True] * len(rows),
    "Near their limit": lambda rows: [(share or 0.0) >= NEAR for share in rows.shares],
    "Not started": _is_idle,
    "Waiting for a slot": lambda rows: [since is not None for since in rows.waiting_since],
    "Paused": lambda rows: rows.paused,
    "Far above their office": lambda rows: [times > 0 for times in rows.times_median],
    "Nobody's": lambda rows: [not one for one in rows.attendees],
}
"""Worklists, by what stands on the screen: whether each row is in it."""

SORTS: Mapping[str, Callable[[ProfileRows], Sequence[Any]]] = {
    "Most hours": lambda rows: range(len(rows)),  # as they stand
    "Most in the last 6 h": lambda rows: [-hours for hours in rows.recent_hours],
    "Nearest to their limit": lambda rows: [1.0 if share is None else -share for share in rows.shares],
    "Most asked for": lambda rows: [-hours for hours in rows.hours_queued],
    "Waiting longest": lambda rows: [at.timestamp() if at else math.inf for at in rows.waiting_since],
    "Longest silent": lambda rows: [at.timestamp() if at else -math.inf for at in rows.changed_at],
    "Name": _called,
    "Office": lambda rows: [*zip([office.casefold() for office in rows.offices], _called(rows), strict=True)],
}
"""Orders, by what stands on the screen: what each row is sorted by."""


@dataclass(frozen=True, slots=True)
class Query:
    """What narrows and sorts the table. `cohort`: "Office: Milano", "Cost centre: CC-1" or ""; `only`, `sort`: of ONLY,
    SORTS.
    """

    text: str = ""
    cohort: str = ""
    only: str = "Everybody"
    sort: str = "Most hours"


@dataclass(frozen=True, slots=True)
class Histogram:
    """How many profiles used how many hours: `counts[n]` from n x `width_h` to (n+1) x `width_h` hours, the last bin
    included at its end. `median_h` over those who used any.
    """

    width_h: float
    counts: Sequence[int]
    median_h: float


class _ById(Mapping[str, ProfileRow]):
    """Rows by profile id, each made when it is asked for."""

    def __init__(self, rows: ProfileRows) -> None:
        self._rows = rows

    def __getitem__(self, profile: str) -> ProfileRow:
        return self._rows[self._rows.places[profile]]

    def __contains__(self, profile: object) -> bool:
        return profile in self._rows.places

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows.ids)

    def __len__(self) -> int:
        return len(self._rows)


@dataclass(frozen=True)
class UsageTable:
    """Rows of all profiles, and what is drawn of them together."""

    view: UsageView
    rows: ProfileRows
    by_id: Mapping[str, ProfileRow]
    cohorts: Sequence[str]
    counts: Mapping[str, int]  # by ONLY
    histogram: Histogram
    kept: dict[Query, tuple[str, ...]] = field(default_factory=dict[Query, "tuple[str, ...]"])

    def ids(self, query: Query) -> tuple[str, ...]:
        """Profile ids that fit, in the wanted order; ties in the order of most hours."""
        known = self.kept.get(query)
        if known is not None:
            return known
        rows, places = self.rows, range(len(self.rows))
        chosen: Iterable[int] = places
        if query.only != "Everybody":
            chosen = compress(places, ONLY[query.only](rows))
        if words := words_of(query.text):
            chosen = [place for place in chosen if holds(words, rows.texts[place])]
        if query.cohort:
            chosen = [place for place in chosen if query.cohort in self._cohorts_at(place)]
        found = tuple([rows.ids[place] for place in sorted(chosen, key=SORTS[query.sort](rows).__getitem__)])
        if len(self.kept) >= 32:
            self.kept.clear()
        self.kept[query] = found
        return found

    def _cohorts_at(self, place: int) -> tuple[str, str]:
        return f"Office: {self.rows.offices[place]}", f"Cost centre: {self.rows.cost_centres[place]}"

    def names(self) -> dict[str, str]:
        """What people and profiles are called, by attendee and by profile id."""
        rows = self.rows
        called = zip(rows.attendees, rows.names, rows.emails, strict=True)
        people = {one: name or email for one, name, email in called if one}
        return {**people, **dict(zip(rows.ids, rows.aliases, strict=True))}

    def top(self, most: int = 10) -> list[ProfileRow]:
        """Who asked for most in the last six hours; nobody who asked for nothing."""
        return self._largest(self.rows.recent_hours, most)

    def far_above(self, most: int = 10) -> list[ProfileRow]:
        """Who used more than three times the median of their office."""
        return self._largest(self.rows.times_median, most)

    def _largest(self, column: Sequence[float], most: int) -> list[ProfileRow]:
        """Rows with most of it, and any."""
        places = [place for place, value in enumerate(column) if value > 0]
        return [self.rows[place] for place in nsmallest(most, places, key=lambda place: -column[place])]


def table_of(view: UsageView, rows: ProfileRows) -> UsageTable:
    """All that is drawn of these rows, worked out once."""
    offices = sorted({*rows.offices} - {""})
    centres = sorted({*rows.cost_centres} - {""})
    return UsageTable(
        view=view,
        rows=rows,
        by_id=_ById(rows),
        cohorts=[*(f"Office: {name}" for name in offices), *(f"Cost centre: {name}" for name in centres)],
        counts={name: sum(fits(rows)) for name, fits in ONLY.items()},
        histogram=_histogram([hours for hours in rows.hours_used if hours > 0]),
    )


def _histogram(hours: Sequence[float]) -> Histogram:
    if not hours:
        return Histogram(1.0, (), 0.0)
    raw = max(hours) / _BINS
    scale = 10 ** math.floor(math.log10(raw)) if raw > 0 else 1.0
    width = next(step * scale for step in (1, 2, 2.5, 5, 10) if step * scale >= raw)
    counts = [0] * max(1, math.ceil(max(hours) / width))
    last = len(counts) - 1
    for each in hours:
        place = int(each / width)
        counts[place if place < last else last] += 1
    ordered = sorted(hours)
    half = len(ordered) // 2
    median = ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
    return Histogram(width, counts, median)
