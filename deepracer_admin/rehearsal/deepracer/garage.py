"""The racer's side of a practice deployment (shared/garage.py): same rules as the API, without the wire."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime

from deepracer_admin.rehearsal.shared.garage import (
    EndedJob,
    LapResult,
    OpenRace,
    Racer,
    Refusal,
    Refused,
    Stands,
)

from .deployment import Deployment
from .errors import ApiError
from .models import start_evaluation, start_training
from .retrying import press_retry
from .standings import enter_submission
from .state import ADMINS, CONFIRMED, FACILITATORS, FORCE_CHANGE, RACERS, WAITING, Leaderboard, Profile

_REASONS: tuple[tuple[str, Refusal], ...] = (
    ("compute minutes", "minutes"),
    ("number of models", "models"),
    ("not accepting", "closed"),
    ("Submissions closed", "closed"),
    ("Max number of submissions", "submissions"),
    ("not ready", "not_ready"),
    ("submittable", "not_ready"),
    ("cannot be retried", "not_ready"),
    ("not waiting for capacity", "busy"),
)


class OnAwsGarage:
    """What the fleet may see and do on DeepRacer on AWS."""

    def __init__(self, site: Deployment) -> None:
        self.site = site
        self._failing = 0.0

    def let_fail(self, share: float) -> None:
        """So much of the trainings and evaluations started from now on fail."""
        self._failing = share

    def racers(self) -> Iterable[Racer]:
        return self.newcomers(())

    def newcomers(self, known: Container[str]) -> Iterator[Racer]:
        """The racers whose profile id is not in `known`."""
        for profile_id in [profile_id for profile_id in self.site.state.profiles if profile_id not in known]:
            racer = self.racer(profile_id)
            if racer is not None:
                yield racer

    def racer(self, profile_id: str) -> Racer | None:
        """None for staff, orphan rows and profiles that are gone."""
        profile = self.site.state.profiles.get(profile_id)
        user = self.site.state.users.get(profile_id)
        if profile is None or user is None or RACERS not in user.groups or {ADMINS, FACILITATORS} & set(user.groups):
            return None
        return Racer(
            profile_id,
            profile.alias,
            datetime.fromtimestamp(profile.created, UTC),
            accepted=user.status == CONFIRMED,
            minutes_free=_free(profile.max_minutes, profile.used + profile.queued),
            models=len(self.site.state.models_of.get(profile_id, ())),
            models_free=_free(profile.max_models, profile.model_count or 0),
            paused=profile.max_minutes == 0 and profile.max_models == 0,
            chance=profile.email,
        )

    def accept(self, profile_id: str) -> None:
        self._profile(profile_id)
        user = self.site.state.users[profile_id]
        if user.status != FORCE_CHANGE:
            return
        if not user.enabled:
            raise Refused("User is disabled.", "other")
        with self.site.in_tick():
            if self.site.pool.temporary_expired(user):
                raise Refused("Temporary password has expired and must be reset by an administrator.", "other")
            self.site.pool.set_password(user, self.site.pool.invent_password(), permanent=True)

    def train(self, profile_id: str, model_name: str, minutes: int) -> str:
        profile = self._profile(profile_id)
        with self._acting(profile):
            return start_training(self.site, profile, model_name, minutes).model_id

    def stands(self, profile_id: str, model_id: str) -> Stands:
        """Up to 1.2.x a training in the queue never comes back from it."""
        model = self.site.state.models.get(model_id)
        if model is None or model.profile_id != profile_id or model.status == "ERROR":
            return "over"
        if model.status == WAITING:
            return "waiting"
        queued = self.site.version >= (1, 3) and (model.status, model.training_status) == ("QUEUED", "QUEUED")
        return "queued" if queued else "sure"

    def retry(self, profile_id: str, model_id: str) -> bool:
        """The racer presses Retry; False: the training waits on. Raises `Refused`."""
        profile = self._profile(profile_id)
        model = self.site.state.models.get(model_id)
        if model is None or model.profile_id != profile_id:
            raise Refused("Item not found.", "unknown")
        with self._acting(profile):
            return press_retry(self.site, model)

    def ready_models(self, profile_id: str) -> Sequence[str]:
        return [model.model_id for model in self.site.state.list_models(profile_id) if model.status == "READY"]

    def evaluate(self, profile_id: str, model_id: str, minutes: int) -> None:
        profile = self._profile(profile_id)
        model = self.site.state.models.get(model_id)
        if model is None or model.profile_id != profile_id:
            raise Refused("Item not found.", "unknown")
        with self._acting(profile):
            start_evaluation(self.site, profile, model, minutes)

    def open_races(self) -> Sequence[OpenRace]:
        with self.site.in_tick():
            now = self.site.now()
        return [_open_race(race) for race in self.site.state.leaderboards.values() if _takes_submissions(race, now)]

    def submissions_left(self, profile_id: str, race_id: str) -> float:
        race = self.site.state.leaderboards.get(race_id)
        if race is None or profile_id not in self.site.state.profiles:
            return 0
        made = len(self.site.state.submissions_of.get((race_id, profile_id), ()))
        return max(0, race.definition["maxSubmissionsPerUser"] - made)

    def submit(self, profile_id: str, race_id: str, model_id: str, laps: LapResult) -> None:
        profile = self._profile(profile_id)
        race = self.site.state.leaderboards.get(race_id)
        model = self.site.state.models.get(model_id)
        if race is None or model is None or model.profile_id != profile_id:
            raise Refused("Item not found.", "unknown")
        with self._acting(profile):
            enter_submission(
                self.site, profile, race, model, list(laps.laps_ms), laps.off_track, laps.collisions, laps.resets
            )

    def ended(self, after: int) -> Sequence[EndedJob]:
        jobs = self.site.compute.ended
        if not jobs or jobs[-1]["sequence"] <= after:
            return []
        skip = max(0, after - jobs[0]["sequence"] + 1)
        fresh = [jobs[index] for index in range(skip, len(jobs))] if skip < 500 else list(jobs)[skip:]
        return [EndedJob(j["sequence"], j["profile_id"], j["model_id"], j["kind"], j["ok"]) for j in fresh]

    @contextmanager
    def _acting(self, profile: Profile) -> Iterator[None]:
        """At the tick's moment; new ids hang on this racer alone, and jobs fail as often as the fleet wants."""
        state, compute = self.site.state, self.site.compute
        state.owner, compute.failing = profile.email, self._failing
        try:
            with self.site.in_tick():
                yield
        except ApiError as refusal:
            raise self._refused(refusal, profile) from None
        finally:
            state.owner, compute.failing = "", 0.0

    def _profile(self, profile_id: str) -> Profile:
        profile = self.site.state.profiles.get(profile_id)
        if profile is None or profile_id not in self.site.state.users:
            raise Refused("Item not found.", "unknown")
        return profile

    def _refused(self, refusal: ApiError, profile: Profile) -> Refused:
        message = str(refusal)
        reason = _read_reason(message)
        if reason in ("minutes", "models") and profile.max_minutes == 0 and profile.max_models == 0:
            reason = "paused"
        return Refused(message, reason)


def _read_reason(message: str) -> Refusal:
    for text, reason in _REASONS:
        if text in message:
            return reason
    return "other"


def _free(limit: float, taken: float) -> float:
    return math.inf if limit == -1 else max(0.0, limit - taken)


def _takes_submissions(race: Leaderboard, now: float) -> bool:
    if race.is_live:
        return race.live_status != "COMPLETED" and (
            race.submission_open or now < race.definition.get("liveEventTime", now)
        )
    return race.definition["openTime"] <= now < race.definition["closeTime"]


def _open_race(race: Leaderboard) -> OpenRace:
    laps = race.definition["submissionTerminationConditions"]
    return OpenRace(
        race.leaderboard_id,
        race.definition["trackConfig"]["trackId"],
        race.definition["timingMethod"],
        laps["minimumLaps"],
        laps["maximumLaps"],
        datetime.fromtimestamp(race.definition["openTime"], UTC),
        datetime.fromtimestamp(race.definition["closeTime"], UTC),
        is_live=race.is_live,
    )
