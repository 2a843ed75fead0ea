"""Watching the budget and the slots: alarms, and the pauses that a threshold or an organizer's answer asks for.

Nobody is paused by numbers older than ten minutes of event time. A pause is a job like an organizer's own, undone like
one; its id follows from the crossing, so it is made once. What if it dies here? What is crossed is stored before
anybody is paused; a repeat finds the job that was made, and goes on from there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from deepracer_admin.errors import Conflict, Missing
from deepracer_admin.flows.engine.alarms import keep_alarms
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.totals import read_totals
from deepracer_admin.model import Event, Job, JobItem, JobState, Lease, RaceStatus, State, UsageSample
from deepracer_admin.records.budget import CROSSINGS, GUARD
from deepracer_admin.records.entrants import OWN_RACES
from deepracer_admin.records.finishes import FINISHES
from deepracer_admin.records.limits import PAUSE_JOB, PAUSED_PROFILES
from deepracer_admin.records.race_room import ROOM
from deepracer_admin.rules.alarms import NO_DATA, RED, Alarm, free_slots, no_data, queue_blocked
from deepracer_admin.rules.audit import by_system
from deepracer_admin.rules.budget_guard import Crossing, Line, Tail, alarms_of, due_pauses, judge
from deepracer_admin.rules.money import at_prices
from deepracer_admin.rules.quotas import cohorts_of
from deepracer_admin.rules.race_room import load_of, race_with_room, short_of_slots
from deepracer_admin.rules.usage import Part, Totals

__all__ = ["KINDS", "BudgetWatcher", "budget_lines", "tails"]

KINDS = ("budget", "no_data", "free_slots", "queue_blocked", "race_unfinished", "rush")
EVERY_S = 30.0
SLOW_ROUNDS = 10.0  # real seconds of a rehearsal in which nothing may be read without an alarm
STANDS = timedelta(minutes=60)
RECENT = timedelta(hours=1, minutes=30)
AUDITS = 500  # newest entries among which a repeat looks for its own
GUARD_NAME = "Budget guard"


def budget_lines(event: Event, cohorts: Mapping[str, float], totals: Totals) -> list[Line]:
    """The event's budget first, then those of cohorts, by what totals say (USD, estimate)."""
    worse = totals.forecast.p90.usd if totals.forecast else None
    lines = [Line("", event.budget_usd, totals.spent.usd, totals.committed.usd, worse)]
    for key, budget in sorted(cohorts.items()):
        part = _part(totals, key)
        spent, committed = (part.spent.usd, part.committed.usd) if part else (0.0, 0.0)
        lines.append(Line(key, budget, spent, committed))
    return lines


def _part(totals: Totals, key: str) -> Part | None:
    kind, _, name = key.partition(":")
    return {"office": totals.offices, "cost_centre": totals.cost_centres}.get(kind, {}).get(name)


def tails(
    event: Event, lines: Sequence[Line], totals: Totals, series: Sequence[UsageSample], submission_minutes: float
) -> dict[str, Tail]:
    """What pausing would not stop, by line. What may begin before a pause is seen: twice the largest step between two
    samples of the last hour. `submission_minutes`: one more submission of one racer to every open race."""
    recent = [sample for sample in series if sample.at >= totals.as_of - timedelta(hours=1)]
    asked = [sample.minutes_used + sample.minutes_queued for sample in recent]
    step = max((b - a for a, b in pairwise(asked)), default=0.0)
    starting = at_prices(event.prices, 2 * max(0.0, step)).usd
    found: dict[str, Tail] = {}
    for line in lines:
        part = _part(totals, line.key)
        people = part.profiles if part else totals.profiles
        share = line.used / lines[0].used if line.key and lines[0].used else 1.0
        one_more = at_prices(event.prices, submission_minutes * people).usd
        waiting = (part or totals).waiting.usd if part or not line.key else 0.0
        found[line.key] = Tail(line.committed, starting * min(1.0, share), one_more, waiting)
    return found


