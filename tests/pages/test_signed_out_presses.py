"""Every button, dialog, drawer and download of every page, pressed after the session ended or passed to another.

A browser that presses inside a dialog reruns the dialog alone, with whatever its closures kept; so do these tests. The
walk finds buttons on the screen, and the list of what must be in it is read from the source: a new button that no scene
brings to the screen fails here.
"""

from __future__ import annotations

import ast
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Any
from unittest import mock

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner import RerunData
from streamlit.testing.v1 import AppTest, local_script_runner

from deepracer_admin.compose import Console
from deepracer_admin.errors import SignedOut
from deepracer_admin.flows.people.registrations import registration_id
from deepracer_admin.model import (
    Attendee,
    Event,
    FromBackup,
    Job,
    JobItem,
    JobState,
    Profile,
    RaceDraft,
    Role,
    Standing,
    State,
)
from deepracer_admin.model.registrations import Portal, PortalMail, Registration, RegistrationState
from deepracer_admin.records.boards import MASKED_WORDS, MaskedWords
from deepracer_admin.records.budget import CROSSINGS
from deepracer_admin.records.closing import CLOSING_STEPS, ClosingStep
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.erasures import ERASURES, LEGAL_HOLD, Erasure, LegalHold
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.mail_texts import MAIL_TEXTS
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.portal import PORTAL, REGISTRATIONS
from deepracer_admin.records.race_room import ROOM
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.budget_guard import Act, Crossing
from deepracer_admin.rules.finish import Finish
from deepracer_admin.rules.race_room import Room
from deepracer_admin.rules.templates import Template
from deepracer_admin.rules.waves import Waves
from deepracer_admin.services.setup.connection import ConnectionService
from deepracer_admin.ui.kit import session
from deepracer_admin.web.keeper import SessionKeeper, hash_id
from tests.busy import busy_event
from tests.pages.conftest import NOW, Browser, actor_of, texts
from tests.test_screens import SCREENS, calls
from tests.ui.choosing import press_to_open, tick

HOUR = timedelta(hours=1)
WAITS = registration_id("guest@example.com")
ENDED = "Your session has ended"
ACTING = frozenset({"button", "download", "press", "form_submit_button"})
ELSEWHERE = {
    "cohorts-save": "only typing into a table enables it, which AppTest cannot; it is of the page, not of a dialog",
    "event-open-first": "stands where an address names no event; it only opens another",
    "login-forget": "shown after a typed sign-in to the racing service, which lives in memory alone",
}
"""Keys that no scene shows, and why."""
Scene = Callable[[AppTest, Console], AppTest]
Press = Callable[[AppTest, str], None]


def dialog_keys() -> Iterator[str]:
    """The key of every dialog that asks before it acts."""
    for path in SCREENS:
        for called, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            if called in ("confirm", "confirm_typed"):
                given = next(word.value for word in call.keywords if word.arg == "key")
                yield from (str(each.value) for each in ast.walk(given) if isinstance(each, ast.Constant))
    yield "import-list"  # confirm_import hands it on by a name


OPENERS = re.compile(rf"({'|'.join(map(re.escape, dialog_keys()))})(-(?!go$).*)?$")


@dataclass
class Walk:
    """Opens scenes, presses, and keeps what was pressed."""

    browser: Browser
    files: dict[str, Callable[[], Any]]
    done: set[str] = field(default_factory=set)

    @property
    def console(self) -> Console:
        return self.browser.console

    def over(self, page: str, role: Role, scene: Scene, press: Press) -> None:
        """Each button of a scene that was not pressed before; where it opens a dialog, the dialog's own."""
        self.files.clear()
        app: AppTest | None = self._at(page, role, scene)
        assert app
        keys = [button.key for button in app.button if button.key and not button.disabled]
        if self.files.keys() - self.done:
            app = None
            self.console.sessions.revoke(hash_id(session.session_cookie()))
            before = state_of(self.console)
            for key, make in self.files.items():
                self.done.add(key)
                with pytest.raises(SignedOut):
                    make()
            assert state_of(self.console) == before
        for key in keys:
            if key in self.done:
                continue
            self.done.add(key)
            app = app or self._at(page, role, scene)
            if OPENERS.match(key):
                closed = {button.key for button in app.button}
                whole(app, key)
                go = [b.key for b in app.button if b.key and b.key not in closed and b.key.endswith("-go")]
                assert go, f"{key} opens no dialog"
                key = go[0]
                self.done.add(key)
                type_name(app, key.removesuffix("-go"))
            press(app, key)
            app = None

    def _at(self, page: str, role: Role, scene: Scene) -> AppTest:
        app = scene(self.browser.open(page, role), self.console)
        assert not app.exception, [each.value for each in app.exception]
        return app


