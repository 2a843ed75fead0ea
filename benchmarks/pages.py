"""How long each page and each part of one (_parts.py) takes to draw, beside an empty page. Prints JSON.

Also the way from start to the first page.

    python benchmarks/pages.py [PROFILES ...]     (default: 200 2000)

`cold_ms` is the first run of a page in its process, which has loaded what the server loads behind its first page; `ms`
the median of the runs after it, `ratio` that median beside an empty script's; `cpu_ms` and `cold_cpu_ms` are the
process's own time, which a busy machine does not lengthen. Every run is the whole script through AppTest: session,
navigation, page, every timed part once. `kb` is what the page's elements weigh before compression, tables and charts
included. The stores hold one event in full swing: everybody has a profile, two mails, hours and a place, as many have
registered, and the audit is a busy week's. `start` is the
time until the server says it is well and has sent its first page over HTTP, beside `streamlit hello`, the best of
three, each in a process of its own, with its code compiled as after any start but the first.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks._parts import PARTS, TICKED, Part, fill_lists  # noqa: E402
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run  # noqa: E402

RUNS = 7
STARTS = 3
PATIENCE_S = 60.0
NOBODY = "http://127.0.0.1:9"
EMPTY = "import streamlit as st\nst.title('Nothing')\n"


def write_silent_world(home: Path) -> None:
    """The addresses of a practice world in which nobody answers: pages read the stores only."""
    aws = {"region": "us-east-1", "access_key_id": "a", "secret_access_key": "s", "ses_url": NOBODY}
    aws |= {"managed_url": NOBODY, "cognito_idp_url": NOBODY, "cognito_identity_url": NOBODY}
    practice = {
        "url": NOBODY,
        "control": f"{NOBODY}/control",
        "entra": {"authority": NOBODY, "tenant": "t", "client_id": "c", "client_secret": "s"},
        "graph": {"url": NOBODY, "group_id": "g"},
        "deepracer": {"site": NOBODY, "user": "console@example.com", "password": "p"},
        "aws": aws,
        "mail": {"from": "deepracer@example.com"},
    }
    (home / "practice.json").write_text(json.dumps(practice), "utf-8")


def fill(console: Any, people: int) -> None:
    """One event that has run for four hours with so many people."""
    from deepracer_admin.model import (
        Attendee,
        Event,
        Outcome,
        Profile,
        Quota,
        Race,
        RaceDraft,
        Standing,
        State,
        Step,
    )
    from deepracer_admin.records.current_event import CURRENT_EVENT
    from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
    from deepracer_admin.store import ProfileLink

    now = datetime.now(UTC)
    event = Event(
        id="ev-1", name="Autumn Cup", starts_at=now - timedelta(hours=4), ends_at=now + timedelta(hours=4),
        zone="Europe/Rome", head_count=people, budget_usd=20.0 * people, quota=Quota(600, 5), group_id="g",
        slots=100, created_at=now - timedelta(days=1),
    )  # fmt: skip
    console.store.save_event(event)
    console.store.update("", CURRENT_EVENT, lambda _: event.id)
    console.store.update(event.id, SPONSORSHIP, lambda _: Sponsorship(open=True))
    console.store.update(event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    list_ = [
        Attendee(id=f"at-{n}", email=f"racer{n}@example.com", name=f"Racer {n}", alias=f"racer-{n}",
                 office=f"Office {n % 12}", cost_centre=f"CC-{n % 40}", added_at=now, source="job-0")
        for n in range(people)
    ]  # fmt: skip
    console.store.save_attendees(event.id, list_)
    done = [Outcome(person.id, step, State.DONE) for person in list_ for step in Step]
    console.store.record(event.id, done, lease=None, now=now)
    profiles: list[Profile] = []
    for step in range(50):
        share = (step + 1) / 50
        profiles = [
            Profile(
                id=f"pr-{n}",
                alias=f"racer-{n}",
                email=f"racer{n}@example.com",
                minutes_used=(60 + n % 200) * share,
                minutes_queued=n % 30,
                quota=Quota(600, 5),
                model_count=n % 5,
                storage_bytes=10**8,
            )
            for n in range(people)
        ]
        console.history.add_usage(event.id, now - timedelta(minutes=4 * (49 - step)), profiles)
    console.store.save_profiles(event.id, profiles, seen_at=now, lease=None)
    console.store.link(event.id, [ProfileLink(f"at-{n}", f"pr-{n}", "created", now) for n in range(people)])
    draft = RaceDraft("Cup", "t-1", event.starts_at, event.ends_at)
    console.store.save_races(event.id, [Race("r-1", draft, participants=people)], seen_at=now, lease=None)
    board = [Standing(n + 1, f"racer-{n}", 40_000 + 7 * n) for n in range(people)]
    console.history.save_standings(event.id, "r-1", now, board)


def measure(people: int) -> dict[str, Any]:
    """Every page with so many people on the list, in this process."""
    from streamlit.testing.v1 import AppTest

    from deepracer_admin.compose import compose
    from deepracer_admin.model import Role
    from deepracer_admin.settings import Settings
    from deepracer_admin.ui.frame.behind import load
    from deepracer_admin.ui.kit import session
    from deepracer_admin.ui.kit.page_table import PAGES
    from deepracer_admin.web import server
    from deepracer_admin.web.keeper import SessionKeeper

    os.chdir(ROOT)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        write_silent_world(home)
        console = compose(Settings(mode="rehearsal", home=home, worker=False))  # pyright: ignore[reportCallIssue] (settings have defaults)
        fill(console, people)
        fill_lists(console, people)
        server.use_console(console)
        keeper = SessionKeeper(console.sessions, console.clock)
        cookie = keeper.create(oid="o", tid="t", name="Somebody", roles=frozenset({Role.ORGANIZER}))
        session.session_cookie = lambda: cookie
        load()
        try:
            empty = _timed(AppTest.from_string(EMPTY, default_timeout=PATIENCE_S), 3 * RUNS)
            found: dict[str, Any] = {"empty": empty}
            app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE_S)
            app.run()
            for page in PAGES:
                app.switch_page(page.file)
                found[page.address] = _timed(app)
            files = {page.address: page.file for page in PAGES}
            for part in PARTS:
                app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE_S)
                app.run()
                found[f"{part.page}: {part.name}"] = _part(app, files[part.page], part)
            for row in found.values():
                row["ratio"] = round(row["ms"] / empty["ms"], 1)
            return found
        finally:
            server.use_console(None)
            console.close()


def _part(app: Any, file: str, part: Part) -> dict[str, Any]:
    """A part of a page, opened in a tab of its own that shows the page's first part already."""
    app.switch_page(file)
    app.run()
    for key, value in part.state.items():
        app.session_state[key] = value
    if part.ticks:
        app.run()
        sent = app.session_state[f"table-{part.ticks}"]
        app.session_state[f"{part.ticks}.{sent.generation}"] = TICKED
    return _timed(app)


