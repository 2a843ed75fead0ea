"""Parts of a page that stay new by themselves, and cost next to nothing while nothing moves.

A part says what it was drawn from. One timed fragment a tab looks whether that is still so; it sends nothing, and draws
anew all parts for which it is not, and nothing else of the page. (All of them: a part that moves at every look would
else keep another from its turn for as long as it moves.) Whoever was signed out elsewhere, or may not see a part any
more, is told so where the part stands, as fast as a new value would show.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import streamlit as st
from streamlit.runtime.scriptrunner import RerunData, RerunException, ScriptRunContext, get_script_run_ctx

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.ui.kit import session

__all__ = ["begin_looks", "drawn_from", "look_every"]

_PARTS = "looked-at"
AT_ONCE = 2  # tabs that draw a part anew at the same time
MOST_POSTPONED = 2  # looks after which a tab draws, whoever else does
LONGEST_DRAW_S = 3.0  # then it is taken for broken off


@dataclass(slots=True)
class _Part:
    now: Callable[[Actor], object]
    drawn_from: object
    every_s: float
    looked_s: float
    lost: bool = False  # it says that nobody is signed in any more, or may not see it
    postponed: int = 0


class Turns:
    """Which tabs of this process draw now."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._lock = threading.Lock()
        self._began_s: dict[Hashable, float] = {}

    def take(self, tab: Hashable, now_s: float, *, must: bool = False) -> bool:
        """May this tab draw now? `must`: it was put off often enough."""
        with self._lock:
            for one in [one for one, began_s in self._began_s.items() if now_s - began_s > LONGEST_DRAW_S]:
                del self._began_s[one]
            if must or tab in self._began_s or len(self._began_s) < self._at_once:
                self._began_s[tab] = now_s
                return True
            return False

    def done(self, tab: Hashable) -> None:
        """It has drawn."""
        with self._lock:
            self._began_s.pop(tab, None)


_TURNS = Turns()


def begin_looks() -> None:
    """A full run begins: what it draws says so anew."""
    st.session_state[_PARTS] = {}


def drawn_from(part: str, what: object, now: Callable[[Actor], object], *, every_s: float) -> None:
    """The fragment with the key `part` was drawn from `what`; `now` asks for it again, at most every so many seconds,
    as whoever is signed in then. Both are compared by value: make them cheap to ask for and to compare."""
    parts: dict[str, _Part] = st.session_state.setdefault(_PARTS, {})
    parts.pop(part, None)
    parts[part] = _Part(now, what, every_s, session.console().clock.monotonic())
    ctx = get_script_run_ctx()
    if ctx is not None:
        _TURNS.done(ctx.session_id)


def look_every(seconds: float) -> None:
    """Begin to look; once a full run."""
    st.fragment(_look, run_every=seconds)()


def _look() -> None:
    ctx = get_script_run_ctx()
    if ctx is None or not ctx.fragment_ids_this_run:  # the page's own run, which draws everything
        return
    parts: dict[str, _Part] = st.session_state.get(_PARTS, {})
    now_s = session.console().clock.monotonic()
    moved = moved_parts(parts, now_s, session.signed_in())
    if moved and may_draw([parts[name] for name in moved], ctx.session_id, now_s, _TURNS):
        _draw_anew(ctx, moved)


def may_draw(moved: Sequence[_Part], tab: Hashable, now_s: float, turns: Turns) -> bool:
    """Now, or at a later look, at which the parts are asked again. A refusal is told at once."""
    must = any(part.postponed >= MOST_POSTPONED for part in moved)
    if any(part.lost for part in moved) or turns.take(tab, now_s, must=must):
        return True
    for part in moved:
        part.postponed += 1
        part.looked_s = now_s - part.every_s
    return False


def moved_parts(parts: Mapping[str, _Part], now_s: float, who: Actor | None) -> list[str]:
    """The parts to draw anew, the page's own before the frame's."""
    return [name for name, part in reversed(parts.items()) if _has_moved(part, now_s, who)]


def _has_moved(part: _Part, now_s: float, who: Actor | None) -> bool:
    """Is it to be drawn anew? One that cannot be asked for is, and says itself why; so is each, once, when nobody is
    signed in any more."""
    if who is None:
        told, part.lost = part.lost, True
        return not told
    if now_s - part.looked_s < part.every_s / 2:  # a look comes a little early or late
        return False
    part.looked_s = now_s
    try:
        moved = part.now(who) != part.drawn_from or part.lost
        part.lost = False
    except ConsoleError:
        moved = part.lost = True
    return moved


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
