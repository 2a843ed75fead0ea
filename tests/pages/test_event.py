"""The Event page: the next thing to do, and only what each role may see."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Attendee, Event, FromBackup, JobState, Outcome, Profile, Role, State, Step
from deepracer_admin.records.closing import PROOF, Proof, StillIn
from deepracer_admin.records.current_event import CURRENT_EVENT
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.records.restored import RESTORED
from deepracer_admin.rules.known import NextStep, Urgency
from deepracer_admin.services.setup.restored import RestoredService
from deepracer_admin.ui.frame import top
from deepracer_admin.ui.kit.page_table import PAGES
from deepracer_admin.ui.kit.words import plain
from tests.pages.conftest import NOW, ROLES, Browser, actor_of, answer, click, texts

PAGE = "pages/plan/event.py"


@pytest.mark.parametrize("role", ROLES)
def test_everybody_signed_in_sees_where_the_event_stands(browser: Browser, event: Event, role: Role) -> None:
    shown = texts(browser.open(PAGE, role))
    assert "Autumn Cup" in shown
    assert plain("Run the pre-flight") in shown
    assert "Europe/Rome" in shown


def test_without_a_session_nothing_of_the_event_is_shown(browser: Browser, event: Event) -> None:
    shown = texts(browser.open(PAGE, None))
    assert "Your session has ended" in shown
    assert "Autumn Cup" not in shown


@pytest.mark.parametrize("role", ROLES)
def test_before_the_first_event_the_page_says_who_creates_one(browser: Browser, role: Role) -> None:
    app = browser.open(PAGE, role)
    assert "There is no event yet. An organizer creates one" in texts(app)
    assert bool(app.main.get("page_link")) == (role is Role.ORGANIZER)


def test_the_next_step_leads_to_its_page_only_for_those_who_may_open_it(browser: Browser, event: Event) -> None:
    organizer = browser.open(PAGE, Role.ORGANIZER)
    viewer = browser.open(PAGE, Role.VIEWER)
    assert [link.proto.label for link in organizer.main.get("page_link")] == ["Go to Set up"]
    assert viewer.main.get("page_link") == []


def test_numbers_carry_their_unit_and_how_old_they_are(browser: Browser, profiles: list[Profile]) -> None:
    app = browser.open(PAGE)
    metrics = {metric.label: metric.value for metric in app.metric}
    assert metrics["Training"] == "5.0 h"
    assert metrics["Spent"].endswith(" USD")
    assert "estimate" in texts(app)
    assert "10:00:00 Europe/Rome (racing service, event time)" in texts(app)


def test_the_funnel_counts_people_and_says_it_in_a_table(
    browser: Browser, console: Console, people: list[Attendee]
) -> None:
    done = [Outcome(person.id, Step.PROFILE, State.DONE) for person in people[:3]]
    console.store.record("ev-1", done, lease=None, now=NOW)
    table = browser.open(PAGE).dataframe[0].value
    first = table.iloc[0]
    assert (first["People"], first["Through"]) == (3, 60.0)


def test_people_who_are_refused_wait_for_a_human(browser: Browser, console: Console, people: list[Attendee]) -> None:
    console.store.record(
        "ev-1", [Outcome(people[0].id, Step.PROFILE, State.REFUSED, "bad", "No.")], lease=None, now=NOW
    )
    assert "Help 1 person who is refused" in texts(browser.open(PAGE))
    assert "refused" not in texts(browser.open(PAGE, Role.VIEWER)).replace("Refused", "")


def test_a_running_job_shows_its_progress_and_can_be_cancelled(
    browser: Browser, console: Console, event: Event
) -> None:
    job = console.first.events.run_check(actor_of(Role.ORGANIZER))
    app = browser.open(PAGE)
    assert "Pre-flight" in texts(app)
    click(app, f"event-jobs-{job.id}-cancel")
    assert console.store.job(job.id).state is JobState.CANCELLED


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_only_an_organizer_can_cancel(browser: Browser, console: Console, event: Event, role: Role) -> None:
    console.first.events.run_check(actor_of(Role.ORGANIZER))
    app = browser.open(PAGE, role)
    assert [button.key for button in app.button if button.key and button.key.startswith("event-jobs")] == []
    assert ("Pre-flight" in texts(app)) == (role is Role.FACILITATOR)


def test_a_name_full_of_markdown_stays_text(browser: Browser, console: Console, event: Event) -> None:
    console.store.save_event(replace(event, id="ev-2", name="**:red[Cup]** $x$"))
    console.store.update("", CURRENT_EVENT, lambda _: "ev-2")
    assert "\\*\\*\\:\u2060red\\[Cup\\]\\*\\* \\$x\\$" in texts(browser.open(PAGE))


@pytest.mark.parametrize("role", ROLES)
def test_after_the_close_out_its_summary_stands_where_the_funnel_was(
    browser: Browser, console: Console, people: list[Attendee], role: Role
) -> None:
    console.store.save_event(replace(console.store.event("ev-1"), closed_at=NOW))
    app = browser.open(PAGE, role)
    shown = texts(app)
    assert "Nothing left to do" in shown
    assert "Nobody is on the list yet" not in shown
    assert "Racers who trained" in {metric.label for metric in app.metric}
    assert ("Who can still sign in is not known" in shown) == (role is Role.ORGANIZER)
    assert "At the end about" not in shown


@pytest.mark.parametrize(
    ("still", "not_known", "said"),
    [
        ((), (), "0 people can still sign in"),
        ((), ("at-1", "at-2"), "Whether 2 people can still sign in is not known"),
        (("at-1",), ("at-2",), "1 person can still sign in, and of 1 more it is not known"),
    ],
)
def test_the_summary_says_nobody_only_where_that_is_known(
    browser: Browser,
    console: Console,
    event: Event,
    organizer: Actor,
    still: tuple[str, ...],
    not_known: tuple[str, ...],
    said: str,
) -> None:
    console.store.save_event(replace(event, closed_at=NOW))
    job = console.first.closeout.start(organizer, typed_name=event.name)
    console.store.update_job(job.id, state=JobState.DONE, now=NOW)
    people = (tuple(StillIn(key) for key in still), tuple(StillIn(key) for key in not_known))
    console.store.update("ev-1", PROOF, lambda _: Proof(NOW, job.id, *people))
    shown = texts(browser.open(PAGE))
    assert said in shown
    assert ("0 people can still sign in" in shown) == (not still and not not_known)


def test_a_tab_stays_with_its_event_whatever_others_open(browser: Browser, console: Console, event: Event) -> None:
    app = browser.open(PAGE)
    console.store.save_event(replace(event, id="ev-2", name="Winter Cup"))
    console.store.update("", CURRENT_EVENT, lambda _: "ev-2")
    assert "Autumn Cup" in texts(app.run())
    assert app.query_params["event"] == "ev-1", "a reload and a copied link show the same event"
    assert "Winter Cup" in texts(browser.open(PAGE)), "a new tab opens what opens first"


def test_an_address_that_names_an_unknown_event_shows_none(browser: Browser, event: Event) -> None:
    app = browser.open(PAGE)
    app.query_params["event"] = "ev-gone"
    shown = texts(app.run())
    assert "names an event that this console does not have" in shown
    assert "Autumn Cup" not in shown


def test_every_link_between_pages_carries_the_event(browser: Browser, console: Console, event: Event) -> None:
    links = browser.open(PAGE).get("page_link")
    assert len(links) > 5
    assert {link.proto.query_string.partition("&")[0] for link in links} == {"event=ev-1"}


@pytest.fixture
def waits(console: Console, event: Event, people: list[Attendee]) -> Event:
    """The event came from a backup, with onboarding under way."""
    console.store.update("ev-1", ONBOARDING, lambda _: Onboarding(Run.RUNNING))
    console.store.update("ev-1", RESTORED, lambda _: FromBackup(NOW, NOW - timedelta(hours=5)))
    return event


@pytest.mark.parametrize("role", ROLES)
def test_an_event_from_a_backup_says_that_it_waits_and_offers_only_an_organizer_to_go_on(
    browser: Browser, waits: Event, role: Role
) -> None:
    app = browser.open(PAGE, role)
    shown = texts(app)
    assert "It waits here." in shown
    assert "a backup of Mon 23 Nov 2026, 05:00 (Europe/Rome)" in shown
    assert "Next: Say whether the event goes on here" in shown
    assert ("Waiting: onboarding." in shown) == (role is not Role.VIEWER)
    assert ("event-go-on" in {button.key for button in app.button}) == (role is Role.ORGANIZER)


def test_what_leads_nowhere_or_not_for_this_role_is_said_on_every_page_and_leads_to_the_event(
    browser: Browser, console: Console, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that stopped is the most urgent of all, and there is no page to mend it on."""
    stopped = NextStep("worker", Urgency.FAILING, "Nobody does the event's work", "Start it.", is_red=True)
    setup = NextStep("plan", Urgency.FAILING, "Check the plan", "It grew.", page="setup")
    for role, step in ((Role.ORGANIZER, stopped), (Role.FACILITATOR, stopped), (Role.FACILITATOR, setup)):
        view = replace(console.first.events.view(actor_of(role)), next=(step,))
        monkeypatch.setattr(top, "event_view", lambda _, shown=view: shown)
        app = browser.open("pages/run/messages.py", role)
        links = {link.proto.label: link.proto.page for link in app.get("page_link")}
        assert links[f"Next: {step.title}"] == "", (role, step, "the first page, which has no name in the address")


