"""Price lists: what is shipped, what may be typed in, and what a change of the list does to figures. Pure.

All figures of an event are reckoned with the list in force, from its first hour on: a list is changed because the
former was wrong, and a sum of two lists is no number that anybody could check. So a change says what spend was by the
former list and what it is by the new one, and both stay on record.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from deepracer_admin.errors import BadInput
from deepracer_admin.model import PriceList

__all__ = ["BY_AWS", "BY_HAND", "checked_prices", "is_shipped", "price_words", "shipped_prices"]

BY_HAND = "entered by hand"
BY_AWS = "AWS Price List API"
SHIPPED_FROM = "2026-10-01"
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_HIGHEST = 10_000.0  # USD; more is a slip of the finger

_ON_AWS = PriceList()
_MANAGED = PriceList(3.5, 0.0, 0.023)  # managed-deepracer.md 5: an hour of training or evaluation, a GB-month
_SHIPPED = {"on_aws": _ON_AWS, "managed": _MANAGED}


def shipped_prices(service: str) -> PriceList:
    """The list that a new event starts with, for "on_aws" or "managed"."""
    return _SHIPPED.get(service, _ON_AWS)


def is_shipped(prices: PriceList) -> bool:
    """Is it a shipped list that nobody has looked at yet? By its rates and date, whatever it is called."""
    return any(_figures(prices) == _figures(each) for each in _SHIPPED.values())


def _figures(prices: PriceList) -> tuple[float, float, float, str, str]:
    rates = (prices.training_per_hour, prices.volume_per_hour, prices.storage_per_gb_month)
    return (*rates, prices.as_of, prices.region)


def checked_prices(prices: PriceList) -> PriceList:
    """As it may be kept. Raises BadInput with the field and the rule."""
    rates = {
        "Instance": prices.training_per_hour,
        "Volume": prices.volume_per_hour,
        "Storage": prices.storage_per_gb_month,
    }
    for name, rate in rates.items():
        if not 0 <= rate < _HIGHEST:
            raise BadInput(f"Price list: {name} is an amount in US dollars, 0 or more and under {_HIGHEST:,.0f}.")
    if not prices.per_hour:
        raise BadInput("Price list: an hour costs more than 0, else no spend can be reckoned.")
    if not _REGION.fullmatch(prices.region):
        raise BadInput("Price list: name the AWS region that the prices are of, such as eu-west-1.")
    source = " ".join(prices.source.split())
    if not 1 <= len(source) <= 120:
        raise BadInput("Price list: say where the prices come from, in 1 to 120 characters.")
    try:
        date.fromisoformat(prices.as_of)
    except ValueError:
        raise BadInput("Price list: say of which day the prices are.") from None
    return replace(prices, source=source)


def price_words(prices: PriceList) -> str:
    """A list in one line, e.g. "0.876 USD an hour and 0.023 USD a GB-month, eu-west-1, as of 2026-10-01"."""
    return (
        f"{prices.per_hour:.3f} USD an hour and {prices.storage_per_gb_month:.3f} USD a GB-month, {prices.region}, "
        f"{prices.source}, as of {prices.as_of}"
    )
