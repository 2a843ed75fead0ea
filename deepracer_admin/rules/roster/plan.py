"""What an import would change: a diff of the list against the event, before anything is written.

Matching is by normalised address. An empty cell, or a column that the list does not have, says nothing: it never erases
what is known. A person of the event who is not in the list is `missing` (perhaps a leaver) and is only reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from deepracer_admin.rules.roster.addresses import normalise_email, service_refusal
from deepracer_admin.rules.roster.findings import RosterCheck, RosterRow

__all__ = ["Change", "ImportPlan", "KnownAttendee", "PlanEntry", "plan_check", "plan_import"]

_FIELDS = ("name", "office", "cost_centre", "new_to_ml", "new_to_aws")


class KnownAttendee(Protocol):
    """What the plan reads of a person who is in the event already."""

    @property
    def name(self) -> str: ...
    @property
    def office(self) -> str: ...
    @property
    def cost_centre(self) -> str: ...
    @property
    def new_to_ml(self) -> bool | None: ...
    @property
    def new_to_aws(self) -> bool | None: ...
    @property
    def extra(self) -> Mapping[str, str]: ...


class Change(StrEnum):
    """What an import would do with one row."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    DUPLICATE = "duplicate"


class PlanEntry(NamedTuple):
    """One row of the plan. `before` and `after` hold only the fields that would change (all that are filled, for a new
    person); `values` is the person whole, as an import would write it.
    """

    row: int
    email: str
    change: Change
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    values: Mapping[str, Any]
    service_refusal: str | None = None


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """The diff. Invariant: all counts of one row each (new to left_out) together are the number of data rows."""

    entries: tuple[PlanEntry, ...]
    missing: tuple[str, ...]  # addresses in the event that the list does not hold, in the event's order
    duplicate: int = 0
    rejected: int = 0
    left_out: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """new, changed, same, duplicate, rejected, left_out, missing; refused (by the service) is among the others."""
        by_change = Counter(entry.change for entry in self.entries)
        return {
            "new": by_change[Change.NEW],
            "changed": by_change[Change.CHANGED],
            "same": by_change[Change.SAME],
            "duplicate": by_change[Change.DUPLICATE] + self.duplicate,
            "rejected": self.rejected,
            "left_out": self.left_out,
            "missing": len(self.missing),
            "refused": sum(entry.service_refusal is not None for entry in self.entries),
        }

    def of(self, change: Change) -> list[PlanEntry]:
        """The entries of one kind, in the list's order."""
        return [entry for entry in self.entries if entry.change is change]


def plan_check(
    check: RosterCheck, existing: Mapping[str, KnownAttendee], *, service_rule: str | None = None
) -> ImportPlan:
    """The plan for a whole checked list."""
    return plan_import(
        check.accepted,
        existing,
        service_rule=service_rule,
        duplicate=len(check.duplicates),
        rejected=len(check.rejected),
        left_out=len(check.left_out),
    )


def plan_import(
    accepted: Iterable[RosterRow],
    existing: Mapping[str, KnownAttendee],
    *,
    service_rule: str | None = None,
    duplicate: int = 0,
    rejected: int = 0,
    left_out: int = 0,
) -> ImportPlan:
    """The diff of `accepted` rows against `existing` (address -> person).

    `service_rule` as in `service_refusal`; a row that carries a refusal already keeps it. `duplicate`, `rejected`
    and `left_out` are the counts that the check found, for the totals.
    """
    known = {normalise_email(email): person for email, person in existing.items()}
    seen: set[str] = set()
    entries: list[PlanEntry] = []
    for row in accepted:
        email = normalise_email(row.email)
        entries.append(_entry(row, email, known.get(email), email in seen, service_rule))
        seen.add(email)
    missing = tuple(email for email in known if email not in seen)
    return ImportPlan(tuple(entries), missing, duplicate, rejected, left_out)


def _entry(
    row: RosterRow, email: str, person: KnownAttendee | None, is_repeated: bool, service_rule: str | None
) -> PlanEntry:
    told = _told(row)
    refusal = row.service_refusal or service_refusal(email, service_rule)
    if is_repeated:
        return PlanEntry(row.row, email, Change.DUPLICATE, {}, {}, {}, refusal)
    if person is None:
        whole = {field: getattr(row, field) for field in _FIELDS} | {"extra": dict(row.extra)}
        return PlanEntry(row.row, email, Change.NEW, {}, told, whole, refusal)
    before = {field: getattr(person, field) for field in _FIELDS} | {"extra": dict(person.extra)}
    whole = before | told | {"extra": before["extra"] | dict(row.extra)}
    moved = [field for field in whole if whole[field] != before[field]]
    change = Change.CHANGED if moved else Change.SAME
    return PlanEntry(
        row.row,
        email,
        change,
        {field: before[field] for field in moved},
        {field: whole[field] for field in moved},
        whole,
        refusal,
    )


def _told(row: RosterRow) -> dict[str, Any]:
    """The fields that the row says anything about."""
    told = {field: value for field in _FIELDS if (value := getattr(row, field)) not in ("", None)}
    if row.extra:
        told["extra"] = dict(row.extra)
    return told
