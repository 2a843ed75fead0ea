"""What is asked before the event: how many people, hours, slots, when they come, and what they are like.

Plain values without numpy, so that pages and services may hold them. Minutes and hours are event time; `window_h`
counts from the event's start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from deepracer_admin.errors import BadInput

__all__ = ["ARRIVALS", "DISPATCH_S", "LEAST_MINUTES", "Arrivals", "Habits", "Plan", "Queue", "queue_of"]

DISPATCH_S = 4.0
"""Seconds that the one dispatcher takes for a job before it starts the next (deepracer-on-aws-capacity.md 3)."""
LEAST_MINUTES = 10
"""The shortest training or evaluation (deepracer-on-aws.md 1.7)."""
MOST_PEOPLE, MOST_SLOTS, MOST_WINDOW_H = 100_000, 10_000, 24.0 * 62


class Queue(StrEnum):
    """How a job gets a slot (deepracer-on-aws-capacity.md 1 and 2).

    `LINE`: a training waits its turn, oldest first (up to 1.2.x, and the managed service). `RETRY`: nothing starts it
    by itself; whoever presses Retry when a slot is free has it (since 1.3.0). A submission without a slot fails.
    """

    LINE = "line"
    RETRY = "retry"


def queue_of(version: str) -> Queue:
    """The rule of a version of DeepRacer on AWS, e.g. "1.2.5"; one that cannot be read, or "", counts as the newest."""
    parts = version.strip().lstrip("v").split(".")
    try:
        old = (int(parts[0]), int(parts[1])) < (1, 3)
    except (ValueError, IndexError):
        return Queue.RETRY
    return Queue.LINE if old else Queue.RETRY


@dataclass(frozen=True, slots=True)
class Arrivals:
    """When people come and are at it.

    `median_min` and `spread`: lognormal minutes from the event's start to a person's first training (of `spread`, the
    sigma). `pause_min`: mean minutes between two models of an ordinary racer. `awake`: hours of the local day in which
    people decide anything; jobs run on. `weekends`: share of people who also race on Saturday and Sunday. `regions`: of
    what share of the people (summing to 1) is the local time so many hours ahead of the event's zone?
    """

    key: str
    title: str
    median_min: float
    spread: float
    pause_min: float
    awake: tuple[float, float] = (0.0, 24.0)
    weekends: float = 1.0
    regions: tuple[tuple[float, float], ...] = ((1.0, 0.0),)


ARRIVALS: dict[str, Arrivals] = {
    preset.key: preset
    for preset in (
        Arrivals("day", "One day: most come within the first hour", 12.0, 0.9, 8.0),
        Arrivals("weeks", "Weeks: now and then, in office hours", 1_440.0, 1.3, 420.0, (8.0, 19.0), 0.1),
        Arrivals(
            "sun", "Around the world: three offices, eight hours apart", 240.0, 1.2, 120.0, (8.0, 19.0), 0.1,
            ((0.4, 0.0), (0.3, 8.0), (0.3, -8.0)),
        ),
    )
}  # fmt: skip
"""Presets. Their figures are assumptions, except the first: so came the racers of the practice world's fleet."""


@dataclass(frozen=True, slots=True)
class Habits:
    """What racers are like: assumptions, and how sure we are of them. Shares are 0..1 of all people.

    `no_show`: never sign in. `looping`: train for four to eight hours again and again without a pause. `casual`: pause
    four times as long. `evaluates`: share of models that are evaluated before they race. `failing`: share of trainings
    that fail on the way. `training_min`: mean minutes of a training after the first, which is less than half as long.
    `submissions`: mean number a racer wants to make; few make most of them. `submission_min`: mean minutes of one on a
    slot. `retry_min` and `retry_spread`: with `Queue.RETRY`, lognormal minutes until somebody presses Retry again; each
    racer has a habit of their own. `unsure`: by how much the truth of an event may differ from all of this (sigma of a
    lognormal factor, drawn for each run): bands are no narrower than that.
    """

    no_show: float = 0.03
    looping: float = 0.04
    casual: float = 0.20
    evaluates: float = 0.25
    failing: float = 0.02
    training_min: float = 41.0
    submissions: float = 4.5
    submission_min: float = 4.0
    retry_min: float = 45.0
    retry_spread: float = 1.2
    unsure: float = 0.25


@dataclass(frozen=True, slots=True)
class Plan:
    """One event to look at beforehand.

    `hours_per_person` and `models_per_person`: -1 = unlimited. `slots`: the quota for training jobs of the instance
    type. `account_slots`: the quota for all training instances of the account; None = not known, then not counted.
    `others`: training instances that the account uses for other things. `start_hour`: local hour of the event's start,
    0..24; `start_weekday`: 0 = Monday. `race`: submissions are made until the window ends. `room_h`: in so many hours
    before the end nobody may start a training. `waves`: hours are given out in rounds, and those who wait are told when
    a slot is free. `usd_per_hour`: of one job. `seed`: the same plan with the same seed gives the same answer.
    """

    people: int
    hours_per_person: float
    models_per_person: int
    window_h: float
    slots: int
    account_slots: int | None = None
    others: int = 0
    queue: Queue = Queue.RETRY
    arrivals: Arrivals = field(default_factory=lambda: ARRIVALS["day"])
    habits: Habits = field(default_factory=Habits)
    start_hour: float = 9.0
    start_weekday: int = 0
    race: bool = True
    room_h: float = 0.0
    waves: bool = False
    usd_per_hour: float = 0.876
    seed: int = 7

    @property
    def effective_slots(self) -> int:
        """Jobs at once: the lower of the two quotas, less what the account uses otherwise; 0 or more."""
        least = self.slots if self.account_slots is None else min(self.slots, self.account_slots)
        return max(0, least - self.others)

    def check(self) -> None:
        """Raises BadInput with the first field that cannot be used."""
        if not 1 <= self.people <= MOST_PEOPLE:
            raise BadInput(f"People: give 1 to {MOST_PEOPLE:,}.")
        if not 0 < self.window_h <= MOST_WINDOW_H:
            raise BadInput("Length of the event: more than 0 and at most 62 days.")
        if self.hours_per_person != -1 and not 0 < self.hours_per_person <= 744:
            raise BadInput("Hours per person: more than 0 and at most 744, or -1 for unlimited.")
        if self.models_per_person != -1 and not 1 <= self.models_per_person <= 1_000:
            raise BadInput("Models per person: 1 to 1,000, or -1 for unlimited.")
        if not 0 <= self.slots <= MOST_SLOTS or not 0 <= (self.account_slots or 0) <= MOST_SLOTS or self.others < 0:
            raise BadInput(f"Job slots: give 0 to {MOST_SLOTS:,}.")
        if not 0 <= self.room_h < self.window_h:
            raise BadInput("Room for the race: give less hours than the event has.")
        if not 5 <= self.habits.training_min <= 1_440:
            raise BadInput("Length of a training: give 5 to 1,440 minutes.")
