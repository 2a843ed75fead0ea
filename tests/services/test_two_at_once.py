"""What one person does and what another, or the worker, does at the same moment both hold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import Conflict, Missing
from deepracer_admin.model import Actor, Attendee, Event, Outcome, State, Step
from deepracer_admin.records.guest_book import GUESTS, Guest, GuestState
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from tests.pages.conftest import NOW

Between = Callable[[str, Callable[[], object]], None]


@pytest.fixture
def between(console: Console, monkeypatch: pytest.MonkeyPatch) -> Between:
    """Right after the next call of this method of the store somebody else acts, once."""

    def arranged(method: str, act: Callable[[], object]) -> None:
        real, waiting = getattr(console.store, method), [act]

        def called(*given: Any, **named: Any) -> Any:
            answer = real(*given, **named)
            if waiting:
                waiting.pop()()
            return answer

        monkeypatch.setattr(console.store, method, called)

    return arranged


def person(console: Console, key: str) -> Attendee:
    return console.store.attendee("ev-1", key)


def amend(console: Console, key: str, **values: Any) -> None:
    console.store.amend_attendees("ev-1", lambda each: replace(each, **values), ids=[key])


def test_an_edit_of_the_event_leaves_it_closed(
    console: Console, event: Event, organizer: Actor, between: Between
) -> None:
    shown = console.first.events.draft_of(event)
    between("event", lambda: console.store.amend_event(event.id, lambda now: replace(now, closed_at=NOW)))
    edited = console.first.events.edit(organizer, replace(shown, name="Spring Cup"), shown)
    assert console.store.event(event.id) == edited
    assert (edited.name, edited.closed_at) == ("Spring Cup", NOW)


def test_two_edits_of_different_settings_both_hold(
    console: Console, event: Event, organizer: Actor, between: Between
) -> None:
    shown = console.first.events.draft_of(event)
    between("event", lambda: console.store.amend_event(event.id, lambda now: replace(now, budget_usd=77.0)))
    console.first.events.edit(organizer, replace(shown, name="Spring Cup"), shown)
    now = console.store.event(event.id)
    assert (now.name, now.budget_usd) == ("Spring Cup", 77.0)


def test_whoever_is_taken_out_during_an_import_stays_out(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    dry = console.first.attendees.dry_run(organizer, b"Email,Name\nracer1@example.com,Racer One\n", filename="l.csv")
    between("create_job", lambda: console.first.onboarding.remove(organizer, ["at-1"], typed_name="Autumn Cup"))
    console.first.attendees.run_import(organizer, dry)
    assert person(console, "at-1") == replace(people[0], name="Racer One", wanted=False)


def test_whoever_is_taken_out_after_an_import_stays_out_when_it_is_undone(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    dry = console.first.attendees.dry_run(organizer, b"Email,Name\nracer1@example.com,Racer One\n", filename="l.csv")
    job = console.first.attendees.run_import(organizer, dry)
    console.first.onboarding.remove(organizer, ["at-1"], typed_name="Autumn Cup")
    console.first.attendees.undo_import(organizer, job.id)
    assert person(console, "at-1") == replace(people[0], wanted=False)


def test_the_name_that_a_racer_chose_survives_an_import(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    dry = console.first.attendees.dry_run(organizer, b"Email,Name\nracer1@example.com,Racer One\n", filename="l.csv")
    between("create_job", lambda: amend(console, "at-1", alias="Flash"))
    console.first.attendees.run_import(organizer, dry)
    assert (person(console, "at-1").name, person(console, "at-1").alias) == ("Racer One", "Flash")


def test_the_name_that_a_racer_chose_survives_the_undo_of_an_import(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    dry = console.first.attendees.dry_run(organizer, b"Email,Name\nracer1@example.com,Racer One\n", filename="l.csv")
    job = console.first.attendees.run_import(organizer, dry)
    between("job_items", lambda: amend(console, "at-1", alias="Flash"))
    console.first.attendees.undo_import(organizer, job.id)
    assert person(console, "at-1") == replace(people[0], alias="Flash")


def test_the_name_that_a_racer_chose_survives_a_corrected_address(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    between("steps_of", lambda: amend(console, "at-1", alias="Flash"))
    changed = console.first.attendees.change_email(organizer, "at-1", "one@example.com")
    assert changed == person(console, "at-1") == replace(people[0], email="one@example.com", alias="Flash")


def test_the_name_that_a_racer_chose_survives_coming_back_as_a_walk_up(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    between("attendees", lambda: amend(console, "at-6", alias="Flash"))
    back = console.first.attendees.add(organizer, email="racer6@example.com", name="Racer 6")
    assert back == person(console, "at-6") == replace(people[5], wanted=True, alias="Flash")


def test_the_name_that_a_racer_chose_survives_being_taken_out(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    between("attendees", lambda: amend(console, "at-1", alias="Flash"))
    console.first.onboarding.remove(organizer, ["at-1"], typed_name="Autumn Cup")
    assert person(console, "at-1") == replace(people[0], wanted=False, alias="Flash")


def test_a_move_to_another_service_keeps_what_the_worker_learned_meanwhile(
    console: Console, people: list[Attendee], event: Event, organizer: Actor, between: Between
) -> None:
    amend(console, "at-1", refusal="The service takes no such address.")
    between("amend_event", lambda: amend(console, "at-1", alias="Flash"))
    shown = console.first.events.draft_of(event)
    console.first.events.edit(organizer, replace(shown, service="managed"), shown)
    assert person(console, "at-1") == replace(people[0], refusal="", alias="Flash")


def test_somebody_who_is_erased_during_a_correction_does_not_come_back(
    console: Console, people: list[Attendee], organizer: Actor, between: Between
) -> None:
    between("steps_of", lambda: console.store.delete_attendees("ev-1", ["at-1"]))
    with pytest.raises(Missing, match="not on the list any more"):
        console.first.attendees.change_email(organizer, "at-1", "one@example.com")
    assert "at-1" not in {each.id for each in console.store.attendees("ev-1")}


@pytest.mark.parametrize("act", ["start", "pause"])
def test_onboarding_that_was_closed_meanwhile_is_not_started_again(
    console: Console, people: list[Attendee], organizer: Actor, between: Between, act: str
) -> None:
    before = Run.IDLE if act == "start" else Run.RUNNING
    console.store.update("ev-1", ONBOARDING, lambda _: Onboarding(before))
    closed = Onboarding(Run.CLOSED)
    between("event", lambda: console.store.update("ev-1", ONBOARDING, lambda _: closed))
    with pytest.raises(Conflict, match="Onboarding is closed"):
        getattr(console.first.onboarding, act)(organizer)
    assert console.store.read("ev-1", ONBOARDING) == closed


def test_an_erased_guest_is_not_put_back_by_the_directory(
    console: Console, people: list[Attendee], organizer: Actor
) -> None:
    book = console.first.onboarding.guests
    book.met("ev-1", {"at-1": Guest(GuestState.PENDING, "g-1", made=True)}, None)
    console.store.record("ev-1", [Outcome("at-1", Step.GROUP, State.TODO)], lease=None, now=NOW)
    console.first.attendees.erase(organizer, "at-1", typed="racer1@example.com")
    book.met("ev-1", {"at-1": Guest(GuestState.PENDING, "g-1", made=True)}, None)
    book.change("ev-1", {"at-1": lambda guest: replace(guest, link="x")}, None)
    assert console.store.rows("ev-1", GUESTS) == {}
