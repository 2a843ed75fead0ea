"""Registering through the portal: what a form must be, which state follows which, who gets a place. Pure.

A form is judged by what stands in it and in the portal's settings alone, never by who is known: what it refuses says
nothing about anybody. Problems are stable words (`Problem`); web/portal/*.toml and the static portal have a sentence
for each in every language.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from deepracer_admin.model.registrations import (
    Asked,
    Portal,
    Question,
    QuestionKind,
    Registration,
    RegistrationState,
)
from deepracer_admin.rules.aliases import tells
from deepracer_admin.rules.roster.addresses import normalise_email, problem_of, service_refusal
from deepracer_admin.rules.roster.people import display_name

__all__ = [
    "ASKED_FOR",
    "CONFIRM_FOR",
    "FORMS_AT_MOST",
    "MAY_LEAVE",
    "MOVES",
    "PAGE_AFTER",
    "TRAP",
    "Checked",
    "Problem",
    "check_submission",
    "domain_of",
    "is_trap",
    "may_mail",
    "places_left",
    "settle",
    "unconfirmed_at_most",
    "waiting_place",
    "waiting_places",
    "with_attendees",
]

ANSWER_AT_MOST = 300
NAME_AT_MOST = 100
ADDRESS_AT_MOST = 254  # RFC 5321 4.5.3.1

CONFIRM_FOR = timedelta(days=3)
"""So long the button of a mailed link confirms."""
PAGE_AFTER = timedelta(days=14)
"""So long after the event's end a mailed link shows its holder's page."""
ASKED_FOR = timedelta(days=7)
"""Who has not confirmed by then is forgotten."""
MAILS_AT_MOST = 5
MAIL_PAUSE = timedelta(minutes=10)
"""A further mail for the same form: not sooner, and not more often."""

FORMS_AT_MOST = 10_000
"""So many forms of one event wait at most; who comes then is asked to come again in a minute."""

TRAP = "website"
"""A field that people do not see: who fills it in is a program."""

# 3 to 20 as both racing services take it (deepracer-on-aws.md 1.3; managed-deepracer.md 1.3)
_RACER_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{1,18})[A-Za-z0-9]")
_LOCAL_TRICKS = re.compile(r"[%!\"\\\s<>(),:;\[\]]")  # routes, quoted locals, display names


class Problem(StrEnum):
    """Why a field is not taken."""

    MISSING = "missing"
    TOO_LONG = "too_long"
    NOT_AN_ADDRESS = "not_an_address"
    FOREIGN_DOMAIN = "foreign_domain"
    SERVICE_REFUSES = "service_refuses"
    RACER_NAME_FORM = "racer_name_form"
    RACER_NAME_TELLS = "racer_name_tells"
    NOT_AN_OPTION = "not_an_option"
    CONSENT = "consent"


@dataclass(frozen=True, slots=True)
class Checked:
    """A judged form: `asked` when it is fit, else what is wrong by field, in the form's order."""

    asked: Asked | None
    problems: Mapping[str, Problem]


# ------------------------------------------------------------------------------------------------------- one form


def check_submission(
    portal: Portal,
    fields: Mapping[str, str],
    *,
    language: str,
    at: datetime,
    service_rule: str | None,
) -> Checked:
    """Judge a form: `email`, `name`, `racer_name`, `new_to_ml`, `new_to_aws` ("yes" | "no"), one `q-<id>` a question,
    `consent` (the version that was shown). `service_rule` as in rules.roster.service_refusal.
    """
    problems: dict[str, Problem] = {}
    email = _email(portal, fields.get("email", ""), service_rule, problems)
    name = _line(fields, "name", NAME_AT_MOST, problems)
    racer_name = _racer_name(fields.get("racer_name", ""), name, email, problems)
    experience = {each: _yes_no(fields.get(each, ""), each, problems) for each in ("new_to_ml", "new_to_aws")}
    answers = {}
    for question in portal.questions:
        value = _answer(question, fields.get(f"q-{question.id}", ""), problems)
        if value:
            answers[question.id] = value
    if fields.get("consent", "") != str(portal.consent_version):
        problems["consent"] = Problem.CONSENT
    if problems:
        return Checked(None, problems)
    asked = Asked(
        email=email,
        at=at,
        name=name,
        racer_name=racer_name,
        new_to_ml=experience["new_to_ml"],
        new_to_aws=experience["new_to_aws"],
        answers=answers,
        language=language,
        consent=portal.consent_version,
    )
    return Checked(asked, {})


def is_trap(fields: Mapping[str, str]) -> bool:
    """Did a program fill in what people do not see?"""
    return bool(fields.get(TRAP, "").strip())


def _email(portal: Portal, typed: str, service_rule: str | None, problems: dict[str, Problem]) -> str:
    if not typed.strip():
        problems["email"] = Problem.MISSING
        return ""
    email = normalise_email(typed) if len(typed) <= 2 * ADDRESS_AT_MOST else ""
    if not email or _LOCAL_TRICKS.search(email) or problem_of(email):
        problems["email"] = Problem.NOT_AN_ADDRESS
    elif domain_of(email) not in portal.domains:
        problems["email"] = Problem.FOREIGN_DOMAIN
    elif service_refusal(email, service_rule):
        problems["email"] = Problem.SERVICE_REFUSES
    return email


def _racer_name(typed: str, name: str, email: str, problems: dict[str, Problem]) -> str:
    wished = typed.strip()
    if not wished:
        return ""
    if not _RACER_NAME.fullmatch(wished):
        problems["racer_name"] = Problem.RACER_NAME_FORM
    elif email and tells(wished, name, email):
        problems["racer_name"] = Problem.RACER_NAME_TELLS
    return wished


