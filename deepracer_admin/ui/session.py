"""Who looks at this page? Asked in every script run and every fragment, so that a revoked session dies in open tabs."""

from __future__ import annotations

from html import escape
from urllib.parse import urlencode, urlsplit

import streamlit as st

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor
from deepracer_admin.rules.access import allowed, explain
from deepracer_admin.web import server

__all__ = ["actor", "console", "may", "require", "session_cookie"]


def console() -> Console:
    """The process's console."""
    return server.console()


def session_cookie() -> str:
    """The session cookie of this browser; the seam where tests put a session of their own."""
    return st.context.cookies.get(server.session_cookie_name(), "")


def actor() -> Actor:
    """The signed-in person, looked up now. Ends the script with a way to sign in when there is none."""
    found = server.keeper().find(session_cookie())
    if found is None:
        st.error(
            "Your session has ended. Sign in again to go on; work that runs goes on without you.",
            icon=":material/logout:",
        )
        st.html(f'<a href="{escape(_way_back(), quote=True)}" target="_self">Sign in again</a>')
        st.stop()
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
