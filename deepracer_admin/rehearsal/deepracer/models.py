"""Models and evaluations: the racer's own, and what organizers may see of them (deepracer-on-aws.md 1.7, 2.6)."""

from __future__ import annotations

from typing import Any

from deepracer_admin.rehearsal.shared.tracks import DIRECTIONS

from .deployment import Call, Deployment
from .errors import Unmodelled, bad_request, internal, not_authorized, not_found
from .shells import SHELL_COLOURS
from .state import Evaluation, Model, Profile
from .wire import page_of, presign, to_moment, to_number

_STAFF = {"dr-admins", "dr-race-facilitators"}
_MINUTES_EXCEEDED = "Total compute minutes for the month exceeded."
_MODELS_EXCEEDED = "Total number of models for the month exceeded."


# rules that the API and the racer's side share


def check_track(track: dict[str, str]) -> None:
    if track["trackDirection"] not in DIRECTIONS[track["trackId"]]:
        track_id, direction = track["trackId"], track["trackDirection"]
        text = f"Track {track_id} is not available in direction {direction}."
        raise bad_request(f"Invalid track configuration. {text}")


def check_minutes(profile: Profile, minutes: float) -> None:
    if profile.max_minutes != -1 and profile.max_minutes < profile.used + profile.queued + minutes:
        raise bad_request(_MINUTES_EXCEEDED)


def check_duration(minutes: float) -> None:
    if not 10 <= minutes <= 1440:
        raise bad_request("Max time in minutes is invalid.")


def start_training(
    site: Deployment, profile: Profile, name: str, minutes: float, definition: dict[str, Any] | None = None
) -> Model:
    """The quota rules, then the model and its job. Raises the API's 400."""
    check_duration(minutes)
    check_minutes(profile, minutes)
    if profile.max_models != -1 and profile.max_models < (profile.model_count or 0) + 1:
        raise bad_request(_MODELS_EXCEEDED)
    model = Model(site.state.new_id(), profile.profile_id, name, "QUEUED", site.now(), minutes, definition=definition)
    site.state.add_model(model)
    site.compute.train(profile, model, site.now())
    return model


def start_evaluation(
    site: Deployment, profile: Profile, model: Model, minutes: float, config: dict[str, Any] | None = None
) -> Evaluation:
    if model.status != "READY":
        raise bad_request("Model is not ready for evaluation.")
    check_duration(minutes)
    check_minutes(profile, minutes)
    evaluation = Evaluation(site.state.new_id(), model.model_id, profile.profile_id, site.now(), "QUEUED", config)
    site.state.add_evaluation(evaluation)
    site.compute.evaluate(profile, evaluation, minutes, site.now())
    return evaluation


def own_model(site: Deployment, profile_id: str, model_id: str) -> Model:
    model = site.state.models.get(model_id)
    if model is None or model.profile_id != profile_id:
        raise not_found()
    return model


def own_profile(site: Deployment, call: Call) -> Profile:
    profile = site.state.profiles.get(call.caller.profile_id)
    if profile is None:
        raise Unmodelled
    return profile


# operations of the racer


def create_model(site: Deployment, call: Call) -> dict[str, Any]:
    definition = call.body["modelDefinition"]
    check_track(definition["trainingConfig"]["trackConfig"])
    car = definition["carCustomization"]
    if car["carColor"] not in SHELL_COLOURS[car["carShell"]]:
        raise bad_request("Invalid car customization.")
    check_duration(definition["trainingConfig"]["maxTimeInMinutes"])
    _check_actions(definition["metadata"])
    if list_reward_errors(definition["metadata"]["rewardFunction"]):
        raise bad_request("The reward function is not valid. Address the reported issues and try again.")
    minutes = definition["trainingConfig"]["maxTimeInMinutes"]
    model = start_training(site, own_profile(site, call), definition["name"], minutes, definition)
    return {"modelId": model.model_id}


def _check_actions(metadata: dict[str, Any]) -> None:
    actions = metadata["actionSpace"].get("continous")
    if metadata["agentAlgorithm"] == "SAC" and actions is None:
        raise bad_request("SAC requires a continuous action space.")
    if actions and not (
        actions["lowSpeed"] < actions["highSpeed"] and actions["lowSteeringAngle"] < actions["highSteeringAngle"]
    ):
        raise bad_request("Invalid action space.")