def _yes_no(typed: str, field: str, problems: dict[str, Problem]) -> bool | None:
    if typed not in ("yes", "no"):
        problems[field] = Problem.MISSING if not typed else Problem.NOT_AN_OPTION
        return None
    return typed == "yes"


def _line(fields: Mapping[str, str], field: str, longest: int, problems: dict[str, Problem]) -> str:
    """One line, as it may stand on a screen: no control characters, no marks that turn the text beside it."""
    value = display_name(fields.get(field, "")[: 10 * longest])
    if len(value) > longest or len(fields.get(field, "")) > 10 * longest:
        problems[field] = Problem.TOO_LONG
    return value


def _answer(question: Question, typed: str, problems: dict[str, Problem]) -> str:
    field = f"q-{question.id}"
    if not typed.strip():
        if question.required:
            problems[field] = Problem.MISSING
        return ""
    if question.kind is QuestionKind.TEXT:
        return _line({field: typed}, field, ANSWER_AT_MOST, problems)
    options = question.options if question.kind is QuestionKind.CHOICE else ("yes", "no")
    if typed not in options:
        problems[field] = Problem.NOT_AN_OPTION
    return typed


def domain_of(email: str) -> str:
    """The domain of a normalised address, in ASCII."""
    return email.rpartition("@")[2]


# ------------------------------------------------------------------------------------------------------- the states

MOVES: Mapping[RegistrationState, frozenset[RegistrationState]] = {
    RegistrationState.ASKED: frozenset({RegistrationState.VERIFIED, RegistrationState.WITHDRAWN}),
    RegistrationState.VERIFIED: frozenset(
        {
            RegistrationState.ACCEPTED,
            RegistrationState.WAITING,
            RegistrationState.REFUSED,
            RegistrationState.WITHDRAWN,
        }
    ),
    RegistrationState.WAITING: frozenset(
        {RegistrationState.ACCEPTED, RegistrationState.REFUSED, RegistrationState.WITHDRAWN}
    ),
    RegistrationState.ACCEPTED: frozenset({RegistrationState.WITHDRAWN}),
    RegistrationState.REFUSED: frozenset({RegistrationState.VERIFIED}),  # an organizer changes their mind
    RegistrationState.WITHDRAWN: frozenset({RegistrationState.ASKED}),  # they ask anew, and confirm anew
}


MAY_LEAVE = frozenset({RegistrationState.VERIFIED, RegistrationState.ACCEPTED, RegistrationState.WAITING})
"""Who may give their place, or their turn, back by themselves."""


def unconfirmed_at_most(head_count: int) -> int:
    """So many people may be asked to confirm at once. Further forms of people who are not known wait, unlost, until
    some have confirmed or were forgotten: a program that invents addresses makes so many mails and rows, and no more.
    Wide enough for everybody of the event to come in one minute, from whatever address in the network.
    """
    return max(2_000, 2 * head_count)


def may_mail(registration: Registration, now: datetime) -> bool:
    """May one more mail go to this address because of a form? Bounded, so that nobody is flooded in their name."""
    if registration.state is RegistrationState.REFUSED:
        return False
    if registration.mails >= MAILS_AT_MOST:
        return False
    return registration.mailed_at is None or now - registration.mailed_at >= MAIL_PAUSE


def places_left(portal: Portal, taken: int) -> int | None:
    """How many more people the event's list may hold; None: no ceiling."""
    return max(0, portal.places - taken) if portal.places else None


def settle(
    portal: Portal,
    registrations: Iterable[Registration],
    *,
    on_list: Iterable[str],
    taken: int,
    taken_out: Iterable[str] = (),
) -> dict[str, RegistrationState]:
    """Who is accepted, and who waits, by id; whoever it does not name stays.

    First come (confirmed), first served, those who wait already before those who come. Who is on the list (`on_list`,
    addresses) takes no place of those that are left: theirs is counted in `taken` already. Whom an organizer took off
    the list (`taken_out`) an organizer lets in again; who left by themselves comes back by themselves.
    """
    listed, out = {*on_list}, {*taken_out}
    left = places_left(portal, taken)
    moved: dict[str, RegistrationState] = {}
    for each in sorted(registrations, key=_turn):
        if each.state not in (RegistrationState.VERIFIED, RegistrationState.WAITING):
            continue
        if each.email in listed:
            moved[each.id] = RegistrationState.ACCEPTED
        elif (portal.by_hand or (each.email in out and each.left_at is None)) and not each.approved:
            continue
        elif left is None or left > 0:
            moved[each.id] = RegistrationState.ACCEPTED
            left = None if left is None else left - 1
        elif each.state is RegistrationState.VERIFIED:
            moved[each.id] = RegistrationState.WAITING
    return moved


def _turn(registration: Registration) -> tuple[bool, datetime, str]:
    waits = registration.state is RegistrationState.WAITING
    return not waits, registration.verified_at or registration.asked_at, registration.id


def waiting_place(registrations: Iterable[Registration], mine: Registration) -> int:
    """Which place in the waiting list, from 1."""
    line = [each for each in registrations if each.state is RegistrationState.WAITING]
    return 1 + sum(_turn(each) < _turn(mine) for each in line if each.id != mine.id)


def waiting_places(registrations: Iterable[Registration]) -> dict[str, int]:
    """The place of everybody in the waiting list, from 1, by id."""
    line = sorted((each for each in registrations if each.state is RegistrationState.WAITING), key=_turn)
    return {each.id: place for place, each in enumerate(line, start=1)}


def with_attendees(registrations: Iterable[Registration], wanted: Iterable[str]) -> list[str]:
    """Ids of accepted registrations whose person is not on the list (any more): they have withdrawn."""
    there = {*wanted}
    return [
        each.id
        for each in registrations
        if each.state is RegistrationState.ACCEPTED and each.attendee and each.attendee not in there
    ]
