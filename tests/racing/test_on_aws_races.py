"""Races: the exact copy that an open race needs, event tracks, and what may no longer be changed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from deepracer_admin.clock import SystemClock
from deepracer_admin.errors import LostAnswer, NotThere, Refused, Unsupported
from deepracer_admin.model import Quota, RaceDraft, RaceStatus, State, Timing
from deepracer_admin.racing.on_aws import OnAws
from deepracer_admin.racing.on_aws.tracks import TRACKS
from tests.racing.scripted import DROP, Reply, ScriptedDeployment, adapter, scripted

RACE = "RRRRRRRRRRRRRRR"
PATH = f"/leaderboards/{RACE}"
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


class NoonClock(SystemClock):
    """Event time stands at noon; real time goes on."""

    def event_now(self) -> datetime:
        return NOW


def stored(**changes: Any) -> dict[str, Any]:
    """A race as the service gives it: some optional members absent, one penalty not stored, times with milliseconds."""
    race = {
        "name": "Office Cup",
        "openTime": "2026-11-22T09:00:00.250Z",
        "closeTime": "2026-11-23T09:00:00.000Z",
        "trackConfig": {"trackId": "reInvent2019_wide", "trackDirection": "CLOCKWISE"},
        "raceType": "TIME_TRIAL",
        "maxSubmissionsPerUser": 5,
        "resettingBehaviorConfig": {"continuousLap": True, "offTrackPenaltySeconds": 0.5},
        "submissionTerminationConditions": {"minimumLaps": 3, "maximumLaps": 5},
        "timingMethod": "BEST_LAP_TIME",
        "isLive": False,
        "leaderboardId": RACE,
        "participantCount": 12,
    }
    return {**race, **changes}


@pytest.fixture
def deployment() -> Iterator[ScriptedDeployment]:
    with scripted() as found:
        found.on("GET", PATH, Reply(body={"leaderboard": stored()}))
        found.on("PATCH", PATH, Reply(body={"leaderboard": stored()}))
        yield found


@pytest.fixture
def service(deployment: ScriptedDeployment) -> Iterator[OnAws]:
    with adapter(deployment, clock=NoonClock()) as found:
        yield found


def sent(deployment: ScriptedDeployment) -> dict[str, Any]:
    return deployment.calls("PATCH", PATH)[0].json["leaderboardDefinition"]


def test_an_open_race_is_ended_with_everything_else_exactly_as_stored(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    service.close_race(RACE)
    definition = sent(deployment)
    before = stored()
    del before["leaderboardId"], before["participantCount"]
    assert definition == {**before, "closeTime": "2026-11-22T12:00:30Z"}
    assert "objectAvoidanceConfig" not in definition
    assert "collisionPenaltySeconds" not in definition["resettingBehaviorConfig"]
    assert "maxTimeInMinutes" not in definition["submissionTerminationConditions"]
    assert "description" not in definition


def test_an_end_can_be_chosen(deployment: ScriptedDeployment, service: OnAws) -> None:
    service.close_race(RACE, at=NOW + timedelta(hours=2, milliseconds=5))
    assert sent(deployment)["closeTime"] == "2026-11-22T14:00:00.005Z"


def test_obstacles_that_were_placed_by_hand_go_back_as_they_were(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    placed = {"numberOfObjects": 2, "objectPositions": [{"laneNumber": 1, "trackPercentage": 0.2}]}
    race = stored(raceType="OBJECT_AVOIDANCE", objectAvoidanceConfig=placed)
    deployment.on("GET", PATH, Reply(body={"leaderboard": race}))
    service.close_race(RACE)
    assert sent(deployment)["objectAvoidanceConfig"] == placed


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"closeTime": "2026-11-22T11:00:00Z"}, "already over"),
        ({"openTime": "2026-11-22T13:00:00Z"}, "not opened yet"),
        ({"isLive": True, "liveEventStatus": "SCHEDULED"}, "winner"),
    ],
)
def test_a_race_that_is_not_open_is_not_ended(
    deployment: ScriptedDeployment, service: OnAws, changes: dict[str, Any], says: str
) -> None:
    deployment.on("GET", PATH, Reply(body={"leaderboard": stored(**changes)}))
    with pytest.raises(Refused, match=says):
        service.close_race(RACE)
    assert deployment.calls("PATCH", PATH) == []


def test_ending_early_is_unsupported_before_1_3() -> None:
    with scripted("v1.2.5") as older, adapter(older) as service:
        with pytest.raises(Unsupported, match="end time"):
            service.close_race(RACE)
        assert older.calls("GET", PATH) == []


def test_a_closed_race_cannot_be_changed_any_more(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("GET", PATH, Reply(body={"leaderboard": stored(closeTime="2026-11-22T11:00:00Z")}))
    draft = RaceDraft("X", "Oval_track", NOW, NOW + timedelta(hours=1))
    with pytest.raises(Refused, match="create a new one"):
        service.edit_race(RACE, draft)


def test_an_open_race_takes_a_new_end_and_submissions_only(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("GET", "/leaderboards", Reply(body={"leaderboards": [stored()]}))
    (race,) = service.races()
    later = replace(race.draft, closes_at=race.draft.closes_at + timedelta(days=1), max_submissions=9)
    service.edit_race(RACE, later)
    assert sent(deployment)["closeTime"] == "2026-11-24T09:00:00Z"
    assert sent(deployment)["maxSubmissionsPerUser"] == 9
    assert sent(deployment)["openTime"] == "2026-11-22T09:00:00.250Z"
    for other in ({"name": "Y"}, {"min_laps": 1}, {"timing": Timing.TOTAL_TIME}, {"off_track_penalty_s": 2.0}):
        with pytest.raises(Refused, match="only its end"):
            service.edit_race(RACE, replace(later, **other))
    assert len(deployment.calls("PATCH", PATH)) == 1


def test_tracks_of_physical_events_are_no_races(deployment: ScriptedDeployment, service: OnAws) -> None:
    epoch = "1970-01-01T00:00:00Z"
    deployment.on(
        "GET",
        "/leaderboards",
        Reply(
            body={
                "leaderboards": [
                    stored(leaderboardId="A" * 15, openTime=epoch, closeTime=epoch),
                    stored(leaderboardId="B" * 15, eventId="EEEEEEEEEEEEEEE"),
                    stored(),
                ]
            }
        ),
    )
    assert [race.id for race in service.races()] == [RACE]


def test_a_race_is_read_with_its_link_and_its_raw_definition(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("GET", "/leaderboards", Reply(body={"leaderboards": [stored()]}))
    (race,) = service.races()
    assert race.draft.timing is Timing.BEST_LAP_TIME
    assert (race.draft.off_track_penalty_s, race.draft.collision_penalty_s, race.participants) == (0.5, 0.0, 12)
    assert race.draft.opens_at == datetime(2026, 11, 22, 9, 0, 0, 250_000, tzinfo=UTC)
    assert race.status(NOW) is RaceStatus.OPEN
    assert race.raw == stored()
    assert race.share_link == f"{deployment.url}/site/races/{RACE}"


def test_a_time_trial_that_kept_old_obstacles_has_none_for_us(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on(
        "GET", "/leaderboards", Reply(body={"leaderboards": [stored(objectAvoidanceConfig={"numberOfObjects": 3})]})
    )
    assert service.races()[0].draft.objects == 0


def test_a_race_that_was_created_but_not_read_back_is_a_lost_answer(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    deployment.on("POST", "/leaderboards", Reply(body={"leaderboardId": RACE}))
    deployment.on("GET", PATH, DROP)
    with pytest.raises(LostAnswer, match="was created"):
        service.create_race(RaceDraft("X", "Oval_track", NOW, NOW + timedelta(hours=1)))
    assert len(deployment.calls("POST", "/leaderboards")) == 1


def test_a_description_is_never_sent_for_the_service_drops_it(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("POST", "/leaderboards", Reply(body={"leaderboardId": RACE}))
    service.create_race(RaceDraft("X", "Oval_track", NOW, NOW + timedelta(hours=1), description="A friendly race"))
    definition = deployment.calls("POST", "/leaderboards")[0].json["leaderboardDefinition"]
    assert "description" not in definition
    assert definition["openTime"] == "2026-11-22T12:00:00Z"


def test_standings_of_several_pages_are_one_list(deployment: ScriptedDeployment, service: OnAws) -> None:
    def row(rank: int) -> dict[str, Any]:
        stats = {"bestLapTime": 9000.4, "avgLapTime": 9500, "totalLapTime": 28500, "completedLapCount": 3}
        alias = {"userProfile": {"alias": f"R-{rank}", "avatar": {}}}
        return {"rank": rank, "rankingScore": 28500, "stats": stats, "submittedAt": "2026-11-22T10:00:00Z", **alias}

    first = Reply(body={"rankings": [row(n) for n in range(1, 101)], "token": "next=="})
    deployment.on("GET", f"{PATH}/rankings", first, Reply(body={"rankings": [row(101)]}))
    rows = list(service.standings(RACE))
    assert [each.rank for each in rows] == list(range(1, 102))
    assert (rows[0].alias, rows[0].best_lap_ms, rows[0].laps, rows[0].profile_id) == ("R-1", 9000, 3, "")
    assert rows[0].off_tracks is None


def test_what_a_profile_lacks_stays_unknown(deployment: ScriptedDeployment, service: OnAws) -> None:
    bare = {"profileId": "A" * 15, "alias": "RacerAlias", "avatar": {}}
    full = {
        **bare,
        "emailAddress": "Ada@Example.com",
        "computeMinutesUsed": 61.35,
        "computeMinutesQueued": 90,
        "maxTotalComputeMinutes": 600,
        "maxModelCount": -1,
        "modelCount": 4,
        "modelStorageUsage": 7_500_000_000,
        "roleName": "dr-commentators",
        "createdAt": "2026-11-01T08:00:00.123Z",
    }
    deployment.on("GET", "/profiles", Reply(body={"profiles": [bare, full, "nonsense"]}))
    without, profile = service.profiles()
    assert (without.email, without.quota, without.model_count, without.storage_bytes) == ("", None, None, None)
    assert profile.minutes_used == 61.35
    assert profile.storage_bytes == 7_500_000_000
    assert profile.quota == Quota(600, -1)
    assert (profile.email, profile.role) == ("ada@example.com", "dr-commentators")


@pytest.mark.parametrize(
    ("value", "counts"), [(-1, -1), ("300", 300), ("", 0), ("  ", 0), ("1e3", 1000), ("0x10", 16), ("x", 0), (None, 0)]
)
def test_settings_written_as_text_are_read_as_the_service_counts_them(
    deployment: ScriptedDeployment, service: OnAws, value: Any, counts: int
) -> None:
    body = {"value": {"newUserComputeMinutesLimit": value, "newUserModelCountLimit": 10}}
    deployment.on("GET", "/settings/usageQuotas.newUser", Reply(body=body))
    assert service.new_profile_quota() == Quota(counts, 10)


def test_a_setting_that_shows_late_is_waited_for(deployment: ScriptedDeployment, service: OnAws) -> None:
    old, new = ({"value": {"newUserComputeMinutesLimit": n, "newUserModelCountLimit": 1}} for n in (-1, 600))
    deployment.on("PUT", "/settings/usageQuotas.newUser", Reply())
    deployment.on("GET", "/settings/usageQuotas.newUser", Reply(body=old), Reply(body=old), Reply(body=new))
    assert service.set_new_profile_quota(Quota(600, 1)) == Quota(600, 1)
    deployment.on("GET", "/settings/usageQuotas.newUser", Reply(body=old))
    assert service.set_new_profile_quota(Quota(600, 1)) == Quota(-1, 1), "the read-back is told, not the wish"


def test_the_consoles_own_user_is_never_removed(deployment: ScriptedDeployment, service: OnAws) -> None:
    deployment.on("DELETE", f"/profiles/{'A' * 15}", Reply())
    outcomes = list(service.remove(["organizer000000", "A" * 15]))
    assert [outcome.state for outcome in outcomes] == [State.REFUSED, State.DONE]
    assert deployment.calls("DELETE", "/profiles/organizer000000") == []


@pytest.mark.parametrize("reply", [DROP, Reply(504, {"message": "Endpoint request timed out"})])
def test_a_deletion_without_an_answer_is_planned_again_by_the_caller(
    deployment: ScriptedDeployment, service: OnAws, reply: Reply
) -> None:
    deployment.on("DELETE", f"/profiles/{'A' * 15}", reply)
    deployment.on("DELETE", f"/profiles/{'A' * 15}/models", reply)
    assert [each.state for each in service.remove(["A" * 15])] == [State.RETRY]
    assert [each.state for each in service.delete_models(["A" * 15])] == [State.RETRY]
    assert len(deployment.calls("DELETE", f"/profiles/{'A' * 15}")) == 1


def test_models_of_all_come_in_one_call_and_only_the_wanted_are_kept(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    models = [
        {"modelId": f"M{n:014d}", "name": f"m-{n}", "status": "READY", "profileId": who} for n, who in enumerate("AABC")
    ]
    deployment.on("GET", "/admin/models", Reply(body={"models": models}))
    assert [model.profile_id for model in service.models(["A", "C"])] == ["A", "A", "C"]
    assert len(deployment.calls("GET", "/admin/models")) == 1


def test_when_the_one_call_is_too_much_for_the_service_few_profiles_are_still_read(
    deployment: ScriptedDeployment, service: OnAws
) -> None:
    deployment.on("GET", "/admin/models", Reply(502, {"message": "Internal server error"}))
    deployment.on("GET", "/admin/profiles/A/models", Reply(body={"models": [{"modelId": "M", "name": "m"}]}))
    assert [model.id for model in service.models(["A"])] == ["M"]


@pytest.mark.parametrize(("alias", "quota"), [("a", None), ("é-é", None), ("x" * 65, None), (None, Quota(-2, 1))])
def test_a_value_the_service_would_refuse_is_refused_before_a_call(
    deployment: ScriptedDeployment, service: OnAws, alias: str | None, quota: Quota | None
) -> None:
    with pytest.raises(Refused):
        service.set_profile("A" * 15, alias=alias, quota=quota)
    assert deployment.calls("PATCH", "/profile") == []


@pytest.mark.parametrize(
    ("status", "message", "says"),
    [
        (409, "This user has already accepted their invitation and set a password.", "forgot password"),
        (409, "This user account is disabled.", "enable it"),
        (
            409,
            "This user authenticates via an external identity provider. Invitation resend is not applicable.",
            "identity provider",
        ),
    ],
)
def test_an_invitation_that_cannot_be_sent_again_says_why(
    deployment: ScriptedDeployment, service: OnAws, status: int, message: str, says: str
) -> None:
    path = f"/profiles/{'A' * 15}/resendInvite"
    deployment.on("POST", path, Reply(status, {"message": message}, {"x-amzn-errortype": "ConflictError"}))
    with pytest.raises(Refused, match=says):
        service.resend_invite("A" * 15)
    deployment.on("POST", path, Reply(404, {"message": "Item not found."}, {"x-amzn-errortype": "NotFoundError"}))
    with pytest.raises(NotThere):
        service.resend_invite("A" * 15)


def test_all_tracks_of_the_service_are_known() -> None:
    assert len(TRACKS) == len({track.id for track in TRACKS}) == 62
    by_id = {track.id: track for track in TRACKS}
    assert by_id["reInvent2019_wide"].name == "A to Z Speedway"
    assert by_id["reInvent2019_wide"].directions == ("COUNTER_CLOCKWISE", "CLOCKWISE")
    assert by_id["Monaco"].directions == ("CLOCKWISE",)
