"""The event as a plan, what is remembered of it, and who may ask."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, NotAllowed
from deepracer_admin.model import Account, Actor, Event, Quota, Role
from deepracer_admin.records.capacity import PLAN_CHOICES, SLOT_QUOTAS, PlanChoices, SlotQuotas
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen
from deepracer_admin.rules.capacity import Queue
from tests.pages.conftest import NOW, actor_of


def test_the_events_settings_are_the_plan(console: Console, event: Event, organizer: Actor) -> None:
    plan = console.first.capacity.plan(organizer)
    assert (plan.people, plan.hours_per_person, plan.models_per_person, plan.slots) == (200, 5.0, 3, 8)
    assert plan.window_h == pytest.approx(121)
    assert plan.arrivals.key == "weeks"
    assert plan.usd_per_hour == event.prices.per_hour
    assert plan.start_weekday == event.starts_at.weekday()
    console.store.save_event(replace(event, ends_at=event.starts_at + timedelta(hours=8), quota=Quota(-1, -1)))
    plan = console.first.capacity.plan(organizer)
    assert (plan.arrivals.key, plan.hours_per_person, plan.models_per_person) == ("day", -1, -1)


@pytest.mark.parametrize(
    ("kind", "version", "rule"),
    [("", "1.2.5", Queue.LINE), ("", "1.3.1", Queue.RETRY), ("", "", Queue.RETRY), ("managed", "", Queue.LINE)],
)
def test_the_service_says_who_gets_a_slot(
    console: Console, event: Event, organizer: Actor, kind: str, version: str, rule: Queue
) -> None:
    console.store.save_event(replace(event, service=kind))
    said = Account("DeepRacer on AWS", version=version)
    console.store.keep(event.id, ACCOUNT, AccountSeen(kind or "on_aws", said, as_of=NOW))
    assert console.first.capacity.plan(organizer).queue is rule


def test_assumptions_are_remembered_and_audited_once(console: Console, event: Event, organizer: Actor) -> None:
    wanted = PlanChoices(arrivals="sun", training_min=60.0, others=2, queue="line", waves=True)
    before = len(console.store.audit(event.id))
    console.first.capacity.keep(organizer, wanted)
    console.first.capacity.keep(organizer, wanted)
    assert len(console.store.audit(event.id)) == before + 1
    plan = console.first.capacity.plan(organizer)
    assert (plan.arrivals.key, plan.habits.training_min, plan.others, plan.queue, plan.waves) == (
        "sun", 60.0, 2, Queue.LINE, True,
    )  # fmt: skip


def test_a_plan_that_cannot_be_is_not_remembered(console: Console, event: Event, organizer: Actor) -> None:
    for wrong in (PlanChoices(arrivals="never"), PlanChoices(training_min=1.0), PlanChoices(others=-1)):
        with pytest.raises(BadInput):
            console.first.capacity.keep(organizer, wrong)
    assert console.store.read(event.id, PLAN_CHOICES) == PlanChoices()


def test_the_quota_for_all_that_was_read_counts_until_another_is_typed(
    console: Console, event: Event, organizer: Actor
) -> None:
    assert console.first.capacity.quotas(organizer) is None
    console.store.keep(event.id, SLOT_QUOTAS, SlotQuotas(100, 6, "eu-west-1", NOW))
    assert console.first.capacity.plan(organizer).effective_slots == 6
    console.first.capacity.keep(organizer, PlanChoices(account_slots=50))
    assert console.first.capacity.plan(organizer).effective_slots == 8


def test_reading_the_quotas_is_one_job(console: Console, event: Event, organizer: Actor) -> None:
    job = console.first.capacity.read_quotas(organizer)
    assert job.kind == "quotas.read"
    assert console.first.capacity.read_quotas(organizer).id == job.id


@pytest.mark.parametrize("role", [Role.FACILITATOR, Role.VIEWER])
def test_only_organizers_plan(console: Console, event: Event, role: Role) -> None:
    desk, who = console.first.capacity, actor_of(role)
    plan = desk.plan(actor_of(Role.ORGANIZER))
    for act in (
        lambda: desk.plan(who),
        lambda: desk.look(who, plan),
        lambda: desk.choices(who),
        lambda: desk.keep(who, PlanChoices()),
        lambda: desk.quotas(who),
        lambda: desk.read_quotas(who),
    ):
        with pytest.raises(NotAllowed):
            act()
