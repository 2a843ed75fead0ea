"""The onboarding reconciler: from "should have access" to "has access, proven by reading back".

Level-triggered: each look compares what should be (the attendee list) with what is (profiles read back), computes what
is missing, batches it, applies it and records one outcome per person. What if it dies here?

* before an invitation chunk is stored: nothing happened; the next look computes the same chunk again;
* between storing the chunk and the service's answer: the chunk is sent again with the same token (invitations.py), or
  worked through again (pool_entry.py);
* after the answer: the listing shows who is in; the chunk's own record is only a hint.

"Created by this event" is decided by the stored chunks: a person is put into a chunk only after a listing did not show
them, so a profile of somebody in a chunk was made by us, any other was there before and is only adopted.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.errors import AccessDenied, CredentialsExpired, Refused, ServiceError, Throttled
from deepracer_admin.flows.access.invitations import READ_BACK, Invitations
from deepracer_admin.flows.access.leavers import take_back
from deepracer_admin.flows.access.listing_ahead import Listing, Listings
from deepracer_admin.flows.access.match_profiles import Seen, judge, match
from deepracer_admin.flows.access.rows_without_account import has_failed, set_aside, tell_apart, unanswered
from deepracer_admin.flows.access.shared_pauses import follow_pauses
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.given_elsewhere import given_elsewhere, limits_now, revision_beside
from deepracer_admin.model import Attendee, Event, Lease, Outcome, Profile, Quota, State, Step, StepRow
from deepracer_admin.racing import RacingService
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.limits import CLOSED, Limits, read_limits
from deepracer_admin.records.profile_rows import NOT_THEIRS
from deepracer_admin.store import ProfileLink

__all__ = ["PassReport", "ProfileReconciler"]

PROOF_EVERY = timedelta(seconds=60)  # a finished event is still checked now and then (real time)
PAUSE = timedelta(seconds=2)
SLICE = 200  # profiles set up between two records
FEWEST = 100  # people to settle before another listing is worth its calls
WRITES = "deepracer.write"


@dataclass(slots=True)
class PassReport:
    """What one pass saw and did; `idle` = nothing is missing."""

    listed: int = 0
    invited: int = 0
    set_up: int = 0
    removed: int = 0
    idle: bool = False
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(slots=True)
class _Look:
    """One look at an event: who should be in, what was recorded, what the listing says."""

    event: Event
    lease: Lease
    people: Sequence[Attendee]
    rows: Mapping[str, StepRow]
    access: Mapping[str, StepRow]
    links: dict[str, ProfileLink]
    ours: Set[str]
    seen: Mapping[str, Seen]
    limits: Limits
    by_limits: bool  # is sponsorship opened and closed through limits, for want of a switch
    report: PassReport

    def quota(self, person: Attendee, profile: Profile, limits: Limits | None = None) -> Quota | None:
        """The limit to set, by `limits` or as this look found them; None: it is not ours to set."""
        link = self.links.get(person.id)
        how = link.how if link else ""
        return (limits or self.limits).wanted(profile.id, person, how, by_limits=self.by_limits)


class ProfileReconciler:
    """Profiles with alias and limits, and the proof of access, for services that take invitations.

    Access on DeepRacer on AWS *is* the profile (architecture.md): it is proven when a listing shows the profile, and
    the profile step is done when alias and limits read back as they should be.
    """

    def __init__(self, ports: Ports, *, keep_on: Callable[[], bool] = lambda: True) -> None:
        self.ports = ports
        self.invitations = Invitations(ports)
        self.listings = Listings(ports, self.invitations)
        self._keep_on = keep_on
        self._missing_then = 0
        self._clean = False

    def run(self, event: Event, lease: Lease) -> PassReport:
        """Follow the invitations, then look when a look can tell something new: one pass of a single thread."""
        if self.ports.racing().capabilities.invite:
            self.invitations.follow(event, lease)
        return self.look(event, lease)

    def look(self, event: Event, lease: Lease) -> PassReport:
        """List, judge, set up, plan. Raises ServiceError when the service cannot be reached; what was recorded stays.

        The worker calls this beside `invitations.follow`, so that a listing never holds invitations up.
        """
        report = PassReport()
        ports, store = self.ports, self.ports.store
        listing = self.listings.take_ahead()
        if listing is None:
            if not self._is_worth_a_listing(event):
                report.idle = self._clean
                return report
            listing = self.listings.make(event, lease)
        half_in, pending = listing.half_in, listing.pending
        report.listed = len(listing.profiles or [])
        look = self._take(event, lease, listing, report)
        if not ports.racing().capabilities.set_alias:
            look = self._with_their_own_names(look)
        self._link(look)
        invites = ports.racing().capabilities.invite
        judged = judge(look.people, look.seen, look.rows, look.access, look.quota)
        # Without invitations access does not hang on the profile: the directory grants it (flows/access/proof.py).
        report.outcomes = [
            outcome
            for outcome in judged
            if (invites or outcome.step is not Step.ACCESS)
            and not (outcome.state.is_done and outcome.person in half_in)
        ]
        store.record(event.id, report.outcomes, lease=lease, now=ports.clock.now())
        missing = self._missing(look, pending | _refused(report.outcomes))
        self._missing_then = len(missing) + len(pending)
        if ports.racing().capabilities.invite:
            report.invited = self.invitations.plan(event, missing, lease)
        changed = self._set_up(look)
        changed += follow_pauses(ports, look.people, look.links, listing.profiles or [], limits_now(ports, event))
        removed = take_back(ports, event, look.people, look.seen, look.rows, look.links, lease)
        self.listings.set_up_since += removed
        report.removed = removed
        self._clean = not (changed or removed or report.invited or pending)
        report.idle = self._clean
        return report

    # --------------------------------------------------------------------------------------------- listing

    def _is_worth_a_listing(self, event: Event) -> bool:
        """A listing costs ceil((N+1)/100) calls, so it is asked for only when it can tell something new."""
        now = self.ports.clock.now()
        if self.listings.listed_at is None or now - self.listings.listed_at >= PROOF_EVERY:
            return True
        if self.invitations.active(event):
            # A listing begun just before the end would miss the last ones, and keep the one that shows them waiting.
            if self.invitations.nearly_through(event, self.listings.took_s):
                return False
            return self.invitations.settled >= max(FEWEST, self._missing_then // 10)
        if self.invitations.settled or self.listings.set_up_since:
            return True
        return now - self.listings.listed_at >= PAUSE and self._is_something_due(event, now)

    def _is_something_due(self, event: Event, now: datetime) -> bool:
        store = self.ports.store
        counts = store.funnel(event.id)[Step.PROFILE]
        leavers = {person.id for person in store.attendees(event.id, wanted=False)}
        if not (counts[State.TODO] or counts[State.RETRY] or leavers):
            return False
        rows = {row.attendee: row for row in store.steps(event.id, step=Step.PROFILE)}
        if any(row.attendee in leavers and _holds(row) for row in rows.values()):
            return True
        due = any(
            row.state in (State.RETRY, State.TODO) and (row.next_try_at is None or row.next_try_at <= now)
            for row in rows.values()
            if row.attendee not in leavers
        )
        return due or any(person.id not in rows for person in store.attendees(event.id, wanted=True))

    def _take(self, event: Event, lease: Lease, listing: Listing, report: PassReport) -> _Look:
        store = self.ports.store
        profiles, links = listing.profiles or [], store.links(event.id)
        rows = {row.attendee: row for row in store.steps(event.id, step=Step.PROFILE)}
        chunks = self.invitations.chunks(event).values()
        waiting = unanswered(listing, rows, links, chunks, self.ports.clock.now())
        people = [person for person in store.attendees(event.id) if person.id not in waiting]
        orphans = tell_apart(self.ports, event, people, profiles, rows, links, lease)
        set_aside(self.ports, event, {person for person in orphans if has_failed(rows.get(person))}, lease)
        apart = {key: row.ids for key, row in store.rows(event.id, NOT_THEIRS).items()}
        return _Look(
            event=event,
            lease=lease,
            people=people,
            rows=rows,
            access={row.attendee: row for row in store.steps(event.id, step=Step.ACCESS)},
            links=links,
            ours=listing.ours,
            seen=match(people, profiles, links, self.ports.staff_emails, orphans, apart),
            limits=limits_now(self.ports, event),
            by_limits=not self.ports.racing().capabilities.multi_user_mode,
            report=report,
        )

    def _with_their_own_names(self, look: _Look) -> _Look:
        """Where racers choose their own name (managed service) ours follows it: standings are matched by alias."""
        named = {
            person.id: profile.alias
            for person in look.people
            if (profile := look.seen[person.id].profile) is not None
            and profile.alias
            and profile.alias != person.alias
            and not look.seen[person.id].trouble
        }
        if not named:
            return look
        renamed = self.ports.store.amend_attendees(
            look.event.id,
            lambda person: replace(person, alias=named[person.id]),  # as stored now: the listing took its time
            ids=named,
            lease=look.lease,
        )
        known = {person.id: person for person in renamed}
        return replace(look, people=[known.get(person.id, person) for person in look.people])

    def _link(self, look: _Look) -> None:
        """Store whose profile each is. What adopted ones might use before the event is kept, to be given back."""
        store, event = self.ports.store, look.event
        now = self.ports.clock.now()
        new: list[ProfileLink] = []
        for person in look.people:
            seen, link = look.seen[person.id], look.links.get(person.id)
            if seen.profile is None or seen.trouble:
                continue
            if link is None or (link.profile != seen.profile.id and link.how != "manual"):
                how = "created" if person.id in look.ours else "adopted"
                new.append(ProfileLink(person.id, seen.profile.id, how, now))
        self._keep_former(look, new)
        if new:
            store.link(event.id, new, lease=look.lease)
            look.links |= {link.attendee: link for link in new}

    def _keep_former(self, look: _Look, new: Sequence[ProfileLink]) -> None:
        adopted = {link.profile for link in [*new, *look.links.values()] if link.how != "created"}
        if not adopted:
            return
        store, event = self.ports.store, look.event
        kept = store.rows(event.id, ADOPTED_QUOTAS)
        fresh = {
            seen.profile.id: _before(look.limits, seen.profile.id, seen.profile.quota)
            for seen in look.seen.values()
            if seen.profile and seen.profile.quota and seen.profile.id in adopted and seen.profile.id not in kept
        }
        if fresh:
            store.change_rows(event.id, ADOPTED_QUOTAS, lambda rows: {**fresh, **rows}, keys=fresh, lease=look.lease)

    # --------------------------------------------------------------------------------------------- setting up

    def _set_up(self, look: _Look) -> int:
        """Alias and limits where they differ: one call per person, as many at once as the service takes writes."""
        store, clock = self.ports.store, self.ports.clock
        racing, gate = self.ports.racing(), _Gate(self.ports, look)
        todo = self._to_set_up(look)
        done = 0
        with ThreadPoolExecutor(_writes_in_flight(racing), thread_name_prefix="set-up") as pool:
            for part in _slices(todo, SLICE):
                if not self._keep_on():
                    break
                self.listings.begin_ahead(look.event, look.lease)
                told = pool.map(lambda each: gate.set_one(racing, *each), part)
                outcomes = [outcome for outcome in told if outcome is not None]
                self.listings.note_set_up({outcome.person for outcome in outcomes})
                store.record(look.event.id, outcomes, lease=look.lease, now=clock.now())
                done += len(outcomes)
                self.listings.set_up_since += sum(1 for outcome in outcomes if outcome.state is State.WAITING)
        look.report.set_up = done
        return done

    def _to_set_up(self, look: _Look) -> list[tuple[Attendee, Profile, str | None, Quota | None]]:
        now = self.ports.clock.now()
        todo: list[tuple[Attendee, Profile, str | None, Quota | None]] = []
        for person in look.people:
            seen, row = look.seen[person.id], look.rows.get(person.id)
            if not person.wanted or seen.profile is None or seen.trouble:
                continue
            if not (_may_try(row, now) or has_failed(row)):  # when to invite again says nothing of setting up
                continue
            if self.listings.last and person.id in self.listings.last.set_since:
                continue
            quota = look.quota(person, seen.profile)
            alias = person.alias if person.alias and person.alias != seen.profile.alias else None
            quota = None if quota == seen.profile.quota else quota
            if alias is not None or quota is not None:
                todo.append((person, seen.profile, alias, quota))
        return todo

    def _missing(self, look: _Look, pending: Set[str]) -> list[Attendee]:
        """Who should have a profile, is not listed, is not under way, and may be tried (again)."""
        now = self.ports.clock.now()
        return [
            person
            for person in look.people
            if person.wanted
            and not person.refusal
            and look.seen[person.id].profile is None
            and not look.seen[person.id].trouble
            and person.id not in pending
            and _may_try(look.rows.get(person.id), now)
        ]


class _Gate:
    """What a look found is minutes old when its last write goes: each limit is decided anew just before it is set.

    So that no write undoes a close or a pause. The store is read again only when something in it has changed.
    """

    def __init__(self, ports: Ports, look: _Look) -> None:
        self._ports, self._store, self._look = ports, ports.store, look
        self._lock = threading.Lock()
        self._revision = -1
        self._beside: tuple[tuple[str, int], ...] = ()
        self._limits = look.limits

    def set_one(
        self, racing: RacingService, person: Attendee, profile: Profile, alias: str | None, quota: Quota | None
    ) -> Outcome | None:
        """Set what still holds; None: nothing of it does, and the next look decides."""
        if quota is not None and self._look.quota(person, profile, self._now()) != quota:
            quota = None
        if alias is None and quota is None:
            return None
        return _set_one(racing, person, profile, alias, quota)

    def _now(self) -> Limits:
        with self._lock:
            event = self._look.event
            revision, beside = self._store.revision(event.id), revision_beside(self._ports, event)
            if (revision, beside) != (self._revision, self._beside):
                given = self._limits.given
                if beside != self._beside:
                    given = given_elsewhere(self._store, event, self._ports.racing_default)
                self._limits = read_limits(self._store, event, given)
                self._revision, self._beside = revision, beside
            return self._limits


def _set_one(
    racing: RacingService, person: Attendee, profile: Profile, alias: str | None, quota: Quota | None
) -> Outcome:
    """One person's alias and limits. Raises what concerns everybody; a repeat is harmless."""
    try:
        racing.set_profile(profile.id, alias=alias, quota=quota)
    except (CredentialsExpired, AccessDenied):
        raise
    except Refused as error:
        return Outcome(person.id, Step.PROFILE, State.REFUSED, error.code or "refused", error.sentence, ref=profile.id)
    except ServiceError as error:
        wait = error.retry_after if isinstance(error, Throttled) else 5.0
        reason = type(error).__name__
        return Outcome(person.id, Step.PROFILE, State.RETRY, reason, error.sentence, wait, ref=profile.id)
    return Outcome(person.id, Step.PROFILE, State.WAITING, "set", READ_BACK, ref=profile.id)


def _before(limits: Limits, profile: str, quota: Quota) -> Quota:
    """What an adopted profile had before the event: not the 0 to which a closing or a pause has set it meanwhile, and
    not what another event had set, which knows what was there before both."""
    if profile in limits.given.former:
        return limits.given.former[profile]
    kept = limits.paused.get(profile) or limits.former.get(profile)
    return kept if kept and quota == CLOSED else quota


def _refused(outcomes: Sequence[Outcome]) -> set[str]:
    return {each.person for each in outcomes if each.step is Step.PROFILE and each.state is State.REFUSED}


def _writes_in_flight(racing: RacingService) -> int:
    return next((limit.in_flight for limit in racing.limits if limit.name == WRITES), 4)


def _slices(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _holds(row: StepRow) -> bool:
    """May this leaver still have a profile of ours?"""
    return row.state.is_done or row.state in (State.WAITING, State.RETRY, State.UNKNOWN)


def _may_try(row: StepRow | None, now: datetime) -> bool:
    if row is None:
        return True
    if row.state is State.RETRY:
        return row.next_try_at is None or row.next_try_at <= now
    return row.state is not State.REFUSED
