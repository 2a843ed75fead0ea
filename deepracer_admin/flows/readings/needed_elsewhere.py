"""People, profiles and the switch that another open event needs: left alone here, and handed over to that event.

The order makes it safe when both end at once. Each event first says that it wants its people no longer, and only then
looks at the other; what is handed over is decided in one transaction, and only with whoever is still wanted there. So
at least one of the two ends what both had. What if it dies here? Handing over again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Lease, Quota, Step
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.closing import CLOSING_STEPS
from deepracer_admin.records.limits import CLOSED, NEW_PROFILE_LIMITS, SPONSORSHIP, NewProfileLimits, Sponsorship
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.rules.shared_people import Elsewhere, EventPeople, elsewhere_of
from deepracer_admin.store import EventStore

__all__ = [
    "hand_over",
    "hand_over_switch",
    "needed_by",
    "needed_elsewhere",
    "open_beside",
    "sponsors_elsewhere",
    "stored_elsewhere",
]


MOST = 3  # times that it is looked again whether somebody was put on another list meanwhile


def needed_elsewhere(ports: Ports, event: Event) -> Elsewhere:
    """Who of this event other open ones need, as stored now."""
    return stored_elsewhere(ports.store, event, ports.racing_default)


def stored_elsewhere(store: EventStore, event: Event, default: str) -> Elsewhere:
    """The same for pages; `default`: the racing service of events that name none."""
    others = [
        each
        for each in store.events()
        if each.id != event.id and each.closed_at is None and _meets(event, each, default)
    ]
    if not others:
        return Elsewhere()
    return elsewhere_of(_people(store, event, default), [_people(store, each, default) for each in others])


def _meets(event: Event, other: Event, default: str) -> bool:
    same_group = bool(event.group_id) and event.group_id == other.group_id
    return same_group or (event.service or default) == (other.service or default)


def _people(store: EventStore, event: Event, default: str) -> EventPeople:
    return EventPeople(
        event.id,
        event.name,
        event.closed_at is None,
        event.service or default,
        event.group_id,
        store.attendees(event.id),
        store.links(event.id),
        {row.attendee: row.ref for row in store.steps(event.id, step=Step.GROUP) if row.ref} if event.group_id else {},
    )


def hand_over(ports: Ports, event: Event, lease: Lease) -> Elsewhere:
    """Give shared profiles to the events that need them, and say who is needed as it stands after that.

    Whoever is no longer wanted there at that moment is not taken over, and is this event's to end.
    """
    needed = needed_elsewhere(ports, event)
    for _ in range(MOST):
        _hand_over_quotas(ports, event, needed, lease)
        for other, links in needed.links.items():
            ports.store.hand_over(other, links, lease=lease)
        before, needed = needed, needed_elsewhere(ports, event)
        if needed.links == before.links:
            break
    return needed


def _hand_over_quotas(ports: Ports, event: Event, before: Elsewhere, lease: Lease) -> None:
    """What adopted profiles might use before either event: the other one may have taken our limits for theirs."""
    store = ports.store
    former = store.rows(event.id, ADOPTED_QUOTAS)
    people = {link.profile: key for key, link in store.links(event.id).items()}
    persons = {person.id: person for person in store.attendees(event.id)} if former else {}
    for other, links in before.links.items():
        theirs = {link.profile: former[link.profile] for link in links if link.profile in former}
        ours = {key: quota_for(event, persons[people[key]]) for key in theirs if people.get(key) in persons}

        def change(
            kept: Mapping[str, Quota], theirs: Mapping[str, Quota] = theirs, ours: Mapping[str, Quota] = ours
        ) -> dict[str, Quota]:
            return {k: q for k, q in theirs.items() if k not in kept or kept[k] in (CLOSED, ours.get(k))}

        if theirs:
            store.change_rows(other, ADOPTED_QUOTAS, change, keys=theirs, lease=lease)


def sponsors_elsewhere(store: EventStore, event: Event, default: str) -> list[Event]:
    """Other open events on this service that sponsor people, and whose own close-out has not come to the switch."""
    found: list[Event] = []
    for other in open_beside(store, event, default):
        state = store.read(other.id, SPONSORSHIP)
        row = store.row(other.id, CLOSING_STEPS, "sponsorship")
        if not state.is_open or (row is not None and row.began_at is not None):
            continue
        if state.opened_at is not None or store.attendees(other.id, wanted=True):
            found.append(other)
    return found


def open_beside(store: EventStore, event: Event, default: str) -> list[Event]:
    """Other events on the same racing service that are not closed."""
    kind = event.service or default
    return [
        other
        for other in store.events()
        if other.id != event.id and other.closed_at is None and (other.service or default) == kind
    ]


def needed_by(others: Sequence[Event]) -> str:
    """Why it is left to them, a sentence that begins with their names."""
    names = " and ".join(f"“{other.name}”" for other in others)
    if len(others) == 1:
        return f"{names} sponsors people on it too, and its close-out ends it."
    return f"{names} sponsor people on it too, and the last of their close-outs ends it."


def hand_over_switch(ports: Ports, event: Event, lease: Lease) -> None:
    """Since when profiles came by our events, and what new ones got before them: the last event ends and gives back."""
    store = ports.store
    opened_at = store.read(event.id, SPONSORSHIP).opened_at
    limits = store.read(event.id, NEW_PROFILE_LIMITS)

    def earliest(state: Sponsorship) -> Sponsorship:
        known = [each for each in (state.opened_at, opened_at) if each is not None]
        return replace(state, opened_at=min(known) if known else None)

    def former(theirs: NewProfileLimits) -> NewProfileLimits:
        own = (*dict.fromkeys((*theirs.own, *limits.own)),)
        came_second = theirs.former is None or (theirs.former in limits.own and limits.former not in theirs.own)
        return replace(theirs, former=limits.former if came_second else theirs.former, own=own)

    for other in sponsors_elsewhere(store, event, ports.racing_default):
        if opened_at is not None:
            store.update(other.id, SPONSORSHIP, earliest, lease=lease)
        if limits.former is not None:
            store.update(other.id, NEW_PROFILE_LIMITS, former, lease=lease)
