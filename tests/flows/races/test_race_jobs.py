"""Races and models: nothing is made twice, nothing is believed before it is read back."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.model import Job, JobState
from deepracer_admin.services.races.races import RaceForm
from tests.flows.conftest import ORGANIZER, Stage


def form(stage: Stage, **values: Any) -> RaceForm:
    start: datetime = stage.console.clock.event_now().replace(tzinfo=None, microsecond=0) + timedelta(hours=2)
    return RaceForm(
        **{
            "name": "Autumn Cup",
            "track_id": "reInvent2019_track",
            "opens": start,
            "closes": start + timedelta(hours=3),
            **values,
        }
    )


def create(stage: Stage) -> Job:
    return stage.finish(stage.console.first.races.create(ORGANIZER, form(stage)))


def test_a_race_is_made_and_its_link_is_told(stage: Stage) -> None:
    job = create(stage)
    assert job.state is JobState.DONE
    assert job.sentence.startswith("The race “Autumn Cup” exists (seen at the service); its link is http")
    assert len(stage.store.races(stage.event.id)[0]) == 1


def test_a_lost_answer_never_makes_a_second_race(stage: Stage) -> None:
    stage.ports.racing().capabilities  # noqa: B018
    stage.world.arm("deepracer", "lost_answer", operation="CreateLeaderboard", count=1)
    job = create(stage)
    assert job.state is JobState.DONE
    assert len(list(stage.ports.racing().races())) == 1
    assert stage.calls()["deepracer.CreateLeaderboard"] == 1


def test_an_upcoming_race_is_deleted_and_read_back(stage: Stage) -> None:
    create(stage)
    (race,) = stage.store.races(stage.event.id)[0]
    job = stage.store.create_job(
        Job("job-d", stage.event.id, "race.delete", race.id, JobState.PLANNED, {"race": race.id})
    )
    assert stage.finish(job).sentence == "The race is gone (seen at the service)."
    assert list(stage.ports.racing().races()) == []


def test_a_refusal_of_the_service_fails_the_job_with_its_sentence(stage: Stage) -> None:
    create(stage)
    job = stage.store.create_job(
        Job("job-e", stage.event.id, "race.close", "nosuchrace12345", JobState.PLANNED, {"race": "nosuchrace12345"})
    )
    found = stage.finish(job)
    assert found.state is JobState.FAILED
    assert found.sentence
