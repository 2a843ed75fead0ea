"""What moved is drawn in open tabs, by whom it was drawn from; the tabs of a real server are drawn unasked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ClientState_pb2 import ClientState
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Role
from deepracer_admin.settings import Settings
from deepracer_admin.ui.kit.looks import SELDOM_S
from deepracer_admin.web import tabs as tabs_
from deepracer_admin.web.keeper import SessionKeeper
from deepracer_admin.web.tabs import AT_ONCE, LONGEST_DRAW_S, Begun, Tabs, can_begin_runs
from tests.console_process import ConsoleProcess, start_console, write_silent_world
from tests.e2e.seeded import an_event
from tests.loops import in_a_loop

PATIENCE_S = 300


@dataclass
class Part:
    fragments: Sequence[str] = ("f",)
    moved: bool = False
    due: bool = True
    fails: bool = False
    asked: int = 0

    def is_due(self, now_s: float) -> bool:
        return self.due

    def has_moved(self, now_s: float) -> bool:
        self.asked += 1
        if self.fails:
            raise RuntimeError("a part with a fault")
        return self.moved


@dataclass
class Server:
    """Begins runs, which end when told to."""

    answers: dict[str, Begun] = field(default_factory=dict)
    began: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    running: dict[str, Callable[[], None]] = field(default_factory=dict)
    now_s: float = 0.0

    def begin(self, tab: str, fragments: Sequence[str], ended: Callable[[], None]) -> Begun:
        answer = self.answers.get(tab, Begun.DRAWING)
        if answer is Begun.DRAWING:
            self.began.append((tab, tuple(fragments)))
            self.running[tab] = ended
        return answer

    def end(self, tab: str) -> None:
        self.running.pop(tab)()


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def tabs(server: Server) -> Tabs:
    return Tabs(server.begin, lambda: server.now_s)


def test_only_what_moved_is_drawn_and_all_of_a_tab_in_one_run(tabs: Tabs, server: Server) -> None:
    tabs.drawn("a", "frame", Part(("f1",), moved=True))
    tabs.drawn("a", "still", Part(("f2",)))
    tabs.drawn("a", "board", Part(("f3",), moved=True))
    tabs.drawn("b", "board", Part())
    tabs.round()
    assert server.began == [("a", ("f3", "f1"))]


def test_a_part_is_asked_only_when_it_is_due(tabs: Tabs, server: Server) -> None:
    part = Part(moved=True, due=False)
    tabs.drawn("a", "board", part)
    tabs.round()
    assert (part.asked, server.began) == (0, [])


def test_few_tabs_draw_at_once_the_others_in_their_order(tabs: Tabs, server: Server) -> None:
    for n in range(5):
        tabs.drawn(f"tab {n}", "board", Part(moved=True))
    tabs.round()
    assert [tab for tab, _ in server.began] == [f"tab {n}" for n in range(AT_ONCE)]
    for n in range(5):
        tabs.drawn(f"tab {n}", "board", Part())
        server.end(f"tab {n}")
        tabs.round()
    assert [tab for tab, _ in server.began] == [f"tab {n}" for n in range(5)]


def test_a_tab_whose_script_runs_is_drawn_later_and_holds_up_nobody(tabs: Tabs, server: Server) -> None:
    server.answers["busy"] = Begun.BUSY
    for tab in ("busy", "b", "c"):
        tabs.drawn(tab, "board", Part(moved=True))
    tabs.round()
    assert [tab for tab, _ in server.began] == ["b", "c"]
    server.answers.clear()
    server.end("b")
    tabs.round()
    assert [tab for tab, _ in server.began] == ["b", "c", "busy"]


def test_what_a_click_drew_meanwhile_is_not_drawn_again(tabs: Tabs, server: Server) -> None:
    server.answers["a"] = Begun.BUSY
    tabs.drawn("a", "board", Part(moved=True))
    tabs.round()
    server.answers.clear()
    tabs.forget("a")  # a full run
    tabs.drawn("a", "board", Part())
    tabs.round()
    assert server.began == []


def test_a_tab_that_is_gone_is_not_asked_again(tabs: Tabs, server: Server) -> None:
    part = Part(moved=True)
    server.answers["a"] = Begun.GONE
    tabs.drawn("a", "board", part)
    for _ in range(3):
        tabs.round()
    assert part.asked == 1


def test_a_part_that_is_not_on_the_page_any_more_takes_no_other_with_it(tabs: Tabs, server: Server) -> None:
    gone, here = Part(moved=True), Part()
    server.answers["a"] = Begun.NOTHING
    tabs.drawn("a", "gone", gone)
    tabs.drawn("a", "here", here)
    tabs.round()
    here.moved = True
    server.answers.clear()
    tabs.round()
    assert gone.asked == 1
    assert server.began == [("a", ("f",))]


def test_a_run_that_never_ends_gives_its_turn_back(tabs: Tabs, server: Server) -> None:
    for n in range(AT_ONCE + 1):
        tabs.drawn(f"tab {n}", "board", Part(moved=True))
    tabs.round()
    server.now_s = LONGEST_DRAW_S
    tabs.round()
    assert len(server.began) == AT_ONCE
    server.now_s = LONGEST_DRAW_S + 0.1
    tabs.round()
    assert (f"tab {AT_ONCE}", ("f",)) in server.began


def test_a_part_that_cannot_be_asked_is_drawn_and_keeps_no_other_from_it(
    tabs: Tabs, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    tabs.drawn("a", "board", Part(fails=True))
    tabs.drawn("b", "board", Part(moved=True))
    tabs.round()
    assert [tab for tab, _ in server.began] == ["a", "b"]
    assert "incident " in caplog.text


def test_it_serves_in_the_background_until_it_is_stopped_whatever_goes_wrong(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    drew = threading.Event()

    def begin(tab: str, fragments: Sequence[str], ended: Callable[[], None]) -> Begun:
        if tab == "odd":
            raise RuntimeError("the server answers oddly")
        drew.set()
        return Begun.DRAWING

    made = Tabs(begin, lambda: server.now_s)
    assert not made.is_serving()
    made.start()
    assert made.is_serving()
    made.drawn("odd", "board", Part(moved=True))
    made.forget("odd")
    made.drawn("a", "board", Part(moved=True))
    assert drew.wait(PATIENCE_S)
    made.stop()
    assert not made.is_serving()


# ------------------------------------------------------------------------------------------ the installed Streamlit


def test_the_installed_streamlit_is_one_in_which_runs_can_begin() -> None:
    assert can_begin_runs()


def test_another_streamlit_is_left_to_look_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit.runtime import Runtime
    from streamlit.runtime.app_session import AppSession

    monkeypatch.setattr(AppSession, "_create_scriptrunner", lambda self, data, other: None)
    assert not can_begin_runs()
    monkeypatch.delattr(AppSession, "_create_scriptrunner")
    assert not can_begin_runs()
    monkeypatch.undo()
    assert can_begin_runs()
    monkeypatch.delattr(Runtime, "get_app_session")
    assert not can_begin_runs()


class Session:
    """As Streamlit's AppSession, as far as it is used."""

    def __init__(self, *, runs: bool, fragments: Sequence[str]) -> None:
        self._scriptrunner = object() if runs else None
        self._client_state = ClientState(query_string="event=ev-1", page_script_hash="hash")
        self.fragments = fragments

    def has_fragment(self, one: str) -> bool:
        return one in self.fragments


