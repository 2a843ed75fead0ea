"""A deployment without a server, whose time a test passes: racers act through the garage, organizers by operation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from deepracer_admin.rehearsal.deepracer.capacity import Quotas
from deepracer_admin.rehearsal.deepracer.deployment import Call, Caller, Deployment, Options
from deepracer_admin.rehearsal.deepracer.garage import OnAwsGarage
from deepracer_admin.rehearsal.deepracer.operations import build_operations
from deepracer_admin.rehearsal.deepracer.profiles import invite
from deepracer_admin.rehearsal.deepracer.state import ADMINS, RACERS, Leaderboard, Profile
from deepracer_admin.rehearsal.shared.faults import Faults
from deepracer_admin.rehearsal.shared.garage import LapResult

START = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
CUP = "CupOfTheSeason1"
THREE_LAPS = LapResult((10_000, 11_000, 12_000))


class StoppedClock:
    """Event time and real time are one, and go when the test says so."""

    def __init__(self) -> None:
        self.moment = START

    def now(self) -> datetime:
        return self.moment

    def real(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()


class SmallSite:
    """`site` and `garage` of a deployment with one race that is open for a day."""

    def __init__(self, version: str = "1.3.1", slots: int = 2) -> None:
        self.clock = StoppedClock()
        self.faults = Faults(7, self.clock.monotonic)
        self.options = Options(version=version, slots=slots)
        self.site = self._new_site()
        opens = START.timestamp()
        self.site.state.leaderboards[CUP] = Leaderboard(
            CUP,
            {
                "name": "Cup",
                "trackConfig": {"trackId": "reinvent_base", "trackDirection": "COUNTER_CLOCKWISE"},
                "timingMethod": "TOTAL_TIME",
                "submissionTerminationConditions": {"minimumLaps": 3, "maximumLaps": 3, "maxTimeInMinutes": 20},
                "openTime": opens,
                "closeTime": opens + 86_400,
                "maxSubmissionsPerUser": 3,
                "raceType": "TIME_TRIAL",
            },
        )
        self.operations = {each.name: each for each in build_operations(self.site.version)}

    def _new_site(self) -> Deployment:
        site = Deployment(clock=self.clock, faults=self.faults, seed=7, options=self.options)
        self.garage = OnAwsGarage(site)
        return site

    def restart(self) -> None:
        """The world was saved and started again."""
        kept = self.site.dump()
        self.site = self._new_site()
        self.site.load(kept)

    def racer(self, name: str) -> str:
        """Profile id of a new racer who has accepted."""
        user = invite(self.site, "CreateProfile", f"{name}@example.com", alias=name)
        self.garage.accept(user.username)
        return user.username

    def profile(self, profile_id: str) -> Profile:
        return self.site.state.profiles[profile_id]

    def live(self, seconds: float) -> None:
        self.clock.moment += timedelta(seconds=seconds)
        self.site.tick(self.clock.moment.timestamp())

    def model(self, profile_id: str) -> str:
        """A model of theirs that is ready."""
        made = self.garage.train(profile_id, "quick", 10)
        self.live(15 * 60)
        assert self.status(made) == "READY"
        return made

    def fill(self, slots: int, minutes: int = 600) -> list[str]:
        """Trainings of so many people, all of which run."""
        made = [self.garage.train(self.racer(f"filler{n}"), "long", minutes) for n in range(slots)]
        self.live(60)
        assert self.site.compute.queue.busy >= slots
        return made

    def status(self, model_id: str) -> str:
        return self.site.state.models[model_id].status

    def quotas(self, per_type: int, total: int, others: int = 0, *, in_s: float = 0) -> None:
        self.site.compute.capacity.change(self.clock.moment.timestamp() + in_s, Quotas(per_type, total, others))

    def call(self, caller: str, operation: str, body: dict[str, Any] | None = None, **path: str) -> Any:
        """An operation as this user calls it; raises the API's errors."""
        user = self.site.state.users[caller]
        call = Call(Caller(user, RACERS), operation, path, {}, body or {})
        return self.operations[operation].handler(self.site, call)

    def organizer(self, operation: str, body: dict[str, Any] | None = None, **path: str) -> Any:
        admin = next(name for name, user in self.site.state.users.items() if ADMINS in user.groups)
        return self.call(admin, operation, body, **path)
