"""Many who only look: tabs of the console and phones on the live board, what they cost and how long they wait. JSON.

    python benchmarks/viewers.py [--viewers 100] [--phones 2000] [--seconds 20] [--people 10000] [--short]

A viewer is a tab on the Leaderboard page, over the console's own WebSocket, each with a session of its own. The console
draws in it what moved, as it looks every two seconds; it asks for each timed part as often as a browser does. In the
same run, a naive page: a script without any care that reads its rows, sorts and shows them every two seconds. A phone
asks for the snapshot of a big screen's link every two seconds on a connection of its own, with the mark of what it has;
beside it a bare route that answers every time with the same bytes. Meanwhile a new result comes every five seconds, so
that the board moves. `cpu_of_a_core` is the server process's own time; `p95_ms` is from a tab's or phone's question to
the whole answer; `shown_p95_ms` is from the moment at which a result was written to that at which a tab had drawn it.
`--short`: 20 viewers, 200 phones, 2,000 people, under a minute. Servers and askers share this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks._tabs import EVERY_S, PATIENCE_S, cpu_s, told, viewers  # noqa: E402
from benchmarks.pages import fill, write_silent_world  # noqa: E402
from deepracer_admin.compose import compose  # noqa: E402
from deepracer_admin.model import Actor, Role, Standing  # noqa: E402
from deepracer_admin.settings import Settings  # noqa: E402
from deepracer_admin.store.sqlite import open_history  # noqa: E402
from deepracer_admin.web.keeper import SessionKeeper, cookie_names  # noqa: E402

RESULT_EVERY_S = 5.0
WRITTEN = "written.txt"
NAIVE = """
import json, pathlib
import pandas as pd
import streamlit as st

@st.fragment(run_every=2)
def board():
    rows = pd.DataFrame(json.loads(pathlib.Path("rows.json").read_text()))
    rows = rows.sort_values("score").reset_index(drop=True)
    rows["gap"] = rows["score"] - rows["score"].iloc[0]
    st.dataframe(rows)

st.title("Leaderboard")
board()
"""
BARE = """
import pathlib, sys
import uvicorn
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

body = pathlib.Path("body.json").read_bytes()

async def data(_):
    return Response(body, media_type="application/json")

uvicorn.run(Starlette(routes=[Route("/data.json", data)]), port=int(sys.argv[1]), log_level="error")
"""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@contextmanager
def running(command: list[str], health: str, *, cwd: Path, environ: dict[str, str]) -> Iterator[int]:
    """A server until it is left; its process id."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, cwd=cwd, env=environ, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        deadline = time.monotonic() + PATIENCE_S
        while True:
            with suppress(httpx.HTTPError):
                httpx.get(health, timeout=5, trust_env=False)
                break
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{command[-1]} did not start.")
            time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


# -------------------------------------------------------------------------------------------------------- phones


async def _phone(netloc: str, path: str, seconds: float) -> tuple[list[float], int]:
    """One phone: every two seconds on its own connection; seconds of each answer, and how many brought something."""
    waits: list[float] = []
    mark, news = b"", 0
    host, _, port = netloc.partition(":")
    loop = asyncio.get_running_loop()
    await asyncio.sleep(random.random() * EVERY_S)
    end, at = loop.time() + seconds, loop.time()
    reader, writer = await asyncio.open_connection(host, int(port))
    head = f"GET {path} HTTP/1.1\r\nHost: {netloc}\r\nAccept-Encoding: gzip\r\n".encode()
    try:
        while loop.time() < end:
            began = loop.time()
            writer.write(head + (b"If-None-Match: " + mark + b"\r\n" if mark else b"") + b"\r\n")
            async with asyncio.timeout(PATIENCE_S):
                answer = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = answer.partition(b"content-length:")[2].split(b"\r\n", 1)[0].strip()
                if int(length or 0):
                    await reader.readexactly(int(length))
            waits.append(loop.time() - began)
            if not answer.startswith((b"http/1.1 200", b"http/1.1 304")):
                raise SystemExit(f"A phone was answered {answer[:80]!r}.")
            news += answer.startswith(b"http/1.1 200")
            if b"\r\netag:" in answer:
                mark = answer.partition(b"\r\netag:")[2].split(b"\r\n", 1)[0].strip()
            at += EVERY_S
            await asyncio.sleep(max(0.0, at - loop.time()))
    finally:
        writer.close()
    return waits, news


async def phones(address: str, path: str, pid: int, number: int, seconds: float) -> dict[str, Any]:
    before, began = cpu_s(pid), time.monotonic()
    found = await asyncio.gather(*(_phone(urlsplit(address).netloc, path, seconds) for _ in range(number)))
    waits = [wait for each, _ in found for wait in each]
    return {**told(waits, pid, before, began), "phones": number, "with_news": sum(news for _, news in found)}


# ---------------------------------------------------------------------------------------------------------- all


