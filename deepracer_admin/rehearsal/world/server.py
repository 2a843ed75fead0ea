"""How a practice world listens: one loopback port, ``practice.json`` while it does, everything saved when it stops."""

import asyncio
import contextlib
import errno
import http.client
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from deepracer_admin.rehearsal import MARK, MARK_HEADER

from .control import Control
from .keeping import write_private
from .traffic import LoopbackOnly
from .world import World

ADDRESS_FILE = "practice.json"


class PortTaken(Exception):
    """Another program listens on the port that was asked for."""


class HomeTaken(Exception):
    """Another practice world lives in this folder."""


class _Protocol(H11Protocol):
    """Lets the traffic layer close a connection without an answer: a request's state holds its transport."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "transport": transport}


class _Server(uvicorn.Server):
    """Leaves signals to the caller: uvicorn would raise them again before the world is saved."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening_socket(port: int) -> socket.socket:
    """A socket on 127.0.0.1. Port 0: one that is free. Raises PortTaken; ValueError for what is no port."""
    if not 0 <= port <= 65535:
        raise ValueError(f"{port} is no port: give a number from 1024 to 65535, or 0 for a free one.")
    # Only with the protocol named does asyncio send small answers at once instead of 40 ms later (TCP_NODELAY).
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    if os.name == "posix":  # elsewhere this option would let two servers share a port
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError as refused:
        listener.close()
        if refused.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortTaken(
                f"Port {port} is in use or not allowed: stop the other program, or start with --port 0."
            ) from None
        raise
    return listener


def refuse_second_world(home: Path) -> None:
    """Raises HomeTaken when a world answers at the address in the folder's ``practice.json``: two would spoil it."""
    try:
        port = json.loads((home / ADDRESS_FILE).read_text("utf-8"))["port"]
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        try:
            connection.request("GET", "/control/status")
            mark = connection.getresponse().getheader(MARK_HEADER)
        finally:
            connection.close()
    except (OSError, ValueError, KeyError, http.client.HTTPException):
        return  # no file, or nobody there any more
    if mark == MARK:
        raise HomeTaken(f"A practice world already runs in {home} (port {port}): stop it, or choose another --home.")


def application(world: World) -> ASGIApp:
    """What listens: the controls under ``/control``, and behind everything else the services."""
    return LoopbackOnly(Starlette(routes=[*Control(world).routes(), Mount("/", app=world.traffic)]))


async def serve(world: World, listener: socket.socket, on_ready: Callable[[], None] = lambda: None) -> None:
    """Serve until `world.ask_to_stop()` is called, then save. `on_ready` is called when ``practice.json`` is there."""
    world.ground.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        application(world),
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,  # traffic.py sets it, so that a service can have a clock of its own
        # Longer than any client keeps an idle connection, so that only an armed fault loses an answer.
        timeout_keep_alive=300,
        timeout_graceful_shutdown=3,
    )
    server = _Server(config)

    def stop() -> None:
        server.should_exit = True

    world.ask_to_stop = stop
    await world.names.listen()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    living = asyncio.create_task(world.run())
    address = world.home / ADDRESS_FILE
    try:
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        world.save()  # the secrets must outlive a power cut from the first answer on
        write_private(address, json.dumps(world.endpoints(), indent=1))
        on_ready()
        await asyncio.wait([serving, living], return_when=asyncio.FIRST_COMPLETED)
        server.should_exit = True
        await serving
    finally:
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living
        world.names.close()
        world.save()
        address.unlink(missing_ok=True)


def run_until_signalled(world: World, listener: socket.socket, on_ready: Callable[[], None]) -> None:
    """Serve in the main thread until SIGINT, SIGTERM or (Windows) Ctrl-Break arrives."""

    def stop(_signal: int, _frame: Any) -> None:
        world.ask_to_stop()

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), stop)
    asyncio.run(serve(world, listener, on_ready))
