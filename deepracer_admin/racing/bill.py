"""What AWS billed for the racing service, day by day: Cost Explorer (deepracer-on-aws.md 4.2).

Read only. Policy: bill-read.json. Each call costs 0.01 USD, so a reading is one call, rarely two, and never repeated by
itself; who asks when is flows/setup/bill.py's. Costs come a day late, and those of the last days still change.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Protocol

from botocore import exceptions as boto

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, Meaning, aws_error, odd_answer
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import ServiceError
from deepracer_admin.model import BilledDay

__all__ = ["SERVICE", "Bills", "ReadsBill"]

SERVICE = "ce"
API_REGION = "us-east-1"
SERVICES = ("Amazon SageMaker", "Amazon Simple Storage Service")
METRIC = "UnblendedCost"
PAGES = 3
_KNOWN = AwsService(
    SERVICE,
    "AWS Cost Explorer",
    rights="ce",
    policy="bill-read.json",
    own={"DataUnavailableException": Meaning.REFUSED, "BillExpirationException": Meaning.REFUSED},
)


class ReadsBill(Protocol):
    """Who can tell the bill, as flows see it."""

    def read(self, first: date, last: date) -> list[BilledDay]: ...


class Bills:
    """The bill of one account. `tag`: "key=value", a cost allocation tag that narrows it, or "".

    Raises BadSettings, CredentialsExpired when the access cannot be made.
    """

    def __init__(self, access: AwsAccess, tag: str = "") -> None:
        self._access, self._tag = access, tag
        self._client = access.client(SERVICE, attempts=1)  # a repeat costs as much as the first

    def read(self, first: date, last: date) -> list[BilledDay]:
        """Each day from `first` to `last`, both included. Raises ServiceError."""
        end = date.fromordinal(last.toordinal() + 1)  # AWS leaves the end out
        period = {"Start": first.isoformat(), "End": end.isoformat()}
        found: list[BilledDay] = []
        token = ""
        for _ in range(PAGES):
            reply = self._ask(period, token)
            try:
                found += [_day(row) for row in reply["ResultsByTime"]]
                token = reply.get("NextPageToken") or ""
            except UNREADABLE:
                raise odd_answer(SERVICE, _KNOWN.called, "get_cost_and_usage") from None
            if not token:
                return found
        raise odd_answer(SERVICE, _KNOWN.called, "get_cost_and_usage")

    def _ask(self, period: Mapping[str, str], token: str) -> dict[str, Any]:
        services: dict[str, Any] = {"Dimensions": {"Key": "SERVICE", "Values": [*SERVICES]}}
        key, _, value = self._tag.partition("=")
        narrowed = {"And": [services, {"Tags": {"Key": key, "Values": [value]}}]} if self._tag else services
        more = {"NextPageToken": token} if token else {}
        try:
            return self._client.get_cost_and_usage(
                TimePeriod=period, Granularity="DAILY", Metrics=[METRIC], Filter=narrowed, **more
            )
        except (boto.ClientError, boto.BotoCoreError, *UNREADABLE) as failure:
            raise self._error(failure) from None

    def _error(self, failure: Exception) -> ServiceError:
        access = self._access
        operation = "get_cost_and_usage"
        return aws_error(failure, _KNOWN, operation, reads=True, renewal=access.renewal, profile=access.profile)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()


def _day(row: Mapping[str, Any]) -> BilledDay:
    """Raises one of UNREADABLE for what is no day in US dollars."""
    total = row["Total"][METRIC]
    if total["Unit"] != "USD":
        raise ValueError(total["Unit"])
    return BilledDay(date.fromisoformat(row["TimePeriod"]["Start"]), float(total["Amount"]), bool(row["Estimated"]))
