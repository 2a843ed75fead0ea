"""From a form to a person on the list: the portal's reconciler on the practice world, its mails over real HTTP."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import StoreError
from deepracer_admin.flows.people import registrations as flow
from deepracer_admin.flows.people.registrations import SOURCE, RegistrationReconciler, forget_registrations
from deepracer_admin.model import Sending, Step
from deepracer_admin.model.registrations import (
    Portal,
    PortalMail,
    Question,
    QuestionKind,
    Registration,
    registration_id,
)
from deepracer_admin.records.portal import ASKED, PORTAL, PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.rules.quotas import cohorts_of
from deepracer_admin.services.people.public_registration import Answer, LinkState
from tests.flows.conftest import ORGANIZER, Stage

LINK = re.compile(r"https://cup\.example\.com/register/ev-1/me/([A-Za-z0-9_-]+)")
QUESTIONS = (
    Question("size", QuestionKind.CHOICE, "T-shirt size", ("S", "M")),
    Question("eat", QuestionKind.TEXT, "Anything you cannot eat?"),
)


class Desk:
    """The portal of a stage: visitors, their mails, the worker's rounds."""

    def __init__(self, stage: Stage, portal: Portal) -> None:
        self.stage, self.store, self.event = stage, stage.store, stage.event
        stage.store.amend_event("ev-1", lambda event: replace(event, public_url="https://cup.example.com"))
        stage.store.update("ev-1", PORTAL, lambda _: portal)
        self.public = stage.console.registration
        self.reconciler = RegistrationReconciler(stage.ports)

    def send(self, email: str, language: str = "en", **fields: str) -> Answer:
        fit = {"email": email, "new_to_ml": "yes", "new_to_aws": "no", "consent": "0"}
        given = {name.replace("q_", "q-"): value for name, value in fields.items()}
        return self.public.send("ev-1", {**fit, **given}, language=language).answer

    def round(self) -> None:
        self.reconciler._next = 0.0
        self.reconciler.run(self.store.event("ev-1"), self.stage.lease)
        self.stage.worker.mail.run(self.store.event("ev-1"), self.stage.lease)
        self.stage.rest(0.5)

    def mails(self, email: str) -> list[Mapping[str, Any]]:
        everything = self.stage.world.control("GET", "outbox", after=0, limit=500)
        listed = everything if isinstance(everything, list) else everything["mails"]
        return [mail for mail in listed if mail["to"] == email]

    def token(self, email: str) -> str:
        found = LINK.search(self.mails(email)[-1]["text"])
        assert found, self.mails(email)[-1]["text"]
        return found[1]

    def register(self, email: str, **fields: str) -> None:
        """The whole way: form, mail, button."""
        assert self.send(email, **fields) is Answer.TAKEN
        self.round()
        self.public.confirm("ev-1", self.token(email))
        self.round()

    def of(self, email: str) -> Registration:
        found = self.store.row("ev-1", REGISTRATIONS, registration_id(email))
        assert found is not None
        return found

    def person(self, email: str) -> Any:
        return next((each for each in self.store.attendees("ev-1") if each.email == email), None)


@pytest.fixture
def desk(stage: Stage) -> Desk:
    return Desk(stage, Portal(open=True, domains=("example.com",), questions=QUESTIONS))


def test_a_form_becomes_a_person_on_the_list_only_after_the_button(desk: Desk) -> None:
    desk.send("ada@example.com", name="Ada Lovelace", racer_name="Turbo-7", q_size="M", q_eat="Nuts")
    assert desk.store.rows("ev-1", REGISTRATIONS) == {}, "the request alone looks nobody up"
    desk.round()
    assert desk.of("ada@example.com").state == "asked"
    assert desk.person("ada@example.com") is None
    assert desk.store.rows("ev-1", ASKED) == {}
    (mail,) = desk.mails("ada@example.com")
    assert mail["subject"] == "[REHEARSAL] Autumn Cup: confirm your address"
    assert "Ada" not in mail["text"], "nothing that a visitor typed goes to the address that they typed"
    page = desk.public.confirm("ev-1", desk.token("ada@example.com"))
    assert (page.link, page.confirmed_now) == (LinkState.OWN, True)
    desk.round()
    person = desk.person("ada@example.com")
    assert (person.name, person.alias, person.source) == ("Ada Lovelace", "Turbo-7", SOURCE)
    assert (person.new_to_ml, person.new_to_aws) == (True, False)
    assert (dict(person.answers), dict(person.extra)) == ({"T-shirt size": "M"}, {"Anything you cannot eat?": "Nuts"})
    assert "T-shirt size:M" in cohorts_of(person)
    assert (desk.of("ada@example.com").state, desk.of("ada@example.com").attendee) == ("accepted", person.id)
    assert len(desk.mails("ada@example.com")) == 1, "the page told them; their way in is the next mail"


