"""The table of profiles by column: what it finds, counts and orders is what each row says of itself."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import UNLIMITED, Attendee, Event, Profile, ProfileUse, ProfileUses, Quota
from deepracer_admin.services.usage.rows import Known, ProfileRow, ProfileRows
from deepracer_admin.services.usage.table import IDLE_HOURS, NEAR, ONLY, SORTS, Query, UsageTable, table_of
from deepracer_admin.services.usage.view import UsageView
from deepracer_admin.store import ProfileLink

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
EVENT = Event("e", "Cup", NOW, NOW + timedelta(hours=4), "UTC", 10, 100.0, Quota(300, 5))
VIEW = UsageView(EVENT, None, 0, (), (), 0)
NUMBERS = range(8)


def is_idle(row: ProfileRow) -> bool:
    return bool(row.attendee) and row.hours_used + row.hours_queued < IDLE_HOURS


FITS: dict[str, Callable[[ProfileRow], bool]] = {
    "Everybody": lambda row: True,
    "Near their limit": lambda row: (row.share or 0.0) >= NEAR,
    "Not started": is_idle,
    "Waiting for a slot": lambda row: row.waiting_since is not None,
    "Paused": lambda row: row.paused,
    "Far above their office": lambda row: row.times_median > 0,
    "Nobody's": lambda row: not row.attendee,
}
KEYS: dict[str, Callable[[ProfileRow], object]] = {
    "Most hours": lambda row: -row.hours_used,
    "Most in the last 6 h": lambda row: -row.recent_hours,
    "Nearest to their limit": lambda row: -(row.share if row.share is not None else -1.0),
    "Most asked for": lambda row: -row.hours_queued,
    "Waiting longest": lambda row: row.waiting_since.timestamp() if row.waiting_since else math.inf,
    "Longest silent": lambda row: row.changed_at.timestamp() if row.changed_at else -math.inf,
    "Name": lambda row: (row.name or row.alias).casefold(),
    "Office": lambda row: (row.office.casefold(), (row.name or row.alias).casefold()),
}

minutes = st.sampled_from([0.0, 0.25, 2.0, 60.0, 90.0, 599.9, 600.0]) | st.floats(0, 1e4)
instants = st.none() | st.integers(0, 5).map(lambda hours: NOW + timedelta(hours=hours))


@st.composite
def tables(draw: st.DrawFn) -> UsageTable:
    profiles = [
        Profile(
            f"p{n}",
            draw(st.sampled_from(["ann", "Bo", "cy"])),
            draw(st.sampled_from(["", "x@example.com"])),
            draw(minutes),
            draw(minutes),
            draw(st.sampled_from([None, Quota(UNLIMITED, 5), Quota(0, 5), Quota(600, 5)])),
            draw(st.none() | st.integers(0, 5)),
            draw(st.none() | st.integers(0, 10**12)),
        )
        for n in draw(st.lists(st.sampled_from(NUMBERS), unique=True))
    ]
    people = {
        f"a{n}": Attendee(
            f"a{n}",
            f"a{n}@example.com",
            draw(st.sampled_from(["", "Ada", "Bea"])),
            alias=f"racer-{n}",
            office=draw(st.sampled_from(["", "Roma", "milano"])),
            cost_centre=draw(st.sampled_from(["", "CC-1"])),
            added_at=NOW,
            source="job",
        )
        for n in draw(st.sets(st.sampled_from(NUMBERS)))
    }
    links = {f"p{n}": ProfileLink(f"a{n}", f"p{n}", "created", NOW) for n in draw(st.sets(st.sampled_from(NUMBERS)))}
    uses = [
        ProfileUse(
            f"p{n}",
            draw(minutes),
            month=draw(minutes),
            queued=draw(minutes),
            waiting=draw(minutes),
            gb_hours=draw(minutes),
            changed_at=draw(instants),
            waiting_since=draw(instants),
        )
        for n in draw(st.sets(st.sampled_from(NUMBERS)))
    ]
    some = st.sets(st.sampled_from([f"p{n}" for n in NUMBERS]))
    known = Known(
        links,
        people,
        ProfileUses.of(uses),
        draw(some),
        lambda compute, stored: compute / 60 + stored,
        {one: draw(st.floats(3.5, 9)) for one in draw(some)},
        {one: draw(st.floats(0.5, 900)) for one in draw(some)},
    )
    return table_of(VIEW, ProfileRows(profiles, known))


@given(table=tables())
def test_columns_say_what_rows_say(table: UsageTable) -> None:
    rows = [*table.rows]
    assert [row.hours_used for row in rows] == sorted((row.hours_used for row in rows), reverse=True)
    for name, column in (
        ("profile", table.rows.ids),
        ("attendee", table.rows.attendees),
        ("name", table.rows.names),
        ("email", table.rows.emails),
        ("alias", table.rows.aliases),
        ("office", table.rows.offices),
        ("cost_centre", table.rows.cost_centres),
        ("hours_used", table.rows.hours_used),
        ("hours_queued", table.rows.hours_queued),
        ("share", table.rows.shares),
        ("paused", table.rows.paused),
        ("recent_hours", table.rows.recent_hours),
        ("times_median", table.rows.times_median),
        ("changed_at", table.rows.changed_at),
        ("waiting_since", table.rows.waiting_since),
    ):
        assert column == [getattr(row, name) for row in rows], name
    assert table.counts == {name: sum(map(fits, rows)) for name, fits in FITS.items()}
    assert table.by_id == {row.profile: row for row in rows}
    assert table.rows[1:3] == rows[1:3]
    assert {*table.by_id} == {row.profile for row in rows}
    assert "nobody" not in table.by_id
    assert table.top(3) == sorted((r for r in rows if r.recent_hours > 0), key=lambda row: -row.recent_hours)[:3]
    assert table.far_above(3) == sorted((r for r in rows if r.times_median > 0), key=lambda row: -row.times_median)[:3]
    people = {row.attendee: row.name or row.email for row in rows if row.attendee}
    assert table.names() == {**people, **{row.profile: row.alias for row in rows}}
    assert table.cohorts == [
        *(f"Office: {name}" for name in sorted({row.office for row in rows if row.office})),
        *(f"Cost centre: {name}" for name in sorted({row.cost_centre for row in rows if row.cost_centre})),
    ]


@given(
    table=tables(),
    text=st.sampled_from(["", "  ", "ANN", "ada  x@", "nobody"]),
    cohort=st.sampled_from(["", "Office: Roma", "Cost centre: CC-1"]),
    only=st.sampled_from([*ONLY]),
    sort=st.sampled_from([*SORTS]),
)
def test_a_query_finds_and_orders_as_row_by_row(
    table: UsageTable, text: str, cohort: str, only: str, sort: str
) -> None:
    needle = " ".join(text.split()).casefold()
    fitting = [
        row
        for row in table.rows
        if needle in f"{row.name} {row.email} {row.alias}".casefold()
        and (not cohort or cohort in (f"Office: {row.office}", f"Cost centre: {row.cost_centre}"))
        and FITS[only](row)
    ]
    wanted = tuple(row.profile for row in sorted(fitting, key=KEYS[sort]))  # type: ignore[arg-type]
    for _ in range(2):
        assert table.ids(Query(text, cohort, only, sort)) == wanted


def test_every_worklist_and_order_is_proved_above() -> None:
    assert ([*ONLY], [*SORTS]) == ([*FITS], [*KEYS])


def test_a_reset_that_no_sample_has_counted_yet_loses_nothing() -> None:
    known = Known({}, {}, ProfileUses.of([ProfileUse("p", 700.0, month=600.0)]), (), lambda compute, _: compute)
    for counter, hours in ((660.0, 760 / 60), (600.0, 700 / 60), (30.0, 730 / 60)):
        [row] = ProfileRows([Profile("p", "ann", minutes_used=counter)], known)
        assert row.hours_used == pytest.approx(hours)
