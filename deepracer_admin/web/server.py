"""The server's own parts beside Streamlit's: one console per process, routes, gate, lifespan.

The first page needs the stores alone (opening.py). The rest, twice as much to load, follows in a thread behind it: the
console, its worker, the pages. The lifespan begins that and the public listener and stops them cleanly; closing a
browser stops nothing.
"""

from __future__ import annotations

import _thread
import asyncio
import contextlib
import gc
import logging
import os
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Receive, Scope, Send
from streamlit import runtime

from deepracer_admin.errors import BadSettings, ConsoleError, incident_id
from deepracer_admin.journal import set_up_logging
from deepracer_admin.made_once import Once
from deepracer_admin.model import Actor
from deepracer_admin.opening import Opened, open_stores
from deepracer_admin.private import make_private
from deepracer_admin.settings import Settings, load_settings
from deepracer_admin.web.connections import bound_requests
from deepracer_admin.web.downloads import keep_downloads
from deepracer_admin.web.drawn_mails import DRAWN, drawn_mails_route
from deepracer_admin.web.gate import Gate
from deepracer_admin.web.headers import SecurityHeaders, console_policy
from deepracer_admin.web.keeper import SessionKeeper, cookie_names
from deepracer_admin.web.kept_theme import keep_theme
from deepracer_admin.web.keys import keys_route
from deepracer_admin.web.tabs import Tabs, can_begin_runs, runs_on
from deepracer_admin.web.welcome import Answer, signin_routes

if TYPE_CHECKING:
    from deepracer_admin.compose import Console

__all__ = [
    "console",
    "keeper",
    "lifespan",
    "middleware",
    "open_tabs",
    "prepare",
    "routes",
    "session_cookie_name",
    "use_console",
]

log = logging.getLogger(__name__)


class _Listener(uvicorn.Server):
    """A second server in the process of the first, which alone hears signals. `listening` was opened beforehand."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket) -> None:
        super().__init__(config)
        self._listening = listening

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        await super().serve([self._listening])

    def capture_signals(self) -> contextlib.AbstractContextManager[None]:  # type: ignore[override]
        return contextlib.nullcontext()


_opening, _composing = threading.Lock(), threading.Lock()
_opened: Opened | None = None
_console: Console | None = None
_listener: _Listener | None = None
_then: Callable[[], None] | None = None
_tabs: Tabs | None = None


def _open() -> Opened:
    global _opened
    with _opening:
        if _opened is None:
            _opened = open_stores(load_settings())
        return _opened


def _at_hand() -> Opened | Console:
    """Settings, clock and stores of this process, also while its console is being composed. Raises a ConsoleError."""
    return _console or _open()


def console() -> Console:
    """The one console of this process, composed at first use. Raises a ConsoleError with what to mend."""
    global _console
    with _composing:
        if _console is None:
            from deepracer_admin.compose import compose_on

            _console = compose_on(_open())
        return _console


def use_console(made: Console | None) -> None:
    """Set the console of this process (tests)."""
    global _console, _opened
    with _composing, _opening:
        _console, _opened = made, None


def keeper() -> SessionKeeper:
    """Sessions of this process's console."""
    made = _at_hand()
    return SessionKeeper(made.sessions, made.clock)


def session_cookie_name() -> str:
    """How this console's session cookie is called."""
    return cookie_names(_at_hand().settings).session


def open_tabs() -> Tabs | None:
    """Who serves this process's open tabs; None where they look by themselves."""
    return _tabs


def routes() -> list[BaseRoute]:
    """Our routes, for st.App."""
    signing_in = signin_routes(_at_hand().settings.rehearsal, _signing_in)
    return [*signing_in, Route("/event", _start_page), keys_route(), drawn_mails_route(DRAWN, _signed_in)]


def _signed_in(request: Request) -> Actor | None:
    return keeper().find(request.cookies.get(session_cookie_name(), ""))


def _signing_in() -> Mapping[str, Answer]:
    from deepracer_admin.web.signin import SignIn

    return SignIn(console).answers()


def _start_page(request: Request) -> Response:
    """Streamlit serves the default page at `/` only; its named address leads there, with its query."""
    query = request.url.query
    return RedirectResponse(f"/?{query}" if query else "/", status_code=302)


def middleware() -> list[Middleware]:
    """For st.App: the security headers of every response, then the gate."""
    settings = _at_hand().settings
    origin = urlsplit(settings.console_url)
    websocket = f"{'wss' if origin.scheme == 'https' else 'ws'}://{origin.netloc}"
    return [
        Middleware(SecurityHeaders, policy=console_policy(websocket)),
        Middleware(Gate, keeper=keeper, base_url=settings.console_url, cookie=cookie_names(settings).session),
    ]


