"""AWS Service Quotas of the practice account, as far as training instances go (deepracer-on-aws-capacity.md 1).

It tells what an account may run, never what it runs: instances that others use are in no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.sigv4 import Refusal, verify

__all__ = ["ServiceQuotas"]

PREFIX = "/service-quotas"
REGION = "us-east-1"
TARGET = "ServiceQuotasV20190624."
PER_TYPE, TOTAL = "L-1EC4D7FD", "L-00C91CB5"
NAMES = {
    PER_TYPE: "ml.c7i.4xlarge for training job usage",
    TOTAL: "Number of instances across training jobs",
}


class Denied(Exception):
    """An answer of the service that is an error: its type, and what it says."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ServiceQuotas:
    """``POST /service-quotas/``, read only. Own fault: `denied` (the policy lacks the action)."""

    name = "service-quotas"

    def __init__(self, ground: Ground, quotas: Callable[[float], tuple[int, int]]) -> None:
        """`quotas`: that of the instance type and that of all types at a moment of practice time in epoch seconds."""
        self._ground, self._quotas = ground, quotas

    def routes(self) -> list[Route]:
        return [Route(path, self.answer, methods=["POST"], name=self.name) for path in (f"{PREFIX}/", PREFIX)]

    async def answer(self, request: Request) -> Response:
        """The JSON protocol of AWS, as much of it as two reading calls need."""
        body, operation = await request.body(), request.headers.get("x-amz-target", "").removeprefix(TARGET)
        try:
            verify(
                request, body, "servicequotas", self._ground.company_key, region=REGION, now=self._ground.clock.real()
            )
            if operation not in ("GetServiceQuota", "GetAWSDefaultServiceQuota"):
                raise Denied("UnknownOperationException", "The practice Service Quotas do not know this operation.")
            if self._ground.faults.take(self.name, operation, names={"denied"}):
                self._ground.counters.faults[f"{self.name}.denied"] += 1
                raise Denied("AccessDeniedException", f"User is not authorized to perform: servicequotas:{operation}")
            return _reply(self._describe(json.loads(body or b"{}")))
        except Refusal as refusal:
            return _reply({"__type": refusal.error_type, "message": refusal.message}, 400)
        except Denied as denied:
            return _reply({"__type": denied.kind, "message": str(denied)}, 400)

    def _describe(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        code = str(wanted.get("QuotaCode"))
        if wanted.get("ServiceCode") != "sagemaker" or code not in NAMES:
            raise Denied("NoSuchResourceException", "The request failed because the specified quota does not exist.")
        per_type, total = self._quotas(self._ground.clock.now().timestamp())
        return {
            "Quota": {
                "ServiceCode": "sagemaker",
                "ServiceName": "Amazon SageMaker",
                "QuotaArn": f"arn:aws:servicequotas:{REGION}:123456789012:sagemaker/{code}",
                "QuotaCode": code,
                "QuotaName": NAMES[code],
                "Value": float(per_type if code == PER_TYPE else total),
                "Unit": "None",
                "Adjustable": True,
                "GlobalQuota": False,
            }
        }

    def fault_response(self, name: str, operation: str) -> Response:
        """The bodies of the generic faults in this service's words."""
        if name == "throttle":
            return _reply({"__type": "TooManyRequestsException", "message": "Rate exceeded"}, 400)
        return _reply({"__type": "ServiceException", "message": "Something went wrong."}, 500)

    def snapshot(self) -> dict[str, Any]:
        """Nothing: the deployment keeps the quotas."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to put back."""

    def tick(self, now: datetime) -> None:
        """Nothing happens by itself."""

    def truth(self) -> dict[str, Any]:
        """Nothing that the deployment does not tell."""
        return {}


def _reply(body: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(body, status, media_type="application/x-amz-json-1.1")
