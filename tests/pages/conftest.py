"""Pages through the real entry script, on real stores in a folder of the test; only the session cookie is put in.

No practice world runs: what pages show is what the stores hold, and what they change is read back from the stores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

from deepracer_admin import compose as composing
from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Actor, Attendee, Event, Profile, Quota, Role
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.rules.access import allowed
from deepracer_admin.settings import Settings
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.page_table import PAGES
from deepracer_admin.web import server
from deepracer_admin.web.keeper import SessionKeeper
from tests import one_scan
from tests.busy import actor_of, four_profiles, six_people
from tests.files.read_here import ReadHere

assert one_scan
ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
"""Real time and event time of every test: both clocks stand still."""
ROLES = (Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER)
PATIENCE_S = 300


class StandingClock:
    """A clock that stands at NOW until a test moves it."""

    factor = 1.0

    def __init__(self) -> None:
        self.at = NOW
        self.ticks = 0.0

    def now(self) -> datetime:
        return self.at

    def event_now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        self.ticks += 0.001
        return self.ticks


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    """AppTest shares Streamlit's caches between tests."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def clock() -> StandingClock:
    return StandingClock()


@pytest.fixture
def console(tmp_path: Path, clock: StandingClock, monkeypatch: pytest.MonkeyPatch) -> Iterator[Console]:
    """A rehearsal console on empty stores; the practice world it names does not answer. It reads files itself."""
    monkeypatch.setattr(composing, "ChildProcessReader", ReadHere)
    (tmp_path / "practice.json").write_text(json.dumps(_practice()), encoding="utf-8")
    made = compose(Settings(home=tmp_path, worker=False), clock=clock)
    server.use_console(made)
    yield made
    server.use_console(None)
    made.close()


def _practice() -> dict[str, Any]:
    nobody = "http://127.0.0.1:9"
    return {
        "url": nobody,
        "control": f"{nobody}/control",
        "entra": {"authority": nobody, "tenant": "t", "client_id": "c", "client_secret": "s"},
        "graph": {"url": nobody, "group_id": ""},
        "deepracer": {"site": nobody, "user": "console@example.com", "password": "p"},
        "aws": {"region": "us-east-1", "access_key_id": "a", "secret_access_key": "s", "ses_url": nobody},
        "mail": {"from": "deepracer@example.com"},
    }


@pytest.fixture
def organizer() -> Actor:
    return actor_of(Role.ORGANIZER)


@pytest.fixture
def event(console: Console) -> Event:
    """A current event that runs: it began an hour ago and lasts five days."""
    made = Event(
        id="ev-1",
        name="Autumn Cup",
        starts_at=NOW - timedelta(hours=1),
        ends_at=NOW + timedelta(days=5),
        zone="Europe/Rome",
        head_count=200,
        budget_usd=1_000.0,
        quota=Quota(300, 3),
        slots=8,
        created_at=NOW - timedelta(days=1),
    )
    console.store.save_event(made)
    console.store.update("", CURRENT_EVENT, lambda _: made.id)
    return made


@pytest.fixture
def people(console: Console, event: Event) -> list[Attendee]:
    return six_people(console, event, NOW)


@pytest.fixture
def profiles(console: Console, event: Event, people: list[Attendee]) -> list[Profile]:
    return four_profiles(console, event, people, NOW)


@dataclass(frozen=True)
class Browser:
    """Opens pages as somebody. `open` returns the page after its first run."""

    console: Console
    monkeypatch: pytest.MonkeyPatch

    def sign_in(self, role: Role | None) -> None:
        """A real session of that role (None: no session) for the runs that follow."""
        cookie = ""
        if role is not None:
            who = actor_of(role)
            keeper = SessionKeeper(self.console.sessions, self.console.clock)
            cookie = keeper.create(oid=who.oid, tid=who.tid, name=who.name, roles=who.roles)
        self.monkeypatch.setattr(session, "session_cookie", lambda: cookie)

    def open(
        self,
        file: str,
        role: Role | None = Role.ORGANIZER,
        *,
        state: dict[str, Any] | None = None,
        address: Mapping[str, str] | None = None,
    ) -> AppTest:
        """A page file of the table, e.g. "pages/plan/event.py", as its address leads there; `state` goes into
        session_state, `address` is what the address names behind its question mark."""
        self.sign_in(role)
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=PATIENCE_S)
        for key, value in (state or {}).items():
            app.session_state[key] = value
        for key, value in (address or {}).items():
            app.query_params[key] = value
        app._page_hash = _hash_of(file, role)
        app.run()
        assert not app.exception, [entry.value for entry in app.exception]
        return app


def _hash_of(file: str, role: Role | None) -> str:
    """How a tab asks for this page by its address. Refused or not, a page is registered under it."""
    if role is None:
        return ""
    mine = [entry.file for entry in PAGES if allowed(actor_of(role), entry.action)]
    address = next(entry.address for entry in PAGES if entry.file == file)
    return calc_hash("" if mine[:1] == [file] else address)


@pytest.fixture
def browser(console: Console, monkeypatch: pytest.MonkeyPatch) -> Browser:
    monkeypatch.chdir(ROOT)
    return Browser(console, monkeypatch)


def texts(app: AppTest) -> str:
    """Everything that a page says in words, for `in`."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "error", "warning", "info", "success")
    found = [str(element.value) for kind in kinds for element in getattr(app, kind)]
    found += [f"{metric.label} {metric.value}" for metric in app.metric]
    return "\n".join(found)


def click(app: AppTest, label: str) -> AppTest:
    """Press the one button with this label (or key) and run."""
    found = [button for button in app.button if label in (button.label, button.key)]
    assert len(found) == 1, f"{label!r} fits {len(found)} of {[button.label for button in app.button]}"
    return found[0].click().run()


def answer(app: AppTest, opener: str, *, typed: str = "") -> AppTest:
    """Press the button that opens a dialog and the dialog's own in one run, by the opener's key.

    AppTest runs the whole script for a press in a dialog, in which nothing opens it; a browser runs the dialog alone.
    """
    click(app, opener)
    if typed:
        app.text_input(key=f"{opener}-typed").input(typed)
        click(app, opener)
    for key in (opener, f"{opener}-go"):
        next(button for button in app.button if button.key == key).click()
    return app.run()


Opener = Callable[..., AppTest]
