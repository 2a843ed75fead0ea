"""The exported standings are the board that everybody saw: with whom it left out, and without the names it hid."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

from deepracer_admin.flows.closeout.export_files import export
from deepracer_admin.model import Job, JobState, Race, RaceDraft, Standing
from deepracer_admin.records.boards import FROZEN_BOARDS, FrozenBoard
from tests.flows.conftest import ORGANIZER, Stage

RACE = "r-1"


def rows(at: datetime, *results: tuple[str, str, int]) -> list[Standing]:
    return [
        Standing(rank, alias, score, submissions=3, submitted_at=at, profile_id=profile)
        for rank, (alias, profile, score) in enumerate(results, start=1)
    ]


def raced(stage: Stage, *results: tuple[str, str, int]) -> datetime:
    """One race with four results, two of them by racers who bear one name."""
    now = stage.clock.event_now()
    draft = RaceDraft("Autumn Cup", "reInvent2019_track", now - timedelta(hours=2), now + timedelta(hours=2))
    stage.store.save_races(stage.event.id, [Race(RACE, draft)], seen_at=stage.clock.now(), lease=stage.lease)
    four = ("Fast", "p-1", 8000), ("RacerAlias", "p-2", 9000), ("RacerAlias", "p-3", 9500), ("Rude", "p-4", 9900)
    found = rows(now, *(results or four))
    stage.console.history.save_standings(stage.event.id, RACE, now, found)
    return now


def exported(stage: Stage) -> list[list[str]]:
    """Rank, alias, score and note of each line."""
    job = stage.store.create_job(Job("job-x", stage.event.id, "closeout", "x", JobState.RUNNING, {}))
    export(stage.ports, stage.event, job, stage.lease)
    path = stage.ports.home / "exports" / stage.event.id / f"standings-{RACE}.csv"
    table = [*csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig")))]
    assert table[0][:6] == ["Rank", "Alias", "Score (ms)", "Best lap (ms)", "Submissions", "Note"]
    return [[line[0], line[1], line[2], line[5]] for line in table[1:]]


def test_who_is_disqualified_has_no_place_and_their_reason_stands_there(stage: Stage) -> None:
    raced(stage)
    boards = stage.console.first.boards
    boards.disqualify(ORGANIZER, RACE, "profile:p-2", reason="Somebody else's model")
    boards.hide(ORGANIZER, RACE, "profile:p-4", hidden=True)
    assert exported(stage) == [
        ["1", "Fast", "8000", ""],
        ["2", "RacerAlias", "9500", ""],
        ["3", "Racer 3", "9900", "name hidden"],
        ["", "RacerAlias", "9000", "disqualified: Somebody else's model"],
    ]


def test_a_rude_name_is_hidden_there_too_whether_it_was_ranked_or_taken_out(stage: Stage) -> None:
    raced(stage, ("Fast", "p-1", 8000), ("Sh1tStorm", "p-2", 9000), ("BigAss", "p-4", 9900))
    stage.console.first.boards.disqualify(ORGANIZER, RACE, "profile:p-4", reason="Two accounts")
    assert exported(stage) == [
        ["1", "Fast", "8000", ""],
        ["2", "Racer 2", "9000", "name hidden"],
        ["", "(hidden)", "9900", "disqualified: Two accounts (name hidden)"],
    ]


def test_a_name_that_was_hidden_is_not_told_with_the_disqualification(stage: Stage) -> None:
    raced(stage)
    boards = stage.console.first.boards
    boards.disqualify(ORGANIZER, RACE, "profile:p-4", reason="That name")
    boards.hide(ORGANIZER, RACE, "profile:p-4", hidden=True)
    assert exported(stage)[-1] == ["", "(hidden)", "9900", "disqualified: That name (name hidden)"]


def test_a_board_that_was_held_is_exported_as_it_stood(stage: Stage) -> None:
    at = raced(stage)
    stage.store.change_rows(stage.event.id, FROZEN_BOARDS, lambda _: {RACE: FrozenBoard(at + timedelta(seconds=1))})
    later = at + timedelta(minutes=5)
    stage.console.history.save_standings(stage.event.id, RACE, later, rows(later, ("Late", "p-9", 7000)))
    assert [line[1] for line in exported(stage)] == ["Fast", "RacerAlias", "RacerAlias", "Rude"]
