"""The crowd of the fleet: simulated racers who accept, train, queue, race, loop, fail and run out of minutes.

Event-driven: each racer has one next decision on a heap, or waits for a job of theirs to end, so a tick costs what
is due and nothing more. Deterministic: every decision draws from a generator made of the seed, the racer
and the number of the decision, so the order of the racers changes nothing of what one racer wants; what is overdue
happens at the tick, so the world ticks the crowd at fixed moments. The crowd knows a racing service only through
`Garage`; which people it moves are the racers that the service reports.
"""

from __future__ import annotations

import heapq
import math
import time
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from random import Random
from typing import Any

from deepracer_admin.rehearsal.shared.garage import (
    EndedJob,
    Garage,
    JobKind,
    OpenRace,
    Racer,
    Refused,
    RetryingGarage,
)

from .behaviour import Behaviour, changed
from .laps import Career, draw_career, drive, first_entry, next_entry
from .member import Entry, Member

__all__ = ["Behaviour", "Crowd"]

LEAST_MINUTES = 10  # deepracer-on-aws.md 1.7: a training or an evaluation runs for 10 to 1,440 minutes
WAITS_S = 40 * 60.0  # practice seconds that a racer waits to race again rather than train another model meanwhile
LONGEST_TRAINING_S = 110 * 60.0  # of those who do not loop, with what it takes to begin
_WAITING: dict[str, JobKind] = {
    "training": "training", "waiting": "training", "evaluating": "evaluation", "submitting": "submission"
}  # fmt: skip
_RESTING = frozenset({"spent", "paused"})


