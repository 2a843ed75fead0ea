"""The public listener: /live/<signed link>, read-only, and /register (register.py); plain ASGI, no sign-in.

The link is the permission (services/races/boards.py). One snapshot per link is made at most every two seconds,
however many screens and phones ask; an unchanged one is answered with 304.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import logging
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.errors import ConsoleError, Missing, NotAllowed, incident_id
from deepracer_admin.rules.standings import BoardRow
from deepracer_admin.services.people.public_registration import PublicRegistration
from deepracer_admin.services.races.boards import BoardsService
from deepracer_admin.web.headers import NOTHING, SecurityHeaders
from deepracer_admin.web.live_find import FindMe
from deepracer_admin.web.live_page import live_page
from deepracer_admin.web.live_snapshot import snapshot
from deepracer_admin.web.plain import page
from deepracer_admin.web.register import register_routes

__all__ = ["public_app"]

log = logging.getLogger(__name__)
FRESH_S = 2.0
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


@dataclass(frozen=True, slots=True)
class _Shot:
    made: float  # monotonic seconds
    revision: int  # of what belongs to no event, links among it: one that shows something else is asked anew at once
    body: bytes
    packed: bytes
    etag: str
    rows: Sequence[BoardRow] = ()  # of the board that it shows


class _Shots:
    """The last snapshot per link; made by one request, shared by all."""

    def __init__(self, boards: BoardsService) -> None:
        self._boards = boards
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Shot] = OrderedDict()

    def fresh(self, token: str) -> _Shot | None:
        """The snapshot when it is young enough and no link was changed since."""
        shot = self._kept.get(token)
        if shot is None or time.monotonic() - shot.made >= FRESH_S:
            return None
        return shot if shot.revision == self._boards.store.revision("") else None

    def make(self, token: str) -> _Shot:
        """The snapshot, made now unless another request just did. Raises NotAllowed, Missing."""
        with self._lock:
            shot = self.fresh(token)
            if shot is not None:
                return shot
            self._kept.pop(token, None)  # a link that is refused now leaves nothing behind
            revision = self._boards.store.revision("")  # before the reading
            screen = self._boards.screen(token)
            content = snapshot(screen, self._boards.clock)
            body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
            etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
            rows = screen.board.rows if screen.board else ()
            shot = _Shot(time.monotonic(), revision, body, gzip.compress(body, 5, mtime=0), etag, rows)
            self._kept[token] = shot
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            return shot


def public_app(boards: BoardsService, portal: PublicRegistration | None = None) -> Starlette:
    """The application of the second listener."""
    shots, find_me = _Shots(boards), FindMe()

    async def data(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            shot = shots.fresh(token) or await run_in_threadpool(shots.make, token)
        except ConsoleError as error:
            return JSONResponse({"refused": error.sentence}, status_code=_status(error), headers=_HEADERS)
        headers = {**_HEADERS, "ETag": shot.etag}
        if shot.etag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            return Response(shot.packed, media_type="application/json", headers=headers)
        return Response(shot.body, media_type="application/json", headers=headers)

    def found(token: str, name: str) -> dict[str, Any]:
        return find_me.find(token, shots.make(token).rows, name)

    async def find(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            answer = await run_in_threadpool(found, token, request.query_params.get("name", ""))
        except ConsoleError as error:
            return JSONResponse({"refused": error.sentence}, status_code=_status(error), headers=_HEADERS)
        return JSONResponse(answer, headers=_HEADERS)

    async def screen(request: Request) -> Response:
        token = request.path_params["token"]
        try:
            _check(token)
            found = await run_in_threadpool(boards.screen, token)
        except ConsoleError as error:
            return page("Nothing to see here", error.sentence, status=_status(error))
        return live_page(found)

    return Starlette(
        routes=[
            Route("/live/{token}.json", data),
            Route("/live/{token}/find.json", find),
            Route("/live/{token}", screen),
            *(register_routes(portal) if portal else ()),
        ],
        middleware=[Middleware(SecurityHeaders, policy=NOTHING, more=_OURS)],
        exception_handlers={HTTPException: _no_such_page, Exception: _unexpected},
    )


def _check(token: str) -> None:
    """What cannot be a link is refused before the store is asked."""
    if not _TOKEN.fullmatch(token):
        raise NotAllowed("This link is not valid. Ask the organizers for a new one.")


def _status(error: ConsoleError) -> int:
    return 403 if isinstance(error, NotAllowed) else 404 if isinstance(error, Missing) else 503


async def _no_such_page(_: Request, error: Any) -> Response:
    return page("Nothing to see here", "Use the link that the organizers gave you.", status=error.status_code)


async def _unexpected(_: Request, error: Exception) -> Response:
    incident = incident_id()
    log.error("incident %s on the public listener", incident, exc_info=error)
    sentence = "Something unexpected happened; this page can be reloaded."
    return page("Not now", sentence, status=500, incident=incident)
