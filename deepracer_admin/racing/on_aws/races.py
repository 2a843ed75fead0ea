"""Races are leaderboards (deepracer-on-aws.md 1.6, 1.7 Leaderboards, 2.5; 1.3 page, 5.1 and 5.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from deepracer_admin.clock import as_utc
from deepracer_admin.edge.aws_errors import odd_answer
from deepracer_admin.errors import LostAnswer, Refused, ServiceError
from deepracer_admin.model import Race, RaceDraft, RaceStatus, Standing, Timing
from deepracer_admin.racing.on_aws import operations as op
from deepracer_admin.racing.on_aws.profiles import is_number, moment
from deepracer_admin.racing.on_aws.site import SERVICE
from deepracer_admin.racing.on_aws.transport import Transport

__all__ = ["create", "delete", "edit", "end", "list_races", "rankings"]

_DEFINITION = (
    "name",
    "openTime",
    "closeTime",
    "trackConfig",
    "raceType",
    "maxSubmissionsPerUser",
    "objectAvoidanceConfig",
    "resettingBehaviorConfig",
    "submissionTerminationConditions",
    "timingMethod",
    "leaderBoardFooter",
    "maxResets",
    "isLive",
    "liveEventStatus",
    "liveEventTime",
    "fleetId",
)
_LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)
_LEAD = timedelta(seconds=30)  # the new end must still lie ahead when the request arrives (1.3 page, 5.1)


def list_races(transport: Transport, site: str) -> list[Race]:
    """All community and live races; tracks of physical events are left out (1.3 page, 5.2)."""
    return [
        _race(item, site)
        for page in transport.pages(op.LIST_LEADERBOARDS, of="leaderboards")
        for item in page
        if not _is_event_track(item)
    ]


def create(transport: Transport, site: str, draft: RaceDraft) -> Race:
    """Create and read back. Raises Refused, or LostAnswer when it was created and could not be read back."""
    answer = transport.call(op.CREATE_LEADERBOARD, body={"leaderboardDefinition": _definition(draft)})
    race_id = str(answer.get("leaderboardId", ""))
    try:
        return _read(transport, site, race_id)
    except ServiceError as error:
        raise LostAnswer(
            "The race was created, but the service does not show it yet: refresh the races before you create it again.",
            service=SERVICE,
            operation=op.CREATE_LEADERBOARD.name,
            code=error.code,
        ) from error


def edit(
    transport: Transport, site: str, race_id: str, draft: RaceDraft, now: datetime, *, may_edit_open: bool
) -> Race:
    """Change an upcoming race, or the end and the submissions of an open one. `now` in event time.

    Raises Refused with what may still be changed.
    """
    current = _read(transport, site, race_id)
    status = current.status(now)
    if _is_event_track(current.raw):
        raise _refused("This race is a track of a physical event: change it on the deployment's event page.", "track")
    if status is RaceStatus.CLOSED:
        raise _refused("This race is over and cannot be opened again: create a new one.", "closed")
    if status is RaceStatus.UPCOMING:
        body = _definition(draft, kept=current.raw)
        transport.call(op.EDIT_LEADERBOARD, race_id, body={"leaderboardDefinition": body})
        return _read(transport, site, race_id)
    if not may_edit_open:
        raise _refused(
            "This version of DeepRacer on AWS does not let a race be changed once it is open: update it to 1.3.", "open"
        )
    allowed = replace(current.draft, closes_at=draft.closes_at, max_submissions=draft.max_submissions)
    if replace(draft, description="") != allowed:
        raise _refused(
            "While a race is open only its end and the number of submissions may change: leave the rest as it is.",
            "open",
        )
    return _change_open(transport, site, current, draft.closes_at, draft.max_submissions)


def end(transport: Transport, site: str, race_id: str, now: datetime, at: datetime | None, factor: float) -> Race:
    """End an open race at `at`, or half a minute from `now`. Both in event time, which runs `factor` times faster.

    Raises Refused when it is not open, or is a live race (a winner is declared there).
    """
    current = _read(transport, site, race_id)
    status = current.status(now)
    if status is RaceStatus.UPCOMING:
        raise _refused("This race has not opened yet: delete it, or change its times.", "upcoming")
    if status is RaceStatus.CLOSED:
        raise _refused("This race is already over.", "closed")
    if current.raw.get("isLive"):
        raise _refused("A live race ends when its winner is declared: do that on its live page.", "live")
    lead = max(_LEAD, _LEAD * factor / 6)
    return _change_open(transport, site, current, at or now + lead, current.draft.max_submissions)


def delete(transport: Transport, race_id: str) -> None:
    """Delete a race with its results. Raises Refused while it is open, NotThere."""
    transport.call(op.DELETE_LEADERBOARD, race_id)


def rankings(transport: Transport, race_id: str) -> Iterator[Standing]:
    """Best first, 100 a page. There is no profile id and the alias is a snapshot (1.7, ListRankings)."""
    for page in transport.pages(op.LIST_RANKINGS, race_id, of="rankings"):
        for item in page:
            yield _standing(item)


def _change_open(transport: Transport, site: str, race: Race, closes_at: datetime, submissions: int) -> Race:
    """Everything else goes back exactly as stored: what was absent stays absent (1.3 page, 5.1, the recipe)."""
    body = {name: race.raw[name] for name in _DEFINITION if race.raw.get(name) is not None}
    body["closeTime"] = _stamp(closes_at)
    body["maxSubmissionsPerUser"] = submissions
    transport.call(op.EDIT_LEADERBOARD, race.id, body={"leaderboardDefinition": body})
    return _read(transport, site, race.id)


def _read(transport: Transport, site: str, race_id: str) -> Race:
    item = transport.call(op.GET_LEADERBOARD, race_id).get("leaderboard")
    if not isinstance(item, dict) or not item.get("leaderboardId"):
        raise odd_answer(SERVICE, SERVICE, op.GET_LEADERBOARD.name)  # it would read as a race that is long over
    return _race(item, site)


def _definition(draft: RaceDraft, kept: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A LeaderboardDefinition. The description is left out: the service drops it, and 1.3 refuses it in edits."""
    body: dict[str, Any] = {
        name: kept[name] for name in ("leaderBoardFooter", "isLive", "liveEventTime", "maxResets", "fleetId")
        if kept and kept.get(name) is not None
    }  # fmt: skip
    body |= {
        "name": draft.name,
        "openTime": _stamp(draft.opens_at),
        "closeTime": _stamp(draft.closes_at),
        "trackConfig": {"trackId": draft.track_id, "trackDirection": draft.direction},
        "raceType": draft.race_type,
        "maxSubmissionsPerUser": draft.max_submissions,
        "resettingBehaviorConfig": {
            "continuousLap": _part(kept or {}, "resettingBehaviorConfig").get("continuousLap", True),
            "collisionPenaltySeconds": draft.collision_penalty_s,
            "offTrackPenaltySeconds": draft.off_track_penalty_s,
        },
        "submissionTerminationConditions": {
            "minimumLaps": draft.min_laps,
            "maximumLaps": draft.max_laps,
            "maxTimeInMinutes": draft.max_minutes,
        },
        "timingMethod": _kept_timing(kept) if kept and _timing(kept) is draft.timing else str(draft.timing),
    }
    if draft.race_type == "OBJECT_AVOIDANCE":
        body["objectAvoidanceConfig"] = _obstacles(draft, kept)
    return body