class Crowd:
    """The racers of all garages. `changed`: anything happened since it was set to False. `refusals`: noes by reason."""

    def __init__(self, garages: Mapping[str, Garage], seed: int, behaviour: Behaviour | None = None) -> None:
        self._garages, self._seed = dict(garages), seed
        self._retrying = {name: garage for name, garage in garages.items() if isinstance(garage, RetryingGarage)}
        self.behaviour, self.changed = behaviour or Behaviour(), False
        self.refusals: Counter[str] = Counter()
        self._members: dict[tuple[str, str], Member] = {}
        self._heap: list[tuple[float, str, str, str, int]] = []  # when, luck (before the id, which may vary), who, turn
        self._heard: dict[str, int] = dict.fromkeys(self._garages, 0)
        self._next_scan = -math.inf
        self._going: Generator[None] | None = None

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Changes what racers are like from now on; raises ValueError for an unknown word or an impossible value."""
        self.behaviour = changed(self.behaviour, changes)
        self._next_scan = -math.inf

    def tick(self, now: datetime, budget_s: float = math.inf) -> bool:
        """Moves everybody whose moment has come. Ticks may be far apart: what is overdue happens now.

        False when `budget_s` of real time were over before: the next call goes on there, still at that moment.
        """
        until = time.monotonic() + budget_s
        if self._going is None:
            self._going = self._move(now.timestamp())
        self._let_fail(self.behaviour.failing)
        try:
            for _ in self._going:
                if time.monotonic() >= until:
                    return False
        except BaseException:
            self._going = None
            raise
        finally:
            self._let_fail(0.0)
        self._going = None
        return True

    def _let_fail(self, share: float) -> None:
        for garage in self._garages.values():
            getattr(garage, "let_fail", lambda share: None)(share)  # optional, found by name

    def _move(self, moment: float) -> Generator[None]:
        """All of one tick, in steps that take no time to speak of."""
        for name, garage in self._garages.items():
            for job in garage.ended(self._heard[name]):
                self._heard[name] = job.sequence
                self.changed = True
                self._hear(name, job, moment)
                yield
        if moment >= self._next_scan:
            yield from self._meet_newcomers(moment)
        races = {name: garage.open_races() for name, garage in self._garages.items()} if self._due(moment) else {}
        while self._due(moment):
            _, _, garage, profile_id, turn = heapq.heappop(self._heap)
            member = self._members.get((garage, profile_id))
            if member is not None and member.turn == turn:
                self._decide(member, moment, races[garage])
                self.changed = True
                yield

    def states(self) -> Counter[str]:
        """How many racers are in which state; in the queue is `training`, waiting for capacity is `waiting`."""
        return Counter(member.state for member in self._members.values())

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON."""
        due = {(garage, profile_id, turn): at for at, _, garage, profile_id, turn in self._heap}
        members = [
            [*(getattr(m, name) for name in Member.__slots__), due.get((m.garage, m.profile_id, m.turn))]
            for m in self._members.values()
        ]
        counted = {"heard": dict(self._heard), "refusals": dict(self.refusals)}
        return {"behaviour": asdict(self.behaviour), **counted, "members": members}

    def restore(self, state: dict[str, Any]) -> None:
        """Puts a snapshot back; whoever had a next decision has it at the same moment again."""
        self.behaviour = Behaviour(**state["behaviour"])
        self.refusals = Counter(state["refusals"])
        self._heard = {name: int(state["heard"].get(name, 0)) for name in self._garages}
        self._members, self._heap, self._next_scan, self._going = {}, [], -math.inf, None
        for *plain, races, running, due in state["members"]:
            member = Member(*plain, races={race: Entry(*entry) for race, entry in races.items()})
            member.running = (running[0], Entry(*running[1])) if running else None
            self._members[member.garage, member.profile_id] = member
            if due is not None:
                self._push(member, due)

    def _due(self, moment: float) -> bool:
        return bool(self._heap) and self._heap[0][0] <= moment

    def _random(self, member: Member, purpose: str = "turn") -> Random:
        number = member.turn if purpose == "turn" else 0
        return Random(f"{self._seed}/{member.garage}/{member.chance}/{purpose}/{number}")

    def _schedule(self, member: Member, at: float) -> None:
        member.turn += 1
        self._push(member, at)

    def _push(self, member: Member, at: float) -> None:
        heapq.heappush(self._heap, (at, member.chance, member.garage, member.profile_id, member.turn))

    def _meet_newcomers(self, moment: float) -> Iterator[None]:
        """Looks for racers that the crowd does not know yet; rarer with more racers, for it may read them all."""
        for name, garage in self._garages.items():
            known = {who for (of, who), member in self._members.items() if of == name and member.state != "gone"}
            find = getattr(garage, "newcomers", lambda known, garage=garage: garage.racers())  # optional, found by name
            for racer in find(known):
                again = (name, racer.profile_id) in self._members
                full = bool(self.behaviour.racers) and len(self._members) >= self.behaviour.racers
                if racer.profile_id not in known and (again or not full):
                    self._meet(name, racer, moment)
                yield
        self._next_scan = moment + max(60.0, 0.03 * len(self._members))

    def _meet(self, garage: str, racer: Racer, moment: float) -> None:
        member = Member(garage, racer.profile_id, racer.chance or racer.profile_id, "invited", "steady")
        random, like = self._random(member, "character"), self.behaviour
        kind = random.random()
        delay = random.lognormvariate(math.log(max(0.01, like.accept_median)), like.accept_spread) * 60
        if kind < like.ignoring and not racer.accepted:
            member.kind = member.state = "ignoring"
        elif kind < like.ignoring + like.looping:
            member.kind = "looping"
        elif kind < like.ignoring + like.looping + like.casual:
            member.kind = "casual"
        self._members[garage, racer.profile_id] = member
        self.changed = True
        if member.state != "ignoring":
            self._schedule(member, moment if racer.accepted else max(moment, racer.invited_at.timestamp() + delay))

    def _hear(self, garage: str, job: EndedJob, moment: float) -> None:
        """A job of theirs has ended: after a while they look at it, and race or test the model, or train another
        one. A submission whose job failed was none.
        """
        member = self._members.get((garage, job.profile_id))
        if member is None or _WAITING.get(member.state) != job.kind or job.model_id != member.model_id:
            return
        random = self._random(member)
        member.state, member.intent = "idle", "race"
        if job.kind == "training":
            member.tries = -1
            if not job.succeeded:
                ready = self._garages[garage].ready_models(member.profile_id)
                member.model_id, member.intent = (ready[-1] if ready else ""), "train"
            elif random.random() < self.behaviour.evaluates:
                member.intent = "evaluate"
        elif job.succeeded and member.running is not None:
            member.races[member.running[0]] = member.running[1]
        again_s = 600 if job.kind == "submission" and not job.succeeded else 150
        member.running = None
        reaction = 0.0 if member.kind == "looping" else random.expovariate(1 / again_s)
        self._schedule(member, moment + reaction)

    def _decide(self, member: Member, moment: float, races: Sequence[OpenRace]) -> None:
        """One decision: do what was intended, and fix the moment and the intention of the next one."""
        garage = self._garages[member.garage]
        racer = garage.racer(member.profile_id)
        random = self._random(member)
        try:
            if racer is None:
                member.state = "gone"
            elif not racer.accepted or member.intent == "accept":
                self._accept(member, garage, racer, moment, random)
            elif member.intent == "retry":
                self._look_at_training(member, moment)
            elif member.intent == "evaluate":
                self._evaluate(member, garage, moment)
            elif member.intent == "race":
                self._race_or_pause(member, garage, racer, races, moment, random)
            else:
                self._train(member, garage, racer, moment, random)
        except Refused as refusal:
            self._take_no(member, refusal, moment, random)

    def _accept(self, member: Member, garage: Garage, racer: Racer, moment: float, random: Random) -> None:
        if not racer.accepted:
            garage.accept(member.profile_id)
        member.state, member.intent = "idle", "train"
        self._schedule(member, moment + 60 + random.expovariate(1 / 240))

    def _evaluate(self, member: Member, garage: Garage, moment: float) -> None:
        """Tests the model; refused, they race with it untested."""
        member.intent = "race"
        try:
            garage.evaluate(member.profile_id, member.model_id, LEAST_MINUTES)
            self._await_job(member, "evaluating", moment)
        except Refused as refusal:
            self.refusals[refusal.reason] += 1
            self._schedule(member, moment)

    def _race_or_pause(
        self, member: Member, garage: Garage, racer: Racer, races: Sequence[OpenRace], moment: float, random: Random
    ) -> None:
        """Submits the present model as long as it has tries; otherwise pauses, and trains the next one after that."""
        resting = member.state in _RESTING
        race, later = self._next_race(member, garage, races, moment)
        if race is not None and (resting or member.tries != 0):
            self._submit(member, garage, race, moment, random)
        elif self._holds_back(race_later=later, moment=moment):
            self._schedule(member, later)
        elif resting or member.kind == "looping":
            self._train(member, garage, racer, moment, random)
        elif moment < later <= moment + WAITS_S and member.tries != 0:
            self._schedule(member, later)
        else:
            member.intent = "train"
            mean = self.behaviour.pause * 60 * (4 if member.kind == "casual" else 1)
            self._schedule(member, moment + random.expovariate(1 / max(1.0, mean)))

    def _next_race(
        self, member: Member, garage: Garage, races: Sequence[OpenRace], moment: float
    ) -> tuple[OpenRace | None, float]:
        """The race to submit to now, of several the one with the fewest submissions; and when the next one is due."""
        wanted: list[tuple[int, int, OpenRace]] = []
        later = math.inf
        if not member.model_id:
            return None, later
        for position, race in enumerate(races):
            entry, career = self._standing(member, race)
            full = entry.made >= (1 if race.is_live else career.submissions)
            if full or garage.submissions_left(member.profile_id, race.race_id) < 1:
                continue
            not_before = entry.not_before
            if self.behaviour.rush and not race.is_live:
                luck = self._random(member, f"rush-{race.race_id}")
                not_before = max(not_before, self.behaviour.rushes_at(race.closes_at.timestamp(), luck))
            if not_before <= moment:
                wanted.append((entry.made, position, race))
            else:
                later = min(later, not_before)
        return (min(wanted, key=lambda one: one[:2])[2] if wanted else None), later

    def _holds_back(self, *, race_later: float, moment: float) -> bool:
        """Whoever rushes begins no training that may not end before the deadline: then they could hand nothing in."""
        return self.behaviour.rush > 0 and moment < race_later <= moment + LONGEST_TRAINING_S

    def _standing(self, member: Member, race: OpenRace) -> tuple[Entry, Career]:
        """What the racer has done in a race, and all that they will ever do there."""
        random = self._random(member, race.race_id)
        career = draw_career(random)
        entry = member.races.get(race.race_id)
        if entry is None:
            opens, closes = race.opened_at.timestamp(), race.closes_at.timestamp()
            entry = Entry(not_before=0 if race.is_live else first_entry(career, opens, closes, random))
        return entry, career

    def _submit(self, member: Member, garage: Garage, race: OpenRace, moment: float, random: Random) -> None:
        """Submits the present model. The entry to a live race waits for the organizer, and the racer goes on."""
        entry, career = self._standing(member, race)
        left = career.submissions - entry.made
        lap_count = max(1, race.minimum_laps)
        result = drive(career, entry.made, entry.best_ms or None, race.track_id, lap_count, random)
        garage.submit(member.profile_id, race.race_id, member.model_id, result)
        best_ms = entry.best_ms
        if len(result.laps_ms) >= lap_count:
            best_ms = min(best_ms or result.average_ms, result.average_ms)
        opens, closes = race.opened_at.timestamp(), race.closes_at.timestamp()
        # Whoever is not on the board yet tries again as soon as they can.
        again = next_entry(moment, left - 1, opens, closes, random) if best_ms else moment
        entry = Entry(entry.made + 1, best_ms, again)
        if race.is_live:
            member.races[race.race_id], member.state = entry, "idle"
            self._schedule(member, moment + random.expovariate(1 / 150))
            return
        # A third of what is left with each model, for an event's day holds only a few models a racer.
        member.tries = (math.ceil(left / 3) if member.tries < 0 else max(1, member.tries)) - 1
        member.running = (race.race_id, entry)
        self._await_job(member, "submitting", moment)

    def _train(self, member: Member, garage: Garage, racer: Racer, moment: float, random: Random) -> None:
        """Trains the next model as long as they like, or, refused, with the minutes that are left. Whoever rests looks
        at their quota before they ask again.
        """
        if member.state in _RESTING and (racer.paused or racer.minutes_free < LEAST_MINUTES or racer.models_free < 1):
            self._rest(member, "paused" if racer.paused else "spent", moment, random)
            return
        name = f"model-{member.models + 1}"
        try:
            member.model_id = garage.train(member.profile_id, name, _training_minutes(member, random))
        except Refused as refusal:
            if refusal.reason != "minutes" or racer.minutes_free < LEAST_MINUTES:
                raise
            self.refusals[refusal.reason] += 1
            member.model_id = garage.train(member.profile_id, name, int(racer.minutes_free))
        member.models += 1
        self._await_training(member, moment)

    def _await_training(self, member: Member, moment: float) -> None:
        """Where it may wait for capacity, the racer looks at it again and again until it runs, by a habit of theirs."""
        garage = self._retrying.get(member.garage)
        stands = garage.stands(member.profile_id, member.model_id) if garage else "sure"
        if stands == "over":
            member.state, member.intent = "idle", "train"
            self._schedule(member, moment + 60)
            return
        if stands == "sure":
            self._await_job(member, "training", moment)
            return
        member.state, member.intent = ("waiting" if stands == "waiting" else "training"), "retry"
        habit = self.behaviour.look_every(self._random(member, "habit"))
        self._schedule(member, moment + max(60.0, self._random(member, f"look-{member.turn}").expovariate(1 / habit)))

    def _look_at_training(self, member: Member, moment: float) -> None:
        """Press Retry if it waits."""
        garage = self._retrying[member.garage]
        if garage.stands(member.profile_id, member.model_id) == "waiting":
            garage.retry(member.profile_id, member.model_id)
        self._await_training(member, moment)

    def _await_job(self, member: Member, state: str, moment: float) -> None:
        """Nothing to decide until the job ends; should the news of it get lost, the racer looks again after a day."""
        member.state, member.intent = state, "race"
        self._schedule(member, moment + 24 * 3600)

    def _rest(self, member: Member, state: str, moment: float, random: Random) -> None:
        """Stops, and looks now and then whether the organizer has raised the quota, resumed or opened a race."""
        member.state, member.intent = state, "race"
        self._schedule(member, moment + 60 * random.uniform(8, 16))

    def _take_no(self, member: Member, refusal: Refused, moment: float, random: Random) -> None:
        self.refusals[refusal.reason] += 1
        if refusal.reason in ("minutes", "models"):
            self._rest(member, "spent", moment, random)
        elif refusal.reason == "paused":
            self._rest(member, "paused", moment, random)
        else:
            self._rest(member, "idle", moment, random)
            if refusal.reason in ("not_ready", "unknown"):
                member.intent = "train"
            if refusal.reason == "unknown":
                member.model_id = ""


def _training_minutes(member: Member, random: Random) -> int:
    if member.kind == "looping":
        return random.randrange(240, 481, 30)
    if member.models == 0:
        return random.choice((10, 15, 15, 20, 20, 30))
    return random.choice((15, 20, 30, 30, 45, 60, 90))
