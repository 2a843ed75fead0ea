"""Alarms: what has gone wrong and waits for a person, each said once and cleared when it is over. Pure.

An alarm never names a racer: it may be mailed, or read aloud in a hall. It says what happened, what to do, and where.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.model import Event, UsageSample

__all__ = [
    "AMBER",
    "INFO",
    "LEVELS",
    "NO_DATA",
    "RED",
    "Alarm",
    "after_look",
    "free_slots",
    "live",
    "no_data",
    "place_of",
    "queue_blocked",
]

INFO, AMBER, RED = "info", "amber", "red"
LEVELS = (RED, AMBER, INFO)
NO_DATA = timedelta(minutes=10)
IDLE = timedelta(minutes=10)
BLOCKED = timedelta(minutes=20)
KEPT = 200  # alarms that are over, before the oldest are forgotten
_PART = {"Set up": "setup-part", "Messages": "section", "Leaderboard": "board-tabs"}
_RACE = {"Races": "race", "Leaderboard": "board-race"}
_COHORT = {"office": "Office", "cost_centre": "Cost centre"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong. `kind` and `subject` ("" or an id) say what; `level`: info, amber or red. `title`: a few
    words; `sentence`: what happened; `fix`: what to do; `page`, `tab`: where, as the screens call them.

    `since`, `cleared_at`: event time. With the key, `since` names this one alarm for good (`name`), so that whoever
    passes it on passes it on once. `number`: which time it is that this went wrong. `quiet_since`: since when it is not
    seen any more, while it may come back.
    """

    kind: str
    title: str
    sentence: str
    fix: str
    page: str
    subject: str = ""
    tab: str = ""
    level: str = AMBER
    number: int = 1
    since: datetime | None = None
    cleared_at: datetime | None = None
    quiet_since: datetime | None = None

    @property
    def key(self) -> str:
        """By which it is kept."""
        return f"{self.kind}/{self.subject}"

    @property
    def name(self) -> str:
        """Of this one alarm, for ever."""
        return f"{self.key}@{self.since.isoformat() if self.since else ''}"

    @property
    def where(self) -> str:
        """E.g. "Usage, Budget guard"."""
        return ", ".join(part for part in (self.page, self.tab) if part)


def place_of(alarm: Alarm) -> dict[str, str]:
    """Part, race and filter of its page that it is about, by the names that these have in the address."""
    found: dict[str, str] = {}
    if alarm.tab and alarm.page in _PART:
        found[_PART[alarm.page]] = alarm.tab
    if alarm.subject and alarm.page in _RACE:
        found[_RACE[alarm.page]] = alarm.subject
    if alarm.kind == "budget":
        found["budget-guard"] = "true"
        kind, _, name = alarm.subject.partition("|")[0].partition(":")
        if name and kind in _COHORT:
            found["usage-cohort"] = f"{_COHORT[kind]}: {name}"
    return found


def live(rows: Mapping[str, Alarm]) -> list[Alarm]:
    """Those that are not over, the worst first, then the oldest."""
    found = [alarm for alarm in rows.values() if alarm.cleared_at is None]
    return sorted(found, key=lambda alarm: (LEVELS.index(alarm.level), alarm.since.timestamp() if alarm.since else 0.0))


def after_look(
    rows: Mapping[str, Alarm],
    kinds: Collection[str],
    found: Sequence[Alarm],
    now: datetime,
    *,
    linger: timedelta = timedelta(),
) -> dict[str, Alarm | None]:
    """What changes in `rows` when a look for `kinds` found these. What goes on keeps its number and its beginning; what
    is not found any more for `linger` of event time is over, so that a value that goes to and fro is one alarm."""
    changes: dict[str, Alarm | None] = {}
    wanted = {alarm.key: alarm for alarm in found}
    for key, alarm in wanted.items():
        before = rows.get(key)
        if before is None or before.cleared_at is not None:
            changes[key] = replace(alarm, number=before.number + 1 if before else 1, since=now, cleared_at=None)
        else:
            same = replace(alarm, number=before.number, since=before.since)
            if same != before:
                changes[key] = same
    for key, row in rows.items():
        if row.kind in kinds and key not in wanted and row.cleared_at is None:
            quiet_since = row.quiet_since or now
            if now - quiet_since >= linger:
                changes[key] = replace(row, cleared_at=now, quiet_since=None)
            elif row.quiet_since is None:
                changes[key] = replace(row, quiet_since=now)
    over = sorted(
        (row.cleared_at, key) for key, row in rows.items() if row.cleared_at is not None and key not in wanted
    )
    return changes | {key: None for _, key in over[: max(0, len(over) - KEPT)]}


# ------------------------------------------------------------------------------------------------ of the slots


def no_data(event: Event, last: datetime | None, now: datetime, *, patience: timedelta = NO_DATA) -> Alarm | None:
    """Nothing was read about anybody's hours for ten minutes of event time. `last`: the last sample, None = none."""
    if not event.starts_at <= now <= event.ends_at:
        return None
    since = last if last is not None and last > event.starts_at else event.starts_at
    if now - since < patience:
        return None
    silent = counted(int((now - since).total_seconds() // 60), "minute")
    return Alarm(
        "no_data",
        "Hours and spend are not read",
        f"No usage was read for {silent} of event time: what is shown is old, and the budget is not watched.",
        "Look at the connection to the racing service.",
        "Set up",
        level=RED,
    )


def _over(series: Sequence[UsageSample], span: timedelta) -> list[UsageSample]:
    """The samples that tell of the last `span`, from the one in force when it began; [] when they do not reach back."""
    if not series:
        return []
    begin = series[-1].at - span
    inside = [sample for sample in series if sample.at > begin]
    before = [sample for sample in series if sample.at <= begin]
    return [before[-1], *inside] if before else []


def free_slots(event: Event, series: Sequence[UsageSample]) -> Alarm | None:
    """Slots were free for ten minutes while models waited for one: on 1.3 nothing starts them but their racers
    (deepracer-on-aws-capacity.md 1)."""
    seen = _over(series, IDLE)
    if not seen or any(not s.waiting or s.running is None or s.running >= event.slots for s in seen):
        return None
    last = seen[-1]
    free = event.slots - (last.running or 0)
    slots = counted(free, "slot is", "slots are")
    wait = counted(last.waiting or 0, "model waits", "models wait")
    return Alarm(
        "free_slots",
        f"{slots} free while {wait}",
        "A model that waits for capacity starts only when its racer asks for it again.",
        "Tell those who wait that there is room, with a mail of your own.",
        "Messages",
    )


def queue_blocked(event: Event, series: Sequence[UsageSample]) -> Alarm | None:
    """For twenty minutes jobs stood in the queue, slots were free, and nothing began or ended."""
    seen = _over(series, BLOCKED)
    if len(seen) < 3 or any(not s.queued or s.running is None or s.running >= event.slots for s in seen):
        return None
    first, last = seen[0], seen[-1]
    moved = any(s.minutes_used != first.minutes_used or s.running != first.running for s in seen)
    if moved or (last.queued or 0) < (first.queued or 0):
        return None
    jobs = counted(last.queued or 0, "job stands", "jobs stand")
    return Alarm(
        "queue_blocked",
        "The queue does not move",
        f"{jobs} in the service's queue, slots are free, and nothing has begun or ended for twenty minutes: the first "
        "job may hold up all others.",
        "Ask the service's operator to look at the first job of the queue.",
        "Usage",
        level=RED,
    )
