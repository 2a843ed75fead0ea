"""What one person can be found by in an event: gathered from the store while they are still in it."""

from __future__ import annotations

from deepracer_admin.flows.people.registrations import registration_of
from deepracer_admin.journal import person_hash
from deepracer_admin.model import Attendee, Event, Step
from deepracer_admin.model.registrations import registration_id
from deepracer_admin.records.guest_book import GUESTS
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.records.profile_rows import ROWS_WITHOUT_ACCOUNT
from deepracer_admin.rules.crowd import Crowd
from deepracer_admin.rules.traces import SHORTEST_PART, Traces, name_parts
from deepracer_admin.store import EventStore

__all__ = ["crowd_of", "traces_of"]

THEIR_OWN = (Step.PROFILE, Step.GROUP, Step.ACCESS, Step.SIGNED_IN, Step.MAIL)
"""Steps whose reference is an account, a profile or a message of that person; elsewhere it may be a race."""


def traces_of(store: EventStore, event: Event, person: Attendee, mark: str = "erased") -> Traces:
    """Ids, addresses and names. What somebody else bears too (a reference, a part of a name) is not theirs alone, and
    an account that acts in the console keeps its acts: neither is looked for.
    """
    registered = registration_of(store, event.id, person)
    link = store.links(event.id).get(person.id)
    guest = store.row(event.id, GUESTS, person.id)
    addresses = {person.email.lower()} | ({registered.email.lower()} if registered else set())
    listed = [each for each in store.profiles(event.id)[0] if (link and each.id == link.profile)]
    addresses |= {each.email.strip().lower() for each in listed}
    rows = store.row(event.id, ROWS_WITHOUT_ACCOUNT, person.id)
    ids = {person.id, *(registration_id(each) for each in addresses if each), *(rows.ids if rows else ())}
    ids |= {person_hash(each) for each in addresses if each}
    ids |= {link.profile} if link else set()
    ids |= {guest.id} if guest else set()
    ids |= {registered.id} if registered else set()
    ids |= _references(store, event, person)
    ids |= {each.message_id for each in store.deliveries(event.id, attendee=person.id)}
    actors = {entry.actor for entry in store.audit(None, limit=1_000_000)}
    names = {person.name, person.alias, *(each.alias for each in listed)}
    names |= {registered.name, registered.racer_name} if registered else set()
    names |= {f"{last}, {first}" for name in names for first, _, last in [name.strip().rpartition(" ")] if first}
    others = {part.casefold() for each in store.attendees(event.id) if each.id != person.id for part in _words(each)}
    parts = {part for part in name_parts(person.name) if part.casefold() not in others}
    taken = {each.alias for each in store.attendees(event.id) if each.id != person.id}
    return Traces(
        frozenset(ids - actors - {""}),
        frozenset(addresses - {""}),
        frozenset({name.strip() for name in names | parts} - taken - {""}),
        mark,
    )


def _words(person: Attendee) -> set[str]:
    return name_parts(person.name) | name_parts(person.alias)


def _references(store: EventStore, event: Event, person: Attendee) -> set[str]:
    """Accounts and messages that the services named for this person, and for nobody else of the event."""
    mine = {
        row.ref
        for row in (*store.steps_of(event.id, person.id), *store.history_of(event.id, person.id))
        if row.step in THEIR_OWN and row.ref
    }
    others = {row.ref for row in store.steps(event.id) if row.attendee != person.id}
    return mine - others - {job.id for job in store.jobs(event.id, limit=1_000_000)}


def crowd_of(store: EventStore, event: Event, mark: str) -> Crowd:
    """Everybody of the event at once, who is on the list and who only registered."""
    people, registered = store.attendees(event.id), store.rows(event.id, REGISTRATIONS)
    addresses = {person.email.lower() for person in people} | {row.email.lower() for row in registered.values()}
    ids = {person.id for person in people} | {*registered} | {link.profile for link in store.links(event.id).values()}
    ids |= {registration_id(each) for each in addresses} | {person_hash(each) for each in addresses}
    ids |= {guest.id for guest in store.rows(event.id, GUESTS).values()}
    ids |= {row.ref for row in store.steps(event.id) if row.step in THEIR_OWN}
    ids |= {each.message_id for each in store.deliveries(event.id)}
    names = {name for person in people for name in (person.name, person.alias)}
    names |= {name for row in registered.values() for name in (row.name, row.racer_name)}
    actors = {entry.actor for entry in store.audit(None, limit=1_000_000)}
    return Crowd(
        frozenset(ids - actors - {""}),
        frozenset(addresses - {""}),
        frozenset(name.strip() for name in names if len(name.strip()) >= SHORTEST_PART),
        mark,
    )
