"""Models, trainings and tracks (managed-deepracer.md 1.5 and 1.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepracer_admin.rehearsal.shared.tracks import TRACK_IDS

from .state import Account, CarModel, Job, car_arn, job_arn, milliseconds, model_arn, track_arn
from .wire import Fault, in_use, missing, page
from .yard import Yard

Body = Mapping[str, Any]
BY_ARN = {track_arn(track_id): number for number, track_id in enumerate(TRACK_IDS)}


def describe_model(account: Account, model: CarModel) -> dict[str, Any]:
    """A `Model` as the admin sees it, tagged with its racer's alias."""
    racer = account.users[model.user_id]
    return {
        "ModelType": "REINFORCEMENT_LEARNING",
        "ModelName": model.name,
        "ModelArn": model_arn(model.model_id),
        "WasImported": False,
        "CreationTime": milliseconds(model.created_at),
        "ModelFramework": "TENSORFLOW",
        "AgentAlgorithm": "PPO",
        "AgentNetwork": "DEEP_CONVOLUTIONAL_NETWORK_SHALLOW",
        "Status": model.status,
        "ModelSizeInGb": model.size_bytes / 1e9,
        "CreatedByAlias": racer.alias,
        **({"CarArn": car_arn(racer.car_id)} if racer.car_id else {}),
    }


class Models:
    """What the admin may see and do of models, trainings and tracks."""

    def __init__(self, account: Account, yard: Yard) -> None:
        self._account, self._yard = account, yard

    def list_models(self, body: Body, now: float) -> dict[str, Any]:
        """1.5: the sponsoring account sees everybody's models."""
        ordered = sorted(self._account.models.values(), key=lambda model: model.created_at)
        if body.get("SortOrder", "DESCENDING").upper().startswith("DESC"):
            ordered.reverse()
        found, more = page(ordered, body, "models")
        return {"Models": [describe_model(self._account, model) for model in found], **more}

    def get_model(self, body: Body, now: float) -> dict[str, Any]:
        return {"Model": describe_model(self._account, self._model(body["ModelArn"]))}

    def delete_model(self, body: Body, now: float) -> dict[str, Any]:
        model = self._model(body["ModelArn"])
        if model.status not in ("READY", "ERROR"):
            raise in_use(f"Model {model.name} is {model.status} and cannot be deleted now.")
        self._yard.delete(model, now)
        return {}

    def list_training_jobs(self, body: Body, now: float) -> dict[str, Any]:
        model = self._model(body["ModelArn"])
        found, more = page([job for job in self._trainings() if job.model_id == model.model_id], body, "jobs")
        return {"TrainingJobs": [self._describe_job(job, now) for job in found], **more}

    def get_training_job(self, body: Body, now: float) -> dict[str, Any]:
        for job in self._trainings():
            if job_arn(job) == body["TrainingJobArn"]:
                return {"TrainingJob": self._describe_job(job, now)}
        raise missing("There is no such training job.")

    def stop_training(self, body: Body, now: float) -> dict[str, Any]:
        """`StopTrainingReinforcementLearningModel`: accepted at once, takes minutes to wind down."""
        model = self._model(body["ModelArn"])
        for job in self._trainings():
            if job.model_id == model.model_id and job.phase in ("CREATED", "IN_PROGRESS"):
                model.status = "STOPPING"
                self._yard.stop(job, now)
                return {}
        raise Fault("JobNotActiveException", f"Model {model.name} has no active training.")

    def list_tracks(self, body: Body, now: float) -> dict[str, Any]:
        found, more = page(list(BY_ARN), body, "tracks")
        return {"Tracks": [describe_track(arn) for arn in found], **more}

    def get_track(self, body: Body, now: float) -> dict[str, Any]:
        if body["TrackArn"] not in BY_ARN:
            raise missing("There is no such track.")
        return {"Track": describe_track(body["TrackArn"])}

    def _trainings(self) -> list[Job]:
        return [job for job in self._account.jobs.values() if job.kind == "training"]

    def _model(self, arn: str) -> CarModel:
        model = self._account.models.get(arn.rpartition("/")[2])
        if model is None or model_arn(model.model_id) != arn:
            raise missing("There is no such model.")
        return model

    def _describe_job(self, job: Job, now: float) -> dict[str, Any]:
        spent = 0 if job.started_at is None else int(max(0.0, min(now, job.due or now) - job.started_at) // 60)
        activity = {
            "Status": {"JobStatus": job.phase, "TimeInMinutes": min(spent, job.minutes), "Units": spent},
            "CreationTime": milliseconds(job.queued_at),
            "StartTime": milliseconds(job.started_at or job.queued_at),
        }
        return {"JobArn": job_arn(job), "ActivityJob": activity, "Config": {}, "Metrics": {}}


def describe_track(arn: str) -> dict[str, Any]:
    """A track of the fixed catalogue; the service's name for it, its length left out (its unit was inconsistent,
    1.4).
    """
    track_id = arn.rpartition("/")[2]
    return {
        "TrackArn": arn,
        "TrackName": track_id.replace("_", " "),
        "TrackDescription": f"Practice copy of {track_id.replace('_', ' ')}",
        "TrackDifficulty": 1 + BY_ARN[arn] % 3,
        "TrackUsageCount": 0,
    }
