"""Who may enter, on the Races page: the list, letting in and taking out, the new link, by role and by service."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from deepracer_admin.compose import Console
from deepracer_admin.model import Attendee, Capabilities, Event, Profile, Race, RaceDraft, Role, Standing
from deepracer_admin.records.entrants import PARTICIPANTS, Participants
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from tests.pages.conftest import NOW, Browser, click, texts
from tests.ui.choosing import tick

PAGE = "pages/run/races.py"


@pytest.fixture
def race(console: Console, event: Event, profiles: list[Profile]) -> Race:
    """An open race where the service keeps the list of who may enter; one racer is on it."""
    draft = RaceDraft("Cup", "t-1", NOW, NOW.replace(hour=20))
    made = Race("r-1", draft, participants=1, share_link="https://race.example.com/r-1")
    console.store.save_races(event.id, [made], seen_at=NOW, lease=None)
    able = Capabilities(private_races=True, participants=True, reset_share_link=True, close_early=True)
    console.store.keep(event.id, ACCOUNT, AccountSeen(capabilities=able, as_of=NOW))
    read = Participants({"pr-1": "racer-1"}, NOW)
    console.store.change_rows(event.id, PARTICIPANTS, lambda _: {made.id: read})
    console.history.save_standings(event.id, made.id, NOW, [Standing(1, "racer-1", 9_000, profile_id="pr-1")])
    return made


@pytest.fixture
def shared(console: Console, event: Event, race: Race) -> Race:
    """The same race where everybody of the deployment may enter."""
    console.store.keep(event.id, ACCOUNT, AccountSeen(as_of=NOW))
    return race


def opened(browser: Browser, role: Role = Role.ORGANIZER) -> AppTest:
    """The page with the race chosen."""
    return tick(browser.open(PAGE, role), "races", "r-1")


def labels(app: AppTest) -> list[str]:
    return [button.label for button in app.button]


def frame(app: AppTest, column: str) -> list[Any]:
    return next([*table.value[column]] for table in app.dataframe if column in table.value)


@pytest.mark.parametrize("role", [Role.ORGANIZER, Role.FACILITATOR])
def test_the_floor_sees_who_may_enter_and_how_old_the_list_is(browser: Browser, race: Race, role: Role) -> None:
    app = opened(browser, role)
    assert frame(app, "Name") == ["Racer 1"]
    assert frame(app, "Rank") == [1]
    assert "10:00:00 Europe/Rome (racing service)" in texts(app)


def test_a_viewer_sees_no_list(browser: Browser, race: Race) -> None:
    app = opened(browser, Role.VIEWER)
    assert "Who may enter" not in texts(app)
    assert len(app.dataframe) == 1


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_only_organizers_change_who_may_enter(browser: Browser, race: Race, role: Role) -> None:
    shown = labels(opened(browser, role))
    assert not {"Take out …", "Let in …", "New share link …"} & set(shown)


def test_letting_in_names_the_people_and_asks_first(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    app = opened(browser)
    app.segmented_control(key="entrants-side").set_value("out").run()
    tick(app, "entrants-out-r-1", "at-2", "at-4")
    click(app, "Let in …")
    assert "**2 people**: Racer 2 and Racer 4" in texts(app)
    assert "They need no link" in texts(app)
    assert not console.store.jobs(event.id)


def test_taking_out_says_that_results_stay(browser: Browser, console: Console, event: Event, race: Race) -> None:
    app = tick(opened(browser), "entrants-in-r-1", "pr-1")
    click(app, "Take out …")
    assert "Results that they have stay in the standings" in texts(app)
    assert "Whoever has the share link can enter again" in texts(app)
    assert not console.store.jobs(event.id)


def test_a_new_link_says_that_the_present_one_dies(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    app = click(opened(browser), "New share link …")
    assert "The present link lets nobody in any more" in texts(app)
    assert not console.store.jobs(event.id)


def test_a_service_without_guest_lists_shows_the_events_own_and_no_link_reset(
    browser: Browser,
    shared: Race,
) -> None:
    app = opened(browser)
    assert "New share link …" not in labels(app)
    assert "results of others are marked; the service itself keeps nobody out" in texts(app)


def test_a_result_of_somebody_who_is_not_on_the_entry_list_is_marked(
    browser: Browser,
    console: Console,
    people: list[Attendee],
    organizer: Any,
    shared: Race,
) -> None:
    console.first.races.admit(organizer, shared.id, ["at-2"])
    app = opened(browser)
    assert "1 racer in the standings and not on the list" in texts(app)
    assert frame(app, "On the list") == ["✗ no", "✓ yes"]


def test_nothing_is_offered_before_the_service_was_asked(
    browser: Browser, console: Console, event: Event, race: Race
) -> None:
    console.store.forget(event.id, ACCOUNT)
    assert "Who may enter" not in texts(opened(browser))
