"""The event itself: its life, what a racer may use, what an estimate is computed from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

UNLIMITED = -1
GB_HOURS_A_MONTH = 730.0
"""Hours of a month, as AWS prorates a GB-month."""


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

    Defaults: deepracer-on-aws.md 4 names the drivers (one ml.c7i.4xlarge with a 100 GB volume a job); the shipped lists
    stand in rules/prices.py. `as_of` is an ISO date, `region` an AWS region.
    """

    training_per_hour: float = 0.857
    volume_per_hour: float = 0.019
    storage_per_gb_month: float = 0.023
    currency: str = "USD"
    source: str = "shipped with the console"
    as_of: str = "2026-10-01"
    region: str = "us-east-1"

    @property
    def per_hour(self) -> float:
        """USD for one hour of a training, evaluation or submission job."""
        return self.training_per_hour + self.volume_per_hour


@dataclass(frozen=True, slots=True)
class FromBackup:
    """An event was put into this data folder at `at`, from a backup made at `made_at`; both are the same for a copy of
    the files of a data folder, of which nobody knows when it was put here. Real time."""

    at: datetime
    made_at: datetime


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
    slots: int = 8  # concurrent training jobs of the account (default SageMaker quota, deepracer-on-aws.md 4)
    erase_on: str = ""  # ISO date on which personal data is erased
    public_url: str = ""  # base address of /live and /register, e.g. "http://10.1.2.3:8502"; "" = off
    created_at: datetime | None = None
    created_by: str = ""
    closed_at: datetime | None = None
    cloned_from: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check, with the evidence and the fix.

    `level`: "green", "amber", "red", "na" (does not apply here) or "unknown" (it could not be told; the evidence says
    why, the fix what would settle it). `area` groups lines, `why` says what goes wrong for people otherwise, `source`
    names what was read, `copy` is a command or a request to copy as it stands, `link` a page of the service's console.
    """

    key: str
    title: str
    level: str
    evidence: str
    fix: str = ""
    as_of: datetime | None = None
    area: str = ""
    why: str = ""
    source: str = ""
    copy: str = ""
    link: str = ""