def _obstacles(draft: RaceDraft, kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """Positions that were set on the site survive an edit that does not change how many there are."""
    before = (kept or {}).get("objectAvoidanceConfig")
    if isinstance(before, Mapping) and before.get("numberOfObjects") == draft.objects:
        return dict(before)
    return {"numberOfObjects": draft.objects}


def _race(item: Mapping[str, Any], site: str) -> Race:
    race_id = str(item.get("leaderboardId", ""))
    return Race(
        id=race_id,
        draft=_draft(item),
        participants=_count(item.get("participantCount")),
        share_link=f"{site}/races/{race_id}",
        raw=dict(item),
    )


def _draft(item: Mapping[str, Any]) -> RaceDraft:
    track = _part(item, "trackConfig")
    resets = _part(item, "resettingBehaviorConfig")
    laps = _part(item, "submissionTerminationConditions")
    is_avoidance = item.get("raceType") == "OBJECT_AVOIDANCE"
    return RaceDraft(
        name=str(item.get("name", "")),
        track_id=str(track.get("trackId", "")),
        opens_at=moment(item.get("openTime")) or _LONG_AGO,
        closes_at=moment(item.get("closeTime")) or _LONG_AGO,
        direction=str(track.get("trackDirection", "")),
        timing=_timing(item),
        race_type=str(item.get("raceType", "")),
        min_laps=_count(laps.get("minimumLaps")),
        max_laps=_count(laps.get("maximumLaps")),
        max_submissions=_count(item.get("maxSubmissionsPerUser")),
        off_track_penalty_s=_seconds(resets.get("offTrackPenaltySeconds")),
        collision_penalty_s=_seconds(resets.get("collisionPenaltySeconds")),
        # A race that was turned into a time trial still carries its old obstacles (1.3 page, section 13).
        objects=_count(_part(item, "objectAvoidanceConfig").get("numberOfObjects")) if is_avoidance else 0,
        max_minutes=_count(laps.get("maxTimeInMinutes")) or 20,  # 20 min without a setting of the race (2.3)
    )


def _standing(item: Mapping[str, Any]) -> Standing:
    stats = _part(item, "stats")
    return Standing(
        rank=_count(item.get("rank")),
        alias=str(_part(item, "userProfile").get("alias", "")),
        score_ms=_count(item.get("rankingScore")),
        best_lap_ms=_rounded(stats.get("bestLapTime")),
        average_lap_ms=_rounded(stats.get("avgLapTime")),
        total_ms=_rounded(stats.get("totalLapTime")),
        laps=_rounded(stats.get("completedLapCount")),
        off_tracks=_rounded(stats.get("offTrackCount")),
        resets=_rounded(stats.get("resetCount")),
        submitted_at=moment(item.get("submittedAt")),
    )


def _is_event_track(item: Mapping[str, Any]) -> bool:
    closes_at = moment(item.get("closeTime"))
    return bool(item.get("eventId")) or (closes_at is not None and closes_at < _LONG_AGO)


def _timing(item: Mapping[str, Any]) -> Timing:
    """A method that we do not know is shown as total time, and goes back as it came: it must hide no other race."""
    method = item.get("timingMethod")
    return Timing(method) if method in list(Timing) else Timing.TOTAL_TIME


def _kept_timing(kept: Mapping[str, Any]) -> str:
    return str(kept.get("timingMethod") or Timing.TOTAL_TIME)


def _part(item: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = item.get(name)
    return value if isinstance(value, Mapping) else {}


def _rounded(value: Any) -> int | None:
    return round(value) if is_number(value) else None


def _count(value: Any) -> int:
    return _rounded(value) or 0


def _seconds(value: Any) -> float:
    return float(value) if is_number(value) else 0.0


def _stamp(at: datetime) -> str:
    """RFC 3339 with a Z; milliseconds only when there are any (1.4)."""
    moment_utc = as_utc(at)
    millis = f".{moment_utc.microsecond // 1000:03d}" if moment_utc.microsecond >= 1000 else ""
    return moment_utc.strftime("%Y-%m-%dT%H:%M:%S") + millis + "Z"


def _refused(sentence: str, code: str) -> Refused:
    return Refused(sentence, service=SERVICE, operation=op.EDIT_LEADERBOARD.name, code=code)
