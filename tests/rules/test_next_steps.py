"""What to do next: the order, the places it leads to, and that everything known is answered once."""

from __future__ import annotations

import ast
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Event, FromBackup, Job, JobState, Quota, Race, RaceDraft, Sending, Stage, State, Step
from deepracer_admin.rules.alarms import AMBER, INFO, RED, Alarm
from deepracer_admin.rules.known import Closing, Known, NextStep, Urgency
from deepracer_admin.rules.next_steps import _PAGES, next_steps
from deepracer_admin.ui.kit.page_table import PAGES
from tests.test_places import choices
from tests.test_screens import SCREENS

ROOT = Path(__file__).resolve().parents[2]
WORDS_OF_THE_LIST = ROOT / "deepracer_admin/services/people/list_query.py"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
EVENT = Event("e", "Cup", NOW - HOUR, NOW + 48 * HOUR, "UTC", 200, 1_000.0, Quota(60, 5))
RACE = Race("r-1", RaceDraft("Final", "t", NOW - HOUR, NOW + HOUR / 2))
QUIET = Known(
    EVENT,
    NOW,
    Stage.RACE,
    200,
    0,
    200,
    200,
    "running",
    True,
    True,
    races=[replace(RACE, draft=replace(RACE.draft, closes_at=NOW + 9 * HOUR))],
)
BUDGET = Alarm("budget", "95 % of the budget is used", "Said.", "Look.", "Usage", subject="all|0.95", level=RED)


def keys(**change: Any) -> list[str]:
    return [step.key for step in next_steps(replace(QUIET, **change))]


def first(**change: Any) -> NextStep:
    return next_steps(replace(QUIET, **change))[0]


RESTORED = FromBackup(NOW, NOW - 5 * HOUR)
LOUD: dict[str, tuple[dict[str, Any], Urgency]] = {
    "restored": ({"restored": RESTORED}, Urgency.FAILING),
    "works": ({"works": False}, Urgency.FAILING),
    "budget/all|0.95": ({"alarms": [BUDGET]}, Urgency.FAILING),
    "overspend": ({"spend_usd": 1_001.0}, Urgency.FAILING),
    "preflight": ({"red_checks": ["Mail"]}, Urgency.FAILING),
    "waits/group": ({"waits": {"group": "The directory does not answer."}}, Urgency.FAILING),
    "calls": ({"untold": ["The sender does not answer."]}, Urgency.FAILING),
    "closing": ({"closing": Closing(True, "Delete models")}, Urgency.CLOSING),
    "mail.unknown": ({"mails": {Sending.UNKNOWN: 2}}, Urgency.WAITING),
    "people.refused": ({"funnel": {Step.PROFILE: {State.REFUSED: 117}}}, Urgency.WAITING),
    "mail.refused": ({"funnel": {Step.MAIL: {State.REFUSED: 1}}}, Urgency.WAITING),
    "portal.decide": ({"to_decide": 3}, Urgency.WAITING),
    "access.unknown": ({"funnel": {Step.ACCESS: {State.UNKNOWN: 1}}}, Urgency.WAITING),
    "job/quota": ({"jobs": [Job("j", "e", "quota", "x", JobState.PAUSED, sentence="It waits.")]}, Urgency.WAITING),
    "starts": ({"event": replace(EVENT, starts_at=NOW + HOUR), "proven": 88}, Urgency.DEADLINE),
    "race/r-1": ({"races": [RACE]}, Urgency.DEADLINE),
    "mail.waits": ({"mails": {Sending.PENDING: 5}, "onboarding": "paused"}, Urgency.DEADLINE),
    "passwords": ({"passwords": 4}, Urgency.DEADLINE),
    "list": ({"people": 2_000}, Urgency.DIFFERS),
    "exposure": ({"most_usd": 9_000.0}, Urgency.DIFFERS),
    "unlimited": ({"event": replace(EVENT, quota=Quota(-1, 5))}, Urgency.DIFFERS),
}


def test_a_quiet_event_has_its_stage_alone() -> None:
    assert keys() == ["stage"]


@pytest.mark.parametrize("key", LOUD)
def test_each_thing_known_asks_for_one_step_of_its_urgency(key: str) -> None:
    change, urgency = LOUD[key]
    found = {step.key: step for step in next_steps(replace(QUIET, **change))}
    assert found[key].urgency is urgency
    assert found[key].until
    assert [*found].index(key) == 0, "it comes before the stage's own"


def test_the_most_urgent_comes_first_whatever_else_is_known() -> None:
    everything: dict[str, Any] = {}
    for change, _ in LOUD.values():
        apart = ("event", "races", "closing", "restored")
        everything |= {name: value for name, value in change.items() if name not in apart}
    steps = next_steps(replace(QUIET, **everything))
    assert [step.urgency for step in steps] == sorted(step.urgency for step in steps)
    assert steps[0].is_red
    assert len({step.key for step in steps}) == len(steps)


def test_while_an_event_from_a_backup_waits_there_is_one_thing_to_do_whatever_else_is_known() -> None:
    for change, _ in LOUD.values():
        assert keys(**{**change, "restored": RESTORED}) == ["restored"]
    step = first(restored=RESTORED, works=False)
    assert (step.page, step.is_red) == ("event", True)
    assert "a backup of 23 Nov 2026, 07:00 UTC" in step.why


def test_a_list_ten_times_the_plan_is_said_so() -> None:
    assert first(people=2_000).title == "The list is 10 times the plan"
    assert "2,000 people are" in first(people=2_000).why


def test_an_event_that_starts_within_the_hour_counts_those_without_access() -> None:
    step = first(event=replace(EVENT, starts_at=NOW + HOUR * 55 / 60), proven=199)
    assert (step.title, step.is_red) == ("The event starts in 55 minutes", True)
    assert step.why == "1 person has no proven access yet."


