"""Parts of a page that stay new by themselves, and cost next to nothing while nothing moves.

A part says what it was drawn from. The server asks for it whether that is still so (web/tabs.py), and draws anew all
parts for which it is not, and nothing else of the page. (All of them: a part that moves at every look would else keep
another from its turn for as long as it moves.) Whoever was signed out elsewhere, or may not see a part any more, is
told so where the part stands, as fast as a new value would show.

Beside it one timed fragment a tab looks by itself, which sends nothing: seldom, in case that the server should not; as
often as the page wants where the server cannot.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, RerunException, ScriptRunContext, get_script_run_ctx

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session
from deepracer_admin.web import server

__all__ = ["begin_looks", "drawn_from", "look_every"]

_PARTS = "looked-at"
SELDOM_S = 30.0
"""Between two looks of a tab for which the server looks."""


@dataclass(slots=True)
class _Part:
    now: Callable[[Actor], object]
    drawn_from: object
    every_s: float
    looked_s: float
    tab: session.Tab
    fragments: Sequence[str] = field(default=())
    lost: bool = False  # it says that nobody is signed in any more, or may not see it

    def is_due(self, now_s: float) -> bool:
        return now_s - self.looked_s >= self.every_s

    def has_moved(self, now_s: float) -> bool:
        """Is it to be drawn anew? One that cannot be asked for is, and says itself why; so is each, once, when nobody
        is signed in any more."""
        self.looked_s = now_s
        with session.on_behalf_of(self.tab):
            who = session.signed_in()
            if who is None:
                told, self.lost = self.lost, True
                return not told
            try:
                moved = self.now(who) != self.drawn_from or self.lost
                self.lost = False
            except ConsoleError:
                moved = self.lost = True
        return moved


def begin_looks() -> None:
    """A full run begins: what it draws says so anew."""
    st.session_state[_PARTS] = {}
    ctx, tabs = get_script_run_ctx(), server.open_tabs()
    if ctx is not None and tabs is not None:
        tabs.forget(ctx.session_id)


def drawn_from(part: str, what: object, now: Callable[[Actor], object], *, every_s: float) -> None:
    """The fragment with the key `part` was drawn from `what`; `now` asks for it again, at most every so many seconds,
    as whoever is signed in then. Both are compared by value: make them cheap to ask for and to compare.

    `now` is asked outside of a run: of a page it may use what `session.on_behalf_of` serves, and nothing of Streamlit.
    """
    ctx, tabs = get_script_run_ctx(), server.open_tabs()
    parts: dict[str, _Part] = st.session_state.setdefault(_PARTS, {})
    parts.pop(part, None)
    parts[part] = drawn = _Part(now, what, every_s, session.console().clock.monotonic(), session.this_tab())
    if ctx is not None and tabs is not None:
        drawn.fragments = ctx.fragment_storage.resolve_target(part)
        tabs.drawn(ctx.session_id, part, drawn)


def look_every(seconds: float) -> None:
    """Begin to look; once a full run."""
    tabs = server.open_tabs()
    st.fragment(_look, run_every=max(seconds, SELDOM_S) if tabs and tabs.is_serving() else seconds)()


def _look() -> None:
    ctx = get_script_run_ctx()
    if ctx is None or not ctx.fragment_ids_this_run:  # the page's own run, which draws everything
        return
    moved = moved_parts(st.session_state.get(_PARTS, {}), session.console().clock.monotonic())
    if moved:
        _draw_anew(ctx, moved)


def moved_parts(parts: Mapping[str, _Part], now_s: float) -> list[str]:
    """The parts to draw anew, the page's own before the frame's."""
    return [
        name
        for name, part in reversed([*parts.items()])
        if now_s - part.looked_s >= part.every_s / 2 and part.has_moved(now_s)  # a look comes a little early or late
    ]


def _draw_anew(ctx: ScriptRunContext, parts: Sequence[str]) -> None:
    """As `st.rerun(parts)`, which Streamlit allows in callbacks alone; a look has nothing below it to break off."""
    raise RerunException(
        RerunData(
            query_string=ctx.query_string,
            page_script_hash=ctx.page_script_hash,
            fragment_id_queue=ctx.fragment_storage.resolve_target(parts),
            is_fragment_scoped_rerun=True,
            cached_message_hashes=ctx.cached_message_hashes,
            context_info=ctx.context_info,
        )
    )