def fragment_of(app: AppTest, widget: str) -> str | None:
    """The fragment that draws this widget, which is all that a browser's press runs."""
    known = app._session_state._state._new_widget_state.widget_metadata
    return known[widget].fragment_id if widget in known else None


def whole(app: AppTest, key: str) -> None:
    """Press and run as a browser does: the fragment of the button, else the page."""
    button = next(each for each in app.button if each.key == key)
    alone(app, button.click())


def alone(app: AppTest, widget: Any) -> None:
    fragment = fragment_of(app, widget.id)
    with mock.patch.object(local_script_runner, "RerunData", partial(RerunData, fragment_id=fragment)):
        app.run()


def type_name(app: AppTest, opener: str) -> None:
    """What a dialog asks to be typed."""
    for each in app.text_input:
        if each.key == f"{opener}-typed":
            name = re.sub(r"\\|⁠", "", each.label.rpartition(": ")[2])
            alone(app, each.input(name))
            return


def state_of(console: Console) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that an act may write, but the audit and its counters."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    home = console.settings.home
    for file, left_out in (
        ("events.sqlite", {"audit", "revisions", "sqlite_sequence"}),
        ("history.sqlite", {"sqlite_sequence"}),
        ("sessions.sqlite", {"sessions", "sqlite_sequence"}),
    ):
        with closing(sqlite3.connect(home / file)) as connection:
            tables = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            for table in tables:
                if table not in left_out:
                    found[f"{file}/{table}"] = sorted(connection.execute(f'SELECT * FROM "{table}"'), key=repr)  # noqa: S608  names of tables, not words of people
    return found


@pytest.fixture
def walk(browser: Browser, monkeypatch: pytest.MonkeyPatch) -> Walk:
    files: dict[str, Callable[[], Any]] = {}
    real = st.download_button

    def remembered(label: str, data: Any, *args: Any, **look: Any) -> bool:
        files[look["key"]] = data
        return real(label, data, *args, **look)

    monkeypatch.setattr(st, "download_button", remembered)
    monkeypatch.setattr(ConnectionService, "_why_not", lambda _: "")  # as where the work runs inside the console
    return Walk(browser, files)


# ------------------------------------------------------------------------------------------------ a full event


@pytest.fixture
def full(console: Console, event: Event, people: list[Attendee], profiles: list[Profile]) -> Event:
    """An event in which every list has somebody and every desk something to do."""
    return busy_event(console, event, profiles, NOW)


def plain(app: AppTest, _: Console) -> AppTest:
    return app


def ticked(table: str, *ids: str, after: Scene = plain) -> Scene:
    return lambda app, console: tick(after(app, console), table, *ids)


def pressed(table: str, one: str) -> Scene:
    return lambda app, _: press_to_open(app, table, one)


def view(key: str, value: str, after: Scene = plain) -> Scene:
    return lambda app, console: after(app, console).segmented_control(key=key).set_value(value).run()


def written(key: str, value: str, after: Scene = plain) -> Scene:
    return lambda app, console: after(app, console).text_input(key=key).set_value(value).run()


def selected(key: str, place: int, after: Scene = plain) -> Scene:
    return lambda app, console: after(app, console).selectbox(key=key).select_index(place).run()


def state(after: Scene = plain, **values: Any) -> Scene:
    def scene(app: AppTest, console: Console) -> AppTest:
        for key, value in values.items():
            app.session_state[key.replace("_", "-")] = value
        return after(app.run(), console)

    return scene


def with_an_address(app: AppTest, console: Console) -> AppTest:
    """Whoever is signed in has a mail address."""
    saved = console.sessions.lookup(hash_id(session.session_cookie()))
    assert saved
    console.sessions.revoke(saved.id_hash)
    console.sessions.create(replace(saved, email="olivia@example.com"))
    return app.run()


