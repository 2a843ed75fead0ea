"""The way in on the pages: chosen in Set up, its limits and its passwords on Onboarding and Messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Attendee, Event, Outcome, Profile, Role, Sending, State, Step
from deepracer_admin.records.connect_check import POOL_CHECK
from deepracer_admin.records.profile_rows import PASSWORDS_UNTIL
from deepracer_admin.records.ways_in import INVITATIONS, Chunk, ChunkState
from deepracer_admin.rules.settings_file import read_values
from deepracer_admin.services.setup.drafts import draft_of, write_draft
from deepracer_admin.store.codec import decode, encode
from tests.pages.conftest import NOW, Browser, actor_of, click, texts
from tests.ui.choosing import tick

SETUP, ONBOARDING, MESSAGES = "pages/plan/setup.py", "pages/run/onboarding.py", "pages/run/messages.py"


def chooser(app: AppTest, label: str):
    """A choice in the form that edits the event."""
    return next(each for each in app.radio if each.label == label and "edit" in str(each.key))


def test_an_event_stored_before_there_was_a_choice_lets_the_service_invite(event: Event) -> None:
    stored = encode(event).replace('"way_in":"service",', "").replace('"cognito_mail":"",', "")
    assert "way_in" not in stored
    assert decode(Event, stored).way_in == "service"
    assert decode(Event, stored) == event


def test_the_way_in_and_cognitos_sender_are_chosen_in_set_up(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(SETUP)
    assert (chooser(app, "Way in").value, chooser(app, "Who sends Cognito's mail").value) == ("service", "")
    chooser(app, "Way in").set_value("pool")
    chooser(app, "Who sends Cognito's mail").set_value("default")
    click(app, "Save")
    assert not app.error
    saved = console.store.event(event.id)
    assert (saved.way_in, saved.cognito_mail) == ("pool", "default")
    draft = console.first.events.draft_of(saved)
    assert draft_of(read_values(write_draft(draft))) == draft


def test_our_own_mail_is_not_offered_while_the_credentials_do_not_work(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    console.store.keep(event.id, POOL_CHECK, "AWS does not allow cognito-idp:ListUsers.")
    app = browser.open(SETUP)
    assert len(chooser(app, "Way in").options) == 1
    assert "Our own mail cannot carry it: the last pre-flight says: AWS does not allow" in texts(app)
    shown = console.first.events.draft_of(event)
    with pytest.raises(BadInput, match=r"^Way in: our own mail cannot carry it"):
        console.first.events.edit(organizer, replace(shown, way_in="pool"), shown)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"way_in": "post"}, r"^Way in: choose"),
        ({"cognito_mail": "pigeon"}, r"^Cognito's mail: choose"),
        ({"way_in": "pool", "service": "managed"}, r"^Way in: .*managed service has no user pool"),
    ],
)
def test_a_way_that_does_not_exist_is_named_by_its_field(
    console: Console, event: Event, organizer: Actor, change: dict[str, str], told: str
) -> None:
    shown = console.first.events.draft_of(event)
    with pytest.raises(BadInput, match=told):
        console.first.events.edit(organizer, replace(shown, **change), shown)
    assert console.store.event(event.id) == event


def test_what_the_default_sender_has_left_and_when_the_last_goes_is_said(
    browser: Browser, console: Console, event: Event, people: list[Attendee]
) -> None:
    console.store.save_event(replace(event, cognito_mail="default"))
    mailed = NOW - timedelta(hours=4)
    sent = Chunk(("x",) * 50, state=ChunkState.FINISHED, mailed_at=mailed, mails=50, job="j")
    planned = Chunk(tuple(f"y{n}" for n in range(60)))
    console.store.change_rows(event.id, INVITATIONS, lambda _: {"a": sent, "b": planned})
    shown = texts(browser.open(ONBOARDING))
    assert "**0 of 50** invitations left in these 24 hours; **60** wait" in shown
    assert "the last about" in shown
    console.store.save_event(replace(event, cognito_mail="ses"))
    assert "Cognito's default sender" not in texts(browser.open(ONBOARDING))


@pytest.fixture
def passwords(console: Console, event: Event, people: list[Attendee], profiles: list[Profile]) -> Event:
    """Let in through the pool and mailed: the first person's password ends tomorrow, the second's in six days."""
    event = replace(event, way_in="pool")
    console.store.save_event(event)
    chunk = Chunk(("at-1", "at-2"), state=ChunkState.FINISHED, way="pool")
    console.store.change_rows(event.id, INVITATIONS, lambda _: {"a": chunk})
    rows = [Outcome(key, step, State.DONE) for key in ("at-1", "at-2") for step in (Step.ACCESS, Step.MAIL)]
    console.store.record(event.id, rows, lease=None, now=NOW)
    console.store.keep(event.id, PASSWORDS_UNTIL, {"at-1": NOW + timedelta(days=1), "at-2": NOW + timedelta(days=6)})
    return event


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_passwords_that_end_soon_are_counted_and_listed(browser: Browser, passwords: Event, role: Role) -> None:
    app = browser.open(ONBOARDING, role)
    assert "1 person has not signed in, and their temporary password ends within" in texts(app)
    table = next(frame.value for frame in app.dataframe if "Known from" in frame.value)
    assert list(table["Name"]) == ["Racer 1"]
    assert next(button for button in app.button if button.key == "passwords-fresh").disabled


def test_nothing_is_said_while_no_password_ends_soon(browser: Browser, event: Event, people: list[Attendee]) -> None:
    assert "Temporary passwords" not in texts(browser.open(ONBOARDING))


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_one_person_shows_the_age_and_gets_a_fresh_password(
    browser: Browser, console: Console, passwords: Event, role: Role
) -> None:
    app = browser.open(ONBOARDING, role)
    app.text_input(key="find").set_value("racer 2").run()
    tick(app, "found", "at-2")
    click(app, "person-open")
    assert "Temporary password: 1 d" in texts(app)
    assert "read from the user pool" in texts(app)
    click(app, "card-at-2-fresh")
    (row,) = console.store.deliveries(passwords.id)
    assert (row.attendee, row.template, row.state) == ("at-2", "access", Sending.PENDING)
    (entry,) = [each for each in console.store.audit(passwords.id) if each.action.startswith("messages.")]
    assert (entry.action, entry.actor) == ("messages.resend_one", actor_of(role).oid)


def test_settling_a_lost_mail_says_that_the_next_one_has_a_fresh_password(
    browser: Browser, console: Console, passwords: Event
) -> None:
    store = console.store
    store.plan_deliveries(passwords.id, [("at-1", "access", 1)], campaign="access", lease=None)
    lease = store.acquire("worker", "w", ttl_s=60, now=NOW)
    assert lease is not None
    rows = store.claim_deliveries(passwords.id, "access", 1, lease=lease, now=NOW)
    store.settle_deliveries(passwords.id, [replace(row, state=Sending.UNKNOWN) for row in rows], lease=lease, now=NOW)
    app = tick(browser.open(MESSAGES, state={"section": "Every mail"}), "ledger", "at-1/access/1")
    assert "makes a fresh first password: the one in the lost mail does not work any more" in texts(app)
    assert console.first.messages.carries_password(actor_of(Role.ORGANIZER), "at-1", "access")
    assert not console.first.messages.carries_password(actor_of(Role.ORGANIZER), "at-1", "reminder")
