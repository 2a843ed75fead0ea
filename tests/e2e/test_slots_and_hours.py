"""The event before the event, in a browser: the page asks and goes on, the answer comes beside it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from .conftest import PATIENCE_MS, fill, picture, press, wait_idle

pytestmark = pytest.mark.e2e
WORKED_OUT_MS = 240_000
"""A busy machine may take minutes for what takes seconds."""


def test_the_answer_stands_beside_the_plan(visit: Callable[..., Page]) -> None:
    page = visit("organizer", path="/setup")
    fill(page, "Name", "Slots Cup")
    press(page, "Create the event")
    page.get_by_role("tab", name="Slots and hours").click()
    fill(page, "People", "300")
    expect(page.get_by_text(re.compile("With 8 slots .* will never train"))).to_be_visible(timeout=WORKED_OUT_MS)
    expect(page.get_by_text(re.compile("slots are enough")).first).to_be_visible(timeout=WORKED_OUT_MS)
    expect(page.get_by_text("L-00C91CB5", exact=False).first).to_be_visible(timeout=PATIENCE_MS)
    picture(page, "setup-slots")
    fill(page, "Slots (quota of ml.c7i.4xlarge)", "400")
    expect(page.get_by_text("The plan fits", exact=True).first).to_be_visible(timeout=WORKED_OUT_MS)
    wait_idle(page)
    picture(page, "setup-slots-fit")
