"""What goes on in an event, in a few words: for the list of all events."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.counted import counted
from deepracer_admin.model import Event
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.records.restored import waits_here
from deepracer_admin.rules.alarms import INFO, live
from deepracer_admin.store import EventStore

__all__ = ["EventAtWork", "at_work"]


@dataclass(frozen=True, slots=True)
class EventAtWork:
    """An event in the list of all, and what goes on in it now: `jobs` under way, `alarms` that last; `waits`: it came
    from a backup, and nothing goes on."""

    event_id: str
    name: str
    is_closed: bool
    onboarding: bool
    jobs: int
    alarms: int
    waits: bool = False

    @property
    def words(self) -> str:
        """On one line, e.g. "Winter Cup · onboarding runs, 2 jobs, 1 alarm"."""
        if self.waits:
            return f"{self.name} · from a backup, waits"
        parts = ["onboarding runs"] if self.onboarding else []
        parts += [counted(self.jobs, "job")] if self.jobs else []
        parts += [counted(self.alarms, "alarm")] if self.alarms else []
        said = "closed" if self.is_closed and not parts else ", ".join(parts) or "quiet"
        return f"{self.name} · {said}"


def at_work(store: EventStore, event: Event) -> EventAtWork:
    """From the store, without looking at people."""
    return EventAtWork(
        event.id,
        event.name,
        event.closed_at is not None,
        store.read(event.id, ONBOARDING).state is Run.RUNNING,
        len(store.jobs(event.id, live=True)),
        sum(1 for alarm in live(store.rows(event.id, ALARMS)) if alarm.level != INFO),
        waits_here(store, event.id),
    )
