"""The set-up form as a value: its templates, and how it travels as a JSON file from one event to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from datetime import date, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import TypeAdapter, ValidationError

from deepracer_admin.errors import BadInput, Conflict
from deepracer_admin.model import Event, PriceList
from deepracer_admin.records.capacity import ACCOUNT_QUOTAS
from deepracer_admin.store import EventStore

__all__ = [
    "GUESTS",
    "SERVICES",
    "TEMPLATES",
    "EventDraft",
    "Template",
    "as_audited",
    "days_until_erasure",
    "draft_of",
    "known_zones",
    "merged",
    "slots_to_begin_with",
    "write_draft",
]

FORMAT = 1
SLOTS = 8  # SageMaker's default quota (deepracer-on-aws.md 4)
SERVICES = ("", "on_aws", "managed")
GUESTS = ("refuse", "invite")


@dataclass(frozen=True, slots=True)
class EventDraft:
    """The set-up form. Local times are naive and meant in `zone`; hours per person, money in USD.

    `service` is one of `SERVICES`; "" = the racing service of the settings. `way_in` and `cognito_mail` as in
    model.Event. `guests` is one of `GUESTS`. `like`: id of the event whose portal settings a new one takes over.
    """

    name: str
    starts: datetime
    ends: datetime
    zone: str
    head_count: int
    budget_usd: float
    hours_per_person: float
    models_per_person: int
    group_id: str = ""
    guests: str = "refuse"
    sender: str = ""
    portal_url: str = ""
    material_url: str = ""
    language: str = "en"
    slots: int = SLOTS
    prices: PriceList = field(default_factory=PriceList)
    cohort_hours: Mapping[str, float] | None = None
    public_url: str = ""
    erase_after_days: int = 60
    service: str = ""
    way_in: str = "service"
    cognito_mail: str = ""
    like: str = ""


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern to start an event from; durations in hours."""

    key: str
    title: str
    hint: str
    duration_h: float
    hours_per_person: float
    models_per_person: int


TEMPLATES: tuple[Template, ...] = (
    Template(
        "day", "One day, one race", "A workshop day: people train in the morning, the race closes at five.", 8, 3, 3
    ),
    Template("week", "One week, live final", "Train for four days at the desk, final on the fifth.", 5 * 24, 5, 3),
    Template(
        "fortnight",
        "Two weeks, then the top ten",
        "Everybody races for two weeks; the ten best meet again.",
        14 * 24,
        10,
        5,
    ),
)


_TOGETHER = ({"starts", "ends", "zone"},)  # local times mean nothing without their zone


def merged(draft: EventDraft, shown: EventDraft, now: EventDraft) -> EventDraft:
    """What a form of `shown` means for an event that is `now`: only what was changed in it. Raises Conflict."""
    mine, theirs = _differing(draft, shown), _differing(now, shown)
    for group in _TOGETHER:
        theirs |= group if theirs & group and mine & group else set()
    both = sorted(name for name in mine & theirs if getattr(draft, name) != getattr(now, name))
    if both:
        words = ", ".join(name.replace("_", " ") for name in both)
        raise Conflict(f"A colleague changed this meanwhile: {words}. Look at it as it is now, then change it again.")
    return replace(now, **{name: getattr(draft, name) for name in mine})


def _differing(one: EventDraft, other: EventDraft) -> set[str]:
    return {each.name for each in fields(one) if getattr(one, each.name) != getattr(other, each.name)}


def slots_to_begin_with(store: EventStore, racing: str) -> int:
    """Job slots of a new event on the racing service `racing`: what the account allows, where the console could read
    it, else SageMaker's default.
    """
    found = store.read("", ACCOUNT_QUOTAS).slots if racing == "on_aws" else None
    return found or SLOTS


def days_until_erasure(event: Event) -> int:
    """Days between the event's end and the erasure of personal data."""
    if not event.erase_on:
        return 60
    return (date.fromisoformat(event.erase_on) - event.ends_at.astimezone(ZoneInfo(event.zone)).date()).days


def as_audited(event: Event) -> dict[str, Any]:
    """An event's settings as the audit keeps them."""
    values = asdict(event)
    for key in ("starts_at", "ends_at", "created_at", "closed_at"):
        values[key] = values[key].isoformat() if values[key] else None
    return values


def write_draft(draft: EventDraft) -> bytes:
    """A draft as a JSON file. It holds no secret, no person and no state: there is no field for them."""
    values = asdict(draft)
    del values["like"]  # an id means nothing elsewhere
    values["starts"], values["ends"] = draft.starts.isoformat(), draft.ends.isoformat()
    return json.dumps({"format": FORMAT, **values}, ensure_ascii=False, indent=2).encode()


def draft_of(given: Mapping[str, Any]) -> EventDraft:
    """The inverse of `write_draft`, from the file's values (rules/settings_file.py). Raises BadInput, with the field
    where one is wrong.
    """
    values = dict(given)
    if values.pop("format", None) != FORMAT:
        raise BadInput("Settings file: it is no settings file of this console, or of another version.")
    unknown = sorted(set(values) - set(EventDraft.__dataclass_fields__))
    if unknown:
        raise BadInput(f"Settings file: {unknown[0]!r} is no setting of an event.")
    try:
        draft = TypeAdapter(EventDraft).validate_python(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadInput(f"Settings file: `{place}` cannot be used: {first['msg']}.") from None
    if draft.starts.tzinfo or draft.ends.tzinfo:
        raise BadInput("Settings file: `starts` and `ends` are local times of the event's zone, without an offset.")
    return draft


@cache
def known_zones() -> frozenset[str]:
    """Names of time zones; reading the folder each time would take longer than a whole page."""
    return frozenset(available_timezones())
