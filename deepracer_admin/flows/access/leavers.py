"""Leavers: profiles that this event made are taken back; adopted ones and staff are never touched.

On DeepRacer on AWS the profile is deleted, on the managed service its sponsorship ends (managed-deepracer.md 1.6), and
it stays listed as disabled. There nobody is invited, so a profile counts as made by this event when it appeared after
the event turned the mode on (parting.py tells the event's crowd in the same way). What if it dies here? A repeat asks
again for whoever is still listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from deepracer_admin.flows.access.match_profiles import ROW_STAYS, STAYS, Seen, is_over
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Lease, Outcome, Profile, State, Step, StepRow
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.store import ProfileLink

__all__ = ["take_back"]

REMOVING = "removing"
NOT_THERE = "not_there"


def take_back(
    ports: Ports,
    event: Event,
    people: Sequence[Attendee],
    seen: Mapping[str, Seen],
    rows: Mapping[str, StepRow],
    links: Mapping[str, ProfileLink],
    lease: Lease,
) -> int:
    """Remove what leavers have by this event; how many the service took. Every answer is recorded."""
    invites = ports.racing().capabilities.invite
    since = ports.store.read(event.id, SPONSORSHIP).since
    doomed: dict[str, str] = {}
    told: list[Outcome] = []
    for person in people:
        link, look, row = links.get(person.id), seen[person.id], rows.get(person.id)
        profile = look.profile
        if person.wanted or link is None or profile is None or look.staff or link.profile != profile.id:
            continue
        if is_over(profile) or _has_reason(row, STAYS):
            continue
        if link.how == "created" or (not invites and _is_since(profile, since)):
            doomed[profile.id] = person.id
        elif not _has_reason(row, "adopted"):
            why = _ADOPTED if invites or since else _NOT_KNOWN
            told.append(Outcome(person.id, Step.PROFILE, State.REFUSED, "adopted", why, ref=profile.id))
    outcomes = list(ports.racing().remove([*doomed])) if doomed else []
    told += [_recorded(outcome, doomed[outcome.person], rows) for outcome in outcomes]
    ports.store.record(event.id, told, lease=lease, now=ports.clock.now())
    return sum(1 for outcome in outcomes if outcome.state.is_done)


def _recorded(outcome: Outcome, person: str, rows: Mapping[str, StepRow]) -> Outcome:
    """Who is answered as gone twice and is still listed is a row without an account, which stays for good."""
    if outcome.state is State.ALREADY:
        row = rows.get(person)
        if row is not None and row.reason == NOT_THERE:
            return Outcome(person, Step.PROFILE, State.REFUSED, STAYS, ROW_STAYS, ref=outcome.person)
        return Outcome(person, Step.PROFILE, State.WAITING, NOT_THERE, _REMOVING)
    state = State.WAITING if outcome.state.is_done else outcome.state
    return Outcome(person, Step.PROFILE, state, REMOVING, outcome.sentence or _REMOVING, outcome.retry_after)


def _is_since(profile: Profile, since: datetime | None) -> bool:
    return since is not None and profile.created_at is not None and profile.created_at >= since


def _has_reason(row: StepRow | None, reason: str) -> bool:
    return row is not None and row.state is State.REFUSED and row.reason == reason


_REMOVING = "Deleted at the service; it counts once it is read back."
_ADOPTED = "This profile was there before the event; remove it at the service if it should go."
_NOT_KNOWN = (
    "Multi-user mode was on before this event, so it is not known whether this profile is older; end its sponsorship "
    "at the service if it should go."
)
