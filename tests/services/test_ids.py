"""Whatever takes an id takes only one of its own event: every method of every service, each of its ids in turn."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.compose import Console, EventDesk
from deepracer_admin.errors import Missing
from deepracer_admin.model import (
    Attendee,
    Delivery,
    Event,
    Job,
    JobState,
    Profile,
    Race,
    RaceDraft,
    Role,
    Sending,
    Standing,
)
from deepracer_admin.model.registrations import Registration, RegistrationState
from deepracer_admin.records.campaigns import Audience
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.services.base import Service
from deepracer_admin.services.races.races import RaceForm
from deepracer_admin.store import ProfileLink
from tests.pages.conftest import NOW, actor_of

ORGANIZER = actor_of(Role.ORGANIZER)
OPENS = NOW.replace(tzinfo=None)
IDS = {
    "attendee": "at-{}",
    "attendees": "at-{}",
    "profile": "pr-{}",
    "race_id": "r-{}",
    "racer": "profile:pr-{}",
    "keys": "at-{}",
    "registrations": "reg-{}",
    "link_id": "link",
    "job": "job-{}",
    "job_id": "job-{}",
}
"""What such a parameter is, for the person, race and job number 1 of this event, and number 2 of another."""

OTHERS: Mapping[str, Any] = {
    "audience": Audience("proven"),
    "email": "new@example.com",
    "extra_hours": 1.0,
    "form": RaceForm("Final", "t-1", OPENS, OPENS + timedelta(hours=5)),
    "frozen": True,
    "hidden": True,
    "hours": 2.0,
    "models": 2,
    "active": False,
    "as_": "sent",
    "key": "access",
    "language": "en",
    "number": 1,
    "minutes_back": 60,
    "reason": "two profiles",
    "scene": "board",
    "seen": NOW,
    "template": "access",
    "typed": "",
    "typed_name": "Autumn Cup",
    "version": 1,
}
"""What the other parameters are called with."""


def methods() -> list[tuple[str, str, str]]:
    """(service, method, parameter that is an id)."""
    found = []
    for name, kind in typing.get_type_hints(EventDesk).items():
        if not (inspect.isclass(kind) and issubclass(kind, Service)):
            continue
        for method, function in inspect.getmembers(kind, inspect.isfunction):
            if not method.startswith("_"):
                found += [(name, method, each) for each in inspect.signature(function).parameters if each in IDS]
    return found


@pytest.fixture
def links(console: Console, event: Event) -> dict[int, str]:
    """Two events with one person, profile, race, job and screen link each; the links' ids by number."""
    console.store.save_event(replace(event, public_url="https://board.example.com"))
    console.store.save_event(replace(event, id="ev-2", public_url="https://board.example.com"))
    made = {}
    for number in (1, 2):
        it, person, profile, race = f"ev-{number}", f"at-{number}", f"pr-{number}", f"r-{number}"
        store, history = console.store, console.history
        store.save_attendees(it, [Attendee(person, f"racer{number}@example.com", f"Racer {number}", f"racer-{number}")])
        store.link(it, [ProfileLink(person, profile, "created", NOW)])
        store.save_profiles(it, [Profile(profile, f"racer-{number}")], seen_at=NOW, lease=None)
        draft = RaceDraft("Cup", "t-1", NOW - timedelta(hours=1), NOW + timedelta(days=1))
        store.save_races(it, [Race(race, draft)], seen_at=NOW, lease=None)
        history.save_standings(it, race, NOW, [Standing(1, f"racer-{number}", 9_000, profile_id=profile)])
        job = Job(f"job-{number}", it, "check", it, JobState.PLANNED, {}, created_at=NOW, changed_at=NOW)
        store.create_job(job, [])
        store.plan_deliveries(it, [(person, "access", 1)], campaign="access", lease=None)
        row = Delivery(person, "access", 1, Sending.UNKNOWN)
        store.settle_deliveries(it, [row], lease=None, now=NOW)
        registered = Registration(f"reg-{number}", f"guest{number}@example.com", RegistrationState.VERIFIED, NOW)
        store.change_rows(it, REGISTRATIONS, lambda _, made=registered: {made.id: made})
        made[number] = console.of(it).boards.make_link(ORGANIZER, race).id
        console.of(it).races.admit(ORGANIZER, race, [person])
    return made


def called(console: Console, links: dict[int, str], service: str, method: str, foreign: str) -> Any:
    """A method of the first event's service; `foreign` is the parameter that names something of the second."""
    act = getattr(getattr(console.of("ev-1"), service), method)
    values: dict[str, Any] = {}
    for name, parameter in inspect.signature(act).parameters.items():
        if name == "actor":
            continue
        if name in IDS:
            number = 2 if name == foreign else 1
            one = links[number] if name == "link_id" else IDS[name].format(number)
            many = str(parameter.annotation).partition("[")[0] in (Sequence.__name__, Collection.__name__)
            values[name] = [one] if many else one
        elif name in OTHERS:
            values[name] = OTHERS[name]
        elif parameter.default is inspect.Parameter.empty:
            raise AssertionError(f"{service}.{method} takes {name!r}: put it into IDS or OTHERS")
    return act(ORGANIZER, **values)


@pytest.mark.parametrize(("service", "method", "foreign"), methods())
def test_an_id_of_another_event_is_refused_and_nothing_is_done(
    console: Console, links: dict[int, str], service: str, method: str, foreign: str
) -> None:
    before = [console.store.revision(each) for each in ("ev-1", "ev-2", "")]
    with pytest.raises(Missing):
        called(console, links, service, method, foreign)
    assert [console.store.revision(each) for each in ("ev-1", "ev-2", "")] == before


def test_all_parameters_that_are_ids_are_known() -> None:
    """At least one of each kind is found, so that a new name does not silently leave the test above without work."""
    assert {foreign for _, _, foreign in methods()} == {*IDS}
