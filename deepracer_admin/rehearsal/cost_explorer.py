"""AWS Cost Explorer of the practice account (deepracer-on-aws.md 4.2): what ran, a day late."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.sigv4 import Refusal, verify

__all__ = ["CostExplorer"]

PREFIX = "/cost-explorer"
REGION = "us-east-1"
TARGET = "AWSInsightsIndexService."
USD_AN_HOUR = 0.8568 + 100 * 0.14 / 730
LATE = timedelta(hours=24)


class CostExplorer:
    """``POST /cost-explorer/``, read only. Own faults: `denied`, `not_enabled` (nobody ever opened it), `odd`
    (another currency). `calls` counts what AWS would take 0.01 USD for.
    """

    name = "cost-explorer"

    def __init__(self, ground: Ground, metered: Callable[[], Mapping[str, float]]) -> None:
        """`metered`: minutes of jobs by the UTC day (ISO) on which they ended."""
        self._ground, self._metered = ground, metered
        self.calls = 0

    def routes(self) -> list[Route]:
        return [Route(path, self.answer, methods=["POST"], name=self.name) for path in (f"{PREFIX}/", PREFIX)]

    async def answer(self, request: Request) -> Response:
        """The JSON protocol of AWS, as much of it as one reading call needs."""
        body, operation = await request.body(), request.headers.get("x-amz-target", "").removeprefix(TARGET)
        ground = self._ground
        try:
            verify(request, body, "ce", ground.company_key, region=REGION, now=ground.clock.real())
        except Refusal as refusal:
            return _reply({"__type": refusal.error_type, "message": refusal.message}, 400)
        if operation != "GetCostAndUsage":
            return _reply({"__type": "UnknownOperationException", "message": "Not known here."}, 400)
        if self._strikes("denied"):
            said = "User is not authorized to perform: ce:GetCostAndUsage"
            return _reply({"__type": "AccessDeniedException", "message": said}, 400)
        self.calls += 1
        if self._strikes("not_enabled"):
            return _reply({"__type": "DataUnavailableException", "message": "Data is not available."}, 400)
        period = json.loads(body or b"{}").get("TimePeriod", {})
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
        if start >= end:
            return _reply({"__type": "ValidationException", "message": "Start date should be before end date"}, 400)
        unit = "EUR" if self._strikes("odd") else "USD"
        days = [date.fromordinal(each) for each in range(start.toordinal(), end.toordinal())]
        return _reply({"ResultsByTime": [self._row(day, unit) for day in days], "DimensionValueAttributes": []})

    def _row(self, day: date, unit: str) -> dict[str, Any]:
        ended = datetime.combine(day, time(), UTC) + timedelta(days=1)
        is_in = self._ground.clock.now() >= ended + LATE
        minutes = self._metered().get(day.isoformat(), 0.0) if is_in else 0.0
        return {
            "TimePeriod": {"Start": day.isoformat(), "End": ended.date().isoformat()},
            "Total": {"UnblendedCost": {"Amount": f"{minutes / 60 * USD_AN_HOUR:.10f}", "Unit": unit}},
            "Groups": [],
            "Estimated": True,
        }

    def _strikes(self, name: str) -> bool:
        if not self._ground.faults.take(self.name, "GetCostAndUsage", names={name}):
            return False
        self._ground.counters.faults[f"{self.name}.{name}"] += 1
        return True

    def fault_response(self, name: str, operation: str) -> Response:
        """The bodies of the generic faults in this service's words."""
        if name == "throttle":
            return _reply({"__type": "LimitExceededException", "message": "Rate exceeded"}, 400)
        return _reply({"__type": "InternalFailure", "message": "Something went wrong."}, 500)

    def snapshot(self) -> dict[str, Any]:
        return {"calls": self.calls}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.calls = int(state.get("calls", 0))

    def tick(self, now: datetime) -> None:
        """Nothing happens by itself."""

    def truth(self) -> dict[str, Any]:
        """How often it was asked: each call costs 0.01 USD."""
        return {"calls": self.calls}


def _reply(body: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(body, status, media_type="application/x-amz-json-1.1")
