"""The people of all simulated events: what each intends next, and what they have used. Arrays, one place a person.

Persons of one run stand beside each other. A person has one thing under way: a decision, a wait, or a job.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from deepracer_admin.rules.capacity.draws import Draws, Floats, Ints
from deepracer_admin.rules.capacity.plan import LEAST_MINUTES, Plan

__all__ = ["DECIDES", "EVALUATION", "QUEUED", "RACE", "RUNS_JOB", "SUBMISSION", "TRAIN", "TRAINING", "WAITS", "Crowd"]

DECIDES, WAITS, QUEUED, RUNS_JOB = 0, 1, 2, 3  # `state`: WAITS is for a Retry
TRAIN, EVALUATE, RACE = 0, 1, 2  # `intent`
TRAINING, EVALUATION, SUBMISSION = 0, 1, 2  # `job`
STEADY, CASUAL, LOOPING = 0, 1, 2

_REACTION_MIN = 2.5  # assumption: mean minutes until somebody looks at a job that has ended
_FAILED_MIN = 10.0  # assumption: the same, of a submission that failed for want of a slot
_SIGN_IN_MIN = 4.0  # assumption: mean minutes from the first sign-in to the first training
_PATIENCE_MIN = 40.0  # assumption: so long somebody waits to race again rather than train another model meanwhile
_AGAIN_MIN = 1.5  # assumption: mean minutes between two presses of somebody whose turn it is
_RETRY_ENDS = (2.0, 1_440.0)  # from minutes to a day
_AGAIN = 0.2  # assumption: share of submissions that do not finish and are made again at once
# Minutes of trainings, over the mean of those after the first: the choices that the website offers are round.
_FIRST = np.array([10, 15, 15, 20, 20, 30]) / 41.4
_LATER = np.array([15, 20, 30, 30, 45, 60, 90]) / 41.4
_LOOP_MIN = (240, 481, 30)
# Share of racers with at most so many submissions, over their mean of 4.5 (a public league race over the year 2025).
_MOST = np.array([0.0, 1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 40, 100]) / 4.5
_SHARE = np.array([0.0, 0.347, 0.497, 0.591, 0.663, 0.712, 0.753, 0.812, 0.855, 0.917, 0.952, 0.979, 0.99, 1.0])
_LATE_FEW, _LATE_MANY, _LATEST = 0.5, 0.2, 0.85  # shares whose first submission waits, and until when (of the window)
_RUSH, _RUSH_SHARE = 4.0, 0.1  # submissions of the window's last tenth come so many times as fast
_DAY_MIN = 1_440.0


class Crowd:
    """Everybody. `at`: the minute of the next thing of each (inf: nothing comes); what it is, `state` says."""

    def __init__(self, plan: Plan, runs: int, *, limits: tuple[float, float] | None = None) -> None:
        """`limits`: minutes and models of a person to begin with, where they are less than the plan's."""
        habits, count = plan.habits, runs * plan.people
        self.plan, self.runs, self.window = plan, runs, plan.window_h * 60
        self.run = np.repeat(np.arange(runs), plan.people)
        self.draws = Draws(plan.seed, count)
        everybody = np.arange(count)
        self.turn = np.zeros(count, dtype=np.int64)  # numbers the decisions of each
        self._unsure(plan, runs)
        kind = self.draws.uniform(everybody, 0, 1)
        looping = habits.no_show + habits.looping * self._factor("looping")
        casual = looping + habits.casual * self._factor("casual")
        self.kind = np.where(kind < looping, LOOPING, np.where(kind < casual, CASUAL, STEADY))
        self.comes = kind >= habits.no_show
        self._place(everybody)
        first = plan.arrivals.median_min * self._factor("arrivals")
        first = first * np.exp(plan.arrivals.spread * self.draws.normal(everybody, 0, 2))
        first = first + 1 + _SIGN_IN_MIN * self.draws.exponential(everybody, 0, 4)
        self.at = np.where(self.comes, self.awake(everybody, first), np.inf)
        self.state = np.zeros(count, dtype=np.int64)
        self.intent = np.full(count, TRAIN)
        self.job = np.zeros(count, dtype=np.int64)
        quota = math.inf if plan.hours_per_person < 0 else plan.hours_per_person * 60
        models = math.inf if plan.models_per_person < 0 else plan.models_per_person
        self.most_min, self.most_models = np.full(runs, quota), np.full(runs, float(models))
        self.quota = quota, float(models)
        if limits is not None:
            self.most_min, self.most_models = np.full(runs, limits[0]), np.full(runs, limits[1])
        self.polls = limits is not None  # whoever is spent looks again whether there is more
        self.taken = np.zeros(count)  # minutes used and queued, as a limit counts them
        self.made = np.zeros(count)  # models
        self.asked = np.zeros(count)  # minutes of the job under way
        self.runs_min = np.zeros(count)  # minutes that it will run
        self.breaks = np.zeros(count, dtype=bool)  # will it fail on the way?
        self.since = np.full(count, np.nan)  # a training waits for its slot since
        self.waited, self.trainings = np.zeros(count), np.zeros(count)
        self.asked_ever, self.trained = np.zeros(count, dtype=bool), np.full(count, np.inf)
        self.ready, self.resting = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self.told_at, self.turn_until = np.full(count, -np.inf), np.full(count, -np.inf)  # fair waves: see waves.py
        self._race(everybody)
        self.pause_min = plan.arrivals.pause_min * self._factor("pause") * np.where(self.kind == CASUAL, 4, 1)
        self.training_min = habits.training_min * self._factor("length")
        self.evaluates = habits.evaluates * self._factor("evaluates")
        self.retry_min = habits.retry_min * self._factor("retry", 2.0)
        self.retry_min = self.retry_min * np.exp(habits.retry_spread * self.draws.normal(everybody, 0, 12))
        self.retry_min = np.clip(self.retry_min, *_RETRY_ENDS)

    # what they are like

    def _unsure(self, plan: Plan, runs: int) -> None:
        """Draw by how much each run differs from what is assumed."""
        events, draws = np.arange(runs), Draws(plan.seed, runs, salt=1)
        words = ("looping", "casual", "arrivals", "pause", "length", "evaluates", "submissions", "retry")
        self._drawn = {word: draws.normal(events, 0, 2 * place) for place, word in enumerate(words)}

    def _factor(self, word: str, times: float = 1.0) -> Floats:
        """For everybody: the factor of their run."""
        return np.exp(times * self.plan.habits.unsure * self._drawn[word])[self.run]

    def _place(self, everybody: Ints) -> None:
        """Whose local time is how far ahead (minutes), and who races at weekends."""
        edges = np.cumsum([share for share, _ in self.plan.arrivals.regions])
        region = np.searchsorted(edges, self.draws.uniform(everybody, 0, 5), side="right")
        ahead = np.array([hours * 60 for _, hours in self.plan.arrivals.regions])
        self._ahead = ahead[np.minimum(region, len(ahead) - 1)] + self.plan.start_hour * 60
        self._weekends = self.draws.uniform(everybody, 0, 6) < self.plan.arrivals.weekends

    def _race(self, everybody: Ints) -> None:
        """How many submissions each wants to make, and from when on."""
        mean = self.plan.habits.submissions * self._factor("submissions") if self.plan.race else 0.0
        drawn = np.interp(self.draws.uniform(everybody, 0, 7), _SHARE, _MOST) * mean
        self.left = np.where(drawn > 0, np.ceil(drawn), 0.0)
        late = np.where(self.left <= 2, _LATE_FEW, _LATE_MANY)
        waits = self.draws.uniform(everybody, 0, 8) < late
        self.next_race = np.where(waits, self.draws.uniform(everybody, 0, 9) * _LATEST * self.window, 0.0)
        self.tries = np.full(everybody.size, -1.0)

    def awake(self, who: Ints, at: Floats) -> Floats:
        """`at`, or the first moment after it at which each of `who` is at it: in their hours, on their days."""
        start, end = self.plan.arrivals.awake
        if end - start >= 24 and self.plan.arrivals.weekends >= 1:
            return at
        at = np.asarray(at, dtype=float).copy()
        late = self.draws.uniform(who, self.turn[who], 13) * 60
        for _ in range(4):  # a night and a weekend, at the most
            local = at + self._ahead[who]
            day, minute = np.floor(local / _DAY_MIN), np.mod(local, _DAY_MIN)
            rests = (np.mod(day + self.plan.start_weekday, 7) >= 5) & ~self._weekends[who]
            early, over = minute < start * 60, minute >= end * 60
            if not (rests | early | over).any():
                break
            until_start = start * 60 - minute + late
            at = np.where(
                rests | over, at + _DAY_MIN - minute + start * 60 + late, np.where(early, at + until_start, at)
            )
        return at

    # decisions

    def decide(self, due: Ints, now: Floats) -> tuple[Ints, Floats]:
        """What each of `due` does at its moment `now`; returns who asks for a job, and when."""
        self.turn[due] += 1
        intent = self.intent[due]
        evaluates = intent == EVALUATE
        free = self._free(due)
        tests = evaluates & (free >= LEAST_MINUTES)
        racing = ~tests & (intent != TRAIN)
        submits, trains = self._races(due[racing], now[racing])
        training = (intent == TRAIN).copy()
        training[np.flatnonzero(racing)[trains]] = True
        starts = self._trains(due[training], now[training])
        self._take_on(due[tests], EVALUATION, np.full(int(tests.sum()), float(LEAST_MINUTES)))
        who = np.concatenate([due[tests], due[racing][submits], due[training][starts]])
        when = np.concatenate([now[tests], now[racing][submits], now[training][starts]])
        return who, when

    def _free(self, who: Ints) -> Floats:
        run = self.run[who]
        return np.minimum(self.most_min[run], self.quota[0]) - self.taken[who]

    def _races(self, who: Ints, now: Floats) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Submit the present model as long as it has tries; else pause, and train the next one.

        Returns who submits, and who trains at once.
        """
        may = self.ready[who] & (self.left[who] > 0)
        tries, resting = self.tries[who], self.resting[who]
        submits = may & (self.next_race[who] <= now) & (resting | (tries != 0)) & (now < self.window)
        trains = ~submits & (resting | (self.kind[who] == LOOPING))
        stays = ~submits & ~trains & may & (tries != 0) & (self.next_race[who] <= now + _PATIENCE_MIN)
        pauses = ~submits & ~trains & ~stays
        self.at[who[stays]] = self.next_race[who[stays]]
        idle = who[pauses]
        later = now[pauses] + self.pause_min[idle] * self.draws.exponential(idle, self.turn[idle], 14)
        self.at[idle], self.intent[idle] = self.awake(idle, later), TRAIN
        makes = who[submits]
        self.tries[makes] = (
            np.where(tries[submits] < 0, np.ceil(self.left[makes] / 3), np.maximum(1, tries[submits])) - 1
        )
        self._take_on(makes, SUBMISSION, np.zeros(makes.size))
        return submits, trains

    def _trains(self, who: Ints, now: Floats) -> NDArray[np.bool_]:
        """Train the next model as long as they like, or with the minutes that are left; without any, rest."""
        free, run, turn = self._free(who), self.run[who], self.turn[who]
        can = (free >= LEAST_MINUTES) & (np.minimum(self.most_models[run], self.quota[1]) - self.made[who] >= 1)
        can &= now < self.window - self.plan.room_h * 60
        u = self.draws.uniform(who, turn, 15)
        later, first = _LATER[(u * _LATER.size).astype(int)], _FIRST[(u * _FIRST.size).astype(int)]
        loop = np.arange(*_LOOP_MIN)[(u * 9).astype(int)]
        wish = np.where(
            self.kind[who] == LOOPING, loop, np.where(self.made[who] == 0, first, later) * self.training_min[who]
        )
        minutes = np.minimum(np.maximum(LEAST_MINUTES, np.round(wish)), np.floor(free))
        starts = who[can]
        self._take_on(starts, TRAINING, minutes[can])
        self.made[starts] += 1
        self.tries[starts] = -1
        self.since[starts], self.asked_ever[starts] = now[can], True
        self.resting[starts] = False
        rests = who[~can]
        again = now[~can] + 8 + 8 * self.draws.uniform(rests, turn[~can], 16)
        if not self.polls:
            can_race = self.ready[rests] & (self.left[rests] > 0)
            again = np.where(can_race, np.maximum(again, self.next_race[rests]), np.inf)
        self.at[rests], self.intent[rests], self.resting[rests] = again, RACE, True
        return can

    def _take_on(self, who: Ints, job: int, minutes: Floats) -> None:
        """Ask for a job: its minutes count as queued from now on, and how long it will run is settled."""
        self.job[who], self.asked[who] = job, minutes
        self.taken[who] += minutes
        u = self.draws.uniform(who, self.turn[who], 17)
        if job == TRAINING:
            self.runs_min[who] = minutes * np.minimum(1.0, 0.95 + 0.1 * u)
        elif job == EVALUATION:
            self.runs_min[who] = minutes * (0.3 + 0.6 * u)
        else:
            self.runs_min[who] = self.plan.habits.submission_min * (0.6 + 0.8 * u)
        fails = self.draws.uniform(who, self.turn[who], 18) < self.plan.habits.failing
        self.breaks[who] = fails & (job != SUBMISSION)
        self.at[who] = np.inf

    # what comes of it

    def retry_later(self, who: Ints, now: Floats) -> None:
        """No room: they will press Retry, by their habit; or soon, while they are told that it is their turn."""
        self.turn[who] += 1
        self.state[who] = WAITS
        mean = np.where(now < self.turn_until[who], _AGAIN_MIN, self.retry_min[who])
        self.at[who] = self.awake(who, now + mean * self.draws.exponential(who, self.turn[who], 19))

    def start(self, who: Ints, at: Floats) -> Floats:
        """They have a slot from `at` on; returns until when. A job initialises for one to two minutes first."""
        begins = at + 1 + self.draws.uniform(who, self.turn[who], 20)
        training = self.job[who] == TRAINING
        fresh = who[training]
        self.waited[fresh] += at[training] - self.since[fresh]
        self.trainings[fresh] += 1
        self.since[fresh] = np.nan
        self.trained[fresh] = np.minimum(self.trained[fresh], begins[training])
        self.state[who] = RUNS_JOB
        self.at[who] = begins + self.runs_min[who]
        return self.at[who]

    def end(self, who: Ints) -> Floats:
        """Their jobs are over: metered, looked at after a while, decided anew. Returns the minutes used."""
        ended, job = self.at[who], self.job[who]
        used = np.where(job == SUBMISSION, self.runs_min[who], np.minimum(self.asked[who], self.runs_min[who]))
        self.taken[who] += used - self.asked[who]
        turn = self.turn[who]
        trained, raced = (job == TRAINING) & ~self.breaks[who], job == SUBMISSION
        self.ready[who[trained]] = True
        tests = self.draws.uniform(who, turn, 21) < self.evaluates[who]
        self.intent[who] = np.where(trained & tests, EVALUATE, RACE)
        self.intent[who[(job == TRAINING) & self.breaks[who]]] = TRAIN
        made = who[raced]
        self.left[made] -= 1
        self.next_race[made] = self._next_entry(made, ended[raced])
        self._react(who, ended)
        return used

    def fail_without_slot(self, who: Ints, at: Floats) -> None:
        """An evaluation or a submission that found no slot. A submission was none: they try again; an evaluation's
        minutes stay queued for good (deepracer-on-aws-capacity.md 2)."""
        self.intent[who] = RACE
        self._react(who, at, np.where(self.job[who] == SUBMISSION, _FAILED_MIN, _REACTION_MIN))

    def _react(self, who: Ints, at: Floats, mean_min: Floats | float = _REACTION_MIN) -> None:
        pause = np.where(self.kind[who] == LOOPING, 0.0, mean_min)
        self.state[who] = DECIDES
        self.at[who] = self.awake(who, at + pause * self.draws.exponential(who, self.turn[who], 22))

    def _next_entry(self, who: Ints, now: Floats) -> Floats:
        """Submissions spread over the rest of the window by chance, and come faster in its last part."""
        gap = (
            self.draws.exponential(who, self.turn[who], 23) * np.maximum(0.0, self.window - now) / (self.left[who] + 1)
        )
        rush = np.maximum(now, self.window * (1 - _RUSH_SHARE))
        later = np.where(now + gap <= rush, now + gap, rush + (now + gap - rush) / _RUSH)
        return np.where(self.draws.uniform(who, self.turn[who], 24) < _AGAIN, now, later)
