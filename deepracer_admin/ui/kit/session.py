"""Who looks at this page, and at which event? Both asked in every script run and every fragment.

So a revoked session dies in open tabs, and a tab stays with its event: the address names it (`?event=`), whatever other
tabs and other people open. Which event opens where an address names none is only a start (`Console.opens_first`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode, urlsplit

import streamlit as st

from deepracer_admin.compose import Console, EventDesk
from deepracer_admin.errors import Missing, SignedOut
from deepracer_admin.model import Actor
from deepracer_admin.rules.access import allowed, explain
from deepracer_admin.web import server

__all__ = [
    "LAST_ACT",
    "Tab",
    "actor",
    "actor_of",
    "address",
    "begin_run",
    "console",
    "desk",
    "event_id",
    "last_act_s",
    "may",
    "on_behalf_of",
    "open_event",
    "require",
    "session_cookie",
    "signed_in",
    "this_tab",
]

_EVENT = "event"  # name in the address, and in the tab's own memory
_HERE = "event-here"
_ASK_AGAIN_S = 1.0
LAST_ACT = "last-act"
"""When this tab's last act ended, in monotonic seconds."""


@dataclass(frozen=True, slots=True)
class Tab:
    """What of a tab is needed to ask for what it shows outside of a run of its script."""

    event: str
    cookie: str
    last_act_s: float


_behalf: ContextVar[Tab | None] = ContextVar("tab", default=None)


def this_tab() -> Tab:
    """The tab whose script runs."""
    return Tab(event_id(), session_cookie(), last_act_s())


@contextmanager
def on_behalf_of(tab: Tab) -> Iterator[None]:
    """Within it `event_id`, `desk`, `session_cookie`, `signed_in`, `actor` and `last_act_s` are that tab's; nothing
    here asks Streamlit then."""
    token = _behalf.set(tab)
    try:
        yield
    finally:
        _behalf.reset(token)


def last_act_s() -> float:
    """When this tab's last act ended, in monotonic seconds; 0.0 before any."""
    tab = _behalf.get()
    return tab.last_act_s if tab else st.session_state.get(LAST_ACT, 0.0)


def begin_run() -> None:
    """A full run begins: whether its event is still here is asked anew."""
    st.session_state.pop(_HERE, None)


def console() -> Console:
    """The process's console."""
    return server.console()


def desk() -> EventDesk:
    """What this tab calls: the services of its event."""
    return console().of(event_id())


def event_id() -> str:
    """The event of this tab: as its address says; a link without one keeps the tab's; else the one that opens first.

    "" before there is any. Ends the script when the address names an event that is not here.
    """
    tab = _behalf.get()
    if tab:
        return tab.event
    named = st.query_params.get(_EVENT, "")
    if named and not _exists(named):
        st.error(
            "This address names an event that this console does not have: choose one below.",
            icon=":material/event_busy:",
        )
        if st.button("Open the latest event", key="event-open-first"):
            open_event(console().opens_first)
        st.stop()
    chosen = named or st.session_state.get(_EVENT, "") or console().opens_first
    st.session_state[_EVENT] = chosen
    return chosen


def _exists(event: str) -> bool:
    """Asked of the store once a run, and once a second of its fragments: a page asks a hundred times which event it is
    of. Every service asks for itself again.
    """
    now_s = console().clock.monotonic()
    here: tuple[str, float] | None = st.session_state.get(_HERE)
    if here is not None and here[0] == event and now_s - here[1] < _ASK_AGAIN_S:
        return True
    try:
        console().store.event(event)
    except Missing:
        return False
    st.session_state[_HERE] = (event, now_s)
    return True


def open_event(event: str) -> None:
    """Move this tab, and no other, to an event; the script begins anew."""
    st.session_state[_EVENT] = event
    if event:
        st.query_params[_EVENT] = event
    else:
        st.query_params.pop(_EVENT, None)
    st.rerun()


def address() -> dict[str, str]:
    """What links between pages carry, so that a page opened in a new tab shows the same event."""
    event = event_id()
    return {_EVENT: event} if event else {}


def session_cookie() -> str:
    """The session cookie of this browser; the seam where tests put a session of their own."""
    tab = _behalf.get()
    return tab.cookie if tab else st.context.cookies.get(server.session_cookie_name(), "")


def actor() -> Actor:
    """The signed-in person, looked up now. Ends the script with a way to sign in when there is none; raises SignedOut
    where no script runs."""
    if _behalf.get():
        return actor_of(session_cookie())
    found = server.keeper().find(session_cookie())
    if found is None:
        st.error(
            "Your session has ended. Sign in again to go on; work that runs goes on without you.",
            icon=":material/logout:",
        )
        st.html(f'<a href="{escape(_way_back(), quote=True)}" target="_self">Sign in again</a>')
        st.stop()
    return found


def signed_in() -> Actor | None:
    """As `actor`, for what draws nothing: None when nobody is signed in in this browser any more."""
    return server.keeper().find(session_cookie())


def actor_of(cookie: str) -> Actor:
    """As `actor`, for what runs outside of a script run, where no browser is at hand. Raises SignedOut."""
    found = server.keeper().find(cookie)
    if found is None:
        raise SignedOut("Your session has ended. Sign in again to go on; nothing was done.")
    return found


def _way_back() -> str:
    """Sign-in, and from there to the page that is open now."""
    here = urlsplit(st.context.url or "").path or "/"
    query = urlencode(st.query_params.to_dict())
    return f"/signin?{urlencode({'next': f'{here}?{query}' if query else here})}"


def may(who: Actor, action: str) -> bool:
    """Show the control? Hiding is courtesy; the service decides."""
    return allowed(who, action)


def require(action: str) -> Actor:
    """First line of every page: the actor, or a plain refusal."""
    who = actor()
    if not allowed(who, action):
        st.error(explain(who, action), icon=":material/block:")
        st.stop()
    return who
