"""Races: create, edit, delete, show (deepracer-on-aws.md 1.7 "Leaderboards"; 1.3 page 5.1, 5.2 and 13)."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise
from typing import Any

from .deployment import Call, Deployment
from .errors import Unmodelled, bad_request, conflict, not_found
from .models import check_track
from .state import HashOrder, Leaderboard
from .wire import PAGE, open_token, seal_token, to_moment, to_number

_MOMENTS = ("openTime", "closeTime", "liveEventTime")
_NOT_STORED = frozenset({"description", "isLive", "liveEventStatus", "submissionPeriodOpen"})
_NOT_STARTED = "Can only edit future leaderboards that have not started yet."
_ONLY_TWO = "Admins can only edit the end time and submission limits on an active race."
_OF_TRACK = ("name", "leaderBoardFooter")
_SCORING = [
    "timingMethod",
    "submissionTerminationConditions",
    "raceType",
    "trackConfig",
    "resettingBehaviorConfig",
    "objectAvoidanceConfig",
]


def find_race(site: Deployment, call: Call) -> Leaderboard:
    race = site.state.leaderboards.get(call.path["leaderboardId"])
    if race is None:
        raise not_found()
    return race


# checks


def _check_definition(site: Deployment, definition: dict[str, Any], *, live: bool) -> None:
    check_track(definition["trackConfig"])
    if not definition["openTime"] < definition["closeTime"]:
        raise bad_request("Opening time cannot be after close time.")
    laps = definition["submissionTerminationConditions"]
    if laps["maximumLaps"] < laps["minimumLaps"]:
        raise bad_request("Invalid maximum and minimum laps.")
    if definition["raceType"] == "OBJECT_AVOIDANCE":
        _check_obstacles(definition.get("objectAvoidanceConfig") or {})
    if live:
        if "liveEventTime" not in definition:
            raise bad_request("liveEventTime is required for live races.")
        _check_event_time(site, definition["liveEventTime"])


def _check_event_time(site: Deployment, moment: float) -> None:
    if moment <= site.now():
        raise bad_request("Event time must be in the future.")


def _check_obstacles(config: dict[str, Any]) -> None:
    count = config.get("numberOfObjects", 0)
    if not 1 <= count <= 6:
        raise bad_request("Number of obstacle positions is invalid.")
    positions = config.get("objectPositions")
    if not positions:
        return
    if len(positions) != count:
        raise bad_request("Obstacle positions must be equal to number of objects.")
    along = sorted(position["trackPercentage"] for position in positions)
    if along[0] < 0.07:
        raise bad_request("First obstacle position is invalid.")
    if along[-1] > 0.9:
        raise bad_request("Last obstacle position is invalid.")
    if any(later - earlier < 0.13 for earlier, later in pairwise(along)):
        raise bad_request("Obstacle position distances are invalid.")


def _to_stored(definition: dict[str, Any]) -> dict[str, Any]:
    """Moments as epoch seconds, obstacles sorted, `description` dropped, live flags kept apart."""
    stored = {name: value for name, value in definition.items() if name not in _NOT_STORED}
    for name in _MOMENTS:
        if isinstance(stored.get(name), datetime):
            stored[name] = stored[name].timestamp()
    config = stored.get("objectAvoidanceConfig")
    if config and config.get("objectPositions"):
        positions = sorted(config["objectPositions"], key=lambda position: position["trackPercentage"])
        stored["objectAvoidanceConfig"] = {**config, "objectPositions": positions}
    return stored


# operations


def create_leaderboard(site: Deployment, call: Call) -> dict[str, Any]:
    definition = call.body["leaderboardDefinition"]
    live = bool(definition.get("isLive"))
    stored = _to_stored(definition)
    _check_definition(site, stored, live=live)
    race = Leaderboard(site.state.new_id(), stored, is_live=live)
    if live:
        race.live_status = "SCHEDULED"
        stored.setdefault("maxResets", 3)
    site.state.leaderboards[race.leaderboard_id] = race
    return {"leaderboardId": race.leaderboard_id}


def edit_leaderboard(site: Deployment, call: Call) -> dict[str, Any]:
    race = find_race(site, call)
    toggles = {name for name in ("autoLaunchEnabled", "submissionPeriodOpen", "liveEventTime") if name in call.body}
    definition = call.body.get("leaderboardDefinition")
    if race.is_live and toggles:
        _edit_toggles(site, race, call.body)
        return {"leaderboard": describe(site, race)}
    if definition is None:
        raise bad_request("leaderboardDefinition is required.")
    if race.definition.get("eventId"):
        _edit_track(site, race, definition)
        return {"leaderboard": describe(site, race)}
    if race.is_live:
        _check_live_edit(site, race, definition)
    elif race.definition["openTime"] <= site.now():
        _edit_open_race(site, call, race, definition)
        return {"leaderboard": describe(site, race)}
    stored = _to_stored(definition)
    live = bool(definition.get("isLive", race.is_live))
    _check_definition(site, race.definition | stored, live=live)
    race.definition = race.definition | stored
    race.is_live = live
    return {"leaderboard": describe(site, race)}


def _edit_toggles(site: Deployment, race: Leaderboard, body: dict[str, Any]) -> None:
    if "leaderboardDefinition" in body:
        raise bad_request("Cannot combine toggle fields with leaderboardDefinition.")
    if race.live_status == "COMPLETED":
        raise bad_request("Cannot modify a completed live race.")
    if "liveEventTime" in body:
        _check_event_time(site, body["liveEventTime"].timestamp())
        race.definition["liveEventTime"] = body["liveEventTime"].timestamp()
    race.submission_open = body.get("submissionPeriodOpen", race.submission_open)
    race.auto_launch = body.get("autoLaunchEnabled", race.auto_launch)


def _check_live_edit(site: Deployment, race: Leaderboard, definition: dict[str, Any]) -> None:
    if race.live_status not in (None, "SCHEDULED"):
        raise bad_request("Can only edit live races before they start.")
    queued = any(
        i.status in ("PENDING", "IN_PROGRESS") for i in site.state.queues.get(race.leaderboard_id, {}).values()
    )
    stored = _to_stored(definition)
    if site.version >= (1, 3) and queued and any(stored.get(n) != race.definition.get(n) for n in _SCORING):
        raise conflict("Cannot change scoring or track settings while submissions are queued.")


def _edit_open_race(site: Deployment, call: Call, race: Leaderboard, definition: dict[str, Any]) -> None:
    """1.3: an admin may move the end and the submission limit of a race that is open now, and nothing else."""
    open_now = site.now() < race.definition["closeTime"]
    if site.version < (1, 3) or not open_now or not site.is_admin(call):
        raise bad_request(_NOT_STARTED)
    stored = _to_stored(definition)
    movable = ("closeTime", "maxSubmissionsPerUser")
    if _differs(race, stored, but=movable) or definition.get("description") or definition.get("isLive"):
        raise bad_request(_ONLY_TWO)
    if stored["closeTime"] != race.definition["closeTime"] and stored["closeTime"] <= site.now():
        raise bad_request("End time must be in the future.")
    _check_definition(site, stored, live=False)
    race.definition = race.definition | {name: stored[name] for name in movable}


def _differs(race: Leaderboard, stored: dict[str, Any], but: tuple[str, ...]) -> bool:
    """Is anything else changed than `but`? `fleetId` is not looked at (1.3 page, 5.1), nor what an event adds."""
    apart = {*but, "fleetId", "eventId", "trackType"}
    return any(stored.get(n) != race.definition.get(n) for n in {*stored, *race.definition} - apart)


def _edit_track(site: Deployment, race: Leaderboard, definition: dict[str, Any]) -> None:
    """A track of an event changes its name and its footer only, and only before the event opens (1.3 page, 5.1)."""
    status = site.events.get(race.definition["eventId"], {}).get("eventStatus", "DELETING")
    stored = _to_stored(definition)
    if status != "DRAFT" or _differs(race, stored, but=_OF_TRACK):
        raise conflict(f"Cannot edit track: event is {status}.")
    race.definition = race.definition | {name: stored[name] for name in _OF_TRACK if name in stored}


def delete_leaderboard(site: Deployment, call: Call) -> dict[str, Any]:
    race = find_race(site, call)
    if race.definition["openTime"] <= site.now() <= race.definition["closeTime"]:
        raise bad_request("Unable to delete an open leaderboard.")
    if race.live_status == "IN_PROGRESS" and race.winner_id is None:
        raise bad_request("Declare a winner first.")
    key = race.leaderboard_id
    del site.state.leaderboards[key]
    site.state.drop_rankings(key)
    site.state.queues.pop(key, None)
    for submission_id in [s.submission_id for s in site.state.submissions.values() if s.leaderboard_id == key]:
        gone = site.state.submissions.pop(submission_id)
        site.state.submissions_of.pop((key, gone.profile_id), None)
    return {}


def get_leaderboard(site: Deployment, call: Call) -> dict[str, Any]:
    return {"leaderboard": describe(site, find_race(site, call))}


def list_leaderboards(site: Deployment, call: Call) -> dict[str, Any]:
    """All races to everybody, by closing time; `submissionPeriodOpen` is shown here only."""
    token = open_token("leaderboards", call.query.get("token"))
    ordered = sorted(site.state.leaderboards.values(), key=_position)
    if token:
        if not isinstance(token.get("close"), int | float):
            raise Unmodelled
        after = (token["close"], HashOrder.rank(token["key"]))
        ordered = [race for race in ordered if _position(race) > after]
    page = ordered[:PAGE]
    more = None
    if len(ordered) > PAGE:
        more = seal_token("leaderboards", page[-1].leaderboard_id, close=page[-1].definition["closeTime"])
    return {"leaderboards": [describe(site, race, listed=True) for race in page]} | ({"token": more} if more else {})


def _position(race: Leaderboard) -> tuple[float, tuple[str, str]]:
    return race.definition["closeTime"], HashOrder.rank(race.leaderboard_id)


def join_leaderboard(site: Deployment, call: Call) -> dict[str, Any]:
    """A stub in the real service too: 200 for any code and any race."""
    return {}


def describe(site: Deployment, race: Leaderboard, *, listed: bool = False) -> dict[str, Any]:
    shown = {name: to_moment(value) if name in _MOMENTS else _plain(value) for name, value in race.definition.items()}
    if race.live_status:
        shown["liveEventStatus"] = race.live_status
    shown["isLive"] = race.is_live
    if listed:
        shown["submissionPeriodOpen"] = race.submission_open
    shown["leaderboardId"] = race.leaderboard_id
    shown["participantCount"] = len(site.state.rankings.get(race.leaderboard_id, ()))
    return shown


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    return to_number(value) if isinstance(value, float) else value
