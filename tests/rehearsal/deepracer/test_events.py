"""Physical events of 1.3 and their tracks, which every list of races shows (deepracer-on-aws-1.3.md 5.2 and 6)."""

import time
from typing import Any
from unittest.mock import patch

import pytest

from deepracer_admin.rehearsal.deepracer import DeepRacer
from deepracer_admin.rehearsal.deepracer.state import User
from tests.practice import start_world

from .conftest import START, on
from .person import Deployed, Person, race

DEFINITION: dict[str, Any] = {
    "name": "Summit Day",
    "eventType": "AWS_SUMMIT",
    "raceFormat": "BEST_LAP",
    "eventDate": "2026-03-11",
    "countryCode": "CA",
    "maxLaps": 3,
    "maxTimeInMinutes": 3,
    "maxResets": 5,
    "sponsor": "Company",
}
TRACK = {"trackType": "reInvent2019_wide", "leaderBoardTitle": "Track 1", "leaderBoardFooter": "Fast"}
EPOCH = "1970-01-01T00:00:00Z"


def make(organizer: Person, **changes: Any) -> str:
    made = organizer.call("POST", "/events", {"eventDefinition": {**DEFINITION, **changes}})
    assert made.status == 200
    return made.body["eventId"]


def add(organizer: Person, event: str, **changes: Any) -> str:
    return organizer.call("POST", f"/events/{event}/tracks", {**TRACK, **changes}).body["leaderboardId"]


def move(organizer: Person, event: str, *actions: str) -> None:
    for action in actions:
        assert organizer.call("POST", f"/events/{event}/transition", {"action": action}).status == 200


def shown(organizer: Person, track: str) -> dict[str, Any]:
    return organizer.call("GET", f"/leaderboards/{track}").body["leaderboard"]


def edit(organizer: Person, track: str, **changes: Any) -> Any:
    return organizer.call(
        "PATCH", f"/leaderboards/{track}", {"leaderboardDefinition": shown(organizer, track) | changes}
    )


def test_an_event_is_made_read_and_listed_by_status(organizer: Person) -> None:
    first, second = make(organizer), make(organizer, name="Second")
    move(organizer, second, "OPEN")
    event = organizer.call("GET", f"/events/{first}").body["event"]
    assert DEFINITION.items() <= event.items()
    assert (event["eventId"], event["eventStatus"], event["createdBy"]) == (first, "DRAFT", "RacerAlias")
    assert event["createdAt"] == event["updatedAt"] == "2026-03-10T09:00:00.000Z"
    assert [row["eventId"] for row in organizer.call("GET", "/events").body["events"]] == [first, second]
    assert [row["eventId"] for row in organizer.call("GET", "/events?status=OPEN").body["events"]] == [second]
    assert organizer.call("GET", f"/events/{'A' * 15}").kind == "NotFoundError"
    wrong = organizer.call("POST", "/events", {"eventDefinition": {**DEFINITION, "countryCode": "ca"}})
    assert (wrong.status, wrong.kind) == (400, "BadRequestException")


def test_a_track_is_a_leaderboard_of_1970_in_everybodys_list_of_races(organizer: Person) -> None:
    event = make(organizer)
    cup = {"openTime": "2026-03-11T10:00:00Z", "closeTime": "2026-03-12T10:00:00Z"}
    organizer.call("POST", "/leaderboards", race(**cup))
    track = add(organizer, event)
    listed = organizer.call("GET", "/leaderboards").body["leaderboards"]
    assert [row["leaderboardId"] == track for row in listed] == [True, False]
    assert {name: listed[0][name] for name in ("openTime", "closeTime", "eventId", "trackType", "name")} == {
        "openTime": EPOCH,
        "closeTime": EPOCH,
        "eventId": event,
        "trackType": "reInvent2019_wide",
        "name": "Track 1",
    }
    assert (listed[0]["raceType"], listed[0]["timingMethod"]) == ("TIME_TRIAL", "BEST_LAP_TIME")
    assert listed[0]["submissionTerminationConditions"] == {"minimumLaps": 0, "maximumLaps": 0}
    assert (listed[0]["maxSubmissionsPerUser"], listed[0]["leaderBoardFooter"]) == (0, "Fast")
    assert not {"eventId", "trackType"} & set(listed[1])
    assert organizer.call("GET", f"/events/{event}/tracks").body == {"tracks": [shown(organizer, track)]}


def test_an_event_takes_ten_tracks_until_it_starts_and_lists_them_in_pages_of_any_size(organizer: Person) -> None:
    event = make(organizer)
    tracks = [add(organizer, event, leaderBoardTitle=f"Track {n}") for n in range(10)]
    full = organizer.call("POST", f"/events/{event}/tracks", TRACK)
    assert (full.status, full.body["message"]) == (
        409,
        "Cannot add track: event already has the maximum of 10 tracks.",
    )
    first = organizer.call("GET", f"/events/{event}/tracks?maxResults=7").body
    token = first["nextToken"].replace("=", "%3D").replace("+", "%2B")
    rest = organizer.call("GET", f"/events/{event}/tracks?maxResults=7&nextToken={token}").body
    assert [row["leaderboardId"] for row in first["tracks"] + rest["tracks"]] == tracks
    assert "nextToken" not in rest
    assert organizer.call("DELETE", f"/events/{event}/tracks/{tracks[0]}").status == 200
    assert organizer.call("GET", f"/leaderboards/{tracks[0]}").status == 404
    assert organizer.call("DELETE", f"/events/{event}/tracks/{tracks[0]}").status == 404
    move(organizer, event, "OPEN", "START")
    late = organizer.call("POST", f"/events/{event}/tracks", TRACK)
    assert (late.kind, late.body["message"]) == ("ConflictError", "Cannot add tracks: event is IN_PROGRESS.")
    assert organizer.call("DELETE", f"/events/{event}/tracks/{tracks[1]}").status == 409


