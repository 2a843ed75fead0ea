"""The drill of a fleet that spends more than the budget: what the budget guard says, when it pauses, where it ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from deepracer_admin.flows.readings.totals import read_totals
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.budget import CROSSINGS
from deepracer_admin.records.limits import PAUSED_PROFILES
from deepracer_admin.records.rehearsed import Count
from deepracer_admin.rehearse.drill import Quiet, Scene
from deepracer_admin.rules.budget_guard import Act, Crossing
from deepracer_admin.rules.money import at_prices

__all__ = ["Overspending"]

SHARE = 0.3  # of what everybody could use: the budget
THRESHOLDS = ((0.5, Act.TELL), (0.8, Act.TELL), (0.95, Act.TELL), (1.0, Act.PAUSE))
LONGEST_TAIL = timedelta(hours=12)


class Overspending(Quiet):
    """The budget is a third of what people may use, and the guard pauses everybody when it is used and committed."""

    name = "over-spending"

    def __init__(self) -> None:
        self._budget = 0.0
        self._too_soon = 0  # people paused before the budget was used
        self._names: dict[str, set[str]] = defaultdict(set)
        self._paused_at: datetime | None = None
        self._at_pause = 0.0
        self._most = 0

    def begin(self, scene: Scene) -> None:
        desk, organizer = scene.console.first, scene.organizer
        draft = desk.events.draft_of(scene.event)
        most = at_prices(scene.event.prices, 60 * draft.hours_per_person * scene.plan.attendees).usd
        self._budget = round(SHARE * most, 2)
        desk.events.edit(organizer, replace(draft, budget_usd=self._budget), draft)
        desk.budget.set_thresholds(organizer, THRESHOLDS, cohorts=False, forecast=False)

    def look(self, scene: Scene, now: datetime) -> None:
        store, event = scene.console.store, scene.event.id
        for alarm in store.rows(event, ALARMS).values():
            if alarm.kind == "budget":
                self._names[alarm.subject].add(alarm.name)
        paused = len(store.rows(event, PAUSED_PROFILES))
        self._most = max(self._most, paused)
        if paused and self._paused_at is None:
            self._paused_at = now
            crossed = self._crossing(scene)
            self._at_pause = crossed.used if crossed else 0.0
            self._too_soon = 0 if crossed and crossed.used >= self._budget else paused

    def is_through(self, scene: Scene, now: datetime) -> bool:
        if now > scene.event.ends_at + LONGEST_TAIL:
            return True
        jobs = scene.truth["jobs"]
        return not jobs["running"] and not jobs["waiting"]

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        console, crossed = scene.console, self._crossing(scene)
        tail = crossed.tail if crossed else None
        event = console.store.event(scene.event.id)
        totals = read_totals(console.store, console.history, event, default=console.settings.racing)
        spent = at_prices(event.prices, 60 * float(scene.truth["hours"])).usd
        said = {key: len(names) for key, names in self._names.items()}
        after = (self._paused_at - scene.event.starts_at).total_seconds() / 60 if self._paused_at else None
        return {
            "budget_usd": self._budget,
            "used_and_committed_at_the_pause_usd": round(self._at_pause, 2),
            "paused_after_min": None if after is None else round(after, 1),
            "people_paused": self._most,
            "people_paused_below_the_threshold": self._too_soon,
            "announced_tail_usd": round(tail.most, 2) if tail else None,
            "of_it_committed_usd": round(tail.committed, 2) if tail else None,
            "of_it_starting_usd": round(tail.starting, 2) if tail else None,
            "of_it_waiting_usd": round(tail.waiting, 2) if tail else None,
            "of_it_submissions_usd": round(tail.submissions, 2) if tail else None,
            "final_spend_usd": round(spent, 2),
            "final_spend_shown_usd": round(totals.spent.usd, 2) if totals else None,
            "within_budget_and_tail": tail is not None and spent <= self._budget + tail.most,
            "thresholds_said": len(said),
            "thresholds_said_twice": sum(count > 1 for count in said.values()),
        }

    def _crossing(self, scene: Scene) -> Crossing | None:
        """That of the threshold which pauses."""
        found = scene.console.store.read(scene.event.id, CROSSINGS).values()
        return next((each for each in found if each.act is Act.PAUSE and not each.line), None)
