"""What the field is made of. Frozen values, typed, no I/O; units stand in the docstrings.

Times are aware datetimes in UTC. Compute is in minutes (float, as services report fractions), lap times in
milliseconds, storage in bytes, money in US dollars (float, always an estimate unless it says otherwise). `UNLIMITED`
(-1) means no limit.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

UNLIMITED = -1


# ------------------------------------------------------------------------------------------------ people and event


class Role(StrEnum):
    """Console roles, from the Entra app roles of the same names (screens.md, People)."""

    ORGANIZER = "Organizer"
    FACILITATOR = "Facilitator"
    VIEWER = "Viewer"
    SYSTEM = "System"  # the worker, on behalf of a recorded person


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `oid` and `tid` are the Entra object and tenant id: people are keyed on them, never on an e-mail."""

    oid: str
    tid: str
    name: str
    roles: frozenset[Role]
    session: str = ""  # hash of the session id, for the audit; never the id itself
    on_behalf_of: str = ""  # oid of the person for whom the worker acts


class Stage(StrEnum):
    """An event's life. Derived from what was done, see rules/stage.py."""

    PLAN = "plan"
    OPEN = "open"
    ONBOARD = "onboard"
    RACE = "race"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class Quota:
    """What a racer may use: compute `minutes` and number of `models`; UNLIMITED = -1."""

    minutes: int
    models: int


@dataclass(frozen=True, slots=True)
class PriceList:
    """What an estimate is computed from. Rates in USD; `source` and `as_of` are shown beside every estimate.

    Defaults: deepracer-on-aws.md 4 names the drivers (one ml.c7i.4xlarge with a 100 GB volume a job); the company
    fills in its own region's rates in set-up.
    """

    training_per_hour: float = 0.857
    volume_per_hour: float = 0.019
    storage_per_gb_month: float = 0.023
    currency: str = "USD"
    source: str = "list price, us-east-1, entered by hand"
    as_of: str = "2026-10-01"

    @property
    def per_hour(self) -> float:
        """USD for one hour of a training, evaluation or submission job."""
        return self.training_per_hour + self.volume_per_hour


@dataclass(frozen=True, slots=True)
class Event:
    """One company event on one sponsoring AWS account."""

    id: str
    name: str
    starts_at: datetime
    ends_at: datetime
    zone: str  # IANA name, e.g. "Europe/Rome"
    head_count: int
    budget_usd: float
    quota: Quota
    cohort_quotas: Mapping[str, Quota] = field(default_factory=dict)  # "office:Milano" -> Quota
    service: str = ""  # racing service: "on_aws" | "managed"; "" = as the settings say
    way_in: str = "service"  # DeepRacer on AWS: "service" (Cognito mails the password) | "pool" (our mail carries it)
    cognito_mail: str = ""  # who sends Cognito's mail: "default" (50 a day) | "ses"; "" = as the settings say
    group_id: str = ""  # Entra group; "" = none
    guests: str = "refuse"  # people whom the directory does not know: "refuse" | "invite" as its guests
    sender: str = ""  # From address of our mails
    portal_url: str = ""  # where a racer signs in
    material_url: str = ""
    language: str = "en"  # default mail language
    prices: PriceList = field(default_factory=PriceList)
    slots: int = 8  # concurrent training jobs of the account (default SageMaker quota, deepracer-on-aws-1.3.md)
    erase_on: str = ""  # ISO date on which personal data is erased
    public_url: str = ""  # base address of /live and /register, e.g. "http://10.1.2.3:8502"; "" = off
    created_at: datetime | None = None
    created_by: str = ""
    closed_at: datetime | None = None
    cloned_from: str = ""


@dataclass(frozen=True, slots=True)
class Attendee:
    """One person on the list. `id` is random and stable; `email` is normalised (rules/roster/addresses.py).

    `wanted` is the desired state of access: True = should be in, False = should be out (a leaver).
    """

    id: str
    email: str
    name: str
    alias: str = ""  # the racer name we give; unique in the event
    office: str = ""
    cost_centre: str = ""
    new_to_ml: bool | None = None
    new_to_aws: bool | None = None
    extra: Mapping[str, str] = field(default_factory=dict)
    wanted: bool = True
    refusal: str = ""  # why the connected service cannot take this address, with the way out; "" = it can
    quota: Quota | None = None  # own quota; None = cohort's or event's
    source: str = ""  # job id or "walk-up"
    added_at: datetime | None = None
    added_by: str = ""


# ------------------------------------------------------------------------------------------------------ onboarding


class Step(StrEnum):
    """Access steps and milestones in funnel order. The first three are granted, the rest are seen."""

    PROFILE = "profile"  # a profile with alias and limits exists in the racing service (read back)
    GROUP = "group"  # member of the Entra group (read back)
    ACCESS = "access"  # access proven by reading back
    MAIL = "mail"  # our access mail was accepted by the sender
    SIGNED_IN = "signed_in"
    TRAINED = "trained"
    SUBMITTED = "submitted"


