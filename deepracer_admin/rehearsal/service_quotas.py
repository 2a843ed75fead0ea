"""AWS Service Quotas of the practice account, as far as training instances go (deepracer-on-aws-capacity.md 1).

It tells what an account may run, never what it runs: instances that others use are in no answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.reading_api import REGION, Denied, ReadingApi

__all__ = ["ServiceQuotas"]

PER_TYPE, TOTAL = "L-1EC4D7FD", "L-00C91CB5"
NAMES = {
    PER_TYPE: "ml.c7i.4xlarge for training job usage",
    TOTAL: "Number of instances across training jobs",
}


class ServiceQuotas(ReadingApi):
    """``POST /service-quotas/``. Own fault: `denied` (the policy lacks the action)."""

    name, signed_for, target = "service-quotas", "servicequotas", "ServiceQuotasV20190624."
    operations = ("GetServiceQuota", "GetAWSDefaultServiceQuota")
    throttled, failed = "TooManyRequestsException", "ServiceException"

    def __init__(self, ground: Ground, quotas: Callable[[float], tuple[int, int]]) -> None:
        """`quotas`: that of the instance type and that of all types at a moment of practice time in epoch seconds."""
        super().__init__(ground)
        self._quotas = quotas

    def _answer(self, operation: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
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
