"""Close page in a browser: deciding about a step, the verdict, what is left, and the certificate that verifies.

The worker's part is written by the test; a whole close-out by a real worker is in test_journeys.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from deepracer_admin.flows.closeout.steps import STEPS
from deepracer_admin.model import Attendee, Event, JobState, Role, State
from deepracer_admin.records.closing import (
    CLOSING_STEPS,
    ENDING,
    GIVEN_BACK,
    PROOF,
    ClosingStep,
    Ending,
    GivenBack,
    Leftover,
    Proof,
    StillIn,
)
from deepracer_admin.records.proven import PROVEN, Proven
from deepracer_admin.verify_command import verify
from tests.e2e.conftest import PATIENCE_MS, PICTURES, SCREENS, no_trouble, picture, wait_idle
from tests.e2e.seeded import Seeded, an_event, seeded_console
from tests.e2e.test_journeys import seen

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with seeded_console(tmp_path_factory.mktemp("home")) as made:
        yield made


@pytest.fixture(scope="module")
def event(seeded: Seeded) -> Event:
    made = an_event(seeded.console)
    people = [
        Attendee(f"at-{number}", f"r{number}@example.com", f"Racer {number}", f"r{number}") for number in range(60)
    ]
    seeded.console.store.save_attendees(made.id, people)
    return made


@pytest.fixture(scope="module")
def page(seeded: Seeded, event: Event, browser: Browser) -> Page:
    return seeded.window(browser, seeded.session(Role.ORGANIZER), path="/closeout")


def test_1_a_step_that_hangs_is_waited_for_with_a_reason(page: Page, seeded: Seeded, event: Event) -> None:
    page.get_by_role("button", name="Close the event …").click()
    asked = page.get_by_role("dialog")
    asked.get_by_role("textbox").fill(event.name)
    asked.get_by_role("textbox").blur()
    go = asked.get_by_role("button", name="Close the event", exact=True)
    expect(go).to_be_enabled(timeout=PATIENCE_MS)
    go.click()
    expect(page.get_by_text("Closing is under way; it goes on")).to_be_visible(timeout=PATIENCE_MS)
    works(seeded, event, upto="models")
    more = page.get_by_text("Decide about “Delete models” …")
    expect(more).to_be_visible(timeout=PATIENCE_MS)
    more.click()
    picture(page, "closeout-decide")
    page.get_by_label("Reason").fill("the operator is at it")
    page.get_by_role("button", name="Wait on").click()
    seen(page, "“Delete models” has its whole time once more.")
    no_trouble(page)


def test_2_the_verdict_says_what_is_left_and_the_certificate_verifies(
    page: Page, seeded: Seeded, event: Event, tmp_path: Path
) -> None:
    works(seeded, event)
    expect(page.get_by_text(re.compile("^Closed on"))).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("access that this event gave has ended")).to_be_visible()
    expect(page.get_by_text("What is left")).to_be_visible()
    wait_idle(page)
    picture(page, "closeout-closed")
    page.get_by_text("How somebody else verifies it").click()
    shown = page.get_by_test_id("stCode").first.inner_text().strip()
    picture(page, "closeout-verify")
    for button, name in (("Certificate (JSON)", "c.json"), ("Certificate (page)", "c.html")):
        with page.expect_download() as download:
            page.get_by_role("button", name=button).click()
        download.value.save_as(tmp_path / name)
        found = verify((tmp_path / name).read_bytes(), key=shown)
        assert (found["whole"], found["changes"]) == (True, []), name
    text = (tmp_path / "c.json").read_text(encoding="utf-8")
    assert "the operator is at it" in text
    assert "Racer 3" not in text
    no_trouble(page)


def test_3_the_page_to_print_is_read_without_a_request(
    page: Page, seeded: Seeded, event: Event, tmp_path: Path
) -> None:
    with page.expect_download() as download:
        page.get_by_role("button", name="Certificate (page)").click()
    download.value.save_as(tmp_path / "c.html")
    printed = page.context.new_page()
    asked: list[str] = []
    printed.on("request", lambda request: asked.append(request.url))
    printed.goto((tmp_path / "c.html").as_uri())
    expect(printed.get_by_role("heading", level=1)).to_contain_text("Close-out certificate: Autumn Cup")
    picture(printed, "certificate")
    if PICTURES:
        printed.screenshot(path=SCREENS / "certificate-whole.png", full_page=True)
    assert asked == [(tmp_path / "c.html").as_uri()]
    printed.close()


def works(seeded: Seeded, event: Event, *, upto: str = "") -> None:
    """What a worker would have written; with `upto` it waits at that step."""
    store, now = seeded.console.store, seeded.console.clock.now()
    job = store.jobs(event.id, kind="closeout")[0]
    keys = [step.key for step in STEPS]
    done = keys[: keys.index(upto)] if upto else keys
    left = Leftover(
        "models that the service does not delete", 12, ("bq2wJ0mX5cTs8Yd", "cR7nLk2PzQ4vHt9"),
        "They stand in ERROR after 3 deletions; nobody gets in with them, and without files they cost nothing.",
        "The service's operator can remove them from its table of models and from the bucket.",
        cost="Without files they cost nothing; with files their storage is billed.",
    )  # fmt: skip
    rows = {
        key: ClosingStep(
            job.id, now, "waits", now, now, tries=2, read_back_at=now, leftovers=(left,) if key == "models" else ()
        )
        for key in done
    }
    store.change_rows(event.id, CLOSING_STEPS, lambda _: rows)
    said = "0 of 60 people (seen at the service); what was there before stays."
    items = [
        replace(
            item,
            state=State.REFUSED if item.key == "models" and not upto else State.DONE,
            reason="left" if item.key == "models" and not upto else "",
            sentence=said,
        )
        for item in store.job_items(job.id)
        if item.key in done
    ]
    store.save_job_items(job.id, items)
    if upto:
        waits = next(item for item in store.job_items(job.id) if item.key == upto)
        told = "12 of 60 profiles still held models; they were deleted and are looked for again."
        store.save_job_items(job.id, [replace(waits, state=State.WAITING, sentence=told)])
        return
    still = tuple(StillIn(f"at-{number}", f"Racer {number}", f"r{number}", "adopted") for number in range(2))
    proven = {
        f"at-{number}": Proven(
            job.id, "still there" if number < 2 else "gone", "adopted" if number < 2 else "pool", now
        )
        for number in range(60)
    }
    store.change_rows(event.id, PROVEN, lambda _: proven)
    store.update(event.id, PROOF, lambda _: Proof(now, job.id, still, in_group=0))
    store.update(event.id, GIVEN_BACK, lambda _: GivenBack(job.id, now, 2, 2))
    store.update(event.id, ENDING, lambda _: Ending(job.id, now, dropped=1))
    store.amend_event(event.id, lambda each: replace(each, closed_at=now))
    store.update_job(job.id, state=JobState.DONE, now=now)
