"""What is typed on the Set up page stays while another part is looked at. In a browser, for only there a form's values
live until it is sent."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import fill, no_trouble, picture, press, wait_idle
from tests.e2e.test_journeys import seen, tab

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def organizer(visit: Callable[..., Page]) -> Page:
    page = visit("organizer", path="/setup")
    fill(page, "Name", "Typed Cup")
    press(page, "Create the event")
    tab(page, "Prices")
    return page


def opened(page: Page, part: str) -> None:
    """With all that folds open."""
    tab(page, part)
    wait_idle(page)
    for shut in ("Sign in with your own DeepRacer account", "Send a canary through", "More of the account"):
        heading = page.locator("details:not([open]) summary", has_text=shut)
        if heading.count() and heading.first.is_visible():
            heading.first.click()


@pytest.mark.parametrize(
    ("part", "label", "text"),
    [
        ("Prices", "Storage (USD a GB-month)", "0.1234"),
        ("Prices", "Where they are from", "an e-mail of AWS"),
        ("Alarms", "Organizers who are told by mail", "olivia@example.com\nsam@example.com"),
        ("Pre-flight", "Site address", "https://d111111abcdef8.cloudfront.net"),
        ("Pre-flight", "Address that nobody has here", "olivia+two@example.com"),
        ("Staff", "Address of somebody who runs the deployment", "admin@example.com"),
        ("Slots and hours", "Quota of all training instances", "77"),
    ],
)
def test_what_is_typed_stays_while_other_parts_are_looked_at(organizer: Page, part: str, label: str, text: str) -> None:
    opened(organizer, part)
    field = organizer.get_by_label(label, exact=True).filter(visible=True)
    field.fill(text)
    for other in ("Sponsorship", "Hours per cohort"):
        tab(organizer, other)
        wait_idle(organizer)
    expect(organizer.get_by_label(label, exact=True).filter(visible=True)).to_have_count(0)
    opened(organizer, part)
    expect(organizer.get_by_label(label, exact=True).filter(visible=True)).to_have_value(text)
    picture(organizer, f"setup-typed-{re.sub('[^a-z]+', '-', part.lower())}")
    no_trouble(organizer)


def test_the_page_says_so(organizer: Page) -> None:
    seen(organizer, re.compile("What you type stays while you look at another part"))
