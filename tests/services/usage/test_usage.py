"""Usage: totals, quotas with their cost, grants within the budget, pause and resume."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.errors import BadInput, Conflict, NotAllowed
from deepracer_admin.model import Quota, Role
from deepracer_admin.records.limits import FORMER_LIMITS, PAUSED_PROFILES
from deepracer_admin.rules.quotas import quota_for
from tests.pages.conftest import NOW, actor_of

ORGANIZER, FACILITATOR, VIEWER = (actor_of(role) for role in (Role.ORGANIZER, Role.FACILITATOR, Role.VIEWER))


def test_totals_are_hours_and_estimated_money(console, profiles):
    view = console.first.usage.totals(VIEWER)
    assert (view.hours_used, view.active, view.profiles, view.models) == (5.0, 4, 4, 10)
    assert view.committed_usd == pytest.approx(40 / 60 * view.event.prices.per_hour)


def test_after_the_end_spend_is_final_and_nothing_is_forecast(console, event, profiles, clock):
    clock.at = event.ends_at + timedelta(hours=2)
    console.history.add_usage(event.id, clock.at, profiles)
    view = console.first.usage.totals(VIEWER)
    assert view.is_over
    assert view.forecast is None
    assert view.spend_series[-1] == (clock.at, pytest.approx(view.spend_usd))


def test_a_viewer_gets_no_row_of_a_person(console, profiles):
    with pytest.raises(NotAllowed, match="usage per person"):
        console.first.usage.profiles(VIEWER)


def test_the_cost_of_a_quota_is_the_most_that_it_can_add(console, event, profiles):
    plan = console.first.usage.plan_quotas(ORGANIZER, ["at-1", "at-2"], hours=7, models=3)
    assert plan.people == 2
    assert plan.most_usd == pytest.approx(2 * 2 * event.prices.per_hour)
    assert console.first.usage.plan_quotas(ORGANIZER, ["at-1"], hours=-1, models=3).most_usd == float("inf")
    assert console.first.usage.plan_quotas(ORGANIZER, ["at-1"], hours=1, models=3).most_usd == 0.0


def test_one_quota_job_runs_at_a_time(console, profiles):
    console.first.usage.set_quotas(ORGANIZER, ["at-1"], hours=7, models=3)
    with pytest.raises(Conflict):
        console.first.usage.set_quotas(ORGANIZER, ["at-2"], hours=8, models=3)


def test_a_facilitator_grants_at_most_two_hours_and_sets_no_quota(console, profiles):
    with pytest.raises(BadInput, match="at most 2"):
        console.first.usage.grant(FACILITATOR, "at-1", extra_hours=2.5)
    with pytest.raises(NotAllowed, match="set quotas"):
        console.first.usage.set_quotas(FACILITATOR, ["at-1"], hours=9, models=3)
    assert console.first.usage.grant(FACILITATOR, "at-1", extra_hours=2).plan["minutes"] == 300 + 120


@pytest.mark.parametrize("table", [PAUSED_PROFILES, FORMER_LIMITS], ids=lambda table: table.name)
def test_hours_of_the_paused_and_the_closed_are_added_to_what_they_had(console, event, profiles, table):
    held = [replace(profile, quota=Quota(0, 0)) for profile in profiles]
    console.store.save_profiles(event.id, held, seen_at=NOW, lease=None)
    console.store.change_rows(event.id, table, lambda _: {"pr-1": Quota(600, 9)})
    console.store.save_attendees(event.id, [replace(console.store.attendee(event.id, "at-1"), quota=Quota(600, 9))])
    job = console.first.usage.grant(FACILITATOR, "at-1", extra_hours=2)
    (item,) = console.store.job_items(job.id)
    assert item.after == {"profile": "pr-1", "minutes": 720, "models": 9}
    assert item.before == {"profile": "pr-1", "minutes": 600, "models": 9, "own": [600, 9]}


def test_before_sponsorship_opens_hours_are_added_to_the_persons_quota(console, event, profiles):
    held = [replace(profile, quota=Quota(0, 0)) for profile in profiles]
    console.store.save_profiles(event.id, held, seen_at=NOW, lease=None)
    wanted = quota_for(event, console.store.attendee(event.id, "at-1"))
    assert console.first.usage.grant(FACILITATOR, "at-1", extra_hours=1).plan["minutes"] == wanted.minutes + 60


def test_the_cost_of_a_quota_counts_what_the_paused_had(console, event, profiles):
    held = [replace(profile, quota=Quota(0, 0)) for profile in profiles]
    console.store.save_profiles(event.id, held, seen_at=NOW, lease=None)
    console.store.change_rows(event.id, PAUSED_PROFILES, lambda _: {"pr-1": Quota(300, 3)})
    plan = console.first.usage.plan_quotas(ORGANIZER, ["at-1"], hours=7, models=3)
    assert plan.most_usd == pytest.approx(2 * event.prices.per_hour)
    assert (plan.items[0].before["minutes"], plan.items[0].before["models"]) == (300, 3)


def test_a_used_budget_grants_nothing(console, event, profiles):
    console.store.save_event(replace(event, budget_usd=5.0))
    with pytest.raises(BadInput, match="budget is used or committed"):
        console.first.usage.grant(FACILITATOR, "at-1", extra_hours=1)


def test_who_has_no_limit_needs_no_hours(console, event, profiles):
    console.store.save_profiles(event.id, [replace(profiles[0], quota=Quota(-1, 3))], seen_at=NOW, lease=None)
    with pytest.raises(BadInput, match="no limit"):
        console.first.usage.grant(FACILITATOR, "at-1", extra_hours=1)


def test_pausing_reaches_only_those_who_are_not_paused(console, event, profiles):
    console.store.change_rows(event.id, PAUSED_PROFILES, lambda _: {"pr-1": Quota(300, 3)})
    job = console.first.usage.sponsor(ORGANIZER, ["at-1", "at-2"], active=False)
    assert [item.key for item in console.store.job_items(job.id)] == ["pr-2"]


def test_models_are_deleted_only_with_the_name_typed(console, event, profiles):
    with pytest.raises(BadInput, match="exactly as it stands"):
        console.first.usage.delete_models(ORGANIZER, ["at-1"], typed_name="autumn cup")
    job = console.first.usage.delete_models(ORGANIZER, ["at-1", "at-5"], typed_name="Autumn Cup")
    assert [item.key for item in console.store.job_items(job.id)] == ["pr-1"]
