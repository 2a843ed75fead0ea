"""Signing the console in from the Set up page: who may, what is checked, what is kept and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from deepracer_admin.compose import Console, compose
from deepracer_admin.errors import BadInput, BadSettings, NotAllowed
from deepracer_admin.model import Actor, Event, JobState, Role
from deepracer_admin.racing.login import Login, LoginDesk
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.settings import Settings
from tests.console_process import write_silent_world
from tests.pages.conftest import StandingClock, actor_of

SITE, USER, PASSWORD = "http://127.0.0.1:9/site", "olivia@example.com", "Correct-Horse-1"


def opened(home: Path, **settings: object) -> Console:
    return compose(Settings.model_validate({"home": home, **settings}), clock=StandingClock())


@pytest.fixture
def own(tmp_path: Path, event: Event) -> Iterator[Console]:
    """A rehearsal console whose worker runs inside it."""
    home = tmp_path / "own"
    home.mkdir()
    write_silent_world(home)
    made = opened(home)
    made.store.save_event(event)
    made.store.update("", CURRENT_EVENT, lambda _: event.id)
    yield made
    made.close()


def test_a_sign_in_is_used_from_now_on_and_checked(own: Console, organizer: Actor) -> None:
    assert own.first.connection.login(organizer).source == "practice"
    job = own.first.connection.sign_in(organizer, site=f" {SITE}/env.js ", user=USER, password=PASSWORD)
    assert (job.kind, job.state) == ("check", JobState.PLANNED)
    login = own.first.connection.login(organizer)
    assert (login.source, login.site, login.user) == ("typed", SITE, USER)
    assert USER in own.ports_of("").staff_emails
    own.first.connection.forget(organizer)
    assert own.first.connection.login(organizer).source == "practice"
    assert USER not in own.ports_of("").staff_emails


def test_its_password_is_written_nowhere(own: Console, organizer: Actor, caplog: pytest.LogCaptureFixture) -> None:
    own.first.connection.sign_in(organizer, site=SITE, user=USER, password=PASSWORD, new_password="Another-Horse-2")
    home = own.settings.home
    own.store.close()
    for file in home.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            assert b"Horse" not in content, file.name
    assert "Horse" not in caplog.text
    assert "Horse" not in repr(Login(SITE, USER, PASSWORD, "Another-Horse-2"))


def test_the_act_is_audited_by_host_alone(own: Console, organizer: Actor) -> None:
    own.first.connection.sign_in(organizer, site=SITE, user=USER, password=PASSWORD)
    entry = next(each for each in own.store.audit("ev-1", limit=5) if each.action == "setup.connect")
    assert (entry.target, entry.before, entry.after) == ("127.0.0.1", None, None)


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_nobody_but_an_organizer_signs_the_console_in(own: Console, role: Role) -> None:
    with pytest.raises(NotAllowed, match="sign the console in"):
        own.first.connection.sign_in(actor_of(role), site=SITE, user=USER, password=PASSWORD)
    with pytest.raises(NotAllowed):
        own.first.connection.forget(actor_of(role))


@pytest.mark.parametrize(
    ("site", "user", "password", "words"),
    [
        ("d111.cloudfront.net", USER, PASSWORD, "Site: give the address racers open"),
        ("https://d111.cloudfront.net", USER, PASSWORD, "a rehearsal signs in to the practice world alone"),
        (SITE, "olivia", PASSWORD, "e-mail address and the password"),
        (SITE, USER, "", "e-mail address and the password"),
    ],
)
def test_what_cannot_work_is_named_and_nothing_changes(
    own: Console, organizer: Actor, site: str, user: str, password: str, words: str
) -> None:
    with pytest.raises(BadInput, match=words):
        own.first.connection.sign_in(organizer, site=site, user=user, password=password)
    assert own.first.connection.login(organizer).source == "practice"


@pytest.mark.parametrize(
    ("site", "words"),
    [("http://d111.cloudfront.net", "must begin with https"), (SITE, "rehearsal addresses never serve a live event")],
)
def test_a_live_console_takes_only_https_of_elsewhere(
    tmp_path: Path, event: Event, organizer: Actor, site: str, words: str
) -> None:
    live = opened(tmp_path / "live", mode="live")
    live.store.save_event(event)
    live.store.update("", CURRENT_EVENT, lambda _: event.id)
    assert live.first.connection.login(organizer).source == "none"
    with pytest.raises(BadInput, match=words):
        live.first.connection.sign_in(organizer, site=site, user=USER, password=PASSWORD)
    with pytest.raises(BadSettings, match="sign in on the Set up page"):
        live.ports_of("").racing()
    live.first.connection.sign_in(organizer, site="https://d111.cloudfront.net", user=USER, password=PASSWORD)
    live.first.connection.forget(organizer)
    login = live.first.connection.login(organizer)
    assert (login.source, login.site, login.user) == ("none", "https://d111.cloudfront.net", USER)
    live.close()


def test_a_sign_in_of_the_settings_is_shown_and_can_be_replaced(tmp_path: Path, organizer: Actor) -> None:
    live = opened(
        tmp_path / "live",
        mode="live",
        deepracer_site="https://d222.cloudfront.net",
        deepracer_user="service@example.com",
        deepracer_password=SecretStr("x"),
    )
    login = live.first.connection.login(organizer)
    assert (login.source, login.user, login.why_not) == ("settings", "service@example.com", "")
    live.close()


def test_a_worker_elsewhere_cannot_be_reached_and_that_is_said(
    console: Console, event: Event, organizer: Actor
) -> None:
    assert "The console's work runs in a process of its own" in console.first.connection.login(organizer).why_not
    with pytest.raises(BadInput, match="put it into that process's settings"):
        console.first.connection.sign_in(organizer, site=SITE, user=USER, password=PASSWORD)


def test_a_new_password_is_offered_once() -> None:
    desk = LoginDesk()
    asked = Login(SITE, USER, "Temporary-1", "Chosen-2!")
    desk.hold(asked)
    turn = desk.turn
    desk.settle(asked, taken=True)
    assert desk.held() == Login(SITE, USER, "Chosen-2!")
    desk.settle(asked, taken=False)
    assert (desk.held(), desk.turn) == (Login(SITE, USER, "Chosen-2!"), turn)


def test_a_managed_event_of_a_live_console_uses_this_computers_credentials(
    tmp_path: Path, event: Event, organizer: Actor
) -> None:
    for profile in ("", "deepracer-admin"):
        live = opened(tmp_path / f"live-{profile}", mode="live", racing="managed", deepracer_aws_profile=profile)
        live.store.save_event(event)
        live.store.update("", CURRENT_EVENT, lambda _: event.id)
        login = live.first.connection.login(organizer)
        assert (login.source, login.user) == ("aws", profile)
        live.close()
