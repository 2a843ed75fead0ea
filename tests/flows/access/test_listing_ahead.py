"""Where aliases and limits are set one by one: the next listing runs beside that, and nobody is set up twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.errors import Unreachable
from deepracer_admin.flows.access import listing_ahead as listings_module
from deepracer_admin.flows.access import onboarding
from deepracer_admin.model import Step
from tests.flows.conftest import Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import start_world


@pytest.fixture
def stage(tmp_path: Path, real_time: RealTime, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A deployment that takes an alias only after the invitation; two people between two records."""
    monkeypatch.setattr(onboarding, "SLICE", 2)
    monkeypatch.setattr(onboarding, "FEWEST", 1)
    world = start_world(tmp_path, speed=1.0, version="1.2.5", machine=real_time)
    console = make_console(tmp_path, real_time)
    made = Stage(world, console, make_event(console, group=world.endpoints["graph"]["group_id"]))
    made.start()
    yield made
    made.worker.mail.close()
    console.close()
    world.leave()


@pytest.fixture
def ahead(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Six are in and being set up when the last four come in: the listing that shows them has run already."""
    profiles, line = stage.worker.profiles, stage.worker.profiles.invitations
    stage.crowd(6)
    profiles.look(stage.event, stage.lease)
    line.follow(stage.event, stage.lease)
    stage.add(*(f"late.comer{number}@example.com" for number in range(4)))
    late = [person for person in stage.store.attendees(stage.event.id) if person.email.startswith("late")]
    line.plan(stage.event, late, stage.lease)
    set_one, one_at_a_time = onboarding._set_one, threading.Lock()

    def come_in(*asked: Any) -> Any:
        with one_at_a_time:
            while line.active(stage.event):
                line.follow(stage.event, stage.lease)
        return set_one(*asked)

    monkeypatch.setattr(onboarding, "_set_one", come_in)
    profiles.look(stage.event, stage.lease)
    assert profiles.listings._ahead is not None
    return stage


def listings(stage: Stage) -> int:
    return stage.calls().get("deepracer.ListProfiles", 0)


def everybody_through(stage: Stage) -> None:
    stage.rounds(lambda: stage.done(Step.PROFILE) == 10)
    calls = stage.calls()
    assert (calls["deepracer.CreateProfile"], calls["deepracer.UpdateProfile"]) == (10, 10)
    aliases = {profile.alias for profile in stage.ports.racing().profiles()}
    assert {person.alias for person in stage.store.attendees(stage.event.id)} <= aliases


def test_the_listing_beside_setting_up_is_the_next_one_and_nobody_is_set_up_twice(ahead: Stage) -> None:
    profiles = ahead.worker.profiles
    assert profiles.listings._ahead is not None
    profiles.listings._ahead.result()
    before = listings(ahead)
    report = profiles.look(ahead.event, ahead.lease)
    assert (report.listed, report.set_up, listings(ahead)) == (12, 4, before)
    everybody_through(ahead)


def test_a_listing_that_is_out_of_date_is_made_again(ahead: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    profiles = ahead.worker.profiles
    assert profiles.listings._ahead is not None
    profiles.listings._ahead.result()
    before = listings(ahead)
    monkeypatch.setattr(listings_module, "STALE", timedelta(0))
    ahead.rounds(lambda: listings(ahead) > before)
    everybody_through(ahead)


def test_a_listing_that_fails_says_so_and_is_made_again(ahead: Stage) -> None:
    profiles = ahead.worker.profiles
    assert profiles.listings._ahead is not None
    profiles.listings._ahead.result()

    class Broken:
        def result(self) -> None:
            raise Unreachable("The site does not answer.", service="deepracer", operation="ListProfiles")

    profiles.listings._ahead = Broken()  # type: ignore[assignment]
    with pytest.raises(Unreachable):
        profiles.look(ahead.event, ahead.lease)
    everybody_through(ahead)
