"""AWS Cost Explorer of the practice account (deepracer-on-aws.md 4.2): what ran, a day late."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.reading_api import Denied, ReadingApi

__all__ = ["CostExplorer"]

USD_AN_HOUR = 0.8568 + 100 * 0.14 / 730
LATE = timedelta(hours=24)


class CostExplorer(ReadingApi):
    """``POST /cost-explorer/``. Own faults: `denied`, `not_enabled` (nobody ever opened it), `odd` (another currency).
    `calls` counts what AWS would take 0.01 USD for.
    """

    name, signed_for, target = "cost-explorer", "ce", "AWSInsightsIndexService."
    operations = ("GetCostAndUsage",)
    throttled, failed = "LimitExceededException", "InternalFailure"

    def __init__(self, ground: Ground, metered: Callable[[], Mapping[str, float]]) -> None:
        """`metered`: minutes of jobs by the UTC day (ISO) on which they ended."""
        super().__init__(ground)
        self._metered = metered
        self.calls = 0

    def _answer(self, operation: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        self.calls += 1
        if self._strikes(operation, "not_enabled"):
            raise Denied("DataUnavailableException", "Data is not available.")
        period = wanted.get("TimePeriod", {})
        start, end = date.fromisoformat(period["Start"]), date.fromisoformat(period["End"])
        if start >= end:
            raise Denied("ValidationException", "Start date should be before end date")
        unit = "EUR" if self._strikes(operation, "odd") else "USD"
        days = [date.fromordinal(each) for each in range(start.toordinal(), end.toordinal())]
        return {"ResultsByTime": [self._row(day, unit) for day in days], "DimensionValueAttributes": []}

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

    def snapshot(self) -> dict[str, Any]:
        return {"calls": self.calls}

    def restore(self, state: Mapping[str, Any]) -> None:
        self.calls = int(state.get("calls", 0))

    def truth(self) -> dict[str, Any]:
        """How often it was asked: each call costs 0.01 USD."""
        return {"calls": self.calls}
