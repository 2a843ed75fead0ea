"""The queue of a live race (deepracer-on-aws.md 1.7 "Live queue").

No Lambda here checks the caller: any racer whose policy lets the path through may call it, and the practice server
keeps that hole.
"""

from __future__ import annotations

from typing import Any

from .deployment import Call, Deployment
from .errors import bad_request, conflict, not_found
from .leaderboards import find_race
from .positions import position_between
from .state import Leaderboard, Profile, QueueItem, Submission
from .wire import to_moment, to_number


def enter_queue(site: Deployment, race: Leaderboard, profile: Profile, submission: Submission) -> QueueItem:
    queue = _queue(site, race)
    last = max((item.position for item in queue.values()), default=None)
    item = QueueItem(
        race.leaderboard_id, submission.submission_id, position_between(last, None), profile.profile_id,
        submission.model_id, submission.model_name, profile.alias, dict(profile.avatar), submission.submitted,
    )  # fmt: skip
    queue[item.submission_id] = item
    return item


def _queue(site: Deployment, race: Leaderboard) -> dict[str, QueueItem]:
    return site.state.queues.setdefault(race.leaderboard_id, {})


def _ordered(site: Deployment, race: Leaderboard) -> list[QueueItem]:
    return sorted(_queue(site, race).values(), key=lambda item: item.position)


def _live_race(site: Deployment, call: Call, closed: str = "Cannot modify after race closed.") -> Leaderboard:
    race = find_race(site, call)
    if not race.is_live:
        raise bad_request("Not a live race.")
    if race.live_status == "COMPLETED" and closed:
        raise bad_request(closed)
    return race


def list_live_queue(site: Deployment, call: Call) -> dict[str, Any]:
    """An unknown race has an empty queue, never a 404."""
    items = site.state.queues.get(call.path["leaderboardId"], {}).values()
    return {"items": [_describe(item) for item in sorted(items, key=lambda item: item.position)]}


