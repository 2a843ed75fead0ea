"""What a racing service has: profiles, models, tracks, races, standings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from deepracer_admin.model.event import Quota


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the connected racing service can do; pages hide or replace what it cannot."""

    multi_user_mode: bool = False  # a real switch (managed); else sponsorship open/closed through limits
    native_pause: bool = False  # the service has a paused state; else limits are set to 0 and restored
    private_races: bool = False
    invite: bool = True  # False: profiles appear by themselves at first sign-in (managed)
    set_alias: bool = True  # False: racers choose their racer name themselves (managed)
    bulk_invite: bool = False
    resend_invite: bool = False
    register_user: bool = False
    edit_open_race: bool = False
    close_early: bool = False
    all_models_in_one_call: bool = False
    participants: bool = False
    reset_share_link: bool = False
    stop_training: bool = False
    roles: bool = False  # profiles can be given another role of the service
    account_limits: bool = False  # account-wide limits can be set (and are enforced by nobody)


@dataclass(frozen=True, slots=True)
class Account:
    """What the service says about itself and the account, read back."""

    service: str  # "DeepRacer on AWS" | "AWS DeepRacer (managed)"
    version: str = ""
    region: str = ""
    site: str = ""
    signed_in_as: str = ""
    multi_user_mode: bool | None = None  # None: the service has no such switch
    new_profile_quota: Quota | None = None
    account_quotas: Mapping[str, int] = field(default_factory=dict)  # "training jobs" -> 100 ...
    notes: tuple[str, ...] = ()  # sentences an organizer should know, shown in set-up
    roles: tuple[str, ...] = ()  # roles that a profile can be given, as the service names them
    warnings: tuple[str, ...] = ()  # sentences about what should be mended, each a finding of the pre-flight


@dataclass(frozen=True, slots=True)
class Profile:
    """A sponsored profile as the service reports it. Missing values stay None, not 0."""

    id: str
    alias: str
    email: str = ""  # "" where the service gives none (managed)
    minutes_used: float = 0.0
    minutes_queued: float = 0.0
    quota: Quota | None = None
    model_count: int | None = None
    storage_bytes: int | None = None
    role: str = ""  # open string; a hint only on DeepRacer on AWS (1.7)
    state: str = "ACTIVE"  # open string: ACTIVE, RESTRICTED, DISABLED
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Invitee:
    """One person to invite. `key` is our attendee id and comes back as `Outcome.person`."""

    key: str
    email: str
    alias: str
    name: str = ""


RUNNING_MODELS = ("TRAINING", "EVALUATING", "STOPPING")
"""`Model.status` while a job of that model uses compute minutes (managed-deepracer.md 1.5: stopping takes minutes to
wind down). A model that is CREATED may have no job; importing, migrating and deleting are the service's own work.
"""


@dataclass(frozen=True, slots=True)
class Model:
    """A racer's model. `status` is an open string; READY and ERROR can be deleted on DeepRacer on AWS, where
    WAITING_FOR_CAPACITY starts by its racer's Retry alone (deepracer-on-aws-capacity.md 1).
    """

    id: str
    name: str
    profile_id: str
    status: str
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Track:
    """A track. `directions` holds CLOCKWISE and/or COUNTER_CLOCKWISE; length in metres where known."""

    id: str
    name: str
    directions: tuple[str, ...] = ("COUNTER_CLOCKWISE",)
    length_m: float | None = None


class Timing(StrEnum):
    TOTAL_TIME = "TOTAL_TIME"
    BEST_LAP_TIME = "BEST_LAP_TIME"
    AVG_LAP_TIME = "AVG_LAP_TIME"


class RaceStatus(StrEnum):
    UPCOMING = "upcoming"
    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class RaceDraft:
    """A race to be created. Penalties in seconds, `max_minutes` per submission; laps as the service counts them."""

    name: str
    track_id: str
    opens_at: datetime
    closes_at: datetime
    direction: str = "COUNTER_CLOCKWISE"
    timing: Timing = Timing.TOTAL_TIME
    race_type: str = "TIME_TRIAL"
    min_laps: int = 3
    max_laps: int = 3
    max_submissions: int = 99
    off_track_penalty_s: float = 1.0
    collision_penalty_s: float = 1.0
    objects: int = 0
    description: str = ""
    max_minutes: int = 20


@dataclass(frozen=True, slots=True)
class Race:
    """A race as the service reports it. `participants` counts profiles with a ranking."""

    id: str
    draft: RaceDraft
    participants: int = 0
    share_link: str = ""
    winner: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict)  # the service's own definition, kept for exact edits

    def status(self, now: datetime) -> RaceStatus:
        """Derived from the times (deepracer-on-aws.md 1.7: open or closed is derived by the client)."""
        if now < self.draft.opens_at:
            return RaceStatus.UPCOMING
        return RaceStatus.OPEN if now < self.draft.closes_at else RaceStatus.CLOSED


class Standing(NamedTuple):
    """One row of a leaderboard. Times in milliseconds; `score_ms` is what the race ranks by. A plain row: a board has
    10,000 of them.
    """

    rank: int
    alias: str
    score_ms: int
    best_lap_ms: int | None = None
    average_lap_ms: int | None = None
    total_ms: int | None = None
    laps: int | None = None
    off_tracks: int | None = None
    resets: int | None = None
    submissions: int | None = None
    submitted_at: datetime | None = None
    profile_id: str = ""  # "" where the service gives none (DeepRacer on AWS: match by alias only, 1.7)
