"""What changed since the last run, when one is due by itself, and the page that somebody signs."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deepracer_admin.errors import Missing
from deepracer_admin.model import Event, Finding, Quota
from deepracer_admin.rules.preflight.compare import changes, due, in_words, worst
from deepracer_admin.rules.preflight.sign_off import sign_off_page

START = datetime(2026, 11, 24, 8, tzinfo=UTC)  # 9 in Rome
EVENT = Event("ev", "Cup <b>", START, START + timedelta(days=2), "Europe/Rome", 200, 100.0, Quota(300, 3))


def line(key: str, level: str, **values: str) -> Finding:
    return Finding(key, f"Check {key}", level, "seen", area="Mail", **values)


def test_only_what_answers_otherwise_is_told_the_new_ones_too() -> None:
    before = [line("a", "green"), line("b", "amber"), line("c", "red")]
    now = [line("a", "red"), line("b", "amber"), line("c", "green"), line("d", "unknown")]
    found = {change.key: (change.before, change.now, change.worse) for change in changes(before, now)}
    assert found == {"a": ("green", "red", True), "c": ("red", "green", False), "d": ("", "unknown", False)}
    assert changes([], now) == ()


def test_the_worst_counts_and_what_is_not_known_is_never_green() -> None:
    assert worst([]) == ""
    assert worst([line("a", "green"), line("b", "na")]) == "green"
    assert worst([line("a", "green"), line("b", "unknown")]) == "amber"
    assert worst([line("a", "red"), line("b", "unknown")]) == "red"
    assert in_words([line("a", "red"), line("b", "green"), line("c", "green")]) == "1 must be fixed, 2 in order"


@pytest.mark.parametrize(
    ("when", "planned", "managed", "day"),
    [
        (datetime(2026, 11, 23, 5, 59, tzinfo=UTC), "", False, ""),  # before seven in Rome
        (datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "", False, "2026-11-23"),
        (datetime(2026, 11, 23, 20, 0, tzinfo=UTC), "2026-11-23", False, ""),  # once
        (datetime(2026, 11, 24, 7, 0, tzinfo=UTC), "", False, "2026-11-23"),  # the console was off the day before
        (datetime(2026, 11, 22, 12, 0, tzinfo=UTC), "", False, ""),
        (datetime(2026, 11, 25, 12, 0, tzinfo=UTC), "", False, ""),  # it runs
        (datetime(2026, 11, 25, 12, 0, tzinfo=UTC), "2026-11-24", True, "2026-11-25"),  # a permission set may drift
        (datetime(2026, 11, 25, 12, 0, tzinfo=UTC), "2026-11-25", True, ""),
        (datetime(2026, 11, 27, 12, 0, tzinfo=UTC), "", True, ""),  # over
    ],
)
def test_a_run_is_due_in_the_morning_before_the_event(when: datetime, planned: str, managed: bool, day: str) -> None:
    assert due(EVENT, when, planned, managed=managed) == day


def test_a_run_that_somebody_asked_for_that_morning_is_as_good() -> None:
    now = datetime(2026, 11, 23, 15, tzinfo=UTC)
    assert due(EVENT, now, "", managed=False, ran_at=now - timedelta(hours=2)) == ""
    assert due(EVENT, now, "", managed=False, ran_at=now - timedelta(hours=12)) == "2026-11-23"


def test_a_closed_event_is_left_alone() -> None:
    when = datetime(2026, 11, 23, 12, tzinfo=UTC)
    assert due(replace(EVENT, closed_at=when), when, "", managed=False) == ""


def test_the_page_to_sign_runs_and_fetches_nothing_whatever_stands_in_it() -> None:
    bad = line("a", "red", fix="</td><script>x()</script>", copy="<img src=https://x.example>", link="javascript:x()")
    page = sign_off_page(EVENT, [bad, line("b", "green")], START, [line("a", "green")], START, "Eve <i>").decode()
    assert "Not ready" in page
    assert "Check a: in order → must be fixed" in page
    assert "default-src 'none'" in page
    for harmful in ("<script", "<img", "<i>", "<b>Cup", "href="):
        assert harmful not in page
    assert "Cup &lt;b&gt;" in page


def test_before_the_first_run_there_is_no_page() -> None:
    with pytest.raises(Missing, match="has not run yet"):
        sign_off_page(EVENT, [], None, [], None, "")
