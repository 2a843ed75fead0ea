"""Community races of the managed practice service: times, tokens, participants, ranking, limits."""

from typing import Any

import pytest

from deepracer_admin.rehearsal.shared.garage import LapResult
from tests.practice import WorldHandle
from tests.rehearsal.managed.account import (
    RawCaller,
    garage,
    on_world,
    race,
    refused,
    sign_in,
    sponsor,
    still_fleet,
    switch_on,
)


def board(caller: RawCaller, arn: str) -> dict[str, Any]:
    return caller.call("GetLeaderboard", LeaderboardArn=arn)["Leaderboard"]


def created(still: WorldHandle, caller: RawCaller, **options: Any) -> str:
    return caller.call("CreateLeaderboard", **race(still.world.clock.now(), **options))["LeaderboardArn"]


def trained(still: WorldHandle, people: list[str]) -> list[str]:
    """A ready model for each of these people."""
    models = [on_world(still, lambda p=person: garage(still).train(p, "m", 10)) for person in people]
    for _ in range(6):
        still.advance(15 * 60)
    return models


def test_a_race_is_written_nested_and_read_flat(still: WorldHandle, caller: RawCaller) -> None:
    arn = created(still, caller)
    assert arn.startswith("arn:aws:deepracer:::leaderboard/")
    found = board(caller, arn)
    sent = race(still.world.clock.now())
    assert found["Name"] == "Practice Cup"
    assert found["Description"] == ""
    assert found["Status"] == "OPEN"
    assert found["RaceType"] == "TIME_TRIAL"
    assert found["ResettingBehaviorConfig"] == sent["RaceConfig"]["ResettingBehavior"]
    assert found["TerminationConditions"] == sent["RaceConfig"]["TerminationConditions"]
    assert found["ParticipantCount"] == 0
    assert [b["Arn"] for b in caller.call("ListLeaderboards", LeaderboardAccessRoles=["ADMIN"])["Leaderboards"]] == [
        arn
    ]


@pytest.mark.parametrize(
    ("part", "changes", "code"),
    [
        ("Definition", {"Name": ""}, "InvalidRequestException"),
        ("Definition", {"Name": "x" * 65}, "InvalidRequestException"),
        ("Definition", {"Description": "x" * 256}, "InvalidRequestException"),
        ("Definition", {"CloseTime": 1}, "InvalidRequestException"),
        ("Definition", {"TrackArn": "arn:aws:deepracer:us-east-1::track/none"}, "ResourceDoesNotExistException"),
        ("Definition", {"LaunchTime": "2026-01-01T00:00:00Z"}, "SerializationException"),
        ("RaceConfig", {"MinimumLaps": 0}, "InvalidRequestException"),
        ("RaceConfig", {"MinimumLaps": 4}, "InvalidRequestException"),
        ("RaceConfig", {"TimingMethod": "LUCK"}, "InvalidRequestException"),
        ("RaceConfig", {"RaceTypeConfig": {"RaceType": "OBJECT_AVOIDANCE"}}, "InvalidRequestException"),
        ("RaceConfig", {"RaceTypeConfig": {"RaceType": "HEAD_TO_HEAD_RACING"}}, "InvalidRequestException"),
        (
            "RaceConfig",
            {"RaceTypeConfig": {"RaceType": "HEAD_TO_HEAD_RACING", "HeadToHead": {"NumBotCars": 3}}},
            "InvalidRequestException",
        ),
    ],
)
def test_an_impossible_race_is_refused(
    still: WorldHandle, caller: RawCaller, part: str, changes: dict[str, Any], code: str
) -> None:
    body = race(still.world.clock.now())
    body[part] |= changes
    assert caller.refusal("CreateLeaderboard", **body)[:2] == (400, code)
    assert caller.call("ListLeaderboards")["Leaderboards"] == []


def test_fifty_private_races_and_a_hundred_in_all_are_the_limit(still: WorldHandle, caller: RawCaller) -> None:
    for number in range(50):
        created(still, caller, name=f"Private {number}")
    body = race(still.world.clock.now(), name="One more")
    assert caller.refusal("CreateLeaderboard", **body)[:2] == (400, "ResourceLimitExceededException")
    for number in range(50):
        created(still, caller, name=f"Open {number}", private=False)
    body = race(still.world.clock.now(), name="One more", private=False)
    status, code, message = caller.refusal("CreateLeaderboard", **body)
    assert (status, code, message) == (
        400,
        "ResourceLimitExceededException",
        "An account can have 100 open or future races.",
    )


