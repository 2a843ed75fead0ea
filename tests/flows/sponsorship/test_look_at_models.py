"""Models of one racer: since when each is as it is, over readings, odd answers and other people's models."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import Missing, Unavailable
from deepracer_admin.flows.sponsorship.look_at_models import ModelsLookHandler
from deepracer_admin.model import Model
from deepracer_admin.records.profile_models import PROFILE_MODELS
from deepracer_admin.store import ProfileLink
from tests.flows.conftest import ORGANIZER, Stage


class Racing:
    """A service that names these models, or fails."""

    def __init__(self, *models: Model, error: Exception | None = None) -> None:
        self.told, self.error = models, error

    def models(self, profile_ids: Any) -> list[Model]:
        if self.error is not None:
            raise self.error
        return [*self.told]


def model(id: str, status: str, profile: str = "p1") -> Model:
    return Model(id, "name", profile, status)


def test_since_when_holds_until_the_state_is_another_and_strangers_are_left_out(stage: Stage) -> None:
    (one,) = stage.crowd(1)
    stage.store.link(stage.event.id, [ProfileLink(one.id, "p1", "manual", stage.clock.now())])
    usage = stage.console.first.usage
    with pytest.raises(Missing):
        usage.look_at_models(ORGANIZER, "p9")
    job = usage.look_at_models(ORGANIZER, "p1")
    assert usage.look_at_models(ORGANIZER, "p1").id == job.id

    def look(*models: Model, error: Exception | None = None) -> dict[str, Any]:
        racing: Any = Racing(*models, error=error)
        ModelsLookHandler().work(replace(stage.ports, racing=lambda: racing), job, stage.lease)
        seen = stage.store.row(stage.event.id, PROFILE_MODELS, "p1")
        assert seen
        return {each.id: (each.status, each.since) for each in seen.models}

    first = look(model("a", "WAITING_FOR_CAPACITY"), model("b", "TRAINING"), model("x", "READY", profile="p9"))
    assert set(first) == {"a", "b"}
    stage.rest(60)
    later = look(model("a", "WAITING_FOR_CAPACITY"), model("b", "READY"))
    assert later["a"] == first["a"], "it waits since it was first seen waiting"
    assert later["b"][1] > first["b"][1] + timedelta()
    with pytest.raises(Unavailable):
        look(error=Unavailable("The service is away."))
    found = usage.models_of(ORGANIZER, "p1")
    assert found
    assert {each.id for each in found.models} == {"a", "b"}, "an error keeps what was known"
