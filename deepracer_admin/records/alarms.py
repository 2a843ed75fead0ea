"""Alarms of an event: what waits for a person, and what did."""

from __future__ import annotations

from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.store.documents import Table

__all__ = ["ALARMS"]

ALARMS = Table("alarms", Alarm, "alarm", personal=False)
"""By kind and subject. Written through flows/engine/alarms.py alone; read by the Event page, `status`, and whoever
passes them on. They name nobody."""
