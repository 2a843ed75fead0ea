"""The event itself: validation by field, templates, sponsorship, settings that travel."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.model import Actor, Event, PriceList, Profile, Quota, Stage
from deepracer_admin.model.registrations import Portal, PortalMail, Registration, RegistrationState
from deepracer_admin.records.portal import PORTAL, REGISTRATIONS
from deepracer_admin.rules.money import at_prices
from deepracer_admin.rules.settings_file import read_values
from deepracer_admin.services.setup.drafts import EventDraft, draft_of, write_draft
from tests.pages.conftest import NOW

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("Name", {"name": "  "}),
    ("Name", {"name": "x" * 121}),
    ("Time zone", {"zone": "Mars/Olympus"}),
    ("Dates", {"hours": -1}),
    ("Head-count", {"head_count": 0}),
    ("Budget", {"budget_usd": -1.0}),
    ("Hours per person", {"hours_per_person": 0.0}),
    ("Hours per person", {"hours_per_person": 745.0}),
    ("Models per person", {"models_per_person": 0}),
    ("Entra group", {"group_id": "my group"}),
    ("Sender of our mail", {"sender": "a@example.com\nBcc: b@example.com"}),
    ("Sender of our mail", {"sender": "Race\r\nBcc: b@example.com <a@example.com>"}),
    ("Sender of our mail", {"sender": "Race, Torino"}),
    ("Sender of our mail", {"sender": "società@example.com"}),
    ("Portal link", {"portal_url": "javascript:alert(1)"}),
    ("Material link", {"material_url": "ftp://example.com"}),
    ("Public address", {"public_url": "example.com"}),
    ("Job slots", {"slots": 0}),
    ("Price list", {"prices": PriceList(training_per_hour=-1)}),
    ("Price list", {"prices": PriceList(training_per_hour=float("nan"))}),
    ("Cohort hours", {"cohort_hours": {"office:Milano": 800.0}}),
    ("Erase personal data", {"erase_after_days": -1}),
]


def draft(console: Console, organizer: Actor) -> EventDraft:
    return replace(console.first.events.template(organizer, "week", zone="Europe/Rome"), name="New Cup")


@pytest.mark.parametrize(("field", "change"), WRONG)
def test_a_wrong_value_is_named_by_its_field_and_nothing_is_saved(
    console: Console, organizer: Actor, field: str, change: dict[str, Any]
) -> None:
    made = draft(console, organizer)
    if "hours" in change:
        change = {"ends": made.starts + timedelta(hours=change["hours"])}
    with pytest.raises(BadInput, match=f"^{field}: "):
        console.first.events.create(organizer, replace(made, **change))
    assert console.store.events() == []


def test_local_times_are_meant_in_the_events_zone(console: Console, organizer: Actor) -> None:
    made = console.first.events.create(organizer, draft(console, organizer))
    assert made.starts_at == NOW + timedelta(hours=1)
    assert console.first.events.draft_of(made).starts.hour == 11
    assert console.first.events.event() == made


@pytest.mark.parametrize(
    "sender", ["Città, Torino <race@example.com>", '"🏁 Race" <race@bücher.example>', "a@example.com"]
)
def test_a_sender_may_have_any_name(console: Console, organizer: Actor, sender: str) -> None:
    made = console.first.events.create(organizer, replace(draft(console, organizer), sender=sender))
    assert made.sender == sender


def test_an_unknown_zone_of_the_browser_falls_back_to_utc(console: Console, organizer: Actor) -> None:
    assert console.first.events.template(organizer, "day", zone="Etc/Nowhere").zone == "UTC"


def test_the_next_event_starts_from_the_last_with_its_dates_moved_on(
    console: Console, event: Event, organizer: Actor
) -> None:
    made = console.first.events.template(organizer, "last", zone="Europe/Rome")
    assert made.ends - made.starts == event.ends_at - event.starts_at
    assert (made.budget_usd, made.head_count) == (event.budget_usd, event.head_count)


def test_the_next_event_takes_the_portals_settings_along_closed_and_nobody_with_them(
    console: Console, event: Event, organizer: Actor
) -> None:
    own = {"register_again.en": PortalMail("Again", "{own_page}")}
    portal = Portal(open=True, domains=("example.com",), places=5, mails=own)
    console.store.update(event.id, PORTAL, lambda _: portal)
    row = Registration("reg-1", "ada@example.com", RegistrationState.VERIFIED, event.starts_at)
    console.store.change_rows(event.id, REGISTRATIONS, lambda _: {row.id: row}, keys=(row.id,))
    made = console.first.events.create(organizer, console.first.events.template(organizer, "last", zone="Europe/Rome"))
    assert console.store.read(made.id, PORTAL) == replace(portal, open=False)
    assert console.store.rows(made.id, REGISTRATIONS) == {}
    other = console.first.events.create(organizer, replace(draft(console, organizer), like="of-another-installation"))
    assert console.store.read(other.id, PORTAL) == Portal()


def test_an_edit_keeps_the_day_of_erasure_and_unlimited_cohorts(console: Console, organizer: Actor) -> None:
    first = replace(draft(console, organizer), erase_after_days=10, cohort_hours={"office:Milano": -1.0})
    made = console.first.events.create(organizer, first)
    shown = console.first.events.draft_of(made)
    again = console.first.events.edit(organizer, shown, shown)
    assert again.erase_on == made.erase_on
    assert again.cohort_quotas == {"office:Milano": Quota(-1, 3)}
    assert again == made


def test_two_organizers_who_change_different_settings_keep_both(
    console: Console, event: Event, organizer: Actor
) -> None:
    events = console.first.events
    shown = events.draft_of(event)  # both have opened the form
    events.edit(organizer, replace(shown, name="Winter Cup"), shown)
    after = events.edit(organizer, replace(shown, budget_usd=2_000.0), shown)
    assert (after.name, after.budget_usd) == ("Winter Cup", 2_000.0)


def test_an_edit_keeps_what_the_worker_wrote_meanwhile(console: Console, event: Event, organizer: Actor) -> None:
    shown = console.first.events.draft_of(event)
    console.store.amend_event(event.id, lambda now: replace(now, closed_at=NOW))
    after = console.first.events.edit(organizer, replace(shown, name="Winter Cup"), shown)
    assert (after.closed_at, after.created_at, after.created_by) == (NOW, event.created_at, event.created_by)


def test_one_setting_changed_by_two_is_refused_by_its_name_and_nothing_is_written(
    console: Console, event: Event, organizer: Actor
) -> None:
    events = console.first.events
    shown = events.draft_of(event)
    first = events.edit(organizer, replace(shown, budget_usd=5.0), shown)
    with pytest.raises(Conflict, match=r"A colleague changed this meanwhile: budget usd\. Look at it"):
        events.edit(organizer, replace(shown, budget_usd=7.0, name="Other"), shown)
    assert console.store.event(event.id) == first
    assert events.edit(organizer, replace(shown, budget_usd=5.0, name="Other"), shown).name == "Other"


def test_local_times_and_their_zone_are_one_setting(console: Console, event: Event, organizer: Actor) -> None:
    """An hour typed for Rome must not be read as one of Tokyo."""
    events = console.first.events
    shown = events.draft_of(event)
    events.edit(organizer, replace(shown, zone="Asia/Tokyo"), shown)
    with pytest.raises(Conflict, match="starts"):
        events.edit(organizer, replace(shown, starts=shown.starts - timedelta(hours=1)), shown)


def test_a_move_to_another_service_is_decided_on_the_event_as_it_is_now(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    """Somebody got a profile while the form was open."""
    events = console.first.events
    shown = events.draft_of(event)
    with pytest.raises(BadInput, match="create another event for the other service"):
        events.edit(organizer, replace(shown, service="managed"), shown)
    assert console.store.event(event.id) == event


@settings(max_examples=60, deadline=None)
@given(
    name=st.text(max_size=40),
    hours=st.floats(0.1, 744),
    people=st.integers(1, 100_000),
    cohorts=st.none() | st.dictionaries(st.text(max_size=12), st.floats(0, 744), max_size=3),
)
def test_settings_come_back_as_they_left(name: str, hours: float, people: int, cohorts: dict | None) -> None:
    made = EventDraft(
        name=name,
        starts=NOW.replace(tzinfo=None),
        ends=NOW.replace(tzinfo=None) + timedelta(hours=hours),
        zone="Europe/Rome",
        head_count=people,
        budget_usd=1.5,
        hours_per_person=hours,
        models_per_person=3,
        cohort_hours=cohorts,
    )
    assert draft_of(read_values(write_draft(made))) == made


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe\x00",
        b'{"format": 2}',
        b'{"format": 1}',
        b'{"format": 1, "password": "x"}',
        b" " * 300_000,
    ],
)
def test_a_file_that_is_no_settings_file_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput, match=r"^Settings file: "):
        draft_of(read_values(data))


def test_closing_sponsorship_needs_the_name_exactly(console: Console, event: Event, organizer: Actor) -> None:
    for typed in ("", "autumn cup", "Autumn Cup 2"):
        with pytest.raises(BadInput, match="Type the event's name"):
            console.first.events.switch_sponsorship(organizer, open_=False, typed_name=typed)
    job = console.first.events.switch_sponsorship(organizer, open_=False, typed_name="Autumn Cup")
    assert job.plan == {"open": False}


def test_the_switch_is_worked_by_one_job_at_a_time(console: Console, event: Event, organizer: Actor) -> None:
    console.first.events.switch_sponsorship(organizer, open_=True, typed_name="")
    with pytest.raises(Conflict):
        console.first.events.switch_sponsorship(organizer, open_=False, typed_name="Autumn Cup")


def test_a_second_click_on_the_check_gives_the_one_that_runs(console: Console, event: Event, organizer: Actor) -> None:
    assert console.first.events.run_check(organizer).id == console.first.events.run_check(organizer).id


def test_spend_on_the_event_page_is_the_one_of_the_usage_page(
    console: Console, event: Event, profiles: list[Profile], organizer: Actor
) -> None:
    shown = console.first.events.view(organizer).spend_usd
    assert shown == console.first.usage.totals(organizer).spend_usd
    assert shown == at_prices(event.prices, minutes=300, gb_hours=10 * 0.5).usd


def test_before_the_first_event_it_says_so(console: Console, organizer: Actor) -> None:
    with pytest.raises(Missing, match="Set up page"):
        console.first.events.view(organizer)


def test_while_it_is_closed_the_stage_is_close_however_little_was_done_before(
    console: Console, event: Event, organizer: Actor
) -> None:
    desk = console.of(event.id)
    assert desk.events.view(organizer).stage is not Stage.CLOSE
    desk.closeout.start(organizer, typed_name=event.name)
    view = desk.events.view(organizer)
    assert view.stage is Stage.CLOSE
    assert (view.next[0].key, view.next[0].title) == ("closing", "Closing is under way")
    assert all(step.key != "stage" for step in view.next)
