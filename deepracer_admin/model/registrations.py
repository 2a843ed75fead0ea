"""The event portal: what it asks, who asked for a place, and how far each of them is.

    ASKED --the button of the mailed link--> VERIFIED --a place is free--> ACCEPTED
                                             VERIFIED --none is free--> WAITING --one is free again--> ACCEPTED
    VERIFIED | WAITING --an organizer--> REFUSED        anything but REFUSED --taken out, or at their wish--> WITHDRAWN

A visitor's form is first kept as it came (`Asked`, one write whoever they are), and only the worker, or the function
behind the stream, makes a `Registration` of it: so a form takes the same time and gets the same answer for an address
that is known, unknown or refused. In the store (records/portal.py) these are rows by key: an `Asked` under a random
key, a `Registration` under `registration_id(email)`, a `PortalLink` under the hash of its token.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class QuestionKind(StrEnum):
    """TEXT: a line of their own words. CHOICE: one of the options. YES_NO: yes or no."""

    TEXT = "text"
    CHOICE = "choice"
    YES_NO = "yes_no"


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the organizers. `id` is stable (answers stand under it), `title` the heading of its column.

    `titles` and `choices` by language where they differ from the first; an answer to a CHOICE is kept as it stands in
    `options`, that to a YES_NO as "yes" or "no".
    """

    id: str
    kind: QuestionKind
    title: str
    options: tuple[str, ...] = ()
    required: bool = False
    titles: Mapping[str, str] = field(default_factory=dict)
    choices: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PortalText:
    """The organizers' own words in one language; plain text, blank lines part paragraphs. "" = as it comes."""

    welcome: str = ""
    how_to: str = ""
    consent: str = ""


@dataclass(frozen=True, slots=True)
class PortalLinkOut:
    """Event material on the portal: a title and an https address."""

    title: str
    address: str


@dataclass(frozen=True, slots=True)
class PortalMail:
    """The organizers' own words for one of the portal's mails; placeholders as rules/portal.py lists them."""

    subject: str
    body: str


@dataclass(frozen=True, slots=True)
class Consent:
    """A text that people agreed to: by language, and from when (real time) it stood on the portal."""

    version: int
    texts: Mapping[str, str]
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Portal:
    """How the portal of one event stands. `domains`: exactly these, in ASCII; nobody else can register.

    `places`: how many people the event's list may hold, however they came (0 = no ceiling). `by_hand`: an organizer
    accepts each. `consents`: every version that was ever shown, the one in force last. `mails` by mail and language
    ("register_confirm.en"); what is not there goes out in the console's own words.
    """

    open: bool = False
    domains: tuple[str, ...] = ()
    places: int = 0
    by_hand: bool = False
    questions: tuple[Question, ...] = ()
    texts: Mapping[str, PortalText] = field(default_factory=dict)
    material: tuple[PortalLinkOut, ...] = ()
    consents: tuple[Consent, ...] = ()
    mails: Mapping[str, PortalMail] = field(default_factory=dict)

    @property
    def consent_version(self) -> int:
        """0 = the text that comes with the console."""
        return self.consents[-1].version if self.consents else 0


class RegistrationState(StrEnum):
    ASKED = "asked"
    VERIFIED = "verified"
    ACCEPTED = "accepted"
    WAITING = "waiting"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Asked:
    """One form as it was sent and found fit (rules/registration.py); says nothing about whether its person is known.

    `email` normalised, `racer_name` as wished ("" = we give one), `answers` by question id, `consent`: the version
    agreed to, `at`: real time.
    """

    email: str
    at: datetime
    name: str = ""
    racer_name: str = ""
    new_to_ml: bool | None = None
    new_to_aws: bool | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    consent: int = 0


@dataclass(frozen=True, slots=True)
class Registration:
    """One person's registration, at most one an address. Times are real time.

    `attendee`: id on the event's list once accepted. `mails`: how many mails were queued because of a form, the last at
    `mailed_at`. `told`: the state of which our last mail told. `decided_by`: object id of the organizer, "" = by
    itself. `approved`: an organizer said yes, also where no place is free yet. A form of somebody who has confirmed
    already changes nothing but `mails` and `mailed_at`. `left_at`: when they gave their place back themselves, until
    they have one again; `leaving`: they are still to be taken off the event's list for it.
    """

    id: str
    email: str
    state: RegistrationState
    asked_at: datetime
    name: str = ""
    racer_name: str = ""
    new_to_ml: bool | None = None
    new_to_aws: bool | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    language: str = "en"
    consent: int = 0
    verified_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str = ""
    approved: bool = False
    attendee: str = ""
    mails: int = 0
    mailed_at: datetime | None = None
    told: str = ""
    left_at: datetime | None = None
    leaving: bool = False


class LinkPurpose(StrEnum):
    """CONFIRM: verifies the address, once. PAGE: shows its holder's own state."""

    CONFIRM = "confirm"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class PortalLink:
    """What a mailed link opens. The token itself is kept nowhere: the row stands under its SHA-256.

    `expires_at` (real time): until then the button of a CONFIRM link confirms, once (`used_at`). Every link shows its
    holder's page until two weeks after the event.
    """

    registration: str
    purpose: LinkPurpose
    expires_at: datetime
    used_at: datetime | None = None


def registration_id(email: str) -> str:
    """The key of a registration: one a normalised address, so that nobody is registered twice by whatever way."""
    return f"reg-{hashlib.sha256(email.encode()).hexdigest()[:24]}"
