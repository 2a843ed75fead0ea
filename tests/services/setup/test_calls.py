"""Who is told of alarms: addresses as people type them, the secret that is never shown, and what became of messages."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.calls import CALL_LIST, POSTS
from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.rules.calls import CHAT, Post, PostState, mail_target
from deepracer_admin.services.base import House
from deepracer_admin.services.setup.calls import MOST_ADDRESSES, CallsService
from tests.pages.conftest import NOW, clock, console, event, organizer

__all__ = ["clock", "console", "event", "organizer"]
ALARM = Alarm("budget", "Half is used", "It is.", "Look.", "Usage", since=NOW)


def test_addresses_are_taken_as_people_type_them_and_kept_once(
    console: Console, event: Event, organizer: Actor
) -> None:
    desk = console.first.calls
    made = desk.save(organizer, " Olivia <olivia@example.com>; OLIVIA@example.com,\n\nfloor@bücher.example ")
    assert made.addresses == ("olivia@example.com", "floor@xn--bcher-kva.example")
    assert desk.view(organizer).addresses == made.addresses
    assert desk.save(organizer, "").addresses == ()
    entries = [(entry.before, entry.after) for entry in console.store.audit(event.id) if entry.action == "setup.alarms"]
    assert entries == [(2, 0), (0, 2)], "how many, not who"


@pytest.mark.parametrize(
    "text",
    [
        "olivia",
        "a@example.com\r\nBcc: b@example.com",
        ", ".join(f"a{n}@example.com" for n in range(MOST_ADDRESSES + 1)),
    ],
)
def test_what_is_no_address_is_refused_and_nothing_changes(
    console: Console, event: Event, organizer: Actor, text: str
) -> None:
    with pytest.raises(BadInput, match="Who is told"):
        console.first.calls.save(organizer, text)
    assert console.store.read(event.id, CALL_LIST).addresses == ()


def test_a_trial_needs_somebody_and_is_one_however_often_one_presses(
    console: Console, event: Event, organizer: Actor
) -> None:
    desk = console.first.calls
    with pytest.raises(BadInput, match="Nobody is told"):
        desk.try_it(organizer)
    desk.save(organizer, "olivia@example.com")
    assert desk.try_it(organizer).id == desk.try_it(organizer).id


def test_of_the_webhook_the_host_alone_is_shown(console: Console, event: Event, organizer: Actor) -> None:
    secret = SecretStr("https://hooks.slack.com/services/T0/B0/very-secret")
    settings = console.settings.model_copy(update={"alarm_webhook": secret})
    house = console.first.calls.house
    desk = CallsService(replace(house, settings=settings), event.id)
    assert isinstance(house, House)
    view = desk.view(organizer)
    assert view.chat_host == "hooks.slack.com"
    assert "very-secret" not in repr(view) + repr(settings)
    assert view.links_here


def test_messages_are_listed_newest_first_and_an_unsure_one_needs_a_human(
    console: Console, event: Event, organizer: Actor
) -> None:
    desk = console.first.calls
    desk.save(organizer, "olivia@example.com")
    chat = Post(ALARM, CHAT, "", state=PostState.UNKNOWN, sentence="Who knows.", changed_at=NOW)
    mail = Post(
        ALARM, "mail", mail_target("olivia@example.com").key, state=PostState.SENT, changed_at=NOW + timedelta(1)
    )
    gone = Post(ALARM, "mail", "other", state=PostState.FAILED, changed_at=NOW - timedelta(1))
    console.store.change_rows(event.id, POSTS, lambda _: {post.key: post for post in (chat, mail, gone)})
    assert [(row.to, row.state) for row in desk.view(organizer).rows] == [
        ("olivia@example.com", PostState.SENT),
        ("the team's chat", PostState.UNKNOWN),
        ("no longer on the list", PostState.FAILED),
    ]

    def needs() -> list[str]:
        return [step.title for step in console.first.events.view(organizer).next]

    assert "arrived" not in str(needs())
    console.store.change_rows(event.id, ALARMS, lambda _: {ALARM.key: ALARM})
    assert "2 messages about alarms may not have arrived" in needs()
