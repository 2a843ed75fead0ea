"""A list over the limit: said beforehand, refused in the browser, and refused by the server when it is sent anyway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from deepracer_admin.model import Role
from tests.e2e.conftest import PATIENCE_MS, no_trouble, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console

pytestmark = pytest.mark.e2e
MB = 1024 * 1024
WHAT_TO_DO = "remove the columns that are not needed, or split the list"

# What the page's own uploader does for a small file, done by hand for a large one.
SEND = """async ([url, size]) => {
    const form = new FormData();
    form.append("file", new Blob([new Uint8Array(size).fill(97)]), "list.csv");
    const cookie = document.cookie.split("; ").find((each) => each.startsWith("_streamlit_xsrf="));
    const headers = cookie ? {"X-Xsrftoken": cookie.slice("_streamlit_xsrf=".length)} : {};
    return (await fetch(url, {method: "PUT", body: form, headers})).status;
}"""


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        yield made


def test_a_list_over_the_limit_is_refused_with_what_to_do(seeded: Seeded, browser: Browser, tmp_path: Path) -> None:
    an_event(seeded.console)
    page = seeded.window(browser, seeded.session(Role.ORGANIZER), path="/attendees")
    page.get_by_text("Upload", exact=True).first.click()
    expect(page.get_by_text(WHAT_TO_DO)).to_be_visible(timeout=PATIENCE_MS)
    large, small = tmp_path / "large.csv", tmp_path / "small.csv"
    large.write_bytes(b"Name,Email\nAda,ada@example.com\n" + b"x" * 6 * MB)
    small.write_bytes(b"Name,Email\nAda,ada@example.com\n")
    drop = page.get_by_test_id("stFileUploaderDropzoneInput")

    drop.set_input_files(large)
    expect(page.get_by_text("large.csv")).to_be_visible(timeout=PATIENCE_MS)
    wait_idle(page)
    expect(page.get_by_text(WHAT_TO_DO)).to_be_visible()
    expect(page.get_by_role("button", name="Import …")).to_have_count(0)
    no_trouble(page)

    with page.expect_request(lambda request: "/_stcore/upload_file/" in request.url) as sent:
        drop.set_input_files(small)
    expect(page.get_by_role("button", name="Import …")).to_be_visible(timeout=PATIENCE_MS)
    assert page.evaluate(SEND, [sent.value.url, 1_000]) == 204
    assert page.evaluate(SEND, [sent.value.url, 6 * MB]) == 413
    no_trouble(page)
