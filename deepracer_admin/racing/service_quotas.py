"""How many training instances the account may run: two Service Quotas of SageMaker (deepracer-on-aws-capacity.md 1).

Read only. Policy: service-quotas-read.json. A quota that was never changed has no value of its own in the account; then
AWS's default holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from botocore import exceptions as boto

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, Meaning, aws_error, odd_answer
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import NotThere, ServiceError

__all__ = ["SERVICE", "InstanceQuotas", "ReadsInstanceQuotas", "ServiceQuotas"]

SERVICE = "service-quotas"
_PER_TYPE, _TOTAL = "L-1EC4D7FD", "L-00C91CB5"  # ml.c7i.4xlarge for training jobs; instances across training jobs
_KNOWN = AwsService(
    SERVICE,
    "AWS Service Quotas",
    rights="servicequotas",
    policy="service-quotas-read.json",
    own={"NoSuchResourceException": Meaning.NOT_THERE},
)


@dataclass(frozen=True, slots=True)
class InstanceQuotas:
    """Training instances at once: of the instance type that DeepRacer on AWS uses, and of all types together."""

    per_type: int
    total: int
    region: str


class ReadsInstanceQuotas(Protocol):
    """Who can tell them, as flows see it."""

    def read(self) -> InstanceQuotas: ...


class ServiceQuotas:
    """One account in one region. Raises BadSettings, CredentialsExpired when the access cannot be made."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._client = access.client(SERVICE)

    def read(self) -> InstanceQuotas:
        """Both quotas, in two to four calls. Raises ServiceError."""
        return InstanceQuotas(self._value(_PER_TYPE), self._value(_TOTAL), self._access.region)

    def _value(self, code: str) -> int:
        try:
            reply = self._call("get_service_quota", code)
        except NotThere:
            reply = self._call("get_aws_default_service_quota", code)
        try:
            return int(reply["Quota"]["Value"])
        except UNREADABLE:
            raise odd_answer(SERVICE, _KNOWN.called, "get_service_quota") from None

    def _call(self, operation: str, code: str) -> dict[str, Any]:
        try:
            return getattr(self._client, operation)(ServiceCode="sagemaker", QuotaCode=code)
        except (boto.ClientError, boto.BotoCoreError, *UNREADABLE) as failure:
            raise self._error(failure, operation) from None

    def _error(self, failure: Exception, operation: str) -> ServiceError:
        access = self._access
        return aws_error(failure, _KNOWN, operation, reads=True, renewal=access.renewal, profile=access.profile)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()
