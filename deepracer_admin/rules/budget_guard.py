"""The budget guard: which part of a budget is used, what to do then, and what pausing will not stop. Pure.

Used is what was spent and what is committed: jobs that run or will run by themselves are paid whatever is done. The
forecast is a line of its own and never pauses anybody. A threshold that was crossed is crossed once: it is over only
after what is used has stayed `BACK` below it for `BACK_FOR`, so that a value that goes to and fro says nothing twice.
All money is an estimate in USD.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from deepracer_admin.rules.alarms import AMBER, INFO, RED, Alarm

__all__ = [
    "BACK",
    "BACK_FOR",
    "NEEDS_HUMAN",
    "Act",
    "Crossing",
    "Guard",
    "Line",
    "Tail",
    "Threshold",
    "alarms_of",
    "due_pauses",
    "judge",
    "tail_words",
]

BACK = 0.03
"""A share of the budget: so far below its threshold a crossing begins to end."""
BACK_FOR = timedelta(minutes=15)
"""And for so long in event time."""
NEEDS_HUMAN = 0.8
"""From this share on it stands among what needs a human."""


class Act(StrEnum):
    """What is done when a threshold is crossed."""

    TELL = "tell"
    ASK = "ask"  # an organizer decides whether to pause
    PAUSE = "pause"  # whom the budget is of: everybody, or one cohort


@dataclass(frozen=True, slots=True)
class Threshold:
    """`share` of the budget, e.g. 0.8; `act` when what is used reaches it."""

    share: float
    act: Act = Act.TELL


_DEFAULT = (Threshold(0.5), Threshold(0.8), Threshold(0.95, Act.ASK), Threshold(1.0, Act.ASK))


@dataclass(frozen=True, slots=True)
class Guard:
    """What organizers set. `thresholds`: of the event's budget; `cohort_thresholds`: of each budget of a cohort.
    `cohorts`: their budgets in USD, by cohort, e.g. "office:Milano". `forecast`: say when the forecast passes the
    event's budget. Nothing pauses anybody by itself unless a threshold says so."""

    thresholds: tuple[Threshold, ...] = _DEFAULT
    cohort_thresholds: tuple[Threshold, ...] = _DEFAULT
    cohorts: Mapping[str, float] = field(default_factory=dict[str, float])
    forecast: bool = True
    by_name: str = ""

    def pauses(self) -> bool:
        """Does any threshold pause somebody by itself?"""
        return any(each.act is Act.PAUSE for each in (*self.thresholds, *self.cohort_thresholds))


@dataclass(frozen=True, slots=True)
class Line:
    """One budget and how far it is used. `key`: "" is the event, else a cohort. `forecast`: of the final spend in the
    worse of ten cases (P90), None where there is none."""

    key: str
    budget: float
    spent: float
    committed: float
    forecast: float | None = None

    @property
    def used(self) -> float:
        return self.spent + self.committed

    @property
    def share(self) -> float:
        """Of the budget: used, i.e. spent and committed; above 1 when it is passed."""
        return self.used / self.budget if self.budget > 0 else 0.0

    @property
    def name(self) -> str:
        """As people call it, e.g. "office Milano"; "the event" for the whole."""
        kind, _, name = self.key.partition(":")
        return f"{kind.replace('_', ' ')} {name}" if self.key else "the event"


@dataclass(frozen=True, slots=True)
class Tail:
    """What pausing will not stop, in USD: `committed`, what runs or is queued; `starting`, what may begin before the
    pause is seen; `submissions`, one more of each racer to each race that is open; `waiting`, models that wait for a
    slot, which their racers can retry whatever their limit is (deepracer-on-aws-capacity.md 1)."""

    committed: float = 0.0
    starting: float = 0.0
    submissions: float = 0.0
    waiting: float = 0.0

    @property
    def most(self) -> float:
        return self.committed + self.starting + self.submissions + self.waiting


@dataclass(frozen=True, slots=True)
class Crossing:
    """A threshold that was crossed. `line`, `share`, `is_forecast`: which. `number`: which time. `since`,
    `below_since`, `over_at`: event time. `used`, `tail`: USD when it was crossed. `job`: of the pause that it made;
    `answer`: of an organizer who was asked, "pause" or "go_on", with `answered_by`."""

    line: str
    share: float
    is_forecast: bool = False
    act: Act = Act.TELL
    number: int = 1
    since: datetime | None = None
    below_since: datetime | None = None
    over_at: datetime | None = None
    used: float = 0.0
    tail: Tail = field(default_factory=Tail)
    job: str = ""
    answer: str = ""
    answered_by: str = ""

    @property
    def key(self) -> str:
        return f"{self.line}|{'forecast' if self.is_forecast else 'used'}|{self.share:g}"

    @property
    def is_open(self) -> bool:
        return self.since is not None and self.over_at is None

    @property
    def asks(self) -> bool:
        """Does it wait for an organizer's word?"""
        return self.is_open and self.act is Act.ASK and not self.answer


