"""/register on the public listener: the event portal without scripts, in every language that it has.

    GET  /register                     the form where one portal is open, else a choice
    GET  /register/<event>             the form, or that it is closed
    POST /register/<event>             kept in one write whoever it is about, then 303 to the same page for everybody
    GET  /register/<event>/sent        that page
    GET  /register/<event>/me/<token>  what a mailed link shows; changes nothing, for mail scanners follow links
    POST /register/<event>/me/<token>  the button that confirms
    GET  /register/<event>/me/<token>/leave  asks whether a place is to be given back; changes nothing
    POST /register/<event>/me/<token>/leave  the button that gives it back

Nothing of a form or a link is logged. A body is read up to 64 kB and no further.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from deepracer_admin.errors import ConsoleError, Missing, incident_id
from deepracer_admin.services.people.public_registration import Answer, OwnPage, PublicRegistration, ShownPortal
from deepracer_admin.web.portal_frame import path_of
from deepracer_admin.web.portal_words import Words, choose_language, words
from deepracer_admin.web.register_form import form_page
from deepracer_admin.web.register_page import closed_page, leave_page, message_page, own_page, several_page
from deepracer_admin.web.register_page import told_page as sent_page

__all__ = ["register_routes"]

log = logging.getLogger(__name__)
LARGEST = 64 * 1024  # bytes: ten answers of 300 characters, each percent-encoded from four bytes, and room
MOST_FIELDS = 60
Handler = Callable[[Request], Awaitable[Response]]
DrawOwn = Callable[[ShownPortal, Words, OwnPage, str], Response]


class _TooLarge(Exception):
    pass


class _NoForm(Exception):
    pass


def register_routes(portal: PublicRegistration) -> list[Route]:
    """The routes, over the narrow entry of the public."""

    async def start(request: Request) -> Response:
        found = await run_in_threadpool(portal.portals)
        if len(found) == 1:
            return form_page(found[0], _say(request, found[0]), {}, {})
        return several_page(found, _say(request))

    async def form(request: Request) -> Response:
        shown = await run_in_threadpool(portal.portal, request.path_params["event"])
        say = _say(request, shown)
        return form_page(shown, say, {}, {}) if shown.is_open else closed_page(shown, say)

    async def send(request: Request) -> Response:
        event = request.path_params["event"]
        fields = await _fields(request)
        shown = await run_in_threadpool(portal.portal, event)
        say = _say(request, shown)
        sent = await run_in_threadpool(portal.send, event, fields, language=say.code)
        if sent.answer is Answer.TAKEN:
            return RedirectResponse(f"{path_of(event, 'sent')}?lang={say.code}", status_code=303)
        if sent.answer is Answer.UNFIT:
            return form_page(shown, say, fields, sent.problems or {})
        if sent.answer is Answer.CLOSED:
            return closed_page(shown, say, status=409)
        return message_page(say, "error.busy_title", "error.busy_text", shown=shown, status=503)

    async def sent(request: Request) -> Response:
        shown = await run_in_threadpool(portal.portal, request.path_params["event"])
        return sent_page(shown, _say(request, shown))

    async def look(request: Request) -> Response:
        return await _own(request, portal.look)

    async def confirm(request: Request) -> Response:
        await _body(request)
        return await _own(request, portal.confirm)

    async def leaving(request: Request) -> Response:
        return await _own(request, portal.look, leave_page)

    async def leave(request: Request) -> Response:
        await _body(request)
        return await _own(request, portal.leave)

    async def _own(request: Request, ask: Callable[[str, str], OwnPage], draw: DrawOwn = own_page) -> Response:
        event, token = request.path_params["event"], request.path_params["token"]
        shown = await run_in_threadpool(portal.portal, event)
        page = await run_in_threadpool(ask, event, token)
        mine = page.registration
        say = _say(request, shown, mine.language if mine else "")
        return draw(shown, say, page, path_of(event, "me", token))

    both = "/register/{event}"
    return [
        Route("/register", _guarded(start)),
        Route(both, _guarded(form)),
        Route(both, _guarded(send), methods=["POST"]),
        Route(f"{both}/sent", _guarded(sent)),
        Route(f"{both}/me/{{token}}", _guarded(look)),
        Route(f"{both}/me/{{token}}", _guarded(confirm), methods=["POST"]),
        Route(f"{both}/me/{{token}}/leave", _guarded(leaving)),
        Route(f"{both}/me/{{token}}/leave", _guarded(leave), methods=["POST"]),
    ]


def _say(request: Request, shown: ShownPortal | None = None, own: str = "") -> Words:
    asked = request.query_params.get("lang", "") or own
    accepted = request.headers.get("accept-language", "")
    return words(choose_language(asked, accepted, shown.event.language if shown else ""))


def _guarded(handler: Handler) -> Handler:
    """Whatever goes wrong is one sentence in the visitor's language."""

    async def guarded(request: Request) -> Response:
        say = _say(request)
        try:
            return await handler(request)
        except _TooLarge:
            answer = message_page(say, "error.large_title", "error.large_text", status=413)
            answer.headers["Connection"] = "close"
            return answer
        except (_NoForm, ClientDisconnect):
            return message_page(say, "error.form_title", "error.form_text", status=400)
        except Missing:
            return message_page(say, "error.missing_title", "error.missing_text", status=404)
        except ConsoleError as error:
            log.warning("the portal could not answer: %s", type(error).__name__)
            text = "error.store_text" if request.method == "POST" else "error.store_own_text"
            answer = message_page(say, "error.store_title", text, status=503)
            answer.headers["Retry-After"] = "30"
            return answer
        except Exception as error:  # noqa: BLE001 - the path may hold a token, so nothing of the request is logged
            log.error("incident %s on the portal (%s)", incident_id(), type(error).__name__)
            return message_page(say, "error.unexpected_title", "error.unexpected_text", status=500)

    return guarded


async def _body(request: Request) -> bytes:
    """Raises _TooLarge, before more than that is read."""
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length) > LARGEST:
        raise _TooLarge
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST:
            raise _TooLarge
    return bytes(body)


async def _fields(request: Request) -> Mapping[str, str]:
    """The fields of a form, each by its first value. Raises _NoForm, _TooLarge."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request)
    if kind != "application/x-www-form-urlencoded":
        raise _NoForm
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS, encoding="utf-8"
        )
    except ValueError:  # bytes that are no text, or too many fields
        raise _NoForm from None
    fields: dict[str, str] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return fields
