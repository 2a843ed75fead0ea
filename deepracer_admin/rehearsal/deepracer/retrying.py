"""RetryTraining: the only way on for a training that waits for capacity (deepracer-on-aws-capacity.md 1)."""

from __future__ import annotations

from typing import Any

from .deployment import Call, Deployment
from .errors import bad_request, conflict
from .models import own_model
from .state import WAITING, Model

_OVER = frozenset({"READY", "ERROR", "DELETING"})


def retry_training(site: Deployment, call: Call) -> dict[str, Any]:
    """The caller's own; the answer says where the training stands now."""
    model = own_model(site, call.caller.profile_id, call.path["modelId"])
    press_retry(site, model)
    message = model.status_message or "Training was queued."
    return {"modelId": model.model_id, "status": model.status, "message": message}


def press_retry(site: Deployment, model: Model) -> bool:
    """True: the training is in the queue now. Raises the API's 400 and 409."""
    if model.status in _OVER:
        raise bad_request(f"Training cannot be retried for a model in status {model.status}.")
    if model.status != WAITING:
        raise conflict("The training is not waiting for capacity.")
    return site.compute.retry(model, site.now())
