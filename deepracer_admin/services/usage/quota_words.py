"""Which limit a change of quotas runs into first: slots and time, the budget, or a month that is used up already."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED, Event, Profile, Quota
from deepracer_admin.rules.usage import Totals

__all__ = ["limits_met"]


def limits_met(
    event: Event,
    totals: Totals | None,
    wanted: Quota,
    profiles: Sequence[Profile],
    *,
    added_hours: float,
    added_usd: float,
    now: datetime,
) -> list[str]:
    """One sentence each, most binding first. `profiles`: of those whose quota changes; `added_hours` and `added_usd`:
    the most that the change can add (infinite: no limit). `totals` None: nothing was read yet.
    """
    said: list[str] = []
    over = [each for each in profiles if 0 <= wanted.minutes < each.minutes_used + each.minutes_queued]
    if over:
        who = counted(len(over), "person has", "people have")
        said.append(
            f"{who} used or asked for more than that this month already, and "
            "can start nothing more before the 1st; what runs or is queued goes on."
        )
    left_h = max(0.0, (event.ends_at - now).total_seconds() / 3600)
    through = event.slots * left_h
    asked = (totals.exposure.hours - totals.spent.hours if totals else 0.0) + added_hours
    if added_hours > 0 and left_h > 0 and asked > through:
        slots = counted(event.slots, "slot")
        said.append(
            f"Time and slots are met first: {slots} carry at most {through:,.0f} h until the end, and all limits "
            f"together then allow {_hours(asked)}; so some will wait and not get all of theirs."
        )
    if event.budget_usd and added_usd > 0:
        reach = (totals.exposure.usd if totals else 0.0) + added_usd
        if reach > event.budget_usd:
            how = "has no end" if math.isinf(reach) else f"could reach {reach:,.0f} USD (estimate)"
            said.append(f"The budget of {event.budget_usd:,.0f} USD is met: if everybody used everything, spend {how}.")
    if not said and added_hours > 0 and wanted.minutes != UNLIMITED:
        said.append("No other limit is met: budget, slots and time allow it.")
    return said


def _hours(hours: float) -> str:
    return "any number of hours" if math.isinf(hours) else f"{hours:,.0f} h"
