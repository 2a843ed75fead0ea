"""What a finished submission makes of the board: its score, and the best of each racer (deepracer-on-aws.md 2.5).

A submission counts whenever it finishes, also long after the race has closed (deepracer-on-aws-capacity.md 4).
"""

from __future__ import annotations

from typing import Any

from .scoring import INVALID_SCORE, score_laps, summarise_laps
from .state import Ranking, State, Submission


def rank(state: State, submission: Submission | None) -> None:
    """Score a finished submission and keep it when it is this profile's best."""
    race = state.leaderboards.get(submission.leaderboard_id) if submission else None
    if submission is None or race is None:
        return
    minimum = race.definition["submissionTerminationConditions"]["minimumLaps"]
    submission.score = score_laps(submission.laps_ms, race.definition["timingMethod"], minimum)
    if submission.score == INVALID_SCORE:
        return
    submission.stats = summarise_laps(
        submission.laps_ms, submission.off_track, submission.collisions, submission.resets
    )
    former = state.rankings.get(race.leaderboard_id, {}).get(submission.profile_id)
    profile = state.profiles.get(submission.profile_id)
    if profile is None or (former is not None and former.score <= submission.score):
        return
    state.put_ranking(
        Ranking(
            race.leaderboard_id, profile.profile_id, profile.alias, dict(profile.avatar), submission.model_id,
            submission.model_name, submission.submission_id, submission.number, submission.submitted,
            submission.score, submission.stats,
        )
    )  # fmt: skip


def trial(number: int, elapsed_ms: int) -> dict[str, Any]:
    """One lap of an evaluation as the service shows it."""
    counts = {"crashCount": 0, "offTrackCount": 0, "resetCount": 0}
    fixed = {"completionPercentage": 100, "episodeStatus": "Lap complete", "trial": number}
    return fixed | counts | {"elapsedTimeInMilliseconds": elapsed_ms}
