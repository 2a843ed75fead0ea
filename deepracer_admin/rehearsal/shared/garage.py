"""The racer's side of a racing service: what the fleet may see and do, in-process.

A racing service of the practice world implements `Garage`; the fleet decides who does what next and knows nothing
else of the service. The service owns its job slots and its queue: a job waits, initialises, runs for its minutes of
practice time and ends, and the service tells the fleet of the end through `ended`. Every moment here is practice time
(aware datetimes), every duration of compute is in minutes, every lap in whole milliseconds. What a racer does happens
at the moment of the service's latest tick, not at the clock's now, which may be hours ahead while time is advanced.

A service offers its garage to the fleet as an attribute named `garage`. A garage may also offer, each found by name:

`newcomers(known)` the racers whose profile id is not in `known`, without the work for the others;
`let_fail(share)` makes that share (0..1) of the trainings and evaluations fail that are started from now on; the fleet
sets it while it acts and leaves it at 0, so that jobs of others never fail by chance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

__all__ = [
    "EndedJob", "Garage", "JobKind", "LapResult", "OpenRace", "Racer", "Refusal", "Refused", "RetryingGarage", "Stands",
    "Timing",
]  # fmt: skip

Timing = Literal["TOTAL_TIME", "BEST_LAP_TIME", "AVG_LAP_TIME"]
JobKind = Literal["training", "evaluation", "submission"]
Stands = Literal["waiting", "queued", "sure", "over"]
Refusal = Literal["minutes", "models", "paused", "closed", "submissions", "not_ready", "busy", "unknown", "other"]


class Refused(Exception):
    """The service said no, with the message that its API would have given and the reason as the fleet understands it.

    `minutes` and `models`: the racer's quota is used up. `paused`: the sponsorship is. `closed`: the race takes no
    submissions. `submissions`: no more for this racer in this race. `not_ready`: the model is not in a fit state.
    `busy`: too many jobs at once, try later. `unknown`: no such racer, model or race (any more).
    """

    def __init__(self, message: str, reason: Refusal = "other") -> None:
        super().__init__(message)
        self.message = message
        self.reason: Refusal = reason


@dataclass(frozen=True, slots=True)
class Racer:
    """One racer as the service knows them now. `minutes_free` and `models_free` are `inf` without a limit.

    `chance`: what the racer's luck hangs on, where the profile id is not it: an id that depends on who was invited
    before would give everybody another fate for one more invitation. Empty = the profile id.
    """

    profile_id: str
    alias: str
    invited_at: datetime
    accepted: bool
    minutes_free: float
    models: int
    models_free: float = float("inf")
    paused: bool = False
    chance: str = ""


@dataclass(frozen=True, slots=True)
class OpenRace:
    """A race that takes submissions now. In a live one the car drives when the organizer sends it: no job ends soon."""

    race_id: str
    track_id: str
    timing: Timing
    minimum_laps: int
    maximum_laps: int
    opened_at: datetime
    closes_at: datetime
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class LapResult:
    """What the car did in one submission: one entry per completed lap, in the order driven; empty = none."""

    laps_ms: tuple[int, ...]
    off_track: int = 0
    collisions: int = 0
    resets: int = 0

    @property
    def best_ms(self) -> int:
        """The fastest lap; raises ValueError when no lap was completed."""
        return min(self.laps_ms)

    @property
    def total_ms(self) -> int:
        """The sum of all completed laps."""
        return sum(self.laps_ms)

    @property
    def average_ms(self) -> int:
        """The mean of the completed laps, rounded; raises ZeroDivisionError when no lap was completed."""
        return round(self.total_ms / len(self.laps_ms))


@dataclass(frozen=True, slots=True)
class EndedJob:
    """A job that has ended. `sequence` rises by one per ended job of this garage, from 1, and survives a restart."""

    sequence: int
    profile_id: str
    model_id: str
    kind: JobKind
    succeeded: bool


class Garage(Protocol):
    """A racing service as a racer sees it. Every method answers from memory and is cheap, `racers` apart.

    A racer that was deleted, or a model or race that is gone, makes the acting methods raise `Refused(..., "unknown")`.
    """

    def racers(self) -> Iterable[Racer]:
        """Everybody who was invited, staff left out, accepted or not. The fleet asks now and then for newcomers."""
        ...

    def racer(self, profile_id: str) -> Racer | None:
        """One of `racers`; None when the profile is gone."""
        ...

    def accept(self, profile_id: str) -> None:
        """The racer signs in for the first time. Accepting twice changes nothing."""
        ...

    def train(self, profile_id: str, model_name: str, minutes: int) -> str:
        """Starts the training of a new model and returns its id; raises `Refused` exactly as the API would refuse."""
        ...

    def ready_models(self, profile_id: str) -> Sequence[str]:
        """Ids of this racer's models that can be evaluated or submitted, oldest first."""
        ...

    def evaluate(self, profile_id: str, model_id: str, minutes: int) -> None:
        """Starts an evaluation; raises `Refused`."""
        ...

    def open_races(self) -> Sequence[OpenRace]:
        """Races that take submissions now."""
        ...

    def submissions_left(self, profile_id: str, race_id: str) -> float:
        """How often this racer may still submit to this race: 0 when not admitted or used up, `inf` without a limit."""
        ...

    def submit(self, profile_id: str, race_id: str, model_id: str, laps: LapResult) -> None:
        """Submits a model whose run will give `laps`; raises `Refused`. The service ranks it when the run ends."""
        ...

    def ended(self, after: int) -> Sequence[EndedJob]:
        """Jobs that ended with a sequence above `after`, in order. A service keeps at least the last 20,000."""
        ...


@runtime_checkable
class RetryingGarage(Protocol):
    """What a service offers beside `Garage` when a training may wait for capacity until its racer presses Retry."""

    def stands(self, profile_id: str, model_id: str) -> Stands:
        """`waiting`: only Retry starts it. `queued`: it may come back to that. `sure`: its end will be told. `over`: it
        has failed or is gone.
        """
        ...

    def retry(self, profile_id: str, model_id: str) -> bool:
        """The racer presses Retry; True: the training is in the queue now. Raises `Refused`."""
        ...
