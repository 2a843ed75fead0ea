"""Job `prices.read`: AWS's own prices for a region, where credentials allow. Nothing is put in force by it.

What if it dies here? Nothing was changed anywhere; the job is worked on again.
"""

from __future__ import annotations

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Job, Lease
from deepracer_admin.records.prices import PRICES_READ, PricesRead
from deepracer_admin.rules.prices import price_words

__all__ = ["PricesHandler"]


class PricesHandler:
    """Plan: `region`, an AWS region."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        if ports.price_lists is None:
            raise BadInput(
                "The console has no AWS credentials to read prices with: set DEEPRACER_ADMIN_DEEPRACER_AWS_PROFILE, or "
                "type the prices in."
            )
        found = ports.price_lists().read(str(job.plan["region"]))
        ports.store.keep(job.event, PRICES_READ, PricesRead(found, ports.clock.now()), lease=lease)
        return f"{price_words(found)}. Put it in force on Set up, Prices."
