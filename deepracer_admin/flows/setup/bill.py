"""Job `bill.read`: what AWS billed by day, where Cost Explorer may be read; at most one reading an hour.

What if it dies here? That it was asked is kept before the call, for a call costs money: the job, worked on again, says
when it can be asked again.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Job, Lease
from deepracer_admin.records.prices import BILL
from deepracer_admin.rules.bill import asked_too_soon

__all__ = ["BillHandler"]

LOOKS_BACK = timedelta(days=90)
"""Days of the bill that are read at most: one page of the answer, so one call."""


class BillHandler:
    """Plan: nothing."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        if ports.bills is None:
            raise BadInput(
                "The console has no AWS credentials to read the bill with: set DEEPRACER_ADMIN_DEEPRACER_AWS_PROFILE; "
                "the estimate goes on without it."
            )
        now, event = ports.clock.now(), ports.store.event(job.event)
        seen = ports.store.read(job.event, BILL)
        if asked_too_soon(seen.asked_at, now):
            raise BadInput("The bill was asked for within this hour, and each call costs 0.01 USD: ask again later.")
        today = ports.clock.event_now().astimezone(UTC)
        start = max(event.starts_at.astimezone(UTC), today - LOOKS_BACK)
        if start.date() > today.date():
            raise BadInput("The event has not begun, so nothing was billed for it yet.")
        asked = replace(seen, asked_at=now)
        ports.store.keep(job.event, BILL, asked, lease=lease)
        rows = ports.bills().read(start.date(), _last(today, event.ends_at))
        days = tuple(rows)
        ports.store.keep(job.event, BILL, replace(asked, days=days, tag=ports.cost_tag, as_of=now), lease=lease)
        return f"{counted(len(days), 'day')} of the bill read; the newest are not complete."


def _last(today: datetime, ends_at: datetime) -> date:
    return min(today, max(ends_at.astimezone(UTC), today - LOOKS_BACK)).date()