def test_the_way_in_follows_by_the_same_onboarding_as_for_everybody(desk: Desk) -> None:
    desk.stage.start()
    desk.register("racer.no1@example.com")
    desk.stage.rounds(lambda: desk.stage.done(Step.MAIL) == 1)
    subjects = [mail["subject"] for mail in desk.mails("racer.no1@example.com")]
    assert sum("your way in" in subject for subject in subjects) == 1
    assert sum("confirm your address" in subject for subject in subjects) == 1
    token = LINK.search(next(m["text"] for m in desk.mails("racer.no1@example.com") if "confirm" in m["subject"]))
    assert token
    page = desk.public.look("ev-1", token[1])
    assert (page.link, page.mailed) == (LinkState.OWN, True)


def test_the_mail_is_in_the_language_of_the_form(desk: Desk) -> None:
    desk.send("ada@example.com", language="it")
    desk.round()
    assert "conferma il tuo indirizzo" in desk.mails("ada@example.com")[0]["subject"]


def test_a_mail_goes_out_in_the_organizers_words_in_their_language_alone(desk: Desk) -> None:
    own = {"register_confirm.en": PortalMail("{event}: come in", "Press here: {own_page}")}
    desk.store.update("ev-1", PORTAL, lambda portal: replace(portal, mails=own))
    desk.send("ada@example.com")
    desk.send("bob@example.com", language="it")
    desk.round()
    assert desk.mails("ada@example.com")[0]["subject"] == "[REHEARSAL] Autumn Cup: come in"
    assert desk.token("ada@example.com")
    assert "conferma il tuo indirizzo" in desk.mails("bob@example.com")[0]["subject"]


def test_the_token_is_kept_nowhere_but_in_the_mail(desk: Desk) -> None:
    desk.send("ada@example.com")
    desk.round()
    token = desk.token("ada@example.com").encode()
    desk.store._truncate_log()  # type: ignore[attr-defined]
    home = desk.stage.console.settings.home
    kept = [path.name for path in home.rglob("*") if path.is_file() and token in path.read_bytes()]
    assert kept == ["practice-outbox.jsonl"], "the practice mail service has the mail itself"


def test_a_form_that_is_sent_again_and_again_brings_one_mail(desk: Desk) -> None:
    for _ in range(4):
        desk.send("ada@example.com")
    desk.round()
    desk.send("ada@example.com")
    desk.round()
    assert len(desk.mails("ada@example.com")) == 1
    assert len(desk.store.rows("ev-1", REGISTRATIONS)) == 1


def test_who_lost_the_mail_gets_another_after_a_while_and_both_links_work_until_one_is_used(desk: Desk) -> None:
    desk.send("ada@example.com")
    desk.round()
    first = desk.token("ada@example.com")
    desk.stage.clock.advance(601)
    desk.send("ada@example.com", racer_name="Newer-1")
    desk.round()
    second = desk.token("ada@example.com")
    assert first != second
    assert desk.public.confirm("ev-1", first).confirmed_now
    assert not desk.public.confirm("ev-1", second).confirmed_now
    assert desk.of("ada@example.com").racer_name == "Newer-1", "the newest form counts"


def test_mails_to_one_address_have_an_end(desk: Desk) -> None:
    for _ in range(12):
        desk.send("ada@example.com")
        desk.round()
        desk.stage.clock.advance(700)
    assert len(desk.mails("ada@example.com")) == 5


def test_who_is_registered_and_asks_again_is_told_so_and_stays_as_they_are(desk: Desk) -> None:
    desk.register("ada@example.com", racer_name="Turbo-7")
    before = desk.person("ada@example.com")
    desk.stage.clock.advance(700)
    desk.send("ada@example.com", racer_name="Other-1", q_size="S")
    desk.round()
    assert "registered already" in desk.mails("ada@example.com")[-1]["subject"]
    assert desk.person("ada@example.com") == before
    assert desk.public.look("ev-1", desk.token("ada@example.com")).racer_name == "Turbo-7"


def test_who_is_on_an_uploaded_list_gets_their_answers_merged_and_is_not_doubled(desk: Desk) -> None:
    (listed,) = desk.stage.add("ada@example.com", office="Milano", extra={"Badge": "7"})
    desk.register("ada@example.com", racer_name="Turbo-7", q_size="S", q_eat="Nuts")
    (person,) = desk.store.attendees("ev-1")
    assert (person.id, person.office, person.name) == (listed.id, "Milano", "Ada")
    assert dict(person.extra) == {"Badge": "7", "Anything you cannot eat?": "Nuts"}
    assert (dict(person.answers), person.new_to_ml) == ({"T-shirt size": "S"}, True)
    assert person.alias == "Turbo-7", "nothing carries the other racer name yet"


