"""Before closing is started: what it says it deletes."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event, Profile
from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
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
