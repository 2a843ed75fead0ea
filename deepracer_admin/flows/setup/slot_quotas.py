"""The account's two quotas for training instances, where credentials allow: by the job `quotas.read` for one event, and
now and then by itself for events that are still to be made.

What if it dies here? Nothing was changed anywhere; it is read again.
"""

from __future__ import annotations

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Job, Lease
from deepracer_admin.records.capacity import ACCOUNT_QUOTAS, SLOT_QUOTAS, SlotQuotas

__all__ = ["AccountQuotas", "SlotQuotasHandler"]

EVERY_S, REHEARSED_EVERY_S, AGAIN_S = 3600.0, 60.0, 600.0  # real time


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


class AccountQuotas:
    """Of the installation's account."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._is_read = False

    @property
    def pause_s(self) -> float:
        """Real seconds until it is read again."""
        if self.ports.rehearsal:
            return REHEARSED_EVERY_S
        return EVERY_S if self._is_read else AGAIN_S

    def run(self, lease: Lease) -> None:
        """Read and keep. May raise ServiceError, BadSettings."""
        self._is_read = False
        if self.ports.slot_quotas is None:
            return
        found = self.ports.slot_quotas().read()
        seen = SlotQuotas(found.per_type, found.total, found.region, self.ports.clock.now())
        self.ports.store.keep("", ACCOUNT_QUOTAS, seen, lease=lease)
        self._is_read = True
