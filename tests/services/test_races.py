"""Races: what the form refuses, in the event's own zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from deepracer_admin.errors import BadInput, Missing, NotAllowed
from deepracer_admin.model import Race, RaceDraft, Role
from deepracer_admin.services.races import RaceForm
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR = actor_of(Role.ORGANIZER), actor_of(Role.FACILITATOR)
LOCAL = datetime(2026, 11, 23, 10, 30)  # noqa: DTZ001 - a time as typed, in the event's zone
FORM = RaceForm("Grand Final", "t-1", LOCAL, LOCAL + timedelta(hours=3))


@pytest.fixture
def races(console, event):
    """One open race, two tracks; the second is raced clockwise only."""
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(minutes=5), NOW + timedelta(days=1))
    console.store.save_races(event.id, [Race("r-1", draft, participants=4)], seen_at=NOW, lease=None)
    tracks = [
        {"id": "t-1", "name": "Smile", "directions": ["COUNTER_CLOCKWISE"], "length_m": None},
        {"id": "t-2", "name": "Bowl", "directions": ["CLOCKWISE"], "length_m": None},
    ]
    console.store.put(event.id, "tracks", tracks)
    return console.races


def test_times_are_of_the_events_zone(races):
    draft = races.create(ORGANIZER, FORM).plan["draft"]
    assert draft["opens_at"] == "2026-11-23T09:30:00+00:00"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"name": ""}, "Name"),
        ({"name": "Grand <b>"}, "Name"),
        ({"name": "CUP"}, "race of that name"),
        ({"track_id": "t-9"}, "Track"),
        ({"track_id": "t-2"}, "Direction"),
        ({"closes": LOCAL}, "closes before it opens"),
        ({"opens": LOCAL - timedelta(days=3), "closes": LOCAL - timedelta(days=2)}, "already be over"),
        ({"laps": 0}, "Laps"),
        ({"max_submissions": 0}, "Submissions"),
        ({"objects": 7}, "Objects"),
        ({"off_track_penalty_s": -1.0}, "Penalties"),
    ],
)
def test_a_form_that_cannot_be_is_refused_with_its_field(races, console, event, change, said):
    with pytest.raises(BadInput, match=said):
        races.create(ORGANIZER, replace(FORM, **change))
    assert not console.store.jobs(event.id)


def test_a_race_is_deleted_only_with_its_name_typed(races):
    with pytest.raises(BadInput, match="exactly"):
        races.delete(ORGANIZER, "r-1", typed_name="cup")
    assert races.delete(ORGANIZER, "r-1", typed_name="Cup").kind == "race.delete"


def test_an_edit_starts_from_what_was_read_and_comes_back_the_same(races, console, event):
    [row], _ = races.list(FACILITATOR)
    form = races.form_of(row.race, event.zone)
    draft = races.edit(ORGANIZER, "r-1", form).plan["draft"]
    assert draft["opens_at"] == row.race.draft.opens_at.isoformat()
    assert draft["name"] == "Cup"


def test_a_facilitator_changes_no_race(races):
    for call in (lambda: races.create(FACILITATOR, FORM), lambda: races.close(FACILITATOR, "r-1")):
        with pytest.raises(NotAllowed):
            call()


def test_a_race_that_is_gone_is_said_so(races):
    with pytest.raises(Missing, match="not in the list"):
        races.close(ORGANIZER, "r-9")
