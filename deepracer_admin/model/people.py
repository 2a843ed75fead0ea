"""People: who acts in the console, and who is on the list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from deepracer_admin.model.event import Quota


class Role(StrEnum):
    """Console roles, from the Entra app roles of the same names (screens.md, People)."""

    ORGANIZER = "Organizer"
    FACILITATOR = "Facilitator"
    VIEWER = "Viewer"
    SYSTEM = "System"  # the worker, on behalf of a recorded person


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `oid` and `tid` are the Entra object and tenant id: people are keyed on them, never on an e-mail.

    `email`: where mail to themselves goes, as their sign-in told it ("" = it told none); for that alone, and in no log.
    """

    oid: str
    tid: str
    name: str
    roles: frozenset[Role]
    session: str = ""  # hash of the session id, for the audit; never the id itself
    on_behalf_of: str = ""  # oid of the person for whom the worker acts
    email: str = field(default="", repr=False)


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
    answers: Mapping[str, str] = field(default_factory=dict)  # to the portal's choice and yes/no questions: cohorts
    wanted: bool = True
    refusal: str = ""  # why the connected service cannot take this address, with the way out; "" = it can
    quota: Quota | None = None  # own quota; None = cohort's or event's
    source: str = ""  # job id or "walk-up"
    added_at: datetime | None = None
    added_by: str = ""


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
