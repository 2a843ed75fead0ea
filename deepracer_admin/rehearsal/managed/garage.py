"""The participants' side of the practice account, which the fleet drives.

A person is sponsored when IAM Identity Center gives access (invitations.py); the service learns of them when they sign
in first, and only then can the admin see them or set a limit (managed-deepracer.md 3.1).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from random import Random

from deepracer_admin.rehearsal.shared.garage import EndedJob, LapResult, OpenRace, Racer, Refused

from .invitations import Sponsored
from .races import Races
from .state import CARS, Account, CarModel, Race, User
from .wire import Fault, over_limit
from .yard import Yard

GIGABYTE = 1_000_000_000


class ManagedGarage:
    """`Garage` of the managed service. A racer's profile id here is the directory's person id."""

    def __init__(
        self,
        account: Account,
        yard: Yard,
        races: Races,
        seed: int,
        sponsored: Callable[[float], Iterable[Sponsored]],
    ) -> None:
        self._account, self._yard, self._races, self._seed = account, yard, races, seed
        self._sponsored = sponsored
        self._by_person = {user.person_id: user for user in account.users.values()}
        self._aliases = {user.alias for user in account.users.values()}
        self._invited: dict[str, Sponsored] = {}
        self._cars = sum(bool(user.car_id) for user in account.users.values())

    def racers(self) -> Iterator[Racer]:
        """Everybody who knows that they may sign in, and everybody who has signed in."""
        self._invited = {person.person_id: person for person in self._sponsored(self._account.now)}
        for person_id in {**self._invited, **self._by_person}:
            found = self.racer(person_id)
            if found is not None and (found.accepted or self._invited[person_id].since <= self._account.now):
                yield found

    def racer(self, profile_id: str) -> Racer | None:
        user, invited = self._by_person.get(profile_id), self._invited.get(profile_id)
        if user is None:
            if invited is None or not self._account.multi_user_mode:
                return None
            return Racer(profile_id, "", _moment(invited.since), False, 0.0, 0)
        models = [m for m in self._account.models_of(user.user_id) if m.status != "DELETING"]
        return Racer(
            profile_id,
            user.alias,
            _moment(invited.since if invited else user.associated_on),
            True,
            user.max_minutes - user.minutes_used - user.minutes_queued,
            len(models),
            models_free=user.max_models - len(models),
            paused=self._locked_out(user) or user.state != "ACTIVE",
        )

    def accept(self, profile_id: str) -> None:
        """First sign-in: the profile appears, with the default limits and a racer name that is unique everywhere."""
        if profile_id in self._by_person:
            return
        invited = self._invited.get(profile_id)
        if invited is None:
            raise Refused("You are not assigned to this application.", "unknown")
        if not self._account.multi_user_mode:
            raise Refused("Multi-user mode is not enabled for this account.", "paused")
        chance = Random(f"{self._seed}/user/{profile_id}")
        user_id = "".join(chance.choice("0123456789abcdef") for _ in range(32))
        user = User(user_id, profile_id, self._free_alias(invited), self._account.now)
        self._account.users[user_id] = self._by_person[profile_id] = user
        self._aliases.add(user.alias)

    def train(self, profile_id: str, model_name: str, minutes: int) -> str:
        user = self._active(profile_id)
        models = [m for m in self._account.models_of(user.user_id) if m.status != "DELETING"]
        if len(models) >= user.max_models:
            raise Refused("You have reached the maximum number of models that your sponsor allows.", "models")
        self._check_minutes(user, minutes)
        self._provide_car(user)
        model_id = f"m{self._account.next_number():09}"
        size = Random(f"{self._seed}/size/{model_id}").randrange(GIGABYTE // 100, GIGABYTE // 5)
        model = CarModel(model_id, user.user_id, model_name, self._account.now, size)
        self._account.models[model_id] = model
        user.models.append(model_id)
        self._yard.start("training", user, model, minutes, self._account.now)
        return model_id

    def ready_models(self, profile_id: str) -> Sequence[str]:
        user = self._user(profile_id)
        return [model.model_id for model in self._account.models_of(user.user_id) if model.status == "READY"]

    def evaluate(self, profile_id: str, model_id: str, minutes: int) -> None:
        user = self._active(profile_id)
        model = self._ready(user, model_id)
        self._check_minutes(user, minutes)
        model.status = "EVALUATING"
        self._yard.start("evaluation", user, model, minutes, self._account.now)

    def open_races(self) -> Sequence[OpenRace]:
        now = self._account.now
        return [_open_race(race) for race in self._account.races.values() if race.status(now) == "OPEN"]

    def submissions_left(self, profile_id: str, race_id: str) -> float:
        """0 for a private race to which the racer was not admitted and of which no invitation link goes round."""
        user, race = self._by_person.get(profile_id), self._account.races.get(race_id)
        if user is None or race is None or not self._may_enter(user, race):
            return 0
        most = race.config.get("SubmissionsPerUser")
        return float("inf") if most is None else max(0, most - race.submissions.get(user.user_id, 0))

    def submit(self, profile_id: str, race_id: str, model_id: str, laps: LapResult) -> None:
        """A paused racer may still submit (3.1); whoever has the link joins with it."""
        user, now = self._user(profile_id), self._account.now
        if self._locked_out(user) or user.state == "DISABLED":
            raise Refused("Your sponsor has ended your access.", "paused")
        model = self._ready(user, model_id)
        race = self._account.races.get(race_id)
        if race is None or race.status(now) != "OPEN":
            raise Refused("The race is not open.", "closed" if race else "unknown")
        if self.submissions_left(profile_id, race_id) < 1:
            raise Refused("You cannot submit to this race.", "submissions")
        if race.is_private:
            try:
                self._races.join(race, user.user_id, now)
            except Fault as fault:
                raise Refused(fault.message, "submissions") from None
        race.submissions[user.user_id] = race.submissions.get(user.user_id, 0) + 1
        job = self._yard.start("submission", user, model, 0, now)
        job.race_id, job.laps_ms = race_id, list(laps.laps_ms)
        job.off_track, job.collisions, job.resets = laps.off_track, laps.collisions, laps.resets

    def ended(self, after: int) -> Sequence[EndedJob]:
        fresh = min(len(self._yard.ended), self._account.ended - after)
        if fresh <= 0:
            return []
        users, latest = self._account.users, list(islice(reversed(self._yard.ended), fresh))
        return [replace(job, profile_id=users[job.profile_id].person_id) for job in reversed(latest)]

    def _may_enter(self, user: User, race: Race) -> bool:
        linked = bool(race.token) and self._account.now < race.token_ends
        return not race.is_private or user.user_id in race.participants or linked

    def _locked_out(self, user: User) -> bool:
        """No access: the mode is off, or a cycle has taken the person out of Identity Center again."""
        return not self._account.multi_user_mode or user.person_id not in self._invited

    def _user(self, profile_id: str) -> User:
        user = self._by_person.get(profile_id)
        if user is None:
            raise Refused("There is no such racer.", "unknown")
        return user

    def _active(self, profile_id: str) -> User:
        user = self._user(profile_id)
        if self._locked_out(user) or user.state != "ACTIVE":
            raise Refused("Your sponsor has paused your sponsorship.", "paused")
        return user

    def _ready(self, user: User, model_id: str) -> CarModel:
        model = self._account.models.get(model_id)
        if model is None or model.user_id != user.user_id:
            raise Refused("There is no such model.", "unknown")
        if model.status != "READY":
            raise Refused(f"The model is {model.status}.", "not_ready")
        return model

    def _check_minutes(self, user: User, minutes: int) -> None:
        if user.minutes_used + user.minutes_queued + minutes > user.max_minutes:
            raise Refused("You have used the training hours that your sponsor allows.", "minutes")

    def _provide_car(self, user: User) -> None:
        """The racer's own car, without which no model can be made; the account can have a thousand (3.1).

        It stays when models go: whether `DELETE_RESOURCES` takes cars is not publicly known (1.6).
        """
        if user.car_id:
            return
        if self._cars >= CARS:
            full = over_limit(f"An account can have {CARS:,} cars.")
            raise Refused(f"{full.code}: {full.message}")
        user.car_id = f"c{self._account.next_number():09}"
        self._cars += 1

    def _free_alias(self, person: Sponsored) -> str:
        """The name that a mail told, else one after the address; it is unique among all racers (3.1), so a racer may
        end up with another, and the admin cannot rely on it.
        """
        base = person.name or re.sub(r"[^a-zA-Z0-9-]+", "-", person.email.partition("@")[0]).strip("-")[:50] or "racer"
        alias, number = base, 1
        while alias in self._aliases:
            number += 1
            alias = f"{base}-{number}"
        return alias


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _open_race(race: Race) -> OpenRace:
    laps = race.config["MinimumLaps"]
    return OpenRace(
        race.race_id,
        race.definition["TrackArn"].rpartition("/")[2],
        race.config["TimingMethod"],
        laps,
        race.config["TerminationConditions"].get("MaxLaps", laps),
        _moment(race.opens_at),
        _moment(race.closes_at),
    )
