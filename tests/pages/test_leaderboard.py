"""The Leaderboard page on a seeded race."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.model import Race, RaceDraft, Role, Standing
from deepracer_admin.records.boards import BOARD_MARKS, FROZEN_BOARDS, MASKED_WORDS
from deepracer_admin.records.screen_links import SCREEN_LINKS
from tests.pages.conftest import NOW, answer, click, texts
from tests.ui.choosing import tick

PAGE = "pages/run/leaderboard.py"
DESK = {"board-tabs": "Run the board"}


@pytest.fixture
def race(console, event, people):
    """Three results, the first by somebody who is not on the list."""
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(minutes=50), NOW + timedelta(days=1))
    made = Race("r-1", draft, participants=3)
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    rows = [Standing(1, "Stranger", 9_000), Standing(2, "racer-1", 10_250), Standing(3, "racer-2", 61_000)]
    console.history.save_standings(event.id, made.id, NOW, rows)
    return made


def _board(app):
    return next(frame.value for frame in app.dataframe if "To leader" in frame.value)


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_only_organizers_see_the_person_behind_an_alias(browser, race, role):
    assert "Person" not in _board(browser.open(PAGE, role))
    assert list(_board(browser.open(PAGE))["Person"]) == ["not on the list", "Racer 1", "Racer 2"]


def test_times_and_gaps_are_written_as_on_a_track(browser, race):
    board = _board(browser.open(PAGE))
    assert list(board["Time"]) == ["9.000", "10.250", "1:01.000"]
    assert list(board["To leader"]) == ["", "+1.250", "+52.000"]


def test_nobody_without_a_session_sees_the_board(browser, race):
    app = browser.open(PAGE, None)
    assert app.error
    assert not app.dataframe


def test_a_viewer_cannot_run_the_board(browser, race):
    app = browser.open(PAGE, Role.VIEWER, state=DESK)
    assert not [button for button in app.button if button.label in ("Make a link", "Hold the board still")]


def test_without_a_race_the_page_says_what_to_do(browser, event):
    assert "no race yet" in texts(browser.open(PAGE))


def test_holding_the_board_is_recorded(browser, console, event, race):
    app = click(browser.open(PAGE, Role.FACILITATOR, state=DESK), "Hold the board still")
    assert console.store.row(event.id, FROZEN_BOARDS, "r-1") is not None
    assert "held since" in texts(app)


def test_hiding_masks_the_alias_and_shows_it_to_those_who_may_undo_it(browser, console, event, race):
    app = browser.open(PAGE, state=DESK)
    app.selectbox(key="desk-racer").select_index(1).run()
    click(app, "Hide the racer name")
    assert [mark.racer.alias for mark in console.store.rows(event.id, BOARD_MARKS).values() if mark.hidden] == [
        "racer-1"
    ]
    assert _board(app)["Racer"][1].startswith("Racer 2")


def test_a_disqualification_needs_a_reason(browser, console, event, race):
    app = browser.open(PAGE, state=DESK)
    app.selectbox(key="desk-racer").select_index(0).run()
    answer(app, "board-disqualify")
    assert "Write the reason" in texts(app)
    app.text_input(key="desk-reason").set_value("used two profiles").run()
    click(app, "board-disqualify")
    assert "Reason: used two profiles" in texts(app)
    answer(app, "board-disqualify")
    [mark] = console.store.rows(event.id, BOARD_MARKS).values()
    assert (mark.racer.alias, mark.disqualified) == ("Stranger", "used two profiles")
    assert list(_board(app)["Place"]) == [1, 2]


def test_a_link_is_made_shown_and_withdrawn(browser, console, event, race):
    console.store.save_event(replace(event, public_url="https://board.example.com"))
    app = click(browser.open(PAGE), "Make a link")
    assert any(code.value.startswith("https://board.example.com/live/") for code in app.code)
    click(app, "link-withdraw")
    assert "Every screen and phone that shows it goes dark" in texts(app)
    answer(app, "link-withdraw")
    [row] = console.store.rows("", SCREEN_LINKS).values()
    assert row.revoked is True


def test_without_a_second_listener_a_link_is_refused_with_the_way_out(browser, race):
    assert "PUBLIC_PORT" in texts(click(browser.open(PAGE), "Make a link")).replace("\\", "")


def test_the_link_that_was_chosen_is_withdrawn_though_a_newer_one_stands_where_it_stood(
    browser, console, clock, event, race, organizer
):
    console.store.save_event(replace(event, public_url="https://board.example.com"))
    stage = console.first.boards.make_link(organizer, "r-1")
    app = tick(browser.open(PAGE), "links", stage.id)
    clock.at += timedelta(seconds=5)
    console.first.boards.make_link(organizer, "r-1", hours=2)
    app.run()
    answer(app, "link-withdraw")
    assert {link.id for link in console.first.boards.links(organizer) if link.revoked} == {stage.id}


@pytest.fixture
def names(console, event, race):
    """One racer with a rude name, one who looks like the leader."""
    rows = [Standing(1, "Stranger", 9_000), Standing(2, "Wh0re", 10_250), Standing(3, "5tranger", 61_000)]
    console.history.save_standings(event.id, race.id, NOW, rows)


def test_a_name_to_look_at_is_hidden_or_shown_by_one_click_and_back(browser, names):
    app = browser.open(PAGE, state=DESK)
    assert list(_board(app)["Racer"]) == ["Stranger", "Racer 2  (hidden)", "5tranger"]
    assert "masked: rude word" in app.selectbox(key="desk-racer").options[1]
    assert "Place 2: **Wh0re**, masked: rude word" in texts(app)
    assert "Place 3: **5tranger**, looks like place 1, Stranger" in texts(app)
    click(click(app, "board-name-alias:Wh0re"), "board-name-alias:5tranger")
    assert list(_board(app)["Racer"]) == ["Stranger", "Wh0re", "Racer 3  (hidden)"]
    assert "rude word, shown because somebody decided so" in texts(app)
    assert "looks like place 1, Stranger; hidden" in texts(app)
    app = browser.open(PAGE, state=DESK)
    click(click(app, "board-name-alias:Wh0re"), "board-name-alias:5tranger")
    assert list(_board(app)["Racer"]) == ["Stranger", "Racer 2  (hidden)", "5tranger"]


def test_more_words_are_saved_and_mask_at_once(browser, console, event, race):
    app = browser.open(PAGE, state=DESK)
    field = next(each for each in app.text_input if each.label == "More words to mask")
    field.set_value("stranger")
    click(app, "masked-words-save")
    assert console.store.read(event.id, MASKED_WORDS).words == ("stranger",)
    assert "1 word more on every board" in texts(app)
    assert _board(app)["Racer"][0] == "Racer 1  (hidden)"
    assert "Show it as it is now" not in [button.label for button in app.button]


def test_a_viewer_learns_neither_the_name_nor_the_reason(browser, names):
    app = browser.open(PAGE, Role.VIEWER, state=DESK)
    assert list(_board(app)["Racer"]) == ["Stranger", "Racer 2", "5tranger"]
    assert "Wh0re" not in texts(app)
