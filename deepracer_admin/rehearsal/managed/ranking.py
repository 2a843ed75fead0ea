"""How a finished submission enters a leaderboard (1.4: best of each racer, `RankingScore` is the time ranked by)."""

from __future__ import annotations

from typing import Any

from .state import Account, CarModel, Job, Race, milliseconds, model_arn


def rank_submission(account: Account, job: Job, model: CarModel | None, now: float) -> None:
    """Keeps the run if it completed enough laps and beats the racer's best so far."""
    race = account.races.get(job.race_id)
    user = account.users[job.user_id]
    if race is None or len(job.laps_ms) < race.config["MinimumLaps"] or not job.laps_ms:
        return
    total, best = sum(job.laps_ms), min(job.laps_ms)
    average = round(total / len(job.laps_ms))
    score = {"TOTAL_TIME": total, "BEST_LAP_TIME": best, "AVG_LAP_TIME": average}[race.config["TimingMethod"]]
    earlier = race.best.get(user.user_id)
    if earlier is not None and earlier["RankingScore"] <= score:
        return
    race.best[user.user_id] = {
        "RankingScore": score,
        "Alias": user.alias,
        "UserId": user.user_id,
        "ModelArn": model_arn(job.model_id),
        "ModelName": model.name if model else "",
        "SubmissionTime": milliseconds(now),
        "LapCount": len(job.laps_ms),
        "AvgLapTime": average,
        "BestLapTime": best,
        "TotalLapTime": total,
        "AvgResets": job.resets / len(job.laps_ms),
        "CollisionCount": job.collisions,
        "OffTrackCount": job.off_track,
        "ResetCount": job.resets,
        "LeaderboardSubmissionStatusType": "SUCCESS",
    }


def leaderboard(race: Race) -> list[dict[str, Any]]:
    """The submissions in rank order; equal scores in the order of submission."""
    ordered = sorted(race.best.values(), key=lambda entry: (entry["RankingScore"], entry["SubmissionTime"]))
    return [
        {"Rank": rank, **entry, "SubmissionCount": race.submissions[entry["UserId"]]}
        for rank, entry in enumerate(ordered, 1)
    ]
