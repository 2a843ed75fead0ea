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
    "ranked_time",
    "standing_of",
    "to_milliseconds",
    "track_of",
]

LINK = "https://console.aws.amazon.com/deepracer/home#raceToken/"  # 1.4, observed
_LEADERBOARD = "arn:aws:deepracer:::leaderboard/"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_DEFAULTS = RaceDraft("", "", _EPOCH, _EPOCH)
_TIMES = {"TOTAL_TIME": "TotalLapTime", "BEST_LAP_TIME": "BestLapTime", "AVG_LAP_TIME": "AvgLapTime"}
_INVITED_ONLY = {"EntryTypeConfig": {"InvitationEntryType": "CLOSED_INVITATION"}, "ViewType": "ALL"}


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


def track_of(track: Mapping[str, Any]) -> Track | None:
    """None without an ARN, for no race could name it. Length is left out: its unit was inconsistent in real data (1.4).
    Directions a track allows are not documented.
    """
    track_id = str(track.get("TrackArn") or "").rpartition("/")[2]
    return Track(track_id, track.get("TrackName") or track_id) if track_id else None


def ranked_time(entry: Mapping[str, Any], timing_method: str | None = None) -> int | None:
    """What an entry is ranked by, in milliseconds: its score, else the time that `timing_method` names.

    All members are optional (1.4). An entry that waits, runs or failed has no time that counts, so None.
    """
    if entry.get("RankingScore"):
        return entry["RankingScore"]
    if entry.get("LeaderboardSubmissionStatusType", "SUCCESS") != "SUCCESS":
        return None
    return entry.get(_TIMES.get(timing_method or "", "")) or None


