"""Freezing: this event's races end, other people's stay open, and nothing of it stops the close-out."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import Refused
from deepracer_admin.model import Job, JobState, Race, RaceDraft
from deepracer_admin.records.boards import FROZEN_BOARDS
from deepracer_admin.records.entrants import OWN_RACES
from tests.flows.conftest import ORGANIZER, Stage
from tests.flows.races.test_race_jobs import create

TRACK = "reInvent2019_track"
LIVE = "A live race ends when its winner is declared: do that on its live page."


def elsewhere(stage: Stage, name: str, **values: Any) -> Race:
    """A race that somebody made on the deployment's own page, open now."""
    now = stage.ports.clock.event_now()
    draft = RaceDraft(name, TRACK, now - timedelta(hours=1), now + timedelta(days=9))
    return stage.ports.racing().create_race(replace(draft, **values))


def ours(stage: Stage) -> Race:
    """The event's own race, made by its job, and open by now."""
    assert create(stage).state is JobState.DONE
    stage.world.advance(3 * 3600)
    stage.anchor_clock()
    return next(race for race in stage.ports.racing().races() if race.draft.name == "Autumn Cup")


def close(stage: Stage) -> str:
    """The close-out to its end; what the freeze says."""
    job = stage.finish(stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name))
    assert job.state is JobState.DONE, job.sentence
    return next(item.sentence for item in stage.store.job_items(job.id) if item.key == "freeze")


def closing(stage: Stage, race: Race) -> Any:
    return next(each.draft.closes_at for each in stage.ports.racing().races() if each.id == race.id)


def test_only_the_events_own_races_end(stage: Stage) -> None:
    other, second = elsewhere(stage, "Other team"), elsewhere(stage, "Third team")
    mine = ours(stage)
    assert close(stage) == (
        "3 races frozen, 1 ended early. 2 races that are not this event's stay open: Other team, Third team."
    )
    assert closing(stage, mine) < mine.draft.closes_at
    assert (closing(stage, other), closing(stage, second)) == (other.draft.closes_at, second.draft.closes_at)


def test_a_board_that_the_close_out_freezes_shows_its_last_reading(stage: Stage) -> None:
    mine = ours(stage)
    close(stage)
    frozen = stage.store.row(stage.event.id, FROZEN_BOARDS, mine.id)
    assert frozen is not None
    assert frozen.at >= stage.console.history.standings_read_at(stage.event.id)[mine.id]


def test_the_id_of_a_race_is_kept_when_it_is_made_also_after_a_lost_answer(stage: Stage) -> None:
    stage.ports.racing().capabilities  # noqa: B018
    stage.world.arm("deepracer", "lost_answer", operation="CreateLeaderboard", count=1)
    create(stage)
    (race,) = stage.ports.racing().races()
    assert stage.store.read(stage.event.id, OWN_RACES) == {race.id}


def test_a_race_from_before_ids_were_kept_is_known_by_its_job_even_when_it_was_extended(stage: Stage) -> None:
    mine = ours(stage)
    stage.store.update(stage.event.id, OWN_RACES, lambda _: frozenset())
    longer = replace(mine.draft, closes_at=mine.draft.closes_at + timedelta(hours=5))
    stage.ports.racing().edit_race(mine.id, longer)
    assert close(stage) == "1 race frozen, 1 ended early."


def test_a_job_that_failed_makes_no_race_ours(stage: Stage) -> None:
    mine = ours(stage)
    stage.store.update(stage.event.id, OWN_RACES, lambda _: frozenset())
    (job,) = stage.store.jobs(stage.event.id, kind="race.create")
    stage.store.update_job(job.id, state=JobState.FAILED, now=stage.console.clock.now())
    assert close(stage).endswith("1 race that is not this event's stays open: Autumn Cup.")
    assert closing(stage, mine) == mine.draft.closes_at


def test_a_race_of_the_same_name_at_another_time_is_somebody_elses(stage: Stage) -> None:
    other = elsewhere(stage, "Autumn Cup")
    job = Job("job-r", stage.event.id, "race.create", "Autumn Cup", JobState.DONE, {"draft": plain(other.draft)})
    shifted = {
        **plain(other.draft),
        "opens_at": "2020-01-01T00:00:00+00:00",
        "closes_at": "2020-01-02T00:00:00+00:00",
    }
    stage.store.create_job(replace(job, plan={"draft": shifted}))
    assert "stays open: Autumn Cup." in close(stage)


def plain(draft: RaceDraft) -> dict[str, Any]:
    values = {name: getattr(draft, name) for name in draft.__slots__}
    return values | {
        "opens_at": draft.opens_at.isoformat(),
        "closes_at": draft.closes_at.isoformat(),
        "timing": str(draft.timing),
    }


def test_a_live_race_is_named_and_does_not_fail_the_close_out(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    ours(stage)

    def is_live(*_: Any, **__: Any) -> Race:
        raise Refused(LIVE)

    monkeypatch.setattr(type(stage.ports.racing()), "close_race", is_live)
    assert close(stage) == (
        "1 race frozen, 0 ended early. 1 race of this event stays open, which the service refused to end: Autumn Cup "
        "(A live race ends when its winner is declared: do that on its live page)."
    )


def test_closing_again_ends_nothing_that_is_over(stage: Stage) -> None:
    mine = ours(stage)
    close(stage)
    first = closing(stage, mine)
    stage.world.advance(3600)
    stage.anchor_clock()
    assert close(stage) == "1 race frozen, 0 ended early."
    assert closing(stage, mine) == first
