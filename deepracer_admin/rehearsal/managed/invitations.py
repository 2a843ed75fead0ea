"""Who may sign in to the managed service, and since when they know it.

Participants sign in with the sponsor's credentials (managed-deepracer.md 3.1), and those are IAM Identity Center's: a
member of its event group whose account is on, as long as the group holds the permission set with its policy. The
company's own group lets nobody in by itself; its members arrive, and leave, with the directory's cycle. They learn of
it from the first mail to them, or from colleagues some hours later. They choose their racer name themselves; whom a
mail tells one, takes that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deepracer_admin.rehearsal.shared.people import Company

Admitted = Callable[[], set[str]]
"""Whom Identity Center lets in now, by their ids in the company's directory."""
Mails = Callable[[int, int], list[dict[str, Any]]]
"""The outbox: after which number, at most how many."""
HEARSAY_S = 4 * 3600.0
TOLD_NAME = re.compile(r"^[^:\n]+: *([A-Za-z0-9-]{3,20})\.?$", re.MULTILINE)  # "Your racer name: Ada-K" in any language


@dataclass(frozen=True, slots=True)
class Sponsored:
    """Somebody who may sign in: the directory's id and address, since when they know (epoch seconds), and the racer
    name that a mail told them ("": none).
    """

    person_id: str
    email: str
    since: float
    name: str = ""


class Invitations:
    """Reads Identity Center and the outbox as they are now; keeps only what it has seen."""

    def __init__(self, company: Company, admitted: Admitted, mails: Mails) -> None:
        self._company, self._admitted, self._mails = company, admitted, mails
        self._grouped: dict[str, float] = {}  # person id -> since when Identity Center lets them in
        self._assigned: dict[str, float] = {}  # person id -> since when, for those who were assigned one by one
        self._told: dict[str, float] = {}  # address -> when the first mail to it was accepted
        self._names: dict[str, str] = {}  # address -> the racer name in that mail
        self._read_to = 0

    def assign(self, person_id: str, now: float) -> None:
        """Lets one person in and tells them: an assignment of their own, which needs no group and no cycle."""
        self._assigned.setdefault(person_id, now)

    def sponsored(self, now: float) -> Iterator[Sponsored]:
        """Everybody who may sign in; those whom a cycle took out, or who left the company, are not among them."""
        self._read_outbox()
        group = self._admitted()
        for person_id in [person_id for person_id in self._grouped if person_id not in group]:
            del self._grouped[person_id]
        for person_id in group:
            self._grouped.setdefault(person_id, now)
        for person_id in {**self._grouped, **self._assigned}:
            person = self._company.by_id(person_id)
            if person is not None and person.enabled:
                address = person.mail or person.upn
                since = self._since(person_id, address)
                yield Sponsored(person_id, address, since, self._names.get(address.lower(), ""))

    def _since(self, person_id: str, address: str) -> float:
        if person_id in self._assigned:
            return self._assigned[person_id]
        grouped = self._grouped[person_id]
        return max(grouped, self._told.get(address.lower(), grouped + HEARSAY_S))

    def _read_outbox(self) -> None:
        for entry in self._mails(self._read_to, 100_000):
            self._read_to = entry["seq"]
            address = entry["to"].lower()
            self._told.setdefault(address, datetime.fromisoformat(entry["at"]).timestamp())
            named = TOLD_NAME.search(entry.get("text") or "")
            if named:
                self._names.setdefault(address, named[1])

    def snapshot(self) -> dict[str, Any]:
        """The outbox is a journal of its own and is read again after a restart."""
        return {"grouped": dict(self._grouped), "assigned": dict(self._assigned)}

    def restore(self, state: dict[str, Any]) -> None:
        self._grouped, self._assigned = dict(state["grouped"]), dict(state["assigned"])
