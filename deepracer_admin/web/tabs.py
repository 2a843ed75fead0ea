"""Open tabs that stay new by themselves: this process asks what moved, and has a tab draw it.

Streamlit's own way is a browser that asks by the clock (`run_every`). Each question is a run of the script, which costs
four milliseconds whatever is in it: of a hundred tabs that look every two seconds the questions alone cost a quarter of
a core (benchmarks/viewers.py). Here one thread asks for all tabs, without a run, and begins one where something moved.

Such a run begins only while the tab's script rests, and brings no state of widgets: what the tab's last run knew stays,
and a click that comes meanwhile is served after it, or ends it and is served at once. Streamlit has no call for this;
`can_begin_runs` says whether the installed version is the one whose parts are used here. Where it is not, and where
this thread should ever be dead, a tab asks by the clock (ui/kit/looks.py).
"""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError
from enum import Enum
from typing import Protocol

from streamlit import runtime

from deepracer_admin.errors import incident_id

__all__ = ["Begun", "Part", "Tabs", "can_begin_runs", "runs_on"]

log = logging.getLogger(__name__)

TICK_S = 0.2  # between two rounds
AT_ONCE = 2  # tabs that draw at the same time
LONGEST_DRAW_S = 3.0  # then a drawing is taken for broken off
PATIENCE_S = 5.0  # for a busy server to say whether a run has begun


class Part(Protocol):
    """A part of a page: the ids of its fragments, and whether what it was drawn from has moved."""

    fragments: Sequence[str]

    def is_due(self, now_s: float) -> bool:
        """Is it to be asked now?"""
        ...

    def has_moved(self, now_s: float) -> bool:
        """Ask it; in the thread that serves all tabs, so it must not wait."""
        ...


class Begun(Enum):
    """What became of a run that was to begin."""

    DRAWING = "drawing"
    BUSY = "busy"  # the tab's script runs
    GONE = "gone"  # the tab
    NOTHING = "nothing"  # of these parts none is on its page any more


Begin = Callable[[str, Sequence[str], Callable[[], None]], Begun]
"""Tab, fragments, and what to call once the run has ended, from any thread."""


class Tabs:
    """The tabs of this process by the ids of their Streamlit sessions. `start` and `stop` for a server, `round` for
    tests; seconds are of `now_s`."""

    def __init__(self, begin: Begin, now_s: Callable[[], float]) -> None:
        self._begin, self._now_s = begin, now_s
        self._lock = threading.Lock()
        self._parts: dict[str, dict[str, Part]] = {}
        self._waiting: OrderedDict[str, dict[str, Part]] = OrderedDict()
        self._drawing: dict[str, float] = {}
        self._stopped, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._serve, name="tabs", daemon=True)

    def start(self) -> None:
        """Serve in the background."""
        self._thread.start()

    def stop(self) -> None:
        """After the round that is under way."""
        self._stopped.set()
        self._wake.set()
        self._thread.join(timeout=60)

    def is_serving(self) -> bool:
        """Can a tab rely on it?"""
        return self._thread.is_alive() and not self._stopped.is_set()

    def drawn(self, tab: str, name: str, part: Part) -> None:
        """This part of the tab has just been drawn."""
        with self._lock:
            self._parts.setdefault(tab, {})[name] = part

    def forget(self, tab: str) -> None:
        """A run of the whole page begins, which draws every part anew; or the tab is gone."""
        with self._lock:
            self._parts.pop(tab, None)

    def _ended(self, tab: str) -> None:
        self._drawing.pop(tab, None)
        self._wake.set()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            self._wake.wait(TICK_S)
            self._wake.clear()
            try:
                self.round()
            except Exception:  # the next round may do better; a tab that hears nothing asks by itself
                log.exception("incident %s while tabs were served", incident_id())

    def round(self) -> None:
        """Ask every part that is due; begin as many runs as may be under way."""
        now_s = self._now_s()
        with self._lock:
            due = [
                (tab, name, part)
                for tab, parts in self._parts.items()
                if tab not in self._drawing
                for name, part in parts.items()
                if part.is_due(now_s)
            ]
        for tab, name, part in due:
            if _has_moved(part, now_s):
                self._waiting.setdefault(tab, {})[name] = part
        for tab, began_s in [*self._drawing.items()]:
            if now_s - began_s > LONGEST_DRAW_S:
                self._drawing.pop(tab, None)
        for tab in [*self._waiting]:
            if len(self._drawing) >= AT_ONCE or self._stopped.is_set():
                return
            self._draw(tab, now_s)

    def _draw(self, tab: str, now_s: float) -> None:
        with self._lock:
            parts = self._parts.get(tab, {})
            wanted = {name: part for name, part in self._waiting[tab].items() if parts.get(name) is part}
        if not wanted:  # it was drawn meanwhile
            del self._waiting[tab]
            return
        self._drawing[tab] = now_s  # before it begins: it may be over before this thread hears that it began
        fragments = [one for part in reversed(wanted.values()) for one in part.fragments]
        begun = self._begin(tab, fragments, lambda: self._ended(tab))
        if begun is not Begun.BUSY:
            del self._waiting[tab]
        if begun is Begun.DRAWING:
            return
        self._drawing.pop(tab, None)
        if begun is Begun.GONE:
            self.forget(tab)
        elif begun is Begun.NOTHING:
            with self._lock:
                for name in wanted:
                    parts.pop(name, None)


