"""Leaderboards: places, gaps, ties, masks, names that are fit for a projector."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Standing
from deepracer_admin.rules.standings import board, lap_time, safe_alias, standings_digest

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def row(alias: str, score: int, at: int | None = 0) -> Standing:
    return Standing(0, alias, score, submitted_at=None if at is None else NOW + timedelta(seconds=at))


standings = st.lists(
    st.builds(row, st.uuids().map(str), st.integers(1, 50), st.one_of(st.none(), st.integers(0, 99))), max_size=40
)


@given(rows=standings)
def test_places_follow_the_score_and_equal_scores_share_one(rows: list[Standing]) -> None:
    shown = board(rows)
    assert [line.score_ms for line in shown] == sorted(entry.score_ms for entry in rows)
    for place, line in enumerate(shown, start=1):
        better = sum(1 for entry in rows if entry.score_ms < line.score_ms)
        assert line.rank == better + 1 <= place


@given(rows=standings)
def test_gaps_and_intervals_add_up(rows: list[Standing]) -> None:
    total = 0
    for line in board(rows):
        total += line.interval_ms
        assert line.interval_ms >= 0
        assert line.gap_ms == total


@given(rows=standings)
def test_an_unchanged_board_shows_no_change(rows: list[Standing]) -> None:
    assert all(line.change == 0 for line in board(rows, before=rows))


def test_the_earlier_submission_stands_first_among_equals() -> None:
    assert [line.alias for line in board([row("late", 5, 9), row("early", 5, 1), row("never", 5, None)])] == [
        "early",
        "late",
        "never",
    ]


def test_the_disqualified_leave_no_hole_and_the_hidden_no_name() -> None:
    shown = board([row("a", 1), row("b", 2), row("c", 3)], disqualified={"alias:a"}, hidden={"alias:c"})
    assert [(line.rank, line.alias, line.gap_ms, line.hidden) for line in shown] == [
        (1, "b", 0, False),
        (2, "Racer 2", 1, True),
    ]


def test_rank_changes_count_against_the_former_board_and_newcomers_have_none() -> None:
    before = [row("a", 1), row("b", 2)]
    after = [row("b", 1), row("a", 2), row("new", 3)]
    assert [(line.alias, line.change) for line in board(after, before=before)] == [("b", 1), ("a", -1), ("new", None)]


@given(alias=st.text(max_size=60))
def test_no_name_upsets_the_board(alias: str) -> None:
    shown = safe_alias(alias)
    assert 0 < len(shown) <= 32
    for sign in shown:
        assert unicodedata.category(sign) not in ("Cc", "Cs", "Co")
        assert not 0x202A <= ord(sign) <= 0x202E
        assert not 0x2066 <= ord(sign) <= 0x2069


def test_stacked_signs_are_cut_down() -> None:
    assert safe_alias("Z" + "\u0336" * 30) == "Z\u0336"
    assert safe_alias("\u200b\u202e") == "(no name)"


def test_lap_times_read_as_on_a_race_track() -> None:
    assert [lap_time(value) for value in (73_197, 8_123, None, 600_005, 59_999)] == [
        "1:13.197",
        "8.123",
        "–",
        "10:00.005",
        "59.999",
    ]


@given(rows=standings)
def test_the_digest_changes_with_any_score(rows: list[Standing]) -> None:
    assert standings_digest(rows) == standings_digest([*rows])
    assert standings_digest([*rows, row("one more", 1)]) != standings_digest(rows)