def prepare(then: Callable[[], None] | None = None) -> None:
    """At import, before st.App: open the stores and the second listener's port.

    `then` is called in the thread that loads the rest, after it. What cannot work ends the start here, with its
    sentence and no traceback (a lifespan that fails prints one).
    """
    global _listener, _then
    _then = then
    make_private()
    bound_requests()
    try:
        _listener = _public_listener(_at_hand().settings)
    except ConsoleError as error:
        sys.stderr.write(f"{error.sentence}\n")
        raise SystemExit(2) from None


class _Behind:
    """What is loaded behind the first page: the console, its worker, the look at plans, then the pages."""

    def __init__(self, then: Callable[[], None] | None) -> None:
        self._then = then
        self._stops: list[Callable[[], None]] = []
        self._has_failed = False
        self._thread = threading.Thread(target=self._begin, name="behind", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """After what is being loaded; the last that began ends first."""
        self._thread.join()
        for stop in reversed(self._stops):
            stop()

    def leave(self) -> None:
        """At the very end, with the stores closed: a start that failed ends with exit code 2, as others that are
        refused do. The server itself would say that somebody pressed Ctrl+C ("Aborted!", exit code 1)."""
        if self._has_failed:
            logging.shutdown()
            for stream in (sys.stdout, sys.stderr):
                stream.flush()
            os._exit(2)

    def _begin(self) -> None:
        try:
            with _no_look_for_rubbish():
                self._work(console())
                if self._then is not None:
                    self._then()
        except Exception as error:  # nothing would work: end the server, as a start that fails does
            incident = incident_id()
            log.exception("incident %s at the start", incident)
            said = error.sentence if isinstance(error, ConsoleError) else "The console could not begin its work"
            sys.stderr.write(f"{said} (incident {incident})\n")
            self._has_failed = True
            _thread.interrupt_main()

    def _work(self, made: Console) -> None:
        from deepracer_admin.worker import Worker, WorkerWatch

        if made.settings.worker:
            worker = Worker(made)
            self._stops.append(worker.stop)
            worker.start()
        watch = WorkerWatch(made)
        watch.start()
        self._stops.append(watch.stop)
        made.plans.start()


@contextlib.contextmanager
def _no_look_for_rubbish() -> Iterator[None]:
    """What is loaded stays: looking through it for garbage takes a fifth of the loading."""
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Begin what stands behind the pages, and the public listener; stop them at the end, then close the stores.

    A closed store says so to whoever still asks, and its files need no recovery at the next start.
    """
    global _tabs
    made, listener = _at_hand(), _listener
    set_up_logging(made.settings)
    keep_theme()
    made.sessions.purge(now=made.clock.now())
    if runtime.exists():
        keep_downloads(runtime.get_instance().media_file_mgr._storage)  # it offers no other way to its storage
        if can_begin_runs():
            _tabs = Tabs(runs_on(asyncio.get_running_loop()), made.clock.monotonic)
            _tabs.start()
    behind = _Behind(_then)
    behind.start()
    serving = asyncio.create_task(listener.serve()) if listener else None
    try:
        yield {}
    finally:
        if listener and serving:
            listener.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving
        if _tabs:
            await asyncio.to_thread(_tabs.stop)
            _tabs = None
        await asyncio.to_thread(behind.stop)
        _at_hand().close()
        behind.leave()


def _public_listener(settings: Settings) -> _Listener | None:
    """The second listener: the only one that may leave loopback, off by default. Raises BadSettings."""
    if not settings.public_port:
        return None
    config = uvicorn.Config(
        _Later(_public_app),
        log_config=None,
        access_log=False,  # addresses of this listener are permissions
        lifespan="off",
        server_header=False,
        proxy_headers=False,
    )
    return _Listener(config, _open_port(settings.public_host, settings.public_port))


def _public_app() -> ASGIApp:
    from deepracer_admin.web.public import public_app

    made = console()
    return public_app(made.of("").boards, made.registration)


class _Later:
    """An application that is made when the first request comes, which waits for it."""

    def __init__(self, make: Callable[[], ASGIApp]) -> None:
        self._make = Once(make)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._make.made or await asyncio.to_thread(self._make)
        await app(scope, receive, send)


def _open_port(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BadSettings(
            f"The second listener cannot open {host} port {port} ({error.strerror}); set DEEPRACER_ADMIN_PUBLIC_PORT "
            "to a free port or DEEPRACER_ADMIN_PUBLIC_HOST to an address of this machine."
        ) from None
