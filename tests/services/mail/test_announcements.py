"""Announcements: made, edited, sent once a person and text, taken away while nothing was sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.model import Again, Outcome, Role, Sending, State, Step
from deepracer_admin.records.mail_texts import MAIL_TEXTS
from deepracer_admin.rules.mail_names import mail_names
from deepracer_admin.services.mail import announcements as module
from deepracer_admin.services.mail.messages import Audience
from tests.pages.conftest import NOW, actor_of

ORGANIZER = actor_of(Role.ORGANIZER)
PROVEN = Audience("proven")


@pytest.fixture
def proven(console, event, people):
    done = [Outcome(f"at-{number}", Step.ACCESS, State.DONE) for number in (1, 2)]
    console.store.record(event.id, done, lease=None, now=NOW)


@pytest.fixture
def pizza(console, event, people):
    return console.first.announcements.make(ORGANIZER, "Pizza at noon", "Pizza", "Hello {name}, pizza is at noon.")


def test_it_stands_in_the_list_of_mails_by_its_title_in_the_events_language(console, event, pizza):
    assert (pizza.key, pizza.language, pizza.version) == ("note-pizza-at-noon", event.language, 1)
    found = console.first.messages.templates(ORGANIZER)
    assert pizza in found
    assert mail_names(found)[pizza.key] == "Pizza at noon"
    assert "Hello Racer 1, pizza" in console.first.messages.preview(ORGANIZER, pizza.key, attendee="at-1").text
    assert console.store.audit(event.id, limit=1)[0].action == "messages.edit"


def test_it_is_read_in_its_own_language_when_the_event_has_another_one_now(console, event, pizza):
    console.store.save_event(replace(event, language="it" if event.language == "en" else "en"))
    assert console.first.messages.preview(ORGANIZER, pizza.key).subject.endswith("Pizza")


def test_an_edit_is_a_new_version_and_keeps_the_title(console, pizza):
    saved = console.first.messages.save_template(ORGANIZER, replace(pizza, subject="More pizza", title=""))
    assert (saved.subject, saved.version, saved.title) == ("More pizza", 2, "Pizza at noon")


@pytest.mark.parametrize("title", ["Pizza at noon", "pizza  AT noon", "Pizza-at-noon", "access", "Race links"])
def test_two_mails_never_have_one_title(console, event, pizza, title):
    with pytest.raises(Conflict, match="choose another title"):
        console.first.announcements.make(ORGANIZER, title, "Other", "Other")
    assert [*console.store.rows(event.id, MAIL_TEXTS).values()] == [pizza]


@pytest.mark.parametrize(
    ("title", "subject", "body"),
    [("", "S", "B"), ("Pizza", "", "B"), ("Pizza", "S", " "), ("Pizza", "S", "Hello {nmae}"), ("Pizza", "{x}", "B")],
)
def test_what_is_no_mail_is_refused_and_not_kept(console, event, people, title, subject, body):
    with pytest.raises(BadInput):
        console.first.announcements.make(ORGANIZER, title, subject, body)
    assert console.store.rows(event.id, MAIL_TEXTS) == {}


def test_an_event_has_only_so_many(console, event, pizza, monkeypatch):
    monkeypatch.setattr(module, "MOST", 1)
    with pytest.raises(BadInput, match="take away one"):
        console.first.announcements.make(ORGANIZER, "Bus at six", "Bus", "The bus goes at six.")


def test_it_is_sent_like_the_others_once_a_person_and_text(console, event, pizza, proven):
    messages = console.first.messages
    made = messages.send(ORGANIZER, pizza.key, PROVEN)
    assert made.people == 2
    with pytest.raises(Conflict, match="runs already"):
        messages.send(ORGANIZER, pizza.key, PROVEN)
    rows = [(f"at-{number}", pizza.key, 1) for number in (1, 2)]
    planned = console.store.plan_deliveries(event.id, rows, campaign=made.campaign, lease=None, again=Again.NEW_TEXT)
    assert planned == 2
    assert console.store.plan_deliveries(event.id, rows, campaign="camp-2", lease=None, again=Again.NEW_TEXT) == 0
    assert messages.reach(ORGANIZER, pizza.key, PROVEN) == ([], 2)


def test_it_is_taken_away_while_nothing_was_sent(console, event, pizza, proven):
    announcements = console.first.announcements
    assert announcements.why_kept(ORGANIZER, pizza.key) == ""
    assert announcements.take_away(ORGANIZER, pizza.key) == "Pizza at noon"
    assert console.store.rows(event.id, MAIL_TEXTS) == {}
    with pytest.raises(Missing):
        announcements.take_away(ORGANIZER, pizza.key)
    with pytest.raises(Missing):
        console.first.messages.send(ORGANIZER, pizza.key, PROVEN)
    with pytest.raises(Missing):
        console.first.messages.save_template(ORGANIZER, replace(pizza, subject="Late"))
    again = announcements.make(ORGANIZER, "Pizza at noon", "Pizza", "Pizza again.")
    assert (again.key, again.version) == (pizza.key, 1)


def test_it_stays_while_a_campaign_may_go_on_or_a_mail_of_it_is_listed(console, event, pizza, proven):
    announcements, messages = console.first.announcements, console.first.messages
    campaign = messages.send(ORGANIZER, pizza.key, PROVEN).campaign
    for to in ("paused", "running"):
        messages.control(ORGANIZER, campaign, to)
        with pytest.raises(Conflict, match="cancel that campaign first"):
            announcements.take_away(ORGANIZER, pizza.key)
    messages.control(ORGANIZER, campaign, "cancelled")
    assert announcements.why_kept(ORGANIZER, pizza.key) == ""
    console.store.plan_deliveries(event.id, [("at-1", pizza.key, 1)], campaign=campaign, lease=None)
    assert [row.state for row in console.store.deliveries(event.id)] == [Sending.PENDING]
    with pytest.raises(Conflict, match="so it stays"):
        announcements.take_away(ORGANIZER, pizza.key)
    assert pizza in messages.templates(ORGANIZER)


def test_a_mail_that_comes_with_the_console_is_never_taken_away(console, event, people):
    with pytest.raises(Conflict, match="comes with the console"):
        console.first.announcements.take_away(ORGANIZER, "access")
