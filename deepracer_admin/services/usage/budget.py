"""The budget guard, for the Usage page: what is used of which budget, what happens then, and an organizer's answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.flows.readings.totals import read_totals
from deepracer_admin.flows.sponsorship.budget import budget_lines
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.alarms import ALARMS
from deepracer_admin.records.budget import CROSSINGS, GUARD
from deepracer_admin.rules.alarms import Alarm, live
from deepracer_admin.rules.budget_guard import Act, Crossing, Guard, Line, Threshold
from deepracer_admin.rules.usage import Totals
from deepracer_admin.services.usage.waves import WavesDesk

__all__ = ["BudgetService", "BudgetView"]

MOST_THRESHOLDS = 8
COHORTS = ("office", "cost_centre")


@dataclass(frozen=True, slots=True)
class BudgetView:
    """`lines`: the event first, then budgets of cohorts (USD, estimate); [] before the first sample. `crossings`: those
    that last. `as_of`: event time of the totals."""

    guard: Guard
    lines: Sequence[Line]
    crossings: Sequence[Crossing]
    alarms: Sequence[Alarm]
    as_of: datetime | None

    @property
    def asked(self) -> list[Crossing]:
        """Those that wait for an organizer's word."""
        return [each for each in self.crossings if each.asks]


class BudgetService(WavesDesk):
    """What the Usage page calls."""

    def view(self, actor: Actor, totals: Totals | None = None) -> BudgetView:
        """Budgets, how far they are used, and what was crossed. `totals`: this event's, where
        they were read already."""
        self._authorise(actor, "usage.view")
        event = self._event()
        guard = self.store.read(event.id, GUARD)
        if totals is None:
            totals = read_totals(self.store, self.house.history, event, default=self.house.settings.racing)
        crossings = self.store.read(event.id, CROSSINGS)
        return BudgetView(
            guard=guard,
            lines=budget_lines(event, guard.cohorts, totals) if totals else [],
            crossings=sorted((each for each in crossings.values() if each.is_open), key=lambda each: -each.share),
            alarms=live(self.store.rows(event.id, ALARMS)),
            as_of=totals.as_of if totals else None,
        )

    def without_budget(self, actor: Actor) -> list[str]:
        """Offices and cost centres of the list that have no budget of their own, by key."""
        self._authorise(actor, "usage.view")
        event = self._event()
        kept = self.store.read(event.id, GUARD).cohorts
        return [key for key in self._cohorts(event) if key not in kept]

    def set_thresholds(
        self, actor: Actor, thresholds: Sequence[tuple[float, Act]], *, cohorts: bool, forecast: bool = True
    ) -> Guard:
        """The thresholds of the event's budget, or of every budget of a cohort: (share of the budget, what is done).
        `forecast`: say when the forecast passes the event's budget. Raises BadInput.
        """
        self._authorise(actor, "usage.guard")
        shares = [share for share, _ in thresholds]
        if not all(0 < share <= 2 for share in shares):
            raise BadInput("Thresholds: more than 0 % and at most 200 % of the budget.")
        if len({*shares}) != len(shares) or len(shares) > MOST_THRESHOLDS:
            raise BadInput(f"Thresholds: each share once, at most {MOST_THRESHOLDS}.")
        found = tuple(Threshold(share, act) for share, act in sorted(thresholds))

        def change(guard: Guard) -> Guard:
            if cohorts:
                return replace(guard, cohort_thresholds=found, by_name=actor.name)
            return replace(guard, thresholds=found, forecast=forecast, by_name=actor.name)

        return self._set(actor, change)

    def set_cohort_budget(self, actor: Actor, cohort: str, usd: float) -> Guard:
        """A budget for an office or a cost centre, e.g. "office:Milano"; 0 takes it away. Raises BadInput."""
        self._authorise(actor, "usage.guard", target=cohort)
        if not 0 <= usd < 100_000_000:
            raise BadInput("Budget: give an amount in US dollars, 0 or more.")
        kind, _, name = cohort.partition(":")
        if kind not in COHORTS or not name:
            raise BadInput("Cohort: choose an office or a cost centre of the list.")

        def change(guard: Guard) -> Guard:
            kept: Mapping[str, float] = {key: value for key, value in guard.cohorts.items() if key != cohort}
            return replace(guard, cohorts={**kept, cohort: float(usd)} if usd else kept, by_name=actor.name)

        return self._set(actor, change)

    def answer(self, actor: Actor, crossing: str, *, number: int, pause: bool) -> None:
        """What an organizer says to a threshold that asks. Raises Conflict when it was answered, or is over."""
        self._authorise(actor, "usage.guard", target=crossing)
        event = self._event()

        def change(kept: Mapping[str, Crossing]) -> dict[str, Crossing]:
            found = kept.get(crossing)
            if found is None or not found.asks or found.number != number:
                raise Conflict("Somebody has answered meanwhile, or it is over: reload the page.")
            said = replace(found, answer="pause" if pause else "go_on", answered_by=actor.name)
            return {**kept, crossing: said}

        self.store.update(event.id, CROSSINGS, change)
        self._audit(actor, "usage.guard", target=crossing, after={"pause": pause})

    def _set(self, actor: Actor, change: Callable[[Guard], Guard]) -> Guard:
        event = self._event()
        before = self.store.read(event.id, GUARD)
        after = self.store.update(event.id, GUARD, change)
        self._audit(actor, "usage.guard", target=event.id, before=_audited(before), after=_audited(after))
        return after

    def _cohorts(self, event: Event) -> list[str]:
        people = self.store.attendees(event.id, wanted=True)
        found = {f"office:{person.office}" for person in people if person.office}
        return sorted(found | {f"cost_centre:{person.cost_centre}" for person in people if person.cost_centre})


def _audited(guard: Guard) -> dict[str, object]:
    return {
        "thresholds": {f"{each.share:g}": str(each.act) for each in guard.thresholds},
        "cohort_thresholds": {f"{each.share:g}": str(each.act) for each in guard.cohort_thresholds},
        "cohorts_usd": dict(guard.cohorts),
        "forecast": guard.forecast,
    }
