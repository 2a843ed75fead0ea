"""On every page with rows to choose: what moves between the tick and the act changes nothing about whom it reaches."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.model import Capabilities, Outcome, Race, RaceDraft, Role, Sending, Standing, State, Step
from deepracer_admin.records.entrants import PARTICIPANTS, Participants
from deepracer_admin.records.profile_rows import PASSWORDS_UNTIL
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from tests.pages.conftest import NOW, answer, click, texts
from tests.ui.choosing import shown, tick

ONBOARDING, RACES, USAGE = "pages/run/onboarding.py", "pages/run/races.py", "pages/run/usage.py"


@pytest.fixture
def let_in(console, event, people, profiles):
    """Everybody's access is proven and mailed through the pool; nobody has signed in."""
    console.store.save_event(replace(event, way_in="pool"))
    rows = [Outcome(person.id, step, State.DONE) for person in people[:4] for step in (Step.ACCESS, Step.MAIL)]
    console.store.record(event.id, rows, lease=None, now=NOW)
    until = {f"at-{number}": NOW + timedelta(hours=10 + number) for number in (1, 2, 3)}
    console.store.keep(event.id, PASSWORDS_UNTIL, until)
    return until


def test_access_is_taken_from_the_ones_who_were_ticked(browser, console, event, people):
    app = browser.open(ONBOARDING)
    app.text_input(key="find").set_value("racer").run()
    tick(app, "found", "at-2", "at-3")
    console.store.save_attendees(event.id, [replace(people[0], name="Somebody Else", email="else@example.com")])
    app.run()
    answer(app, "person-remove", typed="Autumn Cup")
    out = {person.id for person in console.store.attendees(event.id, wanted=False)}
    assert out == {"at-2", "at-3", "at-6"}


def test_a_fresh_password_goes_to_the_one_who_was_ticked(browser, console, event, let_in):
    app = browser.open(ONBOARDING)
    assert shown(app, "Left")
    tick(app, "passwords-ending", "at-2")
    sooner = {**let_in, "at-4": (NOW + timedelta(hours=1)), "at-2": (NOW + timedelta(hours=30))}
    console.store.keep(event.id, PASSWORDS_UNTIL, sooner)
    app.run()
    assert "Reaches **1 person**: Racer 2" in texts(app)
    click(app, "passwords-fresh")
    assert {row.attendee for row in console.store.deliveries(event.id, state=Sending.PENDING)} == {"at-2"}
    assert "On its way to 1 person" in texts(app)


def test_those_stuck_for_the_chosen_reason_are_retried_though_another_reason_has_more_people(
    browser, console, event, people
):
    few = [Outcome("at-1", Step.PROFILE, State.REFUSED, "few", "A mailbox is missing.")]
    console.store.record(event.id, few, lease=None, now=NOW)
    app = tick(browser.open(ONBOARDING), "stuck", "profile/refused/few")
    many = [Outcome(f"at-{n}", Step.PROFILE, State.REFUSED, "many", "A name is odd.") for n in (2, 3, 4)]
    console.store.record(event.id, many, lease=None, now=NOW)
    app.run()
    click(app, "onboarding-retry")
    refused = {row.attendee for row in console.store.steps(event.id) if row.state is State.REFUSED}
    assert refused == {"at-2", "at-3", "at-4"}
    assert "1 person put back to the start of this step" in texts(app)


@pytest.fixture
def races(console, event, profiles):
    """One race of the managed kind with two racers on its list."""
    draft = RaceDraft("Cup", "t-1", NOW, NOW + timedelta(hours=8))
    made = Race("r-1", draft, participants=2)
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    able = Capabilities(private_races=True, participants=True)
    console.store.keep(event.id, ACCOUNT, AccountSeen(capabilities=able, as_of=NOW))
    read = Participants({"pr-1": "racer-1", "pr-2": "racer-2"}, NOW)
    console.store.change_rows(event.id, PARTICIPANTS, lambda _: {made.id: read})
    return made


