"""Whom one ticks is whom it reaches, while practice time runs at 600x and hours sort the table anew all the time.

Judged by the practice service itself: its limits per profile, read with the console's own client.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from deepracer_admin.compose import Console, compose
from deepracer_admin.model import Actor, Role
from deepracer_admin.services.setup.drafts import EventDraft
from deepracer_admin.settings import Settings
from tests.e2e.conftest import PATIENCE_MS, Site, no_trouble, picture, press, wait_idle

pytestmark = pytest.mark.e2e
PEOPLE = 11
LIMIT_H = 7.5
WAIT_S = 300
ORGANIZER = Actor(oid="somebody", tid="t", name="Somebody", roles=frozenset({Role.ORGANIZER}))


def until(ready: Callable[[], Any], what: str) -> Any:
    """Wait for something of the practice world; minutes of patience, because the machine may be busy."""
    end = time.monotonic() + WAIT_S
    while not (found := ready()):
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.5)
    return found


@pytest.fixture(scope="module")
def console(site: Site) -> Iterator[Console]:
    """The stores of the running console, opened a second time."""
    made = compose(Settings(home=site.console.home, worker=False))  # type: ignore[call-arg]
    yield made
    made.close()


@pytest.fixture(scope="module")
def racing(site: Site, console: Console) -> Console:
    """Everybody has a profile and trains at 600x; the worker of the console's own process did it."""
    now = console.clock.event_now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
    draft = EventDraft(
        name="Autumn Cup",
        starts=now,
        ends=now + timedelta(days=20),
        zone="UTC",
        head_count=PEOPLE,
        budget_usd=100_000,
        hours_per_person=100,
        models_per_person=50,
        sender="deepracer@example.com",
        portal_url="https://portal.example.com",
        slots=100,
    )
    console.first.events.create(ORGANIZER, draft)
    data = site.world.control("GET", "people.csv", n=PEOPLE, seed=3).encode()
    people = console.first.attendees
    people.run_import(ORGANIZER, people.dry_run(ORGANIZER, data, filename="people.csv"))
    done = [
        console.first.events.run_check(ORGANIZER),
        console.first.events.switch_sponsorship(ORGANIZER, open_=True, typed_name=""),
    ]
    until(lambda: not any(console.store.job(job.id).state.is_live for job in done), "the check and the sponsorship")
    console.first.onboarding.start(ORGANIZER)
    until(lambda: len(console.store.links(event_id(console))) == PEOPLE, "profiles of everybody")
    site.world.control("POST", "clock", {"speed": 600})
    until(lambda: sum(row.hours_used > 0 for row in rows(console)) > PEOPLE // 2, "racers who train")
    return console


def event_id(console: Console) -> str:
    event = console.first.events.event()
    assert event
    return event.id


def rows(console: Console) -> list[Any]:
    return console.first.usage.profiles(ORGANIZER)


def order(console: Console) -> list[str]:
    """Racer names, most hours first: as the page would show them now."""
    return [row.alias for row in rows(console)]


def limits(console: Console) -> dict[str, int]:
    """Racer name -> minutes allowed, as the practice service lists them this moment."""
    listed = console.ports_of(event_id(console)).racing().profiles()
    return {each.alias: each.quota.minutes for each in listed if each.quota}


def names_of(grid: Locator, rows_shown: str) -> list[str]:
    """First column of the rows that fit a CSS selector, from the table that the canvas keeps for screen readers."""
    return grid.locator(f"{rows_shown} td[aria-colindex='1']").all_text_contents()


def profiles(page: Page) -> Locator:
    found = page.locator(".st-key-profiles-table")
    found.scroll_into_view_if_needed()
    return found


def tick(page: Page, row: int) -> None:
    """The box at the start of a row; Streamlit draws tables on a canvas, so by place."""
    box = profiles(page).get_by_test_id("stDataFrame").bounding_box()
    assert box
    page.mouse.click(box["x"] + 16, box["y"] + 34 + 16 + 33 * row)
    wait_idle(page)


def chosen(page: Page) -> set[str]:
    return set(names_of(profiles(page), "tr[aria-selected='true']"))


def wait_for_other_orders(console: Console, page: Page, times: int) -> None:
    """Until hours have sorted racers anew so often, with the page drawn anew each time, as any click does."""
    for turn in range(times):
        before = order(console)
        until(lambda before=before: order(console) != before, "another order")
        by = "Cost centre" if turn % 2 else "Office"
        page.get_by_role("radio", name=by, exact=True).or_(
            page.get_by_test_id("stButtonGroup").get_by_role("button", name=by, exact=True)
        ).first.click()
        wait_idle(page)


def dialog(page: Page) -> Locator:
    shown = page.get_by_role("dialog")
    expect(shown).to_be_visible(timeout=PATIENCE_MS)
    return shown


def test_three_who_were_ticked_get_the_quota_the_pause_and_one_of_them_the_hours(
    visit: Callable[..., Page], racing: Console
) -> None:
    page = visit("organizer", path="/usage")
    names = {row.alias: row.name for row in rows(racing)}
    before = limits(racing)
    for row in (1, 3, 4):
        tick(page, row)
    three = chosen(page)
    assert len(three) == 3
    wait_for_other_orders(racing, page, 2)
    assert chosen(page) == three
    picture(page, "usage-chosen")

    page.get_by_label("Training hours each").fill(str(LIMIT_H))
    press(page, "Set this quota …")
    for racer in three:
        expect(dialog(page).get_by_text(names[racer])).to_be_visible()
    picture(page, "usage-quota-dialog")
    was = order(racing)
    until(lambda: order(racing) != was, "another order while the dialog is open")
    press(dialog(page), "Set the quota")
    until(lambda: all(limits(racing)[racer] == LIMIT_H * 60 for racer in three), "the quota at the service")
    assert {racer for racer, minutes in limits(racing).items() if minutes != before[racer]} == three
    expect(page.get_by_test_id("stMain").get_by_text(re.compile("Setting .* each for 3 people")).first).to_be_visible()
    picture(page, "usage-quota-set")

    wait_for_other_orders(racing, page, 1)
    page.get_by_role("tab", name=re.compile("Pause")).click()
    press(page, "Pause …")
    press(dialog(page), "Pause them")
    until(lambda: all(limits(racing)[racer] == 0 for racer in three), "the pause at the service")
    assert {racer for racer, minutes in limits(racing).items() if minutes == 0} == three
    press(page, "Resume …")
    press(dialog(page), "Resume them")
    until(lambda: all(limits(racing)[racer] == LIMIT_H * 60 for racer in three), "the hours given back")

    for racer in sorted(three)[1:]:
        shown = names_of(profiles(page), "tbody tr")
        tick(page, shown.index(racer))
    (one,) = chosen(page)
    wait_for_other_orders(racing, page, 1)
    page.get_by_role("tab", name="Extra hours").click()
    press(page, "Grant the hours")
    until(lambda: limits(racing)[one] == (LIMIT_H + 1) * 60, "the extra hours at the service")
    assert {limits(racing)[racer] for racer in three - {one}} == {LIMIT_H * 60}
    no_trouble(page)