@pytest.mark.parametrize(
    ("session", "begun"),
    [
        (None, Begun.GONE),
        (Session(runs=True, fragments=["f"]), Begun.BUSY),
        (Session(runs=False, fragments=["other"]), Begun.NOTHING),
    ],
)
def test_no_run_begins_in_a_tab_that_is_gone_or_busy(
    monkeypatch: pytest.MonkeyPatch, session: Session | None, begun: Begun
) -> None:
    class Runtime:
        def get_app_session(self, tab: str) -> Session | None:
            return session

    monkeypatch.setattr(tabs_.runtime, "get_instance", Runtime)
    assert in_a_loop(tabs_._begin_run("tab", ["f"], lambda: None)) is begun


# -------------------------------------------------------------------------------------------------- a real server


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[ConsoleProcess, Console, str]]:
    """A console with an event, what changes it from outside, and the cookie of somebody who looks."""
    home = tmp_path_factory.mktemp("home")
    write_silent_world(home)
    made = compose(Settings.model_validate({"home": home, "worker": False}))
    an_event(made)
    who = SessionKeeper(made.sessions, made.clock).create(oid="o", tid="t", name="Vera", roles=frozenset({Role.VIEWER}))
    console = start_console(home, WORKER="false")
    yield console, made, who
    said = console.said()
    console.stop()
    made.close()
    assert "Traceback" not in said
    assert "Thread 'tabs'" not in said, "a tab's parts are asked outside of a run, without Streamlit"


@contextmanager
def tab(console: ConsoleProcess, cookie: str) -> Iterator[ClientConnection]:
    with connect(
        f"{console.url.replace('http', 'ws', 1)}/_stcore/stream",
        additional_headers={"Cookie": f"{console.session_cookie}={cookie}"},
        origin=console.url,  # type: ignore[arg-type]
        subprotocols=["streamlit"],  # type: ignore[list-item]
        proxy=None,
        open_timeout=PATIENCE_S,
        max_size=None,
    ) as opened:
        opened.send(BackMsg(rerun_script=ClientState(query_string="")).SerializeToString())
        yield opened


def run(opened: ClientConnection) -> list[ForwardMsg]:
    """Every message of the next run."""
    messages: list[ForwardMsg] = []
    deadline = time.monotonic() + PATIENCE_S
    while not messages or messages[-1].WhichOneof("type") != "script_finished":
        message = ForwardMsg()
        message.ParseFromString(bytes(opened.recv(timeout=deadline - time.monotonic(), decode=False)))
        messages.append(message)
    return messages


def fragments_of(messages: Sequence[ForwardMsg]) -> list[str]:
    return [one for message in messages for one in message.metadata.run.fragment_ids]


def test_an_open_tab_is_drawn_unasked_and_only_what_moved(seen: tuple[ConsoleProcess, Console, str]) -> None:
    console, made, who = seen
    with tab(console, who) as opened:
        first = run(opened)
        assert fragments_of(first) == []
        timed = [message.auto_rerun.interval for message in first if message.WhichOneof("type") == "auto_rerun"]
        assert timed == [SELDOM_S], "it need not ask"
        event = made.first.events.event()
        assert event is not None
        made.store.save_event(replace(event, name="Winter Cup"))
        for _ in range(5):  # the line above the page and its own part may come one after the other
            drawn = run(opened)
            assert fragments_of(drawn), "the whole page was drawn"
            if b"Winter Cup" in b"".join(message.SerializeToString() for message in drawn):
                break
        else:
            raise AssertionError("the new name was not drawn")


def test_a_tab_that_was_signed_out_elsewhere_is_told_unasked(seen: tuple[ConsoleProcess, Console, str]) -> None:
    console, made, who = seen
    with tab(console, who) as opened:
        run(opened)
        SessionKeeper(made.sessions, made.clock).revoke(who)
        drawn = run(opened)
        assert fragments_of(drawn)
        assert b"Your session has ended" in b"".join(message.SerializeToString() for message in drawn)