def _timed(app: Any, runs: int = RUNS) -> dict[str, Any]:
    spent, worked = [], []
    for _ in range(runs + 1):
        began, before = time.perf_counter(), time.process_time()
        app.run()
        spent.append(1000 * (time.perf_counter() - began))
        worked.append(1000 * (time.process_time() - before))
        if app.exception or app.error:
            raise SystemExit(f"The page did not draw: {[element.value for element in (*app.exception, *app.error)]}")
    weight = sum(element.proto.ByteSize() for element in _elements(app.main) if hasattr(element, "proto"))
    return {
        "cold_ms": round(spent[0], 1),
        "ms": round(statistics.median(spent[1:]), 1),
        "cpu_ms": round(statistics.median(worked[1:]), 1),
        "cold_cpu_ms": round(worked[0], 1),
        "kb": round(weight / 1024, 1),
    }


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from _elements(child)
        else:
            yield child


def start_time(command: list[str], address: str, environ: dict[str, str]) -> float:
    """Seconds from the command until health is good and the first page came over HTTP."""
    began = time.perf_counter()
    process = subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL
    )
    try:
        for path in ("/_stcore/health", "/"):
            while True:
                try:
                    wanted = urllib.request.Request(f"{address}{path}", headers={"Accept": "text/html"})
                    with urllib.request.urlopen(wanted, timeout=5) as answer:
                        answer.read()
                    break
                except OSError:
                    if process.poll() is not None or time.perf_counter() - began > PATIENCE_S:
                        raise SystemExit(f"{command[3]} did not start.") from None
                    time.sleep(0.02)
        return time.perf_counter() - began
    finally:
        process.terminate()
        process.wait(PATIENCE_S)


def starts() -> dict[str, float]:
    """The console and `streamlit hello`, one after the other, the best of each."""
    seconds: dict[str, list[float]] = {"console": [], "streamlit_hello": []}
    for _ in range(STARTS):
        for name, times in seconds.items():
            with tempfile.TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as probe:
                port = str(probe.getsockname()[1])
                probe.close()
                write_silent_world(Path(folder))
                ours = {"HOME": folder, "PORT": port, "PUBLIC_PORT": "0", "WORKER": "false"}
                environ = {**os.environ, **{f"DEEPRACER_ADMIN_{key}": value for key, value in ours.items()}}
                environ.pop("PYTHONDONTWRITEBYTECODE", None)
                what = ["hello"] if name == "streamlit_hello" else ["run", str(ROOT / "app.py")]
                command = [sys.executable, "-m", "streamlit", *what, "--server.port", port, "--server.headless", "true"]
                times.append(start_time(command, f"http://localhost:{port}", environ))
    best = {name: round(min(times), 2) for name, times in seconds.items()}
    return {**best, "ratio": round(best["console"] / best["streamlit_hello"], 2)}


def main() -> None:
    """Each size in a process of its own, so that no cache of one serves the other."""
    if sys.argv[1:2] == ["--measure"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("profiles", nargs="*", type=int, default=[200, 2000])
    sizes = parser.parse_args().profiles
    report: dict[str, Any] = {"start_s": starts()}
    for people in sizes:
        command = [sys.executable, str(Path(__file__)), "--measure", str(people)]
        made = subprocess.run(command, capture_output=True, text=True)
        if made.returncode:
            raise SystemExit(made.stderr[-2_000:])
        report[f"profiles_{people}"] = json.loads(made.stdout.splitlines()[-1])
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
