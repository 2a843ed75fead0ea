"""Price lists: what may be kept, and which list is a shipped one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.model import PriceList
from deepracer_admin.rules.prices import checked_prices, is_shipped, price_words, shipped_prices


def test_both_services_ship_a_list_that_may_be_kept_and_is_known_as_shipped() -> None:
    assert shipped_prices("managed").per_hour == 3.5
    assert shipped_prices("managed").storage_per_gb_month == 0.023
    for service in ("on_aws", "managed", ""):
        assert is_shipped(checked_prices(shipped_prices(service)))
    assert "USD an hour" in price_words(PriceList())
    assert "us-east-1" in price_words(PriceList())


def test_a_shipped_list_is_known_by_its_figures_whatever_it_was_called_before() -> None:
    assert is_shipped(replace(PriceList(), source="list price, us-east-1, entered by hand"))
    assert not is_shipped(replace(PriceList(), training_per_hour=0.9))
    assert not is_shipped(replace(PriceList(), as_of="2026-11-01"))
    assert not is_shipped(replace(PriceList(), region="eu-west-1"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"training_per_hour": -0.1}, "Instance"),
        ({"volume_per_hour": float("nan")}, "Volume"),
        ({"storage_per_gb_month": float("inf")}, "Storage"),
        ({"training_per_hour": 0.0, "volume_per_hour": 0.0}, "more than 0"),
        ({"region": "Ireland"}, "region"),
        ({"source": "  "}, "come from"),
        ({"as_of": "yesterday"}, "which day"),
    ],
)
def test_what_cannot_be_a_price_list_is_refused_with_its_field(wrong: dict[str, object], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        checked_prices(replace(PriceList(), **wrong))  # type: ignore[arg-type]
