"""The server's own parts beside Streamlit's: one console per process, routes, gate, lifespan.

The lifespan starts the worker and the public listener and stops them cleanly; closing a browser stops nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import sys
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route
from streamlit import runtime

from deepracer_admin.compose import Console, compose
from deepracer_admin.errors import BadSettings, ConsoleError
from deepracer_admin.journal import set_up_logging
from deepracer_admin.private import make_private
from deepracer_admin.settings import load_settings
from deepracer_admin.web.downloads import keep_downloads
from deepracer_admin.web.gate import Gate
from deepracer_admin.web.headers import SecurityHeaders, console_policy
from deepracer_admin.web.keeper import SessionKeeper, cookie_names
from deepracer_admin.web.kept_theme import keep_theme
from deepracer_admin.web.keys import keys_route
from deepracer_admin.web.public import public_app
from deepracer_admin.web.signin import SignIn
from deepracer_admin.worker import Worker, WorkerWatch

__all__ = ["console", "keeper", "lifespan", "middleware", "prepare", "routes", "session_cookie_name", "use_console"]

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


_lock = threading.Lock()
_console: Console | None = None
_listener: _Listener | None = None
_then: Callable[[], None] | None = None


def console() -> Console:
    """The one console of this process, made at first use. Raises a ConsoleError with what to mend."""
    global _console
    with _lock:
        if _console is None:
            _console = compose(load_settings())
        return _console


def use_console(made: Console | None) -> None:
    """Set the console of this process (tests)."""
    global _console
    with _lock:
        _console = made


def keeper() -> SessionKeeper:
    """Sessions of this process's console."""
    made = console()
    return SessionKeeper(made.sessions, made.clock)


def session_cookie_name() -> str:
    """How this console's session cookie is called."""
    return cookie_names(console().settings).session


def routes() -> list[BaseRoute]:
    """Our routes, for st.App."""
    return [*SignIn(console).routes(), Route("/event", _start_page), keys_route()]


def _start_page(request: Request) -> Response:
    """Streamlit serves the default page at `/` only; its named address leads there, with its query."""
    query = request.url.query
    return RedirectResponse(f"/?{query}" if query else "/", status_code=302)


def middleware() -> list[Middleware]:
    """For st.App: the security headers of every response, then the gate."""
    settings = console().settings
    origin = urlsplit(settings.console_url)
    websocket = f"{'wss' if origin.scheme == 'https' else 'ws'}://{origin.netloc}"
    return [
        Middleware(SecurityHeaders, policy=console_policy(websocket)),
        Middleware(Gate, keeper=keeper, base_url=settings.console_url, cookie=cookie_names(settings).session),
    ]


def prepare(then: Callable[[], None] | None = None) -> None:
    """At import, before st.App: open the stores and the second listener's port.

    `then` is called in a thread of its own once it serves. What cannot work ends the start here, with its sentence and
    no traceback (a lifespan that fails prints one).
    """
    global _listener, _then
    _then = then
    make_private()
    try:
        _listener = _public_listener(console())
    except ConsoleError as error:
        sys.stderr.write(f"{error.sentence}\n")
        raise SystemExit(2) from None


@asynccontextmanager
async def lifespan(_: Any) -> AsyncIterator[dict[str, Any]]:
    """Start the worker, what looks at plans, and the public listener; stop them at the end, then close the stores.

    A closed store says so to whoever still asks, and its files need no recovery at the next start.
    """
    made, listener = console(), _listener
    set_up_logging(made.settings)
    keep_theme()
    made.sessions.purge(now=made.clock.now())
    if runtime.exists():
        keep_downloads(runtime.get_instance().media_file_mgr._storage)  # it offers no other way to its storage
    worker = Worker(made) if made.settings.worker else None
    if worker:
        await asyncio.to_thread(worker.start)
    watch = WorkerWatch(made)
    watch.start()
    made.plans.start()
    serving = asyncio.create_task(listener.serve()) if listener else None
    if _then is not None:
        threading.Thread(target=_then, name="then", daemon=True).start()
    try:
        yield {}
    finally:
        if listener and serving:
            listener.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await serving
        await asyncio.to_thread(watch.stop)
        if worker:
            await asyncio.to_thread(worker.stop)
        made.close()


def _public_listener(made: Console) -> _Listener | None:
    """The second listener: the only one that may leave loopback, off by default. Raises BadSettings."""
    settings = made.settings
    if not settings.public_port:
        return None
    config = uvicorn.Config(
        public_app(made.of("").boards, made.registration),
        log_config=None,
        access_log=False,  # addresses of this listener are permissions
        lifespan="off",
        server_header=False,
        proxy_headers=False,
    )
    return _Listener(config, _open_port(settings.public_host, settings.public_port))


def _open_port(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise BadSettings(
            f"The second listener cannot open {host} port {port} ({error.strerror}); set DEEPRACER_ADMIN_PUBLIC_PORT "
            "to a free port or DEEPRACER_ADMIN_PUBLIC_HOST to an address of this machine."
        ) from None