def test_a_track_changes_its_name_and_footer_while_the_event_is_a_draft(organizer: Person) -> None:
    event = make(organizer)
    track = add(organizer, event)
    renamed = edit(organizer, track, name="Main Track", leaderBoardFooter="Slow")
    assert renamed.status == 200
    assert (renamed.body["leaderboard"]["name"], renamed.body["leaderboard"]["leaderBoardFooter"]) == (
        "Main Track",
        "Slow",
    )
    assert renamed.body["leaderboard"]["eventId"] == event
    longer = edit(organizer, track, closeTime="2026-03-12T10:00:00Z")
    assert (longer.status, longer.body["message"]) == (409, "Cannot edit track: event is DRAFT.")
    move(organizer, event, "OPEN")
    refused = edit(organizer, track, name="Other")
    assert (refused.status, refused.kind) == (409, "ConflictError")
    assert refused.body["message"] == "Cannot edit track: event is OPEN."
    assert shown(organizer, track)["closeTime"] == EPOCH


def test_an_event_goes_forward_only_and_keeps_its_rules_after_the_draft(organizer: Person) -> None:
    event = make(organizer)
    early = organizer.call("POST", f"/events/{event}/transition", {"action": "START"})
    assert (early.status, early.body["message"]) == (409, "Cannot apply action START. Event is not in OPEN status.")
    edited = organizer.call("PATCH", f"/events/{event}", {"eventDefinition": {**DEFINITION, "maxLaps": 5}})
    assert edited.body["event"]["maxLaps"] == 5
    move(organizer, event, "OPEN", "START", "COMPLETE", "ARCHIVE")
    kept = {**DEFINITION, "maxLaps": 5}
    renamed = {**kept, "name": "Last Day", "sponsor": "Other", "combinedLeaderBoardFooter": "Thanks"}
    assert organizer.call("PATCH", f"/events/{event}", {"eventDefinition": renamed}).body["event"]["name"] == "Last Day"
    refused = organizer.call("PATCH", f"/events/{event}", {"eventDefinition": {**kept, "maxLaps": 6}})
    assert refused.body["message"] == "Event is ARCHIVED. Only name and sponsor may be edited after DRAFT."
    assert refused.status == 409


def test_a_deleted_event_takes_its_tracks_along_and_is_gone_a_little_later(
    deployed: Deployed, organizer: Person
) -> None:
    event = make(organizer)
    track = add(organizer, event)
    move(organizer, event, "OPEN", "START")
    gone = organizer.call("DELETE", f"/events/{event}")
    assert (gone.status, gone.body["status"], gone.body["eventId"]) == (202, "DELETING", event)
    again = organizer.call("DELETE", f"/events/{event}")
    assert (again.status, again.body["message"]) == (202, "Event deletion already in progress.")
    assert "goneAt" not in organizer.call("GET", f"/events/{event}").body["event"]
    assert organizer.call("GET", f"/leaderboards/{track}").status == 404
    service = deployed.world.world.services["deepracer"]
    assert isinstance(service, DeepRacer)
    with patch.object(service.site, "real", lambda: time.time() + 60):
        assert organizer.call("GET", f"/events/{event}").status == 404
    assert organizer.call("GET", "/events").body == {"events": []}


def test_only_administrators_make_events_and_racers_see_no_tracks(deployed: Deployed, organizer: Person) -> None:
    event = make(organizer)
    facilitator = deployed.sign_in("facilitator@example.com", deployed.world.endpoints["deepracer"]["password"])
    assert facilitator.call("POST", "/events", {"eventDefinition": DEFINITION}).kind == "AccessDeniedException"
    assert facilitator.call("GET", f"/events/{event}/tracks").status == 200
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    assert ada.call("GET", f"/events/{event}").status == 200
    assert ada.call("GET", f"/events/{event}/tracks").body == {"message": "Not authorized."}
    deployed.world.arm("deepracer", "no_policies")
    refused = facilitator.call("POST", "/events", {"eventDefinition": DEFINITION})
    assert (refused.status, refused.body["message"]) == (403, "Only administrators can create events.")


def test_events_and_tracks_survive_a_restart(tmp_path: Any) -> None:
    first = start_world(tmp_path, start=START, speed=0)
    service = first.world.services["deepracer"]
    assert isinstance(service, DeepRacer)
    assert isinstance(service.site.state.find_user("organizer@example.com"), User)
    service.site.events["E" * 15] = {**DEFINITION, "eventId": "E" * 15, "eventStatus": "DRAFT"}
    first.stop()
    second = start_world(tmp_path, speed=0)
    try:
        again = second.world.services["deepracer"]
        assert isinstance(again, DeepRacer)
        assert again.site.events == service.site.events
    finally:
        second.stop()


@on("1.2.5")
@pytest.mark.parametrize(("method", "path"), [("POST", "/events"), ("GET", f"/events/{'A' * 15}/tracks")])
def test_an_older_deployment_knows_no_events(organizer: Person, method: str, path: str) -> None:
    reply = organizer.call(method, path)
    assert (reply.status, reply.body) == (403, {"message": "Missing Authentication Token"})
