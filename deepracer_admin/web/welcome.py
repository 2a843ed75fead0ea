"""The first page, and the ways from it into sign-in, which load what they need when somebody takes them.

Signing in needs MSAL, keys and the whole console, a second of loading; a visitor sees the first page before that.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deepracer_admin.errors import ConsoleError, incident_id
from deepracer_admin.made_once import Once
from deepracer_admin.web.plain import page

__all__ = ["AGAIN", "SIGN_OUT", "Answer", "in_a_thread", "internal", "login_link", "signin_routes"]

log = logging.getLogger(__name__)
AGAIN = ("/signin/login", "Sign in")
SIGN_OUT = "/signin/logout"
LATER = ("/signin/codes", "/signin/login", "/signin/guests", "/signin/callback", "/signin/out")
LONGEST_TARGET = 2_000  # characters of a path with its query

Answer = Callable[[Request], Awaitable[Response]]


def signin_routes(rehearsal: bool, load: Callable[[], Mapping[str, Answer]]) -> list[Route]:
    """All addresses under /signin; `load` gives what answers at the later ones, once one is asked for."""
    loaded = Once(load)

    def later(path: str) -> Answer:
        async def endpoint(request: Request) -> Response:
            async def answer() -> Response:
                return await (await run_in_threadpool(loaded))[path](request)

            return await _safely(answer, request.url.path)

        return endpoint

    return [
        Route("/signin", in_a_thread(lambda request: _welcome(request, rehearsal))),
        *(Route(path, later(path)) for path in LATER),
        Route(SIGN_OUT, later(SIGN_OUT), methods=["POST"]),
    ]


def in_a_thread(handler: Callable[[Request], Response]) -> Answer:
    """Run a handler in a thread; every failure becomes a page."""

    async def endpoint(request: Request) -> Response:
        return await _safely(lambda: run_in_threadpool(handler, request), request.url.path)

    return endpoint


async def _safely(answer: Callable[[], Awaitable[Response]], path: str) -> Response:
    try:
        return await answer()
    except ConsoleError as error:
        return page("Sign-in did not work", error.sentence, link=AGAIN, status=503)
    except Exception:
        incident = incident_id()
        log.exception("incident %s in %s", incident, path)
        return page("Something unexpected happened", "Try again.", link=AGAIN, status=500, incident=incident)


def _welcome(request: Request, rehearsal: bool) -> Response:
    """What a signed-out visitor sees."""
    following = internal(request.query_params.get("next", "/"))
    sentence = (
        "Practice with simulated racers: nothing leaves this computer. Sign in as one of the practice people."
        if rehearsal
        else "Sign in with your company account. Your administrator gives you the role that you need."
    )
    link = (login_link(following), "Sign in with Microsoft Entra ID")
    codes = ("/signin/codes", "Microsoft showed a code (AADSTS…)?")
    return page("DeepRacer Organizer Console", sentence, link=link, further=codes, rehearsal=rehearsal)


def internal(target: str) -> str:
    """A page of this console with its query, on this origin; anything else leads to the start page.

    A page's path is one plain segment (streamlit.md 2.1), so that no slash, backslash, dot or percent sign in it can
    name another host. The query is written anew, each odd character as its percent code.
    """
    path, mark, query = target.partition("?")
    if len(target) > LONGEST_TARGET or not re.fullmatch(r"/[A-Za-z0-9_-]*", path) or path == "/signin":
        return "/"
    return path + mark + quote(query, safe="%=&+-._~!*(),;:@/?")


def login_link(following: str) -> str:
    """The address that begins a sign-in which leads to `following`."""
    return AGAIN[0] if following == "/" else f"{AGAIN[0]}?next={quote(following, safe='/')}"
