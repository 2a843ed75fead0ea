"""The table of profiles, searched, narrowed, sorted and cut into pages on this side of the wire. Pure, made once for
all who look: at 10,000 profiles a browser gets one page of it, and each ask costs a few milliseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from deepracer_admin.services.usage.view import ProfileRow, UsageView

__all__ = ["IDLE_HOURS", "NEAR", "ONLY", "PAGE_ROWS", "SORTS", "Histogram", "Query", "UsageTable", "table_of"]

PAGE_ROWS = 50
NEAR = 0.9
IDLE_HOURS = 0.05  # three minutes: less than any training job
_BINS = 20


def _is_idle(row: ProfileRow) -> bool:
    return bool(row.attendee) and row.hours_used + row.hours_queued < IDLE_HOURS


ONLY: Mapping[str, Callable[[ProfileRow], bool]] = {
    "Everybody": lambda row: True,
    "Near their limit": lambda row: (row.share or 0.0) >= NEAR,
    "Not started": _is_idle,
    "Waiting for a slot": lambda row: row.waiting_since is not None,
    "Paused": lambda row: row.paused,
    "Far above their office": lambda row: row.times_median > 0,
    "Nobody's": lambda row: not row.attendee,
}
"""Worklists, by what stands on the screen."""

SORTS: Mapping[str, Callable[[ProfileRow], object]] = {
    "Most hours": lambda row: -row.hours_used,
    "Most in the last 6 h": lambda row: -row.recent_hours,
    "Nearest to their limit": lambda row: -(row.share if row.share is not None else -1.0),
    "Most asked for": lambda row: -row.hours_queued,
    "Waiting longest": lambda row: row.waiting_since.timestamp() if row.waiting_since else math.inf,
    "Longest silent": lambda row: row.changed_at.timestamp() if row.changed_at else -math.inf,
    "Name": lambda row: (row.name or row.alias).casefold(),
    "Office": lambda row: (row.office.casefold(), (row.name or row.alias).casefold()),
}


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


@dataclass(frozen=True)
class UsageTable:
    """Rows of all profiles, and what is drawn of them together."""

    view: UsageView
    rows: Sequence[ProfileRow]
    by_id: Mapping[str, ProfileRow]
    found: Sequence[str]  # what a search looks in, row by row
    cohorts: Sequence[str]
    counts: Mapping[str, int]  # by ONLY
    histogram: Histogram
    kept: dict[Query, tuple[str, ...]] = field(default_factory=dict[Query, "tuple[str, ...]"])

    def ids(self, query: Query) -> tuple[str, ...]:
        """Profile ids that fit, in the wanted order; ties in the order of most hours."""
        known = self.kept.get(query)
        if known is not None:
            return known
        needle = " ".join(query.text.split()).casefold()
        fits, key = ONLY[query.only], SORTS[query.sort]
        rows = [
            row
            for row, text in zip(self.rows, self.found, strict=True)
            if (not needle or needle in text)
            and (not query.cohort or query.cohort in (f"Office: {row.office}", f"Cost centre: {row.cost_centre}"))
            and fits(row)
        ]
        found = tuple(row.profile for row in sorted(rows, key=key))  # type: ignore[arg-type]
        if len(self.kept) >= 32:
            self.kept.clear()
        self.kept[query] = found
        return found

    def names(self) -> dict[str, str]:
        """What people and profiles are called, by attendee and by profile id."""
        people = {row.attendee: row.name or row.email for row in self.rows if row.attendee}
        return {**people, **{row.profile: row.alias for row in self.rows}}

    def top(self, most: int = 10) -> list[ProfileRow]:
        """Who asked for most in the last six hours; nobody who asked for nothing."""
        return sorted((row for row in self.rows if row.recent_hours > 0), key=lambda row: -row.recent_hours)[:most]

    def far_above(self, most: int = 10) -> list[ProfileRow]:
        """Who used more than three times the median of their office."""
        return sorted((row for row in self.rows if row.times_median > 0), key=lambda row: -row.times_median)[:most]


def table_of(view: UsageView, rows: Sequence[ProfileRow]) -> UsageTable:
    """All that is drawn of these rows, worked out once."""
    offices = sorted({row.office for row in rows if row.office})
    centres = sorted({row.cost_centre for row in rows if row.cost_centre})
    return UsageTable(
        view=view,
        rows=rows,
        by_id={row.profile: row for row in rows},
        found=[f"{row.name} {row.email} {row.alias}".casefold() for row in rows],
        cohorts=[*(f"Office: {name}" for name in offices), *(f"Cost centre: {name}" for name in centres)],
        counts={name: sum(map(fits, rows)) for name, fits in ONLY.items()},
        histogram=_histogram([row.hours_used for row in rows if row.hours_used > 0]),
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
