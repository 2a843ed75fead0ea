"""Physical events and their tracks, which are leaderboards too (deepracer-on-aws-1.3.md 5.2 and 6).

Practised is what puts tracks among the races that an organizer's client lists. Left out, because no organizer's call
of this console needs them: runs, laps, devices, fleets, cars, combined tables, event statistics and public results.
An event is kept as the reply shows it, so that it can be saved as it is.
"""

from __future__ import annotations

from typing import Any

from deepracer_admin.rehearsal.shared.tracks import DIRECTIONS

from .deployment import Call, Deployment
from .errors import conflict, not_authorized, not_found
from .leaderboards import describe
from .state import ADMINS, COMMENTATORS, FACILITATORS, RACERS, Leaderboard
from .wire import page_of, to_moment

MOST_TRACKS = 10
DELETING_SECONDS = 5.0
"""Real time that the asynchronous removal takes here; the contract names none."""
_NEXT = {
    "OPEN": ("DRAFT", "OPEN"),
    "START": ("OPEN", "IN_PROGRESS"),
    "COMPLETE": ("IN_PROGRESS", "COMPLETED"),
    "ARCHIVE": ("COMPLETED", "ARCHIVED"),
}
_ALWAYS_EDITABLE = frozenset({"name", "sponsor", "combinedLeaderBoardHeader", "combinedLeaderBoardFooter"})
_WATCHING = {ADMINS, FACILITATORS, COMMENTATORS}


def _find(site: Deployment, call: Call) -> dict[str, Any]:
    _forget_deleted(site)
    event = site.events.get(call.path["eventId"])
    if event is None:
        raise not_found()
    return event


def _forget_deleted(site: Deployment) -> None:
    for key in [key for key, row in site.events.items() if row.get("goneAt", site.real() + 1) <= site.real()]:
        del site.events[key]


def _require(site: Deployment, call: Call, roles: set[str], message: str = "Not authorized.") -> None:
    """The Lambda's own check: the policies of racers reach every GET below /events/ (1.3 page, 3)."""
    if not roles & set(site.verify_groups(call)):
        raise not_authorized(message)


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "goneAt"}


# events


def create_event(site: Deployment, call: Call) -> dict[str, Any]:
    _require(site, call, {ADMINS}, "Only administrators can create events.")
    profile = site.state.profiles.get(call.caller.profile_id)
    now = to_moment(site.now(), always_millis=True)
    event = {
        **call.body["eventDefinition"],
        "eventId": site.state.new_id(),
        "eventStatus": "DRAFT",
        "createdBy": profile.alias if profile else "",
        "createdAt": now,
        "updatedAt": now,
    }
    site.events[event["eventId"]] = event
    return {"eventId": event["eventId"]}


def list_events(site: Deployment, call: Call) -> dict[str, Any]:
    _require(site, call, {*_WATCHING, RACERS})
    _forget_deleted(site)
    wanted = call.query.get("status")
    rows = [_shown(event) for event in site.events.values() if wanted in (None, event["eventStatus"])]
    page, more = page_of("events", rows, call.query.get("token"))
    return {"events": page} | ({"token": more} if more else {})


def get_event(site: Deployment, call: Call) -> dict[str, Any]:
    _require(site, call, {*_WATCHING, RACERS})
    return {"event": _shown(_find(site, call))}


def edit_event(site: Deployment, call: Call) -> dict[str, Any]:
    """A full definition; after DRAFT only names may differ (the header rule of the model text is not enforced)."""
    _require(site, call, {ADMINS})
    event, wanted = _find(site, call), call.body["eventDefinition"]
    changed = {name for name, value in wanted.items() if event.get(name) != value}
    if event["eventStatus"] != "DRAFT" and changed - _ALWAYS_EDITABLE:
        raise conflict(f"Event is {event['eventStatus']}. Only name and sponsor may be edited after DRAFT.")
    event.update(wanted)
    return {"event": _shown(_touched(site, event))}


