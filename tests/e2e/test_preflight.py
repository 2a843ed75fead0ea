"""Ready to open? In a browser: something is red, its fix is followed, it is green, the event opens."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Site, fill, no_trouble, picture, press, wait_idle
from tests.e2e.test_journeys import dialog, seen, tab

pytestmark = pytest.mark.e2e
EVENT = "Ready Cup"


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/setup")


def test_01_what_is_broken_is_red_with_its_fix_to_copy(organizer: Page, site: Site) -> None:
    site.world.arm("ses", "sandbox")
    site.world.arm("dns", "no_dmarc")
    fill(organizer, "Name", EVENT)
    press(organizer, "Create the event")
    tab(organizer, "Pre-flight")
    press(organizer, "Run the pre-flight")
    seen(organizer, "Not ready: something must be fixed")
    seen(organizer, "SES is out of the sandbox")
    seen(organizer, re.compile("Please move our account to production access for Amazon SES"))
    seen(organizer, re.compile(r"_dmarc\.example\.com TXT"))
    picture(organizer, "preflight-red")
    organizer.get_by_text("SES is out of the sandbox").scroll_into_view_if_needed()
    picture(organizer, "preflight-red-lines")
    no_trouble(organizer)


def test_02_its_fix_is_followed_and_it_is_green(organizer: Page, site: Site) -> None:
    site.world.disarm()  # AWS gave production access, IT published the record
    press(organizer, "Run the pre-flight")
    seen(organizer, "Ready, with points to look at")
    changed = organizer.get_by_text(re.compile("Changed since the run before"))
    expect(changed).to_be_visible()
    changed.click()
    seen(organizer, re.compile("Must be fixed → In order"))
    picture(organizer, "preflight-mended")
    no_trouble(organizer)


def test_03_the_event_opens_and_new_profiles_have_a_limit(organizer: Page) -> None:
    seen(organizer, "New profiles get a limit")
    tab(organizer, "Sponsorship")
    press(organizer, "Open sponsorship")
    press(dialog(organizer), "Open sponsorship")
    seen(organizer, "now open")
    tab(organizer, "Pre-flight")
    press(organizer, "Run the pre-flight")
    gone = organizer.get_by_text(re.compile("Whoever gets a profile has no limit"))
    expect(gone).to_have_count(0, timeout=180_000)
    picture(organizer, "preflight-open")
    no_trouble(organizer)


def test_04_the_page_to_sign_stands_alone(organizer: Page, visit: Callable[..., Page], tmp_path: Path) -> None:
    wait_idle(organizer)
    with organizer.expect_download() as loading:
        organizer.get_by_role("button", name="Page for sign-off (HTML)").click()
    kept = tmp_path / "pre-flight.html"
    loading.value.save_as(kept)
    alone = visit()
    asked: list[str] = []
    alone.on("request", lambda request: asked.append(request.url))
    alone.goto(kept.as_uri())
    expect(alone.get_by_role("heading", name=f"Pre-flight: {EVENT}")).to_be_visible()
    expect(alone.get_by_text("Signature", exact=True)).to_be_visible()
    assert asked == [kept.as_uri()], "it fetches nothing"
    picture(alone, "preflight-page")
    (kept.parent / "page.pdf").write_bytes(alone.pdf(format="A4"))
