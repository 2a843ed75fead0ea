"""Before closing is started: what it says it deletes."""

from __future__ import annotations

from dataclasses import replace

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event


def test_older_models_of_adopted_profiles_are_said_to_go_too(console: Console, event: Event, organizer: Actor) -> None:
    view = replace(console.closeout.view(organizer), created_profiles=3, adopted_profiles=2)
    assert view.models_fact == (
        "Models of 5 profiles are deleted; 2 of them had a profile before this event: their older models go too."
    )
    assert replace(view, adopted_profiles=0).models_fact == "Models of 3 profiles are deleted."
