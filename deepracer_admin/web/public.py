"""The public listener: /live/<signed link>, read-only, and /register (register.py); plain ASGI, no sign-in.

The link is the permission (services/races/boards.py). One snapshot per link is made at most every two seconds,
however many screens and phones ask, and its answers are made with it; an unchanged one is answered with 304.
Whoever looks for a racer beyond the places of a snapshot is answered from the whole board (live_find.py).
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from deepracer_admin.errors import ConsoleError, Missing, NotAllowed, incident_id
from deepracer_admin.made_once import Shared
from deepracer_admin.services.people.public_registration import PublicRegistration
from deepracer_admin.services.races.boards import BoardsService
from deepracer_admin.web.headers import NOTHING, SecurityHeaders, security_headers
from deepracer_admin.web.live_find import FindMe
from deepracer_admin.web.live_page import live_page
from deepracer_admin.web.live_snapshot import snapshot
from deepracer_admin.web.plain import page
from deepracer_admin.web.register import register_routes

__all__ = ["public_app"]

log = logging.getLogger(__name__)
FRESH_S = 2.0
LONGEST_S = 3.5  # seconds that a snapshot is sent while one request makes the next
KEPT = 200  # links in use at once; more only cost a little more work
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,64}\.[0-9a-f]{32}")
_OURS = {"Referrer-Policy": "no-referrer", "X-Live-Boards": "1"}  # by the second a pre-flight knows us
_HEADERS = {
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Robots-Tag": "noindex",
    "Vary": "Accept-Encoding",
}


_Headers = Sequence[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class _Shot:
    """An answer, ready to send: `full` and `unpacked` with the bytes, `same` to whoever has them."""

    etag: bytes
    packed: bytes
    body: bytes
    full: _Headers
    unpacked: _Headers
    same: _Headers

    def answer(self, asked: Mapping[bytes, bytes]) -> tuple[int, _Headers, bytes]:
        """Status, headers and body for a request with these headers."""
        if self.etag in asked.get(b"if-none-match", b""):
            return 304, self.same, b""
        if b"gzip" in asked.get(b"accept-encoding", b""):
            return 200, self.full, self.packed
        return 200, self.unpacked, self.body


def _shot(content: Mapping[str, Any], policy: Mapping[str, str]) -> _Shot:
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    packed = gzip.compress(body, 5, mtime=0)
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    same = {**policy, **_HEADERS, "ETag": etag}
    full = {**same, "Content-Type": "application/json"}
    return _Shot(
        etag.encode(),
        packed,
        body,
        _raw({**full, "Content-Length": str(len(packed)), "Content-Encoding": "gzip"}),
        _raw({**full, "Content-Length": str(len(body))}),
        _raw(same),
    )


def _raw(headers: Mapping[str, str]) -> _Headers:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]


class _Shots:
    """The last snapshot per link; made by one request, shared by all."""

    def __init__(self, boards: BoardsService) -> None:
        self._boards = boards
        self._policy = security_headers(NOTHING, _OURS)
        self._kept: Shared[_Shot] = Shared(fresh_s=FRESH_S, longest_s=LONGEST_S, most=KEPT)

    def at_hand(self, token: str) -> _Shot | None:
        """What can be sent without making or waiting."""
        return self._kept.at_hand(self._key(token))

    def take(self, token: str) -> _Shot:
        """The snapshot, made now unless another request just did. Raises NotAllowed, Missing."""
        return self._kept(self._key(token), lambda _: self._made(token))

    def seen(self, token: str) -> None:
        """It is about to be sent."""
        self._boards.seen(token)

    def _key(self, token: str) -> tuple[str, int]:
        return token, self._boards.store.revision("")  # a link that shows something else is asked anew at once

    def _made(self, token: str) -> _Shot:
        return _shot(snapshot(self._boards.screen(token), self._boards.clock), self._policy)


class _Snapshots:
    """Phones ask for `/live/<token>.json` by the thousand: what can be sent is sent as it is, without what a page needs
    on its way. All that goes wrong, and everything else, goes on to `app`."""

    def __init__(self, app: ASGIApp, shots: _Shots) -> None:
        self.app = app
        self._shots = shots

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"] if scope["type"] == "http" and scope["method"] == "GET" else ""
        token = path.removeprefix("/live/").removesuffix(".json")
        shot = None
        if path == f"/live/{token}.json" and _TOKEN.fullmatch(token):
            with suppress(Exception):
                shot = self._shots.at_hand(token) or await run_in_threadpool(self._shots.take, token)
                self._shots.seen(token)
        if shot is None:
            await self.app(scope, receive, send)
            return
        status, headers, body = shot.answer(dict(scope["headers"]))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def public_app(boards: BoardsService, portal: PublicRegistration | None = None) -> ASGIApp:
    """The application of the second listener."""
    shots, find_me = _Shots(boards), FindMe()

    async def data(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            shot = await run_in_threadpool(shots.take, token)
        except ConsoleError as error:
            return JSONResponse({"refused": error.sentence}, status_code=_status(error), headers=_HEADERS)
        status, headers, body = shot.answer(dict(request.scope["headers"]))
        response = Response(body, status_code=status)
        response.raw_headers = [*headers]
        return response

    async def find(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            name = request.query_params.get("name", "")
            answer = await run_in_threadpool(lambda: find_me.find(token, boards.everybody(token), name))
        except ConsoleError as error:
            return JSONResponse({"refused": error.sentence}, status_code=_status(error), headers=_HEADERS)
        return JSONResponse(answer, headers=_HEADERS)

    async def logo(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            file, kind = await run_in_threadpool(boards.picture, token)
        except ConsoleError as error:
            return page("Nothing to see here", error.sentence, status=_status(error))
        return Response(file, media_type=f"image/{kind}", headers=_HEADERS)

    async def screen(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            found = await run_in_threadpool(boards.screen, token)
        except ConsoleError as error:
            return page("Nothing to see here", error.sentence, status=_status(error))
        return live_page(found)

    app = Starlette(
        routes=[
            Route("/favicon.ico", _no_icon),
            Route("/live/{token}.json", data),
            Route("/live/{token}/find.json", find),
            Route("/live/{token}/logo", logo),
            Route("/live/{token}", screen),
            *(register_routes(portal) if portal else ()),
        ],
        middleware=[Middleware(SecurityHeaders, policy=NOTHING, more=_OURS)],
        exception_handlers={HTTPException: _no_such_page, Exception: _unexpected},
    )
    return _Snapshots(app, shots)


def _check(token: str) -> None:
    """What cannot be a link is refused before the store is asked."""
    if not _TOKEN.fullmatch(token):
        raise NotAllowed("This link is not valid. Ask the organizers for a new one.")


def _status(error: ConsoleError) -> int:
    return 403 if isinstance(error, NotAllowed) else 404 if isinstance(error, Missing) else 503


async def _no_icon(_: Request) -> Response:
    """Browsers ask for one wherever pictures are allowed; none is no fault."""
    return Response(status_code=204, headers={"Cache-Control": "public, max-age=86400"})


async def _no_such_page(_: Request, error: Any) -> Response:
    return page("Nothing to see here", "Use the link that the organizers gave you.", status=error.status_code)


async def _unexpected(_: Request, error: Exception) -> Response:
    incident = incident_id()
    log.error("incident %s on the public listener", incident, exc_info=error)
    sentence = "Something unexpected happened; this page can be reloaded."
    return page("Not now", sentence, status=500, incident=incident)
