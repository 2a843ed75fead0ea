"""The onboarding reconciler: from "should have access" to "has access, proven by reading back".

Level-triggered: each pass compares what should be (the attendee list) with what is (profiles and members read back),
computes what is missing, batches it, applies it and records one outcome per person. What if it dies here?

* before an invitation chunk is stored: nothing happened; the next pass computes the same chunk again;
* between storing the chunk and the service's answer: the next pass sends the same chunk with the same token (the
  service returns the same job; single invitations answer "already exists");
* after the answer: the listing shows who is in; the chunk's own record is only a hint.

"Created by this event" is decided by the stored chunks: a person is put into a chunk only after a listing did not show
them, so a profile of somebody in a chunk was made by us, any other was there before and is only adopted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from deepracer_admin.errors import ServiceError
from deepracer_admin.flows.invitations import READ_BACK, Invitations
from deepracer_admin.flows.ports import Ports
from deepracer_admin.flows.profiles import by_email, is_staff, read_profiles
from deepracer_admin.model import Attendee, Event, Lease, Outcome, Profile, Quota, State, Step, StepRow
from deepracer_admin.rules.quotas import quota_for
from deepracer_admin.store import ProfileLink

__all__ = ["PassReport", "ProfileReconciler"]

PROOF_EVERY = timedelta(seconds=60)  # a finished event is still checked now and then (real time)
WRITES_A_PASS = 400


@dataclass(slots=True)
class PassReport:
    """What one pass saw and did; `idle` = nothing is missing."""

    listed: int = 0
    invited: int = 0
    set_up: int = 0
    removed: int = 0
    idle: bool = False
    outcomes: list[Outcome] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a listing says about one person."""

    profile: Profile | None
    duplicate: bool = False
    staff: bool = False