def test_a_head_to_head_race_tells_all_that_was_said_of_its_opponents(still: WorldHandle, caller: RawCaller) -> None:
    bots = {"HeadToHeadType": "BOT_VEHICLE", "NumBotCars": 6, "LowerLaneChangeTime": 3, "SomeObstacleMember": [1]}
    kind = {"RaceType": "HEAD_TO_HEAD_RACING", "HeadToHead": bots}
    assert board(caller, created(still, caller, RaceTypeConfig=kind))["HeadToHeadConfig"] == bots


def test_a_race_tells_its_division_under_another_name(still: WorldHandle, caller: RawCaller) -> None:
    body = race(still.world.clock.now())
    body["Definition"]["Division"] = "PRO"
    assert board(caller, caller.call("CreateLeaderboard", **body)["LeaderboardArn"])["RacingDivision"] == "PRO"


def test_the_admin_is_neither_participant_nor_moderator_of_a_race(still: WorldHandle, caller: RawCaller) -> None:
    arn = created(still, caller)

    def listed(*roles: str) -> list[str]:
        found = caller.call("ListLeaderboards", LeaderboardAccessRoles=list(roles))["Leaderboards"]
        return [each["Arn"] for each in found]

    assert listed("ADMIN") == listed("PARTICIPANT", "ADMIN") == listed() == [arn]
    assert listed("PARTICIPANT") == listed("PARTICIPANT", "MODERATOR") == []


def test_an_earlier_closing_time_ends_a_race_and_a_closed_race_cannot_be_edited(
    still: WorldHandle, caller: RawCaller
) -> None:
    arn = created(still, caller)
    still.advance(60)
    body = race(still.world.clock.now(), hours=0)
    body["Definition"]["LaunchTime"] -= 60_000
    caller.call("EditLeaderboard", Arn=arn, **body)
    assert board(caller, arn)["Status"] == "CLOSED"
    assert caller.refusal("EditLeaderboard", Arn=arn, **body)[1] == "InvalidRequestException"
    caller.call("DeleteLeaderboard", LeaderboardArn=arn)
    assert caller.refusal("GetLeaderboard", LeaderboardArn=arn)[1] == "ResourceDoesNotExistException"


