"""Confirmation of what cannot be taken back: whom and how much, then the event's name typed.

Open a dialog from the page's body only: inside a timed fragment it goes dead at the next tick (streamlit.md 2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from deepracer_admin.ui.kit.act import attempt
from deepracer_admin.ui.kit.words import plain

__all__ = ["confirm", "confirm_typed"]


def confirm_typed(
    title: str,
    *,
    facts: Sequence[str],
    name: str,
    button: str,
    run: Callable[[str], Any],
    done: str,
    what: str = "the event's name",
) -> None:
    """Show `facts` (markdown: escape names), ask for `name` typed, then call `run(typed)`; the service checks again."""

    @st.dialog(title, icon=":material/warning:")
    def ask() -> None:
        for fact in facts:
            st.markdown(f"- {fact}")
        typed = st.text_input(f"Type {what} to go on: {plain(name)}", key="dialog-typed", autocomplete="off", live=True)
        if st.button(button, type="primary", disabled=(typed or "").strip() != name, key="dialog-go"):
            _finish(lambda: run((typed or "").strip()), done)

    ask()


def confirm(title: str, *, facts: Sequence[str], button: str, run: Callable[[], Any], done: str) -> None:
    """Show whom it reaches and how much, then one button. For what can be undone."""

    @st.dialog(title)
    def ask() -> None:
        for fact in facts:
            st.markdown(f"- {fact}")
        if st.button(button, type="primary", key="dialog-go"):
            _finish(run, done)

    ask()


def _finish(run: Callable[[], Any], done: str) -> None:
    """Close the dialog when it was done; a refusal stays in it, next to the button."""
    if attempt(run, done=done)[0]:
        st.rerun()
