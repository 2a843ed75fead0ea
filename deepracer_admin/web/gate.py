"""The gate: nothing of the console answers without a live session, and no other site may open its websocket.

An ASGI middleware before Streamlit's pages, uploads, media and websocket. Signed out: a page visit is sent to sign-in,
anything else is refused with 401, a websocket with 403; only the scripts, styles and fonts that Streamlit's package
brings are read by anybody. The Origin of a websocket or of a writing request must be exactly the console's own; the
Host must be too, which also stops DNS rebinding.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import quote, urlsplit

from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from deepracer_admin.web.front_end import front_end_paths
from deepracer_admin.web.keeper import SessionKeeper, cookie_from_header

__all__ = ["Gate"]

OPEN_PATHS = frozenset(
    {"/signin", "/signin/codes", "/signin/login", "/signin/callback", "/signin/out", "/signin/logout"}
)
HEALTH = "/_stcore/health"
SAFE = frozenset({"GET", "HEAD"})


class Gate:
    """Middleware. `keeper` is asked for late, so that the stores open with the server and not at import."""

    def __init__(self, app: ASGIApp, *, keeper: Callable[[], SessionKeeper], base_url: str, cookie: str) -> None:
        self.app = app
        self._cookie = cookie
        self._keeper = keeper
        parts = urlsplit(base_url)
        self._base = base_url.rstrip("/")
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._host = parts.netloc

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        path: str = scope["path"]
        if scope["type"] == "websocket":
            if self._knows(headers) and headers.get("host") == self._host and headers.get("origin") == self._origin:
                await self.app(scope, receive, send)
            else:
                await _refuse_handshake(scope, receive, send)
            return
        if path == HEALTH:
            await self.app(scope, receive, send)
            return
        refusal = self._refusal(scope, headers, path)
        await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope, headers: Headers, path: str) -> ASGIApp | None:
        reading = scope["method"] in SAFE
        page = reading and "text/html" in headers.get("accept", "")
        query = scope.get("query_string", b"").decode("latin-1")
        here = path + (f"?{query}" if query else "")
        if headers.get("host") != self._host:
            if page:
                return RedirectResponse(self._base + quote(here, safe="/?&=%~-._"), status_code=307)
            return PlainTextResponse("This console answers at its own address only.", status_code=421)
        if not reading and headers.get("origin", self._origin) != self._origin:
            return PlainTextResponse("Requests of other sites are refused.", status_code=403)
        if path in OPEN_PATHS or (reading and path in front_end_paths()) or self._knows(headers):
            return None
        if page:
            target = "/signin" if here == "/" else f"/signin?next={quote(here, safe='/')}"
            return RedirectResponse(target, status_code=302, headers={"Cache-Control": "no-store"})
        return PlainTextResponse("Sign in first.", status_code=401, headers={"Cache-Control": "no-store"})

    def _knows(self, headers: Headers) -> bool:
        value = cookie_from_header(headers.get("cookie", ""), self._cookie)
        return self._keeper().find(value) is not None


async def _refuse_handshake(scope: Scope, receive: Receive, send: Send) -> None:
    """403, as an answer with headers of its own where the server can give one."""
    if "websocket.http.response" in scope.get("extensions", {}):
        await PlainTextResponse("Sign in first.", status_code=403)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 4403, "reason": "sign in first"})