def edited_elsewhere(app: AppTest, console: Console) -> AppTest:
    found = console.store.event("ev-1")
    console.store.save_event(replace(found, head_count=found.head_count + 1))
    return app.run()


def prices_changed_elsewhere(app: AppTest, console: Console) -> AppTest:
    app, found = state(setup_part="Prices")(app, console), console.store.event("ev-1")
    dearer = replace(found.prices, storage_per_gb_month=found.prices.storage_per_gb_month + 0.5)
    console.store.save_event(replace(found, prices=dearer))
    return app.run()


def uploaded(app: AppTest, console: Console) -> AppTest:
    app = view("attendees-view", "Upload")(app, console)
    data = b"Email,Full name\nracer1@example.com,Racer 1\nnew@example.com,New\n"
    return app.file_uploader[0].upload("list.csv", data, "text/csv").run()


def onboarding_runs(app: AppTest, console: Console) -> AppTest:
    console.store.update("ev-1", ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    return app.run()


def sponsors_given(app: AppTest, console: Console) -> AppTest:
    app = state(board_tabs="Big screen", sponsors=True)(app, console)
    return app.file_uploader[0].upload("logo.png", b"\x89PNG\r\n\x1a\nanother", "image/png").run()


def link_ticked(app: AppTest, console: Console) -> AppTest:
    app = state(board_tabs="Big screen")(app, console)
    return tick(app, "links", app.session_state["table-links"].order[0])


def everybodys_race(app: AppTest, console: Console) -> AppTest:
    if not console.store.jobs("ev-1", kind="no such"):
        console.store.keep("ev-1", ACCOUNT, AccountSeen(kind="on_aws", as_of=NOW))
        console.first.races.admit(actor_of(Role.ORGANIZER), "r-1", ["at-1"])
    return tick(app.run(), "races", "r-1")


def from_a_backup(app: AppTest, console: Console) -> AppTest:
    console.store.update("ev-1", RESTORED, lambda _: FromBackup(NOW, NOW - HOUR))
    return app.run()


def closing_runs(app: AppTest, console: Console) -> AppTest:
    if not console.store.jobs("ev-1", kind="closeout"):
        job = Job("job-close", "ev-1", "closeout", "ev-1", JobState.RUNNING, total=9, created_at=NOW)
        console.store.create_job(job, [JobItem(job.id, "models", State.WAITING)])
        console.store.change_rows("ev-1", CLOSING_STEPS, lambda _: {"models": ClosingStep(job=job.id)})
    return app.run()


def held(app: AppTest, console: Console) -> AppTest:
    """A legal hold stands, and somebody was erased before."""
    console.store.update("ev-1", LEGAL_HOLD, lambda _: LegalHold("A claim is open.", "oid-x", "Olga", NOW))
    row = Erasure("erased-1", NOW, "oid-x", "Olga", ended_at=NOW, searched=3)
    console.store.change_rows("ev-1", ERASURES, lambda _: {"erased-1": row})
    return app.run()


def portal_with(part: str, *, is_open: bool = True) -> Scene:
    """The event portal with somebody who has confirmed."""

    def scene(app: AppTest, console: Console) -> AppTest:
        waits = Registration(WAITS, "guest@example.com", RegistrationState.VERIFIED, NOW)
        own = {"register_confirm.en": PortalMail("Confirm", "Here: {own_page}")}
        console.store.update("ev-1", PORTAL, lambda _: Portal(open=is_open, domains=("example.com",), mails=own))
        console.store.change_rows("ev-1", REGISTRATIONS, lambda _: {waits.id: waits})
        return state(attendees_view="Portal", portal_part=part)(app, console)

    return scene


def rudely_named(app: AppTest, console: Console) -> AppTest:
    rows = console.history.standings("ev-1", "r-1")[0]
    rude = Standing(4, "Wh0re", 99_000, profile_id="pr-4")
    console.history.save_standings("ev-1", "r-1", NOW, [*rows[:3], rude])
    return state(board_tabs="Run the board")(app, console)


def words_changed_elsewhere(app: AppTest, console: Console) -> AppTest:
    app = state(board_tabs="Run the board")(app, console)
    console.store.update("ev-1", MASKED_WORDS, lambda kept: MaskedWords((*kept.words, f"kumquat{len(kept.words)}")))
    return app.run()


def over(app: AppTest, console: Console, *, declared: bool = False) -> AppTest:
    """A race past its close, provisional or declared final."""
    race = replace(console.store.races("ev-1")[0][0], draft=RaceDraft("Cup", "t-1", NOW - HOUR, NOW - HOUR / 2))
    console.store.save_races("ev-1", [race], seen_at=NOW, lease=None)
    by = {"final_at": NOW, "by_name": "Olivia", "reason": "It hangs"} if declared else {}
    row = Finish(race.draft.closes_at, {"m-1": "pr-1"}, as_of=NOW, **by)
    console.store.change_rows("ev-1", FINISHES, lambda _: {"r-1": row})
    return state(board_tabs="Run the board")(app, console)


def room(*, kept: bool) -> Scene:
    """A race of this event, for which room is kept or may be."""

    def scene(app: AppTest, console: Console) -> AppTest:
        console.store.update("ev-1", OWN_RACES, lambda _: frozenset({"r-1"}))
        console.store.update("ev-1", ROOM, lambda _: Room(by_hand=frozenset({"r-1"} if kept else ())))
        return tick(app.run(), "races", "r-1")

    return scene


def rule_for_room(app: AppTest, console: Console) -> AppTest:
    return room(kept=False)(app, console).number_input(key="room-hours").set_value(2.0).run()


def looked_for(text: str, *, opened: str = "") -> Scene:
    """The search of the frame, with these letters typed and perhaps one of those found chosen."""

    def scene(app: AppTest, console: Console) -> AppTest:
        whole_page = app.button(key="find-person").click().run()
        found = whole_page.text_input(key="finder-text").set_value(text).run()
        return found.button(key=f"finder-open-{opened}").click().run() if opened else found

    return scene


def budget_asks(app: AppTest, console: Console) -> AppTest:
    asked = Crossing("", 0.95, act=Act.ASK, since=NOW)
    console.store.update("ev-1", CROSSINGS, lambda _: {asked.key: asked})
    return state(budget_guard=True)(app, console)


def in_rounds(app: AppTest, console: Console) -> AppTest:
    console.store.update("ev-1", WAVES, lambda _: Waves(on=True, began_at=NOW))
    return state(waves_part=True)(app, console)


def an_announcement(app: AppTest, console: Console) -> AppTest:
    """One of which nothing was sent, chosen among the mails."""
    pizza = Template("note-pizza", "en", 1, "Pizza", "Hello {name}, pizza is at noon.", "Pizza")
    console.store.change_rows("ev-1", MAIL_TEXTS, lambda _: {"note-pizza.en": pizza})
    return state(section="Templates", template_name="note-pizza")(app, console)


PLAN, RUN, CLOSE = "pages/plan/", "pages/run/", "pages/close/"
RACE = ticked("races", "r-1", after=state(race_change=True))
SCENES: list[tuple[str, Scene]] = [
    (f"{PLAN}event.py", plain),
    (f"{PLAN}setup.py", plain),
    (f"{PLAN}setup.py", edited_elsewhere),
    (f"{PLAN}setup.py", prices_changed_elsewhere),
    *((f"{PLAN}setup.py", state(setup_part=part)) for part in ("Slots and hours", "Prices", "Pre-flight", "Alarms")),
    *((f"{PLAN}setup.py", state(setup_part=part)) for part in ("Sponsorship", "Hours per cohort")),
    (f"{PLAN}setup.py", written("role-address", "racer1@example.com", after=state(setup_part="Staff"))),
    (f"{PLAN}setup.py", selected("staff-named", 0, after=state(setup_part="Staff"))),
    (f"{PLAN}setup.py", ticked("signed-in", actor_of(Role.VIEWER).oid, after=state(setup_part="Staff"))),
    (f"{PLAN}setup.py", selected("event-first", 0, after=state(setup_part="Other events"))),
    (f"{PLAN}setup.py", selected("event-first", 1, after=state(setup_part="Other events", create_another=True))),
    (f"{PLAN}attendees.py", plain),
    (f"{PLAN}attendees.py", pressed("roster", "at-1")),
    (f"{PLAN}attendees.py", pressed("roster", "at-2")),
    (f"{PLAN}attendees.py", pressed("roster", "at-5")),
    (f"{PLAN}attendees.py", ticked("roster", "at-1")),
    (f"{PLAN}attendees.py", ticked("roster", *(f"at-{number}" for number in range(1, 6)))),
    (f"{RUN}usage.py", looked_for("racer")),
    (f"{RUN}usage.py", looked_for("racer", opened="at-3")),
    (f"{PLAN}attendees.py", view("attendees-view", "Add one")),
    (f"{PLAN}attendees.py", portal_with("Registrations", is_open=False)),
    (f"{PLAN}attendees.py", ticked("registrations", WAITS, after=portal_with("Registrations"))),
    (f"{PLAN}attendees.py", portal_with("Who may register")),
    (f"{PLAN}attendees.py", portal_with("Questions")),
    (f"{PLAN}attendees.py", portal_with("Texts and material")),
    (f"{PLAN}attendees.py", portal_with("Mails")),
    (f"{PLAN}attendees.py", uploaded),
    (
        f"{PLAN}attendees.py",
        ticked("imports-table", "job-roster.import", after=view("attendees-view", "Imports and undo")),
    ),
    (f"{RUN}onboarding.py", plain),
    (f"{RUN}onboarding.py", ticked("stuck", "profile/refused/few")),
    (f"{RUN}onboarding.py", ticked("passwords-ending", "at-1")),
    (f"{RUN}onboarding.py", ticked("found", "at-1", after=written("find", "racer1"))),
    (f"{RUN}onboarding.py", onboarding_runs),
    (f"{RUN}messages.py", state(send_mail=True)),
    (f"{RUN}messages.py", state(section="Templates", after=with_an_address)),
    (f"{RUN}messages.py", an_announcement),
    (f"{RUN}messages.py", ticked("ledger", "at-1/access/1", after=state(section="Every mail"))),
    (f"{RUN}races.py", plain),
    (f"{RUN}races.py", RACE),
    (f"{RUN}races.py", ticked("entrants-in-r-1", "pr-1", after=RACE)),
    (f"{RUN}races.py", ticked("entrants-out-r-1", "at-2", after=view("entrants-side", "out", after=RACE))),
    (f"{RUN}races.py", room(kept=False)),
    (f"{RUN}races.py", rule_for_room),
    (f"{RUN}races.py", room(kept=True)),
    (f"{RUN}usage.py", budget_asks),
    (f"{RUN}usage.py", state(waves_part=True)),
    (f"{RUN}usage.py", in_rounds),
    (f"{RUN}usage.py", ticked("profiles", "pr-1")),
    (f"{RUN}usage.py", ticked("profiles", "pr-2")),
    (f"{RUN}usage.py", ticked("usage-past-table", "job-quota", after=state(usage_changes=True))),
    (f"{RUN}leaderboard.py", state(board_tabs="Big screen")),
    (f"{RUN}leaderboard.py", sponsors_given),
    (f"{RUN}leaderboard.py", link_ticked),
    (f"{RUN}leaderboard.py", selected("desk-racer", 0, after=state(board_tabs="Run the board"))),
    (f"{RUN}leaderboard.py", rudely_named),
    (f"{RUN}leaderboard.py", words_changed_elsewhere),
    (f"{RUN}leaderboard.py", state(board_tabs="Export")),
    (f"{CLOSE}audit.py", plain),
    (f"{CLOSE}closeout.py", plain),
    (f"{CLOSE}closeout.py", closing_runs),
    (f"{CLOSE}report.py", plain),
    (f"{CLOSE}report.py", held),
    (f"{RUN}races.py", everybodys_race),
    (f"{RUN}leaderboard.py", over),
    (f"{RUN}leaderboard.py", partial(over, declared=True)),
    (f"{CLOSE}report.py", partial(over, declared=True)),
    (f"{PLAN}event.py", from_a_backup),
]
FOR_THE_FLOOR: list[tuple[str, Scene]] = [
    (f"{PLAN}event.py", plain),
    (f"{PLAN}attendees.py", ticked("roster", "at-1")),
    (f"{PLAN}attendees.py", view("attendees-view", "Add one")),
    (f"{RUN}onboarding.py", ticked("found", "at-1", after=written("find", "racer1"))),
    (f"{RUN}races.py", looked_for("racer1@example.com")),
    (f"{RUN}messages.py", state(section="Templates", after=with_an_address)),
    (f"{RUN}races.py", RACE),
    (f"{RUN}usage.py", ticked("profiles", "pr-1")),
    (f"{RUN}leaderboard.py", link_ticked),
    (f"{RUN}leaderboard.py", selected("desk-racer", 0, after=state(board_tabs="Run the board"))),
]


def keys_in_source() -> Iterator[tuple[str, re.Pattern[str]]]:
    """The key of every button and download that a page or a part of one declares, as a pattern."""
    for path in SCREENS:
        if "ui/kit/" in path.as_posix() and path.name not in ("jobs.py", "session.py"):
            continue
        for called, call in calls(ast.parse(path.read_text(encoding="utf-8"))):
            given = next((word.value for word in call.keywords if word.arg == "key"), None)
            if called not in ACTING or given is None:
                continue
            for one in (given.body, given.orelse) if isinstance(given, ast.IfExp) else (given,):
                if isinstance(one, ast.Constant):
                    yield str(one.value), re.compile(re.escape(str(one.value)))
                elif isinstance(one, ast.JoinedStr):
                    parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in one.values]
                    yield ast.unparse(one), re.compile("".join(parts))


