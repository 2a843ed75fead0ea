"""The console's own HTTP around a small inner application, over real sockets, against an in-process practice Entra."""

from __future__ import annotations

import json
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from deepracer_admin.compose import Console, compose
from deepracer_admin.settings import Settings
from deepracer_admin.web.gate import Gate
from deepracer_admin.web.headers import SecurityHeaders, console_policy
from deepracer_admin.web.keeper import CookieNames, SessionKeeper, cookie_names
from deepracer_admin.web.signin import SignIn
from deepracer_admin.web.welcome import signin_routes
from tests.practice import WorldHandle, start_world

PAGE = {"accept": "text/html,application/xhtml+xml"}
INNER = "the console itself"


class MovedClock:
    """Real time, moved forward by a test."""

    factor = 1.0

    def __init__(self) -> None:
        self.moved = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.moved

    event_now = now

    def monotonic(self) -> float:
        return time.monotonic()

    def forward(self, **by: float) -> None:
        self.moved += timedelta(**by)


@pytest.fixture(scope="session")
def running_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    started = start_world(tmp_path_factory.mktemp("world"))
    yield started
    started.stop()


@pytest.fixture
def world(running_world: WorldHandle) -> Iterator[WorldHandle]:
    """The practice world; no fault outlives a test."""
    yield running_world
    running_world.disarm()


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    made = socket.create_server(("127.0.0.1", 0))
    yield made
    made.close()


@pytest.fixture
def base_url() -> str:
    """What `base_url` is set to; "" = the loopback default."""
    return ""


@pytest.fixture
def console(
    world: WorldHandle, tmp_path: Path, clock: MovedClock, listening: socket.socket, base_url: str
) -> Iterator[Console]:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(world.world.home / "practice.json", home)
    settings = Settings(home=home, port=listening.getsockname()[1], worker=False, base_url=base_url)
    made = compose(settings, clock=clock)
    yield made
    made.close()


@dataclass
class Site:
    """The running console parts. `reached` lists what came through the gate to the inner application."""

    url: str
    console: Console
    clock: MovedClock
    reached: list[str] = field(default_factory=list)

    @property
    def keeper(self) -> SessionKeeper:
        return SessionKeeper(self.console.sessions, self.clock)

    @property
    def names(self) -> CookieNames:
        return cookie_names(self.console.settings)

    @property
    def home(self) -> Path:
        return self.console.settings.home

    def browser(self, **options: Any) -> httpx.Client:
        return httpx.Client(base_url=self.url, headers=PAGE, trust_env=False, timeout=300, **options)


@pytest.fixture
def site(console: Console, clock: MovedClock, listening: socket.socket) -> Iterator[Site]:
    with serving(console, clock, listening) as made:
        yield made


@contextmanager
def serving(console: Console, clock: MovedClock, listening: socket.socket) -> Iterator[Site]:
    """The console parts over a socket that listens already."""
    made = Site(f"http://localhost:{listening.getsockname()[1]}", console, clock)

    async def inner(request: Request) -> PlainTextResponse:
        made.reached.append(request.url.path)
        return PlainTextResponse(INNER)

    async def talk(websocket: WebSocket) -> None:
        made.reached.append(websocket.url.path)
        await websocket.accept()
        await websocket.send_text(INNER)
        await websocket.close()

    app = Starlette(
        routes=[
            *signin_routes(console.settings.rehearsal, SignIn(lambda: console).answers),
            Route("/{path:path}", inner, methods=["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"]),
            WebSocketRoute("/{path:path}", talk),
        ],
        middleware=[
            Middleware(SecurityHeaders, policy=console_policy("ws://localhost")),
            Middleware(
                Gate,
                keeper=lambda: made.keeper,
                base_url=console.settings.console_url,
                cookie=made.names.session,
            ),
        ],
    )
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
    thread.start()
    yield made
    server.should_exit = True
    thread.join(300)


@pytest.fixture
def visitor(site: Site) -> Iterator[httpx.Client]:
    """A browser that has never been here; it does not follow redirects."""
    with site.browser() as client:
        yield client


def begin(client: httpx.Client, to: str = "/") -> str:
    """Ask to sign in; the address of the practice tenant's page."""
    answer = client.get("/signin/login", params={"next": to})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def choose(address: str, role: str) -> str:
    """Press a button of the practice tenant's page; where it sends the browser back to."""
    answer = httpx.get(address, params={**httpx.QueryParams(httpx.URL(address).query), "login_as": role}, timeout=300)
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


def come_back(client: httpx.Client, role: str, *, to: str = "/") -> httpx.Response:
    """The whole way: the answer to the callback."""
    return client.get(choose(begin(client, to), role))


def signed_in(client: httpx.Client, role: str = "organizer") -> str:
    """Sign in; the session cookie's value."""
    answer = come_back(client, role)
    assert answer.status_code == 303, answer.text
    return session_of(client)


def session_of(client: httpx.Client) -> str:
    """The value of the session cookie; "" without one."""
    return next((value for name, value in client.cookies.items() if "deepracer_console_" in name), "")


def sign_ins_of(client: httpx.Client) -> dict[str, str]:
    """The cookies of sign-ins under way."""
    return {name: value for name, value in client.cookies.items() if "deepracer_signin_" in name}


def redirect_practice(home: Path, **changes: dict[str, str]) -> None:
    """Change addresses of the practice world as this console knows them."""
    path = home / "practice.json"
    practice = json.loads(path.read_text("utf-8"))
    for service, values in changes.items():
        practice[service].update(values)
    path.write_text(json.dumps(practice), "utf-8")
