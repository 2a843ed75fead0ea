"""The envelope of the managed service: refusals, input checks and pages (managed-deepracer.md 1.1).

Where nothing is publicly known (managed-deepracer.md 1.7), the practice world chooses the cautious reading and says
so here: `MaxResults` and a batch of user ids go up to 100, negative limits are refused, a batch is carried out whole
or not at all.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

LARGEST_PAGE = 100
LARGEST_BATCH = 100


class Fault(Exception):
    """A refusal in the service's own shape: the error code of 1.1, a message, and the HTTP status (400 or 500)."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code, self.message, self.status = code, message, status


def invalid(message: str) -> Fault:
    return Fault("InvalidRequestException", message)


def missing(message: str) -> Fault:
    return Fault("ResourceDoesNotExistException", message)


def over_limit(message: str) -> Fault:
    return Fault("ResourceLimitExceededException", message)


def in_use(message: str) -> Fault:
    return Fault("ResourceInUseException", message)


# A kind is a type, a frozenset of allowed words, a list with the kind of its items, or a mapping of member to kind,
# where a name that ends in * is required.
Kind = Any

PAGE: dict[str, Kind] = {"MaxResults": int, "NextToken": str}
ROLES = [frozenset({"ADMIN", "PARTICIPANT", "MODERATOR"})]
DEFINITION: dict[str, Kind] = {
    "Name*": str,
    "Visibility*": str,
    "LaunchTime*": int,
    "CloseTime*": int,
    "TrackArn*": str,
    "LeagueType*": str,
    "Description": str,
    "TrackFeatures": {"Direction*": frozenset({"CLOCKWISE", "COUNTER_CLOCKWISE"})},
    "Division": str,
    "Tags": str,
    "TermsConditionId": str,
}
RACE_CONFIG: dict[str, Kind] = {
    "MinimumLaps*": int,
    "RaceTypeConfig*": {
        "RaceType*": frozenset({"TIME_TRIAL", "OBJECT_AVOIDANCE", "HEAD_TO_HEAD_RACING"}),
        "TimeTrial": {},
        "ObjectAvoidance": {
            "NumObstacles*": int,
            "ObstacleType*": frozenset({"BOX"}),
            "RandomizeLocation*": bool,
            "ObstaclePositions": [{"LaneNumber*": int, "TrackPercentage*": float}],
        },
        "HeadToHead": {  # with obstacle and policy-model members whose names are not publicly known
            "HeadToHeadType*": str,
            "NumBotCars": int,
            "BotCarSpeed": float,
            "EnableLaneChange": bool,
            "LowerLaneChangeTime": float,
            "UpperLaneChangeTime": float,
        },
    },
    "ResettingBehavior*": {
        "IsContinuousLap": bool,
        "AllowReset": bool,
        "MaxResetTimes": int,
        "PenaltySeconds": float,
        "CutOffSeconds": float,
        "CollisionPenaltySeconds": float,
        "OffTrackPenaltySeconds": float,
    },
    "TerminationConditions*": {"MaxTimeInMinutes": int, "MaxLaps": int},
    "TimingMethod*": frozenset({"TOTAL_TIME", "BEST_LAP_TIME", "AVG_LAP_TIME"}),
    "ParticipationConfig": {
        "EntryTypeConfig*": {"InvitationEntryType*": str, "RacingDivisionEntryType": str},
        "ViewType*": str,
    },
    "CarControlConfig": {"CarSpeedControl*": bool},
    "Moderated": bool,
    "SubmissionsPerUser": int,
}
FEATURES: dict[str, Kind] = {
    "Theme": {"ThemeID": str},
    "RacingDivisionEnabled": bool,
    "CountryStatsEnabled": bool,
}
RACE: dict[str, Kind] = {"Definition*": DEFINITION, "RaceConfig*": RACE_CONFIG, "Features*": FEATURES}
INPUTS: dict[str, dict[str, Kind]] = {
    "GetAccountConfig": {},
    "AdminGetAccountConfig": {},
    "AdminSetAccountConfig": {"MultiracerConfig*": {"MultiracerModeEnabled*": bool}},
    "AdminListAssociatedUsers": {"UserState": frozenset({"ACTIVE", "DISABLED", "RESTRICTED"}), **PAGE},
    "AdminListAssociatedResources": {"UserId": str, **PAGE},
    "AdminManageUser": {
        "UserIds*": [str],
        "Action*": frozenset({"ENABLE", "DISABLE", "RESTRICT", "DELETE_RESOURCES", "SET_LIMITS"}),
        "Limits": {"MaxModels": int, "MaxComputeMinutes": int},
    },
    "CreateLeaderboard": {**RACE, "Tags": [{"Key*": str, "Value*": str}]},
    "EditLeaderboard": {"Arn*": str, **RACE},
    "DeleteLeaderboard": {"LeaderboardArn*": str},
    "GetLeaderboard": {"LeaderboardArn*": str},
    "ListLeaderboards": {"LeagueType": str, "LeaderboardAccessRoles": ROLES, "CutoffTime": int, **PAGE},
    "ListPrivateLeaderboardParticipants": {
        "LeaderboardArn*": str,
        "IncludeExtendedUserData": bool,
        "LeaderboardAccessRoles": ROLES,
        **PAGE,
    },
    "CreateLeaderboardAccessToken": {"LeaderboardArn*": str, "ExpirationTime": int},
    "AddLeaderboardAccessPermission": {"AccessToken*": str, "UserIds": [str]},
    "RemoveLeaderboardAccessPermission": {"LeaderboardArn*": str, "AccountId": str, "UserId": str},
    "ListLeaderboardSubmissions": {"LeaderboardArn*": str, "GetTopRacer": bool, **PAGE},
    "ListTracks": PAGE,
    "GetTrack": {"TrackArn*": str},
    "ListModels": {
        "ModelType*": frozenset({"REINFORCEMENT_LEARNING"}),
        "SortBy": frozenset({"CREATION_TIME"}),
        "SortOrder": str,
        **PAGE,
    },
    "GetModel": {"ModelArn*": str},
    "DeleteModel": {"ModelArn*": str},
    "ListTrainingJobs": {"ModelArn*": str, **PAGE},
    "GetTrainingJob": {"TrainingJobArn*": str},
    "StopTrainingReinforcementLearningModel": {"ModelArn*": str},
}


