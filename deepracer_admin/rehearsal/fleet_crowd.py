"""The crowd of the fleet: simulated racers who accept, train, queue, race, loop, fail and run out of minutes.

Event-driven: each racer has one next decision on a heap, or waits for a job of theirs to end, so a tick costs what
is due and nothing more. Deterministic: every decision draws from a generator made of the seed, the racer
and the number of the decision, so neither the length of a tick nor the order of the racers changes what one racer
wants. The crowd knows a racing service only through `Garage`; which people it moves are the racers that the service
reports.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from random import Random
from typing import Any

from .fleet_laps import draw_career, drive
from .garage import EndedJob, Garage, OpenRace, Racer, Refused

__all__ = ["Behaviour", "Crowd"]

LEAST_MINUTES = 10  # deepracer-on-aws.md 1.7: a training or an evaluation runs for 10 to 1,440 minutes
_SHARES = frozenset({"ignoring", "looping", "casual", "evaluates"})
_WAITING = frozenset({"training", "evaluating", "submitting"})


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What racers are like; shares are 0..1 of all racers, durations are practice minutes.

    `racers`: at most so many move at all (0 = everybody). `accept_median` and `accept_spread`: lognormal delay from
    the invitation to the first sign-in (12 and 0.9: 96 of 100 within the hour). `ignoring`: never sign in.
    `looping`: train the longest allowed model again and again without a pause. `casual`: long pauses. `evaluates`:
    share of models that are evaluated before they race. `pause`: mean pause between two models of an ordinary
    racer.
    """

    racers: int = 0
    accept_median: float = 12.0
    accept_spread: float = 0.9
    ignoring: float = 0.03
    looping: float = 0.04
    casual: float = 0.20
    evaluates: float = 0.25
    pause: float = 8.0


@dataclass(slots=True)
class _Member:
    """One racer's place in the fleet; `turn` numbers the decisions and voids heap entries of an earlier one."""

    garage: str
    profile_id: str
    state: str  # invited, ignoring, idle, training, evaluating, submitting, spent, paused, gone
    kind: str  # steady, casual, looping, ignoring
    turn: int = 0
    models: int = 0
    model_id: str = ""
    tries: int = 0  # submissions left with the present model
    intent: str = "accept"  # what the next decision is about: accept, train, evaluate, race
    races: dict[str, tuple[int, int]] = field(default_factory=dict)  # race id -> submissions made, best average ms or 0


