"""Security headers on every response of the console: pages, static files, uploads, refusals, errors, handshakes.

An ASGI middleware outside everything else. What a response says for itself stays; what it leaves out is added here.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from collections.abc import Mapping
from functools import cache

from starlette.datastructures import MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deepracer_admin.errors import incident_id
from deepracer_admin.web.front_end import PACKAGED

__all__ = ["NOTHING", "SecurityHeaders", "console_policy", "security_headers"]

log = logging.getLogger(__name__)

NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
"""For what is no page: JSON, refusals, files."""

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)
_STARTS = frozenset({"http.response.start", "websocket.accept", "websocket.http.response.start"})


@cache
def console_policy(websocket: str) -> str:
    """What pages of Streamlit may do, for a console whose websocket is at `websocket` ("ws://localhost:8501").

    Scripts come from this server alone, the one inline script of Streamlit's page by its hash. Styles are written
    inline by its components; pictures and downloads are also made in the page (data:, blob:). Nobody may frame it.
    """
    page = (PACKAGED / "index.html").read_text("utf-8")
    scripts = " ".join(f"'{_hash(text)}'" for text in _INLINE.findall(page))
    return (
        f"default-src 'self'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data: "
        f"blob:; font-src 'self' data:; media-src 'self' data: blob:; connect-src 'self' {websocket}; "
        "worker-src 'self' blob:; frame-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def security_headers(policy: str, more: Mapping[str, str] | None = None) -> dict[str, str]:
    """What a response gets where it says nothing else."""
    return {
        "Content-Security-Policy": policy,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        **(more or {}),
    }


class SecurityHeaders:
    """Middleware. An application that fails before it answers gets an answer here, with the headers, too."""

    def __init__(self, app: ASGIApp, *, policy: str, more: Mapping[str, str] | None = None) -> None:
        self.app = app
        self._headers = security_headers(policy, more)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        begun = False

        async def send_with_headers(message: Message) -> None:
            nonlocal begun
            if message["type"] in _STARTS:
                begun = True
                headers = MutableHeaders(raw=list(message.get("headers") or ()))
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        try:
            await self.app(scope, receive, send_with_headers)
        except Exception:
            if begun or scope["type"] != "http":
                raise
            incident = incident_id()
            log.exception("incident %s in %s", incident, scope.get("path", ""))
            answer = PlainTextResponse(f"Something unexpected happened ({incident}). Try again.", status_code=500)
            await answer(scope, receive, send_with_headers)
