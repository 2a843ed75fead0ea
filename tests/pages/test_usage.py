"""The Usage page on a seeded event."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.model import Attendee, Profile, Quota, Role
from deepracer_admin.store import ProfileLink
from tests.pages.conftest import NOW, actor_of, answer, click, texts
from tests.services.setup.test_capacity_desk import Answers
from tests.ui.choosing import shown, tick, tick_places

PAGE = "pages/run/usage.py"


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


def test_no_limit_and_not_read_are_said_in_words_everywhere(browser, console, event, profiles):
    """Unlimited, untold and empty: in no table, sentence or file stands a number or a None for them."""
    odd = [replace(profiles[0], quota=Quota(-1, -1)), replace(profiles[1], quota=None, model_count=None), *profiles[2:]]
    console.store.save_profiles(event.id, odd, seen_at=NOW, lease=None)
    console.history.add_usage(event.id, NOW, odd)
    app = browser.open(PAGE)
    assert shown(app, "Limit (h)") == ["5.0", "5.0", "not read yet", "no limit"]
    assert shown(app, "Models") == ["4", "3", "not read yet", "1"]
    for one in ("pr-1", "pr-2"):
        app = tick(app, "profiles", one)
        said = texts(app)
        assert "limit: no limit" in said or "limit: not read yet" in said
        assert re.search(r"(?<![\w\\])-1\b|\b(None|nan|inf)\b", said) is None
    for table in app.dataframe:
        cells = [str(cell) for column in table.value for cell in table.value[column]]
        assert not {"-1", "-1.0", "None", "nan", "inf"} & set(cells) or table.proto.placeholder
    lines = console.first.usage.export(_organizer()).decode().splitlines()
    assert [line.count('"no limit"') for line in lines].count(1) == 1
    assert [line.count('"not read yet"') for line in lines].count(2) == 1


def test_no_limit_is_ticked_and_reaches_the_chosen(browser, console, event, profiles):
    app = tick(browser.open(PAGE), "profiles", "pr-2")
    app.checkbox(key="quota-hours-none").check().run()
    assert app.number_input(key="quota-hours").disabled
    assert "without end" in texts(app)
    click(app, "quota-set")
    answer(app, "quota-set")
    [job] = console.store.jobs(event.id, kind="quota")
    assert job.plan["minutes"] == -1


def test_search_and_cohort_narrow_the_table(browser, profiles):
    app = browser.open(PAGE)
    app.selectbox(key="usage-cohort").set_value("Office: Roma").run()
    table = next(frame.value for frame in app.dataframe if "Of limit" in frame.value)
    assert sorted(table["Racer"]) == ["racer-3", "racer-4"]


def test_the_cost_is_said_before_a_quota_is_set_and_the_job_is_recorded(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    app.number_input(key="quota-hours").set_value(7.0).run()
    assert "Can add at most" in texts(app)
    click(app, "quota-set")
    assert "**4 people**: Racer 4, Racer 3, Racer 2 and Racer 1" in texts(app)
    answer(app, "quota-set")
    assert "Setting 7.0 h each for 4 people" in texts(app).replace("\\", "")
    [job] = console.store.jobs(event.id, kind="quota")
    assert job.total == 4
    assert job.plan["minutes"] == 420


def test_pausing_says_that_running_work_is_billed_and_records_the_job(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    assert "goes on and is billed" in texts(app)
    click(app, "usage-pause")
    assert "**4 people**: Racer 4, Racer 3, Racer 2 and Racer 1" in texts(app)
    answer(app, "usage-pause")
    [job] = console.store.jobs(event.id, kind="sponsor")
    assert job.plan == {"active": False}


def test_a_facilitator_has_no_bulk_controls(browser, profiles):
    app = browser.open(PAGE, Role.FACILITATOR)
    assert not app.checkbox
    assert not [button for button in app.button if button.label.startswith(("Pause", "Set this"))]


def test_deleting_models_asks_for_the_events_name(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    click(app, "Delete their models …")
    assert [button for button in app.button if button.label == "Delete models" and button.disabled]
    assert not console.store.jobs(event.id, kind="models.delete")


def _train(console, event, profiles, minutes: dict[str, float]) -> list[Profile]:
    """The named profiles have used so many minutes, as the worker reads it."""
    now = [replace(each, minutes_used=minutes.get(each.id, each.minutes_used)) for each in profiles]
    console.store.save_profiles(event.id, now, seen_at=NOW, lease=None)
    return now


def _targets(console, event, kind: str) -> set[str]:
    [job] = console.store.jobs(event.id, kind=kind)
    return {item.key for item in console.store.job_items(job.id)}


def test_a_quota_reaches_the_ticked_however_often_the_hours_sort_them_anew(browser, console, event, profiles):
    app = tick(browser.open(PAGE), "profiles", "pr-1", "pr-3")
    later = _train(console, event, profiles, {"pr-1": 500.0})
    app.run()
    _train(console, event, later, {"pr-2": 900.0})
    app.number_input(key="quota-hours").set_value(7.0).run()
    assert [row.alias for row in console.first.usage.profiles(_organizer())][:2] == ["racer-2", "racer-1"]
    click(app, "quota-set")
    assert "**2 people**: Racer 3 and Racer 1" in texts(app)
    answer(app, "quota-set")
    assert _targets(console, event, "quota") == {"at-1", "at-3"}


def test_a_tick_in_a_table_that_was_sorted_anew_meanwhile_reaches_the_row_that_was_ticked(
    browser, console, event, profiles
):
    app = browser.open(PAGE)
    assert shown(app, "Racer") == ["racer-4", "racer-3", "racer-2", "racer-1"]
    _train(console, event, profiles, {"pr-1": 5_000.0})
    tick_places(app, "profiles", [3])
    answer(app, "usage-pause")
    assert _targets(console, event, "sponsor") == {"pr-1"}


def test_a_grant_goes_to_the_one_who_is_named_and_a_double_click_grants_once(browser, console, event, profiles):
    app = tick(browser.open(PAGE), "profiles", "pr-2")
    _train(console, event, profiles, {"pr-1": 5_000.0})
    app.run()
    assert "**Racer 2** has 5.0 h and would get 1.0 h more" in texts(app)
    click(app, "usage-grant")
    click(app, "usage-grant")
    assert _targets(console, event, "quota") == {"at-2"}
    assert not app.error


@pytest.fixture
def many(console, event):
    """A hundred and twenty people with a profile each; racer n has used n minutes."""
    people = [
        Attendee(f"at-{n}", f"r{n}@example.com", name=f"Racer {n}", alias=f"racer-{n}", added_at=NOW, source="job-0")
        for n in range(1, 121)
    ]
    made = [Profile(f"pr-{n}", f"racer-{n}", minutes_used=float(n), quota=Quota(300, 3)) for n in range(1, 121)]
    console.store.save_attendees(event.id, people)
    console.store.save_profiles(event.id, made, seen_at=NOW, lease=None)
    console.store.link(event.id, [ProfileLink(f"at-{n}", f"pr-{n}", "created", NOW) for n in range(1, 121)])
    console.history.add_usage(event.id, NOW, made)
    return made


def test_one_page_of_the_table_is_sent_and_what_is_chosen_stays_chosen_on_the_others(browser, console, event, many):
    app = tick(browser.open(PAGE), "profiles", "pr-120")
    table = next(frame.value for frame in app.dataframe if "Of limit" in frame.value)
    assert (len(table), table["Racer"].iloc[0]) == (50, "racer-120")
    [page] = [each for each in app.number_input if str(each.key).startswith("usage-page")]
    page.set_value(2).run()
    assert shown(app, "Racer")[0] == "racer-70"
    assert "**1 person**: Racer 120" in texts(app)
    tick(app, "profiles", "pr-70")
    answer(app, "usage-pause")
    assert _targets(console, event, "sponsor") == {"pr-120", "pr-70"}


def test_pages_hold_still_while_hours_move_until_somebody_sorts_anew(browser, console, event, many):
    app = browser.open(PAGE)
    _train(console, event, many, {"pr-1": 9_000.0})
    app.run()
    assert shown(app, "Racer")[0] == "racer-120"
    click(app, "usage-anew")
    assert shown(app, "Racer")[0] == "racer-1"


def test_the_quota_says_which_limit_it_meets(browser, console, event, profiles):
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    app.number_input(key="quota-hours").set_value(0.5).run()
    assert "4 people have used or asked for more than that this month already" in texts(app)


def test_parts_that_are_shut_are_not_worked_out_and_the_address_opens_them(browser, console, event, profiles):
    app = browser.open(PAGE)
    assert "budget-event-save" not in {button.key for button in app.button}
    assert "waves-on" not in {button.key for button in app.button}
    app.query_params["budget-guard"] = "true"
    app.query_params["waves-part"] = "true"
    app.run()
    assert {"budget-event-save", "waves-on"} <= {button.key for button in app.button}


def test_a_page_that_is_drawn_again_reads_nobody_anew(browser, console, event, profiles, monkeypatch):
    app = browser.open(PAGE)
    asked = []
    real = console.history.profile_uses
    monkeypatch.setattr(console.history, "profile_uses", lambda *args, **more: asked.append(1) or real(*args, **more))
    app.run()
    assert asked == []
    console.history.add_usage(event.id, NOW + timedelta(minutes=1), profiles)
    app.run()
    assert asked == [1], "once for each sample, whatever stands on the page"


def test_the_quota_says_what_it_does_to_the_wait(browser, console, event, profiles, monkeypatch):
    desk = console.first.capacity._desk
    monkeypatch.setattr(desk, "_calculator", Answers())
    app = browser.open(PAGE)
    app.checkbox(key="usage-all").check().run()
    app.number_input(key="quota-hours").set_value(7.0).run()
    assert "is being worked out" in texts(app)
    while desk.work_once():
        pass
    assert "In the queue" in texts(app.run())
    click(app, "quota-set")
    assert texts(app).count("In the queue") == 2, "beside the field, and in the dialog"


def _organizer():
    return actor_of(Role.ORGANIZER)
