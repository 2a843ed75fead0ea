"""Confirmation dialogs: a name to type, a refusal that stays beside the button."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

PATIENCE_S = 30


def asking() -> None:
    import streamlit as st

    from deepracer_admin.errors import BadInput
    from deepracer_admin.ui.kit.confirm import confirm_typed

    def run(typed: str) -> None:
        if st.session_state.get("refuse"):
            raise BadInput("Not today.")
        st.session_state["did"] = typed

    if not st.session_state.get("did"):
        confirm_typed(
            "Close it", facts=["4 people lose access"], name="Autumn Cup", button="Close", run=run, done="Closed."
        )


def opened(**state: object) -> AppTest:
    app = AppTest.from_function(asking, default_timeout=PATIENCE_S)
    for key, value in state.items():
        app.session_state[key] = value
    return app.run()


def test_the_button_stays_off_until_the_name_is_typed() -> None:
    app = opened()
    assert app.button[0].disabled
    assert "4 people lose access" in app.markdown[0].value
    app.text_input[0].input("Autumn").run()
    assert app.button[0].disabled
    app.text_input[0].input("Autumn Cup").run()
    assert not app.button[0].disabled


def test_what_was_typed_reaches_the_service_and_the_dialog_closes() -> None:
    app = opened()
    app.text_input[0].input("Autumn Cup").run()
    app.button[0].click().run()
    assert app.session_state["did"] == "Autumn Cup"
    assert len(app.button) == 0


def test_a_refusal_stays_in_the_dialog() -> None:
    app = opened(refuse=True)
    app.text_input[0].input("Autumn Cup").run()
    app.button[0].click().run()
    assert [error.value for error in app.error] == ["Not today\\."]
    assert "did" not in app.session_state
