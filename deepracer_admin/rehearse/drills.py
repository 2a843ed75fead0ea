"""The drills by name: a rush at the deadline, a lost quota, a month that ends, services that do not answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from deepracer_admin.errors import BadInput
from deepracer_admin.model import Quota, Race
from deepracer_admin.records.onboarding import TROUBLE
from deepracer_admin.records.race_room import ROOM_NOW
from deepracer_admin.records.rehearsed import Count
from deepracer_admin.rehearse.drill import Drill, Quiet, Scene, compare_minutes
from deepracer_admin.rehearse.overspending import Overspending
from deepracer_admin.rehearse.plan import Plan
from deepracer_admin.rehearse.practice import Controls
from deepracer_admin.services.races.finish import finality_of

__all__ = ["DRILLS", "drill_of"]

NEWEST = "1.3.1"
RUSH = timedelta(minutes=15)
LONGEST_TAIL = timedelta(hours=12)  # at 15 jobs a minute: 10,800 submissions
DOWN = timedelta(minutes=30)
SERVICES = ("deepracer", "cognito-idp", "cognito-identity")


class DeadlineRush(Quiet):
    """Everybody hands in during the last quarter of an hour, while trainings fill the slots; the console may keep room
    in the last hours, and is watched until the last result is in and the limits are given back.
    """

    name = "deadline-rush"

    def __init__(self) -> None:
        self._at_rush: dict[str, int] = {}
        self._at_close: dict[str, int] = {}
        self._too_early = 0
        self._last_seen_at: datetime | None = None
        self._held = 0
        self._began_at: datetime | None = None
        self._taken: dict[str, int] = {}
        self._limits: dict[str, Quota | None] = {}

    def fit(self, plan: Plan) -> Plan:
        return replace(super().fit(plan), version=NEWEST)

    def begin(self, scene: Scene) -> None:
        scene.world.ask("fleet", {"rush": 1.0})
        self._limits = {each.id: each.quota for each in scene.console.store.profiles(scene.event.id)[0]}
        scene.console.first.races.room_rule(scene.organizer, scene.plan.room)

    def look(self, scene: Scene, now: datetime) -> None:
        room = scene.console.store.read(scene.event.id, ROOM_NOW)
        self._held = max(self._held, room.held)
        if room.race and self._began_at is None:
            self._began_at = room.since
        if now < scene.event.ends_at - RUSH:
            return
        truth = scene.truth
        made = {"submissions": truth["submissions"], "ended": truth["job_tally"].get("ended.submission", 0)}
        self._at_rush = self._at_rush or made
        taken = {"running": truth["jobs"]["running"], "waiting": truth["waiting_for_capacity"]}
        self._taken = self._taken or taken
        if now < scene.event.ends_at:
            self._at_close = made
            return
        if truth["submissions_on_the_way"]:
            self._last_seen_at = now
            race = _race(scene)
            self._too_early += race is not None and _says_final(scene, race)

    def is_through(self, scene: Scene, now: datetime) -> bool:
        if now > scene.event.ends_at + LONGEST_TAIL:
            return True
        race, room = _race(scene), scene.console.store.read(scene.event.id, ROOM_NOW)
        settled = race is None or _says_final(scene, race)
        return settled and not scene.truth["submissions_on_the_way"] and not room.race and not room.held

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        truth, race = scene.truth, _race(scene)
        tally, close = truth["job_tally"], self._at_close
        tail = (self._last_seen_at - scene.event.ends_at).total_seconds() / 60 if self._last_seen_at else 0.0
        began = (scene.event.ends_at - self._began_at).total_seconds() / 3600 if self._began_at else 0.0
        now = {each.id: each.quota for each in scene.console.ports_of(scene.event.id).racing().profiles()}
        return {
            "room_hours": scene.plan.room,
            "room_began_h_before_the_close": round(began, 2),
            "slots": truth["quotas"]["slots"],
            "jobs_on_slots_before_the_rush": self._taken.get("running", 0),
            "models_waiting_before_the_rush": self._taken.get("waiting", 0),
            "most_people_held_back": self._held,
            "limits_not_given_back": sum(now.get(key) != limit for key, limit in self._limits.items()),
            "submissions": truth["submissions"],
            "submissions_in_the_last_15_min": close.get("submissions", 0) - self._at_rush.get("submissions", 0),
            "failed_for_want_of_a_slot": tally.get("lacked.submission", 0),
            "of_these_while_nobody_trained": tally.get("crowded.submission", 0),
            "ended_after_the_close": tally.get("ended.submission", 0) - close.get("ended", 0),
            "last_result_min_after_the_close": round(tail, 1),
            "still_on_the_way": truth["submissions_on_the_way"],
            "times_called_final_too_early": self._too_early,
            "is_final": race is not None and _says_final(scene, race),
            **(_compare_board(scene, race) if race else {}),
        }


class LostQuota(Quiet):
    """In the middle of the event the account has a quarter of its slots, for a quarter of the event."""

    name = "lost-quota"

    def __init__(self) -> None:
        self._slots = self._left = 0
        self._most_waiting = self._most_people = self._above = 0
        self._idle_min = 0.0
        self._looked_at: datetime | None = None
        self._running = 0

    def begin(self, scene: Scene) -> None:
        told = scene.world.ask("capacity").json()
        self._slots, self._left = told["slots"], max(1, told["slots"] // 4)
        now, keep = scene.world.now(), {"per_type": told["per_type"], "total": told["total"]}
        if now < scene.at(0.65):
            lost = {"per_type": self._left + told["others"], "at": scene.at(0.4).isoformat()}
            scene.world.ask("capacity", lost)
            scene.world.ask("capacity", {**keep, "at": scene.at(0.65).isoformat()})

    def look(self, scene: Scene, now: datetime) -> None:
        truth = scene.truth
        running, slots = truth["jobs"]["running"], truth["quotas"]["slots"]
        waiting = truth["waiting_for_capacity"] + truth["jobs"]["waiting"]
        self._most_waiting = max(self._most_waiting, waiting)
        self._most_people = max(self._most_people, truth["racers"].get("waiting", 0))
        self._above += running > slots and running > self._running
        if self._looked_at is not None and waiting and running < slots:
            self._idle_min += (slots - running) * (now - self._looked_at).total_seconds() / 60
        self._running, self._looked_at = running, now

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        truth = scene.truth
        tally = truth["job_tally"]
        return {
            "slots": self._slots,
            "slots_while_lost": self._left,
            "most_slots_used": truth["most_slots_used"],
            "started_beyond_the_quota": self._above,
            "most_jobs_waiting": self._most_waiting,
            "most_people_waiting": self._most_people,
            "idle_slot_hours_while_jobs_waited": round(self._idle_min / 60, 1),
            "retries": tally.get("retries", 0),
            "retries_in_vain": tally.get("retries_in_vain", 0),
            "sent_back": tally.get("lacked.training", 0),
            "evaluations_failed": tally.get("lacked.evaluation", 0),
            "submissions_failed": tally.get("lacked.submission", 0),
            "never_trained": truth["never_trained"],
            "slot_hours": round(truth["slot_hours"], 2),
            **compare_minutes(scene),
        }


class MonthlyReset(Quiet):
    """The first of the month lies in the middle of the event, and the service forgets what was used."""

    name = "monthly-reset"

    def fit(self, plan: Plan) -> Plan:
        if plan.hours < 6:
            raise BadInput("--drill monthly-reset: give --hours of 6 or more, for the reset may take four hours.")
        return super().fit(plan)

    def before_the_event(self, world: Controls, plan: Plan) -> None:
        """Event time goes on to where the reset, at any moment of its four hours, falls into the event."""
        now = world.now().astimezone(UTC)
        begin = _next_month(now) + timedelta(hours=2 - plan.hours / 2)
        if begin <= now:
            begin = _next_month(_next_month(now)) + timedelta(hours=2 - plan.hours / 2)
        world.ask("clock", {"advance_s": (begin - now).total_seconds()})

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        same = compare_minutes(scene)
        books = {each["profile_id"]: each for each in scene.world.ask("books").json()["profiles"]}
        mine = {link.profile for link in scene.console.store.links(scene.event.id).values()}
        ran = sum(sum(each["ran"].values()) for key, each in books.items() if key in mine)
        shown = scene.console.history.usage(scene.event.id, points=3)
        counted, unsure = (shown[-1].minutes_used, shown[-1].minutes_unsure) if shown else (0.0, 0.0)
        during = [at for at in scene.truth["resets"] if at >= scene.event.starts_at.timestamp()]
        return {
            "resets": len(during),
            "hours_that_ran": round(ran / 60, 3),
            "hours_counted": round(counted / 60, 3),
            "hours_counted_at_most": round((counted + unsure) / 60, 3),
            "truth_in_range": counted - 1e-6 <= ran <= counted + unsure + 1e-6,
            "hours_of_the_service_at_the_end": round(sum(books[key]["used"] for key in mine & books.keys()) / 60, 3),
            **same,
        }


class Outage(Quiet):
    """The racing service does not answer for half an hour, and later nobody of the console works for as long."""

    name = "outage"

    def __init__(self) -> None:
        self._armed: list[int] = []
        self._back_at: datetime | None = None
        self._away_until: datetime | None = None
        self._told: set[str] = set()
        self._told_after: timedelta | None = None
        self._was_down = self._was_away = False

    def look(self, scene: Scene, now: datetime) -> None:
        if not self._was_down and now >= scene.at(0.35):
            self._was_down, self._back_at = True, now + DOWN
            asked = [{"service": name, "name": "down"} for name in SERVICES]
            self._armed = [scene.world.ask("faults", each).json()["id"] for each in asked]
            scene.say("The racing service does not answer any more.")
        if self._armed and self._back_at is not None:
            trouble = self._trouble(scene)
            if trouble - self._told and self._told_after is None:
                self._told_after = now - (self._back_at - DOWN)
            self._told |= trouble
            if now >= self._back_at:
                scene.world.disarm(self._armed)
                self._armed = []
        if not self._was_away and now >= scene.at(0.7):
            self._was_away, self._away_until = True, now + DOWN
            scene.crew.stop()
            scene.say("Nobody of the console works.")
        if self._away_until is not None and now >= self._away_until:
            scene.crew.start()
            self._away_until = None

    def is_through(self, scene: Scene, now: datetime) -> bool:
        return not self._armed and self._away_until is None

    def _trouble(self, scene: Scene) -> set[str]:
        return {sentence for sentence in scene.console.store.read(scene.event.id, TROUBLE).values() if sentence}

    def counts(self, scene: Scene) -> Mapping[str, Count]:
        samples = [each.at for each in scene.console.history.usage(scene.event.id, points=100_000)]
        gaps = [(after - before).total_seconds() / 60 for before, after in pairwise(samples)]
        truth = scene.truth
        said = self._told_after
        return {
            "outage_min": DOWN.total_seconds() / 60,
            "samples": len(samples),
            "longest_gap_min": round(max(gaps, default=0.0), 1),
            "said_so_after_min": None if said is None else round(said.total_seconds() / 60, 1),
            "troubles_left": len(self._trouble(scene)),
            "mails_duplicate": truth["mails_duplicate"],
            **compare_minutes(scene),
        }


DRILLS: Mapping[str, type[Quiet]] = {
    each.name: each for each in (DeadlineRush, LostQuota, MonthlyReset, Outage, Overspending)
}


def drill_of(name: str) -> Drill:
    """A fresh drill; "" is a quiet day. Raises BadInput."""
    if name and name not in DRILLS:
        raise BadInput(f"--drill: give one of {', '.join(DRILLS)}.")
    return DRILLS[name]() if name else Quiet()


def _next_month(moment: datetime) -> datetime:
    year, month = (moment.year + 1, 1) if moment.month == 12 else (moment.year, moment.month + 1)
    return datetime(year, month, 1, tzinfo=UTC)


def _race(scene: Scene) -> Race | None:
    races = scene.console.store.races(scene.event.id)[0]
    return races[0] if races else None


def _says_final(scene: Scene, race: Race) -> bool:
    """Does the console call the result of this race final?"""
    return finality_of(scene.console.store, scene.event, race, scene.console.clock.event_now()).is_final


def _compare_board(scene: Scene, race: Race) -> dict[str, Count]:
    """The board that the console keeps against the service's own, row by row."""
    kept, _ = scene.console.history.standings(scene.event.id, race.id)
    own = list(scene.console.ports_of(scene.event.id).racing().standings(race.id))
    pairs = zip(kept, own, strict=False)
    differ = sum((one.rank, one.alias, one.score_ms) != (two.rank, two.alias, two.score_ms) for one, two in pairs)
    return {"board_rows": len(own), "board_rows_that_differ": differ + abs(len(kept) - len(own))}
