"""Submissions and rankings of a race (deepracer-on-aws.md 1.7, 2.5)."""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from .deployment import Call, Deployment
from .errors import Unmodelled, bad_request
from .leaderboards import find_race
from .live import enter_queue
from .models import own_model
from .scoring import INVALID_SCORE
from .state import Leaderboard, Model, Profile, Ranking, Submission
from .wire import PAGE, open_token, presign, seal_token, to_moment


def create_submission(site: Deployment, call: Call) -> dict[str, Any]:
    """Model, its state, the race's window, the limit per racer. Compute quotas are not checked."""
    model = own_model(site, call.caller.profile_id, call.body["modelId"])
    race = find_race(site, call)
    profile = site.state.profiles.get(call.caller.profile_id)
    if profile is None:
        raise Unmodelled
    submission = enter_submission(site, profile, race, model)
    return {"submissionId": submission.submission_id}


def enter_submission(
    site: Deployment,
    profile: Profile,
    race: Leaderboard,
    model: Model,
    laps_ms: list[int] | None = None,
    off_track: int = 0,
    collisions: int = 0,
    resets: int = 0,
) -> Submission:
    """The rules of CreateSubmission, then the submission and its job. Without `laps_ms` the car drives by chance."""
    if race.is_live:
        _check_live(site, race, model)
    if model.status != "READY":
        raise bad_request("Model is not in a submittable state.")
    now = site.now()
    if not race.is_live and not race.definition["openTime"] <= now < race.definition["closeTime"]:
        raise bad_request("The leaderboard is not accepting submissions.")
    made = len(site.state.submissions_of.get((race.leaderboard_id, profile.profile_id), ()))
    if made >= race.definition["maxSubmissionsPerUser"]:
        raise bad_request("Max number of submissions has been reached.")
    submission = Submission(
        site.state.new_id(), race.leaderboard_id, profile.profile_id, model.model_id, model.name, made + 1, now,
        "QUEUED",        laps_ms if laps_ms is not None else _drive(site, race), off_track, collisions, resets,
    )  # fmt: skip
    site.state.add_submission(submission)
    if race.is_live:
        enter_queue(site, race, profile, submission)
    else:
        site.compute.submit(submission, now)
    return submission


def _check_live(site: Deployment, race: Leaderboard, model: Model) -> None:
    over = race.live_status == "COMPLETED"
    started = site.now() >= race.definition.get("liveEventTime", float("inf"))
    if over or (started and not race.submission_open):
        raise bad_request("Submissions closed.")
    items = site.state.queues.get(race.leaderboard_id, {}).values()
    if any(item.model_id == model.model_id for item in items):
        raise bad_request("This model has already been submitted to this race.")


def _drive(site: Deployment, race: Leaderboard) -> list[int]:
    pace = site.state.random.randint(9_000, 17_000)
    laps = max(1, race.definition["submissionTerminationConditions"]["maximumLaps"])
    return [pace + site.state.random.randint(0, 1_200) for _ in range(min(laps, 20))]


def list_submissions(site: Deployment, call: Call) -> dict[str, Any]:
    """The caller's own, newest first, also for admins."""
    race = find_race(site, call)
    own = site.state.submissions_of.get((race.leaderboard_id, call.caller.profile_id), [])
    token = open_token("submissions", call.query.get("token"))
    start = int(token.get("at", 0))
    page = list(reversed(own))[start : start + PAGE]
    more = seal_token("submissions", page[-1], at=start + PAGE) if start + PAGE < len(own) else None
    shown = [_describe_submission(site.state.submissions[key]) for key in page]
    return {"submissions": shown} | ({"token": more} if more else {})


def _describe_submission(row: Submission) -> dict[str, Any]:
    finished = row.score is not None and row.score != INVALID_SCORE
    at = to_moment(row.submitted, always_millis=True)
    video = f"videos/submission/{at}-deepracerindy-submission-{row.submission_id}/camera-pip/0-video.mp4"
    members = {
        "submittedAt": at,
        "stats": row.stats if finished else None,
        "submissionNumber": row.number,
        "rankingScore": row.score if finished else None,
        "videoUrl": presign(f"{row.profile_id}/models/{row.model_id}/{video}", 3600),
        "modelId": row.model_id,
        "modelName": row.model_name,
        "status": row.status,
    }
    return {name: value for name, value in members.items() if value is not None}


def list_rankings(site: Deployment, call: Call) -> dict[str, Any]:
    """Best first; the rank is a running number, so ties are not shared. No profileId, no model name."""
    race = find_race(site, call)
    token = open_token("rankings", call.query.get("token"))
    order = site.state.ranked.get(race.leaderboard_id, [])
    start, counted = 0, 0
    if token:
        if not isinstance(token.get("score"), int) or not isinstance(token.get("rank"), int):
            raise Unmodelled
        start, counted = bisect_left(order, (token["score"], token["key"], "￿")), token["rank"]
    rows = site.state.rankings.get(race.leaderboard_id, {})
    page = order[start : start + PAGE]
    shown = [
        _describe_ranking(rows[profile_id])
        | {"rank": counted + index, "userProfile": {"alias": rows[profile_id].alias, "avatar": rows[profile_id].avatar}}
        for index, (_, _, profile_id) in enumerate(page, start=1)
    ]
    more = None
    if start + PAGE < len(order):
        more = seal_token("rankings", page[-1][1], score=page[-1][0], rank=counted + len(page))
    return {"rankings": shown} | ({"token": more} if more else {})


def get_ranking(site: Deployment, call: Call) -> dict[str, Any]:
    """The caller's own: strictly better scores plus one, so tied racers see the same rank. `{}` if there is none."""
    key = call.path["leaderboardId"]
    row = site.state.rankings.get(key, {}).get(call.caller.profile_id)
    if row is None:
        return {}
    better = bisect_left(site.state.ranked[key], (row.score, "", ""))
    extra = {"rank": better + 1, "modelId": row.model_id, "modelName": row.model_name}
    return {"ranking": _describe_ranking(row) | extra}


def _describe_ranking(row: Ranking) -> dict[str, Any]:
    return {
        "submittedAt": to_moment(row.submitted, always_millis=True),
        "stats": row.stats,
        "submissionNumber": row.number,
        "rankingScore": row.score,
        "videoUrl": presign(f"{row.profile_id}/models/{row.model_id}/submissions/video.mp4", 3600),
    }
