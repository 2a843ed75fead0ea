"""The server's own parts, in the real process: start, stop, what it says when it cannot start."""

from __future__ import annotations

import asyncio
import gc
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from deepracer_admin.store.sqlite import open_event_store
from deepracer_admin.web import server
from tests.console_process import ROOT, ConsoleProcess, start_console, write_silent_world
from tests.loops import in_a_loop
from tests.ports import free_port
from tests.practice import ProcessHandle, start_world_process

POSIX = pytest.mark.skipif(os.name != "posix", reason="sends POSIX signals")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def world(home: Path) -> Iterator[ProcessHandle]:
    started = start_world_process(home)
    yield started
    started.stop()


@POSIX
def test_a_stopped_console_leaves_whole_files_and_no_write_ahead_log(world: ProcessHandle, home: Path) -> None:
    console = start_console(home, public=True)
    first = httpx.get(f"{console.public}/", trust_env=False, timeout=300)  # it waits for what is loaded behind
    assert first.status_code == 404, "the second listener answers"
    assert console.stop() in (0, -15)
    assert sorted(path.name for path in home.glob("*.sqlite*")) == [
        "events.sqlite",
        "history.sqlite",
        "sessions.sqlite",
    ]
    assert "Traceback" not in console.said()


@POSIX
def test_the_second_listener_is_off_unless_asked_for(world: ProcessHandle, home: Path) -> None:
    console = start_console(home, WORKER="false")
    try:
        assert _listening_ports(console) == {httpx.URL(console.url).port}
    finally:
        console.stop()


def _listening_ports(console: ConsoleProcess) -> set[int]:
    """Ports on which the process listens, on any address; Linux."""
    targets = map(_target, _links(Path(f"/proc/{console.process.pid}/fd")))
    sockets = {each.removeprefix("socket:[").removesuffix("]") for each in targets if each.startswith("socket:")}
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{console.process.pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {int(row[1].rsplit(":", 1)[1], 16) for row in rows if row[3] == "0A" and row[9] in sockets}


def _target(link: Path) -> str:
    """ "" for a descriptor that was closed meanwhile, such as a connection that has ended."""
    try:
        return os.readlink(link)
    except FileNotFoundError:
        return ""


def _links(folder: Path) -> list[Path]:
    if not folder.exists():
        pytest.skip("this system has no /proc to read open sockets from")
    return [link for link in folder.iterdir() if os.path.islink(link)]


def refused_by_the_process(home: Path, **settings: str) -> str:
    """What a console that cannot start says last."""
    console = start_console(home, wait=False, **settings)
    assert console.process.wait(300) != 0
    console.stop()
    said = console.said()
    assert "Traceback" not in said
    return said


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """What `prepare` says before it ends the process, which the test above starts."""

    def ask(home: Path, **settings: str) -> str:
        with monkeypatch.context() as environ:
            for name in [name for name in os.environ if name.startswith("DEEPRACER_ADMIN_")]:
                environ.delenv(name)
            for name, value in {"HOME": str(home), "PORT": str(free_port()), **settings}.items():
                environ.setenv(f"DEEPRACER_ADMIN_{name}", value)
            with pytest.raises(SystemExit) as ended:
                server.prepare()
        assert ended.value.code == 2
        said = capsys.readouterr().err
        assert "\n" not in said.rstrip("\n")
        return said

    server.use_console(None)
    yield ask
    server.use_console(None)


def test_a_second_listener_whose_port_is_taken_says_which_setting_to_change(world: ProcessHandle, home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = refused_by_the_process(home, PUBLIC_PORT=str(taken.getsockname()[1]))
    assert "set DEEPRACER_ADMIN_PUBLIC_PORT to a free port" in said


def test_a_wrong_setting_is_named_at_the_start(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "the environment variable DEEPRACER_ADMIN_MAILER sets `mailer`" in refused(tmp_path, MAILER="pigeon")
    assert "sets `colour`, which is no setting of this console" in refused(tmp_path, COLOUR="red")


def test_a_store_of_the_other_mode_is_refused_at_the_start(refused: Callable[..., str], tmp_path: Path) -> None:
    write_silent_world(tmp_path)
    open_event_store(tmp_path / "events.sqlite", "rehearsal").close()
    assert "rehearsal" in refused(tmp_path, MODE="live", WORKER="false")


def test_a_rehearsal_without_its_practice_world_says_how_to_start_both(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    assert "The practice world is not running; start the console with `python3 start.py`" in refused(tmp_path)


LOADED = """
import sys
import streamlit.starlette
before = set(sys.modules)
from deepracer_admin.web import server
print(*sorted({name.partition(".")[0] for name in set(sys.modules) - before} | {
    name for name in sys.modules if name.startswith("deepracer_admin.")
}))
"""


def test_the_first_page_waits_for_nothing_that_only_the_rest_of_the_console_needs() -> None:
    told = subprocess.run([sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = set(told.stdout.split())
    heavy = {"boto3", "botocore", "httpx", "msal", "jwt", "numpy", "openpyxl", "pandas", "plotly", "pyarrow", "segno"}
    assert not loaded & heavy
    ours = {name.split(".")[1] for name in loaded if name.startswith("deepracer_admin.")}
    assert "web" in ours, "the question itself"
    assert not ours & {"compose", "directory", "files", "flows", "mail", "racing", "services", "ui", "worker"}


def test_what_cannot_be_loaded_behind_the_first_page_ends_the_console_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    ended: list[str] = []
    monkeypatch.setattr("_thread.interrupt_main", lambda: ended.append("as by Ctrl+C"))

    def broken() -> None:
        raise RuntimeError("a file of the console is gone")

    monkeypatch.setattr(server, "console", broken)
    behind = server._Behind(None)
    behind.start()
    behind.stop()
    assert ended == ["as by Ctrl+C"]
    said = capsys.readouterr().err
    assert said.startswith("The console could not begin its work (incident ")
    assert said.rpartition(" ")[2].strip(")\n") in caplog.text
    assert gc.isenabled()


def test_the_second_listener_answers_who_comes_before_all_is_loaded() -> None:
    made: list[str] = []

    def make() -> Starlette:
        made.append("once")
        return Starlette(routes=[Route("/", lambda _: PlainTextResponse("here"))])

    later = server._Later(make)

    async def visits() -> list[str]:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(later), base_url="http://board", timeout=300
        ) as visitor:
            return [answer.text for answer in await asyncio.gather(*(visitor.get("/") for _ in range(3)))]

    assert in_a_loop(visits()) == ["here"] * 3
    assert made == ["once"]
