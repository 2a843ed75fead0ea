"""The report's figures are those of the pages, from the same ledgers; its files are whole."""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields, replace
from datetime import date, timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Attendee, DeliveryEvent, Event, Profile, Race, RaceDraft, Standing, Step
from deepracer_admin.records.boards import BOARD_MARKS, BoardMark, mark_key
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.rules.finish import Finish
from deepracer_admin.rules.racers import Racer
from deepracer_admin.rules.report.figures import Summary
from deepracer_admin.rules.report.racer_pages import RacerPage, racer_pages
from tests.pages.conftest import NOW


@pytest.fixture
def raced(console: Console, event: Event, people: list[Attendee], profiles: list[Profile]) -> Event:
    now = console.clock.event_now()
    for hours in (3, 2, 0):
        console.history.add_usage(event.id, now - timedelta(hours=hours), profiles)
    console.store.save_races(
        event.id, [Race("r-9", RaceDraft("Night", "t", now - timedelta(hours=6), now))], seen_at=now, lease=None
    )
    rows = [Standing(1, "cheat", 1000, submissions=2), Standing(2, "Ada", 9000, submissions=3)]
    console.history.save_standings(event.id, "r-9", now - timedelta(hours=1), rows)
    racer = Racer(alias="cheat")
    mark = BoardMark("r-9", racer, disqualified="Two accounts.")
    console.store.change_rows(event.id, BOARD_MARKS, lambda _: {mark_key("r-9", racer): mark})
    return event


def test_figures_equal_what_the_usage_page_shows(console: Console, raced: Event, organizer: Actor) -> None:
    found, usage = console.first.report.figures(organizer), console.first.usage.totals(organizer)
    assert found.spent is not None
    assert (found.spent.usd, found.spent.hours) == (usage.spend_usd, usage.hours_used)
    assert (found.active, found.as_of) == (usage.active, usage.as_of)
    assert sum(centre.spent.usd for centre in found.centres) == pytest.approx(usage.spend_usd)
    assert found.spend[-1][1] == pytest.approx(usage.spend_usd)


def test_the_summary_says_what_the_report_says(
    console: Console, raced: Event, people: list[Attendee], organizer: Actor
) -> None:
    """Read in another way, at 10,000 people in a twentieth of the time; never another figure."""
    refused = replace(people[0], refusal="No such host.", new_to_ml=True)
    console.store.amend_attendees(raced.id, lambda each: refused if each.id == refused.id else each)
    console.store.plan_deliveries(raced.id, [(people[0].id, "access", 1)], campaign="c", lease=None)
    bounce = [DeliveryEvent("bounce", "", f"{raced.id}#{people[0].id}#access#1", NOW, "")]
    console.store.apply_delivery_events(raced.id, bounce, now=NOW)
    found, whole = console.first.report.summary(organizer), console.first.report.figures(organizer)
    assert found.spent is not None
    assert whole.spent is not None
    assert (found.spent.hours, found.spent.usd) == pytest.approx((whole.spent.hours, whole.spent.usd))
    named = [each.name for each in fields(Summary) if each.name != "spent"]
    assert {name: getattr(found, name) for name in named} == {name: getattr(whole, name) for name in named}
    assert (found.refused, found.bounced, found.active > 0) == (1, 1, True)


def test_the_funnel_is_the_ledgers(console: Console, raced: Event, organizer: Actor) -> None:
    found, funnel = console.first.report.figures(organizer), console.store.funnel(raced.id)
    for step, number in found.funnel:
        assert number == sum(count for state, count in funnel[step].items() if state.is_done)
    assert found.people == len(console.store.attendees(raced.id, wanted=True))
    assert Step.GROUP not in dict(found.funnel)


