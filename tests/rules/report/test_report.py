"""The report: each figure is the ledger's, in both languages, on one page that asks nothing of anybody."""

from __future__ import annotations

import ast
import csv
import io
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import deepracer_admin
from deepracer_admin.model import (
    Attendee,
    BilledDay,
    Event,
    PriceList,
    Quota,
    Sending,
    Standing,
    State,
    Step,
    UsageSample,
)
from deepracer_admin.rules.alarms import INFO, Alarm
from deepracer_admin.rules.money import Amount
from deepracer_admin.rules.report.figures import Figures, RaceRead, billed, figures
from deepracer_admin.rules.report.page import next_time, report_page
from deepracer_admin.rules.report.tables import report_tables
from deepracer_admin.rules.report.words import LANGUAGES, words
from deepracer_admin.rules.standings import board
from deepracer_admin.rules.usage import Part, Totals

START = datetime(2026, 11, 6, 8, tzinfo=UTC)
EVENT = Event(
    "cup", "Cup <b>&", START, START + timedelta(hours=30), "Europe/Rome", 40, 900.0, Quota(600, 5), prices=PriceList()
)
NOTHING = Amount(0.0, 0.0)
ROWS = [
    [Standing(1, "Ada", 9000, submissions=1), Standing(2, "Bo", 9500, submissions=2)],
    [Standing(1, "Bo", 8000, submissions=4), Standing(2, "Ada", 9000, submissions=1), Standing(3, "=Cy", 9100)],
    [Standing(1, "Bo", 8000, submissions=5), Standing(2, "Ada", 8500, submissions=3), Standing(3, "=Cy", 9100)],
]


def part(profiles: int, active: int, spent: Amount) -> Part:
    return Part(profiles, active, spent, NOTHING, NOTHING, NOTHING)


def made(**changed: Any) -> Figures:
    people = [Attendee(f"at-{n}", f"p{n}@example.com", f"P {n}", new_to_ml=n % 2 == 0 or None) for n in range(20)]
    people += [Attendee("at-x", "x@example.com", "X", wanted=False, new_to_ml=True)]
    people += [replace(people[0], id="at-r", email="r@example.com", new_to_ml=False, refusal="An apostrophe.")]
    centres = {"CC-1": part(12, 8, Amount(30.0, 110.0)), "": part(5, 0, Amount(1.5, 6.25))}
    totals = Totals(
        START + timedelta(hours=20), 17, 8, Amount(31.5, 116.25), Amount(31.5, 116.25), NOTHING, NOTHING, NOTHING,
        NOTHING, cost_centres=centres,
    )  # fmt: skip
    looks = [(START + timedelta(hours=hour), rows) for hour, rows in zip((2, 10, 20), ROWS, strict=True)]
    given: dict[str, Any] = {
        "made_at": START + timedelta(days=3),
        "people": people,
        "registered": 25,
        "funnel": {
            Step.PROFILE: {State.DONE: 19, State.REFUSED: 2},
            Step.ACCESS: {State.DONE: 16, State.ALREADY: 2},
            Step.SIGNED_IN: {State.DONE: 9},
            Step.TRAINED: {State.DONE: 8},
            Step.SUBMITTED: {State.DONE: 3},
        },
        "totals": totals,
        "series": [UsageSample(START, 1, 1, 1.0, 0.0, 0, 0, minutes_waiting=150.0)],
        "spend": [(START, 0.0), (START + timedelta(hours=20), 116.25)],
        "races": [RaceRead("Night <i>", board(ROWS[-1]), looks, False)],
        "mails": {Sending.SENT: 18},
        "bounced": 2,
        "alarms": [
            Alarm("budget", "Budget reached", "80 % is spent.", "Look.", "usage", since=START, cleared_at=START),
            Alarm("note", "Only told", "Fine.", "", "usage", level=INFO, since=START),
        ],
        "gaps": 1,
        "day_of": lambda at: at.date(),
        **changed,
    }
    return figures(EVENT, **given)


def test_figures_are_those_of_the_ledgers() -> None:
    found = made()
    assert (found.people, found.refused, found.active, found.registered) == (21, 1, 8, 25)
    assert found.spent == Amount(31.5, 116.25)
    assert found.per_active == pytest.approx(116.25 / 8)
    assert [(centre.name, centre.spent.usd, centre.per_active) for centre in found.centres] == [
        ("CC-1", 110.0, 110.0 / 8),
        ("", 6.25, None),
    ]
    assert sum(centre.spent.usd for centre in found.centres) == found.spent.usd
    assert found.done(Step.ACCESS) == 18
    assert (found.new_to_ml.yes, found.new_to_ml.answered, found.new_to_ml.people) == (10, 11, 21)
    assert (found.new_to_aws.share, found.waited_hours) == (None, 2.5)
    assert [alarm.kind for alarm in found.incidents] == ["budget"]


