"""Reading profiles once for everybody: onboarding, usage and the close-out share one listing and its "as of"."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Lease, Profile
from deepracer_admin.records.erasures import SUPPRESSED
from deepracer_admin.records.racing_service import ACCOUNT, AccountSeen

__all__ = [
    "STAFF_ROLES",
    "by_email",
    "is_staff",
    "linked_profiles",
    "owners_of",
    "read_profiles",
    "remember_account",
    "sample_profiles",
]

# roleName is a hint only and an open string (deepracer-on-aws.md 1.7, 1.3 page 3)
STAFF_ROLES = frozenset({"dr-admins", "dr-race-facilitators", "dr-commentators", "dr-registration-managers"})


def read_profiles(ports: Ports, event: Event, lease: Lease, *, max_age_s: float = 0.0) -> list[Profile]:
    """All profiles, listed now, or the stored listing when it is younger than `max_age_s` (real seconds)."""
    return sample_profiles(ports, event, lease, max_age_s=max_age_s)[0]


def sample_profiles(
    ports: Ports, event: Event, lease: Lease, *, max_age_s: float = 0.0
) -> tuple[list[Profile], datetime]:
    """As `read_profiles`, and the event time at which the service was asked: what it said is true of that instant."""
    stored, seen_at = ports.store.profiles(event.id)
    now, event_now = ports.clock.now(), ports.clock.event_now()
    if max_age_s and seen_at and now - seen_at < timedelta(seconds=max_age_s):
        return stored, event_now - max(timedelta(), now - seen_at) * ports.clock.factor
    erased = ports.store.read(event.id, SUPPRESSED)
    listed = [each for each in ports.racing().profiles() if not erased.holds(each.id)]
    ports.store.save_profiles(event.id, listed, seen_at=now, lease=lease)
    return listed, event_now


def by_email(profiles: Sequence[Profile]) -> dict[str, list[Profile]]:
    """Profiles by lower-case address; two rows with one address happen (1.3 page 13), so values are lists."""
    found: dict[str, list[Profile]] = {}
    for profile in profiles:
        if profile.email:
            found.setdefault(profile.email.strip().lower(), []).append(profile)
    return found


def is_staff(profile: Profile, staff_emails: frozenset[str]) -> bool:
    """Admins and facilitators are never onboarded, limited or deleted."""
    return profile.role in STAFF_ROLES or profile.email.lower() in staff_emails


def linked_profiles(ports: Ports, event: Event, profiles: Sequence[Profile]) -> list[Profile]:
    """The event's own sponsored profiles."""
    mine = {link.profile for link in ports.store.links(event.id).values()}
    return [profile for profile in profiles if profile.id in mine]


def owners_of(ports: Ports, event: Event) -> dict[str, tuple[Attendee, str]]:
    """Whose a profile is and how we know (the link's `how`), by profile id."""
    people = {person.id: person for person in ports.store.attendees(event.id)}
    return {
        link.profile: (people[link.attendee], link.how)
        for link in ports.store.links(event.id).values()
        if link.attendee in people
    }


def remember_account(ports: Ports, event: Event, lease: Lease, *, anew: bool = False) -> AccountSeen:
    """Ask the service about itself and keep the answer for the pages; `anew`: connect afresh first."""
    racing = ports.racing()
    account = racing.connect() if anew else racing.account()
    seen = AccountSeen(racing.kind, account, racing.capabilities, ports.clock.now())
    ports.store.keep(event.id, ACCOUNT, seen, lease=lease)
    return seen
