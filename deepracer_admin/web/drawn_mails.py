"""A mail drawn in a frame of its own, in which nothing runs and nothing is fetched.

Streamlit's own frames allow scripts and the console's origin. So the mail is served at an address of its own, under a
policy that takes both away from whatever draws it: `sandbox` without a single permission (CSP level 3, 6.3.2), and
`default-src 'none'`, by which no picture, script or font is fetched, of anybody. Only the console may frame it.

The address is kept for a short while, cannot be guessed, and answers the session alone for which it was made.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable
from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from deepracer_admin.model import Actor
from deepracer_admin.rules.access import allowed, explain

__all__ = ["DRAWN", "HEADERS", "KEPT_S", "MOST", "DrawnMails", "drawn_mails_route"]

ADDRESS = "/drawn-mail/"
KEPT_S = 120.0
"""How long a mail can be fetched after it was last shown, in seconds."""
MOST = 200
"""How many mails are kept at once, of all sessions; then the oldest go first."""
HEADERS = {
    "Content-Security-Policy": (
        "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'self'"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAPER = "<style>html{background:#fff}</style>"  # as mail programs do; the console's page may be dark


class DrawnMails:
    """What is shown in frames now. `now`: monotonic seconds."""

    def __init__(self, *, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, str]] = {}

    def keep(self, session: str, html: str) -> str:
        """The address at which this session (`Actor.session`) finds this mail for `KEPT_S` from now.

        The same mail has the same address in a session: its frame is not loaded anew whenever the page is drawn.
        """
        key = self._key(session, html)
        with self._lock:
            at = self._now()
            self._kept.pop(key, None)
            self._kept[key] = (at + KEPT_S, html)
            over = [each for each, (until, _) in self._kept.items() if until <= at]
            for each in {*over, *list(self._kept)[:-MOST]}:
                del self._kept[each]
        return ADDRESS + key

    def find(self, session: str, key: str) -> str | None:
        """The mail; None when it is not kept any more, or was kept for another session."""
        with self._lock:
            until, html = self._kept.get(key, (0.0, ""))
            at = self._now()
        if until <= at or not hmac.compare_digest(self._key(session, html).encode(), key.encode()):
            return None
        return html

    def _key(self, session: str, html: str) -> str:
        return hmac.new(self._secret, f"{session}\n{html}".encode(), hashlib.sha256).hexdigest()


DRAWN = DrawnMails()
"""Of this process."""


def drawn_mails_route(mails: DrawnMails, who: Callable[[Request], Actor | None]) -> Route:
    """Where they are served, to those who may preview mails. `who` asks for the session behind a request."""

    def serve(request: Request) -> Response:
        actor = who(request)
        if actor is None:
            return _refused("Sign in first.", 401)
        if not allowed(actor, "messages.preview"):
            return _refused(explain(actor, "messages.preview"), 403)
        html = mails.find(actor.session, request.path_params["key"])
        if html is None:
            return _refused("This mail is not kept any more: open it on the Messages page.", 404)
        return HTMLResponse(html + _PAPER, headers=HEADERS)

    return Route(f"{ADDRESS}{{key}}", serve)


def _refused(sentence: str, status: int) -> Response:
    """In the frame, too, where its sentence is read."""
    return HTMLResponse(f"<p>{escape(sentence)}</p>{_PAPER}", status_code=status, headers=HEADERS)
