"""What a profile may use now, and what it may use again once sponsorship is open or its pause is over.

DeepRacer on AWS has no switch: sponsorship is open or closed through limits (deepracer-on-aws.md 2.4 and 3), so a limit
that the service lists says nothing about what a person was given. That is kept by us: for the paused in a table of
theirs, for those whom a closing has set to 0 in another; and for profiles that this event made it follows from the
person's quota, so that nothing of theirs can be lost. Read from the store at the moment of asking: two threads work on
limits, and what one of them read minutes ago may be wrong by now.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deepracer_admin.model import Attendee, Event, JobState, Profile, Quota
from deepracer_admin.rules.holding_back import HeldBack
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.rules.shared_limits import GivenElsewhere
from deepracer_admin.store import EventStore
from deepracer_admin.store.documents import Document, Table

__all__ = [
    "CLOSED",
    "FORMER_LIMITS",
    "HELD_BACK",
    "NEW_PROFILE_LIMITS",
    "PAUSED_PROFILES",
    "PAUSE_JOB",
    "SKEW",
    "SPONSORSHIP",
    "SWITCH_JOB",
    "HeldBack",
    "Limits",
    "NewProfileLimits",
    "Sponsorship",
    "read_limits",
]

CLOSED = Quota(0, 0)
SWITCH_JOB = "sponsorship"  # kind of the job that opens or closes it
SKEW = timedelta(minutes=5)  # the service's clock and ours may differ by less than that


@dataclass(frozen=True, slots=True)
class Sponsorship:
    """The switch as last read back. `open` None: never. `closing`: a closing is under way, so nobody sets limits.

    `as_of` in real time, `opened_at` in event time: when this event first turned multi-user mode on. `hidden`: what
    went out of sight when that mode was last turned off. `tries` of the job `tries_job` in which it read back
    otherwise.
    """

    open: bool | None = None
    closing: bool = False
    as_of: datetime | None = None
    sentence: str = ""
    opened_at: datetime | None = None
    hidden: str = ""
    tries_job: str = ""
    tries: int = 0

    @property
    def is_open(self) -> bool:
        """Does the event sponsor now? Not while closing is under way: whoever set limits then would work against it."""
        return bool(self.open) and not self.closing

    @property
    def since(self) -> datetime | None:
        """Profiles that appeared from here on came by this event; None when the mode was on before it (managed)."""
        return self.opened_at - SKEW if self.opened_at else None


SPONSORSHIP = Document("sponsorship", Sponsorship, Sponsorship(), personal=False)
"""Written by the worker (switch, close-out, what the usage watcher sees of the mode); read by pages and onboarding."""


@dataclass(frozen=True, slots=True)
class NewProfileLimits:
    """The deployment's one setting for new profiles. `former`: before this event; `own`: every value that this event
    has set, which tells its own from those set by hand; `given_back`: what the final close gave back."""

    former: Quota | None = None
    own: tuple[Quota, ...] = ()
    given_back: Quota | None = None


NEW_PROFILE_LIMITS = Document("new_profile_limits", NewProfileLimits, NewProfileLimits(), personal=False)
"""Written and read when sponsorship is switched and when the event closes (flows/sponsorship/new_profile_limits.py)."""

FORMER_LIMITS = Table("former_limits", Quota, "profile", personal=False)
"""What opening gives to a profile again. Written before a closing sets it to 0, and by quotas set while closed."""

PAUSE_JOB = "sponsor"  # kind of the job that pauses or resumes
PAUSED_PROFILES = Table("paused_profiles", Quota, "profile", personal=False)
"""What a resume gives to a paused profile. Written before a pause sets it to 0, and by quotas set meanwhile."""


HELD_BACK = Table("held_back", HeldBack, "profile", personal=False)
"""Whose limit is lowered for a while, to keep room for a race or to give hours out in rounds, and what they get back.
Written before the limit is lowered, and forgotten only after what was given back is listed (flows/sponsorship/
hold_back.py); quotas that are set meanwhile are written here."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Sponsorship, pauses and former limits of an event, as stored at one moment. `how` is that of the profile's link.

    `switched`: was sponsorship ever switched to its end. `switching`: a job is at it and sets every profile by itself;
    `pausing` likewise sets the paused. `given`: what other events give, beside which this one's limits count.
    `held_back`: whose limit is lowered for a while; that counts while sponsorship is open.
    """

    event: Event
    open: bool
    switched: bool
    switching: bool
    former: Mapping[str, Quota]
    paused: Mapping[str, Quota]
    given: GivenElsewhere
    pausing: bool = False
    held_back: Mapping[str, HeldBack] = field(default_factory=dict[str, HeldBack])

    def in_force(self, profile: str, own: Quota) -> Quota:
        """What the service should have where this event gives `own`, which may be held back for a while: the most
        generous of all events' limits."""
        return self.given.in_force(profile, self.lowered(profile, own))

    def granted(self, profile: str, own: Quota) -> Quota:
        """The same, once nothing is held back any more."""
        return self.given.in_force(profile, own)

    def lowered(self, profile: str, own: Quota) -> Quota:
        """`own` as far as this event lets it be used now."""
        held = self.held_back.get(profile) if self.open else None
        return own if held is None else held.lower(own)

    def again(self, profile: str, person: Attendee | None, how: str) -> Quota | None:
        """What opening gives; None: it is not ours to set (adopted, and never touched by a closing)."""
        former = self.former.get(profile)
        if former:
            return former
        return quota_for(self.event, person) if person is not None and how == "created" else None

    def entitled(self, profile: Profile, person: Attendee, how: str) -> Quota:
        """A person's limit by this event, apart from pause and closing: what they have, or will have again."""
        kept = self.paused.get(profile.id) or (None if self.open else self.former.get(profile.id))
        if kept:
            return kept
        if profile.id in self.held_back:
            return self.held_back[profile.id].former
        if profile.id in self.given.quotas or profile.id in self.given.paused:
            return quota_for(self.event, person)  # what is listed may be another event's
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
        if self.switching:
            return None
        if profile in self.paused:  # another event that wanted them too may have left its limit
            return self.in_force(profile, CLOSED) if by_limits and not self.pausing else None
        if self.open:
            return self.in_force(profile, quota_for(self.event, person))
        return self.in_force(profile, CLOSED) if by_limits and self.is_held(profile, how) else None


def read_limits(store: EventStore, event: Event, given: GivenElsewhere) -> Limits:
    """As stored now: a few cheap reads. `given`: what other open events give to these profiles."""
    state = store.read(event.id, SPONSORSHIP)
    at_work = (JobState.PLANNED, JobState.RUNNING)
    return Limits(
        event=event,
        open=state.is_open,
        switched=state.open is not None,
        switching=any(job.state in at_work for job in store.jobs(event.id, live=True, kind=SWITCH_JOB)),
        pausing=any(job.state in at_work for job in store.jobs(event.id, live=True, kind=PAUSE_JOB)),
        given=given,
        former=store.rows(event.id, FORMER_LIMITS),
        paused=store.rows(event.id, PAUSED_PROFILES),
        held_back=store.rows(event.id, HELD_BACK),
    )