def read_input(operation: str, raw: bytes) -> dict[str, Any]:
    """The request body, checked against 1.3 to 1.5. Members that the operation does not know are ignored."""
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        raise Fault("SerializationException", "The request body is not JSON.") from None
    _check(body, INPUTS[operation], "")
    return body


def _check(value: Any, kind: Kind, where: str) -> None:
    if isinstance(kind, dict):
        _check_structure(value, kind, where)
    elif isinstance(kind, list):
        if not isinstance(value, list):
            raise _wrong_type(where)
        for item in value:
            _check(item, kind[0], f"{where}.member")
    elif isinstance(kind, frozenset):
        if value not in kind:
            raise invalid(f"Value at '{where}' must be one of [{', '.join(sorted(kind))}].")
    elif kind is float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise _wrong_type(where)
    elif not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
        raise _wrong_type(where)


def _check_structure(value: Any, kind: Mapping[str, Kind], where: str) -> None:
    if not isinstance(value, dict):
        raise _wrong_type(where)
    for name, member in kind.items():
        plain = name.rstrip("*")
        path = f"{where}.{plain}" if where else plain
        if value.get(plain) is not None:
            _check(value[plain], member, path)
        elif name.endswith("*"):
            raise invalid(f"Missing required member '{path}'.")


def _wrong_type(where: str) -> Fault:
    return Fault("SerializationException", f"Value at '{where}' has the wrong type.")


def page(items: Sequence[Any], body: Mapping[str, Any], about: str) -> tuple[Sequence[Any], dict[str, str]]:
    """The page that was asked for, and the `NextToken` member (or nothing) of the reply.

    `about` names the list, so that a token of one list is refused for another.
    """
    size = body.get("MaxResults", LARGEST_PAGE)
    if not 1 <= size <= LARGEST_PAGE:
        raise invalid(f"MaxResults must be between 1 and {LARGEST_PAGE}.")
    start = _read_token(body["NextToken"], about) if body.get("NextToken") else 0
    end = start + size
    more = {"NextToken": base64.b64encode(f"{about}:{end}".encode()).decode()} if end < len(items) else {}
    return items[start:end], more


def _read_token(token: str, about: str) -> int:
    try:
        name, _, start = base64.b64decode(token, validate=True).decode().rpartition(":")
        if name == about:
            return int(start)
    except ValueError:
        pass
    raise invalid("NextToken is not valid.")
