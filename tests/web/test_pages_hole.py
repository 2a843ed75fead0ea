"""A fresh server runs no page for a signed-out visitor, whatever address is visited first (streamlit.md 2.2).

Streamlit finds a `pages/` folder beside the script by itself and would run its files without app.py, and without any
sign-in, until somebody opens the start page. Whoever is signed out reaches no script, so one server stays fresh for all
of them; the first run of all has a server of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from deepracer_admin.compose import compose
from deepracer_admin.model import Role
from deepracer_admin.settings import Settings
from deepracer_admin.ui.kit.page_table import PAGES
from deepracer_admin.web.front_end import front_end_paths
from deepracer_admin.web.keeper import SessionKeeper
from tests.console_process import ConsoleProcess, start_console, write_silent_world

PAGE = {"accept": "text/html"}


@pytest.fixture(scope="module")
def before_anybody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ConsoleProcess]:
    """Only for visitors who are signed out."""
    with started(tmp_path_factory.mktemp("home")) as console:
        yield console
        assert b"pages/plan" not in first_messages(console, page="setup"), "a visit opened the hole"


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[ConsoleProcess]:
    with started(tmp_path) as console:
        yield console


@contextmanager
def started(home: Path) -> Iterator[ConsoleProcess]:
    write_silent_world(home)
    console = start_console(home, WORKER="false")
    try:
        yield console
    finally:
        console.stop()


@pytest.mark.parametrize("first", ["/", "/setup", "/plan/event", "/pages/plan/setup.py"])
def test_a_first_visitor_who_is_signed_out_gets_the_sign_in_page(before_anybody: ConsoleProcess, first: str) -> None:
    url = before_anybody.url
    answer = httpx.get(f"{url}{first}", headers=PAGE, follow_redirects=True, trust_env=False, timeout=300)
    assert answer.url.path == "/signin"
    assert "Sign in with Microsoft Entra ID" in answer.text
    assert not [entry.title for entry in PAGES if f">{entry.title}<" in answer.text]
    for path in ("/_stcore/host-config", "/_stcore/stream", "/static/x.js", "/media/x", first):
        assert httpx.get(f"{url}{path}", trust_env=False, timeout=300).status_code == 401
    script = next(path for path in front_end_paths() if path.endswith(".js"))
    part = httpx.get(f"{url}{script}", trust_env=False, timeout=300)
    assert part.status_code == 200
    assert "javascript" in part.headers["content-type"], "the page of the console came instead"
    assert "immutable" in part.headers["cache-control"]
    assert "set-cookie" not in part.headers


def test_a_first_visitor_who_goes_straight_to_the_websocket_is_refused(before_anybody: ConsoleProcess) -> None:
    console = before_anybody
    address = f"{console.url.replace('http', 'ws', 1)}/_stcore/stream"
    for cookie in ({}, {"Cookie": f"{console.session_cookie}=forged"}):
        with pytest.raises(InvalidStatus) as caught:
            connect(address, additional_headers=cookie, origin=console.url, subprotocols=["streamlit"], proxy=None)  # type: ignore[arg-type,list-item]
        assert caught.value.response.status_code == 403


def test_discovery_is_off_before_the_first_visitor(fresh: ConsoleProcess) -> None:
    """The second lock: even the very first run of all goes through app.py, which refuses what the role may not see."""
    sent = first_messages(fresh, page="setup")
    assert b"pages/plan" not in sent
    assert b"You may not see the set-up" in sent


def first_messages(console: ConsoleProcess, *, page: str) -> bytes:
    """Everything that a viewer's browser is sent until its first run is over."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    value = _session(console.home, Role.VIEWER)
    address = f"{console.url.replace('http', 'ws', 1)}/_stcore/stream"
    asked = BackMsg()
    asked.rerun_script.page_name = page
    sent = b""
    with connect(
        address,
        additional_headers={"Cookie": f"{console.session_cookie}={value}"},
        origin=console.url,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        proxy=None,
    ) as socket:
        socket.send(asked.SerializeToString())
        while True:
            message = socket.recv(timeout=300)
            assert isinstance(message, bytes)
            sent += message
            told = ForwardMsg.FromString(message)
            if told.WhichOneof("type") == "script_finished":
                return sent


def _session(home: Path, role: Role) -> str:
    """A session put into the console's own store."""
    console = compose(Settings(home=home, worker=False))
    try:
        keeper = SessionKeeper(console.sessions, console.clock)
        return keeper.create(oid="o", tid="t", name="Vera", roles=frozenset({role}))
    finally:
        console.close()


def test_the_table_of_pages_and_the_folder_agree() -> None:
    root = Path(__file__).resolve().parents[2]
    files = {path.relative_to(root).as_posix() for path in (root / "pages").rglob("*.py")}
    assert files == {entry.file for entry in PAGES}
    addresses = [entry.address for entry in PAGES]
    assert len(set(addresses)) == len(addresses)
