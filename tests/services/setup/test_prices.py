"""The price list of an event: who changed it when, what it did to figures, and the bill beside them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.model import Actor, BilledDay, Event, PriceList, Profile
from deepracer_admin.records.prices import BILL, PRICES_READ, BillSeen, PricesRead
from deepracer_admin.rules.prices import is_shipped, shipped_prices
from tests.pages.conftest import NOW

MINE = PriceList(2.0, 0.5, 0.03, source="our contract", as_of="2026-11-01", region="eu-west-1")


def test_a_change_is_audited_and_says_what_spend_was_by_both_lists(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    desk = console.first.prices
    before = console.first.usage.totals(organizer).spend_usd
    desk.put_in_force(organizer, MINE, event.prices)
    after = console.first.usage.totals(organizer).spend_usd
    assert after > before > 0
    view = desk.view(organizer)
    assert (view.prices, view.shipped) == (MINE, False)
    (former,) = view.former
    assert (former.prices, former.until, former.by) == (event.prices, console.clock.event_now(), organizer.name)
    assert (former.usd, former.usd_after) == (pytest.approx(before), pytest.approx(after))
    entry = console.store.audit(event.id, limit=1)[0]
    assert entry.action == "setup.prices"
    assert (entry.before["training_per_hour"], entry.after["training_per_hour"]) == (0.857, 2.0)
    desk.put_in_force(organizer, MINE, MINE)
    assert len(desk.view(organizer).former) == 1, "the same list again changes nothing"


def test_before_anything_was_read_a_change_has_no_sums(console: Console, event: Event, organizer: Actor) -> None:
    console.first.prices.put_in_force(organizer, MINE, event.prices)
    (former,) = console.first.prices.view(organizer).former
    assert (former.usd, former.usd_after) == (None, None)


def test_a_colleague_who_was_faster_is_not_overwritten(console: Console, event: Event, organizer: Actor) -> None:
    desk = console.first.prices
    desk.put_in_force(organizer, MINE, event.prices)
    with pytest.raises(Conflict, match="colleague"):
        desk.put_in_force(organizer, replace(MINE, training_per_hour=3.0), event.prices)
    assert console.store.event(event.id).prices == MINE


def test_awss_list_is_in_force_after_a_press_alone(console: Console, event: Event, organizer: Actor) -> None:
    desk = console.first.prices
    with pytest.raises(BadInput, match="not read yet"):
        desk.put_read_in_force(organizer, event.prices)
    read = replace(MINE, source="AWS Price List API")
    console.store.keep(event.id, PRICES_READ, PricesRead(read, NOW))
    assert desk.view(organizer).prices == event.prices
    desk.put_read_in_force(organizer, event.prices)
    assert console.store.event(event.id).prices == read


def test_reading_names_a_region_and_is_one_job(console: Console, event: Event, organizer: Actor) -> None:
    desk = console.first.prices
    with pytest.raises(BadInput, match="region"):
        desk.read(organizer, "Ireland; rm -rf")
    job = desk.read(organizer, "eu-west-1")
    assert desk.read(organizer, "eu-west-1").id == job.id
    assert (job.kind, job.plan) == ("prices.read", {"region": "eu-west-1"})


def test_a_new_event_starts_with_the_list_of_its_service_and_keeps_what_was_typed(
    console: Console, event: Event, organizer: Actor
) -> None:
    events = console.first.events
    draft = replace(events.template(organizer, "day"), name="One")
    assert events.create(organizer, replace(draft, service="managed")).prices == shipped_prices("managed")
    made = events.create(organizer, replace(draft, name="Two", service="managed", prices=MINE))
    assert made.prices == MINE
    assert is_shipped(events.create(organizer, replace(draft, name="Three")).prices)


def test_an_edit_of_something_else_leaves_the_prices_of_an_older_event_alone(
    console: Console, event: Event, organizer: Actor
) -> None:
    """An event may carry a list that could not be typed today, and one that was shipped under another name."""
    old = replace(event, service="managed", prices=replace(PriceList(), source="", as_of="", training_per_hour=1.0))
    console.store.save_event(old)
    events = console.first.events
    shown = events.draft_of(old)
    after = events.edit(organizer, replace(shown, name="Renamed"), shown)
    assert (after.name, after.prices) == ("Renamed", old.prices)
    assert console.first.prices.view(organizer).former == ()


def test_a_settings_file_that_changes_the_list_leaves_the_former_on_record(
    console: Console, event: Event, organizer: Actor
) -> None:
    events = console.first.events
    shown = events.draft_of(event)
    events.edit(organizer, replace(shown, prices=MINE), shown)
    assert [each.prices for each in console.first.prices.view(organizer).former] == [event.prices]


def test_the_bill_is_asked_for_once_an_hour(console: Console, event: Event, organizer: Actor) -> None:
    desk = console.first.prices
    assert desk.bill(organizer).again_at is None
    console.store.keep(event.id, BILL, BillSeen(asked_at=console.clock.now()))
    with pytest.raises(BadInput, match=r"0\.01 USD"):
        desk.read_bill(organizer)
    assert desk.bill(organizer).again_at == console.clock.now() + timedelta(hours=1)
    console.store.keep(event.id, BILL, BillSeen(asked_at=console.clock.now() - timedelta(hours=2)))
    assert desk.read_bill(organizer).kind == "bill.read"


def test_the_bill_stands_beside_the_estimate_and_changes_no_figure(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    first = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC) - timedelta(days=3)
    console.history.erase(event.id)
    for hour in range(0, 72, 6):
        used = [replace(each, minutes_used=10.0 * hour, storage_bytes=0) for each in profiles]
        console.history.add_usage(event.id, first + timedelta(hours=hour), used)
    days = tuple(BilledDay(first.date() + timedelta(days=n), 20.0 + n, estimated=True) for n in range(4))
    spent = console.first.usage.totals(organizer).spend_usd
    console.store.keep(event.id, BILL, BillSeen(days, as_of=NOW, asked_at=NOW))
    view = console.first.prices.bill(organizer)
    assert [(each.day, each.billed) for each in view.days] == [(days[0].day, 20.0), (days[1].day, 21.0)]
    assert view.days[0].estimate == pytest.approx(4 * 240 / 60 * event.prices.per_hour)
    assert console.first.usage.totals(organizer).spend_usd == spent
