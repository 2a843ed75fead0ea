"""A tab that nobody touches: it shows what ended meanwhile, and it is no sign of life."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Browser, expect

from deepracer_admin.model import Event, Job, JobItem, JobState, Race, RaceDraft, Role, State
from deepracer_admin.web.keeper import hash_id
from tests.e2e.conftest import PATIENCE_MS, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        yield made


def a_job(seeded: Seeded, event: Event, number: int, kind: str) -> Job:
    now = seeded.console.clock.now()
    job = Job(f"job-{number}", event.id, kind, f"target {number}", JobState.RUNNING, total=1, created_at=now)
    return seeded.console.store.create_job(job, [])


def test_a_job_that_began_and_ended_between_two_looks_is_shown_and_extends_no_session(
    seeded: Seeded, browser: Browser
) -> None:
    store, sessions, now = seeded.console.store, seeded.console.sessions, seeded.console.clock.now()
    event = an_event(seeded.console)
    cookie = seeded.session(Role.ORGANIZER)
    page = seeded.window(browser, cookie, path="/races")
    expect(page.get_by_text("There is no race yet.")).to_be_visible(timeout=PATIENCE_MS)
    quiet_since = (now - timedelta(minutes=40)).replace(microsecond=0)
    sessions.touch(hash_id(cookie), at=quiet_since)

    opens = seeded.console.clock.event_now()
    race = Race("r-1", RaceDraft("Cup", "t-1", opens, opens + timedelta(days=1)), participants=0)
    store.save_races(event.id, [race], seen_at=now, lease=None)
    store.update_job(a_job(seeded, event, 1, "race.create").id, state=JobState.DONE, now=now)

    expect(page.get_by_text("There is no race yet.")).to_have_count(0, timeout=PATIENCE_MS)
    expect(page.get_by_text("Choose a race to share, change, end or delete it.")).to_be_visible()
    wait_idle(page)
    seen = sessions.lookup(hash_id(cookie))
    assert seen
    assert seen.last_seen_at == quiet_since, "nobody did anything"

    page.get_by_test_id("stSidebar").get_by_role("link", name="Event", exact=True).click()
    expect(page.get_by_role("heading", name="Event", exact=True, level=1)).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    seen = sessions.lookup(hash_id(cookie))
    assert seen
    assert seen.last_seen_at > now - timedelta(minutes=1), "a click is a sign of life"


def test_a_close_out_that_ends_draws_its_page_anew_and_extends_no_session(seeded: Seeded, browser: Browser) -> None:
    store, sessions, now = seeded.console.store, seeded.console.sessions, seeded.console.clock.now()
    event = an_event(seeded.console)
    job = a_job(seeded, event, 2, "closeout")
    store.save_job_items(job.id, [JobItem(job.id, "freeze", State.WAITING)])
    cookie = seeded.session(Role.ORGANIZER)
    page = seeded.window(browser, cookie, path="/closeout")
    expect(page.get_by_text("Closing is under way; it goes on")).to_be_visible(timeout=PATIENCE_MS)
    quiet_since = (now - timedelta(minutes=40)).replace(microsecond=0)
    sessions.touch(hash_id(cookie), at=quiet_since)

    store.update_job(job.id, state=JobState.CANCELLED, now=now)
    expect(page.get_by_text("It was stopped before the end").first).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    seen = sessions.lookup(hash_id(cookie))
    assert seen
    assert seen.last_seen_at == quiet_since


def test_a_tab_whose_session_ended_leads_back_to_its_own_page_and_query(seeded: Seeded, browser: Browser) -> None:
    an_event(seeded.console)
    cookie = seeded.session(Role.VIEWER)
    page = seeded.window(browser, cookie, path="/usage?cohort=office:Caf%C3%A9%20%26%20Co")
    seeded.console.sessions.revoke(hash_id(cookie))
    link = page.get_by_role("link", name="Sign in again").first
    expect(link).to_be_visible(timeout=PATIENCE_MS)
    link.click()
    onward = page.get_by_role("link", name="Sign in with Microsoft Entra ID").get_attribute("href")
    assert onward == "/signin/login?next=/usage%3Fcohort%3Doffice%253ACaf%25C3%25A9%2B%2526%2BCo%26event%3Dev-1"
