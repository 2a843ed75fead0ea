"""The entry list of a race at length: pages, search, who is chosen on which page; and its bad days."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Event, Race, RaceDraft, Role, Standing
from deepracer_admin.records.entrants import ENTRY_LISTS, EntryList
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from tests.pages.conftest import NOW, Browser, answer, click, texts
from tests.pages.test_signed_out_presses import alone, whole
from tests.ui.choosing import shown, tick

PAGE = "pages/run/races.py"
MANY = 130
OUT = {"race": "r-1", "entrants-side": "out"}
IN = {"race": "r-1"}


def listed(console: Console, *numbers: int) -> None:
    people = tuple(f"at-{n}" for n in numbers)
    console.store.change_rows("ev-1", ENTRY_LISTS, lambda _: {"r-1": EntryList(people)}, keys=("r-1",))


def on_list(console: Console) -> list[str]:
    made = console.store.row("ev-1", ENTRY_LISTS, "r-1")
    return [*made.people] if made else []


def audited(console: Console) -> list[int]:
    return [row.count for row in console.store.audit(None, limit=50) if row.action == "races.admit" and row.allowed]


@pytest.fixture
def race(console: Console, event: Event) -> Race:
    """130 people of three offices, nobody on the entry list yet; everybody of the deployment may enter."""
    people = [
        Attendee(f"at-{n}", f"racer{n}@example.com", f"Racer {n:03}", f"racer-{n:03}",
                 office=("Milano", "Roma", "Oslo")[n % 3], cost_centre=f"CC-{n % 2}", added_at=NOW)
        for n in range(MANY)
    ]  # fmt: skip
    console.store.save_attendees(event.id, people)
    made = Race("r-1", RaceDraft("Cup", "t-1", NOW, NOW.replace(hour=20)))
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    console.store.keep(event.id, ACCOUNT, AccountSeen(as_of=NOW))
    return made


def turn(app: AppTest, page: int) -> AppTest:
    number = next(each for each in app.number_input if str(each.key).startswith("entrants-page"))
    return number.set_value(page).run()


def everybody(app: AppTest) -> AppTest:
    return next(each for each in app.checkbox if str(each.key).startswith("entrants-all")).check().run()


def test_one_page_is_sent_and_everybody_is_on_some_page(browser: Browser, race: Race) -> None:
    app = browser.open(PAGE, address=OUT)
    assert shown(app, "Name") == [f"Racer {n:03}" for n in range(50)]
    assert "1 to 50 of 130 people" in texts(app)
    turn(app, 3)
    assert shown(app, "Name") == [f"Racer {n:03}" for n in range(100, MANY)]


def test_whoever_is_chosen_on_one_page_is_let_in_from_another(browser: Browser, console: Console, race: Race) -> None:
    app = tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3", "at-7")
    turn(app, 2)
    tick(app, "entrants-out-r-1", "at-60")
    assert "Chosen: **3 people**: Racer 060, Racer 003 and Racer 007" in texts(app)
    answer(app, "entrants-admit")
    assert set(on_list(console)) == {"at-3", "at-7", "at-60"}
    assert "3 people put on the list" in texts(app)
    assert "Chosen:" not in texts(app), "it is done: nobody is chosen any more"


def test_a_search_and_an_office_look_on_every_page(browser: Browser, race: Race) -> None:
    app = turn(browser.open(PAGE, address=OUT), 2)
    app.text_input(key="entrants-text").input("RACER12").run()
    assert shown(app, "Name") == ["Racer 012", *(f"Racer {n:03}" for n in range(120, MANY))]
    app.selectbox(key="entrants-cohort").set_value("Office: Roma").run()
    assert shown(app, "Name") == ["Racer 121", "Racer 124", "Racer 127"]
    assert "RACER12" not in str(dict(app.query_params))
    app.text_input(key="entrants-text").input("nobody here").run()
    assert "Nobody fits." in texts(app)


def test_an_order_is_of_all_pages(browser: Browser, race: Race) -> None:
    app = browser.open(PAGE, address={**OUT, "entrants-sort": "Office"})
    assert {*shown(app, "Office")} == {"Milano", "Oslo"}
    assert {*shown(turn(app, 3), "Office")} == {"Roma"}


def test_all_that_fit_are_let_in_and_another_filter_is_another_all(
    browser: Browser, console: Console, race: Race
) -> None:
    app = everybody(browser.open(PAGE, address={**OUT, "entrants-cohort": "Office: Oslo"}))
    assert "Chosen: **43 people**" in texts(app)
    app.selectbox(key="entrants-cohort").set_value("Office: Roma").run()
    assert "Chosen:" not in texts(app)
    app.selectbox(key="entrants-cohort").set_value("Office: Oslo").run()
    answer(everybody(app), "entrants-admit")
    assert {*on_list(console)} == {f"at-{n}" for n in range(MANY) if n % 3 == 2}


def test_let_all_in_reaches_those_who_do_not_fit_the_filter_too_and_says_so(
    browser: Browser, console: Console, race: Race
) -> None:
    app = browser.open(PAGE, address={**OUT, "entrants-cohort": "Office: Oslo"})
    assert "Let all 130 in …" in [button.label for button in app.button]
    click(app, "entrants-admit-all")
    assert "**130 people**" in texts(app)
    next(button for button in click(app, "entrants-admit-all").button if button.key == "entrants-admit-go").click()
    click(app, "entrants-admit-all")
    assert len(on_list(console)) == MANY


def test_taking_out_works_from_page_to_page_and_results_are_no_members(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    listed(console, *range(120))
    console.history.save_standings(event.id, race.id, NOW, [Standing(1, "Stranger", 9_000)])
    app = browser.open(PAGE, address=IN)
    assert shown(app, "On the list")[:2] == ["✗ no", "✓ yes"]
    tick(app, "entrants-in-r-1", "result-Stranger", "at-0")
    tick(turn(app, 3), "entrants-in-r-1", "at-110")
    assert "Chosen: **2 racers**: Racer 110 and Racer 000" in texts(app)
    answer(app, "entrants-expel")
    assert len(on_list(console)) == 118
    assert not {"at-0", "at-110"} & {*on_list(console)}


def test_who_may_only_look_gets_pages_and_filters_and_no_act(browser: Browser, console: Console, race: Race) -> None:
    listed(console, *range(MANY))
    app = turn(browser.open(PAGE, Role.FACILITATOR, address=OUT), 2)
    assert shown(app, "Name") == [f"Racer {n:03}" for n in range(50, 100)]
    assert not app.checkbox
    assert not {"Take out …", "Let in …"} & {button.label for button in app.button}


@pytest.mark.parametrize(("role", "may"), [(Role.ORGANIZER, True), (Role.FACILITATOR, False)])
def test_the_list_is_given_to_those_who_may_take_personal_data_away(
    browser: Browser, console: Console, race: Race, role: Role, may: bool
) -> None:
    listed(console, 1, 2)
    labels = {each.proto.label for each in browser.open(PAGE, role, address=IN).get("download_button")}
    assert ("Entry list (CSV)" in labels) is may


# ------------------------------------------------------------------------------------------------ bad days


def test_whoever_vanishes_between_choosing_and_pressing_is_named_and_the_others_are_let_in(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    app = tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3", "at-7")
    console.store.delete_attendees(event.id, ["at-3"])
    app.run()
    assert "1 of 2 chosen is not in this list any more: Racer 003" in texts(app)
    assert "Chosen: **1 person**: Racer 007" in texts(app)
    answer(app, "entrants-admit")
    assert on_list(console) == ["at-7"]


def test_whoever_vanishes_under_an_open_dialog_stops_the_act_and_the_dialog_says_so(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    app = tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3", "at-7")
    whole(app, "entrants-admit")
    console.store.delete_attendees(event.id, ["at-3"])
    whole(app, "entrants-admit-go")
    assert on_list(console) == []
    assert "Some of the chosen people are not on this event's list" in app.error[0].value


def test_results_that_change_the_order_move_nobody_from_page_to_page_until_asked(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    listed(console, *range(MANY))
    app = tick(browser.open(PAGE, address=IN), "entrants-in-r-1", "at-3")
    before = shown(app, "Name")
    console.history.save_standings(event.id, race.id, NOW, [Standing(1, "racer-129", 9_000)])
    app.run()
    assert shown(app, "Name") == before
    assert "Chosen: **1 racer**: Racer 003" in texts(app)
    click(app, "entrants-anew")
    assert shown(app, "Name")[:2] == ["Racer 129", "Racer 000"]
    assert "Chosen: **1 racer**: Racer 003" in texts(app)
    answer(app, "entrants-expel")
    assert "at-3" not in on_list(console)
    assert len(on_list(console)) == MANY - 1


def test_a_race_that_is_deleted_in_another_tab_leaves_the_page_without_an_error_and_takes_no_act(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    other = Race("r-2", replace(race.draft, name="Final"))
    console.store.save_races(event.id, [race, other], seen_at=NOW, lease=None)
    app = tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3")
    console.store.save_races(event.id, [other], seen_at=NOW, lease=None)
    click(app, "entrants-admit")
    assert not app.error
    assert "The race that was chosen is not in the list any more." in texts(app)
    assert "Who may enter" not in texts(app)
    assert "race" not in app.query_params
    assert on_list(console) == []


def test_a_race_that_is_deleted_under_an_open_dialog_takes_nobody(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    app = tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3")
    whole(app, "entrants-admit")
    console.store.save_races(event.id, [], seen_at=NOW, lease=None)
    whole(app, "entrants-admit-go")
    assert on_list(console) == []
    assert "That race is not in the list any more" in app.error[0].value


def test_a_double_click_lets_in_once(browser: Browser, console: Console, race: Race) -> None:
    app = tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3")
    whole(app, "entrants-admit")
    again = app.button(key="entrants-admit-go")
    whole(app, "entrants-admit-go")
    alone(app, again.click())  # its second half, which a browser may still send
    assert on_list(console) == ["at-3"]
    assert audited(console) == [1]


def test_two_tabs_with_open_dialogs_put_nobody_on_the_list_twice(
    browser: Browser, console: Console, race: Race
) -> None:
    listed(console, 5)
    one, two = (tick(browser.open(PAGE, address=OUT), "entrants-out-r-1", "at-3") for _ in range(2))
    for app in (one, two):
        whole(app, "entrants-admit")
    for app in (one, two):
        whole(app, "entrants-admit-go")
    assert on_list(console) == ["at-5", "at-3"]


def test_the_second_of_two_tabs_that_take_the_same_racer_out_says_that_they_are_out(
    browser: Browser, console: Console, race: Race
) -> None:
    listed(console, 3, 5)
    one, two = (tick(browser.open(PAGE, address=IN), "entrants-in-r-1", "at-3") for _ in range(2))
    for app in (one, two):
        whole(app, "entrants-expel")
    for app in (one, two):
        whole(app, "entrants-expel-go")
    assert on_list(console) == ["at-5"]
    assert audited(console) == [1]
    assert "Some of the chosen racers are not on the list of this race" in two.error[0].value
    two.run()
    assert "1 of 1 chosen is not in this list any more: Racer 003; nothing is done to them." in texts(two)
    assert two.button(key="entrants-expel").disabled
