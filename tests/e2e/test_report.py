"""What came of the event, taken away as a page and printed; one person is erased, and the receipt says so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Actor, Attendee, Outcome, Profile, Race, RaceDraft, Role, Standing, State, Step
from deepracer_admin.store import ProfileLink
from tests.e2e.conftest import no_trouble, picture, press, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
HER = Attendee("at-7f3a9b", "xanthippe@example.com", "Xanthippe Quillfeather", alias="Quillfeather-X")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as seeded:
        plant(seeded)
        yield seeded


def plant(seeded: Seeded) -> None:
    console, event = seeded.console, an_event(seeded.console)
    store, history, now = console.store, console.history, console.clock.event_now()
    people = [
        Attendee(f"at-{n:06}", f"racer{n}@example.com", f"Racer {n}", alias=f"racer-{n}", cost_centre=f"CC-{n % 3}",
                 new_to_ml=n % 3 > 0, new_to_aws=n % 2 == 0) for n in range(40)
    ]  # fmt: skip
    store.save_attendees(event.id, [HER, *people])
    steps = [Step.PROFILE, Step.ACCESS, Step.SIGNED_IN, Step.TRAINED]
    done = [Outcome(each.id, step, State.DONE) for each in people for step in steps[: 2 + int(each.id[-1]) % 3]]
    store.record(event.id, done, lease=None, now=now)
    profiles = [Profile(f"prof-{n:06}", f"racer-{n}", minutes_used=float(n * 3)) for n in range(40)]
    store.link(event.id, [ProfileLink(each.id, profiles[n].id, "created", now) for n, each in enumerate(people)])
    for hour in range(6, -1, -1):
        grown = [Profile(each.id, each.alias, minutes_used=each.minutes_used * (7 - hour) / 7) for each in profiles]
        history.add_usage(event.id, now - timedelta(hours=hour), grown)
    store.save_profiles(event.id, profiles, seen_at=now, lease=None)
    draft = RaceDraft("Night race", "t", now - timedelta(hours=6), now + timedelta(hours=2))
    store.save_races(event.id, [Race("r-1", draft)], seen_at=now, lease=None)
    for hour in (4, 1):
        rows = [Standing(n + 1, f"racer-{n}", 8000 + 100 * n + hour, submissions=5 - hour) for n in range(6)]
        history.save_standings(event.id, "r-1", now - timedelta(hours=hour), [*rows, Standing(7, HER.alias, 9999)])


@pytest.fixture(scope="module")
def organizer(seeded: Seeded, browser: Browser) -> Page:
    return seeded.window(browser, seeded.session(Role.ORGANIZER), path="/report")


def test_01_the_report_shows_figures_and_the_date_on_which_people_are_erased(organizer: Page) -> None:
    expect(organizer.get_by_text("Spend (estimate)")).to_be_visible()
    expect(organizer.get_by_text(re.compile("Personal data is erased on|No date is set"))).to_be_visible()
    picture(organizer, "report")
    no_trouble(organizer)


def test_02_the_page_prints_on_a4_and_asks_nothing(organizer: Page, browser: Browser, tmp_path: Path) -> None:
    with organizer.expect_download() as loading:
        organizer.get_by_role("button", name="Report (page, prints on A4)").click()
    loading.value.save_as(tmp_path / "report.html")
    for _ in range(3):
        organizer.reload()
        wait_idle(organizer)
    late = organizer.request.get(loading.value.url)
    assert late.status == 200, "a browser on a slow network asks after the page was drawn anew"
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page[^s]", printed)) == 2
    assert asked == [(tmp_path / "report.html").as_uri()]
    page.set_viewport_size({"width": 760, "height": 1400})
    picture(page, "report-page")
    page.close()


def test_03_one_person_is_erased_and_the_receipt_stands_here(seeded: Seeded, organizer: Page) -> None:
    desk = seeded.console.first
    who = Actor("oid-Organizer", "t", "Organizer Person", frozenset({Role.ORGANIZER}))
    receipt = desk.attendees.erase(who, HER.id, typed=HER.email)
    assert (receipt.left, receipt.ended_at is not None) == ((), True)
    organizer.reload()
    wait_idle(organizer)
    expect(organizer.get_by_text("no trace found")).to_be_visible()
    picture(organizer, "report-receipt")
    no_trouble(organizer)


def test_04_a_legal_hold_is_set_and_shown(organizer: Page) -> None:
    organizer.get_by_text("Legal hold").first.click()
    field = organizer.get_by_label("Reason", exact=True).first
    field.fill("Our works council asked to keep it.")
    field.blur()
    wait_idle(organizer)
    press(organizer, "Hold the erasure")
    expect(organizer.get_by_text("nobody is erased").first).to_be_visible()
    picture(organizer, "report-hold")
    no_trouble(organizer)
