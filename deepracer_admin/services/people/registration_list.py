"""Registrations of the portal, narrowed, searched and sorted on this side of the wire; a browser gets one page.
Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from deepracer_admin.model import Delivery
from deepracer_admin.model.registrations import Registration, RegistrationState
from deepracer_admin.rules.search import folded, holds, words_of

__all__ = ["EVERYBODY", "KINDS", "ORDERS", "TO_DECIDE", "RegistrationList", "RegistrationRow"]

EVERYBODY, TO_DECIDE = "Everybody", "To decide"
KINDS: Mapping[str, frozenset[RegistrationState]] = {
    EVERYBODY: frozenset(RegistrationState),
    TO_DECIDE: frozenset({RegistrationState.VERIFIED}),
    "Waiting list": frozenset({RegistrationState.WAITING}),
    "Has a place": frozenset({RegistrationState.ACCEPTED}),
    "Not confirmed": frozenset({RegistrationState.ASKED}),
    "Refused or withdrawn": frozenset({RegistrationState.REFUSED, RegistrationState.WITHDRAWN}),
}
"""Whom to show, by what stands on the screen."""


@dataclass(frozen=True, slots=True)
class RegistrationRow:
    """One registration, the mail that went last, and what the person is called on the list ("" = not on it)."""

    registration: Registration
    mail: Delivery | None
    racer_name: str


NEWEST = "Newest first"
ORDERS: Mapping[str, Callable[[RegistrationRow], str]] = {
    NEWEST: lambda row: "",
    "Name": lambda row: folded(row.registration.name or row.registration.email),
    "Address": lambda row: row.registration.email,
}
"""In which order; those who are alike in it stand with the newest first."""


class RegistrationList:
    """Registrations as read, newest first. Never changed: many who look share one."""

    def __init__(self, rows: Sequence[RegistrationRow]) -> None:
        self.rows = rows
        self.by_id = {row.registration.id: row for row in rows}
        self.counts = {kind: sum(row.registration.state in states for row in rows) for kind, states in KINDS.items()}

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """What a search looks at, by id."""
        return {
            key: folded(f"{row.registration.name} {row.registration.email} {row.racer_name}")
            for key, row in self.by_id.items()
        }

    def ids(self, kind: str = EVERYBODY, text: str = "", order: str = NEWEST) -> tuple[str, ...]:
        """Who is of this kind and has every word of `text` in name, address or racer name, in the order asked for."""
        rows = [row for row in self.rows if row.registration.state in KINDS[kind]]
        if words := words_of(text):
            rows = [row for row in rows if holds(words, self._texts[row.registration.id])]
        if order != NEWEST:
            rows = sorted(rows, key=ORDERS[order])
        return tuple(row.registration.id for row in rows)
