"""Shapes of AWS DeepRacer multi-user mode turned into ours and back (managed-deepracer.md 1.3 to 1.5).

Here and nowhere else: milliseconds and datetimes, ARNs and ids, and the limit that is set as ``MaxComputeMinutes``
and read back as ``MaxTotalComputeMinutes``. Writing a race nests what reading it flattens.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from deepracer_admin.model import Model, Profile, Quota, Race, RaceDraft, Standing, Timing, Track

__all__ = [
    "LINK",
    "leaderboard_arn",
    "model_of",
    "profile_of",
    "race_members",
    "race_of",
    "standing_of",
    "to_milliseconds",
    "track_of",
]

LINK = "https://console.aws.amazon.com/deepracer/home#raceToken/"  # 1.4, observed
_LEADERBOARD = "arn:aws:deepracer:::leaderboard/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def to_milliseconds(moment: datetime) -> int:
    """Whole milliseconds since the epoch of an aware datetime."""
    return (moment - _EPOCH) // _MILLISECOND


def to_moment(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else _EPOCH + milliseconds * _MILLISECOND


def leaderboard_arn(race_id: str) -> str:
    """Old races have ARNs with a region; those are used as ids whole."""
    return race_id if race_id.startswith("arn:") else _LEADERBOARD + race_id


def profile_of(user: Mapping[str, Any]) -> Profile:
    """An `AssociatedUser`: there is no e-mail and no model count in it."""
    return Profile(
        id=user["UserId"],
        alias=user["Alias"],
        minutes_used=float(user["ComputeMinutesUsed"]),
        minutes_queued=float(user["ComputeMinutesQueued"]),
        quota=Quota(user["MaxTotalComputeMinutes"], user["MaxModels"]),
        storage_bytes=user["StorageBytesUsed"],
        state=user["UserState"],
        created_at=to_moment(user["AssociatedOn"]),
    )


def model_of(model: Mapping[str, Any], profile_id: str) -> Model:
    """The id of a model is its whole ARN."""
    created = to_moment(model.get("CreationTime"))
    return Model(model["ModelArn"], model["ModelName"], profile_id, model["Status"], created)


def track_of(track: Mapping[str, Any]) -> Track:
    """Length is left out: its unit was inconsistent in real data (1.4). Directions a track allows are not
    documented.
    """
    track_id = str(track["TrackArn"]).rpartition("/")[2]
    return Track(track_id, track.get("TrackName") or track_id)


def standing_of(entry: Mapping[str, Any], place: int) -> Standing:
    """`place` counts from 1 and stands in where the service gives no rank."""
    return Standing(
        rank=entry.get("Rank") or place,
        alias=entry.get("Alias") or "",
        score_ms=entry["RankingScore"],
        best_lap_ms=entry.get("BestLapTime"),
        average_lap_ms=entry.get("AvgLapTime"),
        total_ms=entry.get("TotalLapTime"),
        laps=entry.get("LapCount"),
        off_tracks=entry.get("OffTrackCount"),
        resets=entry.get("ResetCount"),
        submissions=entry.get("SubmissionCount"),
        submitted_at=to_moment(entry.get("SubmissionTime")),
        profile_id=entry.get("UserId") or "",
    )


def race_of(board: Mapping[str, Any]) -> Race:
    """A `Leaderboard`. `raw` keeps what the service said, its access token apart."""
    arn = board["Arn"]
    ends = board.get("TerminationConditions") or {}
    resetting = board.get("ResettingBehaviorConfig") or {}
    defaults = RaceDraft("", "", _EPOCH, _EPOCH)
    opens_at, closes_at = _EPOCH + board["LaunchTime"] * _MILLISECOND, _EPOCH + board["CloseTime"] * _MILLISECOND
    minimum = board["MinimumLaps"]
    draft = RaceDraft(
        name=board["Name"],
        track_id=str(board.get("TrackArn") or "").rpartition("/")[2],
        opens_at=opens_at,
        closes_at=closes_at,
        direction=(board.get("TrackFeatures") or {}).get("Direction", defaults.direction),
        timing=Timing(board.get("TimingMethod", defaults.timing)),
        race_type=board.get("RaceType", defaults.race_type),
        min_laps=minimum,
        max_laps=ends.get("MaxLaps") or board.get("TotalLaps") or minimum,
        max_submissions=board.get("SubmissionsPerUser", defaults.max_submissions),
        off_track_penalty_s=resetting.get("OffTrackPenaltySeconds", resetting.get("PenaltySeconds", 0.0)),
        collision_penalty_s=resetting.get("CollisionPenaltySeconds", 0.0),
        objects=(board.get("ObjectAvoidanceConfig") or {}).get("NumObstacles", 0),
        description=board.get("Description") or "",
        max_minutes=ends.get("MaxTimeInMinutes", defaults.max_minutes),
    )
    token = board.get("AccessToken")
    return Race(
        id=arn.removeprefix(_LEADERBOARD),
        draft=draft,
        participants=board["ParticipantCount"],
        share_link=LINK + token if token else "",
        winner=board.get("WinnerAlias") or "",
        raw={name: value for name, value in board.items() if name != "AccessToken"},
    )


def race_members(
    draft: RaceDraft, *, region: str, visibility: str, league_type: str, raw: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """`Definition`, `RaceConfig` and `Features` of a create or edit.

    An edit replaces whole objects, so `raw` (what the race says of itself now) supplies what a draft does not hold.
    """
    known = raw or {}
    definition = {
        "Name": draft.name,
        "Visibility": known.get("Visibility", visibility),
        "LaunchTime": to_milliseconds(draft.opens_at),
        "CloseTime": to_milliseconds(draft.closes_at),
        "TrackArn": _track_arn(draft.track_id, known, region),
        "LeagueType": known.get("LeagueType", league_type),
        "Description": draft.description,
        "TrackFeatures": {"Direction": draft.direction},
        **({"Tags": known["Tags"]} if known.get("Tags") else {}),
    }
    config = {
        "MinimumLaps": draft.min_laps,
        "RaceTypeConfig": _race_type(draft, known),
        "ResettingBehavior": {
            "IsContinuousLap": True,
            **(known.get("ResettingBehaviorConfig") or {}),
            "OffTrackPenaltySeconds": draft.off_track_penalty_s,
            "CollisionPenaltySeconds": draft.collision_penalty_s,
        },
        "TerminationConditions": {"MaxTimeInMinutes": draft.max_minutes, "MaxLaps": draft.max_laps},
        "TimingMethod": str(draft.timing),
        "ParticipationConfig": known.get("ParticipationConfig")
        or {"EntryTypeConfig": {"InvitationEntryType": "CLOSED_INVITATION"}, "ViewType": "ALL"},
        "Moderated": known.get("Moderated", False),
        "SubmissionsPerUser": draft.max_submissions,
        **({"CarControlConfig": known["CarControlConfig"]} if known.get("CarControlConfig") else {}),
    }
    return {"Definition": definition, "RaceConfig": config, "Features": {}}


def _race_type(draft: RaceDraft, known: Mapping[str, Any]) -> dict[str, Any]:
    if draft.race_type == "OBJECT_AVOIDANCE":
        placed = known.get("ObjectAvoidanceConfig") or {}
        if placed.get("NumObstacles") != draft.objects:
            placed = {"NumObstacles": draft.objects, "ObstacleType": "BOX", "RandomizeLocation": True}
        return {"RaceType": draft.race_type, "ObjectAvoidance": placed}
    if draft.race_type == "HEAD_TO_HEAD_RACING":
        return {"RaceType": draft.race_type, "HeadToHead": known.get("HeadToHeadConfig") or {}}
    return {"RaceType": draft.race_type, "TimeTrial": {}}


def _track_arn(track_id: str, known: Mapping[str, Any], region: str) -> str:
    if str(known.get("TrackArn", "")).rpartition("/")[2] == track_id:
        return known["TrackArn"]
    return track_id if track_id.startswith("arn:") else f"arn:aws:deepracer:{region}::track/{track_id}"
