"""Leavers: profiles that this event made are taken back; adopted ones and staff are never touched.

On DeepRacer on AWS the profile is deleted, on the managed service its sponsorship ends (managed-deepracer.md 1.6), and
it stays listed as disabled. There nobody is invited, so a profile counts as made by this event when it appeared after
the event turned the mode on (closeout/end_managed_event.py tells the event's crowd in the same way).

A deletion that fails without a reason proves nothing: the user pool settles it where there are credentials, else it is
asked for again over minutes, and then said that it is not known. What if it dies here? A repeat asks again for whoever
is still listed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.access.match_profiles import ROW_STAYS, STAYS, Seen, is_over
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.needed_elsewhere import hand_over
from deepracer_admin.model import Attendee, Event, Lease, Outcome, Profile, State, Step, StepRow
from deepracer_admin.records.limits import SPONSORSHIP
from deepracer_admin.rules.asked_again import is_asked_enough, next_ask
from deepracer_admin.rules.shared_people import Elsewhere
from deepracer_admin.store import ProfileLink

__all__ = ["take_back"]

REMOVING = "removing"
ELSEWHERE = "elsewhere"
NOT_THERE = "not_there"
NOT_KNOWN = "not_known"


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
    leavers = any(not person.wanted and person.id in links for person in people)
    needed = hand_over(ports, event, lease) if leavers else Elsewhere()
    for person in people:
        link, look, row = links.get(person.id), seen[person.id], rows.get(person.id)
        profile = look.profile
        if person.wanted or link is None or profile is None or look.staff or link.profile != profile.id:
            continue
        if is_over(profile) or _has_reason(row, STAYS) or _rests(row, ports.clock.now()):
            continue
        if needed.needs(profile):
            if not _has_reason(row, ELSEWHERE):
                where = needed.others([needed.access.get(person.id, frozenset(needed.names))])
                told.append(
                    Outcome(person.id, Step.PROFILE, State.REFUSED, ELSEWHERE, _KEPT.format(where), ref=profile.id)
                )
            continue
        if link.how == "created" or (not invites and _is_since(profile, since)):
            doomed[profile.id] = person.id
        elif not _has_reason(row, "adopted"):
            why = _ADOPTED if invites or since else _NOT_KNOWN
            told.append(Outcome(person.id, Step.PROFILE, State.REFUSED, "adopted", why, ref=profile.id))
    outcomes = list(ports.racing().remove([*doomed])) if doomed else []
    told += [_recorded(ports, outcome, doomed[outcome.person], rows) for outcome in outcomes]
    ports.store.record(event.id, told, lease=lease, now=ports.clock.now())
    return sum(1 for outcome in outcomes if outcome.state.is_done)


def _recorded(ports: Ports, outcome: Outcome, person: str, rows: Mapping[str, StepRow]) -> Outcome:
    """A deletion of somebody who is listed that says nothing is asked for again, and at last called not known."""
    if outcome.state not in (State.ALREADY, State.UNKNOWN):
        state = State.WAITING if outcome.state.is_done else outcome.state
        return Outcome(person, Step.PROFILE, state, REMOVING, outcome.sentence or _REMOVING, outcome.retry_after)
    if _has_no_account(ports, outcome.person):
        return Outcome(person, Step.PROFILE, State.REFUSED, STAYS, ROW_STAYS, ref=outcome.person)
    row, now = rows.get(person), ports.clock.now()
    asked = row.attempts if row is not None and row.reason == NOT_THERE else 0
    if row is not None and is_asked_enough(asked, row.changed_at, now):
        return Outcome(person, Step.PROFILE, State.UNKNOWN, NOT_KNOWN, _OPEN, ref=outcome.person)
    wait_s = (next_ask(asked + 1, now) - now).total_seconds()
    return Outcome(person, Step.PROFILE, State.WAITING, NOT_THERE, _AGAIN, wait_s)


def _has_no_account(ports: Ports, profile: str) -> bool:
    """Does the user pool say that nobody can sign in with it? A pool that cannot be asked says nothing."""
    if ports.pool is None:
        return False
    try:
        user = ports.pool().account(profile)
    except ConsoleError:
        return False
    return user is None or not user.enabled


def _rests(row: StepRow | None, now: datetime) -> bool:
    """Is it not to be asked for yet, or settled as not known until a human presses Retry?"""
    if row is None:
        return False
    waits = row.reason == NOT_THERE and row.next_try_at is not None and now < row.next_try_at
    return waits or (row.state is State.UNKNOWN and row.reason == NOT_KNOWN)


def _is_since(profile: Profile, since: datetime | None) -> bool:
    return since is not None and profile.created_at is not None and profile.created_at >= since


def _has_reason(row: StepRow | None, reason: str) -> bool:
    return row is not None and row.state is State.REFUSED and row.reason == reason


_REMOVING = "Deleted at the service; it counts once its listing shows it."
_KEPT = "Keeps the profile: this person is in {} too, which ends it for them."
_ADOPTED = "This profile was there before the event; remove it at the service if it should go."
_NOT_KNOWN = (
    "Multi-user mode was on before this event, so it is not known whether this profile is older; end its sponsorship "
    "at the service if it should go."
)
_AGAIN = "The service's answer does not say whether the account is gone; it is asked again."
_OPEN = (
    "It is not known whether this person can still sign in: the service answers each deletion with an error that "
    "proves nothing. Give the console AWS credentials on the user pool and press “Retry them” on the Onboarding page, "
    "or look the user up in Cognito."
)