def _has_moved(part: Part, now_s: float) -> bool:
    try:
        return part.has_moved(now_s)
    except Exception:  # drawing it will say what is wrong, where somebody sees it
        log.exception("incident %s while a part of a page was asked whether it moved", incident_id())
        return True


def can_begin_runs() -> bool:
    """Does the installed Streamlit have what `runs_on` uses of it? Loads Streamlit's runtime."""
    from streamlit.runtime.app_session import AppSession
    from streamlit.runtime.scriptrunner import RerunData, ScriptRunner

    begin = getattr(AppSession, "_create_scriptrunner", None)
    return (
        begin is not None
        and hasattr(AppSession, "has_fragment")
        and hasattr(runtime.Runtime, "get_app_session")
        and {"on_event", "_script_thread"} <= {*ScriptRunner.__init__.__code__.co_names}
        and [*inspect.signature(begin).parameters] == ["self", "initial_rerun_data"]
        and {"_scriptrunner", "_client_state"} <= {*AppSession.__init__.__code__.co_names}
        and {"fragment_id_queue", "widget_states", "is_auto_rerun"} <= RerunData.__dataclass_fields__.keys()
    )


def runs_on(loop: asyncio.AbstractEventLoop) -> Begin:
    """Begins runs of fragments in the tabs of the server whose loop this is; called from another thread."""

    def begin(tab: str, fragments: Sequence[str], ended: Callable[[], None]) -> Begun:
        asked = asyncio.run_coroutine_threadsafe(_begin_run(tab, fragments, ended), loop)
        try:
            return asked.result(PATIENCE_S)
        except (TimeoutError, CancelledError):
            asked.cancel()
            return Begun.BUSY
        except Exception:  # this tab asks by itself from now on
            log.exception("incident %s while a tab was to be drawn", incident_id())
            return Begun.GONE

    return begin


async def _begin_run(tab: str, fragments: Sequence[str], ended: Callable[[], None]) -> Begun:
    """On the server's loop, where runs begin and end: nothing can come between the look and the beginning."""
    from streamlit.runtime.scriptrunner import RerunData, ScriptRunnerEvent

    session = runtime.get_instance().get_app_session(tab)
    if session is None:
        return Begun.GONE
    if session._scriptrunner is not None:
        return Begun.BUSY
    here = [one for one in fragments if session.has_fragment(one)]
    if not here:
        return Begun.NOTHING
    last = session._client_state
    session._create_scriptrunner(
        RerunData(
            query_string=last.query_string,
            page_script_hash=last.page_script_hash,
            fragment_id_queue=here,
            is_auto_rerun=True,
            context_info=last.context_info if last.HasField("context_info") else None,
        )
    )

    def heard(_: object, event: object = None, **__: object) -> None:
        if event is ScriptRunnerEvent.SHUTDOWN:
            ended()

    runner = session._scriptrunner
    if runner is not None:
        runner.on_event.connect(heard, weak=False)
    if runner is None or runner._script_thread is None or not runner._script_thread.is_alive():
        ended()  # before anybody heard
    return Begun.DRAWING