@contextmanager
def results(home: Path, people: int) -> Iterator[Callable[[], list[tuple[float, float]]]]:
    """A new best for somebody every five seconds, from a process of its own: whoever measures is not held up by it.
    Gives what tells when each began to be written and when it was, in seconds of this machine's steady clock."""
    child = subprocess.Popen([sys.executable, __file__, "--results", str(home), str(people)], stdin=subprocess.DEVNULL)
    try:
        yield lambda: _written(home / WRITTEN)
    finally:
        child.terminate()
        child.wait(PATIENCE_S)


def _written(path: Path) -> list[tuple[float, float]]:
    lines = path.read_text("ascii").splitlines() if path.exists() else []
    return [(float(begun), float(at)) for begun, at in map(str.split, lines)]


def save_results(home: Path, people: int) -> None:
    """Until it is ended."""
    history = open_history(home / "history.sqlite")
    turn = 0
    while True:
        time.sleep(RESULT_EVERY_S)
        turn += 1
        rows = [Standing(n + 1, f"racer-{n}", 40_000 + 7 * n - turn) for n in range(people)]
        begun = time.monotonic()
        history.save_standings("ev-1", "r-1", datetime.now(UTC), rows)
        with (home / WRITTEN).open("a") as told_:
            told_.write(f"{begun} {time.monotonic()}\n")


def measure(people: int, tabs: int, crowd: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_silent_world(home)
        port, public = free_port(), free_port()
        ours = {"HOME": folder, "PORT": str(port), "PUBLIC_PORT": str(public), "WORKER": "false"}
        environ = {**os.environ, **{f"DEEPRACER_ADMIN_{key}": value for key, value in ours.items()}}
        settings = Settings.model_validate({"home": home, "worker": False, "port": port, "public_port": public})
        console = compose(settings)
        try:
            fill(console, people)
            keeper = SessionKeeper(console.sessions, console.clock)
            who = [
                keeper.create(oid=f"o{n}", tid="t", name=f"Viewer {n}", roles=frozenset({Role.VIEWER}))
                for n in range(tabs)
            ]
            organizer = Actor(oid="o", tid="t", name="Somebody", roles=frozenset({Role.ORGANIZER}))
            link = urlsplit(console.first.boards.make_link(organizer, "r-1").address).path
            name = cookie_names(settings).session
            found: dict[str, Any] = {"people": people}
            start = [sys.executable, "-m", "streamlit", "run"]
            command = [*start, str(ROOT / "app.py"), "--server.port", str(port)]
            site, board = f"http://localhost:{port}", f"http://127.0.0.1:{public}"
            with running(command, f"{site}/_stcore/health", cwd=ROOT, environ=environ) as pid:
                with results(home, people) as at:
                    cookies = [f"{name}={cookie}" for cookie in who]
                    found["console"] = asyncio.run(
                        viewers(site, pid, cookies, seconds, "leaderboard", "event=ev-1", at)
                    )
                    found["live_board"] = asyncio.run(phones(board, f"{link}.json", pid, crowd, seconds))
                body = httpx.get(f"{board}{link}.json", trust_env=False).content
            found |= _beside(home / "beside", people, tabs, crowd, seconds, body)
            return found
        finally:
            console.close()


def _beside(home: Path, people: int, tabs: int, crowd: int, seconds: float, body: bytes) -> dict[str, Any]:
    """The naive page and the bare route, one after the other."""
    home.mkdir()
    rows = [{"racer": f"racer-{n}", "score": 40_000 + 7 * n} for n in range(people)]
    (home / "rows.json").write_text(json.dumps(rows), "utf-8")
    (home / "naive.py").write_text(NAIVE, "utf-8")
    (home / "bare.py").write_text(BARE, "utf-8")
    (home / "body.json").write_bytes(body)
    port = str(free_port())
    address = f"http://localhost:{port}"
    command = [sys.executable, "-m", "streamlit", "run", "naive.py", "--server.port", port, "--server.headless", "true"]
    found: dict[str, Any] = {}
    with running(command, f"{address}/_stcore/health", cwd=home, environ={**os.environ}) as pid:
        found["naive_page"] = asyncio.run(viewers(address, pid, [""] * tabs, seconds))
    port = str(free_port())
    address = f"http://127.0.0.1:{port}"
    command = [sys.executable, "bare.py", port]
    with running(command, f"{address}/data.json", cwd=home, environ={**os.environ}) as pid:
        found["bare_route"] = asyncio.run(phones(address, "/data.json", pid, crowd, seconds))
    return found


def main() -> None:
    if sys.argv[1:2] == ["--results"]:
        save_results(Path(sys.argv[2]), int(sys.argv[3]))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--viewers", type=int, default=100)
    parser.add_argument("--phones", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--short", action="store_true")
    given = parser.parse_args()
    if given.short:
        given.viewers, given.phones, given.seconds, given.people = 20, 200, 6.0, 2_000
    began = time.monotonic()
    found = measure(given.people, given.viewers, given.phones, given.seconds)
    print(json.dumps({**found, "load": os.getloadavg()[0], "took_s": round(time.monotonic() - began)}, indent=2))


if __name__ == "__main__":
    main()
