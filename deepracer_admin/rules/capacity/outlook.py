"""What is answered: bands over many simulated events, and whether the plan fits. Plain values without numpy."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.rules.capacity.plan import Plan

__all__ = ["Band", "Enough", "Outlook", "SlotsInUse"]


@dataclass(frozen=True, slots=True)
class Band:
    """One in ten simulated events lies below `p10`, half below `p50`, nine in ten below `p90`."""

    p10: float
    p50: float
    p90: float

    def holds(self, value: float) -> bool:
        """Does a value lie within?"""
        return self.p10 <= value <= self.p90


@dataclass(frozen=True, slots=True)
class SlotsInUse:
    """Slots in use over the event: at `hours` after its start, bands over the simulated events."""

    hours: tuple[float, ...]
    p10: tuple[float, ...]
    p50: tuple[float, ...]
    p90: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """The event before the event. Every band is over the simulated events (`runs` of them).

    `came`: people who ask for a training. `never_trained`: those of them whose first training had not started by the
    end. `wait_min`: minutes that a training of the racer in the middle waits for its slot; `long_wait_min`: of the
    racer whom nine in ten do better than. `submissions` were made, `failed_submissions` of them failed without a slot.
    `end_h`: the last job's end, hours after the event's start. `hours`: compute hours used by the end of the window;
    `all_hours` with what ran on after it, and `usd` what these cost without storage (estimate). `planned_hours`: what
    would be used by the end if nobody ever waited for anything; `hours_share`: how much of that was. `busiest`: the
    most slots that would ever be in use if there were enough.
    """

    plan: Plan
    runs: int
    came: Band
    never_trained: Band
    wait_min: Band
    long_wait_min: Band
    submissions: Band
    failed_submissions: Band
    end_h: Band
    hours: Band
    all_hours: Band
    usd: Band
    planned_hours: Band
    hours_share: Band
    busiest: Band
    slots_in_use: SlotsInUse
    fits: bool
    why_not: tuple[str, ...]  # what stands against it, a sentence each; () when it fits


@dataclass(frozen=True, slots=True)
class Enough:
    """The least number of jobs at once with which a plan fits, and with how many it was tried at most.

    `slots` None: no number of slots is enough; `why` says what else stands in the way, and more than `useful` slots
    help nobody: with these within a hundredth as many hours run as with the most that were tried.
    """

    slots: int | None
    most_tried: int
    why: tuple[str, ...] = ()
    useful: int | None = None

    @property
    def worth_asking(self) -> int:
        """The number to ask AWS for."""
        return self.slots or self.useful or self.most_tried
