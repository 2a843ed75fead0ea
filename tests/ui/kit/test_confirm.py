"""Confirmation dialogs: a name to type, a refusal that stays beside the button, and whoever presses is who acts."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.ui.kit.reached import whom

PATIENCE_S = 30


def asking() -> None:
    import streamlit as st

    from deepracer_admin.errors import BadInput
    from deepracer_admin.model import Actor
    from deepracer_admin.ui.kit.act import said
    from deepracer_admin.ui.kit.confirm import confirm_typed

    def run(who: Actor, typed: str) -> None:
        if st.session_state.get("refuse"):
            raise BadInput("Not today.")
        st.session_state["did"] = f"{who.name} typed {typed}"

    if not st.session_state.get("did"):
        confirm_typed(
            "Close it",
            key="close",
            facts=["4 people lose access"],
            name="Autumn Cup",
            button="Close",
            run=run,
            done="Closed.",
        )
    said("close")


def opened(**state: object) -> AppTest:
    app = AppTest.from_function(asking, default_timeout=PATIENCE_S)
    for key, value in state.items():
        app.session_state[key] = value
    return app.run()


def test_the_button_stays_off_until_the_name_is_typed(signed_in: list[str]) -> None:
    app = opened()
    assert app.button[0].disabled
    assert "4 people lose access" in app.markdown[0].value
    app.text_input[0].input("Autumn").run()
    assert app.button[0].disabled
    app.text_input[0].input("Autumn Cup").run()
    assert not app.button[0].disabled


def test_what_was_typed_reaches_the_service_the_dialog_closes_and_what_it_did_stays(signed_in: list[str]) -> None:
    app = opened()
    app.text_input[0].input("Autumn Cup").run()
    app.button[0].click().run()
    assert app.session_state["did"] == "Ada typed Autumn Cup"
    assert len(app.button) == 0
    assert "Closed" in app.markdown[0].value
    assert "Closed" in app.run().markdown[0].value


def test_a_refusal_stays_in_the_dialog(signed_in: list[str]) -> None:
    app = opened(refuse=True)
    app.text_input[0].input("Autumn Cup").run()
    app.button[0].click().run()
    assert "Not today\\." in [error.value for error in app.error]
    assert "did" not in app.session_state


def test_who_presses_acts_not_who_opened_the_dialog(signed_in: list[str]) -> None:
    app = opened()
    app.text_input[0].input("Autumn Cup").run()
    signed_in.append("Bob")
    app.button[0].click().run()
    assert app.session_state["did"] == "Bob typed Autumn Cup"


def test_a_press_after_signing_out_does_nothing_and_says_why(signed_in: list[str]) -> None:
    app = opened()
    app.text_input[0].input("Autumn Cup").run()
    signed_in.clear()
    app.button[0].click().run()
    assert "did" not in app.session_state
    assert "Your session has ended." in [error.value for error in app.error]


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["Ada"], "**1 person**: Ada"),
        (["Ada", "Bob"], "**2 people**: Ada and Bob"),
        (["Ada", "Bob", "Cy"], "**3 people**: Ada, Bob and Cy"),
        (["Ada", "Bob", "Cy", "Di", "Eve"], "**5 people**: Ada, Bob, Cy, Di and Eve"),
        ([*"ABCDEFG"], "**7 people**: A, B, C, D, E and 2 more"),
        ([], "**0 people**"),
        (["*Ada*"], "**1 person**: \\*Ada\\*"),
    ],
)
def test_a_dialog_names_the_first_few_and_counts_all(names: list[str], said: str) -> None:
    assert whom(names) == said