def standing_of(entry: Mapping[str, Any], place: int, score_ms: int) -> Standing:
    """`place` counts from 1 and stands in where the service gives no rank."""
    return Standing(
        rank=entry.get("Rank") or place,
        alias=entry.get("Alias") or "",
        score_ms=score_ms,
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
    token = board.get("AccessToken")
    return Race(
        id=board["Arn"].removeprefix(_LEADERBOARD),
        draft=_draft_of(board),
        participants=board["ParticipantCount"],
        share_link=LINK + token if token else "",
        winner=board.get("WinnerAlias") or "",
        raw={name: value for name, value in board.items() if name != "AccessToken"},
    )


def _draft_of(board: Mapping[str, Any]) -> RaceDraft:
    ends = board.get("TerminationConditions") or {}
    resetting = board.get("ResettingBehaviorConfig") or {}
    minimum = board["MinimumLaps"]
    return RaceDraft(
        name=board["Name"],
        track_id=str(board.get("TrackArn") or "").rpartition("/")[2],
        opens_at=_EPOCH + board["LaunchTime"] * _MILLISECOND,
        closes_at=_EPOCH + board["CloseTime"] * _MILLISECOND,
        direction=(board.get("TrackFeatures") or {}).get("Direction", _DEFAULTS.direction),
        timing=_timing_of(board.get("TimingMethod")),
        race_type=board.get("RaceType", _DEFAULTS.race_type),
        min_laps=minimum,
        max_laps=ends.get("MaxLaps") or board.get("TotalLaps") or minimum,
        max_submissions=board.get("SubmissionsPerUser", _DEFAULTS.max_submissions),
        off_track_penalty_s=float(resetting.get("OffTrackPenaltySeconds", resetting.get("PenaltySeconds", 0))),
        collision_penalty_s=float(resetting.get("CollisionPenaltySeconds", 0)),
        objects=(board.get("ObjectAvoidanceConfig") or {}).get("NumObstacles", 0),
        description=board.get("Description") or "",
        max_minutes=ends.get("MaxTimeInMinutes", _DEFAULTS.max_minutes),
    )


def _timing_of(method: str | None) -> Timing:
    """An open string (1.4): a method that we do not know is shown as total time, and goes back as it came."""
    return Timing(method) if method in list(Timing) else Timing.TOTAL_TIME


def race_members(
    draft: RaceDraft, *, region: str, visibility: str, league_type: str, now: Race | None = None
) -> dict[str, Any]:
    """`Definition`, `RaceConfig` and `Features` of a create or, with the race as it is `now`, of an edit.

    An edit replaces whole objects (1.4), so the race supplies what a draft does not hold; and it gets no rule that it
    did not have, unless the draft changes it. `Features` and `TermsConditionId` cannot be read, so they are lost.
    """
    before, known = (now.draft, now.raw) if now else (None, {})

    def changed(member: str) -> bool:
        return before is None or getattr(before, member) != getattr(draft, member)

    definition = {
        "Name": draft.name,
        "Visibility": known.get("Visibility", visibility),
        "LaunchTime": to_milliseconds(draft.opens_at),
        "CloseTime": to_milliseconds(draft.closes_at),
        "TrackArn": _track_arn(draft.track_id, known, region),
        "LeagueType": known.get("LeagueType", league_type),
        "Tags": known.get("Tags"),
        "Division": known.get("RacingDivision"),  # the read model's name for it
        "Description": draft.description if changed("description") or draft.description else None,
        "TrackFeatures": {"Direction": draft.direction} if changed("direction") else known.get("TrackFeatures"),
    }
    config = {
        "MinimumLaps": draft.min_laps,
        "RaceTypeConfig": _race_type(draft, known, before),
        "ResettingBehavior": {
            **({"IsContinuousLap": True} if now is None else known.get("ResettingBehaviorConfig") or {}),
            **({"OffTrackPenaltySeconds": draft.off_track_penalty_s} if changed("off_track_penalty_s") else {}),
            **({"CollisionPenaltySeconds": draft.collision_penalty_s} if changed("collision_penalty_s") else {}),
        },
        "TerminationConditions": {
            **(known.get("TerminationConditions") or {}),
            **({"MaxTimeInMinutes": draft.max_minutes} if changed("max_minutes") else {}),
            **({"MaxLaps": draft.max_laps} if changed("max_laps") else {}),
        },
        "TimingMethod": str(draft.timing) if changed("timing") else known.get("TimingMethod", str(draft.timing)),
        "ParticipationConfig": _INVITED_ONLY if now is None else known.get("ParticipationConfig"),
        "CarControlConfig": known.get("CarControlConfig"),
        "Moderated": False if now is None else known.get("Moderated"),
        "SubmissionsPerUser": draft.max_submissions if changed("max_submissions") else known.get("SubmissionsPerUser"),
    }
    return {"Definition": _given(definition), "RaceConfig": _given(config), "Features": {}}


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _race_type(draft: RaceDraft, known: Mapping[str, Any], before: RaceDraft | None) -> dict[str, Any]:
    """The type with the one configuration that belongs to it, as far as the service tells it."""
    chosen: dict[str, Any] = {"RaceType": draft.race_type}
    if draft.race_type == "OBJECT_AVOIDANCE":
        kept = known.get("ObjectAvoidanceConfig") if before and before.objects == draft.objects else None
        fresh = {"NumObstacles": draft.objects, "ObstacleType": "BOX", "RandomizeLocation": True}
        return {**chosen, "ObjectAvoidance": kept or fresh}
    if draft.race_type == "HEAD_TO_HEAD_RACING":
        return {**chosen, **_given({"HeadToHead": known.get("HeadToHeadConfig")})}
    return {**chosen, "TimeTrial": {}} if draft.race_type == "TIME_TRIAL" else chosen


def _track_arn(track_id: str, known: Mapping[str, Any], region: str) -> str:
    present = str(known.get("TrackArn") or "")
    if present and present.rpartition("/")[2] == track_id:
        return present
    return track_id if track_id.startswith("arn:") else f"arn:aws:deepracer:{region}::track/{track_id}"
