"""A table to choose from gives ids: whatever moves between a tick and an act, the named ones stay the chosen ones."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.ui.kit.table import as_label
from tests.ui.choosing import press_to_open, shown, tick, tick_places

PATIENCE_S = 30


def table() -> None:
    import pandas as pd
    import streamlit as st

    from deepracer_admin.ui.kit.table import choose, opened_in, put_chosen

    ids = st.session_state["ids"]
    if (put := st.session_state.pop("put", None)) is not None:
        put_chosen("people", put, {one: f"Racer {one}" for one in put})
    if st.session_state.get("elsewhere"):
        return
    st.session_state["opened"] = opened_in("people")
    st.session_state["got"] = choose(
        pd.DataFrame({"Name": [f"Racer {one}" for one in ids]}),
        ids,
        key="people",
        alt="People",
        names=[f"Racer {one}" for one in ids],
        scope=st.session_state.get("scope", ""),
        several=st.session_state.get("several", True),
        steady=st.session_state.get("steady", True),
        beyond=st.session_state.get("beyond", ()),
        opens="Name",
    )


def opened(rows: Sequence[str], **state: object) -> AppTest:
    app = AppTest.from_function(table, default_timeout=PATIENCE_S)
    for key, value in {"ids": [*rows], **state}.items():
        app.session_state[key] = value
    return app.run()


def moved(app: AppTest, ids: str, **state: object) -> AppTest:
    """The data is another one in the next run."""
    for key, value in {"ids": [*ids], **state}.items():
        app.session_state[key] = value
    return app.run()


def got(app: AppTest) -> set[str]:
    return set(app.session_state["got"])


def ticked(app: AppTest) -> list[str]:
    """Names that have a tick in the browser."""
    sent = app.session_state["table-people"]
    places = app.session_state[f"people.{sent.generation}"]["selection"]["rows"]
    return [str(shown(app, "Name")[place]) for place in places]


def said(app: AppTest) -> str:
    return "\n".join(str(caption.value) for caption in app.caption)


@pytest.mark.parametrize("steady", [True, False])
def test_a_new_order_keeps_whom_was_chosen(steady: bool) -> None:
    app = tick(opened("abcdef", steady=steady), "people", "b", "d", "e")
    for order in ("fedcba", "cafebd", "abcdef"):
        moved(app, order)
        assert got(app) == {"b", "d", "e"}
        assert set(ticked(app)) == {"Racer b", "Racer d", "Racer e"}


def test_a_click_is_read_in_the_order_in_which_the_browser_shows_the_rows() -> None:
    """The order changes between the sending of the table and the click, so the click arrives with the new order."""
    app = opened("abcdef", steady=False)
    app.session_state["ids"] = [*"fedcba"]
    tick_places(app, "people", [0, 1])
    assert got(app) == {"a", "b"}
    assert shown(app, "Name")[0] == "Racer f"
    assert set(ticked(app)) == {"Racer a", "Racer b"}


def test_a_steady_table_keeps_its_places_and_sorts_anew_when_asked() -> None:
    app = tick(opened("abc"), "people", "b")
    moved(app, "cbad")
    assert shown(app, "Name") == ["Racer a", "Racer b", "Racer c", "Racer d"]
    next(button for button in app.button if button.label == "Sort anew").click().run()
    assert shown(app, "Name") == ["Racer c", "Racer b", "Racer a", "Racer d"]
    assert got(app) == {"b"}
    assert not [button for button in app.button if button.label == "Sort anew"]


def test_a_table_that_is_not_steady_shows_the_newest_first() -> None:
    app = tick(opened("cba", steady=False), "people", "b")
    moved(app, "dcba")
    assert shown(app, "Name")[0] == "Racer d"
    assert got(app) == {"b"}


def test_newcomers_move_nothing_in_the_browser() -> None:
    app = tick(opened("abc"), "people", "b")
    before = app.session_state["table-people"].generation
    moved(app, "xabcy")
    assert app.session_state["table-people"].generation == before
    assert shown(app, "Name") == ["Racer a", "Racer b", "Racer c", "Racer x", "Racer y"]


def test_who_vanished_is_named_and_not_reached_and_is_back_with_their_row() -> None:
    app = tick(opened("abcde"), "people", "a", "b", "c", "d", "e")
    moved(app, "ace")
    assert got(app) == {"a", "c", "e"}
    assert "2 of 5 chosen are not in this list any more: Racer b and Racer d" in said(app)
    assert "what you do reaches the other 3" in said(app)
    moved(app, "abcde")
    assert got(app) == {"a", "b", "c", "d", "e"}
    assert not app.caption


def test_who_vanished_can_be_forgotten() -> None:
    app = tick(opened("abc"), "people", "a", "b")
    moved(app, "bc")
    next(button for button in app.button if button.label == "Forget them").click().run()
    assert not app.caption
    assert got(moved(app, "abc")) == {"b"}


def test_a_search_keeps_what_was_chosen_before_it() -> None:
    app = tick(opened("abcd"), "people", "a", "c")
    moved(app, "cd", scope="c")
    assert got(app) == {"c"}
    tick(app, "people", "c", "d")
    moved(app, "abcd", scope="")
    assert got(app) == {"a", "c", "d"}


def test_one_at_a_time_is_forgotten_when_it_vanishes() -> None:
    app = tick(opened("abc", several=False), "people", "b")
    assert got(app) == {"b"}
    moved(app, "ac")
    assert got(app) == set()
    assert got(moved(app, "abc")) == set()


def test_another_visit_begins_with_nothing_chosen_in_the_order_of_now() -> None:
    app = tick(opened("abc"), "people", "b")
    moved(app, "cba", elsewhere=True)
    moved(app, "cba", elsewhere=False)
    assert got(app) == set()
    assert shown(app, "Name") == ["Racer c", "Racer b", "Racer a"]


@pytest.mark.parametrize("seed", range(3))
def test_whatever_moves_only_the_person_at_the_table_changes_whom_is_chosen(seed: int) -> None:
    """Rows are sorted, added, taken away and filtered at random, with ticks in between in the order as shown."""
    chance = random.Random(seed)
    everybody = [f"{number}" for number in range(12)]
    app = opened(everybody, steady=bool(seed % 2))
    meant: set[str] = set()
    for _ in range(25):
        here = chance.sample(everybody, chance.randint(4, 12))
        app.session_state["ids"] = here
        if chance.random() < 0.5:
            order = app.session_state["table-people"].order
            places = chance.sample(range(len(order)), min(3, len(order)))
            meant = (meant - set(order)) | {order[place] for place in places}
            tick_places(app, "people", places)
        else:
            app.run()
        assert got(app) == meant & set(here)
        assert set(ticked(app)) == {f"Racer {one}" for one in meant & set(here)}


def test_what_is_chosen_on_another_page_is_part_of_the_answer_and_stays_so() -> None:
    app = tick(opened("abc", beyond=[*"abcdef"]), "people", "b", "c")
    moved(app, "def", scope="page 2")
    assert app.session_state["got"] == ("b", "c")
    tick(app, "people", "e")
    assert app.session_state["got"] == ("e", "b", "c")
    for _ in range(3):
        app.run()
        assert app.session_state["got"] == ("e", "b", "c")
    assert not app.caption
    moved(app, "def", scope="page 2", beyond=[*"abdef"])
    assert got(app) == {"e", "b"}
    assert "1 of 3 chosen is not in this list any more: Racer c" in said(app)


def test_all_are_chosen_at_once_ticks_and_other_pages_and_none_again() -> None:
    app = tick(opened("abc", beyond=[*"abcdef"]), "people", "a")
    moved(app, "abc", put=[*"abcdef"])
    assert app.session_state["got"] == tuple("abcdef")
    assert ticked(app) == ["Racer a", "Racer b", "Racer c"]
    tick(app, "people", "a", "c")
    assert got(app) == set("acdef")
    moved(app, "abc", put=[])
    assert got(app) == set()
    assert ticked(app) == []


def test_who_was_to_be_chosen_is_forgotten_with_the_table() -> None:
    app = moved(opened("abc"), "abc", elsewhere=True, put=[*"abc"])
    moved(app, "abc", elsewhere=False)
    assert got(app) == set()
    assert got(app.run()) == set()


def test_who_is_pressed_to_be_opened_is_read_in_the_order_in_which_the_browser_shows_the_rows() -> None:
    app = tick(opened("abcdef", steady=False), "people", "b")
    app.session_state["ids"] = [*"fedcba"]
    press_to_open(app, "people", "a")
    assert app.session_state["opened"] == "a"
    assert got(app) == {"b"}
    assert app.run().session_state["opened"] is None
    press_to_open(app, "people", "a")
    assert app.session_state["opened"] == "a"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Rossi, Anna", "Rossi, Anna"),
        ('["a", "b"]', '\u2060["a", "b"]'),
        (" :material/delete: x", "\u2060:material/delete: x"),
        ("Anna\n[x]", "Anna [x]"),
    ],
)
def test_a_name_that_would_be_an_icon_or_a_list_of_buttons_stays_text(name: str, label: str) -> None:
    assert as_label(name) == label
