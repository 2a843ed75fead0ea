"""From a press to one service call, and what came of it: a toast, and a line that stays where the act is.

Whoever presses is asked for when the act runs (`session.actor()`), never kept from when the page was drawn: an act is
given as a function of the person. An act carries ids; a double click does it once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import streamlit as st

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.cached import event_view
from deepracer_admin.ui.kit.masthead import next_link
from deepracer_admin.ui.kit.refresh import is_dialog_open
from deepracer_admin.ui.kit.words import (
    plain,
    second,
)

__all__ = ["SECOND_CLICK_S", "act", "as_shown", "ask", "forget_elsewhere", "go", "opened", "press", "said", "was_done"]

T = TypeVar("T")
SECOND_CLICK_S = 1.0
"""A press that comes sooner after the same act was done, and its result first shown, is the second half of a double
click (seconds). The time until it is shown is the page's own: on a busy computer that alone is longer."""
_PAGE = "acts-of-page"


@dataclass(frozen=True, slots=True)
class _Said:
    """What an act came to. `at` is real time, `ended_s` and `shown_s` (None: not shown yet) the monotonic clock's."""

    done: bool
    sentence: str
    at: datetime
    ended_s: float
    shown_s: float | None = None


def press(
    label: str,
    run: Callable[[Actor], Any],
    *,
    key: str,
    done: str | Callable[[Any], str],
    in_form: bool = False,
    line: bool = True,
    redraw: bool = True,
    type: Literal["primary", "secondary", "tertiary"] = "secondary",
    icon: str | None = None,
    help: str | None = None,
    disabled: bool = False,
    shown: Sequence[str] = (),
) -> bool:
    """A button that acts: `run` gets who pressed, `done` says what it did (of its result). True in the run of the act.

    `key` is the act's identity and holds no value that moves. `line`: draw what was said here; else call `said(key)`.
    `redraw`: when it was done, draw the page anew, because what stands above was read before. `shown`: ids of those
    whom the page names, where it works them out by itself; `run` asks `as_shown(key)` for them, because the run of the
    press works them out anew, and whoever pressed has not seen that.
    """
    button = st.form_submit_button if in_form else st.button
    pressed = button(
        label,
        key=key,
        type=type,
        icon=icon,
        help=help,
        disabled=disabled,
        on_click=_note_press,
        args=(key, tuple(shown)),
    )
    acted = pressed and act(run, key=key, done=done)[0]
    if acted and redraw:
        st.rerun()
    if line:
        said(key)
    return acted


def act(run: Callable[[Actor], T], *, key: str, done: str | Callable[[T], str]) -> tuple[bool, T | None]:
    """Call a service as whoever is signed in now; (was it done, its result). What it came to is kept for `said(key)`.

    The second click of a double click does nothing, and what the first came to stays.
    """
    before: _Said | None = st.session_state.get(_slot(key))
    pressed_s = st.session_state.pop(f"press-{key}", None)
    if before and before.done and pressed_s is not None:
        since_s = before.ended_s if before.shown_s is None else before.shown_s
        if pressed_s - since_s < SECOND_CLICK_S:
            return False, None
    who = session.actor()
    try:
        result = run(who)
    except ConsoleError as error:
        _keep(key, error.sentence, done=False)
        return False, None
    sentence = done(result) if callable(done) else done
    _keep(key, sentence, done=True)
    if sentence:
        st.toast(plain(sentence), icon=":material/check_circle:")
    return True, result


def ask(call: Callable[[Actor], T]) -> T | None:
    """Read from a service: its answer, or None after saying here why there is none."""
    try:
        return call(session.actor())
    except ConsoleError as error:
        st.error(plain(error.sentence), icon=":material/error:")
        return None


def said(*keys: str) -> None:
    """What the newest of these acts, or of the dialogs that they opened, came to; nothing before the first."""
    slots = [_slot(each) for key in keys for each in (key, go(key))]
    found: list[_Said] = [kept for slot in slots if (kept := st.session_state.get(slot)) and kept.sentence]
    if not found:
        return
    newest = max(found, key=lambda kept: kept.ended_s)
    if newest.shown_s is None:
        now = session.console().clock.monotonic()
        for slot in slots:
            if st.session_state.get(slot) is newest:
                st.session_state[slot] = replace(newest, shown_s=now)
    if not newest.done:
        st.error(plain(newest.sentence), icon=":material/error:")
        return
    at = plain(second(newest.at, _zone()))
    line = f":green[:material/check_circle:] {plain(newest.sentence)} :gray[{at}]"
    if is_dialog_open():  # the card of a person: what comes next is theirs, not the event's
        st.markdown(line)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(line, width="content")
        _lead_on(newest.ended_s)


def was_done(key: str) -> bool:
    """Did this act succeed on this page, in this tab?"""
    kept: _Said | None = st.session_state.get(_slot(key))
    return kept is not None and kept.done


def _lead_on(ended_s: float) -> None:
    """What to do next now that it was done."""
    who = session.actor()
    if session.desk().events.event() is None or not session.may(who, "event.view"):
        return
    for step in event_view(who, after=ended_s).next[:1]:
        next_link(who, step)


def _zone() -> tzinfo:
    """The time zone of the browser, as far as this computer knows it."""
    try:
        return ZoneInfo(st.context.timezone or "UTC")
    except (ValueError, ZoneInfoNotFoundError):
        return UTC


def go(key: str) -> str:
    """The act of the dialog that the button `key` opens."""
    return f"{key}-go"


def opened(key: str) -> None:
    """A dialog opens: what the act came to the last time is not said in it."""
    st.session_state.pop(_slot(go(key)), None)


def forget_elsewhere(page: str) -> None:
    """What was said on another page is gone when one comes back: it would be taken for news."""
    if st.session_state.get(_PAGE) == page:
        return
    st.session_state[_PAGE] = page
    for key in [key for key in st.session_state if str(key).startswith(_slot(""))]:
        del st.session_state[key]


def _slot(key: str) -> str:
    return f"said-{key}"


def as_shown(key: str) -> tuple[str, ...]:
    """The ids that stood on the page whose button `key` was pressed."""
    return st.session_state.get(f"shown-{key}", ())


def _note_press(key: str, shown: tuple[str, ...]) -> None:
    """When a press reached the server: before anything is drawn, however long the page takes."""
    st.session_state[f"press-{key}"] = session.console().clock.monotonic()
    st.session_state[f"shown-{key}"] = shown


def _keep(key: str, sentence: str, *, done: bool) -> None:
    clock = session.console().clock
    st.session_state[_slot(key)] = _Said(done, sentence, clock.now(), clock.monotonic())
    st.session_state[session.LAST_ACT] = clock.monotonic()