def refused(walk: Walk) -> Press:
    """Sign out, press: nothing happens, and the page says why."""

    def press(app: AppTest, key: str) -> None:
        console = walk.console
        console.sessions.revoke(hash_id(session.session_cookie()))
        before, seen = state_of(console), console.store.audit(limit=1)[0].seq
        whole(app, key)
        assert state_of(console) == before, f"{key} did something for somebody who is signed out"
        assert not any(row.allowed for row in console.store.audit(limit=100) if row.seq > seen), key
        assert ENDED in texts(app), f"{key} says nothing: {texts(app)[-300:]}"

    return press


def test_after_sign_out_no_button_of_any_page_does_anything_and_the_page_says_why(walk: Walk, full: Event) -> None:
    for page, scene in SCENES:
        walk.over(page, Role.ORGANIZER, scene, refused(walk))
    wanted = [*keys_in_source()]
    missing = {name for name, key in wanted if not any(key.fullmatch(done) for done in walk.done)}
    assert missing == ELSEWHERE.keys()
    assert {f"{key}-go" for key in dialog_keys()} <= walk.done
    assert len(walk.done) >= len({name for name, _ in wanted}) - len(ELSEWHERE)


def test_the_floor_does_nothing_after_its_sign_out_either(walk: Walk, full: Event) -> None:
    for page, scene in FOR_THE_FLOOR:
        walk.over(page, Role.FACILITATOR, scene, refused(walk))
    assert {"walk-up-add", "card-at-1-retry", "card-at-1-grant", "usage-grant", "pace-faster"} <= walk.done


