"""What the practice account of the managed service holds. Moments are practice time in epoch seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ACCOUNT_ID = "111122223333"
REGION = "us-east-1"

# managed-deepracer.md 3.1: defaults of a participant and limits of the sponsoring account.
DEFAULT_MINUTES = 5 * 60
DEFAULT_MODELS = 3
TRAININGS = 100
EVALUATIONS = 100
CARS = 1_000
OPEN_RACES = 100
PRIVATE_RACES = 50
RACES_PER_RACER = 10


@dataclass
class User:
    """A participant who has signed in at least once. Before that, the service knows nobody."""

    user_id: str
    person_id: str
    alias: str
    associated_on: float
    minutes_used: float = 0.0
    minutes_queued: int = 0
    max_minutes: int = DEFAULT_MINUTES
    max_models: int = DEFAULT_MODELS
    state: str = "ACTIVE"
    models: list[str] = field(default_factory=list)
    car_id: str = ""  # of the one car that all their models drive, made with the first of them


@dataclass
class CarModel:
    """A participant's model. `status` as in 1.5: TRAINING, READY, EVALUATING, STOPPING, DELETING, ERROR."""

    model_id: str
    user_id: str
    name: str
    created_at: float
    size_bytes: int
    status: str = "TRAINING"
    gone_at: float | None = None


@dataclass
class Job:
    """A training, an evaluation or the run of a submission; `due` is when its present phase ends, None in the queue."""

    job_id: str
    kind: str
    user_id: str
    model_id: str
    minutes: int
    queued_at: float
    phase: str = "CREATED"  # CREATED, IN_PROGRESS, STOPPING, then COMPLETED or FAILED
    started_at: float | None = None
    due: float | None = None
    race_id: str = ""
    laps_ms: list[int] = field(default_factory=list)
    off_track: int = 0
    collisions: int = 0
    resets: int = 0


@dataclass
class Race:
    """A leaderboard: `definition`, `config` and `features` as they were sent, and what racers made of it."""

    race_id: str
    definition: dict[str, Any]
    config: dict[str, Any]
    features: dict[str, Any]
    created_at: float
    token: str = ""
    token_ends: float = 0.0
    participants: dict[str, float] = field(default_factory=dict)  # user id -> when they joined
    submissions: dict[str, int] = field(default_factory=dict)  # user id -> how many
    best: dict[str, dict[str, Any]] = field(default_factory=dict)  # user id -> members of LeaderboardSubmission

    @property
    def arn(self) -> str:
        return f"arn:aws:deepracer:::leaderboard/{self.race_id}"

    @property
    def opens_at(self) -> float:
        return self.definition["LaunchTime"] / 1000

    @property
    def closes_at(self) -> float:
        return self.definition["CloseTime"] / 1000

    @property
    def is_private(self) -> bool:
        participation = self.config.get("ParticipationConfig") or {}
        return (participation.get("EntryTypeConfig") or {}).get("InvitationEntryType") != "ALL"

    def status(self, now: float) -> str:
        if now < self.opens_at:
            return "UPCOMING"
        return "OPEN" if now < self.closes_at else "CLOSED"


KEPT: dict[str, type] = {"users": User, "models": CarModel, "jobs": Job, "races": Race}


@dataclass
class Account:
    """Everything of the sponsoring account, as one JSON-able value."""

    multi_user_mode: bool = False
    users: dict[str, User] = field(default_factory=dict)
    models: dict[str, CarModel] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)
    races: dict[str, Race] = field(default_factory=dict)
    numbers: int = 0
    ended: int = 0
    now: float = 0.0

    def next_number(self) -> int:
        """1, 2, 3 ... : what ids are made of, so that the same seed gives the same ids."""
        self.numbers += 1
        return self.numbers

    def models_of(self, user_id: str) -> list[CarModel]:
        """Models of one participant, oldest first, those that are being deleted included."""
        return [self.models[model_id] for model_id in self.users[user_id].models]

    def snapshot(self) -> dict[str, Any]:
        """The whole account as JSON; one level by hand, for `asdict` would take seconds for 10,000 racers."""
        kinds = {name: {key: vars(entry).copy() for key, entry in getattr(self, name).items()} for name in KEPT}
        return {**vars(self), **kinds}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Account:
        made = {name: {key: kind(**value) for key, value in state[name].items()} for name, kind in KEPT.items()}
        return cls(**{**state, **made})


def model_arn(model_id: str) -> str:
    return f"arn:aws:deepracer:{REGION}:{ACCOUNT_ID}:model/reinforcement_learning/{model_id}"


def car_arn(car_id: str) -> str:
    return f"arn:aws:deepracer:{REGION}:{ACCOUNT_ID}:car/{car_id}"


def job_arn(job: Job) -> str:
    return f"arn:aws:deepracer:{REGION}:{ACCOUNT_ID}:{job.kind}_job/{job.job_id}"


def track_arn(track_id: str) -> str:
    return f"arn:aws:deepracer:{REGION}::track/{track_id}"


def milliseconds(moment: float) -> int:
    """Timestamps of this service are whole milliseconds since the epoch (1.1)."""
    return round(moment * 1000)
