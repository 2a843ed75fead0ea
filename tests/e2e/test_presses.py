"""Presses in a real browser: a double click acts once, and a dialog reaches whom it named when it opened."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser, expect

from deepracer_admin.model import Attendee, Outcome, Profile, Quota, Role, State, Step
from deepracer_admin.records.campaigns import CAMPAIGNS
from deepracer_admin.store import ProfileLink
from tests.e2e.conftest import PATIENCE_MS, no_trouble, picture, press, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
NAMES = ("Ada", "Bob", "Cy", "Di")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        an_event(made.console)
        for name in NAMES:
            trains(made, name)
        yield made


def trains(seeded: Seeded, name: str) -> None:
    """One more person with a profile, as the worker would record it."""
    store, now = seeded.console.store, seeded.console.clock.now()
    person = Attendee(id=f"at-{name}", email=f"{name.lower()}@example.com", name=name, alias=f"{name}-R", added_at=now)
    store.save_attendees("ev-1", [person])
    listed = [*store.profiles("ev-1")[0], Profile(id=f"pr-{name}", alias=person.alias, quota=Quota(300, 3))]
    store.save_profiles("ev-1", listed, seen_at=now, lease=None)
    store.link("ev-1", [ProfileLink(person.id, f"pr-{name}", "created", now)])


def test_a_dialog_reaches_whom_it_named_when_it_opened(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/usage")
    page.get_by_text("Choose all 4 that fit").click()
    wait_idle(page)
    page.get_by_role("tab", name="Pause, resume, models").click()
    press(page, "Pause …")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("4 people", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    trains(seeded, "Eve")
    press(dialog, "Pause them")
    expect(page.get_by_test_id("stMain").get_by_text("Pausing 4 people")).to_be_visible()
    [job] = seeded.console.store.jobs("ev-1", kind="sponsor")
    assert {item.key for item in seeded.console.store.job_items(job.id)} == {f"pr-{name}" for name in NAMES}
    no_trouble(page)


def test_a_mail_reaches_whom_its_dialog_named_and_says_who_came_and_went(seeded: Seeded, browser: Browser) -> None:
    store, now = seeded.console.store, seeded.console.clock.now()
    store.amend_event("ev-1", lambda each: replace(each, portal_url="https://racing.example.com"))
    steps = (Step.PROFILE, Step.ACCESS)
    store.record(
        "ev-1", [Outcome(f"at-{name}", step, State.DONE) for name in NAMES for step in steps], lease=None, now=now
    )
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/messages?send-mail=true")
    press(page, "Send it …")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("4 people", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    assert not store.rows("ev-1", CAMPAIGNS)
    store.amend_attendees("ev-1", lambda each: replace(each, wanted=False), ids=["at-Bob"])
    trains(seeded, "Fay")
    store.record("ev-1", [Outcome("at-Fay", step, State.DONE) for step in steps], lease=None, now=now)
    press(dialog, "Send it")
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("It goes to 3 people").first).to_be_visible(timeout=PATIENCE_MS)
    expect(main.get_by_text("1 person who was named has left that audience meanwhile: Bob").first).to_be_visible()
    expect(main.get_by_text("1 person came into it since").first).to_be_visible()
    [campaign] = store.rows("ev-1", CAMPAIGNS).values()
    assert {*campaign.people} == {"at-Ada", "at-Cy", "at-Di"}
    picture(page, "mail-sent")
    no_trouble(page)


def test_a_double_click_adds_a_walk_up_once_and_says_so(seeded: Seeded, browser: Browser) -> None:
    page = seeded.window(browser, seeded.session(Role.FACILITATOR), path="/attendees")
    page.get_by_text("Add one", exact=True).first.click()
    wait_idle(page)
    page.get_by_label("Address", exact=True).fill("grace@example.com")
    page.get_by_label("Name", exact=True).fill("Grace Hopper")
    page.get_by_role("button", name="Add to the list").dblclick()
    wait_idle(page)
    main = page.get_by_test_id("stMain")
    expect(main.get_by_text("Grace Hopper is on the list.").first).to_be_visible(timeout=PATIENCE_MS)
    page.wait_for_timeout(1500)
    wait_idle(page)
    expect(main.get_by_text("Grace Hopper is on the list.").first).to_be_visible()
    expect(page.get_by_test_id("stAlert")).to_have_count(0)
    found = [person for person in seeded.console.store.attendees("ev-1") if person.email == "grace@example.com"]
    assert len(found) == 1
    picture(page, "walk-up-added")
    no_trouble(page)
