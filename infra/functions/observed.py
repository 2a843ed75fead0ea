"""Logging and metrics of the functions, by Powertools. What is logged names nobody: keys, counts, duties, reasons."""

from __future__ import annotations

import os
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit

__all__ = ["count", "log", "observed"]

log = Logger(service="portal")
metrics = Metrics(namespace=os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "DeepRacerPortal"), service="portal")


def count(name: str, value: float = 1) -> None:
    """A number for the alarms and for a graph."""
    metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)


def observed(handler: Any) -> Any:
    """Writes the handler's metrics when it ends. Events are never logged: they hold people's addresses."""
    return metrics.log_metrics(log.inject_lambda_context(handler, log_event=False, clear_state=True))
