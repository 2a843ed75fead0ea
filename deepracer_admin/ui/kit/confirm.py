"""Confirmation before an act: whom it reaches by name and how much, then one button, or the event's name typed.

A dialog carries ids and names as they were when it opened, and nothing else: who acts is asked at the press. What the
act came to stands afterwards where `said(key)` is drawn, beside the button that opened the dialog.

Open a dialog from the page's body only: inside a timed fragment it goes dead at the next tick (streamlit.md 2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.ui.kit.act import go, opened, press
from deepracer_admin.ui.kit.reached import Whom, everyone
from deepracer_admin.ui.kit.refresh import dialog_closed, dialog_opened
from deepracer_admin.ui.kit.words import plain

__all__ = ["confirm", "confirm_typed"]


def confirm_typed(
    title: str,
    *,
    key: str,
    facts: Sequence[str],
    name: str,
    button: str,
    run: Callable[[Actor, str], Any],
    done: str | Callable[[Any], str],
    what: str = "the event's name",
) -> None:
    """Show `facts` (markdown: escape names), ask for `name` typed, then call `run(who, typed)`.

    The service checks the name again.
    """
    opened(key)
    dialog_opened()

    @st.dialog(title, icon=":material/warning:", on_dismiss=dialog_closed)
    def dialog() -> None:
        _say(facts, key)
        typed = st.text_input(f"Type {what} to go on: {plain(name)}", key=f"{key}-typed", autocomplete="off", live=True)
        typed = (typed or "").strip()
        _go(button, lambda who: run(who, typed), key=key, done=done, disabled=typed != name)

    dialog()


def confirm(
    title: str,
    *,
    key: str,
    facts: Sequence[str],
    button: str,
    run: Callable[[Actor], Any],
    done: str | Callable[[Any], str],
) -> None:
    """Show whom it reaches and how much, then one button. For what can be undone."""
    opened(key)
    dialog_opened()

    @st.dialog(title, on_dismiss=dialog_closed)
    def dialog() -> None:
        _say(facts, key)
        _go(button, run, key=key, done=done, disabled=False)

    dialog()


def _say(facts: Sequence[str], key: str) -> None:
    """Each fact a line; behind whom it reaches stands the list of all of them."""
    for place, fact in enumerate(facts):
        st.markdown(f"- {fact}")
        if isinstance(fact, Whom):
            everyone(fact.names, key=f"{key}-everyone-{place}")


def _go(label: str, run: Callable[[Actor], Any], *, key: str, done: str | Callable[[Any], str], disabled: bool) -> None:
    """Drawing the page anew closes the dialog when it was done; a refusal stays in it, next to the button."""
    press(label, run, key=go(key), done=done, type="primary", disabled=disabled)
