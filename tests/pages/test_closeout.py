"""The Close page: steps in order with evidence, the name typed, who can still sign in."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.flows.closeout.steps import MANAGED_STEPS, STEPS
from deepracer_admin.model import Actor, Event, JobState, Profile, Role, State
from deepracer_admin.records.closing import CLOSING_STEPS, PROOF, ClosingStep, Leftover, Proof, StillIn
from tests.pages.conftest import NOW, Browser, click, texts

PAGE = "pages/close/closeout.py"
FRAME = {"pace-pause", "pace-slower", "pace-faster", "find-person", "find-person-narrow"}
"""Buttons that stand above every page."""


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_others_than_organizers_are_refused(browser: Browser, event: Event, role: Role) -> None:
    app = browser.open(PAGE, role)
    assert "You may not see the close-out" in texts(app)
    assert not {each.key for each in app.button} - FRAME


def test_without_a_session_nothing_is_shown(browser: Browser, event: Event) -> None:
    app = browser.open(PAGE, None)
    assert "Your session has ended" in texts(app)
    assert len(app.button) == 0


def test_the_steps_stand_in_the_only_safe_order(browser: Browser, event: Event) -> None:
    shown = texts(browser.open(PAGE))
    places = [shown.index(f"{number}. {step.title}") for number, step in enumerate(STEPS, start=1)]
    assert places == sorted(places)
    assert "Not known yet" in shown


def test_before_it_starts_it_says_whom_it_reaches_and_asks_for_the_name(
    browser: Browser, console: Console, event: Event, profiles: list[Profile]
) -> None:
    app = click(browser.open(PAGE), "closeout-start")
    assert "4 profiles that this event made are deleted" in texts(app)
    assert next(button for button in app.button if button.key == "closeout-start-go").disabled
    assert console.store.jobs("ev-1", kind="closeout") == []


def test_each_step_shows_its_evidence_and_its_time(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    job = console.first.closeout.start(organizer, typed_name="Autumn Cup")
    item = console.store.job_items(job.id)[0]
    console.store.save_job_items(job.id, [replace(item, state=State.DONE, sentence="2 races frozen.")])
    row = ClosingStep(job.id, read_back_at=NOW)
    console.store.change_rows("ev-1", CLOSING_STEPS, lambda _: {item.key: row})
    shown = texts(browser.open(PAGE))
    assert "2 races frozen;" in shown
    assert "looked at 23 Nov 10\\:\u206000 Europe/Rome" in shown or "looked at 10\\:\u206000 Europe/Rome" in shown
    said = "0 models (seen at the service). 3 profiles were looked at."
    console.store.save_job_items(job.id, [replace(item, state=State.DONE, sentence=said)])
    assert "seen at the service at " in texts(browser.open(PAGE))
    assert "Closing is under way" in shown


def test_a_stopped_close_out_can_be_started_again(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    job = console.first.closeout.start(organizer, typed_name="Autumn Cup")
    app = browser.open(PAGE)
    app.text_input(key="closeout-skip-reason-freeze").set_value("not today").run()
    app = click(app, "closeout-halt-freeze")
    assert console.store.job(job.id).state is JobState.CANCELLED
    assert "It was stopped before the end" in texts(app)
    assert "Check and close again …" in [button.label for button in app.button]
    again = console.first.closeout.start(organizer, typed_name="Autumn Cup")
    assert (again.id != job.id, again.state) == (True, JobState.PLANNED)


def test_who_can_still_sign_in_is_named_with_the_reason(browser: Browser, console: Console, event: Event) -> None:
    still = (StillIn("at-1", "Ada", "ada-l", "adopted"),)
    console.store.update("ev-1", PROOF, lambda _: Proof(NOW, can_still_sign_in=still, in_group=0))
    app = browser.open(PAGE)
    assert list(app.dataframe[0].value["Why"]) == ["had access before the event"]
    assert "10:00:00 Europe/Rome (listing of the racing service)" in texts(app)


@pytest.fixture
def managed(console: Console, event: Event) -> Event:
    """The same event on the managed service, with a group."""
    made = replace(event, service="managed", group_id="group")
    console.store.save_event(made)
    return made


def test_a_managed_event_has_steps_of_its_own(browser: Browser, console: Console, managed: Event) -> None:
    shown = texts(browser.open(PAGE))
    places = [shown.index(f"{number}. {step.title}") for number, step in enumerate(MANAGED_STEPS, start=1)]
    assert places == sorted(places)


def test_a_managed_event_says_before_it_closes_that_the_cycle_is_waited_for(
    browser: Browser, console: Console, managed: Event, profiles: list[Profile]
) -> None:
    shown = texts(click(browser.open(PAGE), "closeout-start"))
    assert "about 40 minutes, and closing waits for it" in shown
    assert "Multi-user mode goes off for the whole account" in shown
    assert "4 profiles of the event are paused" in shown


def test_a_step_that_waits_for_the_cycle_says_who_is_still_listed(
    browser: Browser, console: Console, managed: Event, organizer: Actor
) -> None:
    job = console.first.closeout.start(organizer, typed_name="Autumn Cup")
    item = next(item for item in console.store.job_items(job.id) if item.key == "cycle")
    waits = "Taken out of the group; IAM Identity Center still lists 3 of 24 people until the directory's next cycle."
    console.store.save_job_items(job.id, [replace(item, state=State.WAITING, sentence=waits)])
    assert "still lists 3 of 24 people until the directory's next cycle" in texts(browser.open(PAGE))


def test_who_is_still_in_identity_center_is_named_with_the_reason(
    browser: Browser, console: Console, managed: Event
) -> None:
    still = (StillIn("at-1", "Ada", "ada-l", "identity_center"),)
    where = "IAM Identity Center and the racing service"
    proof = Proof(NOW, can_still_sign_in=still, in_group=0, in_identity_center=3, source=where)
    console.store.update("ev-1", PROOF, lambda _: proof)
    app = browser.open(PAGE)
    assert [*app.dataframe[0].value["Why"]] == ["still in IAM Identity Center, and no profile of theirs is disabled"]
    assert "3 people of the event listed in IAM Identity Center" in texts(app)
    assert "listing of IAM Identity Center and the racing service" in texts(app)


def test_a_closed_event_says_so(browser: Browser, console: Console, event: Event) -> None:
    console.store.save_event(replace(event, closed_at=NOW))
    assert "Closed on Mon 23 Nov 2026, 10:00 (Europe/Rome)" in texts(browser.open(PAGE))


def test_the_archive_holds_the_exports_and_a_certificate_that_claims_nothing_unread(
    console: Console, event: Event, organizer: Actor
) -> None:
    folder = console.settings.home / "exports" / event.id
    folder.mkdir(parents=True)
    (folder / "usage.csv").write_bytes(b"x")
    with zipfile.ZipFile(io.BytesIO(console.first.closeout.export_zip(organizer))) as archive:
        names = ["certificate-people.csv", "certificate.html", "certificate.json", "usage.csv"]
        assert sorted(archive.namelist()) == names
        found = json.loads(archive.read("certificate.json"))
    assert found["about"].startswith("REHEARSAL")
    assert [each["answer"] for each in found["claims"]] == ["NOT DONE"] * len(STEPS)
    assert found["people"]["said"] == "Who can still sign in is not known: it was not looked at."
    assert found["verdict"]["colour"] == "red"


def test_a_closed_event_says_as_a_whole_whether_access_is_gone_and_what_is_left(
    browser: Browser, console: Console, event: Event, organizer: Actor
) -> None:
    job = console.first.closeout.start(organizer, typed_name="Autumn Cup")
    items = [replace(item, state=State.DONE, sentence="Done.") for item in console.store.job_items(job.id)]
    console.store.save_job_items(job.id, items)
    left = (Leftover("models", 2, ("m-1",), "They stand in ERROR.", "Remove them.", cost="Storage is billed."),)
    rows = {item.key: ClosingStep(job.id, leftovers=left if item.key == "models" else ()) for item in items}
    console.store.change_rows("ev-1", CLOSING_STEPS, lambda _: rows)
    console.store.update("ev-1", PROOF, lambda _: Proof(NOW, job.id))
    console.store.update_job(job.id, state=JobState.DONE, now=NOW)
    console.store.amend_event("ev-1", lambda each: replace(each, closed_at=NOW))
    app = browser.open(PAGE)
    shown = texts(app)
    assert "access that this event gave has ended" in shown
    assert "Models" in shown
    table = app.dataframe[0].value
    assert [*table["What it costs"]] == ["Storage is billed."]
    assert [*table["How to end it"]] == ["Remove them."]
    assert console.first.closeout.fingerprint(organizer) in " ".join(each.value for each in app.code)
