"""Job `quotas.read`: the account's two quotas for training instances, where credentials allow.

What if it dies here? Nothing was changed anywhere; the job is worked on again.
"""

from __future__ import annotations

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Job, Lease
from deepracer_admin.records.capacity import SLOT_QUOTAS, SlotQuotas

__all__ = ["SlotQuotasHandler"]


class SlotQuotasHandler:
    """Plan: nothing."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        if ports.slot_quotas is None:
            raise BadInput(
                "The console has no AWS credentials for this account: set DEEPRACER_ADMIN_DEEPRACER_AWS_PROFILE, or "
                "type the quotas in."
            )
        found = ports.slot_quotas().read()
        seen = SlotQuotas(found.per_type, found.total, found.region, ports.clock.now())
        ports.store.keep(job.event, SLOT_QUOTAS, seen, lease=lease)
        return f"{found.per_type:,} of the instance type, {found.total:,} in all, in {found.region}."
