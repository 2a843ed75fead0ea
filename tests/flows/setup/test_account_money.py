"""Jobs that read AWS's prices and the bill: what is kept, what a missing right says, what a call that costs may do."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from deepracer_admin.errors import AccessDenied, BadInput, Unavailable
from deepracer_admin.flows.setup.bill import BillHandler
from deepracer_admin.flows.setup.prices import PricesHandler
from deepracer_admin.model import BilledDay, Lease, PriceList
from deepracer_admin.records.prices import BILL, PRICES_READ
from tests.flows.conftest import ORGANIZER, Stage


class Prices:
    """AWS's list as it was told, or an error."""

    def __init__(self, told: PriceList | Exception) -> None:
        self.told, self.asked = told, ["" for _ in ()]

    def read(self, region: str) -> PriceList:
        self.asked.append(region)
        if isinstance(self.told, Exception):
            raise self.told
        return replace(self.told, region=region)


class Bill:
    """Each day costs a dollar, or an error. Counts what AWS would take 0.01 USD for."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.calls = error, 0

    def read(self, first: date, last: date) -> list[BilledDay]:
        self.calls += 1
        if self.error is not None:
            raise self.error
        days = (last - first).days + 1
        return [BilledDay(first + timedelta(days=n), 1.0, estimated=True) for n in range(days)]


@pytest.fixture
def lease(stage: Stage) -> Lease:
    held = stage.store.acquire("elsewhere", "test", ttl_s=6_000, now=stage.console.clock.now())
    assert held
    return held


def test_prices_are_kept_with_their_time_and_put_nothing_in_force(stage: Stage, lease: Lease) -> None:
    prices = Prices(PriceList(1.5, 0.02, 0.024, source="AWS Price List API", as_of="2026-11-01"))
    job = stage.console.first.prices.read(ORGANIZER, "eu-west-1")
    said = PricesHandler().work(replace(stage.ports, price_lists=lambda: prices), job, lease)
    assert said
    assert "1.520 USD an hour" in said
    seen = stage.store.read(stage.event.id, PRICES_READ)
    assert seen.prices
    assert (seen.prices.region, prices.asked) == ("eu-west-1", ["eu-west-1"])
    assert stage.store.event(stage.event.id).prices == stage.event.prices


def test_an_error_keeps_the_list_that_was_read_before(stage: Stage, lease: Lease) -> None:
    good = Prices(PriceList(1.5, as_of="2026-11-01"))
    job = stage.console.first.prices.read(ORGANIZER, "eu-west-1")
    PricesHandler().work(replace(stage.ports, price_lists=lambda: good), job, lease)
    before = stage.store.read(stage.event.id, PRICES_READ)
    odd = Prices(Unavailable("The AWS Price List answered in a way that the console does not understand."))
    with pytest.raises(Unavailable):
        PricesHandler().work(replace(stage.ports, price_lists=lambda: odd), job, lease)
    assert stage.store.read(stage.event.id, PRICES_READ) == before


def test_without_credentials_both_jobs_say_what_to_do(stage: Stage, lease: Lease) -> None:
    bare = replace(stage.ports, price_lists=None, bills=None)
    with pytest.raises(BadInput, match="type the prices in"):
        PricesHandler().work(bare, stage.console.first.prices.read(ORGANIZER, "eu-west-1"), lease)
    with pytest.raises(BadInput, match="the estimate goes on"):
        BillHandler().work(bare, stage.console.first.prices.read_bill(ORGANIZER), lease)
    assert stage.store.read(stage.event.id, BILL).asked_at is None


def test_the_bill_is_read_once_an_hour_however_often_the_job_is_worked_on(stage: Stage, lease: Lease) -> None:
    bill = Bill()
    ports = replace(stage.ports, bills=lambda: bill, cost_tag="Project=DeepRacer")
    stage.store.save_event(replace(stage.event, starts_at=stage.clock.event_now() - timedelta(days=2, hours=1)))
    job = stage.console.first.prices.read_bill(ORGANIZER)
    assert BillHandler().work(ports, job, lease)
    seen = stage.store.read(stage.event.id, BILL)
    assert (len(seen.days) >= 3, seen.tag) == (True, "Project=DeepRacer")
    assert seen.as_of
    assert seen.as_of <= stage.clock.now()
    with pytest.raises(BadInput, match=r"0\.01 USD"):
        BillHandler().work(ports, job, lease)
    assert bill.calls == 1


def test_a_missing_right_costs_one_call_and_keeps_what_was_known(stage: Stage, lease: Lease) -> None:
    denied = Bill(AccessDenied("AWS Cost Explorer refuses: attach bill-read.json.", code="AccessDeniedException"))
    ports = replace(stage.ports, bills=lambda: denied)
    stage.store.save_event(replace(stage.event, starts_at=stage.clock.event_now() - timedelta(days=1)))
    job = stage.console.first.prices.read_bill(ORGANIZER)
    with pytest.raises(AccessDenied, match="bill-read"):
        BillHandler().work(ports, job, lease)
    seen = stage.store.read(stage.event.id, BILL)
    assert seen.asked_at
    assert (seen.as_of, denied.calls) == (None, 1)
    with pytest.raises(BadInput, match="ask again later"):
        BillHandler().work(ports, job, lease)
    assert denied.calls == 1


def test_an_event_that_has_not_begun_asks_nothing(stage: Stage, lease: Lease) -> None:
    bill = Bill()
    stage.store.save_event(replace(stage.event, starts_at=stage.clock.event_now() + timedelta(days=3)))
    with pytest.raises(BadInput, match="has not begun"):
        BillHandler().work(
            replace(stage.ports, bills=lambda: bill), stage.console.first.prices.read_bill(ORGANIZER), lease
        )
    assert bill.calls == 0