def list_reward_errors(code: str) -> list[dict[str, Any]]:
    try:
        compile(code, "reward_function.py", "exec")
    except (SyntaxError, ValueError) as problem:
        line = getattr(problem, "lineno", None)
        error = {"type": "SYNTAX_ERROR", "message": getattr(problem, "msg", None) or str(problem)}
        return [error | ({"lineNumber": line} if line else {})]
    if "def reward_function" not in code:
        return [{"type": "TEST_FAILURE", "message": "No reward_function is defined."}]
    return []


def test_reward_function(site: Deployment, call: Call) -> dict[str, Any]:
    return {"errors": list_reward_errors(call.body["rewardFunction"])}


def import_model(site: Deployment, call: Call) -> dict[str, Any]:
    profile = own_profile(site, call)
    model = Model(
        site.state.new_id(), profile.profile_id, call.body["modelName"], "READY", site.now(), 10,
        training_status="COMPLETED", size=60_000_000, has_objects=True, imported=True,
    )  # fmt: skip
    site.state.add_model(model)
    site.compute.recount_storage(profile.profile_id)
    return {"modelId": model.model_id}


def list_models(site: Deployment, call: Call) -> dict[str, Any]:
    models = site.state.list_models(call.caller.profile_id)
    if any(not model.training_row for model in models):
        raise internal("Training item not found.")
    page, more = page_of("models", models, call.query.get("token"))
    return {"models": [_describe(model) for model in page]} | ({"token": more} if more else {})


def get_model(site: Deployment, call: Call) -> dict[str, Any]:
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    why = {"statusMessage": model.status_message} if model.status_message else {}
    return {"model": _describe(model) | why}


def delete_model(site: Deployment, call: Call) -> dict[str, Any]:
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    if model.status not in ("READY", "ERROR"):
        raise bad_request("This resource cannot be deleted at this time. Try again later.")
    if not _erase(site, model):
        raise Unmodelled
    return {}


def stop_model(site: Deployment, call: Call) -> dict[str, Any]:
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    if model.status not in ("TRAINING", "EVALUATING", "QUEUED"):
        raise bad_request("Model is not in a stoppable state.")
    job = next((j for j in site.state.jobs.values() if j.model_id == model.model_id), None)
    if job is None or job.state == "QUEUED":
        raise TimeoutError
    if job.state == "INITIALIZING":
        raise bad_request("Model cannot be stopped during job initialization.")
    model.status = "STOPPING"
    site.compute.queue.stop(job, site.now())
    return {}


def create_evaluation(site: Deployment, call: Call) -> dict[str, Any]:
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    config = call.body["evaluationConfig"]
    check_track(config["trackConfig"])
    evaluation = start_evaluation(site, own_profile(site, call), model, config["maxTimeInMinutes"], config)
    return {"evaluationId": evaluation.evaluation_id}


def list_evaluations(site: Deployment, call: Call) -> dict[str, Any]:
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    newest_first = list(reversed(site.state.evaluations_of.get(model.model_id, [])))
    page, more = page_of("evaluations", newest_first, call.query.get("token"))
    shown = [_describe_evaluation(site.state.evaluations[key]) for key in page]
    return {"evaluations": shown} | ({"token": more} if more else {})


def get_evaluation(site: Deployment, call: Call) -> dict[str, Any]:
    own_model(site, call.caller.profile_id, call.path["modelId"])
    evaluation = site.state.evaluations.get(call.path["evaluationId"])
    if evaluation is None or evaluation.model_id != call.path["modelId"]:
        raise not_found()
    return {"evaluation": _describe_evaluation(evaluation)}


def get_asset_url(site: Deployment, call: Call) -> dict[str, Any]:
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    kind = call.query["assetType"]
    if kind == "VIDEOS":
        raise bad_request("This asset type is not supported.")
    return {"url": presign(f"{model.profile_id}/models/{model.model_id}/{kind.lower()}.tar.gz", 300)}


# operations of organizers


