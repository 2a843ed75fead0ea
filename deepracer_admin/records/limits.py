"""What a profile may use now, and what it may use again once sponsorship is open or its pause is over.

DeepRacer on AWS has no switch: sponsorship is open or closed through limits (deepracer-on-aws.md 2.4 and 3), so a limit
that the service lists says nothing about what a person was given. That is kept by us: for the paused under the key
"paused_profiles", for those whom a closing has set to 0 under "sponsorship" (`former`); and for profiles that this
event made it follows from the person's quota, so that nothing of theirs can be lost. Read from the store at the moment
of asking: two threads work on limits, and what one of them read minutes ago may be wrong by now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from deepracer_admin.model import Attendee, Event, JobState, Profile, Quota
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.store import EventStore

__all__ = [
    "CLOSED",
    "OPENED_AT",
    "PAUSED",
    "SKEW",
    "SPONSORSHIP",
    "Limits",
    "is_open",
    "pair",
    "read_limits",
]

CLOSED = Quota(0, 0)
SPONSORSHIP = "sponsorship"  # key of the state below, and kind of the job that changes it
PAUSED = "paused_profiles"  # profile id -> [minutes, models] that a resume gives back
SKEW = timedelta(minutes=5)  # the service's clock and ours may differ by less than that
OPENED_AT = "opened_at"  # of the state: event time at which this event first turned multi-user mode on


def is_open(state: Mapping[str, Any] | None) -> bool:
    """Does the event sponsor now? Not while closing is under way: whoever sets limits then would work against it."""
    return bool(state and state.get("open") and not state.get("closing"))


def pair(quota: Quota) -> list[int]:
    """As it is kept in the store."""
    return [quota.minutes, quota.models]


@dataclass(frozen=True, slots=True)
class Limits:
    """Sponsorship, pauses and former limits of an event, as stored at one moment. `how` is that of the profile's link.

    `switched`: was sponsorship ever switched to its end. `switching`: a job is at it and sets every profile by itself.
    """

    event: Event
    open: bool
    switched: bool
    switching: bool
    former: Mapping[str, Sequence[int]]
    paused: Mapping[str, Sequence[int]]

    def again(self, profile: str, person: Attendee | None, how: str) -> Quota | None:
        """What opening gives; None: it is not ours to set (adopted, and never touched by a closing)."""
        former = self.former.get(profile)
        if former:
            return Quota(*former)
        return quota_for(self.event, person) if person is not None and how == "created" else None

    def entitled(self, profile: Profile, person: Attendee, how: str) -> Quota:
        """A person's limit apart from pause and closing: what they have, or will have again."""
        kept = self.paused.get(profile.id) or (None if self.open else self.former.get(profile.id))
        if kept:
            return Quota(*kept)
        if profile.quota is None or (profile.quota == CLOSED and how == "created"):
            return quota_for(self.event, person)
        return profile.quota

    def is_held(self, profile: str, how: str) -> bool:
        """Must this profile stay at 0, where limits are the switch? While it is closed: what this event made or closed.

        Adopted profiles are left alone until the event opens, and a quota that is only kept for later changes nothing.
        """
        return not self.open and (how == "created" or (self.switched and profile in self.former))

    def wanted(self, profile: str, person: Attendee, how: str, *, by_limits: bool) -> Quota | None:
        """The limit that onboarding should set now; None: it is not onboarding's to set.

        `by_limits`: the service has no switch of its own.
        """
        if self.switching or profile in self.paused:
            return None
        if self.open:
            return quota_for(self.event, person)
        return CLOSED if by_limits and self.is_held(profile, how) else None


def read_limits(store: EventStore, event: Event) -> Limits:
    """As stored now: three cheap reads."""
    state: Mapping[str, Any] = store.get(event.id, SPONSORSHIP) or {}
    at_work = (JobState.PLANNED, JobState.RUNNING)
    return Limits(
        event=event,
        open=is_open(state),
        switched=state.get("open") is not None,
        switching=any(job.state in at_work for job in store.jobs(event.id, live=True, kind=SPONSORSHIP)),
        former=state.get("former") or {},
        paused=store.get(event.id, PAUSED) or {},
    )
