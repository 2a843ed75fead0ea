"""What every request of a client passes: it is counted, marked, and met by the armed generic faults."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, MutableMapping
from email.utils import formatdate
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deepracer_admin.rehearsal import MARK, MARK_HEADER
from deepracer_admin.rehearsal.shared.faults import Fault
from deepracer_admin.rehearsal.shared.ground import Ground

from .service import Service

CLOSING = frozenset({"drop", "down"})
BEFORE = CLOSING | {"throttle", "error_5xx"}
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]"})


class LoopbackOnly:
    """Refuses requests that were not addressed to this machine by name; marks and dates every reply.

    A page on the internet can make a browser send requests to loopback; such a request names a foreign host or origin.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers[MARK_HEADER] = MARK
                headers.setdefault("date", formatdate(usegmt=True))
            await send(message)

        headers = Headers(scope=scope)
        origin = headers.get("origin", "")
        foreign = scope["path"].startswith("/control/") and origin not in ("", f"http://{headers.get('host', '')}")
        if foreign or headers.get("host", "").rsplit(":", 1)[0] not in LOOPBACK_HOSTS:
            refusal = JSONResponse({"error": "The practice world answers only programs on this machine."}, 403)
            await refusal(scope, receive, marked)
            return
        await self.app(scope, receive, marked)


class Traffic:
    """Hands each request to the service whose prefix it bears.

    The first segment of the path names the service in counters and faults. A handler may refine the operation's name
    through `request.state.operation`; `lost_answer` and the counters use the refined one.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._routes: dict[str, list[tuple[BaseRoute, Service]]] = {}

    def serve(self, services: Iterable[Service]) -> None:
        self._routes = {}
        for service in services:
            for route in service.routes():
                prefix = getattr(route, "path", "/").split("/")[1]
                self._routes.setdefault(prefix, []).append((route, service))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = scope["path"].split("/")[1]
        if name not in self._routes:
            await JSONResponse({"message": "No practice service lives here."}, 404)(scope, receive, send)
            return
        route, service = self._matched(name, scope)
        state: MutableMapping[str, Any] = scope.setdefault("state", {})
        state["operation"] = operation_of(route, service, scope)
        if scope["method"] not in ("GET", "HEAD"):
            self._ground.touch()
        if await self._stopped_by_fault(name, service, state["operation"], scope, receive, send):
            return
        answer = _Answer(self._ground, name, state, send)
        if route is None:
            await JSONResponse({"message": "Not Found"}, 404)(scope, receive, answer.send)
        else:
            with contextlib.suppress(ClientDisconnect):  # whoever asked has lost patience
                await route.handle(scope, receive, answer.send)
        if answer.lost:
            await close_connection(scope, receive)

    def _matched(self, name: str, scope: Scope) -> tuple[BaseRoute | None, Service]:
        partial: tuple[BaseRoute, Scope, Service] | None = None
        for route, service in self._routes[name]:
            match, child = route.matches(scope)
            if match == Match.FULL:
                scope.update(child)
                return route, service
            if match == Match.PARTIAL and partial is None:
                partial = (route, child, service)
        if partial is None:
            return None, self._routes[name][0][1]
        scope.update(partial[1])
        return partial[0], partial[2]

    async def _stopped_by_fault(
        self, name: str, service: Service, operation: str, scope: Scope, receive: Receive, send: Send
    ) -> bool:
        ground = self._ground
        late = ground.faults.take(name, operation, names=("latency",))
        if late is not None:
            ground.counters.faults[f"{name}.latency"] += 1
            await asyncio.sleep(float(late.params.get("ms", 500)) / 1000)
        fault = ground.faults.take(name, operation, names=BEFORE)
        if fault is None:
            return False
        ground.counters.called(name, operation)
        ground.counters.faults[f"{name}.{fault.name}"] += 1
        if fault.name in CLOSING:
            await close_connection(scope, receive)
        else:
            await fault_response(service, fault, operation)(scope, receive, send)
        return True


class _Answer:
    """Counts the answer of a service when it begins, and swallows it when `lost_answer` hits."""

    def __init__(self, ground: Ground, name: str, state: MutableMapping[str, Any], send: Send) -> None:
        self._ground, self._name, self._state, self._send = ground, name, state, send
        self.lost = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            operation = str(self._state["operation"])
            self._ground.counters.called(self._name, operation)
            self.lost = self._ground.faults.take(self._name, operation, names=("lost_answer",)) is not None
            if self.lost:
                self._ground.counters.faults[f"{self._name}.lost_answer"] += 1
        if not self.lost:
            await self._send(message)


def operation_of(route: BaseRoute | None, service: Service, scope: Scope) -> str:
    """The service's own name for what is asked; else the AWS target; else the name of the route."""
    headers = Headers(scope=scope)
    own = getattr(service, "operation", None)
    if own is not None:
        found = own(scope["method"], scope["path"], headers)
        if found:
            return str(found)
    target = headers.get("x-amz-target")
    if target:
        return target.rsplit(".", 1)[-1]
    return getattr(route, "name", None) or scope["method"]


def fault_response(service: Service, fault: Fault, operation: str) -> Response:
    """The service's own body for `error_5xx` or `throttle`; `params.status` and `params.retry_after` change it."""
    own = getattr(service, "fault_response", None)
    if own is not None:
        response: Response = own(fault.name, operation)
    elif fault.name == "throttle":
        response = JSONResponse({"message": "Too Many Requests"}, 429, {"Retry-After": "1"})
    else:
        response = JSONResponse({"message": "Internal server error"}, 500)
    if "status" in fault.params:
        response.status_code = int(fault.params["status"])
    if "retry_after" in fault.params:
        response.headers["Retry-After"] = str(fault.params["retry_after"])
    return response


async def close_connection(scope: Scope, receive: Receive) -> None:
    """Close the TCP connection without an HTTP answer (`server.py` puts the transport into the request's state)."""
    scope["state"]["transport"].abort()
    while (await receive())["type"] != "http.disconnect":
        pass