class State(StrEnum):
    """State of one step of one person, and of an `Outcome` (architecture.md, Outcomes)."""

    TODO = "todo"
    DONE = "done"
    ALREADY = "already"  # was so before we came; counts as done
    WAITING = "waiting"  # the service works on it, or another step must come first
    RETRY = "retry"  # a repeat is harmless and planned
    REFUSED = "refused"  # needs a human; carries a sentence
    UNKNOWN = "unknown"  # a lost answer

    @property
    def is_done(self) -> bool:
        return self in (State.DONE, State.ALREADY)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one person in one step. Never one outcome for a whole batch.

    `reason` is a short stable code, `sentence` is for a person, `retry_after` in real seconds, `ref` an id that the
    service gave (profile id, member id, message id, job id).
    """

    person: str
    step: Step
    state: State
    reason: str = ""
    sentence: str = ""
    retry_after: float | None = None
    ref: str = ""


@dataclass(frozen=True, slots=True)
class StepRow:
    """The last seen state of one step of one attendee, as stored."""

    attendee: str
    step: Step
    state: State
    reason: str = ""
    sentence: str = ""
    ref: str = ""
    attempts: int = 0
    next_try_at: datetime | None = None  # real time
    changed_at: datetime | None = None  # real time


# ---------------------------------------------------------------------------------------------------------- racing


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
    public_results: bool = False
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
    warnings: tuple[str, ...] = ()  # sentences about what should be mended, each a finding of the connect check


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
    """A racer's model. `status` is an open string; READY and ERROR can be deleted on DeepRacer on AWS."""

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


@dataclass(frozen=True, slots=True)
class Standing:
    """One row of a leaderboard. Times in milliseconds; `score_ms` is what the race ranks by."""

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


# --------------------------------------------------------------------------------------------------- usage, limits


@dataclass(frozen=True, slots=True)
class UsageSample:
    """Totals over the event's profiles at one instant of event time; what a monthly reset took is counted on."""

    at: datetime
    profiles: int
    active: int  # profiles with any use
    minutes_used: float
    minutes_queued: float
    storage_bytes: int
    models: int


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit that an adapter declares as data; flows/pacing.py enforces it across processes.

    `rate` is calls (or recipients) per real second; 0 = no rate. `in_flight` is the design's concurrency.
    """

    name: str
    rate: float = 0.0
    burst: int = 1
    in_flight: int = 1
    source: str = ""


# ------------------------------------------------------------------------------------------------------------ mail


class Sending(StrEnum):
    """State of one ledger row (identity-and-mail.md 4.4)."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"  # suppressed or cancelled, with the reason


@dataclass(frozen=True, slots=True)
class Message:
    """One rendered mail. `key` is event#attendee#template#version; `tags` travel with the mail to delivery events."""

    key: str
    sender: str
    to: str
    subject: str
    text: str
    html: str
    tags: Mapping[str, str] = field(default_factory=dict)
    reply_to: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The sender accepted a message (accepted, not delivered)."""

    message_id: str


@dataclass(frozen=True, slots=True)
class SenderLimits:
    """What the sender allows now. `per_day` UNLIMITED = -1; `used_today` over the last 24 h; read `as_of` real time."""

    per_second: float
    per_day: int
    used_today: int
    sandbox: bool
    enabled: bool = True
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A row of the mail ledger: at most one mail per event, attendee, template and version."""

    attendee: str
    template: str
    version: int
    state: Sending
    owner: str = ""
    epoch: int = 0
    attempts: int = 0
    message_id: str = ""
    code: str = ""
    sentence: str = ""
    delivered: str = ""  # "", "delivered", "bounced", "complained", "delayed"
    campaign: str = ""
    next_try_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """What a sender tells later: send, delivery, bounce, complaint, reject, rendering_failure, delay."""

    kind: str
    message_id: str
    key: str  # our key from the tags, "" when absent
    at: datetime
    detail: str = ""


# -------------------------------------------------------------------------------------------------- jobs and audit


class JobState(StrEnum):
    PLANNED = "planned"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNDONE = "undone"

    @property
    def is_live(self) -> bool:
        return self in (JobState.PLANNED, JobState.RUNNING, JobState.PAUSED)


@dataclass(frozen=True, slots=True)
class Job:
    """How a person changes what should be. One live job per `kind` and `target` (architecture.md)."""

    id: str
    event: str
    kind: str
    target: str
    state: JobState
    plan: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    total: int = 0
    done: int = 0
    failed: int = 0
    sentence: str = ""
    undoable: bool = False
    created_by: str = ""
    created_by_name: str = ""
    created_at: datetime | None = None
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class JobItem:
    """What a job did, or will do, to one person or thing; `before` and `after` make undo possible."""

    job: str
    key: str
    state: State
    reason: str = ""
    sentence: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what to how many, when, before and after. `digest` chains to the entry before (rules/audit.py)."""

    seq: int
    at: datetime
    event: str
    actor: str  # oid
    actor_name: str
    role: str
    action: str
    target: str
    count: int
    before: Any = None
    after: Any = None
    allowed: bool = True
    job: str = ""
    on_behalf_of: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to do a kind of work. Writes carry `epoch` and are refused when a newer holder exists."""

    name: str
    holder: str
    epoch: int
    until: datetime  # real time


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: `level` is green, amber or red; with the evidence and the fix."""

    key: str
    title: str
    level: str
    evidence: str
    fix: str = ""
    as_of: datetime | None = None


# ------------------------------------------------------------------------------------------------------- directory


class Found(StrEnum):
    ONE = "one"
    NONE = "none"
    SEVERAL = "several"
    DISABLED = "disabled"
    GUEST_PENDING = "guest_pending"


@dataclass(frozen=True, slots=True)
class Resolution:
    """The answer to "who is this address?" in a directory. `person_id` is set for ONE, DISABLED and GUEST_PENDING."""

    email: str
    found: Found
    person_id: str = ""
    display_name: str = ""
    guest: bool = False
    candidates: tuple[str, ...] = ()
    sentence: str = ""
    lacks: str = ""  # of somebody who was found: what IAM Identity Center will miss, as a sentence


@dataclass(frozen=True, slots=True)
class Group:
    """A directory group; `refusal` says why the console must not manage it ("" = it may)."""

    id: str
    name: str
    members: int | None = None
    refusal: str = ""
