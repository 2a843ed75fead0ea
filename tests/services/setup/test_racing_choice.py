"""Which racing service an event uses: its own choice, changed only while nothing of the event is at the former one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput
from deepracer_admin.model import Actor, Attendee, Event, Job, JobState, Profile, Track
from deepracer_admin.records.connect_check import CHECK, POOL_CHECK, Checked
from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
from deepracer_admin.records.racing_service import ACCOUNT, MODELS_SEEN, TRACKS, AccountSeen, ModelsSeen
from deepracer_admin.records.ways_in import INVITATIONS, Chunk
from deepracer_admin.rules.settings_file import read_values
from deepracer_admin.services.setup.drafts import draft_of, write_draft
from deepracer_admin.store.documents import Single
from tests.pages.conftest import NOW


def choose(console: Console, organizer: Actor, event: Event, service: str) -> Event:
    draft = console.first.events.draft_of(console.store.event(event.id))
    return console.first.events.edit(organizer, replace(draft, service=service), draft)


def test_the_choice_is_kept_and_travels_with_the_settings(console: Console, event: Event, organizer: Actor) -> None:
    assert choose(console, organizer, event, "managed").service == "managed"
    draft = console.first.events.draft_of(console.store.event(event.id))
    assert draft_of(read_values(write_draft(draft))).service == "managed"
    assert console.first.events.sponsorship(organizer).native
    assert choose(console, organizer, event, "").service == ""
    assert not console.first.events.sponsorship(organizer).native


def test_a_service_that_does_not_exist_is_named(console: Console, event: Event, organizer: Actor) -> None:
    with pytest.raises(BadInput, match=r"^Racing service: choose"):
        choose(console, organizer, event, "robomaker")


def test_people_who_are_linked_keep_the_event_where_it_is(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    with pytest.raises(BadInput, match="4 people have a profile there already"):
        choose(console, organizer, event, "managed")
    assert console.store.event(event.id).service == ""


def test_saying_by_name_what_the_settings_say_is_no_move(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    assert choose(console, organizer, event, "on_aws").service == "on_aws"


def test_invited_people_open_sponsorship_and_jobs_under_way_keep_it_too(
    console: Console, event: Event, organizer: Actor
) -> None:
    console.store.change_rows(event.id, INVITATIONS, lambda _: {"t": Chunk(("a", "b"))})
    with pytest.raises(BadInput, match="2 people"):
        choose(console, organizer, event, "managed")
    console.store.forget(event.id, INVITATIONS)
    console.store.update(event.id, SPONSORSHIP, lambda _: Sponsorship(open=True))
    with pytest.raises(BadInput, match="close that on the Sponsorship tab first"):
        choose(console, organizer, event, "managed")
    console.store.update(event.id, SPONSORSHIP, lambda _: Sponsorship(open=False))
    job = Job("j", event.id, "check", event.id, JobState.PLANNED, {}, created_at=NOW, changed_at=NOW)
    console.store.create_job(job, [])
    with pytest.raises(BadInput, match="jobs of this event are under way"):
        choose(console, organizer, event, "managed")


def test_a_move_forgets_what_the_former_service_said(console: Console, event: Event, organizer: Actor) -> None:
    console.store.keep(event.id, ACCOUNT, AccountSeen("on_aws", as_of=NOW))
    console.store.keep(event.id, CHECK, Checked(as_of=NOW))
    console.store.keep(event.id, TRACKS, (Track("t-1", "Smile"),))
    console.store.keep(event.id, MODELS_SEEN, ModelsSeen(1, as_of=NOW))
    console.store.keep(event.id, POOL_CHECK, "No credentials.")
    choose(console, organizer, event, "managed")
    kept: list[Single[Any]] = [ACCOUNT, CHECK, TRACKS, MODELS_SEEN, POOL_CHECK]
    for what in kept:
        assert console.store.read(event.id, what) == what.empty
    assert console.first.events.account(organizer) is None
    assert console.first.preflight.view(organizer).as_of is None


def test_addresses_are_judged_by_the_rule_of_the_new_service(
    console: Console, event: Event, organizer: Actor, people: list[Attendee]
) -> None:
    odd = replace(people[0], id="at-odd", email="o'hara@example.com", alias="ohara")
    console.store.save_attendees(event.id, [odd])
    choose(console, organizer, event, "managed")
    assert console.store.attendee(event.id, "at-odd").refusal == ""
    choose(console, organizer, event, "on_aws")
    assert console.store.attendee(event.id, "at-odd").refusal
    assert console.store.attendee(event.id, "at-2").refusal == ""


@pytest.mark.parametrize(("service", "refused"), [("on_aws", 1), ("managed", 0)])
def test_an_uploaded_list_is_judged_by_the_event_s_own_service(
    console: Console, event: Event, organizer: Actor, service: str, refused: int
) -> None:
    console.store.save_event(replace(event, service=service))
    roster = b"Name,Email\nAda Kowalski,ada@example.com\nPat O'Hara,o'hara@example.com\n"
    found = console.first.attendees.dry_run(organizer, roster, filename="list.csv")
    assert found.plan.counts["refused"] == refused


def test_turning_multi_user_mode_off_asks_for_the_name(console: Console, event: Event, organizer: Actor) -> None:
    choose(console, organizer, event, "managed")
    with pytest.raises(BadInput, match="to turn multi-user mode off"):
        console.first.events.switch_sponsorship(organizer, open_=False, typed_name="Autumn")


def test_multi_user_mode_reaches_every_profile_of_the_account(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile]
) -> None:
    stranger = replace(profiles[0], id="pr-9", alias="stranger", email="")
    console.store.save_profiles(event.id, [*profiles, stranger], seen_at=NOW, lease=None)
    assert console.first.events.sponsorship(organizer).blast_profiles == 4
    console.store.save_event(replace(event, service="managed"))
    view = console.first.events.sponsorship(organizer)
    assert (view.blast_profiles, view.blast_gb) == (5, 11.0)
    assert view.blast_usd_a_month == pytest.approx(11 * event.prices.storage_per_gb_month)
