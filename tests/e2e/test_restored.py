"""An event that came from a backup, in two tabs: both say that it waits, one lets it go on, the other is told so."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Attendee, FromBackup, Job, JobState, Role
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.restored import RESTORED
from tests.e2e.conftest import no_trouble, open_page, picture, press, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as seeded:
        store, now = seeded.console.store, seeded.console.clock.now()
        event = an_event(seeded.console)
        people = [Attendee(f"at-{n}", f"racer{n}@example.com", f"Racer {n}", alias=f"racer-{n}") for n in range(12)]
        store.save_attendees(event.id, people)
        store.update(event.id, ONBOARDING, lambda _: Onboarding(Run.RUNNING, "oid", "Olivia", now))
        store.create_job(Job("job-1", event.id, "quota", "x", JobState.PLANNED, total=12, created_at=now), [])
        store.update(event.id, RESTORED, lambda _: FromBackup(now, now - timedelta(hours=5)))
        yield seeded


def go_on(page: Page) -> None:
    press(page, "Go on here …")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("12 people")).to_be_visible()
    expect(dialog.get_by_role("button", name="Go on here", exact=True)).to_be_disabled()
    dialog.get_by_role("textbox").fill("Autumn Cup")
    expect(dialog.get_by_role("button", name="Go on here", exact=True)).to_be_enabled()


def test_one_tab_lets_it_go_on_and_the_other_is_told(seeded: Seeded, browser: Browser) -> None:
    cookie = seeded.session(Role.ORGANIZER)
    first, second = (seeded.window(browser, cookie, path="/event") for _ in range(2))
    expect(first.get_by_text("It waits here.")).to_be_visible()
    picture(first, "restored-event")
    open_page(second, "Onboarding")
    expect(second.get_by_role("link", name="Next: Say whether the event goes on here")).to_be_visible()
    picture(second, "restored-onboarding")
    open_page(second, "Event")
    go_on(first)
    picture(first, "restored-dialog")
    go_on(second)
    press(first.get_by_role("dialog"), "Go on here")
    expect(first.get_by_text("The event goes on here.").first).to_be_visible()
    expect(first.get_by_text("It waits here.")).to_have_count(0)
    picture(first, "restored-done")
    press(second.get_by_role("dialog"), "Go on here")
    expect(second.get_by_text("goes on here already").first).to_be_visible()
    picture(second, "restored-second-tab")
    wait_idle(second)
    no_trouble(first)
    no_trouble(second)
    told = [row for row in seeded.console.store.audit("ev-1") if row.action == "event.go_on"]
    assert len(told) == 1
