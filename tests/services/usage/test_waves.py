"""Hours in rounds, for the Usage page: where they are of use, who waits how long, whose turn it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import Conflict
from deepracer_admin.model import Account, Actor, Event, ModelJobs, Profile
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.records.waves import WAVES
from deepracer_admin.rules.waves import Waves
from tests.pages.conftest import NOW, StandingClock, clock, console, event, organizer, people, profiles

__all__ = ["StandingClock", "clock", "console", "event", "organizer", "people", "profiles"]
MINUTE = timedelta(minutes=1)


def runs(console: Console, event: Event, version: str) -> None:
    console.store.keep(event.id, ACCOUNT, AccountSeen(account=Account("1", version=version)))


@pytest.mark.parametrize("version", ["1.2.5", "1.3.1", ""])
def test_rounds_are_offered_where_nothing_keeps_people_in_line(
    console: Console, event: Event, organizer: Actor, version: str
) -> None:
    runs(console, event, version)
    budget = console.first.budget
    if version == "1.2.5":
        assert "wait in line, the oldest first" in budget.waves(organizer).why_not
        with pytest.raises(Conflict, match="hold people back"):
            budget.set_waves(organizer, on=True, minutes=60)
        assert not budget.set_waves(organizer, on=False, minutes=60).on, "they can always be stopped"
    else:
        assert budget.waves(organizer).why_not == ""
        assert budget.set_waves(organizer, on=True, minutes=60).on


def test_the_managed_service_keeps_people_in_line(console: Console, event: Event, organizer: Actor) -> None:
    console.store.save_event(replace(event, service="managed"))
    assert console.first.budget.waves(organizer).why_not


def test_it_says_who_waits_how_long(
    console: Console, event: Event, organizer: Actor, profiles: list[Profile], clock: StandingClock
) -> None:
    assert console.first.budget.waves(organizer).waits == []
    waiting = [replace(each, minutes_queued=60.0) for each in profiles]
    for minutes, names in ((10, 1), (40, 2)):
        jobs = {each.id: ModelJobs(waiting=1) for each in waiting[:names]}
        console.history.add_usage(event.id, NOW + minutes * MINUTE, waiting, jobs=jobs)
    clock.at = NOW + 60 * MINUTE
    assert console.first.budget.waves(organizer).waits == [50 * MINUTE, 20 * MINUTE]


def test_a_mail_can_tell_those_whose_turn_it_is(console: Console, event: Event, profiles: list[Profile]) -> None:
    letters = console.ports_of(event.id).letters
    assert letters.audience(event, "turn") == [], "hours are not given out in rounds"
    console.store.update(event.id, WAVES, lambda _: Waves(on=True, minutes=60, began_at=NOW))
    owners = {link.profile: link.attendee for link in console.store.links(event.id).values()}
    left = {owners[each.id] for each in profiles if each.id in owners and each.minutes_used <= 50}
    assert {person.id for person in letters.audience(event, "turn")} == left
    assert 0 < len(left) < len(owners)
