"""What other open events give to the profiles that this one may set limits on, as stored at this moment."""

from __future__ import annotations

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.needed_elsewhere import open_beside, sponsors_elsewhere, stored_elsewhere
from deepracer_admin.model import Event, Quota
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.limits import HELD_BACK, PAUSED_PROFILES, Limits, read_limits
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.rules.shared_limits import NOTHING_GIVEN, GivenElsewhere, most_generous
from deepracer_admin.store import EventStore

__all__ = ["given_elsewhere", "limits_now", "revision_beside"]


def given_elsewhere(store: EventStore, event: Event, default: str) -> GivenElsewhere:
    """`default`: the racing service of events that name none. Nothing is read of other events where there are none."""
    beside = open_beside(store, event, default)
    if not beside:
        return NOTHING_GIVEN
    needed = stored_elsewhere(store, event, default)
    sponsors = {other.id for other in sponsors_elsewhere(store, event, default)}
    quotas: dict[str, Quota] = {}
    names: dict[str, set[str]] = {}
    paused: set[str] = set()
    former: dict[str, Quota] = {}
    for other in beside:
        held = store.rows(other.id, HELD_BACK)
        former |= {key: row.former for key, row in held.items() if key not in former}
        former |= store.rows(other.id, ADOPTED_QUOTAS)
        asleep = {*store.rows(other.id, PAUSED_PROFILES)}
        people = {person.id: person for person in store.attendees(other.id, wanted=True)}
        links = [*store.links(other.id).values(), *needed.links.get(other.id, ())]  # theirs, or ours to be taken over
        for profile, person in {(link.profile, link.attendee) for link in links if link.attendee in people}:
            if profile in asleep:
                paused.add(profile)
            if other.id not in sponsors or profile in asleep:
                continue
            given = quota_for(other, people[person])
            given = held[profile].lower(given) if profile in held else given
            quotas[profile] = most_generous((given, quotas.get(profile, given)))
            names.setdefault(profile, set()).add(other.name)
    return GivenElsewhere(
        quotas, {profile: frozenset(found) for profile, found in names.items()}, frozenset(paused), former
    )


def limits_now(ports: Ports, event: Event) -> Limits:
    """Limits of this event, with what others give beside it."""
    return read_limits(ports.store, event, given_elsewhere(ports.store, event, ports.racing_default))


def revision_beside(ports: Ports, event: Event) -> tuple[tuple[str, int], ...]:
    """Changes with everything that other open events on the service store: cheaper than asking them again."""
    beside = open_beside(ports.store, event, ports.racing_default)
    return tuple((other.id, ports.store.revision(other.id)) for other in beside)