def test_what_an_organizer_left_open_acts_for_whoever_signed_in_since_and_only_by_their_right(
    walk: Walk, full: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs without its page: dialogs, drawers and live parts. A facilitator signed in meanwhile."""
    console, other = walk.console, actor_of(Role.FACILITATOR)
    acted: dict[str, bool] = {}

    def press(app: AppTest, key: str) -> None:
        button = next(each for each in app.button if each.key == key)
        if fragment_of(app, button.id) is None:
            return
        keeper = SessionKeeper(console.sessions, console.clock)
        former = session.session_cookie()
        cookie = keeper.admit(former, oid=other.oid, tid=other.tid, name=other.name, roles=other.roles)
        monkeypatch.setattr(session, "session_cookie", lambda: cookie)
        before, seen = state_of(console), console.store.audit(limit=1)[0].seq
        whole(app, key)
        rows = [row for row in console.store.audit(limit=100) if row.seq > seen]
        assert {row.actor for row in rows} <= {other.oid}, key
        acted[key] = any(row.allowed for row in rows)
        assert acted[key] or state_of(console) == before, f"{key} did what nobody is written down for"
        gone = all(each.key != key for each in app.button)  # not offered to this person
        assert acted[key] or rows or app.error or gone, f"{key} says nothing"

    for page, scene in SCENES:
        walk.over(page, Role.ORGANIZER, scene, press)
    assert len(acted) > 25
    assert not any(acted[f"{key}-go"] for key in ("person-remove", "closeout-start", "race-delete", "quota-set"))
