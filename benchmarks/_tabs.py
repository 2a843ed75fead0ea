"""A crowd of tabs of a Streamlit server, over its own WebSocket: what they cost it and how long they wait."""

from __future__ import annotations

import asyncio
import os
import random
import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.util import calc_hash
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

__all__ = ["EVERY_S", "PATIENCE_S", "cpu_s", "told", "viewers"]

EVERY_S = 2.0
PATIENCE_S = 120.0


def cpu_s(pid: int) -> float:
    """Seconds of processor that it has used; not a number where the system does not tell (outside of Linux)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    except OSError:
        return float("nan")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def told(waits: list[float], pid: int, before_s: float, began_s: float) -> dict[str, Any]:
    spent = (cpu_s(pid) - before_s) / (time.monotonic() - began_s)
    waits.sort()
    return {
        "answers": len(waits),
        "cpu_of_a_core": round(spent, 3) if spent == spent else None,
        "median_ms": round(1000 * statistics.median(waits), 1) if waits else None,
        "p95_ms": round(1000 * waits[int(0.95 * (len(waits) - 1))], 1) if waits else None,
        "worst_ms": round(1000 * waits[-1], 1) if waits else None,
    }


class Run(NamedTuple):
    """One answer of the server: seconds at which its first message and its last came, and the timed parts that it
    declared, with their seconds."""

    began: float
    ended: float
    parts: list[tuple[str, float]]


async def _next_run(socket_: ClientConnection) -> Run:
    """Wait for a run and read it whole; a part that is drawn anew belongs to the run that asked for it."""
    parts: list[tuple[str, float]] = []
    began = 0.0
    while True:
        message = ForwardMsg()
        message.ParseFromString(bytes(await socket_.recv(decode=False)))
        kind = message.WhichOneof("type")
        if kind == "new_session":
            began = began or time.monotonic()
        elif kind == "auto_rerun":
            parts.append((message.auto_rerun.fragment_id, message.auto_rerun.interval))
        elif kind == "script_finished" and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return Run(began, time.monotonic(), parts)


def _ask(page: str, query: str, fragment: str = "") -> bytes:
    state = ClientState(query_string=query, page_script_hash=page and calc_hash(page), page_name=page)
    if fragment:
        state.fragment_id = fragment
        state.is_auto_rerun = True
    return BackMsg(rerun_script=state).SerializeToString()


class Tab(NamedTuple):
    """Seconds that its questions waited, and every run in it, asked for or not."""

    waits: list[float]
    runs: list[Run]


async def _viewer(
    address: str, page: str, query: str, cookie: str, ready: Callable[[], None], go: asyncio.Event, until: list[float]
) -> Tab:
    """One tab: the first draw, then each timed part when it is due, and whatever the server draws by itself."""
    tab = Tab([], [])
    headers = {"Cookie": cookie} if cookie else {}
    async with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        subprotocols=["streamlit"],  # type: ignore[list-item]
        origin=address,  # type: ignore[arg-type]
        additional_headers=headers,
        max_size=None,
        compression=None,
        open_timeout=PATIENCE_S,
    ) as socket_:
        await socket_.send(_ask(page, query))
        async with asyncio.timeout(PATIENCE_S):
            first = await _next_run(socket_)
        ready()
        reading = asyncio.create_task(_next_run(socket_))
        await go.wait()
        due = [(time.monotonic() + random.random() * every, fragment, every) for fragment, every in first.parts]
        asked = 0.0
        while (now := time.monotonic()) < until[0]:
            at, fragment, every = min(due, default=(until[0], "", 0.0))
            done, _ = await asyncio.wait({reading}, timeout=PATIENCE_S if asked else max(0.0, min(at, until[0]) - now))
            if done:
                run = reading.result()
                tab.runs.append(run)
                if asked:
                    tab.waits.append(run.ended - asked)
                asked, reading = 0.0, asyncio.create_task(_next_run(socket_))
            elif asked:
                raise SystemExit(f"A tab was not answered within {PATIENCE_S:.0f} s.")
            elif fragment and at <= time.monotonic():
                due.remove((at, fragment, every))
                due.append((max(at + every, time.monotonic()), fragment, every))
                asked = time.monotonic()
                await socket_.send(_ask(page, query, fragment))
        reading.cancel()
        with suppress(asyncio.CancelledError, ConnectionClosed):
            await reading
    return tab


async def viewers(
    address: str,
    pid: int,
    cookies: list[str],
    seconds: float,
    page: str = "",
    query: str = "",
    results_at: Callable[[], list[tuple[float, float]]] | None = None,
) -> dict[str, Any]:
    """As many tabs as there are cookies ("" where none is needed). `results_at`: when each result began to be written,
    and when it was."""
    go, until, drawn = asyncio.Event(), [0.0], [0]

    def ready() -> None:
        drawn[0] += 1

    gate = asyncio.Semaphore(8)

    async def one(cookie: str) -> Tab:
        async with gate:  # they come in one after the other, as people do
            start = asyncio.create_task(_viewer(address, page, query, cookie, ready, go, until))
            had = drawn[0]
            while not start.done() and drawn[0] == had:
                await asyncio.sleep(0.02)
        return await start

    tabs = [asyncio.create_task(one(cookie)) for cookie in cookies]
    while drawn[0] < len(cookies) and not any(tab.done() for tab in tabs):
        await asyncio.sleep(0.05)
    before, began = cpu_s(pid), time.monotonic()
    until[0] = time.monotonic() + seconds
    go.set()
    await asyncio.sleep(seconds)
    after = told([], pid, before, began)
    seen = await asyncio.gather(*tabs)
    waits = [wait for tab in seen for wait in tab.waits]
    found = {**told(waits, pid, before, began), "cpu_of_a_core": after["cpu_of_a_core"], "tabs": len(cookies)}
    written = [at for at in (results_at() if results_at else ()) if began < at[0] and at[1] < until[0] - 2 * EVERY_S]
    late = [_shown_after(tab, *at) for tab in seen for at in written]
    return {**found, **_told_shown(late, len(written))} if written else found


def _shown_after(tab: Tab, begun: float, at: float) -> float:
    """Seconds from `at`, when something was written, to the end of the first run that began after it; a run that began
    while it was written had it already, where none followed. Infinite for none."""
    ends = [run.ended for run in tab.runs if run.began >= at] or [run.ended for run in tab.runs if run.began >= begun]
    return max(0.0, min(ends) - at) if ends else float("inf")


def _told_shown(late: list[float], results: int) -> dict[str, Any]:
    late.sort()
    return {
        "results": results,
        "never_shown": late.count(float("inf")),
        "shown_median_ms": _ms(statistics.median(late)),
        "shown_p95_ms": _ms(late[int(0.95 * (len(late) - 1))]),
        "shown_worst_ms": _ms(late[-1]),
    }


def _ms(seconds: float) -> int | None:
    return None if seconds == float("inf") else round(1000 * seconds)