def test_while_it_closes_nothing_else_of_the_running_event_is_asked_for_but_what_fails() -> None:
    event = replace(EVENT, ends_at=NOW - HOUR)
    assert keys(event=event, stage=Stage.CLOSE, closing=Closing(True, "Delete models"))[0] == "closing"
    assert "stage" not in keys(event=event, stage=Stage.CLOSE, closing=Closing(True))
    assert first(event=event, stage=Stage.CLOSE).title == "Close the event"


def test_a_closed_event_speaks_of_who_can_still_sign_in_and_of_nothing_that_is_over() -> None:
    closed = replace(EVENT, closed_at=NOW)
    loud: dict[str, Any] = {"event": closed, "stage": Stage.CLOSE, "to_decide": 3, "people": 2_000, "passwords": 4}
    assert keys(**loud, closing=Closing(False, "", 0, 0)) == ["stage"]
    assert keys(**loud, closing=Closing(False, "", 2, 1)) == ["proof", "stage"]


def test_of_several_alarms_about_one_budget_the_one_that_says_most_speaks_and_news_do_not() -> None:
    half = replace(BUDGET, subject="all|0.5", level=AMBER)
    news = Alarm("x", "News", "s", "f", "Usage", level=INFO)
    assert keys(alarms=[half, BUDGET, news], spend_usd=2_000.0) == ["budget/all|0.95", "stage"]


# ------------------------------------------------------------------------------------------- it leads to the very place


def widgets() -> dict[str, set[str]]:
    """Every place by its name in the address -> the page files and parts in which it stands."""
    found: dict[str, set[str]] = {}
    for path in SCREENS:
        for _, _, names in choices(ast.parse(path.read_text("utf-8")), path.relative_to(ROOT).as_posix()):
            for each in names or ():
                found.setdefault(each, set()).add(path.as_posix())
    return found


RUSH = Alarm("rush", "The queue is longer", "Said.", "Look.", "Races", subject="r-1", level=RED)
STUCK = Alarm("race_unfinished", "Not final", "Said.", "Look.", "Leaderboard", subject="r-1", tab="Run the board")
BOUNCES = Alarm("bounces", "Mails come back", "Said.", "Look.", "Messages", tab="Every mail")
OFFICE = replace(BUDGET, subject="office:Milano|used|0.8", tab="Budget guard")
CENTRE = replace(BUDGET, subject="cost_centre:CC-7|forecast|1", tab="Budget guard")


@pytest.mark.parametrize(
    ("alarm", "narrow"),
    [
        (BUDGET, {"budget-guard": "true"}),
        (OFFICE, {"budget-guard": "true", "usage-cohort": "Office: Milano"}),
        (CENTRE, {"budget-guard": "true", "usage-cohort": "Cost centre: CC-7"}),
        (replace(BUDGET, subject="team:Alpha|used|0.8"), {"budget-guard": "true"}),
        (RUSH, {"race": "r-1"}),
        (STUCK, {"board-tabs": "Run the board", "board-race": "r-1"}),
        (BOUNCES, {"section": "Every mail"}),
        (Alarm("x", "x", "x", "x", "Set up", tab="Alarms"), {"setup-part": "Alarms"}),
        (Alarm("x", "x", "x", "x", "Onboarding", subject="profile"), {}),
    ],
    ids=lambda each: each.kind if isinstance(each, Alarm) else "",
)
def test_an_alarm_leads_to_the_race_the_part_and_the_cohort_that_it_is_about(
    alarm: Alarm, narrow: dict[str, str]
) -> None:
    assert first(alarms=[alarm]).narrow == narrow


OF_THE_EVENT = ("r-1", Sending.UNKNOWN.value, "true", "Office: Milano")
"""Values of a place that no screen spells out: a race, a cohort, a part that is open."""


def test_every_page_and_part_that_a_step_leads_to_is_there_and_in_the_address() -> None:
    addresses = {page.address for page in PAGES}
    bound = widgets()
    titles = {page.title: page.address for page in PAGES}
    assert all(titles[title] == address for title, address in _PAGES.items())
    plan = {"checked": False, "people": 0, "sponsorship_open": False}
    steps = [step for change, _ in LOUD.values() for step in next_steps(replace(QUIET, **change))]
    steps += next_steps(replace(QUIET, alarms=[RUSH, STUCK, BOUNCES, OFFICE]))
    for name in plan:
        steps += next_steps(replace(QUIET, stage=Stage.PLAN, **{name: plan[name]}))
    for step in steps:
        assert step.page in addresses | {""}, step
        assert step.narrow.keys() <= bound.keys(), step
        for name, value in step.narrow.items():
            said = "".join(Path(path).read_text("utf-8") for path in [*bound[name], WORDS_OF_THE_LIST])
            assert f'"{value}"' in said or value in OF_THE_EVENT, f"{name} has no {value}"


@given(
    st.fixed_dictionaries(
        {
            "people": st.integers(0, 5_000),
            "proven": st.integers(0, 200),
            "works": st.sampled_from([True, False, None]),
            "spend_usd": st.floats(0, 5_000),
            "to_decide": st.integers(0, 3),
            "onboarding": st.sampled_from(["idle", "running", "paused", "closed"]),
            "stage": st.sampled_from([*Stage]),
            "closing": st.sampled_from([None, Closing(True, "Freeze"), Closing(False)]),
        }
    )
)
def test_there_is_always_a_step_and_every_step_is_a_whole_sentence(change: dict[str, Any]) -> None:
    steps = next_steps(replace(QUIET, **change))
    assert steps
    for step in steps:
        assert step.title
        assert step.why.endswith((".", "…")), step
        assert "-1" not in step.why + step.title
