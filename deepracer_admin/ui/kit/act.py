"""From a click to one service call: a sentence next to what was clicked when it is refused, a toast when it is done."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from deepracer_admin.errors import ConsoleError
from deepracer_admin.ui.kit.words import plain

__all__ = ["act", "attempt"]

T = TypeVar("T")


def act(call: Callable[[], T], *, done: str = "") -> T | None:
    """Call a service. Its result, with a toast of `done`; None after showing why it was refused.

    A service that answers None cannot be told from a refusal here: use `attempt`.
    """
    return attempt(call, done=done)[1]


def attempt(call: Callable[[], T], *, done: str = "") -> tuple[bool, T | None]:
    """As `act`, but (was it done, its result)."""
    try:
        result = call()
    except ConsoleError as error:
        st.error(plain(error.sentence), icon=":material/error:")
        return False, None
    if done:
        st.toast(done, icon=":material/check_circle:")
    return True, result
