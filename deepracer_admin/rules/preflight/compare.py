"""What changed between two runs of the pre-flight, and when the next one is due by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from deepracer_admin.counted import counted
from deepracer_admin.model import Event, Finding

__all__ = ["Change", "changes", "due", "in_words", "worst"]

ORDER = ("red", "amber", "unknown", "green", "na")
MORNING = time(7, 0)


@dataclass(frozen=True, slots=True)
class Change:
    """A check whose answer is another than the last time. `before` "": it is new."""

    key: str
    title: str
    before: str
    now: str

    @property
    def worse(self) -> bool:
        return bool(self.before) and ORDER.index(self.now) < ORDER.index(self.before)


def changes(before: Sequence[Finding], now: Sequence[Finding]) -> tuple[Change, ...]:
    """Which checks answer otherwise than before; () when there is nothing to compare with."""
    if not before:
        return ()
    was = {finding.key: finding.level for finding in before}
    return tuple(
        Change(finding.key, finding.title, was.get(finding.key, ""), finding.level)
        for finding in now
        if was.get(finding.key, "") != finding.level
    )


def worst(found: Sequence[Finding]) -> str:
    """The level that counts for the whole: "red", "amber" (also for what is not known), "green"; "" without any."""
    levels = {finding.level for finding in found}
    if not levels:
        return ""
    return "red" if "red" in levels else "amber" if levels & {"amber", "unknown"} else "green"


def in_words(found: Sequence[Finding]) -> str:
    """Counts in one line, e.g. "2 must be fixed, 3 to look at, 1 not known, 30 in order, 5 do not apply"."""
    count = Counter(finding.level for finding in found)
    parts = [
        (count["red"], counted(count["red"], "must be fixed", "must be fixed")),
        (count["amber"], counted(count["amber"], "to look at", "to look at")),
        (count["unknown"], counted(count["unknown"], "not known", "not known")),
        (count["green"], counted(count["green"], "in order", "in order")),
        (count["na"], counted(count["na"], "does not apply", "do not apply")),
    ]
    return ", ".join(words for number, words in parts if number)


def due(event: Event, now: datetime, planned: str, *, managed: bool, ran_at: datetime | None = None) -> str:
    """The day (ISO date, in the event's zone) for which a run is due by itself at `now` (event time); "" for none.

    At seven in the morning of the day before the event; on the managed service also each morning while it runs, since
    a permission set can be changed meanwhile. `planned`: the last day for which one was planned; `ran_at`: when the
    last run was (event time): one that somebody asked for on that morning or later is as good.
    """
    zone = ZoneInfo(event.zone)
    local = now.astimezone(zone)
    if event.closed_at is not None or now >= event.ends_at or local.time() < MORNING:
        return ""
    if now < event.starts_at:  # once for the morning before, later when the console was off then
        day = event.starts_at.astimezone(zone).date() - timedelta(days=1)
        if local.date() < day:
            return ""
    elif managed:
        day = local.date()
    else:
        return ""
    done = ran_at is not None and ran_at >= datetime.combine(day, MORNING, zone)
    return "" if done or planned >= day.isoformat() else day.isoformat()