def judge(
    guard: Guard,
    lines: Sequence[Line],
    before: Mapping[str, Crossing],
    *,
    now: datetime,
    tails: Mapping[str, Tail] | None = None,
) -> dict[str, Crossing]:
    """What is crossed at `now` (event time), from what was before. A budget or threshold that is gone is over."""
    after: dict[str, Crossing] = {}
    for line, threshold, is_forecast, value in _watched(guard, lines):
        found = Crossing(line.key, threshold.share, is_forecast, threshold.act)
        kept = before.get(found.key, found)
        after[found.key] = _stepped(
            replace(kept, act=threshold.act), value, line, now, (tails or {}).get(line.key, Tail())
        )
    for key, kept in before.items():
        if key not in after:
            after[key] = replace(kept, over_at=now, below_since=None) if kept.is_open else kept
    return {key: kept for key, kept in after.items() if kept.since is not None}


def _watched(guard: Guard, lines: Iterable[Line]) -> Iterable[tuple[Line, Threshold, bool, float]]:
    for line in lines:
        if line.budget <= 0:
            continue
        for threshold in guard.cohort_thresholds if line.key else guard.thresholds:
            yield line, threshold, False, line.share
        if guard.forecast and not line.key and line.forecast is not None:
            yield line, Threshold(1.0), True, line.forecast / line.budget


def _stepped(kept: Crossing, value: float, line: Line, now: datetime, tail: Tail) -> Crossing:
    if not kept.is_open:
        if value < kept.share:
            return kept
        number = kept.number + 1 if kept.over_at is not None else kept.number
        return Crossing(kept.line, kept.share, kept.is_forecast, kept.act, number, since=now, used=line.used, tail=tail)
    if value >= kept.share - BACK:
        return replace(kept, below_since=None)
    if kept.below_since is None:
        return replace(kept, below_since=now)
    return replace(kept, over_at=now, below_since=None) if now - kept.below_since >= BACK_FOR else kept


def due_pauses(crossings: Mapping[str, Crossing], lines: Sequence[Line]) -> list[Crossing]:
    """Those that pause somebody and have not yet: by their rule, while their threshold is reached, or by an organizer's
    answer. Once for each crossing: whoever is resumed afterwards stays resumed."""
    reached = {line.key: line.share for line in lines}
    return [
        each
        for each in crossings.values()
        if each.is_open
        and not each.job
        and not each.is_forecast
        and (each.answer == "pause" or (each.act is Act.PAUSE and reached.get(each.line, 0.0) >= each.share))
    ]


def alarms_of(lines: Sequence[Line], crossings: Mapping[str, Crossing]) -> list[Alarm]:
    """One alarm for each crossing that lasts. The highest of a budget says how much is used; what asks, asks."""
    by_key = {line.key: line for line in lines}
    found: list[Alarm] = []
    for each in crossings.values():
        line = by_key.get(each.line)
        if not each.is_open or line is None:
            continue
        found.append(_forecast_alarm(each, line) if each.is_forecast else _used_alarm(each, line))
    return found


def _used_alarm(each: Crossing, line: Line) -> Alarm:
    level = RED if each.share >= 1 or each.asks else AMBER if each.share >= NEEDS_HUMAN else INFO
    sentence = (
        f"{line.used:,.0f} of {line.budget:,.0f} USD of {line.name} are spent or committed (estimate): "
        f"{line.share:.0%}. {tail_words(each.tail)}"
    )
    if each.asks:
        fix = "Say whether to pause, or raise the budget."
    elif each.job:
        fix = "Whoever should go on is resumed on this page."
    else:
        fix = "Look who uses most, or raise the budget."
    return Alarm(
        "budget",
        f"{each.share:.0%} of the budget of {line.name} is used",
        sentence,
        fix,
        "Usage",
        subject=each.key,
        tab="Budget guard",
        level=level,
    )


def _forecast_alarm(each: Crossing, line: Line) -> Alarm:
    return Alarm(
        "budget",
        "The forecast passes the budget",
        f"In the worse of ten cases the event ends at {line.forecast or 0:,.0f} USD, over its budget of "
        f"{line.budget:,.0f} USD (estimate).",
        "Lower quotas, or raise the budget, while there is time.",
        "Usage",
        subject=each.key,
        tab="Budget guard",
        level=AMBER,
    )


def tail_words(tail: Tail) -> str:
    """What pausing will not stop, and what that may still cost."""
    parts = [f"{tail.committed:,.2f} USD that run or are queued"]
    if tail.waiting:
        parts.append(f"{tail.waiting:,.2f} USD of models that wait and can still be retried")
    if tail.starting:
        parts.append(f"{tail.starting:,.2f} USD that may begin before it is seen")
    if tail.submissions:
        parts.append(f"{tail.submissions:,.2f} USD for one more submission of everybody")
    return f"Pausing will not stop {', '.join(parts)}: at most {tail.most:,.2f} USD more (estimate)."
