"""Profiles are proven empty one by one where the service knows no other way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from deepracer_admin.errors import Throttled
from deepracer_admin.flows.emptying import holders
from deepracer_admin.flows.jobs import Later
from deepracer_admin.model import Capabilities, Model, Profile
from tests.flows.conftest import Stage


class OneByOne:
    """Lets thirty profiles be asked, then wants a pause."""

    capabilities = Capabilities()

    def __init__(self, *owners: str) -> None:
        self.owners = set(owners)
        self.asked: list[str] = []
        self.room = 30

    def models(self, ids: Sequence[str]) -> Iterator[Model]:
        for key in ids:
            if len(self.asked) >= self.room:
                raise Throttled("The firewall allows 100 reads.", retry_after=120)
            self.asked.append(key)
            if key in self.owners:
                yield Model(f"m-{key}", "m", key, "READY")


def ports_with(stage: Stage, racing: Any) -> Any:
    return replace(stage.ports, racing=lambda: racing)


def crowd(count: int) -> list[Profile]:
    return [Profile(f"p{number}", "x", minutes_used=5.0) for number in range(count)]


def test_a_pause_of_the_firewall_begins_nothing_anew(stage: Stage) -> None:
    racing = OneByOne()
    with pytest.raises(Later, match="30 of 50 profiles are proven empty") as told:
        holders(ports_with(stage, racing), stage.event, crowd(50), stage.lease)
    assert told.value.seconds == 120
    racing.room = 100
    assert holders(ports_with(stage, racing), stage.event, crowd(50), stage.lease) == set()
    assert len(racing.asked) == 50


def test_who_never_used_anything_is_not_asked(stage: Stage) -> None:
    racing = OneByOne()
    assert holders(ports_with(stage, racing), stage.event, [Profile("idle", "x")], stage.lease) == set()
    assert racing.asked == []


def test_who_still_has_work_queued_is_asked_again(stage: Stage) -> None:
    racing = OneByOne()
    busy = [Profile("busy", "x", minutes_queued=3.0)]
    holders(ports_with(stage, racing), stage.event, busy, stage.lease)
    holders(ports_with(stage, racing), stage.event, busy, stage.lease)
    assert racing.asked == ["busy", "busy"]


def test_those_who_hold_models_are_named(stage: Stage) -> None:
    racing = OneByOne("p3", "p12")
    assert holders(ports_with(stage, racing), stage.event, crowd(20), stage.lease) == {"p3"}


def test_one_call_tells_it_where_the_service_can(stage: Stage) -> None:
    asked: list[Sequence[str]] = []

    def models(ids: Sequence[str]) -> list[Model]:
        asked.append(ids)
        return [Model("m", "m", "p1", "READY")]

    racing = SimpleNamespace(capabilities=Capabilities(all_models_in_one_call=True), models=models)
    assert holders(ports_with(stage, racing), stage.event, crowd(300), stage.lease) == {"p1"}
    assert len(asked) == 1
