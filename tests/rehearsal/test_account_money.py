"""Prices and bill as the practice cloud tells them, asked by the console's adapters over HTTP, on odd days too."""

from __future__ import annotations

from datetime import UTC, date, timedelta

import pytest

from deepracer_admin.errors import BadInput, ConsoleError, Refused, ServiceError, Throttled, Unavailable
from deepracer_admin.racing.bill import Bills
from deepracer_admin.racing.price_list import PriceLists
from deepracer_admin.racing_access import bills_of, price_lists_of
from deepracer_admin.settings import Settings
from tests.practice import WorldHandle


@pytest.fixture
def settings(practice: WorldHandle) -> Settings:
    return Settings.model_validate({"mode": "rehearsal", "home": practice.world.home})


@pytest.fixture
def prices(settings: Settings) -> PriceLists:
    ask = price_lists_of(settings)
    assert ask is not None
    return ask()


@pytest.fixture
def bills(settings: Settings) -> Bills:
    ask = bills_of(settings)
    assert ask is not None
    return ask()


def test_the_prices_of_a_region_are_told_apart_from_their_neighbours(prices: PriceLists) -> None:
    found = prices.read("eu-west-1")
    assert (found.training_per_hour, found.storage_per_gb_month) == (0.9425, 0.0253)
    assert found.volume_per_hour == pytest.approx(100 * 0.154 / 730, abs=1e-6)
    assert (found.region, found.as_of, found.source) == ("eu-west-1", "2026-10-01", "AWS Price List API")
    assert prices.read("us-east-1").training_per_hour == 0.8568


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        ("denied", ConsoleError, r"price-list-read\.json"),
        ("odd", Unavailable, "does not understand"),
        ("several", Refused, "several prices"),
        ("nothing", Refused, "no price"),
        ("error_5xx", ServiceError, "AWS Price List"),
        ("throttle", Throttled, "AWS Price List"),
    ],
)
def test_an_odd_answer_is_no_price(
    practice: WorldHandle, prices: PriceLists, fault: str, kind: type[Exception], told: str
) -> None:
    practice.arm("price-list", fault)
    with pytest.raises(kind, match=told):
        prices.read("us-east-1")


def test_a_region_that_is_not_in_the_list_is_refused_with_what_to_do(prices: PriceLists) -> None:
    with pytest.raises(Refused, match="type the prices in"):
        prices.read("me-south-1")
    with pytest.raises(BadInput, match="not in the public one"):
        prices.read("cn-north-1")


def test_the_bill_tells_each_day_a_day_late(practice: WorldHandle, bills: Bills) -> None:
    today = practice.world.clock.now().astimezone(UTC).date()
    practice.world.deepracer.site.compute.metered[(today - timedelta(days=2)).isoformat()] = 600.0
    practice.world.deepracer.site.compute.metered[today.isoformat()] = 600.0
    found = bills.read(today - timedelta(days=2), today)
    assert [row.day for row in found] == [today - timedelta(days=n) for n in (2, 1, 0)]
    assert [round(row.usd, 2) for row in found] == [8.76, 0.0, 0.0]
    assert all(row.estimated for row in found)
    assert practice.world.bill.calls == 1, "a reading is one call, which costs 0.01 USD"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("denied", r"bill-read\.json"),
        ("not_enabled", "Data is not available"),
        ("odd", "does not understand"),
        ("error_5xx", "Cost Explorer"),
    ],
)
def test_a_bill_that_may_not_be_read_or_is_odd_is_one_sentence_and_asked_once(
    practice: WorldHandle, bills: Bills, fault: str, told: str
) -> None:
    practice.arm("cost-explorer", fault)
    with pytest.raises(ServiceError, match=told) as caught:
        bills.read(date(2026, 11, 1), date(2026, 11, 2))
    assert caught.value.sentence.count("\n") == 0
    assert practice.world.bill.calls <= 1