AT_WORK = [entry.file for entry in PAGES[1:] if entry.address != "audit"]  # which tells of what is over


@pytest.mark.parametrize("page", AT_WORK)
def test_every_other_page_says_that_what_is_under_way_waits_and_leads_to_where_it_goes_on(
    browser: Browser, waits: Event, page: str
) -> None:
    app = browser.open(page)
    assert "what stands here as under way does not go on" in texts(app)
    assert "waits, from a backup" in texts(app)
    assert "Next: Say whether the event goes on here" in {link.proto.label for link in app.get("page_link")}


def test_going_on_names_whom_it_reaches_asks_for_the_name_and_says_that_it_was_done(
    browser: Browser, console: Console, waits: Event
) -> None:
    app = click(browser.open(PAGE), "event-go-on")
    shown = texts(app)
    people = len(console.store.attendees("ev-1", wanted=True))
    assert f"It reaches **{people} people**" in shown
    assert "stopped for good" in shown
    go = next(button for button in app.button if button.key == "event-go-on-go")
    assert go.disabled, "before the name is typed"
    app = answer(browser.open(PAGE), "event-go-on", typed="Autumn Cup")
    assert console.store.read("ev-1", RESTORED) is None
    shown = texts(app)
    assert plain("The event goes on here.") in shown
    assert "It waits here." not in shown


def test_a_second_tab_in_which_it_still_waits_is_told_that_it_goes_on_already(
    browser: Browser, console: Console, waits: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = click(browser.open(PAGE), "event-go-on")
    app.text_input(key="event-go-on-typed").input("Autumn Cup")
    click(app, "event-go-on")
    organizer = actor_of(Role.ORGANIZER)
    as_drawn = console.first.restored.view(organizer)
    console.first.restored.go_on(organizer, typed_name="Autumn Cup")
    monkeypatch.setattr(RestoredService, "view", lambda *_: as_drawn)
    for key in ("event-go-on", "event-go-on-go"):
        next(button for button in app.button if button.key == key).click()
    assert "goes on here already" in texts(app.run())
    assert len([row for row in console.store.audit("ev-1") if row.action == "event.go_on"]) == 1
