"""Over the 1st of a month: the service's counters fall to 0, and what the event used and cost goes on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event, Profile
from tests.pages.conftest import NOW


@pytest.fixture
def over_the_first(console: Console, event: Event, profiles: list[Profile]) -> None:
    """Three profiles with ten hours each, the reset, and six minutes each since."""
    crowd = [replace(profile, storage_bytes=0, minutes_queued=0.0) for profile in profiles[:3]]
    console.history.erase(event.id)
    for minutes, used in ((0, 600.0), (30, 600.0), (60, 0.0), (90, 6.0)):
        at = NOW + timedelta(minutes=minutes)
        console.history.add_usage(event.id, at, [replace(profile, minutes_used=used) for profile in crowd])


def test_totals_spend_and_forecast_go_on(
    console: Console, event: Event, organizer: Actor, over_the_first: None
) -> None:
    view = console.first.usage.totals(organizer)
    assert view.hours_used == pytest.approx(30.3)
    assert view.spend_usd == pytest.approx(30.3 * event.prices.per_hour)
    assert view.active == 3
    assert [spent for _, spent in view.spend_series] == sorted(spent for _, spent in view.spend_series)
    assert view.forecast is not None
    assert view.forecast.p10.usd >= view.spend_usd
    assert view.burn_usd_per_hour == pytest.approx(0.3 * event.prices.per_hour)


def test_the_event_page_says_the_same(console: Console, event: Event, organizer: Actor, over_the_first: None) -> None:
    view = console.first.events.view(organizer)
    assert view.hours_used == pytest.approx(30.3)
    assert view.spend_usd == pytest.approx(30.3 * event.prices.per_hour)


def test_the_rows_of_people_add_up_to_the_total(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile], over_the_first: None
) -> None:
    now = [replace(profile, minutes_used=6.0) for profile in profiles[:3]]
    console.store.save_profiles(event.id, now, seen_at=NOW, lease=None)
    rows = console.first.usage.profiles(organizer)
    assert sum(row.hours_used for row in rows) == pytest.approx(console.first.usage.totals(organizer).hours_used)
    assert console.first.usage.series_of(organizer, now[0].id)[-1][1] == pytest.approx(10.1)
