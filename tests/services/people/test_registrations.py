"""The organizer's side of the portal: settings that lose nothing, decisions by id, erasure, what is exported."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing, NotAllowed
from deepracer_admin.flows.people.portal_links import make_link
from deepracer_admin.flows.people.registration_letters import shipped
from deepracer_admin.model import Actor, Attendee, Event, Role
from deepracer_admin.model.registrations import (
    Asked,
    LinkPurpose,
    Portal,
    PortalLinkOut,
    PortalMail,
    PortalText,
    Question,
    QuestionKind,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.records.portal import ASKED, PORTAL, PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.rules.portal_mails import MAILS, check_mail, mail_id
from deepracer_admin.services.people.registrations import Decided, RegistrationsService
from tests.pages.conftest import NOW, StandingClock, actor_of

SIZE = Question("", QuestionKind.CHOICE, "T-shirt size", ("S", "M"))


@pytest.fixture
def desk(console: Console, event: Event) -> RegistrationsService:
    console.store.amend_event("ev-1", lambda each: replace(each, public_url="https://cup.example.com"))
    return console.first.registrations


def registered(console: Console, local: str, state: RegistrationState, **values: Any) -> str:
    email = f"{local}@example.com"
    made = replace(Registration(registration_id(email), email, state, NOW), **values)
    console.store.change_rows("ev-1", REGISTRATIONS, lambda _: {made.id: made}, keys=(made.id,))
    return made.id


def state_of(console: Console, key: str) -> str:
    found = console.store.row("ev-1", REGISTRATIONS, key)
    return found.state.value if found else "gone"


def test_a_portal_opens_once_it_has_domains_and_an_address(
    console: Console, desk: RegistrationsService, organizer: Actor
) -> None:
    with pytest.raises(BadInput, match="name at least one"):
        desk.open(organizer)
    desk.set_rules(organizer, domains=["Example.com"], places=0, by_hand=False)
    assert desk.open(organizer).open
    assert desk.view(organizer).address == "https://cup.example.com/register/ev-1"
    assert desk.view(organizer).on_phones
    assert not desk.close(organizer).open
    console.store.amend_event("ev-1", lambda each: replace(each, public_url=""))
    with pytest.raises(BadInput, match="second listener"):
        desk.open(organizer)
    assert desk.view(organizer).address == ""


@pytest.mark.parametrize("address", ["http://127.0.0.1:8502", "http://localhost:8502"])
def test_an_address_that_no_phone_can_open_gets_no_qr_code(
    console: Console, desk: RegistrationsService, organizer: Actor, address: str
) -> None:
    console.store.amend_event("ev-1", lambda each: replace(each, public_url=address))
    assert not desk.view(organizer).on_phones


def test_a_portal_does_not_open_once_the_event_is_over(
    desk: RegistrationsService, organizer: Actor, clock: StandingClock
) -> None:
    desk.set_rules(organizer, domains=["example.com"], places=0, by_hand=False)
    clock.at = NOW + timedelta(days=6)
    with pytest.raises(Conflict, match="is over"):
        desk.open(organizer)
    assert desk.view(organizer).over


def test_two_who_change_different_parts_lose_nothing(desk: RegistrationsService, organizer: Actor) -> None:
    desk.set_rules(organizer, domains=["example.com"], places=50, by_hand=True)
    desk.set_questions(organizer, [SIZE])
    desk.set_texts(organizer, {"en": PortalText(welcome="Hello")}, [PortalLinkOut("Start", "https://example.com")])
    portal = desk.view(organizer).portal
    assert (portal.places, portal.by_hand, portal.domains) == (50, True, ("example.com",))
    assert [each.title for each in portal.questions] == ["T-shirt size"]
    assert (portal.texts["en"].welcome, portal.material[0].title) == ("Hello", "Start")


def test_a_question_keeps_its_id_by_its_words(desk: RegistrationsService, organizer: Actor) -> None:
    first = desk.set_questions(organizer, [SIZE]).questions[0].id
    other = Question("", QuestionKind.TEXT, "Anything you cannot eat?")
    moved = desk.set_questions(organizer, [other, replace(SIZE, title=" t-shirt  SIZE")]).questions
    assert moved[1].id == first
    assert moved[0].id != first


def test_another_consent_text_is_a_new_version_and_the_old_one_is_kept(
    desk: RegistrationsService, organizer: Actor
) -> None:
    assert desk.set_texts(organizer, {"en": PortalText(welcome="Hi")}, []).consent_version == 0
    assert desk.set_texts(organizer, {"en": PortalText(consent="One")}, []).consent_version == 1
    assert desk.set_texts(organizer, {"en": PortalText("Hi", consent="One")}, []).consent_version == 1
    portal = desk.set_texts(organizer, {"en": PortalText(consent="Two")}, [])
    assert [(each.version, each.texts["en"], each.since) for each in portal.consents] == [
        (1, "One", NOW),
        (2, "Two", NOW),
    ]


def test_a_decision_is_by_id_and_only_of_those_whom_it_can_move(
    console: Console, desk: RegistrationsService, organizer: Actor
) -> None:
    states = RegistrationState
    ids = {state: registered(console, state, state) for state in states}
    assert desk.accept(organizer, [*ids.values()]) == Decided(3)
    moved = {key: console.store.row("ev-1", REGISTRATIONS, key) for key in ids.values()}
    assert {key for key, row in moved.items() if row and row.approved} == {
        ids[states.VERIFIED],
        ids[states.WAITING],
        ids[states.REFUSED],
    }
    assert state_of(console, ids[states.REFUSED]) == "verified"
    assert desk.refuse(organizer, [ids[states.WAITING], ids[states.ACCEPTED]]) == Decided(1)
    assert state_of(console, ids[states.WAITING]) == "refused"
    assert state_of(console, ids[states.ACCEPTED]) == "accepted"
    with pytest.raises(Conflict, match="Take people with a place"):
        desk.refuse(organizer, [ids[states.ACCEPTED]])
    with pytest.raises(BadInput, match="Choose people"):
        desk.accept(organizer, [])
    entry = console.store.audit("ev-1", limit=2)[0]
    assert (entry.action, entry.target, entry.count) == ("portal.decide", "refused", 1)


def test_the_second_of_two_who_decide_the_same_is_told_so(
    console: Console, desk: RegistrationsService, organizer: Actor
) -> None:
    key = registered(console, "ada", RegistrationState.VERIFIED)
    assert desk.accept(organizer, [key]) == Decided(1)
    with pytest.raises(Conflict, match="accepted already"):
        desk.accept(organizer, [key])


def test_erasing_a_registration_takes_links_mails_and_forms(
    console: Console, desk: RegistrationsService, organizer: Actor, event: Event
) -> None:
    key, other = (registered(console, name, RegistrationState.VERIFIED) for name in ("ada", "bob"))
    for each in (key, other):
        make_link(console.store, event, each, LinkPurpose.PAGE, now=NOW)
    console.store.change_rows("ev-1", ASKED, lambda _: {"f1": Asked("ada@example.com", NOW)})
    console.store.plan_deliveries("ev-1", [(key, "register_confirm", 1)], campaign="registration", lease=None)
    assert desk.erase(organizer, [key, "reg-gone"]) == Decided(1, gone=1)
    assert [*console.store.rows("ev-1", REGISTRATIONS)] == [other]
    assert [row.registration for row in console.store.rows("ev-1", PORTAL_LINKS).values()] == [other]
    assert console.store.rows("ev-1", ASKED) == {}
    assert console.store.deliveries("ev-1") == []
    with pytest.raises(Missing):
        desk.erase(organizer, [key])


def test_who_is_on_the_list_is_erased_there_with_all_that_the_portal_holds(
    console: Console, desk: RegistrationsService, organizer: Actor, event: Event
) -> None:
    console.store.save_attendees("ev-1", [Attendee("at-1", "ada@example.com", "Ada")])
    key = registered(console, "ada", RegistrationState.ACCEPTED, attendee="at-1", answers={"x": "Nuts"})
    make_link(console.store, event, key, LinkPurpose.CONFIRM, now=NOW)
    with pytest.raises(Conflict, match="is on the list"):
        desk.erase(organizer, [key])
    data = console.first.attendees.person_data(organizer, "at-1")
    assert data["registration"]["answers"] == {"x": "Nuts"}
    console.first.attendees.erase(organizer, "at-1", typed="ada@example.com")
    assert console.store.rows("ev-1", REGISTRATIONS) == {}
    assert console.store.rows("ev-1", PORTAL_LINKS) == {}


def test_who_registered_under_another_address_is_erased_with_it(
    console: Console, desk: RegistrationsService, organizer: Actor
) -> None:
    console.store.save_attendees("ev-1", [Attendee("at-1", "ada.new@example.com", "Ada")])
    registered(console, "ada", RegistrationState.ACCEPTED, attendee="at-1")
    console.first.attendees.erase(organizer, "at-1", typed="ada.new@example.com")
    assert console.store.rows("ev-1", REGISTRATIONS) == {}


def test_what_nothing_moves_but_an_organizer_is_said_on_the_event_page(
    console: Console, desk: RegistrationsService, organizer: Actor
) -> None:
    registered(console, "ada", RegistrationState.VERIFIED)
    waits = lambda: [each for each in console.first.events.view(organizer).next if each.key == "portal.decide"]  # noqa: E731
    assert waits() == []
    desk.set_rules(organizer, domains=["example.com"], places=0, by_hand=True)
    (step,) = waits()
    assert step.title == "Say yes or no: 1 registration waits"
    desk.set_rules(organizer, domains=["example.com"], places=0, by_hand=False)
    console.store.save_attendees("ev-1", [Attendee("at-1", "ada@example.com", "Ada", wanted=False)])
    assert len(waits()) == 1


def test_exports_hold_the_answers_and_stay_inert(
    console: Console, desk: RegistrationsService, organizer: Actor, event: Event
) -> None:
    desk.set_rules(organizer, domains=["example.com"], places=0, by_hand=False)
    (size,) = desk.set_questions(organizer, [SIZE]).questions
    registered(console, "ada", RegistrationState.VERIFIED, name="=cmd|' /C calc'!A0", answers={size.id: "M"})
    (row,) = csv.DictReader(io.StringIO(desk.export(organizer).decode("utf-8-sig")))
    assert (row["Email"], row["T-shirt size"], row["State"]) == ("ada@example.com", "M", "verified")
    assert row["Name"].startswith("'=")
    answers = {"T-shirt size": "+M"}
    console.store.save_attendees(
        "ev-1", [Attendee("at-1", "bob@example.com", "Bob", answers=answers, extra={"Diet": "@x"})]
    )
    (row,) = csv.DictReader(io.StringIO(console.first.attendees.export(organizer).decode("utf-8-sig")))
    assert (row["T-shirt size"], row["Diet"]) == ("'+M", "'@x")


def test_answers_are_cohorts(console: Console, desk: RegistrationsService, organizer: Actor) -> None:
    people = [
        Attendee(f"at-{n}", f"r{n}@example.com", "R", alias=f"R{n}", answers={"T-shirt size": size})
        for n, size in enumerate("SMM")
    ]
    console.store.save_attendees("ev-1", people)
    assert console.first.attendees.cohorts(organizer) == {"T-shirt size:M": 2, "T-shirt size:S": 1}
    assert len(console.first.attendees.rows(organizer, cohort="T-shirt size:M")) == 2


def test_a_facilitator_sees_registrations_and_changes_nothing(console: Console, desk: RegistrationsService) -> None:
    who = actor_of(Role.FACILITATOR)
    key = registered(console, "ada", RegistrationState.VERIFIED)
    assert len(desk.listed(who).rows) == 1
    for act in (lambda: desk.accept(who, [key]), lambda: desk.open(who), lambda: desk.export(who)):
        with pytest.raises(NotAllowed):
            act()
    assert state_of(console, key) == "verified"
    assert console.store.read("ev-1", PORTAL) == Portal()


@pytest.mark.parametrize(
    ("which", "subject", "body", "told"),
    [
        ("register_confirm.en", "Hello", "Dear {name}: {own_page}", "{name} cannot stand in this mail"),
        ("register_accepted.en", "Hello", "Dear {name}", "{own_page} is missing"),
        ("register_accepted.en", "{own_page}", "{own_page}", "belongs in the text"),
        ("register_accepted.en", "", "{own_page}", "Subject: write one"),
        ("register_accepted.en", "Hello", "{password_note} {own_page}", "cannot stand in this mail"),
        ("access.en", "Hello", "{own_page}", "no such mail"),
    ],
)
def test_a_mail_that_would_not_do_is_refused_in_a_sentence(
    desk: RegistrationsService, organizer: Actor, which: str, subject: str, body: str, told: str
) -> None:
    with pytest.raises(BadInput, match=re.escape(told)):
        desk.set_mail(organizer, which, PortalMail(subject, body))


def test_every_mail_of_the_console_would_do() -> None:
    for language in ("en", "it"):
        for key, mail in shipped(language).items():
            assert check_mail(mail_id(key, language), PortalMail(mail.subject, mail.body)).body == mail.body
        assert {*shipped(language)} == {*MAILS}