def test_a_new_token_makes_the_old_one_worthless(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    ids = sign_in(still, sponsor(still, 2))
    arn = created(still, caller)
    assert "AccessToken" not in board(caller, arn)
    first = caller.call("CreateLeaderboardAccessToken", LeaderboardArn=arn)["AccessToken"]
    assert len(first) == 22
    assert board(caller, arn)["AccessToken"] == first
    assert caller.call("AddLeaderboardAccessPermission", AccessToken=first, UserIds=ids[:1]) == {"LeaderboardArn": arn}
    second = caller.call("CreateLeaderboardAccessToken", LeaderboardArn=arn)["AccessToken"]
    refusal = caller.refusal("AddLeaderboardAccessPermission", AccessToken=first, UserIds=ids[1:])
    assert refusal[1:] == ("ResourceDoesNotExistException", "The access token is not valid.")
    caller.call("AddLeaderboardAccessPermission", AccessToken=second, UserIds=ids[1:])
    listed = caller.call("ListPrivateLeaderboardParticipants", LeaderboardArn=arn)["PrivateLeaderboardParticipants"]
    assert [person["UserId"] for person in listed] == ids
    caller.call("RemoveLeaderboardAccessPermission", LeaderboardArn=arn, UserId=ids[0])
    again = caller.refusal("RemoveLeaderboardAccessPermission", LeaderboardArn=arn, UserId=ids[0])
    assert again[1] == "ResourceDoesNotExistException"


def test_a_token_ends_with_its_race(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    ids = sign_in(still, sponsor(still, 1))
    arn = created(still, caller, hours=1)
    token = caller.call("CreateLeaderboardAccessToken", LeaderboardArn=arn)["AccessToken"]
    still.advance(3700)
    assert caller.refusal("AddLeaderboardAccessPermission", AccessToken=token, UserIds=ids)[0] == 400
    assert "AccessToken" not in board(caller, arn)


def test_a_racer_can_be_in_ten_races(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    ids = sign_in(still, sponsor(still, 1))
    tokens = []
    for number in range(11):
        arn = created(still, caller, name=f"Cup {number}")
        tokens.append(caller.call("CreateLeaderboardAccessToken", LeaderboardArn=arn)["AccessToken"])
    for token in tokens[:10]:
        caller.call("AddLeaderboardAccessPermission", AccessToken=token, UserIds=ids)
    refusal = caller.refusal("AddLeaderboardAccessPermission", AccessToken=tokens[10], UserIds=ids)
    assert refusal[:2] == (400, "ResourceLimitExceededException")


@pytest.mark.parametrize(
    ("timing", "scores"),
    [("TOTAL_TIME", [30_000, 31_000]), ("BEST_LAP_TIME", [9_000, 10_000]), ("AVG_LAP_TIME", [10_000, 10_333])],
)
def test_the_best_run_of_each_racer_is_ranked_by_the_timing_method(
    still: WorldHandle, caller: RawCaller, timing: str, scores: list[int]
) -> None:
    still_fleet(still)
    switch_on(caller)
    people = sponsor(still, 2)
    sign_in(still, people)
    models = trained(still, people)
    arn = created(still, caller, private=False, TimingMethod=timing)
    race_id = arn.rpartition("/")[2]
    runs = [(0, (10_500, 10_500, 10_500)), (1, (9_000, 11_000, 11_000)), (0, (10_000, 10_000, 10_000)), (1, (8_000,))]
    still.advance(1)
    for who, laps in runs:
        ready = on_world(still, lambda w=who: garage(still).ready_models(people[w]))
        assert ready == [models[who]]
        on_world(still, lambda w=who, t=laps: garage(still).submit(people[w], race_id, models[w], LapResult(t)))
        still.advance(600)
    ranked = caller.call("ListLeaderboardSubmissions", LeaderboardArn=arn)["LeaderboardSubmissions"]
    assert [entry["RankingScore"] for entry in ranked] == scores
    assert [entry["Rank"] for entry in ranked] == [1, 2]
    assert [entry["SubmissionCount"] for entry in ranked] == [2, 2]
    assert board(caller, arn)["ParticipantCount"] == 2
    still.advance(9 * 3600)
    assert board(caller, arn)["WinnerAlias"] == ranked[0]["Alias"]


def test_a_private_race_takes_whoever_was_admitted_or_has_the_link_and_counts_submissions(
    still: WorldHandle, caller: RawCaller
) -> None:
    still_fleet(still)
    switch_on(caller)
    people = sponsor(still, 1)
    sign_in(still, people)
    (model,) = trained(still, people)
    arn = created(still, caller, SubmissionsPerUser=1)
    race_id = arn.rpartition("/")[2]
    still.advance(1)
    run = LapResult((10_000, 10_000, 10_000))
    assert refused(still, lambda: garage(still).submit(people[0], race_id, model, run)).reason == "submissions"
    caller.call("CreateLeaderboardAccessToken", LeaderboardArn=arn)
    on_world(still, lambda: garage(still).submit(people[0], race_id, model, run))
    participants = caller.call("ListPrivateLeaderboardParticipants", LeaderboardArn=arn)
    assert len(participants["PrivateLeaderboardParticipants"]) == 1
    assert on_world(still, lambda: garage(still).submissions_left(people[0], race_id)) == 0
    still.advance(600)
    assert refused(still, lambda: garage(still).submit(people[0], race_id, model, run)).reason == "submissions"


def test_tracks_are_the_sixty_two_of_the_catalogue(caller: RawCaller) -> None:
    tracks = caller.call("ListTracks")["Tracks"]
    assert len(tracks) == 62
    assert caller.call("GetTrack", TrackArn=tracks[3]["TrackArn"])["Track"] == tracks[3]
    missing = caller.refusal("GetTrack", TrackArn="arn:aws:deepracer:us-east-1::track/none")
    assert missing == (400, "ResourceDoesNotExistException", "There is no such track.")