def test_the_podium_is_the_board_without_whom_it_left_out(console: Console, raced: Event, organizer: Actor) -> None:
    podium = next(each for each in console.first.report.figures(organizer).podiums if each.race == "Night")
    board = console.first.boards.view(organizer, "r-9").rows
    assert [(rank, alias) for rank, alias, _ in podium.places] == [(row.rank, row.alias) for row in board][:3]
    assert [alias for _, alias, _ in podium.places] == ["Ada"]


def test_files_come_in_both_languages_and_in_no_other(console: Console, raced: Event, organizer: Actor) -> None:
    desk = console.first.report
    assert "Rapporto dell’evento" in desk.page(organizer, "it").decode()
    with zipfile.ZipFile(io.BytesIO(desk.tables(organizer, "en"))) as archive:
        assert {*archive.namelist()} >= {"summary.csv", "funnel.csv", "podiums.csv", "cost-centres.csv"}
    with pytest.raises(BadInput, match="English and Italiano"):
        desk.page(organizer, "xx")


def test_before_anything_was_read_nothing_is_zero(console: Console, event: Event, organizer: Actor) -> None:
    found = console.first.report.figures(organizer)
    assert (found.spent, found.as_of, found.learning.improved) == (None, None, None)


@pytest.fixture
def final(console: Console, raced: Event) -> Event:
    closes = console.store.races(raced.id)[0][0].draft.closes_at
    console.store.change_rows(raced.id, FINISHES, lambda _: {"r-9": Finish(closes_at=closes, final_at=closes)})
    return raced


def test_racers_get_a_sheet_for_each_place_and_the_disqualified_none(
    console: Console, final: Event, organizer: Actor
) -> None:
    page = console.first.report.certificates(organizer, "en").decode()
    assert page.count("<section>") == console.first.report.sheets(organizer) == 1
    assert "Place 1 of 1 in Night" in page
    assert "cheat" not in page
    assert "0:09.000" in page or "9.000" in page
    assert "REHEARSAL" in page
    assert "Attestato" in console.first.report.certificates(organizer, "it").decode()
    assert console.store.audit(final.id, limit=1)[0].target == "racer certificates"


def test_a_rude_name_stands_neither_in_the_report_nor_on_a_certificate(
    console: Console, final: Event, organizer: Actor
) -> None:
    rude = [Standing(1, "Wh0re", 8000), Standing(2, "Ada", 9000)]
    console.history.save_standings(final.id, "r-9", console.clock.event_now() - timedelta(minutes=1), rude)
    [podium] = console.first.report.figures(organizer).podiums
    assert [alias for _, alias, _ in podium.places] == ["Racer 1", "Ada"]
    page = console.first.report.certificates(organizer, "en").decode()
    assert page.count("<section>") == 2
    assert "Wh0re" not in page


def test_what_is_not_final_gets_no_certificate(console: Console, raced: Event, organizer: Actor) -> None:
    assert console.first.report.sheets(organizer) == 0
    with pytest.raises(BadInput, match="No race of this event"):
        console.first.report.certificates(organizer, "en")


def test_two_thousand_sheets_are_escaped_and_need_nothing_from_outside() -> None:
    sheets = [
        RacerPage(f"<b>Ada {n}</b>", "Night & Day", date(2026, 11, 23), n, 2000, 9000 + n) for n in range(1, 2001)
    ]
    page = racer_pages("Cup <1>", sheets, "it", rehearsal=False).decode()
    assert page.count("<section>") == 2000
    assert "<b>Ada" not in page
    assert "http:" not in page
    assert "https:" not in page
    assert "Posto 2.000 di 2.000 nella gara Night &amp; Day" in page


def test_the_mail_of_a_result_holds_each_place_and_goes_to_whoever_has_one(
    console: Console, final: Event, organizer: Actor, people: list[Attendee]
) -> None:
    letters = console.ports_of(final.id).letters
    reached = letters.audience(final, "placed")
    named = [person for person in people if person.alias == "Ada"]
    assert [person.id for person in reached] == [person.id for person in named]
    mail = letters.render(final, letters.template(final, "result", "en"), people[0])
    assert "{results}" not in mail.text
