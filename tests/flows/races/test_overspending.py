"""A fleet that trains without end: the budget guard stops it, at most at the budget and the tail that it announced."""

from __future__ import annotations

from dataclasses import replace

from deepracer_admin.flows.readings.totals import read_totals
from deepracer_admin.flows.sponsorship.budget import BudgetWatcher
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.budget import CROSSINGS, GUARD
from deepracer_admin.records.limits import PAUSED_PROFILES
from deepracer_admin.rules.budget_guard import Act, Guard, Threshold
from tests.flows.races.test_deadline_rush import Rush, rush

__all__ = ["rush"]

BUDGET = 20.0
GUARD_SET = Guard((Threshold(0.5), Threshold(0.8), Threshold(0.95), Threshold(1.0, Act.PAUSE)), forecast=False)


def test_it_ends_at_most_at_the_budget_and_the_tail_it_announced(rush: Rush) -> None:
    stage = rush.stage
    stage.store.update(stage.event.id, GUARD, lambda _: GUARD_SET)
    event = stage.store.amend_event(stage.event.id, lambda kept: replace(kept, budget_usd=BUDGET))
    watcher = BudgetWatcher(stage.ports)
    names: set[str] = set()
    paused_at = 0.0
    for _ in range(90):
        rush.train()
        rush.retry()
        stage.worker.usage.run(event, stage.lease)
        watcher.run(event, stage.lease)
        seen = read_totals(stage.store, stage.console.history, event, default="on_aws")
        if not stage.store.rows(event.id, PAUSED_PROFILES):
            assert stage.store.jobs(event.id, kind="sponsor") == [] or seen is None or seen.at_most_so_far.usd >= BUDGET
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(event.id, stage.lease)
        names |= {alarm.name for alarm in stage.store.rows(event.id, ALARMS).values() if alarm.kind == "budget"}
        if not paused_at and stage.store.rows(event.id, PAUSED_PROFILES):
            assert seen is not None
            paused_at = seen.at_most_so_far.usd
        busy = [each for each in rush.site.state.models.values() if each.status not in ("READY", "ERROR")]
        if paused_at and not busy:
            break
        rush.pass_by(3)
    rush.pass_by(3)
    stage.worker.usage.run(event, stage.lease)
    end = read_totals(stage.store, stage.console.history, event, default="on_aws")
    assert end is not None
    crossed = stage.store.read(event.id, CROSSINGS)["|used|1"]
    assert paused_at >= BUDGET
    assert end.committed.usd == 0
    assert end.spent.usd <= BUDGET + crossed.tail.committed + crossed.tail.starting
    assert end.spent.usd > 0.6 * BUDGET, "nothing was spent, so nothing is shown"
    assert len(names) == 4, "each threshold is said once"
    [job] = stage.store.jobs(event.id, kind="sponsor")
    assert job.done == job.total