class ProfileReconciler:
    """Profiles with alias and limits, and the proof of access, for services that take invitations.

    Access on DeepRacer on AWS *is* the profile (architecture.md): it is proven when a listing shows the profile, and
    the profile step is done when alias and limits read back as they should be.
    """

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._listed_at: datetime | None = None
        self._settled_since = 0  # people whose chunk finished, or who were set up, since the last listing
        self._clean = False
        self._sponsored = False
        self._paused: Mapping[str, Any] = {}

    def run(self, event: Event, lease: Lease) -> PassReport:
        """One pass. Raises ServiceError when the service cannot be reached; what was recorded stays."""
        ports, store = self.ports, self.ports.store
        report = PassReport()
        racing = ports.racing()
        people = store.attendees(event.id)
        rows = {row.attendee: row for row in store.steps(event.id, step=Step.PROFILE)}
        self._sponsored = bool((store.get(event.id, "sponsorship") or {}).get("open"))
        self._paused = store.get(event.id, "paused_profiles") or {}
        invitations = Invitations(ports, event, lease, people)
        self._settled_since += invitations.follow()
        fresh = self._needs_listing(people, rows, active=invitations.active)
        if not fresh:
            report.idle = self._clean
            return report
        profiles = read_profiles(ports, event, lease)
        self._listed_at, self._settled_since = ports.clock.now(), 0
        report.listed = len(profiles)
        seen = self._match(event, people, profiles)
        links = self._link(event, people, seen, invitations.ours, lease)
        self._judge(event, people, rows, seen, report)
        store.record(event.id, report.outcomes, lease=lease, now=ports.clock.now())
        rows = {row.attendee: row for row in store.steps(event.id, step=Step.PROFILE)}
        changed = self._set_up(event, people, seen, lease, report)
        removed = self._remove(event, people, seen, links, rows, lease, report)
        if racing.capabilities.invite:
            report.invited = invitations.invite(self._missing(people, rows, seen, invitations.pending))
            self._settled_since += invitations.settled
        self._clean = not (changed or removed or report.invited or invitations.active)
        report.idle = self._clean
        return report

    # --------------------------------------------------------------------------------------------- listing

    def _needs_listing(self, people: Sequence[Attendee], rows: Mapping[str, StepRow], *, active: bool) -> bool:
        """A listing costs ceil((N+1)/100) calls, so it is asked for only when it can tell something new."""
        now = self.ports.clock.now()
        if self._listed_at is None or now - self._listed_at >= PROOF_EVERY:
            return True
        missing = sum(
            1
            for person in people
            if person.wanted
            and not person.refusal
            and (person.id not in rows or not (rows[person.id].state.is_done or rows[person.id].state is State.REFUSED))
        )
        if active:
            return self._settled_since >= max(200, missing // 5)
        if self._settled_since:
            return True
        due = any(
            row.state in (State.RETRY, State.TODO) and (row.next_try_at is None or row.next_try_at <= now)
            for row in rows.values()
        )
        unseen = any(person.wanted and not person.refusal and person.id not in rows for person in people)
        leavers = any(not person.wanted and person.id in rows and rows[person.id].state.is_done for person in people)
        return unseen or leavers or (due and now - self._listed_at >= timedelta(seconds=2))

    def _match(self, event: Event, people: Sequence[Attendee], profiles: Sequence[Profile]) -> dict[str, _Seen]:
        """Who has which profile: by link, else by address, else (where no address is given) by alias."""
        addresses = by_email(profiles)
        by_id = {profile.id: profile for profile in profiles}
        aliases = {profile.alias.casefold(): profile for profile in profiles if not profile.email}
        links = self.ports.store.links(event.id)
        staff = self.ports.staff_emails
        seen: dict[str, _Seen] = {}
        for person in people:
            link = links.get(person.id)
            found = addresses.get(person.email, [])
            profile = by_id.get(link.profile) if link else None
            if profile is None:
                profile = found[0] if found else aliases.get(person.alias.casefold())
            seen[person.id] = _Seen(
                profile,
                duplicate=len(found) > 1,
                staff=(profile is not None and is_staff(profile, staff)) or person.email in staff,
            )
        return seen

    def _link(
        self,
        event: Event,
        people: Sequence[Attendee],
        seen: Mapping[str, _Seen],
        ours: Set[str],
        lease: Lease,
    ) -> dict[str, ProfileLink]:
        links = self.ports.store.links(event.id)
        now = self.ports.clock.now()
        new = []
        for person in people:
            look = seen[person.id]
            if look.profile is None or look.staff or look.duplicate:
                continue
            link = links.get(person.id)
            if link is None or (link.profile != look.profile.id and link.how != "manual"):
                how = "created" if person.id in ours else "adopted"
                new.append(ProfileLink(person.id, look.profile.id, how, now))
        if new:
            self.ports.store.link(event.id, new, lease=lease)
            links = self.ports.store.links(event.id)
        return links

    # --------------------------------------------------------------------------------------------- judging

    def _judge(
        self,
        event: Event,
        people: Sequence[Attendee],
        rows: Mapping[str, StepRow],
        seen: Mapping[str, _Seen],
        report: PassReport,
    ) -> None:
        add = report.outcomes.append
        for person in people:
            look, row = seen[person.id], rows.get(person.id)
            if not person.wanted:
                if look.profile is None and row is not None and row.state is not State.TODO:
                    add(Outcome(person.id, Step.PROFILE, State.TODO, "removed", "The profile is gone (read back)."))
                    add(Outcome(person.id, Step.ACCESS, State.TODO, "removed", "Access is gone (read back)."))
                continue
            if look.staff:
                add(_refused(person, "staff", _STAFF))
            elif look.duplicate:
                add(_refused(person, "two_profiles", _TWO))
            elif look.profile is not None:
                if look.profile.state in ("ACTIVE", "RESTRICTED", ""):
                    add(Outcome(person.id, Step.ACCESS, State.DONE, "listed", ref=look.profile.id))
                if self._as_wanted(event, person, look.profile):
                    add(Outcome(person.id, Step.PROFILE, State.DONE, ref=look.profile.id))
            elif person.refusal:
                add(_refused(person, "address", person.refusal))
            elif row is not None and row.state.is_done:
                gone = "The profile was deleted at the service; it is invited again."
                add(Outcome(person.id, Step.PROFILE, State.TODO, "gone", gone))
                add(Outcome(person.id, Step.ACCESS, State.TODO, "gone", gone))

    def _as_wanted(self, event: Event, person: Attendee, profile: Profile) -> bool:
        quota = self._quota(event, person, profile)
        alias_ok = not person.alias or profile.alias == person.alias
        return alias_ok and (quota is None or profile.quota == quota)

    def _quota(self, event: Event, person: Attendee, profile: Profile) -> Quota | None:
        """The quota to set; None while sponsorship is closed or this profile is paused (their limits are not ours)."""
        if not self._sponsored or profile.id in self._paused:
            return None
        return quota_for(event, person)

    def _set_up(
        self, event: Event, people: Sequence[Attendee], seen: Mapping[str, _Seen], lease: Lease, report: PassReport
    ) -> int:
        """Alias and limits where they differ; in one call per person, several at once inside the adapter."""
        racing = self.ports.racing()
        quotas: list[tuple[str, Quota]] = []
        owners: dict[str, Attendee] = {}
        outcomes: list[Outcome] = []
        for person in people:
            look = seen[person.id]
            if not person.wanted or look.profile is None or look.staff or look.duplicate:
                continue
            if self._as_wanted(event, person, look.profile):
                continue
            if len(owners) >= WRITES_A_PASS:
                break
            owners[look.profile.id] = person
            quota = self._quota(event, person, look.profile)
            if person.alias and look.profile.alias != person.alias:
                outcomes.append(self._set_one(person, look.profile, quota))
            elif quota is not None:
                quotas.append((look.profile.id, quota))
        for outcome in racing.set_quotas(quotas) if quotas else ():
            person = owners[outcome.person]
            state = State.WAITING if outcome.state.is_done else outcome.state
            outcomes.append(
                Outcome(
                    person.id, Step.PROFILE, state, outcome.reason, outcome.sentence or READ_BACK, ref=outcome.person
                )
            )
        self.ports.store.record(event.id, outcomes, lease=lease, now=self.ports.clock.now())
        self._settled_since += len(outcomes)
        report.set_up = len(outcomes)
        return len(outcomes)

    def _set_one(self, person: Attendee, profile: Profile, quota: Quota | None) -> Outcome:
        try:
            self.ports.racing().set_profile(profile.id, alias=person.alias, quota=quota)
        except ServiceError as error:
            return Outcome(
                person.id,
                Step.PROFILE,
                State.RETRY,
                type(error).__name__,
                error.sentence,
                retry_after=5.0,
                ref=profile.id,
            )
        return Outcome(person.id, Step.PROFILE, State.WAITING, "set", READ_BACK, ref=profile.id)

    def _missing(
        self,
        people: Sequence[Attendee],
        rows: Mapping[str, StepRow],
        seen: Mapping[str, _Seen],
        pending: Set[str],
    ) -> list[Attendee]:
        """Who should have a profile, is not listed, is not under way, and may be tried (again)."""
        now = self.ports.clock.now()
        return [
            person
            for person in people
            if person.wanted
            and not person.refusal
            and seen[person.id].profile is None
            and not seen[person.id].staff
            and person.id not in pending
            and _may_try(rows.get(person.id), now)
        ]

    # -------------------------------------------------------------------------------------------- leavers

    def _remove(
        self,
        event: Event,
        people: Sequence[Attendee],
        seen: Mapping[str, _Seen],
        links: Mapping[str, ProfileLink],
        rows: Mapping[str, StepRow],
        lease: Lease,
        report: PassReport,
    ) -> int:
        """Leavers: profiles that this event made are deleted; adopted ones and staff are never touched."""
        doomed: dict[str, str] = {}
        kept: list[Outcome] = []
        for person in people:
            link, look, row = links.get(person.id), seen[person.id], rows.get(person.id)
            if person.wanted or link is None or look.profile is None or look.staff:
                continue
            if link.how == "created":
                doomed[look.profile.id] = person.id
            elif row is None or row.reason != "adopted":
                kept.append(Outcome(person.id, Step.PROFILE, State.REFUSED, "adopted", _ADOPTED, ref=look.profile.id))
        outcomes = list(self.ports.racing().remove([*doomed])) if doomed else []
        for outcome in outcomes:
            state = State.WAITING if outcome.state.is_done else outcome.state
            kept.append(Outcome(doomed[outcome.person], Step.PROFILE, state, "removing", outcome.sentence or _REMOVING))
        self.ports.store.record(event.id, kept, lease=lease, now=self.ports.clock.now())
        self._settled_since += len(outcomes)
        report.removed = len(outcomes)
        return len(outcomes)


_REMOVING = "Deleted at the service; it counts once it is read back."
_STAFF = "This address belongs to an administrator or facilitator of the service; staff are never onboarded as racers."
_TWO = "The service lists two profiles with this address; its operator must delete one, then press Retry."
_ADOPTED = "This profile was there before the event; remove it at the service if it should go."


def _refused(person: Attendee, reason: str, sentence: str) -> Outcome:
    return Outcome(person.id, Step.PROFILE, State.REFUSED, reason, sentence)


def _may_try(row: StepRow | None, now: datetime) -> bool:
    if row is None or row.state in (State.TODO, State.WAITING, State.UNKNOWN):
        return True
    if row.state is State.RETRY:
        return row.next_try_at is None or row.next_try_at <= now
    return row.state.is_done  # was done, and the listing does not show it any more
