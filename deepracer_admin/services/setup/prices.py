"""Set up, Prices: the list in force and those before it, AWS's own list, and the bill beside the estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.model import Actor, Event, Job, PriceList
from deepracer_admin.records.prices import BILL, PRICE_LISTS, PRICES_READ, BillSeen, PriceChange, PricesRead
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.rules.bill import AGAIN, ComparedDay, asked_too_soon, compared
from deepracer_admin.rules.money import at_prices
from deepracer_admin.rules.prices import checked_prices, is_shipped
from deepracer_admin.services.base import House, Service

__all__ = ["BillView", "PricesService", "PricesView", "note_former_prices"]

POINTS = 2_000


@dataclass(frozen=True, slots=True)
class PricesView:
    """`kind`: "on_aws" | "managed". `shipped`: nobody has looked at the list in force yet. `former`: newest first.
    `region`: where the deployment is, "" = not known yet. `read`: AWS's list as last read.
    """

    kind: str
    prices: PriceList
    shipped: bool
    former: Sequence[PriceChange]
    region: str
    read: PricesRead


@dataclass(frozen=True, slots=True)
class BillView:
    """`days`: those that bill and estimate both know whole, oldest first. `again_at`: real time from which it may be
    asked again, None = now.
    """

    seen: BillSeen
    days: Sequence[ComparedDay]
    again_at: datetime | None


def note_former_prices(house: House, before: Event, after: Event, by: str) -> None:
    """Keep the list that was in force, with spend by it and by the new one; nothing where they are the same."""
    if before.prices == after.prices:
        return
    last = next(iter(house.history.usage(after.id, points=1)[-1:]), None)
    change = PriceChange(
        before.prices,
        house.clock.event_now(),
        by,
        at_prices(before.prices, last.minutes_used, last.gb_hours).usd if last else None,
        at_prices(after.prices, last.minutes_used, last.gb_hours).usd if last else None,
    )
    house.store.update(after.id, PRICE_LISTS, lambda kept: (*kept, change))


class PricesService(Service):
    """The prices of one event, and its bill."""

    def view(self, actor: Actor) -> PricesView:
        """The list in force, those before it, and AWS's own as last read."""
        self._authorise(actor, "setup.view")
        event = self._event()
        kept, account = self.store.read(event.id, PRICE_LISTS), self.store.read(event.id, ACCOUNT).account
        return PricesView(
            kind=self._racing_kind(event),
            prices=event.prices,
            shipped=is_shipped(event.prices),
            former=kept[::-1],
            region=account.region,
            read=self.store.read(event.id, PRICES_READ),
        )

    def put_in_force(self, actor: Actor, prices: PriceList, shown: PriceList) -> Event:
        """All figures are reckoned with this list from now on, those of the past too.

        `shown`: the list in force that the form was made from. Raises BadInput with the field, Conflict when a
        colleague changed the list meanwhile.
        """
        self._authorise(actor, "setup.prices")
        wanted = checked_prices(prices)
        before = self._event()

        def changed(now: Event) -> Event:
            nonlocal before
            before = now
            if now.prices not in (shown, wanted):
                raise Conflict("A colleague changed the prices meanwhile. Look at them now, then save again.")
            return replace(now, prices=wanted)

        event = self.store.amend_event(before.id, changed)
        if before.prices != event.prices:
            note_former_prices(self.house, before, event, actor.name)
            former, now = asdict(before.prices), asdict(event.prices)
            self._audit(actor, "setup.prices", target=event.id, before=former, after=now)
        return event

    def put_read_in_force(self, actor: Actor, shown: PriceList) -> Event:
        """AWS's list as last read becomes the one in force. Raises BadInput before the first reading."""
        self._authorise(actor, "setup.prices")
        read = self.store.read(self._event().id, PRICES_READ)
        if read.prices is None:
            raise BadInput("AWS's prices were not read yet: read them first.")
        return self.put_in_force(actor, read.prices, shown)

    def read(self, actor: Actor, region: str) -> Job:
        """Have AWS's prices for a region read; the reading under way when there is one. Raises BadInput, Conflict
        while another region's are read."""
        self._authorise(actor, "setup.prices")
        event = self._event()
        checked_prices(replace(event.prices, region=region))
        busy = "The prices of another region are being read: wait until that is done."
        return self._plan_or_join(actor, "setup.prices", "prices.read", plan={"region": region}, busy=busy)

    # ------------------------------------------------------------------------------------------------- the bill

    def bill(self, actor: Actor) -> BillView:
        """The bill as last read, beside the estimate for the same days."""
        self._authorise(actor, "setup.view")
        event = self._event()
        seen = self.store.read(event.id, BILL)
        again = seen.asked_at + AGAIN if seen.asked_at and asked_too_soon(seen.asked_at, self.clock.now()) else None
        if not seen.days:
            return BillView(seen, (), again)
        series = self.house.history.usage(event.id, points=POINTS)
        return BillView(seen, compared(event.prices, series, seen.days, self.clock.event_now()), again)

    def read_bill(self, actor: Actor) -> Job:
        """Have the bill read: one call of 0.01 USD, at most one an hour. Raises BadInput within that hour."""
        self._authorise(actor, "setup.prices")
        event = self._event()
        if asked_too_soon(self.store.read(event.id, BILL).asked_at, self.clock.now()):
            raise BadInput("The bill was asked for within this hour, and each call costs 0.01 USD: ask again later.")
        return self._plan_or_join(actor, "setup.prices", "bill.read", plan={})