def delete_all_models(site: Deployment, profile_id: str) -> None:
    """All models in any status; what fails is only logged, and running jobs go on (2.6)."""
    models = site.state.list_models(profile_id)
    if site.hit("half_done", "DeleteProfileModels"):
        models = models[: len(models) // 2]
    for model in models:
        _erase(site, model)


def _erase(site: Deployment, model: Model) -> bool:
    """A model without S3 objects cannot be deleted: its training row goes, the model row ends in ERROR."""
    if not model.has_objects:
        model.status, model.training_row = "ERROR", False
        return False
    site.compute.forget_waiting(model)
    site.state.remove_model(model.model_id)
    site.compute.recount_storage(model.profile_id)
    return True


def list_models_for_profile(site: Deployment, call: Call) -> dict[str, Any]:
    require_staff(site, call)
    return {
        "models": [
            {
                "modelId": model.model_id,
                "name": model.name,
                "status": model.status,
                "createdAt": to_moment(model.created, always_millis=True),
            }
            for model in site.state.list_models(call.path["profileId"])
        ]
    }


def list_admin_models(site: Deployment, call: Call) -> dict[str, Any]:
    """1.3: all models of all profiles, unpaged (deepracer-on-aws-1.3.md 8)."""
    require_staff(site, call)
    wanted = call.query.get("status")
    profiles = site.state.profiles
    return {
        "models": [
            {
                "modelId": model.model_id,
                "name": model.name,
                "username": profiles[model.profile_id].alias if model.profile_id in profiles else "",
                "profileId": model.profile_id,
                "status": model.status,
                "createdAt": to_moment(model.created, always_millis=True),
                "modelSource": "IMPORTED_VIRTUAL" if model.imported else "TRAINED",
            }
            for model in site.state.models.values()
            if wanted in (None, model.status)
        ]
    }


def get_admin_asset_url(site: Deployment, call: Call) -> dict[str, Any]:
    require_staff(site, call)
    model = own_model(site, call.query["profileId"], call.path["modelId"])
    if model.status != "READY":
        raise not_found("Model is not ready for download.")
    if not model.has_objects:
        raise not_found("Unable to find physical model artifact.")
    owner = site.state.profiles.get(model.profile_id)
    filename = f"{owner.alias if owner else 'RacerAlias'}_{model.name}.tar.gz"
    key = f"{model.profile_id}/models/{model.model_id}/carfile.tar.gz"
    disposition = f"attachment%3B%20filename%3D%22{filename}%22"
    return {"url": presign(key, 300, **{"response-content-disposition": disposition}), "filename": filename}


def require_staff(site: Deployment, call: Call) -> None:
    """The Lambda's own check of the admin pages: groups as they are now, not as the credentials remember them."""
    if not _STAFF & set(site.verify_groups(call)):
        raise not_authorized("Not authorized.")


# shapes

_TRACK = {"trackId": "reInvent2019_wide", "trackDirection": "CLOCKWISE"}
_METADATA = {
    "agentAlgorithm": "PPO",
    "rewardFunction": "def reward_function(params):\n    return 1.0",
    "hyperparameters": {
        "batch_size": 64,
        "lr": 0.0003,
        "discount_factor": 0.99,
        "loss_type": "huber",
        "num_episodes_between_training": 20,
        "exploration_type": "categorical",
    },
    "actionSpace": {"discrete": [{"speed": 1, "steeringAngle": 0}, {"speed": 1, "steeringAngle": 10}]},
    "sensors": {"camera": "FRONT_FACING_CAMERA"},
}


def _describe(model: Model) -> dict[str, Any]:
    definition = model.definition or {
        "carCustomization": {"carColor": "BLACK", "carShell": "DEEPRACER"},
        "trainingConfig": {
            "trackConfig": _TRACK,
            "maxTimeInMinutes": to_number(model.minutes),
            "raceType": "TIME_TRIAL",
        },
        "metadata": _METADATA,
    }
    return definition | {
        "name": model.name,
        "modelId": model.model_id,
        "createdAt": to_moment(model.created, always_millis=True),
        "fileSizeInBytes": model.size,
        "status": model.status,
        "trainingMetricsUrl": presign(f"{model.profile_id}/models/{model.model_id}/metrics.json", 3600),
        "trainingStatus": model.training_status,
    }


def _describe_evaluation(evaluation: Evaluation) -> dict[str, Any]:
    config = evaluation.config or {
        "trackConfig": _TRACK,
        "maxTimeInMinutes": 10,
        "raceType": "TIME_TRIAL",
        "evaluationName": "evaluation",
        "maxLaps": 3,
        "resettingBehaviorConfig": {"continuousLap": True},
    }
    return {
        "modelId": evaluation.model_id,
        "evaluationId": evaluation.evaluation_id,
        "createdAt": to_moment(evaluation.created, always_millis=True),
        "status": evaluation.status,
        "config": config,
        "metrics": evaluation.metrics,
    }
