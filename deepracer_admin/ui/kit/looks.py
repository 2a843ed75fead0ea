"""Parts of a page that stay new by themselves, and cost next to nothing while nothing moves.

A part says what it was drawn from. One timed fragment a tab looks whether that is still so; it sends nothing, and draws
a part anew, and nothing else of the page, once it is not. Whoever was signed out elsewhere, or may not see a part any
more, is told so where the part stands, as fast as a new value would show.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, RerunException, ScriptRunContext, get_script_run_ctx

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session

__all__ = ["begin_looks", "drawn_from", "look_every"]

_PARTS = "looked-at"


@dataclass(slots=True)
class _Part:
    now: Callable[[Actor], object]
    drawn_from: object
    every_s: float
    looked_s: float
    lost: bool = False  # it says that nobody is signed in any more, or may not see it


def begin_looks() -> None:
    """A full run begins: what it draws says so anew."""
    st.session_state[_PARTS] = {}


def drawn_from(part: str, what: object, now: Callable[[Actor], object], *, every_s: float) -> None:
    """The fragment with the key `part` was drawn from `what`; `now` asks for it again, at most every so many seconds,
    as whoever is signed in then. Both are compared by value: make them cheap to ask for and to compare."""
    parts: dict[str, _Part] = st.session_state.setdefault(_PARTS, {})
    parts.pop(part, None)
    parts[part] = _Part(now, what, every_s, session.console().clock.monotonic())


def look_every(seconds: float) -> None:
    """Begin to look; once a full run."""
    st.fragment(_look, run_every=seconds)()


def _look() -> None:
    ctx = get_script_run_ctx()
    if ctx is None or not ctx.fragment_ids_this_run:  # the page's own run, which draws everything
        return
    parts: dict[str, _Part] = st.session_state.get(_PARTS, {})
    moved = moved_part(parts, session.console().clock.monotonic(), session.signed_in())
    if moved:
        _draw_anew(ctx, moved)


def moved_part(parts: dict[str, _Part], now_s: float, who: Actor | None) -> str:
    """The part to draw anew; "" for none. One that cannot be asked for is drawn anew, and says itself why."""
    for name, part in reversed(parts.items()):  # the page's own before the frame's
        if who is None:
            if not part.lost:
                part.lost = True
                return name
            continue
        if now_s - part.looked_s < part.every_s / 2:  # a look comes a little early or late
            continue
        part.looked_s = now_s
        try:
            moved = part.now(who) != part.drawn_from or part.lost
            part.lost = False
        except ConsoleError:
            moved = part.lost = True
        if moved:
            return name
    return ""


def _draw_anew(ctx: ScriptRunContext, part: str) -> None:
    """As `st.rerun(part)`, which Streamlit allows in callbacks alone; a look has nothing below it to break off."""
    raise RerunException(
        RerunData(
            query_string=ctx.query_string,
            page_script_hash=ctx.page_script_hash,
            fragment_id_queue=ctx.fragment_storage.resolve_target(part),
            is_fragment_scoped_rerun=True,
            cached_message_hashes=ctx.cached_message_hashes,
            context_info=ctx.context_info,
        )
    )
