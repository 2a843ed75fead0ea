"""Set-up connects to either racing service: what it can do, the switch, and the value that is read back."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import PATIENCE_MS, fill, no_trouble, picture, press
from tests.e2e.test_journeys import dialog, seen, tab

pytestmark = pytest.mark.e2e
EVENT = "Managed Cup"


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    return visit("organizer", path="/setup")


def test_01_the_managed_service_is_chosen_with_the_word_that_it_is_closed(organizer: Page) -> None:
    fill(organizer, "Name", EVENT)
    organizer.get_by_label("Racing service").first.click()
    organizer.get_by_role("option", name=re.compile("multi-user mode")).click()
    seen(organizer, re.compile("AWS closed the managed service"))
    press(organizer, "Create the event")
    expect(organizer.get_by_role("tab", name="Connect check")).to_be_visible(timeout=PATIENCE_MS)


def test_02_the_check_connects_and_shows_what_the_service_can_do(organizer: Page) -> None:
    tab(organizer, "Connect check")
    press(organizer, "Run the connect check")
    seen(organizer, re.compile(r"AWS DeepRacer \(managed\)"))
    seen(organizer, re.compile("multi user mode|multi-user mode"))
    no_trouble(organizer)
    picture(organizer, "setup-managed-check")


def test_03_multi_user_mode_is_turned_on_and_off_and_read_back(organizer: Page) -> None:
    tab(organizer, "Sponsorship")
    press(organizer, "Turn on multi-user mode")
    press(dialog(organizer), "Turn on multi-user mode")
    seen(organizer, "reads back on")
    picture(organizer, "setup-managed-mode")
    press(organizer, "Turn off multi-user mode …")
    shown = dialog(organizer)
    field = shown.get_by_role("textbox").first
    field.fill(EVENT)
    field.blur()
    press(shown, "Turn off multi-user mode")
    seen(organizer, "reads back off")
    no_trouble(organizer)