def test_a_racer_name_that_is_taken_is_given_with_a_number(desk: Desk) -> None:
    desk.register("ada@example.com", racer_name="Turbo-7")
    desk.register("bob@example.com", racer_name="turbo-7")
    assert [each.alias for each in desk.store.attendees("ev-1")] == ["Turbo-7", "turbo-7-2"]


def test_without_a_free_place_people_wait_and_move_up_by_themselves(desk: Desk) -> None:
    desk.stage.add("on.list@example.com")
    desk.store.update("ev-1", PORTAL, lambda portal: replace(portal, places=2))
    for name in ("ada", "bob", "cy"):
        desk.register(f"{name}@example.com")
    assert [desk.of(f"{name}@example.com").state for name in ("ada", "bob", "cy")] == ["accepted", "waiting", "waiting"]
    assert "waiting list" in desk.mails("bob@example.com")[-1]["subject"]
    assert desk.public.look("ev-1", desk.token("cy@example.com")).place == 2
    ada = desk.person("ada@example.com")
    desk.store.amend_attendees("ev-1", lambda each: replace(each, wanted=False), ids=[ada.id])
    desk.round()
    assert [desk.of(f"{name}@example.com").state for name in ("ada", "bob", "cy")] == [
        "withdrawn",
        "accepted",
        "waiting",
    ]
    desk.round()
    assert "you have a place" in desk.mails("bob@example.com")[-1]["subject"]
    assert sum("you have a place" in mail["subject"] for mail in desk.mails("bob@example.com")) == 1
    desk.store.update("ev-1", PORTAL, lambda portal: replace(portal, places=3))
    desk.round()
    assert desk.of("cy@example.com").state == "accepted"


def test_who_gives_their_place_back_goes_off_the_list_the_next_moves_up_and_they_may_come_again(desk: Desk) -> None:
    desk.store.update("ev-1", PORTAL, lambda portal: replace(portal, places=1))
    for name in ("ada", "bob"):
        desk.register(f"{name}@example.com")
    token = desk.token("ada@example.com")
    assert desk.public.leave("ev-1", token).left_now
    assert not desk.public.leave("ev-1", token).left_now
    assert desk.person("ada@example.com").wanted, "the page takes nobody off the list: the worker does"
    desk.round()
    assert not desk.person("ada@example.com").wanted
    assert [desk.of(f"{name}@example.com").state for name in ("ada", "bob")] == ["withdrawn", "accepted"]
    told = [(entry.target, entry.count) for entry in desk.store.audit("ev-1") if entry.action == "portal.decide"]
    assert told == [("accepted", 1), ("withdrawn", 1), ("accepted", 1)]
    desk.store.update("ev-1", PORTAL, lambda portal: replace(portal, places=2))
    desk.stage.clock.advance(700)
    desk.register("ada@example.com")
    assert (desk.of("ada@example.com").state, desk.person("ada@example.com").wanted) == ("accepted", True)
    assert desk.of("ada@example.com").left_at is None, "whom an organizer takes out now an organizer lets in again"


def test_whom_an_organizer_puts_back_on_the_list_stays_there(desk: Desk) -> None:
    desk.register("ada@example.com")
    desk.public.leave("ev-1", desk.token("ada@example.com"))
    desk.round()
    ada = desk.person("ada@example.com")
    desk.store.amend_attendees("ev-1", lambda each: replace(each, wanted=True), ids=[ada.id])
    desk.round()
    assert desk.person("ada@example.com").wanted


def test_a_program_that_invents_addresses_makes_no_more_mails_than_may_be_and_people_still_come_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "unconfirmed_at_most", lambda _: 3)
    desk.register("ada@example.com")
    for number in range(8):
        desk.send(f"invented{number}@example.com")
    desk.send("bob@example.com")
    desk.round()
    asked = [row for row in desk.store.rows("ev-1", REGISTRATIONS).values() if row.state == "asked"]
    assert len(asked) == 3
    assert len(desk.store.rows("ev-1", ASKED)) == 6, "nothing is lost: they wait"
    desk.stage.clock.advance(700)
    desk.send("ada@example.com")
    desk.round()
    assert "registered already" in desk.mails("ada@example.com")[-1]["subject"], "who is known waits behind nobody"
    forget_registrations(desk.store, "ev-1", [row.email for row in asked])
    desk.round()
    desk.round()
    forget_registrations(desk.store, "ev-1", [f"invented{number}@example.com" for number in range(8)])
    desk.round()
    desk.round()
    assert desk.of("bob@example.com").state == "asked"


