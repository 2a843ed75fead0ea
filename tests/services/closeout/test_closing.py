"""Before closing is started: what it says it deletes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event, Profile
from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
from deepracer_admin.ui.closeout.closing import start_facts
from tests.pages.conftest import NOW


def test_older_models_of_adopted_profiles_are_said_to_go_too(console: Console, event: Event, organizer: Actor) -> None:
    view = replace(console.first.closeout.view(organizer), created_profiles=3, adopted_profiles=2)
    assert view.models_fact == (
        "Models of 5 profiles are deleted; 2 of them had a profile before this event: their older models go too."
    )
    assert replace(view, adopted_profiles=0).models_fact == "Models of 3 profiles are deleted."


def test_managed_profiles_that_came_by_this_event_are_told_from_older_ones(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    """Nobody is invited there: the day on which a profile appeared tells."""
    console.store.save_event(replace(event, service="managed"))
    console.store.update(event.id, SPONSORSHIP, lambda _: Sponsorship(open=True, opened_at=NOW))
    ages = [NOW - timedelta(days=30), NOW + timedelta(hours=1), NOW + timedelta(hours=2), None]
    listed = [replace(each, created_at=age) for each, age in zip(profiles, ages, strict=True)]
    console.store.save_profiles(event.id, listed, seen_at=NOW, lease=None)
    view = console.first.closeout.view(organizer)
    assert (view.created_profiles, view.adopted_profiles) == (2, 2)


def test_who_another_open_event_needs_is_said_before_closing_and_not_counted_as_deleted(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    shared = console.store.attendees(event.id)[:2]
    other = replace(event, id="ev-b", name="Winter Cup")
    console.store.save_event(other)
    console.store.save_attendees(other.id, [replace(person, id=f"b-{person.id}") for person in shared])
    console.store.update(other.id, SPONSORSHIP, lambda _: Sponsorship(open=True, opened_at=NOW))
    view = console.of(event.id).closeout.view(organizer)
    assert view.shared == [("Winter Cup", 2)]
    assert view.created_profiles + view.adopted_profiles + view.kept_profiles == len(console.store.links(event.id))
    assert view.kept_profiles == sum(person.id in console.store.links(event.id) for person in shared)
    facts = start_facts(view, event)
    assert any(fact.startswith("2 people are in “Winter Cup” too, which is open: they keep") for fact in facts)
    assert any(fact.startswith("The limits of new profiles stay as they are: “Winter Cup” sponsors") for fact in facts)
    managed = start_facts(replace(view, managed=True), event)
    assert any(fact.startswith("Multi-user mode stays on: “Winter Cup”") for fact in managed)
    assert not any("Multi-user mode goes off" in fact for fact in managed)
    console.store.amend_event(other.id, lambda each: replace(each, closed_at=NOW))
    assert console.of(event.id).closeout.view(organizer).shared_facts == []
