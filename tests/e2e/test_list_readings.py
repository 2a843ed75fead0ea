"""Six lists that are read as they were not meant, corrected by hand in the browser; what is seen follows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.model import Role
from tests.e2e.conftest import PATIENCE_MS, folder, no_trouble, picture, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
CASES = folder("roster-cases")


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        an_event(made.console)
        yield made


@pytest.fixture(scope="module")
def page(seeded: Seeded, browser: Browser) -> Page:
    opened = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/attendees")
    opened.get_by_text("Upload", exact=True).first.click()
    wait_idle(opened)
    return opened


def take(page: Page, name: str, rows: str) -> None:
    """Choose a file in place of the former one, and see its balance."""
    page.get_by_test_id("stFileUploaderDropzoneInput").set_input_files(CASES / name)
    balance(page, rows)


def choose(page: Page, label: str, option: str | re.Pattern[str]) -> None:
    box = page.get_by_role("combobox", name=re.compile(re.escape(label))).first
    box.click()
    page.get_by_role("option", name=option).first.click()
    wait_idle(page)


def balance(page: Page, text: str) -> None:
    expect(page.get_by_text(text).first).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)


def test_a_hidden_sheet_is_chosen(page: Page) -> None:
    take(page, "F1-very-hidden-directory/list.xlsx", "2 rows = 2 accepted")
    expect(page.get_by_text("50 addresses stand in other places of this file").first).to_be_visible()
    choose(page, "Sheet", re.compile("_directory"))
    balance(page, "50 rows = 50 accepted")
    picture(page, "upload-sheet")
    no_trouble(page)


def test_an_encoding_is_chosen_by_the_names_that_it_gives(page: Page) -> None:
    take(page, "E2-cp1254-turkish/list.csv", "3 rows = 3 accepted")
    choose(page, "Encoding", re.compile("Ayţe"))
    expect(page.get_by_role("combobox", name=re.compile("Encoding"))).to_have_value(re.compile("cp1250"))
    picture(page, "upload-encoding")
    choose(page, "Encoding", re.compile("Ayşe"))
    expect(page.get_by_role("combobox", name=re.compile("Encoding"))).to_have_value(re.compile("cp1254"))
    no_trouble(page)


def test_another_heading_is_chosen(page: Page) -> None:
    take(page, "D1-teams-blank-mail-upn-filled/report.tsv", "2 rows = 2 accepted")
    choose(page, "Heading", re.compile("Line 1"))
    page.get_by_role("tab", name="First rows of the file").click()
    picture(page, "upload-heading")
    page.get_by_role("tab", name="People as read").click()
    expect(page.get_by_role("button", name="Read as guessed")).to_be_visible()
    page.get_by_role("button", name="Read as guessed").first.click()
    balance(page, "2 rows = 2 accepted")
    no_trouble(page)


def test_another_column_is_chosen_and_remembered_for_the_next_file(page: Page) -> None:
    take(page, "A1-pretix-order-positions/positions.csv", "3 rows = 3 accepted")
    choose(page, "E-mail address", re.compile(r"^Email \("))
    balance(page, "3 rows = 1 accepted + 2 duplicates")
    picture(page, "upload-column")
    take(page, "A4-qualified-heading-first/list.csv", "2 rows = 2 accepted")
    take(page, "A1-pretix-order-positions/positions.csv", "3 rows = 1 accepted + 2 duplicates")
    expect(page.get_by_text("Read like an earlier list of this source")).to_be_visible()
    picture(page, "upload-remembered")
    page.get_by_role("button", name="Read as guessed").click()
    balance(page, "3 rows = 3 accepted")
    no_trouble(page)


def test_whoever_was_denied_is_let_in_by_a_click(page: Page) -> None:
    take(
        page, "C1-zoom-approval-status/registration.csv", "3 rows = 2 accepted + 0 duplicates + 0 rejected + 1 left out"
    )
    page.get_by_text("denied · 1").click()
    balance(page, "3 rows = 3 accepted")
    picture(page, "upload-status")
    no_trouble(page)


def test_one_of_two_lists_in_a_file_is_left_out(page: Page) -> None:
    take(page, "P1-two-tables-under-each-other/list.csv", "3 rows = 3 accepted")
    page.get_by_text(re.compile(r"Line 1: Name, Email · 2 rows")).click()
    balance(page, "3 rows = 1 accepted + 0 duplicates + 0 rejected + 2 left out (2 in a list that was put aside)")
    picture(page, "upload-tables")
    no_trouble(page)