def test_the_bill_is_that_of_the_events_days_and_says_whose_it_is_and_that_it_may_change() -> None:
    days = [BilledDay(date(2026, 11, day), usd, estimated=day == 7) for day, usd in ((5, 99.0), (6, 80.5), (7, 20.0))]
    bill = billed(EVENT, days, "", START + timedelta(days=2))
    assert bill is not None
    assert (bill.usd, bill.first.day, bill.last.day, bill.may_change) == (100.5, 6, 7, True)
    page = report_page(made(bill=bill), "it", rehearsal=False).decode()
    assert "tutto l’account" in page
    assert "100 USD" in page or "101 USD" in page
    assert "Può ancora cambiare" in page
    summary = report_tables(made(bill=bill), "en", rehearsal=False)["summary.csv"].decode()
    assert "100.5" in summary
    assert billed(EVENT, days[:1], "", START) is None
    assert billed(EVENT, days, "", None) is None


def test_every_alarm_that_there_is_has_its_italian_words() -> None:
    kinds: set[str] = set()
    for path in Path(deepracer_admin.__file__).parent.rglob("*.py"):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "Alarm(" in text else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Alarm" and node.args:
                first = node.args[0]
                kinds |= {str(first.value)} if isinstance(first, ast.Constant) else set()
    assert {"budget", "worker", "rush"} <= kinds
    assert kinds == {*words("it").texts["alarms"]}
    alarm = Alarm("budget", "Budget reached", "80 % is spent.", "Look.", "usage", since=START)
    assert "Budget reached" not in words("it").incident(alarm)
    assert words("en").incident(alarm) == "Budget reached: 80 % is spent."
    assert words("it").incident(replace(alarm, kind="drill")) == "Budget reached: 80 % is spent."


def test_submissions_of_days_add_up_to_the_board() -> None:
    found = made()
    assert [(str(day), number) for day, number in found.per_day] == [("2026-11-06", 6), ("2026-11-07", 3)]
    assert sum(number for _, number in found.per_day) == found.podiums[0].submissions == 9


def test_who_improved_is_counted_from_what_was_first_seen() -> None:
    assert (made().learning.improved, made().learning.raced) == (2, 3)
    assert made(races=[]).learning.improved is None


def test_the_podium_is_the_board_as_shown() -> None:
    assert made().podiums[0].places == [(1, "Bo", 8000), (2, "Ada", 8500), (3, "=Cy", 9100)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_asks_nothing_of_anybody_and_runs_nothing(language: str) -> None:
    page = report_page(made(), language, rehearsal=True).decode()
    assert "default-src 'none'" in page
    assert not re.search(r"<script|<img|<link|https?://|url\(|@import| on\w+=", page)
    assert "Cup <b>" not in page
    assert "Cup &lt;b&gt;&amp;" in page
    assert "Night &lt;i&gt;" in page
    assert words(language)("rehearsal") in page
    assert f'lang="{language}"' in page


def test_numbers_are_written_as_each_language_does() -> None:
    english, italian = (report_page(made(), language, rehearsal=False).decode() for language in ("en", "it"))
    assert "14.53 USD" in english
    assert "14,53 USD" in italian
    assert "31.5" in english
    assert "31,5" in italian
    assert (words("en").number(1234.5, 1), words("it").number(1234.5, 1)) == ("1,234.5", "1.234,5")


def test_what_was_not_read_is_no_zero() -> None:
    page = report_page(made(totals=None, spend=(), races=[]), "en", rehearsal=False).decode()
    assert page.count("<b>–</b>") >= 3
    assert "No race was read." in page


def test_next_time_has_a_figure_for_each_sentence() -> None:
    found = made()
    assert not any("Only" in each for each in next_time(found, words("en")))  # it still runs
    told = next_time(replace(found, event=replace(EVENT, closed_at=START)), words("en"))
    assert told[0] == "9 of 18 people with access never signed in: remind them earlier, and ask why."
    assert any("Mails that bounced: 2." in each for each in told)
    assert any("Only 13 % of the budget" in each for each in told)
    assert any("2.5 hours of work waited" in each for each in told)


def test_nothing_that_stands_out_is_said() -> None:
    calm = made(funnel={}, totals=None, bounced=0, people=[], series=[], gaps=0)
    assert next_time(calm, words("en")) == ["Nothing stands out in these figures."]


def test_both_languages_have_every_word() -> None:
    english, italian = words("en").texts, words("it").texts
    for part_of in ("texts", "steps", "next_time"):
        assert {*english[part_of]} == {*italian[part_of]}
        for key, text in english[part_of].items():
            assert {*re.findall(r"{\w+}", text)} == {*re.findall(r"{\w+}", italian[part_of][key])}, key


def test_tables_hold_the_same_figures_and_are_inert() -> None:
    files = report_tables(made(), "en", rehearsal=True)
    read = {name: [*csv.reader(io.StringIO(body.decode("utf-8-sig")))] for name, body in files.items()}
    summary = {row[0]: row[1] for row in read["summary.csv"][1:]}
    assert (summary["hours of compute"], summary["spend (estimate)"], summary["people on the list"]) == (
        "31.5", "116.25", "21",
    )  # fmt: skip
    assert read["podiums.csv"][3][2] == "'=Cy"
    assert [row[:2] for row in read["submissions-per-day.csv"][1:]] == [["2026-11-06", "6"], ["2026-11-07", "3"]]
    assert sum(float(row[4]) for row in read["cost-centres.csv"][1:]) == 116.25
    assert all(words("en")("rehearsal") in row[-1] for rows in read.values() for row in rows)
