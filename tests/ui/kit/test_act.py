"""An act: done once for a double click, said where it was, by whoever is signed in when it runs."""

from __future__ import annotations

from dataclasses import replace

from streamlit.testing.v1 import AppTest

from deepracer_admin.ui.kit.act import SECOND_CLICK_S
from tests.ui.kit.conftest import HandClock

PATIENCE_S = 30


def page() -> None:
    import streamlit as st

    from deepracer_admin.errors import Conflict
    from deepracer_admin.model import Actor
    from deepracer_admin.ui.kit.act import forget_elsewhere, press

    forget_elsewhere(st.session_state.get("page", "desk"))
    done: list[str] = st.session_state.setdefault("done", [])

    def add(who: Actor) -> int:
        if st.session_state.get("refuse"):
            raise Conflict("Ada is on the list already.")
        done.append(who.name)
        return len(done)

    press(f"Add {len(done)}", add, key="add", done=lambda n: f"Added {n}.", icon=":material/add:")


def opened() -> AppTest:
    return AppTest.from_function(page, default_timeout=PATIENCE_S).run()


def pressed(app: AppTest) -> AppTest:
    return app.button[0].click().run()


def lines(app: AppTest) -> str:
    return "\n".join(str(entry.value) for entry in app.markdown)


def test_an_act_says_what_it_did_and_the_line_stays(signed_in: list[str]) -> None:
    app = pressed(opened())
    assert app.session_state["done"] == ["Ada"]
    assert "Added 1" in lines(app)
    assert "09:00:00" in lines(app).replace("\\", "").replace("\u2060", "")
    assert "Added 1" in lines(app.run())


def test_the_second_click_of_a_double_click_does_nothing_and_the_success_stays(
    signed_in: list[str], clock: HandClock
) -> None:
    app = pressed(opened())
    clock.seconds += SECOND_CLICK_S / 2
    pressed(app)
    assert app.session_state["done"] == ["Ada"]
    assert "Added 1" in lines(app)


def test_on_a_busy_computer_the_second_click_counts_from_when_the_result_was_shown(
    signed_in: list[str], clock: HandClock
) -> None:
    app = pressed(opened())
    kept = app.session_state["said-add"]
    app.session_state["said-add"] = replace(kept, ended_s=kept.ended_s - 5, shown_s=kept.ended_s)
    clock.seconds += SECOND_CLICK_S / 2
    pressed(app)
    assert app.session_state["done"] == ["Ada"]
    clock.seconds += 2 * SECOND_CLICK_S
    pressed(app)
    assert app.session_state["done"] == ["Ada", "Ada"]


def test_a_second_press_that_is_meant_acts_again(signed_in: list[str], clock: HandClock) -> None:
    app = pressed(opened())
    clock.seconds += 2 * SECOND_CLICK_S
    pressed(app)
    assert app.session_state["done"] == ["Ada", "Ada"]


def test_after_a_refusal_the_next_press_tries_again_at_once(signed_in: list[str]) -> None:
    app = opened()
    app.session_state["refuse"] = True
    pressed(app)
    assert [error.value for error in app.error] == ["Ada is on the list already\\."]
    app.session_state["refuse"] = False
    pressed(app)
    assert app.session_state["done"] == ["Ada"]
    assert not app.error


def test_a_label_that_moves_between_drawing_and_press_loses_no_press(signed_in: list[str]) -> None:
    app = opened()
    button = app.button[0].click()
    app.session_state["done"] = ["somebody else"]  # the label is another one in the run of the press
    app.run()
    assert button.label == "Add 0"
    assert app.session_state["done"] == ["somebody else", "Ada"]


def test_whoever_is_signed_in_at_the_press_acts(signed_in: list[str]) -> None:
    app = opened()
    signed_in.append("Bob")
    pressed(app)
    assert app.session_state["done"] == ["Bob"]


def test_nobody_signed_in_nothing_is_done(signed_in: list[str]) -> None:
    app = opened()
    signed_in.clear()
    pressed(app)
    assert app.session_state["done"] == []
    assert [error.value for error in app.error] == ["Your session has ended."]


def test_what_was_said_is_gone_after_a_visit_to_another_page(signed_in: list[str]) -> None:
    app = pressed(opened())
    app.session_state["page"] = "elsewhere"
    assert "Added" not in lines(app.run())
    app.session_state["page"] = "desk"
    assert "Added" not in lines(app.run())