class BudgetWatcher:
    """Of one event."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    @property
    def pause_s(self) -> float:
        """Real seconds between two looks: half a minute of event time, at least one."""
        return max(1.0, min(EVERY_S, EVERY_S / max(self.ports.clock.factor, 0.01)))

    def run(self, event: Event, lease: Lease) -> dict[str, Crossing]:
        """One look; what is crossed."""
        store, now = self.ports.store, self.ports.clock.event_now()
        if event.closed_at is not None:
            keep_alarms(store, event.id, KINDS, (), now=now, lease=lease)
            return {}
        series = self.ports.history.usage(event.id, since=now - RECENT)
        found = [*self._of_slots(event, series, now), *self._of_races(event, now)]
        totals = read_totals(store, self.ports.history, event, default=self.ports.racing_default)
        crossings: dict[str, Crossing] = {}
        if totals is not None:
            guard = store.read(event.id, GUARD)
            lines = budget_lines(event, guard.cohorts, totals)
            announced = tails(event, lines, totals, series, self._submission_minutes(event, now))
            store.update(
                event.id, CROSSINGS, lambda kept: judge(guard, lines, kept, now=now, tails=announced), lease=lease
            )
            if totals.age(now) <= self._patience():
                self._pause(event, lines, lease)
            crossings = {**store.read(event.id, CROSSINGS)}
            found += alarms_of(lines, crossings)
        keep_alarms(store, event.id, KINDS, found, now=now, lease=lease)
        return crossings

    # ------------------------------------------------------------------------------------------------ alarms

    def _patience(self) -> timedelta:
        """Ten minutes of event time; in a fast rehearsal so long as a look takes in real time."""
        return max(NO_DATA, timedelta(seconds=SLOW_ROUNDS * self.ports.clock.factor))

    def _of_slots(self, event: Event, series: Sequence[UsageSample], now: datetime) -> list[Alarm]:
        if not self.ports.store.links(event.id):
            return []
        last = series[-1].at if series else None
        seen = [no_data(event, last, now, patience=self._patience())]
        if seen[0] is None and now < event.ends_at:
            seen += [free_slots(event, series), queue_blocked(event, series)]
            seen += self._of_rushes(event, series, now)
        return [alarm for alarm in seen if alarm is not None]

    def _of_rushes(self, event: Event, series: Sequence[UsageSample], now: datetime) -> list[Alarm]:
        """Races that close while trainings have the slots which submissions need."""
        store = self.ports.store
        if not series:
            return []
        races, own = store.races(event.id)[0], store.read(event.id, OWN_RACES)
        kept = race_with_room(store.read(event.id, ROOM), races, store.rows(event.id, FINISHES), own, now)
        load = load_of(series[-1], slots=event.slots, racers=len(store.links(event.id)))
        return short_of_slots(races, own, load, kept, now)

    def _of_races(self, event: Event, now: datetime) -> list[Alarm]:
        """Results that do not come: nothing has moved for an hour, and nobody has declared the result final."""
        found: list[Alarm] = []
        rows = self.ports.store.rows(event.id, FINISHES)
        for race in self.ports.store.races(event.id)[0]:
            kept = rows.get(race.id)
            if kept is None or kept.final_at is not None or kept.closes_at != race.draft.closes_at:
                continue
            since = max(race.draft.closes_at, kept.moved_at or race.draft.closes_at)
            if now - since < STANDS:
                continue
            why = kept.trouble or "What is still on its way does not get on."
            found.append(
                Alarm(
                    "race_unfinished",
                    f"The result of “{race.draft.name}” does not become final",
                    f"Nothing has moved for an hour since its close. {why}",
                    "Look at the race at the service, or declare the result final.",
                    "Leaderboard",
                    subject=race.id,
                    tab="Run the board",
                    level=RED,
                )
            )
        return found

    def _submission_minutes(self, event: Event, now: datetime) -> float:
        races = self.ports.store.races(event.id)[0]
        return float(sum(race.draft.max_minutes for race in races if race.status(now) is RaceStatus.OPEN))

    # ------------------------------------------------------------------------------------------------ pauses

    def _pause(self, event: Event, lines: Sequence[Line], lease: Lease) -> None:
        for crossing in due_pauses(self.ports.store.read(event.id, CROSSINGS), lines):
            job_id = _job_id(event, crossing)
            if not self._exists(job_id) and not self._make(event, crossing, job_id, lease):
                continue  # another pause is under way: at the next look
            self._audit_once(event, crossing, job_id)

            def change(
                kept: Mapping[str, Crossing], crossing: Crossing = crossing, job_id: str = job_id
            ) -> dict[str, Crossing]:
                now = kept.get(crossing.key)
                same = now is not None and now.number == crossing.number
                return {**kept, crossing.key: replace(now, job=job_id)} if now is not None and same else {**kept}

            self.ports.store.update(event.id, CROSSINGS, change, lease=lease)

    def _exists(self, job_id: str) -> bool:
        try:
            self.ports.store.job(job_id)
        except Missing:
            return False
        return True

    def _make(self, event: Event, crossing: Crossing, job_id: str, lease: Lease) -> bool:
        """The job; with nobody left to pause it is one that is done. False: another pause holds its place."""
        store, now = self.ports.store, self.ports.clock.now()
        items = self._whom(event, crossing.line)
        job = Job(
            id=job_id,
            event=event.id,
            kind=PAUSE_JOB,
            target=event.id,
            state=JobState.PLANNED,
            plan={"active": False, "guard": crossing.key},
            total=len(items) or 1,
            undoable=True,
            created_by="system",
            created_by_name=crossing.answered_by or GUARD_NAME,
            created_at=now,
            changed_at=now,
        )
        store.update(event.id, CROSSINGS, lambda kept: {**kept}, lease=lease)  # a fence: nobody newer is at it
        try:
            store.create_job(job, items)
        except Conflict:
            return self._exists(job_id)
        return True

    def _whom(self, event: Event, cohort: str) -> list[JobItem]:
        store = self.ports.store
        paused, links = store.rows(event.id, PAUSED_PROFILES), store.links(event.id)
        return [
            JobItem("", links[person.id].profile, State.TODO, after={"active": False, "attendee": person.id})
            for person in store.attendees(event.id, wanted=True)
            if person.id in links
            and links[person.id].profile not in paused
            and (not cohort or cohort in cohorts_of(person))
        ]

    def _audit_once(self, event: Event, crossing: Crossing, job_id: str) -> None:
        if any(entry.job == job_id for entry in self.ports.store.audit(event.id, limit=AUDITS)):
            return
        self.ports.store.append_audit(
            by_system(
                event.id,
                "usage.pause",
                at=self.ports.clock.now(),
                name=GUARD_NAME,
                target=crossing.line or event.id,
                count=self.ports.store.job(job_id).total,
                after={"share": crossing.share, "used_usd": round(crossing.used, 2), "asked": crossing.answered_by},
                job=job_id,
            )
        )


def _job_id(event: Event, crossing: Crossing) -> str:
    """The same for the same crossing."""
    plain = re.sub(r"[^A-Za-z0-9]+", "-", crossing.key).strip("-")
    moment = f"{crossing.since:%Y%m%d%H%M%S}" if crossing.since else ""
    return f"job-guard-{event.id}-{plain}-{crossing.number}-{moment}"