def test_by_hand_nobody_is_on_the_list_before_an_organizer_says_so(desk: Desk) -> None:
    desk.store.update("ev-1", PORTAL, lambda portal: replace(portal, by_hand=True))
    for name in ("ada", "bob"):
        desk.register(f"{name}@example.com")
    assert desk.store.attendees("ev-1") == []
    organizers = desk.stage.console.first.registrations
    organizers.accept(ORGANIZER, [registration_id("ada@example.com")])
    organizers.refuse(ORGANIZER, [registration_id("bob@example.com")])
    desk.round()
    desk.round()
    assert [each.email for each in desk.store.attendees("ev-1")] == ["ada@example.com"]
    assert "you have a place" in desk.mails("ada@example.com")[-1]["subject"]
    assert "no place" in desk.mails("bob@example.com")[-1]["subject"]
    count = len(desk.mails("bob@example.com"))
    desk.stage.clock.advance(700)
    desk.send("bob@example.com")
    desk.round()
    assert len(desk.mails("bob@example.com")) == count, "who was refused is not mailed again by a form"


def test_whom_an_organizer_took_out_does_not_come_back_through_the_portal_by_themselves(desk: Desk) -> None:
    (gone,) = desk.stage.add("ada@example.com")
    desk.store.amend_attendees("ev-1", lambda each: replace(each, wanted=False), ids=[gone.id])
    desk.register("ada@example.com")
    assert (desk.of("ada@example.com").state, desk.person("ada@example.com").wanted) == ("verified", False)
    desk.stage.console.first.registrations.accept(ORGANIZER, [registration_id("ada@example.com")])
    desk.round()
    assert (desk.of("ada@example.com").state, desk.person("ada@example.com").wanted) == ("accepted", True)


def test_a_worker_that_dies_between_two_writes_loses_nobody_and_doubles_nobody(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dies at each of its writes in turn; a new one goes on."""
    real = type(desk.store).change_rows
    for nth in range(1, 8):
        email = f"racer{nth}@example.com"
        desk.send(email)
        for _ in range(2):
            calls = iter(range(1, 100))

            def dying(store: Any, *args: Any, calls: Any = calls, nth: int = nth, **values: Any) -> Any:
                if next(calls) == nth:
                    raise StoreError("The power is cut.")
                return real(store, *args, **values)

            with monkeypatch.context() as cut:
                cut.setattr(type(desk.store), "change_rows", dying)
                desk.reconciler = RegistrationReconciler(desk.stage.ports)
                with contextlib.suppress(StoreError):
                    desk.reconciler.run(desk.store.event("ev-1"), desk.stage.lease)
            desk.reconciler = RegistrationReconciler(desk.stage.ports)
            desk.round()
            if desk.of(email).state == "asked":
                desk.public.confirm("ev-1", desk.token(email))
        desk.round()
        assert desk.of(email).state == "accepted"
    assert len(desk.store.attendees("ev-1")) == 7
    told = [entry.count for entry in desk.store.audit("ev-1") if entry.action == "portal.decide"]
    assert sum(told) == 7, "each is told once"
    confirms = [row for row in desk.store.deliveries("ev-1") if row.template == "register_confirm"]
    assert {row.state for row in confirms} == {Sending.SENT}


def test_who_never_confirms_is_forgotten_after_a_week_with_links_and_mails(desk: Desk) -> None:
    desk.send("ada@example.com")
    desk.round()
    desk.stage.clock.advance(timedelta(days=8).total_seconds())
    desk.round()
    assert desk.store.rows("ev-1", REGISTRATIONS) == {}
    assert desk.store.rows("ev-1", PORTAL_LINKS) == {}
    assert desk.store.deliveries("ev-1") == []


def test_nothing_is_taken_once_the_event_is_closed(desk: Desk) -> None:
    desk.send("ada@example.com")
    now = desk.stage.clock.event_now()
    desk.store.amend_event("ev-1", lambda event: replace(event, closed_at=now))
    desk.round()
    assert desk.store.rows("ev-1", REGISTRATIONS) == {}
    assert desk.send("bob@example.com") is Answer.CLOSED


def test_a_thousand_forms_are_taken_in_passes(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "FORMS_A_PASS", 3)
    for number in range(8):
        desk.send(f"racer{number}@example.com")
    event = desk.store.event("ev-1")
    assert [desk.reconciler.run(event, desk.stage.lease) for _ in range(4)] == [3, 3, 2, 0]


def test_forgetting_an_address_takes_registration_links_mails_and_forms(desk: Desk) -> None:
    desk.register("ada@example.com")
    desk.register("bob@example.com")
    desk.send("ada@example.com")
    forget_registrations(desk.store, "ev-1", ["ada@example.com"])
    assert [row.email for row in desk.store.rows("ev-1", REGISTRATIONS).values()] == ["bob@example.com"]
    assert {row.registration for row in desk.store.rows("ev-1", PORTAL_LINKS).values()} == {
        registration_id("bob@example.com")
    }
    assert desk.store.rows("ev-1", ASKED) == {}
    assert {row.attendee for row in desk.store.deliveries("ev-1")} == {registration_id("bob@example.com")}
