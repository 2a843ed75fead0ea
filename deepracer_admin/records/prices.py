"""Which price list was in force when, AWS's list as last read, and the bill as last read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import BilledDay, PriceList
from deepracer_admin.store.documents import Document, Reading

__all__ = ["BILL", "PRICES_READ", "PRICE_LISTS", "BillSeen", "PriceChange", "PricesRead"]


@dataclass(frozen=True, slots=True)
class PriceChange:
    """A list that was in force until `until` (event time), changed by `by` (who acts in the console), and spend at that
    moment by it and by the list that followed: USD, estimate; None: nothing was read yet.
    """

    prices: PriceList
    until: datetime
    by: str
    usd: float | None = None
    usd_after: float | None = None


PRICE_LISTS: Document[tuple[PriceChange, ...]] = Document("price_lists", tuple[PriceChange, ...], (), personal=False)
"""Former lists, oldest first; the one in force stands in the event. Added to with each change of it."""


@dataclass(frozen=True, slots=True)
class PricesRead:
    """AWS's own list for a region. `as_of`: real time of the reading, None = never read."""

    prices: PriceList | None = None
    as_of: datetime | None = None


PRICES_READ: Reading[PricesRead] = Reading("prices_read", PricesRead, PricesRead(), personal=False)
"""Written by the job `prices.read`; an organizer puts it in force (Set up, Prices), nobody else."""


@dataclass(frozen=True, slots=True)
class BillSeen:
    """The account's bill for the racing service. `asked_at`: real time of the last call, which costs 0.01 USD, answered
    or not; `as_of`: real time of the answer, None = never read. `tag`: what it was narrowed to.
    """

    days: tuple[BilledDay, ...] = ()
    tag: str = ""
    asked_at: datetime | None = None
    as_of: datetime | None = None


BILL: Reading[BillSeen] = Reading("bill", BillSeen, BillSeen(), personal=False)
"""Written by the job `bill.read`; shown beside the estimate, never in its place."""
