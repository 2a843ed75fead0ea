"""The worker acts for nobody any more on behalf of an event that is over: delegations are deleted.

A delegation is a person's, not an event's: it stays while another event still needs that person.
"""

from __future__ import annotations

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event
from deepracer_admin.records.onboarding import ONBOARDING, Run
from deepracer_admin.store import EventStore

__all__ = ["drop_delegations", "those_lent"]


def drop_delegations(ports: Ports, event: Event) -> int:
    """Delete those of whoever started work of this event and has none under way elsewhere. Returns how many."""
    return sum(ports.drop_delegation(oid) for oid in sorted(_whose(ports.store, event) - _elsewhere(ports, event)))


def those_lent(ports: Ports, event: Event) -> int:
    """How many of whoever started work of this event the worker may still act for."""
    return sum(ports.has_delegation(oid) for oid in _whose(ports.store, event))


def _whose(store: EventStore, event: Event) -> set[str]:
    return ({job.created_by for job in store.jobs(event.id)} | {store.read(event.id, ONBOARDING).by}) - {""}


def _elsewhere(ports: Ports, event: Event) -> set[str]:
    store = ports.store
    return {oid for other in store.events() if other.id != event.id for oid in _needed(store, other)}


def _needed(store: EventStore, event: Event) -> set[str]:
    onboarding = store.read(event.id, ONBOARDING)
    at_work = {onboarding.by} if onboarding.state in (Run.RUNNING, Run.PAUSED) else set[str]()
    return at_work | {job.created_by for job in store.jobs(event.id, live=True)}
