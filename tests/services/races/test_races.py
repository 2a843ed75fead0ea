"""Races: what the form refuses, in the event's own zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from deepracer_admin.errors import BadInput, Missing, NotAllowed
from deepracer_admin.flows.races.race_jobs import draft_from_plan
from deepracer_admin.model import Race, RaceDraft, Role, Timing, Track
from deepracer_admin.records.racing_service import TRACKS
from deepracer_admin.services.races.races import RaceForm
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR = actor_of(Role.ORGANIZER), actor_of(Role.FACILITATOR)
LOCAL = datetime(2026, 11, 23, 10, 30)  # noqa: DTZ001 - a time as typed, in the event's zone
FORM = RaceForm("Grand Final", "t-1", LOCAL, LOCAL + timedelta(hours=3))


@pytest.fixture
def races(console, event):
    """One open race, two tracks; the second is raced clockwise only."""
    draft = RaceDraft("Cup", "t-1", NOW - timedelta(minutes=5), NOW + timedelta(days=1))
    console.store.save_races(event.id, [Race("r-1", draft, participants=4)], seen_at=NOW, lease=None)
    console.store.keep(event.id, TRACKS, (Track("t-1", "Smile"), Track("t-2", "Bowl", ("CLOCKWISE",))))
    return console.first.races


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


ODD = RaceDraft(
    name="Coppa d'Été",
    track_id="t-9",
    opens_at=NOW - timedelta(minutes=5, seconds=13),
    closes_at=NOW + timedelta(hours=5, seconds=7),
    direction="SIDEWAYS",
    timing=Timing.AVG_LAP_TIME,
    race_type="HEAD_TO_HEAD_RACING",
    min_laps=2,
    max_laps=5,
    max_submissions=0,
    off_track_penalty_s=2.5,
    collision_penalty_s=4.5,
    objects=0,
    description="All day.",
    max_minutes=7,
)


@pytest.fixture
def change(races, console, event):
    """Changes a race as the screen does: from the form as it showed it, moments to the minute. The planned draft."""

    def changed(before, **fields):
        console.store.save_races(event.id, [Race("r-1", before)], seen_at=NOW, lease=None)
        form = races.form_of(Race("r-1", before), event.zone)
        shown = replace(form, opens=form.opens.replace(second=0), closes=form.closes.replace(second=0))
        return draft_from_plan(races.edit(ORGANIZER, "r-1", replace(shown, **fields)).plan["draft"])

    return changed


def test_moving_the_end_of_a_race_leaves_all_else_as_it_is(change):
    """Head-to-head, more laps than it counts, its own time limit: what the form does not hold or would not take."""
    assert change(ODD, closes=LOCAL + timedelta(hours=3)) == replace(
        ODD, closes_at=NOW + timedelta(hours=3, minutes=30)
    )


def test_a_race_of_deepracer_on_aws_keeps_its_time_limit_and_obstacles_too(change):
    draft = replace(ODD, race_type="OBJECT_AVOIDANCE", objects=3, description="", max_submissions=20)
    assert change(draft, max_submissions=30) == replace(draft, max_submissions=30)


@pytest.mark.parametrize(
    ("fields", "changes"),
    [
        ({"laps": 3}, {"min_laps": 3, "max_laps": 3}),
        ({"objects": 2}, {"objects": 2, "race_type": "OBJECT_AVOIDANCE"}),
        ({"name": "  Final  Cup"}, {"name": "Final Cup"}),
        ({"track_id": "t-2", "direction": "CLOCKWISE"}, {"track_id": "t-2", "direction": "CLOCKWISE"}),
        ({"timing": Timing.BEST_LAP_TIME}, {"timing": Timing.BEST_LAP_TIME}),
        ({}, {}),
    ],
)
def test_a_changed_field_changes_what_it_stands_for(change, fields, changes):
    assert change(ODD, **fields) == replace(ODD, **changes)


def test_without_objects_a_race_becomes_a_time_trial(change):
    before = replace(ODD, race_type="OBJECT_AVOIDANCE", objects=3)
    assert change(before, objects=0) == replace(before, race_type="TIME_TRIAL", objects=0)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": "Été"}, "Name"),
        ({"laps": 21}, "Laps"),
        ({"max_submissions": -1}, "Submissions"),
        ({"track_id": "t-8"}, "Track"),
        ({"direction": "CLOCKWISE"}, "Track"),
        ({"closes": LOCAL - timedelta(days=1)}, "closes before it opens"),
        ({"off_track_penalty_s": -1.0}, "Penalties"),
    ],
)
def test_a_changed_field_must_be_what_the_form_takes(change, fields, said):
    with pytest.raises(BadInput, match=said):
        change(ODD, **fields)


def test_a_facilitator_changes_no_race(races):
    for call in (lambda: races.create(FACILITATOR, FORM), lambda: races.close(FACILITATOR, "r-1")):
        with pytest.raises(NotAllowed):
            call()


def test_a_race_that_is_gone_is_said_so(races):
    with pytest.raises(Missing, match="not in the list"):
        races.close(ORGANIZER, "r-9")
