"""The table of operations: method, path, query, body, declared errors, handler (deepracer-on-aws.md 1.5)."""

# ruff: noqa: E501  (one operation a line)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import bodies as b
from . import bulk_invite, events, leaderboards, live, models, profiles, retrying, standings
from .deployment import Call, Deployment
from .errors import bad_request, internal, not_authorized, not_found
from .settings_doc import look_up, store
from .shapes import Shape, Structure, Text

Reply = dict[str, Any] | tuple[int, dict[str, Any] | None]
Handler = Callable[[Deployment, Call], Reply]
_BASE_ERRORS = {"BadRequestError", "NotAuthorizedError", "InternalFailureError"}
_CODES = {"404": "NotFoundError", "409": "ConflictError"}


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: str
    handler: Handler
    body: Structure | None = None
    query: Structure | None = None
    errors: frozenset[str] = frozenset()
    since: tuple[int, ...] = (1, 2)
    path_shapes: dict[str, Shape] = field(default_factory=dict)

    @property
    def segments(self) -> list[str]:
        return self.path.strip("/").split("/")


def get_global_setting(site: Deployment, call: Call) -> Reply:
    try:
        return {"value": look_up(site.settings, call.path["key"])}
    except KeyError:
        raise not_found("Failed to retrieve global setting for provided key.") from None


def update_global_setting(site: Deployment, call: Call) -> Reply:
    if site.version >= (1, 3) and not site.is_admin(call):
        raise not_authorized("Not authorized.")
    try:
        changed = store(site.settings, call.path["key"], call.body["value"])
    except ValueError:
        raise bad_request("Invalid request structure") from None
    if site.hit("settings_conflict", call.operation):
        raise internal("Failed to update setting")
    site.settings = changed
    return {}


def attach_live_race_policy(site: Deployment, call: Call) -> Reply:
    """No handler of the server SDK: its body is empty (1.7)."""
    return 200, None


def list_nothing(member: str) -> Handler:
    """Cars and timers are not practised: the lists exist on 1.3 and are empty."""
    return lambda site, call: {member: []}


def get_race_stats(site: Deployment, call: Call) -> Reply:
    if not site.is_admin(call):
        raise not_authorized("Not authorized.")
    counts = ("totalEvents", "totalRacers", "totalRaces", "totalLaps", "totalValidLaps", "totalCountries")
    lists = ("fastestLapsEver", "eventsByCountry", "eventsByMonth", "eventTypeBreakdown")
    return {**dict.fromkeys(counts, 0), "averageLapTimeMilliseconds": 0, **{name: [] for name in lists}}


_PATH_SHAPES: dict[str, Shape] = {"key": Text(), "jobId": Text(pattern="^[0-9A-HJKMNP-TV-Z]{26}$")}


def _operation(
    name: str,
    uri: str,
    handler: Handler,
    body: dict[str, Shape] | Structure | None = None,
    query: dict[str, Shape] | None = None,
    errors: str = "",
    since: tuple[int, ...] = (1, 2),
) -> Operation:
    method, path = uri.split(" ")
    shapes = {
        part[1:-1]: _PATH_SHAPES.get(part[1:-1], b.Identifier) for part in path.split("/") if part.startswith("{")
    }
    declared = frozenset(_BASE_ERRORS | {_CODES[code] for code in errors.split()})
    shaped = body if isinstance(body, Structure) or body is None else Structure(body)
    return Operation(name, method, path, handler, shaped, Structure(query) if query else None, declared, since, shapes)


_TOKEN: dict[str, Shape] = {"token": b.AnyText}
_LB, _EV = "/leaderboards/{leaderboardId}", "/events/{eventId}"
_NEW = (1, 3)