def transition_event(site: Deployment, call: Call) -> dict[str, Any]:
    """Forward only: DRAFT, OPEN, IN_PROGRESS, COMPLETED, ARCHIVED."""
    _require(site, call, {ADMINS})
    event, action = _find(site, call), call.body["action"]
    before, after = _NEXT[action]
    if event["eventStatus"] != before:
        raise conflict(f"Cannot apply action {action}. Event is not in {before} status.")
    event["eventStatus"] = after
    _touched(site, event)
    return {"eventId": event["eventId"], "status": after}


def delete_event(site: Deployment, call: Call) -> tuple[int, dict[str, Any]]:
    """From any status. The tracks go at once, the event itself a little later."""
    _require(site, call, {ADMINS})
    event = _find(site, call)
    message = "Event deletion already in progress."
    if event["eventStatus"] != "DELETING":
        message = "Event deletion started."
        event["eventStatus"], event["goneAt"] = "DELETING", site.real() + DELETING_SECONDS
        for track in _tracks(site, event):
            del site.state.leaderboards[track.leaderboard_id]
    return 202, {"eventId": event["eventId"], "status": "DELETING", "message": message}


def _touched(site: Deployment, event: dict[str, Any]) -> dict[str, Any]:
    event["updatedAt"] = to_moment(site.now(), always_millis=True)
    return event


# tracks


def _tracks(site: Deployment, event: dict[str, Any]) -> list[Leaderboard]:
    every = site.state.leaderboards.values()
    return [race for race in every if race.definition.get("eventId") == event["eventId"]]


def add_track(site: Deployment, call: Call) -> dict[str, Any]:
    _require(site, call, {ADMINS})
    event, body = _find(site, call), call.body
    if event["eventStatus"] not in ("DRAFT", "OPEN"):
        raise conflict(f"Cannot add tracks: event is {event['eventStatus']}.")
    if len(_tracks(site, event)) >= MOST_TRACKS:
        raise conflict(f"Cannot add track: event already has the maximum of {MOST_TRACKS} tracks.")
    definition = _as_leaderboard(body["leaderBoardTitle"], body["trackType"]) | {
        name: body[name] for name in ("leaderBoardFooter", "fleetId") if name in body
    }
    race = Leaderboard(site.state.new_id(), definition | {"eventId": event["eventId"], "trackType": body["trackType"]})
    site.state.leaderboards[race.leaderboard_id] = race
    return {"leaderboardId": race.leaderboard_id}


def _as_leaderboard(name: str, track_id: str) -> dict[str, Any]:
    """What 5.2 says a track is stored with; direction and resetting, which every leaderboard has, are made up."""
    return {
        "name": name,
        "openTime": 0.0,
        "closeTime": 0.0,
        "trackConfig": {"trackId": track_id, "trackDirection": DIRECTIONS[track_id][0]},
        "raceType": "TIME_TRIAL",
        "maxSubmissionsPerUser": 0,
        "resettingBehaviorConfig": {"continuousLap": True},
        "submissionTerminationConditions": {"minimumLaps": 0, "maximumLaps": 0},
        "timingMethod": "BEST_LAP_TIME",
    }


def remove_track(site: Deployment, call: Call) -> dict[str, Any]:
    """The status rule is that of adding: the contract names a 409 here and not its words."""
    _require(site, call, {ADMINS})
    event = _find(site, call)
    race = site.state.leaderboards.get(call.path["leaderboardId"])
    if race is None or race.definition.get("eventId") != event["eventId"]:
        raise not_found("Track not found.")
    if event["eventStatus"] not in ("DRAFT", "OPEN"):
        raise conflict(f"Cannot remove tracks: event is {event['eventStatus']}.")
    del site.state.leaderboards[race.leaderboard_id]
    return {}


def list_tracks(site: Deployment, call: Call) -> dict[str, Any]:
    """The one list whose token is `nextToken` and whose pages may be smaller."""
    _require(site, call, _WATCHING)
    rows = [describe(site, race) for race in _tracks(site, _find(site, call))]
    size = int(call.query.get("maxResults", 100))
    page, more = page_of("tracks", rows, call.query.get("nextToken"), size)
    return {"tracks": page} | ({"nextToken": more} if more else {})
