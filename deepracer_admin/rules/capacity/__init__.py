"""The event before the event: a seeded simulation of people, slots and the queue. The only one of the console.

`outlook(plan)` is what the plan, the pre-flight and the forecast ask. It works for a second or so and needs numpy,
loaded at the first call: never call it while a page is drawn (`services/setup/capacity.py` has it done elsewhere).
"""

from __future__ import annotations

from deepracer_admin.rules.capacity.outlook import Band, Enough, Outlook, SlotsInUse
from deepracer_admin.rules.capacity.plan import ARRIVALS, Arrivals, Habits, Plan, Queue, queue_of

__all__ = [
    "ARRIVALS",
    "RUNS",
    "Arrivals",
    "Band",
    "Enough",
    "Habits",
    "Outlook",
    "Plan",
    "Queue",
    "SlotsInUse",
    "enough_slots",
    "outlook",
    "queue_of",
]

RUNS = 20
"""Simulated events that an answer rests on, up to 4,000 people."""


def outlook(plan: Plan, *, runs: int | None = None) -> Outlook:
    """What the event will take, as bands over `runs` simulated events (None: `RUNS`, fewer for more than 4,000 people).

    Raises BadInput for a plan that cannot be.
    """
    from deepracer_admin.rules.capacity.judge import look_ahead

    return look_ahead(plan, runs=_runs_for(plan) if runs is None else runs)


def enough_slots(plan: Plan) -> Enough:
    """The least number of jobs at once with which the plan fits. Raises BadInput. Takes several times as long."""
    from deepracer_admin.rules.capacity.judge import least_slots

    sure = _runs_for(plan)
    return least_slots(plan, runs=min(8, sure), sure=sure)


def _runs_for(plan: Plan) -> int:
    """Fewer for very many people: a band over people needs fewer runs the more of them there are."""
    return max(8, min(RUNS, 80_000 // max(1, plan.people)))