class Crowd:
    """The racers of all garages. `changed` tells since when it was last set to False whether anything happened."""

    def __init__(self, garages: Mapping[str, Garage], seed: int, behaviour: Behaviour | None = None) -> None:
        self._garages = dict(garages)
        self._seed = seed
        self.behaviour = behaviour or Behaviour()
        self.changed = False
        self._members: dict[tuple[str, str], _Member] = {}
        self._heap: list[tuple[float, str, str, int]] = []
        self._heard: dict[str, int] = dict.fromkeys(self._garages, 0)
        self._next_scan = -math.inf

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Changes what racers are like from now on; raises ValueError for an unknown word or an impossible value."""
        known = asdict(self.behaviour)
        for word, value in changes.items():
            if word not in known:
                raise ValueError(f"The fleet knows {', '.join(known)}, not {word}.")
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
                raise ValueError(f"{word} is a number of zero or more.")
            if word in _SHARES and value > 1:
                raise ValueError(f"{word} is a share from 0 to 1.")
        self.behaviour = replace(self.behaviour, **changes)
        self._next_scan = -math.inf

    def tick(self, now: datetime) -> None:
        """Moves everybody whose moment has come. Ticks may be far apart: what is overdue happens now."""
        moment = now.timestamp()
        for name, garage in self._garages.items():
            for job in garage.ended(self._heard[name]):
                self._heard[name] = job.sequence
                self.changed = True
                self._hear(name, job, moment)
        if moment >= self._next_scan:
            self._meet_newcomers(moment)
        races = {name: garage.open_races() for name, garage in self._garages.items()} if self._due(moment) else {}
        while self._due(moment):
            _, garage, profile_id, turn = heapq.heappop(self._heap)
            member = self._members.get((garage, profile_id))
            if member is not None and member.turn == turn:
                self._decide(member, moment, races[garage])
                self.changed = True

    def states(self) -> Counter[str]:
        """How many racers are in which state; `training` includes those who wait in the service's queue."""
        return Counter(member.state for member in self._members.values())

    def snapshot(self) -> dict[str, Any]:
        """The whole state as JSON."""
        due = {(garage, profile_id, turn): at for at, garage, profile_id, turn in self._heap}
        members = [
            [*(getattr(m, name) for name in _Member.__slots__), due.get((m.garage, m.profile_id, m.turn))]
            for m in self._members.values()
        ]
        return {"behaviour": asdict(self.behaviour), "heard": dict(self._heard), "members": members}

    def restore(self, state: dict[str, Any]) -> None:
        """Puts a snapshot back; whoever had a next decision has it at the same moment again."""
        self.behaviour = Behaviour(**state["behaviour"])
        self._heard = {name: int(state["heard"].get(name, 0)) for name in self._garages}
        self._members, self._heap, self._next_scan = {}, [], -math.inf
        for *fields, due in state["members"]:
            *plain, races = fields
            member = _Member(*plain, races={race: (made, best) for race, (made, best) in races.items()})
            self._members[member.garage, member.profile_id] = member
            if due is not None:
                heapq.heappush(self._heap, (due, member.garage, member.profile_id, member.turn))

    def _due(self, moment: float) -> bool:
        return bool(self._heap) and self._heap[0][0] <= moment

    def _random(self, member: _Member, purpose: str = "turn") -> Random:
        number = member.turn if purpose == "turn" else 0
        return Random(f"{self._seed}/{member.garage}/{member.profile_id}/{purpose}/{number}")

    def _schedule(self, member: _Member, at: float) -> None:
        member.turn += 1
        heapq.heappush(self._heap, (at, member.garage, member.profile_id, member.turn))

    def _meet_newcomers(self, moment: float) -> None:
        """Looks for racers that the crowd does not know yet; rarer with more racers, for it reads them all."""
        for name, garage in self._garages.items():
            for racer in garage.racers():
                known = self._members.get((name, racer.profile_id))
                full = bool(self.behaviour.racers) and len(self._members) >= self.behaviour.racers
                if not full if known is None else known.state == "gone":
                    self._meet(name, racer, moment)
        self._next_scan = moment + max(60.0, 0.03 * len(self._members))

    def _meet(self, garage: str, racer: Racer, moment: float) -> None:
        member = _Member(garage, racer.profile_id, "invited", "steady")
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
        one.
        """
        member = self._members.get((garage, job.profile_id))
        if member is None or member.state not in _WAITING or job.model_id != member.model_id:
            return
        random = self._random(member)
        member.state, member.intent = "idle", "race"
        if job.kind == "training":
            member.tries = random.choice((1, 1, 2, 2, 3, 4)) if job.succeeded else 0
            if not job.succeeded:
                member.intent = "train"
            elif random.random() < self.behaviour.evaluates:
                member.intent = "evaluate"
        reaction = 0.0 if member.kind == "looping" else random.expovariate(1 / 150)
        self._schedule(member, moment + reaction)

    def _decide(self, member: _Member, moment: float, races: Sequence[OpenRace]) -> None:
        """One decision: do what was intended, and fix the moment and the intention of the next one."""
        garage = self._garages[member.garage]
        racer = garage.racer(member.profile_id)
        if racer is None:
            member.state = "gone"
            return
        random = self._random(member)
        try:
            if not racer.accepted or member.intent == "accept":
                self._accept(member, garage, racer, moment, random)
            elif member.intent == "evaluate":
                self._evaluate(member, garage, racer, moment, random)
            elif member.intent == "race":
                self._race_or_pause(member, garage, racer, races, moment, random)
            else:
                self._train(member, garage, racer, moment, random)
        except Refused as refusal:
            self._take_no(member, refusal, moment, random)

    def _accept(self, member: _Member, garage: Garage, racer: Racer, moment: float, random: Random) -> None:
        if not racer.accepted:
            garage.accept(member.profile_id)
        member.state, member.intent = "idle", "train"
        self._schedule(member, moment + 60 + random.expovariate(1 / 240))

    def _evaluate(self, member: _Member, garage: Garage, racer: Racer, moment: float, random: Random) -> None:
        member.intent = "race"
        if racer.minutes_free < LEAST_MINUTES or racer.paused:
            self._schedule(member, moment)
            return
        garage.evaluate(member.profile_id, member.model_id, LEAST_MINUTES)
        self._await_job(member, "evaluating", moment)

    def _race_or_pause(
        self, member: _Member, garage: Garage, racer: Racer, races: Sequence[OpenRace], moment: float, random: Random
    ) -> None:
        """Submits the present model as long as it has tries; otherwise pauses, and trains the next one after that."""
        if member.tries > 0 and self._submit(member, garage, races, random):
            self._await_job(member, "submitting", moment)
        elif member.state in ("spent", "paused") or member.kind == "looping":
            self._train(member, garage, racer, moment, random)
        else:
            member.intent = "train"
            mean = self.behaviour.pause * 60 * (4 if member.kind == "casual" else 1)
            self._schedule(member, moment + random.expovariate(1 / max(1.0, mean)))

    def _submit(self, member: _Member, garage: Garage, races: Sequence[OpenRace], random: Random) -> bool:
        """Submits the present model to the race that this racer has submitted to least; False when there is none."""
        wanted: list[tuple[int, int, OpenRace]] = []
        for position, race in enumerate(races):
            made = member.races.get(race.race_id, (0, 0))[0]
            career = draw_career(self._random(member, race.race_id))
            if made < career.submissions and garage.submissions_left(member.profile_id, race.race_id) >= 1:
                wanted.append((made, position, race))
        if not wanted:
            return False
        race = min(wanted, key=lambda entry: entry[:2])[2]
        career = draw_career(self._random(member, race.race_id))
        made, best_ms = member.races.get(race.race_id, (0, 0))
        lap_count = max(1, race.minimum_laps)
        result = drive(career, made, best_ms or None, race.track_id, lap_count, random)
        member.tries -= 1
        garage.submit(member.profile_id, race.race_id, member.model_id, result)
        if len(result.laps_ms) >= lap_count:
            best_ms = min(best_ms or result.average_ms, result.average_ms)
        member.races[race.race_id] = (made + 1, best_ms)
        return True

    def _train(self, member: _Member, garage: Garage, racer: Racer, moment: float, random: Random) -> None:
        """Trains the next model with minutes that the quota still allows, or rests when nothing is allowed."""
        if racer.paused:
            self._rest(member, "paused", moment, random)
        elif racer.minutes_free < LEAST_MINUTES or racer.models_free < 1:
            self._rest(member, "spent", moment, random)
        else:
            minutes = int(min(_training_minutes(member, random), racer.minutes_free))
            member.model_id = garage.train(member.profile_id, f"model-{member.models + 1}", minutes)
            member.models += 1
            self._await_job(member, "training", moment)

    def _await_job(self, member: _Member, state: str, moment: float) -> None:
        """Nothing to decide until the job ends; should the news of it get lost, the racer looks again after a day."""
        member.state, member.intent = state, "race"
        self._schedule(member, moment + 24 * 3600)

    def _rest(self, member: _Member, state: str, moment: float, random: Random) -> None:
        """Stops, and looks now and then whether the organizer has raised the quota, resumed or opened a race."""
        member.state, member.intent = state, "race"
        self._schedule(member, moment + 60 * random.uniform(8, 16))

    def _take_no(self, member: _Member, refusal: Refused, moment: float, random: Random) -> None:
        if refusal.reason in ("minutes", "models"):
            self._rest(member, "spent", moment, random)
        elif refusal.reason == "paused":
            self._rest(member, "paused", moment, random)
        else:
            self._rest(member, "idle", moment, random)
            member.intent = "train" if refusal.reason == "not_ready" else member.intent


def _training_minutes(member: _Member, random: Random) -> int:
    if member.kind == "looping":
        return 60
    if member.models == 0:
        return random.choice((10, 15, 15, 20, 20, 30))
    return random.choice((15, 20, 30, 30, 45, 60, 90))
