"""The attendee list, searched, narrowed and sorted on this side of the wire: a browser gets one page of it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from deepracer_admin.model import Attendee
from deepracer_admin.rules.quotas import cohorts_of
from deepracer_admin.rules.search import folded, holds, words_of

__all__ = [
    "FAR",
    "KINDS",
    "NEEDS_A_HUMAN",
    "NO_PROFILE",
    "PAGE_ROWS",
    "SORTS",
    "TAKEN_OUT",
    "Query",
    "fitting",
    "ordered",
]

PAGE_ROWS = 50
EVERYBODY, REFUSED, NEEDS_A_HUMAN = "On the list", "Refused by the service", "Needs a human"
NO_PROFILE, TAKEN_OUT = "No profile yet", "Taken out"
KINDS = (EVERYBODY, REFUSED, NEEDS_A_HUMAN, NO_PROFILE, TAKEN_OUT)
"""Whom to show, by what stands on the screen."""
ADDED, FAR = "As added", "Fewest steps done"
SORTS: Mapping[str, Callable[[Attendee], str]] = {
    ADDED: lambda person: "",
    "Name": lambda person: (person.name or person.email).casefold(),
    "Address": lambda person: person.email.casefold(),
    "Racer name": lambda person: person.alias.casefold(),
    "Office": lambda person: person.office.casefold(),
    "Cost centre": lambda person: person.cost_centre.casefold(),
    FAR: lambda person: "",
}
"""In which order; people who are alike in it stand as they were added."""


@dataclass(frozen=True, slots=True)
class Query:
    """Whom to show and in which order. `cohort`: "office:Milano" or ""; `kind`, `sort`: of KINDS, SORTS."""

    text: str = ""
    cohort: str = ""
    kind: str = EVERYBODY
    sort: str = ADDED


def fitting(people: Sequence[Attendee], *, text: str = "", cohort: str = "") -> Sequence[Attendee]:
    """In whose name, address and racer name each of these words is, without regard to case and accents, and who is of
    this cohort ("" = any)."""
    words = words_of(text)
    if not words and not cohort:
        return people
    return [
        person
        for person in people
        if (not words or holds(words, folded(f"{person.name} {person.email} {person.alias}")))
        and (not cohort or cohort in cohorts_of(person))
    ]


def ordered(
    people: Sequence[Attendee],
    query: Query,
    *,
    stuck: Callable[[], Collection[str]],
    linked: Callable[[], Collection[str]],
    done: Callable[[], Mapping[str, int]],
) -> tuple[str, ...]:
    """Ids of those who fit, in the wanted order. `people`: who is wanted, or who is not for TAKEN_OUT. Asked only where
    the query needs it: `stuck`, ids of whom a step is refused or not known; `linked`, of who has a profile; `done`,
    steps done by id.
    """
    found = fitting(people, text=query.text, cohort=query.cohort)
    if query.kind == REFUSED:
        found = [person for person in found if person.refusal]
    elif query.kind == NEEDS_A_HUMAN:
        them = stuck()
        found = [person for person in found if person.id in them]
    elif query.kind == NO_PROFILE:
        them = linked()
        found = [person for person in found if person.id not in them]
    if query.sort == FAR:
        number = done()
        found = sorted(found, key=lambda person: number.get(person.id, 0))
    elif query.sort != ADDED:
        found = sorted(found, key=SORTS[query.sort])
    return tuple(person.id for person in found)
