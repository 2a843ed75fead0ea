"""Writing people onto the event's list: from an imported list and from the portal alike, nobody twice.

What is to be written is a plan's entries (rules/roster/plan.py). Of somebody who is known only what the entry changes
is written: whoever is taken out meanwhile stays out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from deepracer_admin.model import Attendee
from deepracer_admin.rules.aliases import give_aliases
from deepracer_admin.rules.roster.plan import Change, PlanEntry
from deepracer_admin.store import EventStore

__all__ = ["Joining", "aliases_taken", "difference", "join", "plain", "write"]

_FIELDS = ("name", "office", "cost_centre", "new_to_ml", "new_to_aws", "extra", "answers")


@dataclass(frozen=True, slots=True)
class Joining:
    """`new` people; by id of those who are known, the fields that change; and each as they were and as they will be."""

    new: list[Attendee] = field(default_factory=list)
    changes: dict[str, dict[str, Any]] = field(default_factory=dict)
    people: list[tuple[Attendee | None, Attendee]] = field(default_factory=list)


def join(
    entries: Iterable[PlanEntry],
    known: Mapping[str, Attendee],
    *,
    taken: Iterable[str],
    source: str,
    by: str,
    now: datetime,
    wished: Mapping[str, str] | None = None,
) -> Joining:
    """What these entries make of the list. `known` by address, leavers included; `taken` racer names; `source` and
    `by` as an Attendee has them; `wished` racer names by address, given as far as they are free.
    """
    written = [entry for entry in entries if entry.change in (Change.NEW, Change.CHANGED)]
    fresh = [entry for entry in written if entry.email not in known]
    names = [(str(entry.values.get("name", "")), entry.email) for entry in fresh]
    wishes = [(wished or {}).get(entry.email, "") for entry in fresh]
    alias_of = dict(zip((entry.email for entry in fresh), give_aliases(names, taken, wishes=wishes), strict=True))
    joining = Joining()
    for entry in written:
        before = known.get(entry.email)
        values = {key: entry.values[key] for key in _FIELDS if key in entry.values}
        if before is None:
            person = Attendee(
                id=f"at-{secrets.token_hex(8)}",
                email=entry.email,
                name=str(values.pop("name", "")),
                alias=alias_of[entry.email],
                source=source,
                added_at=now,
                added_by=by,
                refusal=entry.service_refusal or "",
                **values,
            )
            joining.new.append(person)
        else:
            if entry.change is Change.NEW:  # somebody who had left: what the entry does not say stays known
                values = {key: value for key, value in values.items() if value not in ("", None, {})}
            person = replace(before, **values, wanted=True, refusal=entry.service_refusal or "")
            if person == before:
                continue  # written by another import meanwhile, or by the same one clicked twice
            joining.changes[before.id] = difference(plain(before), plain(person))
        joining.people.append((before, person))
    return joining


def write(store: EventStore, event: str, joining: Joining) -> None:
    """Raises Conflict when an address went to somebody else meanwhile."""
    store.save_attendees(event, joining.new)
    changes = joining.changes
    if changes:
        store.amend_attendees(event, lambda each: replace(each, **changes[each.id]), ids=changes)


def aliases_taken(store: EventStore, event: str, known: Iterable[Attendee]) -> Sequence[str]:
    """Racer names of everybody on the list, and of strangers whom the service listed last: results are told apart by
    nothing else (deepracer-on-aws.md 1.7).
    """
    mine = {link.profile for link in store.links(event).values()}
    strangers = [profile.alias for profile in store.profiles(event)[0] if profile.id not in mine]
    return [*(person.alias for person in known), *strangers]


def plain(person: Attendee) -> dict[str, Any]:
    """The fields that joining writes, as a job's item keeps them."""
    return {
        "name": person.name,
        "office": person.office,
        "cost_centre": person.cost_centre,
        "new_to_ml": person.new_to_ml,
        "new_to_aws": person.new_to_aws,
        "extra": dict(person.extra),
        "answers": dict(person.answers),
        "wanted": person.wanted,
        "refusal": person.refusal,
    }


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in new.items() if key not in old or old[key] != value}
