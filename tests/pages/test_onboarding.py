"""The Onboarding page on a seeded event."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.model import Outcome, Role, State, Step
from deepracer_admin.records.guest_book import GUESTS, GUESTS_SEEN_AT, Guest, GuestState
from deepracer_admin.records.onboarding import ONBOARDING, ONBOARDING_REPORT, TROUBLE, OnboardingReport, Run
from tests.pages.conftest import NOW, click, texts

PAGE = "pages/run/onboarding.py"


@pytest.fixture
def stuck(console, event, people):
    """Two people refused at the group for the same cause, one proven."""
    sentence = "The directory knows no such person; correct the address."
    console.store.record(
        event.id,
        [
            Outcome("at-1", Step.GROUP, State.REFUSED, "none", sentence),
            Outcome("at-2", Step.GROUP, State.REFUSED, "none", sentence),
            Outcome("at-3", Step.PROFILE, State.DONE),
            Outcome("at-3", Step.ACCESS, State.DONE),
        ],
        lease=None,
        now=NOW,
    )
    return people


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_those_who_run_the_event_see_the_funnel(browser, people, role):
    app = browser.open(PAGE, role)
    assert "Onboarding not started" in texts(app)
    assert "People on the list 5" in texts(app)


@pytest.mark.parametrize("role", [Role.VIEWER, None])
def test_others_are_refused(browser, people, role):
    app = browser.open(PAGE, role)
    assert app.error
    assert "Why people are stuck" not in texts(app)


def test_without_an_event_the_page_says_what_to_do(browser):
    assert "no event yet" in texts(browser.open(PAGE))


def test_without_people_the_page_leads_to_the_list(browser, event):
    assert "starts with a list" in texts(browser.open(PAGE))


def test_the_plan_is_said_before_the_start(browser, people):
    assert "invites 5, mails 5, takes access from 1 who left" in texts(browser.open(PAGE))


def test_start_and_pause_are_recorded_for_the_worker(browser, console, event, people):
    app = click(browser.open(PAGE), "Start onboarding")
    assert console.store.read(event.id, ONBOARDING).state is Run.RUNNING
    click(app, "Pause")
    assert console.store.read(event.id, ONBOARDING).state is Run.PAUSED


def test_a_facilitator_cannot_start(browser, people):
    app = browser.open(PAGE, Role.FACILITATOR)
    assert not [button for button in app.button if button.label == "Start onboarding"]


def test_each_reason_is_listed_once_with_its_people(browser, stuck):
    table = next(frame.value for frame in browser.open(PAGE).dataframe if "Why, and what to do" in frame.value)
    assert list(table["People"]) == [2]
    assert "knows no such person" in table["Why, and what to do"][0]


def test_a_facilitator_finds_a_person_by_name(browser, stuck):
    app = browser.open(PAGE, Role.FACILITATOR)
    app.text_input(key="find").set_value("racer 2").run()
    found = next(frame.value for frame in app.dataframe if "Address" in frame.value)
    assert list(found["Name"]) == ["Racer 2"]


def test_one_letter_is_not_searched_for(browser, stuck):
    app = browser.open(PAGE)
    app.text_input(key="find").set_value("r").run()
    assert "at least two letters" in texts(app)


def test_what_waits_is_said_with_the_word_that_it_goes_on_by_itself(browser, console, event, people):
    console.store.update(event.id, TROUBLE, lambda _: {"group": "The directory does not answer."})
    said = texts(browser.open(PAGE))
    assert "Entra group" in said
    assert "The directory does not answer" in said
    assert "It is tried again by itself until it works" in said


def test_what_is_left_is_counted_while_it_runs_and_then_everybody_is_through(browser, console, event, people):
    app = click(browser.open(PAGE), "Start onboarding")
    assert "Under way: invites 5, mails 5" in texts(app)
    ids = [person.id for person in people if person.wanted]
    done = [Outcome(key, step, State.DONE) for key in ids for step in (Step.PROFILE, Step.ACCESS, Step.MAIL)]
    console.store.record(event.id, done, lease=None, now=NOW)
    console.store.save_attendees(event.id, [person for person in people if person.wanted])
    console.store.keep(event.id, ONBOARDING_REPORT, OnboardingReport(NOW, rate_per_minute=12.0, eta_minutes=0.0))
    assert "Time left (estimate) all mailed" in texts(app.run())


def test_those_whom_no_mail_can_reach_are_not_waited_for(browser, console, event, people):
    app = click(browser.open(PAGE), "Start onboarding")
    console.store.keep(event.id, ONBOARDING_REPORT, OnboardingReport(NOW, rate_per_minute=12.0, eta_minutes=0.0))
    said = texts(app.run())
    assert "Time left (estimate) done" in said
    assert "Rate, last 2 minutes –" in said


def test_who_has_not_signed_in_is_not_yet_seen_and_not_under_way(browser, console, event, people):
    console.store.record(event.id, [Outcome("at-1", Step.SIGNED_IN, State.WAITING)], lease=None, now=NOW)
    table = next(frame.value for frame in browser.open(PAGE).dataframe if "Meaning of not yet" in frame.value)
    row = table.set_index("Step").loc["Signed in"]
    assert (row["Done"], row["Not yet"], row["Oldest waits"]) == (0, 5, "–")


@pytest.fixture
def with_guests(console, event, people):
    """The event invites guests: one has accepted, one waits for the link, one could not be invited."""
    chosen = replace(event, guests="invite", group_id="00000000-0000-0000-0000-000000000001")
    console.store.save_event(chosen)
    book = {
        "at-1": Guest(GuestState.ACCEPTED, "g-1", made=True),
        "at-2": Guest(GuestState.PENDING, "g-2", made=True),
    }
    console.store.change_rows(event.id, GUESTS, lambda _: book)
    console.store.keep(event.id, GUESTS_SEEN_AT, NOW)
    denied = "The console does not hold User.Invite.All: ask an Entra administrator to grant it to the app."
    pending = "Guest: has not opened the link so far."
    rows = [
        Outcome("at-2", Step.GROUP, State.DONE, "guest_pending", pending, ref="g-2"),
        Outcome("at-3", Step.GROUP, State.REFUSED, "guests_denied", denied),
    ]
    console.store.record(event.id, rows, lease=None, now=NOW)
    return chosen


def test_guests_are_counted_and_the_missing_right_is_named_with_the_way_to_it(browser, with_guests):
    app = browser.open(PAGE)
    shown = texts(app)
    assert "Guests: 2 guests invited, 1 have accepted, 1 wait for their link" in shown
    reasons = next(frame.value for frame in app.dataframe if "Why, and what to do" in frame.value)
    assert "User.Invite.All" in reasons["Why, and what to do"][0]
    assert [link.proto.url for link in app.get("link_button")] == ["/signin/guests?next=/onboarding"]


def test_an_event_without_guests_says_nothing_of_them(browser, stuck):
    app = browser.open(PAGE)
    assert "Guests:" not in texts(app)
    assert not app.get("link_button")


def test_a_guest_s_row_says_how_far_they_are(browser, with_guests):
    app = browser.open(PAGE, state={"find": "racer2"})
    found = next(frame for frame in app.dataframe if "Address" in frame.value)
    assert list(found.value["Name"]) == ["Racer 2"]
