"""The Usage page on a seeded event."""

from __future__ import annotations

import pytest

from deepracer_admin.model import Role
from tests.pages.conftest import click, texts

PAGE = "pages/run/usage.py"


def _label(app, start):
    return next(button for button in app.button if button.label.startswith(start))


@pytest.mark.parametrize("role", list(Role)[:3])
def test_every_role_sees_the_totals_with_the_word_estimate(browser, profiles, role):
    said = texts(browser.open(PAGE, role))
    assert "Racers active 4 of 4" in said
    assert "Spend so far (estimate)" in said


def test_a_viewer_sees_totals_and_no_person(browser, profiles):
    app = browser.open(PAGE, Role.VIEWER)
    assert "shown to organizers and facilitators" in texts(app)
    assert not app.dataframe


def test_nobody_without_a_session_sees_anything(browser, profiles):
    app = browser.open(PAGE, None)
    assert app.error
    assert not app.metric


def test_without_an_event_the_page_says_what_to_do(browser):
    assert "no event yet" in texts(browser.open(PAGE))


def test_the_table_has_one_row_per_profile_most_hours_first(browser, profiles):
    table = next(frame.value for frame in browser.open(PAGE).dataframe if "Of limit" in frame.value)
    assert list(table["Racer"]) == ["racer-4", "racer-3", "racer-2", "racer-1"]
    assert list(table["Used (h)"]) == [2.0, 1.5, 1.0, 0.5]


def test_search_and_cohort_narrow_the_table(browser, profiles):
    app = browser.open(PAGE)
    app.selectbox(key="usage-cohort").set_value("Office: Roma").run()
    table = next(frame.value for frame in app.dataframe if "Of limit" in frame.value)
    assert sorted(table["Racer"]) == ["racer-3", "racer-4"]


def test_the_cost_is_said_before_a_quota_is_set_and_the_job_is_recorded(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    app.number_input(key="quota-hours").set_value(7.0).run()
    assert "can add at most" in texts(app)
    _label(app, "Set this quota").click().run()
    [job] = console.store.jobs(event.id, kind="quota")
    assert job.total == 4
    assert job.plan["minutes"] == 420


def test_pausing_says_that_running_work_is_billed_and_records_the_job(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    assert "goes on and is billed" in texts(app)
    _label(app, "Pause 4").click().run()
    [job] = console.store.jobs(event.id, kind="sponsor")
    assert job.plan == {"active": False}


def test_a_facilitator_has_no_bulk_controls(browser, profiles):
    app = browser.open(PAGE, Role.FACILITATOR)
    assert not app.checkbox
    assert not [button for button in app.button if button.label.startswith(("Pause", "Set this"))]


def test_deleting_models_asks_for_the_events_name(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    click(app, "Delete their models")
    assert [button for button in app.button if button.label == "Delete models" and button.disabled]
    assert not console.store.jobs(event.id, kind="models.delete")