def build_operations(version: tuple[int, ...]) -> list[Operation]:
    """All operations that exist in this version."""
    definition = b.leaderboard_definition(version)
    groups = ["dr-admins", "dr-race-facilitators", "dr-racers"]
    if version >= _NEW:
        groups += ["dr-commentators", "dr-registration-managers"]
    edit: dict[str, Shape] = {
        "leaderboardDefinition": definition,
        "autoLaunchEnabled": b.Flag(),
        "submissionPeriodOpen": b.Flag(),
        "liveEventTime": b.Moment(),
    }
    role: dict[str, Shape] = {"profileId*": b.Identifier, "targetUserPoolGroup*": Text(choices=groups)}
    asset: dict[str, Shape] = {
        "assetType*": Text(
            choices=("VIRTUAL_MODEL", "TRAINING_LOGS", "EVALUATION_LOGS", "PHYSICAL_CAR_MODEL", "VIDEOS")
        ),
        "evaluationId": b.Identifier,
    }
    imported: dict[str, Shape] = {
        "s3Bucket*": b.AnyText,
        "s3Path*": b.AnyText,
        "modelName*": b.ModelName,
        "modelDescription": b.ModelDescription,
    }
    reorder: dict[str, Shape] = {"submissionId*": b.Identifier, "afterSubmissionId": b.Identifier}
    reward: dict[str, Shape] = {"rewardFunction*": Text(1, 140000), "trackConfig*": b.Track}
    definition_of_event: dict[str, Shape] = {"eventDefinition*": b.EventDefinition}
    training: dict[str, Shape] = {"modelDefinition*": b.ModelDefinition, "preTrainedModelId": b.Identifier}
    op = _operation
    table = [
        op("ListProfiles", "GET /profiles", profiles.list_profiles, query=_TOKEN),
        op("GetProfile", "GET /profile", profiles.get_profile),
        op("UpdateProfile", "PATCH /profile", profiles.update_profile, b.UpdateProfile),
        op("CreateProfile", "POST /profile", profiles.create_profile, {"emailAddress*": b.AnyText}),
        op("UpdateGroupMembership", "PUT /profile/role", profiles.update_group_membership, role),
        op("DeleteProfile", "DELETE /profiles/{profileId}", profiles.delete_profile, errors="404"),
        op("DeleteProfileModels", "DELETE /profiles/{profileId}/models", profiles.delete_profile_models, errors="404"),
        op("ListAdminProfiles", "GET /admin/profiles", profiles.list_admin_profiles),
        op("ListModelsForProfile", "GET /admin/profiles/{profileId}/models", models.list_models_for_profile, errors="404"),
        op("GetAdminAssetUrl", "GET /admin/models/{modelId}/getasset", models.get_admin_asset_url, query={"profileId*": b.Identifier}, errors="404"),
        op("GetGlobalSetting", "GET /settings/{key}", get_global_setting, errors="404"),
        op("UpdateGlobalSetting", "PUT /settings/{key}", update_global_setting, {"value*": Shape()}, errors="404"),
        op("CreateLeaderboard", "POST /leaderboards", leaderboards.create_leaderboard, {"leaderboardDefinition*": definition}),
        op("ListLeaderboards", "GET /leaderboards", leaderboards.list_leaderboards, query=_TOKEN),
        op("GetLeaderboard", f"GET {_LB}", leaderboards.get_leaderboard, errors="404"),
        op("EditLeaderboard", f"PATCH {_LB}", leaderboards.edit_leaderboard, edit, errors="404 409" if version >= _NEW else "404"),
        op("DeleteLeaderboard", f"DELETE {_LB}", leaderboards.delete_leaderboard, errors="404"),
        op("JoinLeaderboard", f"POST {_LB}", leaderboards.join_leaderboard, {"inviteCode*": b.AnyText}, errors="404"),
        op("ListRankings", f"GET {_LB}/rankings", standings.list_rankings, query=_TOKEN, errors="404"),
        op("GetRanking", f"GET {_LB}/ranking", standings.get_ranking, errors="404"),
        op("ListSubmissions", f"GET {_LB}/submissions", standings.list_submissions, query=_TOKEN, errors="404"),
        op("CreateSubmission", f"POST {_LB}/submissions", standings.create_submission, {"modelId*": b.Identifier}, errors="404"),
        op("ListLiveQueueItems", f"GET {_LB}/liveQueue", live.list_live_queue, errors="404"),
        op("LaunchLiveRace", f"POST {_LB}/liveQueue/launch", live.launch_live_race, errors="404 409"),
        op("ReorderLiveQueue", f"POST {_LB}/liveQueue/reorder", live.reorder_live_queue, reorder, errors="404"),
        op("ClearLiveLeaderboard", f"POST {_LB}/liveQueue/resetAll", live.clear_live_leaderboard, errors="404 409"),
        op("ResetLiveQueueModel", f"POST {_LB}/liveQueue/{{submissionId}}/resetModel", live.reset_live_queue_model, {"reason": b.AnyText}, errors="404"),
        op("RemoveLiveQueueItem", f"DELETE {_LB}/liveQueue/{{submissionId}}", live.remove_live_queue_item, errors="404 409"),
        op("DeclareWinner", f"POST {_LB}/declareWinner", live.declare_winner, errors="404 409"),
        op("GetLiveRaceState", f"GET {_LB}/liveState", live.get_live_race_state, errors="404"),
        op("AttachLiveRacePolicy", "POST /live-race/connect", attach_live_race_policy),
        op("CreateModel", "POST /models", models.create_model, training),
        op("ListModels", "GET /models", models.list_models, query=_TOKEN),
        op("GetModel", "GET /models/{modelId}", models.get_model, errors="404"),
        op("DeleteModel", "DELETE /models/{modelId}", models.delete_model, errors="404"),
        op("RetryTraining", "POST /models/{modelId}/retry-training", retrying.retry_training, errors="404 409", since=_NEW),
        op("StopModel", "PATCH /models/{modelId}", models.stop_model, errors="404"),
        op("GetAssetUrl", "GET /models/{modelId}/getasset", models.get_asset_url, query=asset, errors="404"),
        op("CreateEvaluation", "POST /models/{modelId}/evaluation", models.create_evaluation, {"evaluationConfig*": b.EvaluationConfig}, errors="404"),
        op("ListEvaluations", "GET /models/{modelId}/evaluations", models.list_evaluations, query=_TOKEN, errors="404"),
        op("GetEvaluation", "GET /models/{modelId}/evaluations/{evaluationId}", models.get_evaluation, errors="404"),
        op("ImportModel", "POST /importmodel", models.import_model, imported),
        op("TestRewardFunction", "POST /rewardFunction", models.test_reward_function, reward),
        op("BulkInviteUser", "POST /profiles/bulkInvite", bulk_invite.bulk_invite_user, b.BulkInvite, errors="409", since=_NEW),
        op("ListBulkInviteUserJobs", "GET /profiles/bulkInvite", bulk_invite.list_bulk_invite_jobs, since=_NEW),
        op("GetBulkInviteUserJobStatus", "GET /profiles/bulkInvite/{jobId}", bulk_invite.get_bulk_invite_job, errors="404", since=_NEW),
        op("ResendInvite", "POST /profiles/{profileId}/resendInvite", profiles.resend_invite, errors="404 409", since=_NEW),
        op("RegisterUser", "POST /race-management/users", profiles.register_user, b.RegisterUser, errors="409", since=_NEW),
        op("GetRaceStats", "GET /race-management/stats", get_race_stats, since=_NEW),
        op("ListAdminModels", "GET /admin/models", models.list_admin_models, query={"status": b.AnyText, "optimizationStatus": b.AnyText}, since=_NEW),
        op("CreateEvent", "POST /events", events.create_event, definition_of_event, since=_NEW),
        op("ListEvents", "GET /events", events.list_events, query={"token": b.AnyText, "status": b.EventStatus}, since=_NEW),
        op("GetEvent", f"GET {_EV}", events.get_event, errors="404", since=_NEW),
        op("EditEvent", f"PATCH {_EV}", events.edit_event, definition_of_event, errors="404 409", since=_NEW),
        op("DeleteEvent", f"DELETE {_EV}", events.delete_event, errors="404 409", since=_NEW),
        op("TransitionEventStatus", f"POST {_EV}/transition", events.transition_event, {"action*": b.EventAction}, errors="404 409", since=_NEW),
        op("AddTrackToEvent", f"POST {_EV}/tracks", events.add_track, b.EventTrack, errors="404 409", since=_NEW),
        op("ListEventTracks", f"GET {_EV}/tracks", events.list_tracks, query={"nextToken": b.AnyText, "maxResults": b.PageSize}, errors="404", since=_NEW),
        op("RemoveTrackFromEvent", f"DELETE {_EV}/tracks/{{leaderboardId}}", events.remove_track, errors="404 409", since=_NEW),
        op("ListDevices", "GET /devices", list_nothing("devices"), query=_TOKEN, since=_NEW),
        op("ListFleets", "GET /fleets", list_nothing("fleets"), since=_NEW),
    ]  # fmt: skip
    return [operation for operation in table if version >= operation.since]