def _describe(item: QueueItem, *, brief: bool = False) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "leaderboardId": item.leaderboard_id,
        "submissionId": item.submission_id,
        "queuePosition": item.position,
        "profileId": item.profile_id,
        "modelId": item.model_id,
        "modelName": item.model_name,
        "participantName": item.alias,
        "status": item.status,
        "resetCount": item.resets,
        "submittedAt": to_moment(item.submitted, always_millis=True),
        "avatar": item.avatar,
    }
    if item.last_triggered is not None:
        shown["lastTriggeredAt"] = to_number(item.last_triggered * 1000 // 1)
    return {name: value for name, value in shown.items() if not brief or name not in ("modelId", "avatar")}


def launch_live_race(site: Deployment, call: Call) -> dict[str, Any]:
    race = _live_race(site, call, "Race already completed.")
    if race.running_submission is not None:
        raise conflict("Evaluation already in progress.")
    if race.live_status in (None, "SCHEDULED"):
        if race.submission_open:
            raise bad_request("Must close submissions before starting.")
        if site.now() < race.definition.get("liveEventTime", 0):
            raise bad_request("Cannot start before scheduled time.")
    if not start_next(site, race):
        raise bad_request("No pending items in queue.")
    race.live_status = "IN_PROGRESS"
    machine = f"{site.options.namespace}-LiveRace"
    execution = f"arn:aws:states:{site.options.region}:123456789012:execution:{machine}:{race.running_submission}"
    return {"executionArn": execution, "liveEventStatus": race.live_status}


def start_next(site: Deployment, race: Leaderboard) -> bool:
    """Send the first waiting model to the simulator. False: nobody waits."""
    item = next((item for item in _ordered(site, race) if item.status == "PENDING"), None)
    submission = site.state.submissions.get(item.submission_id) if item else None
    if item is None or submission is None:
        return False
    item.status, item.last_triggered = "IN_PROGRESS", site.now()
    race.running_submission = item.submission_id
    site.compute.submit(submission, site.now(), kind="live")
    return True


def settle_live_job(site: Deployment, submission_id: str) -> None:
    """A live evaluation has ended: the item is done, and the next one starts when auto-launch is on."""
    submission = site.state.submissions.get(submission_id)
    race = site.state.leaderboards.get(submission.leaderboard_id) if submission else None
    if submission is None or race is None or race.running_submission != submission_id:
        return
    race.running_submission = None
    item = _queue(site, race).get(submission_id)
    if item is not None:
        item.status = "COMPLETED" if submission.status == "COMPLETED" else "FAILED"
    if race.auto_launch and race.live_status == "IN_PROGRESS":
        start_next(site, race)


def _stop_run(site: Deployment, race: Leaderboard) -> None:
    """Stop the evaluation that runs. Its job gives its minutes back when it ends, but it stands for no submission any
    more: the same model may be running anew by then, and what the old run drove must neither rank nor settle it."""
    submission = site.state.submissions.get(race.running_submission or "")
    race.running_submission = None
    if submission is None:
        return
    submission.status = "QUEUED"
    running = [j for j in site.state.jobs.values() if (j.kind, j.reference) == ("live", submission.submission_id)]
    for job in running:
        job.reference = f"{submission.submission_id} stopped"
        if job.state == "QUEUED":
            del site.state.jobs[job.job_id]
        else:
            site.compute.queue.stop(job, site.now())


def reorder_live_queue(site: Deployment, call: Call) -> dict[str, Any]:
    race = _live_race(site, call)
    submission_id, after_id = call.body["submissionId"], call.body.get("afterSubmissionId")
    if submission_id == after_id:
        raise bad_request("Cannot reorder item after itself.")
    queue = _queue(site, race)
    item = queue.get(submission_id)
    if item is None:
        raise bad_request("Invalid submissionId.")
    if item.status != "PENDING":
        raise bad_request("Can only reorder pending items.")
    if after_id is not None and after_id not in queue:
        raise bad_request("Invalid afterSubmissionId.")
    before = queue[after_id].position if after_id else None
    others = [other.position for other in _ordered(site, race) if other is not item]
    following = next((position for position in others if before is None or position > before), None)
    item.position = position_between(before, following)
    return {"item": _describe(item, brief=True)}


def remove_live_queue_item(site: Deployment, call: Call) -> dict[str, Any]:
    race = _live_race(site, call)
    item = _queue(site, race).get(call.path["submissionId"])
    if item is None:
        raise bad_request("Invalid submissionId.")
    if item.status not in ("PENDING", "FAILED"):
        raise bad_request("Cannot remove COMPLETED or IN_PROGRESS items.")
    del _queue(site, race)[item.submission_id]
    return {}


def reset_live_queue_model(site: Deployment, call: Call) -> dict[str, Any]:
    """The conflict is not declared for this operation, so it arrives as 500 `InternalFailure {}`."""
    race = _live_race(site, call)
    ordered = _ordered(site, race)
    if not ordered:
        raise not_found(f"Leaderboard {race.leaderboard_id} is empty.")
    item = _queue(site, race).get(call.path["submissionId"])
    allowed = race.definition.get("maxResets", 3)
    if item is None or item.status not in ("FAILED", "IN_PROGRESS") or item.resets >= allowed:
        raise conflict("Item cannot be reset.")
    if race.running_submission == item.submission_id:
        _stop_run(site, race)
    item.status = "PENDING"
    item.resets += 1
    item.position = position_between(None, ordered[0].position)
    return {
        "status": item.status,
        "resetCount": item.resets,
        "queuePosition": item.position,
        "autoLaunchEnabled": race.auto_launch,
    }


def clear_live_leaderboard(site: Deployment, call: Call) -> dict[str, Any]:
    race = _live_race(site, call)
    race.auto_launch = False
    _stop_run(site, race)
    for item in _queue(site, race).values():
        item.status, item.resets = "PENDING", 0
    site.state.drop_rankings(race.leaderboard_id)
    return {"itemsReset": len(_queue(site, race)), "itemsFailed": 0}


def declare_winner(site: Deployment, call: Call) -> dict[str, Any]:
    race = _live_race(site, call, closed="")
    items = _queue(site, race).values()
    if race.live_status in (None, "SCHEDULED"):
        raise bad_request("Race has not started yet.")
    if race.running_submission is not None:
        raise conflict("Cannot declare winner while evaluation is running.")
    if race.live_status == "IN_PROGRESS":
        best = site.state.ranked.get(race.leaderboard_id, [])
        winner = site.state.rankings[race.leaderboard_id][best[0][2]].submission_id if best else None
        race.live_status, race.winner_id, race.winner_at = "COMPLETED", winner, site.now()
    reply: dict[str, Any] = {
        "liveEventStatus": "COMPLETED",
        "pendingCount": sum(item.status == "PENDING" for item in items),
        "failedCount": sum(item.status == "FAILED" for item in items),
    }
    if race.winner_id is not None:
        reply["winnerId"] = race.winner_id
    if race.winner_at is not None:
        reply["winnerDeclaredAt"] = to_moment(race.winner_at)
    return reply


def get_live_race_state(site: Deployment, call: Call) -> dict[str, Any]:
    race = _live_race(site, call, closed="")
    items = _ordered(site, race)
    counts = {state: sum(item.status == state for item in items) for state in ("COMPLETED", "PENDING", "IN_PROGRESS")}
    reply: dict[str, Any] = {
        "race": {
            "leaderboardId": race.leaderboard_id,
            "name": race.definition["name"],
            "liveEventStatus": race.live_status or "SCHEDULED",
            "isLive": True,
            "autoLaunchEnabled": race.auto_launch,
            "submissionPeriodOpen": race.submission_open,
        },
        "queue": {
            "totalModels": len(items),
            "completedModels": counts["COMPLETED"],
            "pendingModels": counts["PENDING"],
            "inProgressModels": counts["IN_PROGRESS"],
        },
        "rankings": _summarise(site, race),
    }
    running = next((item for item in items if item.submission_id == race.running_submission), None)
    if running is not None:
        reply["currentEvaluation"] = {
            "submissionId": running.submission_id,
            "participantName": running.alias,
            "modelName": running.model_name,
            "status": running.status,
            "avatar": running.avatar,
        }
    if race.winner_id is not None and race.winner_at is not None:
        reply["winner"] = {"submissionId": race.winner_id, "winnerDeclaredAt": to_moment(race.winner_at)}
    return reply


def _summarise(site: Deployment, race: Leaderboard) -> list[dict[str, Any]]:
    rows = site.state.rankings.get(race.leaderboard_id, {})
    order = site.state.ranked.get(race.leaderboard_id, [])[:100]
    return [
        {
            "rank": rank,
            "participantName": rows[profile_id].alias,
            "modelName": rows[profile_id].model_name,
            "bestLapTime": score,
            "avatar": rows[profile_id].avatar,
        }
        for rank, (score, _, profile_id) in enumerate(order, start=1)
    ]