def test_the_chosen_race_is_deleted_though_a_newer_one_stands_first(browser, console, event, races):
    app = tick(browser.open(RACES), "races", "r-1")
    newer = Race("r-2", replace(races.draft, name="Final", opens_at=NOW + timedelta(hours=1)))
    console.store.save_races(event.id, [newer, races], seen_at=NOW, lease=None)
    app.run()
    answer(app, "race-delete", typed="Cup")
    [job] = console.store.jobs(event.id, kind="race.delete")
    assert job.target == "r-1"


def test_who_was_ticked_leaves_the_race_though_results_sort_the_list_anew(browser, console, event, races):
    app = tick(browser.open(RACES), "races", "r-1")
    tick(app, "entrants-in-r-1", "pr-1")
    console.history.save_standings(event.id, "r-1", NOW, [Standing(1, "racer-2", 9_000, profile_id="pr-2")])
    app.run()
    assert "**1 racer**: Racer 1" in texts(app)
    answer(app, "entrants-expel")
    [job] = console.store.jobs(event.id, kind="race.expel")
    assert {item.key for item in console.store.job_items(job.id)} == {"pr-1"}


def test_the_chosen_job_is_undone_though_a_newer_one_stands_first(browser, console, clock, event, people, organizer):
    attendees = console.first.attendees
    lists = [f"Email,Full name\nnew{number}@example.com,New {number}\n".encode() for number in (1, 2)]
    first = attendees.run_import(organizer, attendees.dry_run(organizer, lists[0], filename="a.csv"))
    app = browser.open("pages/plan/attendees.py")
    app.segmented_control(key="attendees-view").set_value("Imports and undo").run()
    tick(app, "imports-table", first.id)
    clock.at += timedelta(seconds=5)
    attendees.run_import(organizer, attendees.dry_run(organizer, lists[1], filename="b.csv"))
    app.run()
    click(app, f"imports-{first.id}-undo")
    names = {person.name for person in console.store.attendees(event.id)}
    assert "New 1" not in names
    assert "New 2" in names


def test_the_chosen_entry_of_the_audit_stays_while_others_are_written(browser, console, event, organizer):
    console.first.attendees.add(organizer, email="ada@example.com", name="Ada")
    app = tick(browser.open("pages/close/audit.py"), "audit", "1")
    console.first.onboarding.start(organizer)
    app.run()
    assert shown(app, "No.") == [2, 1]
    assert "**1 · add a walk\\-up**" in texts(app)


def test_the_drawer_stays_with_the_person_who_was_chosen(browser, console, event, people):
    app = tick(browser.open("pages/plan/attendees.py", Role.FACILITATOR), "roster", "at-3")
    assert "**Racer 3**" in texts(app)
    assert app.session_state["roster-opened"] == "at-3"
    console.store.save_attendees(event.id, [replace(people[0], name="Aaron Aardvark")])
    app.run()
    assert app.session_state["roster-opened"] == "at-3"


def test_leavers_are_the_ones_who_were_ticked(browser, console, event, people):
    app = browser.open("pages/plan/attendees.py")
    app.segmented_control(key="attendees-view").set_value("Upload").run()
    app.file_uploader[0].upload("list.csv", b"Email,Full name\nracer1@example.com,Racer 1\n", "text/csv").run()
    tick(app, "leavers", "racer3@example.com", "racer5@example.com")
    answer(app, "import-list", typed="Autumn Cup")
    out = {person.id for person in console.store.attendees(event.id, wanted=False)}
    assert out == {"at-3", "at-5", "at-6"}
    assert "2 taken out" in texts(app)


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_hours_go_to_the_one_who_was_ticked_by_either_role(browser, console, event, profiles, role):
    app = tick(browser.open(USAGE, role), "profiles", "pr-1")
    first = replace(profiles[0], minutes_used=5_000.0)
    console.store.save_profiles(event.id, [first, *profiles[1:]], seen_at=NOW, lease=None)
    app.run()
    click(app, "usage-grant")
    [job] = console.store.jobs(event.id, kind="quota")
    assert [item.key for item in console.store.job_items(job.id)] == ["at-1"]
