"""Proof of access by looking, never by a timer (identity-and-mail.md 3.6).

`IdentityCenterProof` is for a service that takes no invitations: the event group lets people in once the directory's
own cycle has carried them into IAM Identity Center. `SignedInFromCognito` reads who has signed in to DeepRacer on AWS
from the status of their user. Both only read and keep nothing between passes but the time of their last look, so there
is nothing to repair after a crash.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from deepracer_admin.directory.pool import PoolUser, UserPool
from deepracer_admin.directory.proof import AccessProof, Arrival, Assignment, Presence
from deepracer_admin.errors import AccessDenied, ServiceError, Throttled
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee, Event, Found, Lease, Limit, Outcome, State, Step, StepRow
from deepracer_admin.records.profile_rows import PASSWORDS_UNTIL

__all__ = ["ASK_EVERY", "IdentityCenterProof", "SignedInFromCognito", "waiting_sentence"]

ASK_EVERY = timedelta(seconds=30)  # real time
ASSIGNMENT_EVERY = timedelta(minutes=10)  # real time; the assignment belongs to the group and hardly changes
POOL_SHARE = 9  # a listing of the pool takes at most a tenth of the time


class IdentityCenterProof:
    """The ACCESS step where a SCIM cycle grants it. Asks only while somebody waits, at most every 30 s.

    One look costs ceil(N/100) pages of members, as many of users when somebody is new, and now and then two calls for
    the assignment; it judges everybody at once.
    """

    def __init__(self, ports: Ports, proof: Callable[[], AccessProof]) -> None:
        self.ports = ports
        self._proof = proof
        self._looked_at: datetime | None = None
        self._assignment: tuple[Assignment, datetime] | None = None

    def run(self, event: Event, lease: Lease, *, acting_for: str) -> int:
        """One pass; returns how many rows changed. `acting_for` (oid) looks up names in the company's directory.

        Raises AccessDenied when the group is not assigned as it should be (everybody's row says so too), and
        ServiceError when Identity Center or the directory cannot be asked; what was recorded stays.
        """
        ports, store = self.ports, self.ports.store
        people = [person for person in store.attendees(event.id) if not person.refusal]
        access = {row.attendee: row for row in store.steps(event.id, step=Step.ACCESS)}
        grouped = self._grouped(event, people)
        if not any(_waits(person, access.get(person.id), person.id in grouped) for person in people):
            return 0
        now = ports.clock.now()
        if self._looked_at is not None and now - self._looked_at < ASK_EVERY:
            return 0
        proof = self._proof()
        try:
            assignment = self._assigned(proof, now)
            arrivals = proof.arrived([person.email for person in people]) if assignment.ok else {}
        except Throttled as asked:
            _back_off(ports, proof.limits, asked)
            raise
        finally:
            self._looked_at = ports.clock.now()  # a long look is followed by the same rest as a short one
        if not assignment.ok:
            outcomes = [
                Outcome(person.id, Step.ACCESS, State.WAITING, "assignment", assignment.sentence)
                for person in people
                if person.wanted and person.id in grouped and not _is_refused(access.get(person.id))
            ]
            store.record(event.id, outcomes, lease=lease, now=ports.clock.now())
            raise AccessDenied(assignment.sentence, service="IAM Identity Center", operation="assignment")
        unasked = [person for person in people if _names_unknown(person, access, arrivals, grouped)]
        names, failure = self._missing_names(unasked, acting_for)
        later = waiting_sentence(sum(person.wanted for person in people))
        outcomes = [
            outcome
            for person in people
            if (failure is None or person not in unasked)
            and (
                outcome := _judge(
                    person,
                    arrivals[person.email],
                    access.get(person.id),
                    grouped=person.id in grouped,
                    names=names.get(person.email, ""),
                    later=later,
                )
            )
        ]
        changed = store.record(event.id, outcomes, lease=lease, now=ports.clock.now())
        if failure is not None:
            raise failure
        return changed

    def _grouped(self, event: Event, people: Sequence[Attendee]) -> set[str]:
        """Who is in the event group, read back; everybody where the company fills the group by itself."""
        if not event.group_id:
            return {person.id for person in people if person.wanted}
        return self.ports.store.done(event.id, Step.GROUP)

    def _assigned(self, proof: AccessProof, now: datetime) -> Assignment:
        if self._assignment is None or now - self._assignment[1] >= ASSIGNMENT_EVERY or not self._assignment[0].ok:
            self._assignment = (proof.assignment(), now)
        return self._assignment[0]

    def _missing_names(
        self, people: Sequence[Attendee], acting_for: str
    ) -> tuple[Mapping[str, str], ServiceError | None]:
        """What the directory says against these people, by address; each is looked up once, and again after Retry."""
        if not people:
            return {}, None
        try:
            found = self.ports.directory(acting_for).resolve([person.email for person in people])
        except ServiceError as error:
            return {}, error
        here = (Found.ONE, Found.GUEST_PENDING)  # an invitation gives a guest no first and no last name
        return {email: answer.lacks for email, answer in found.items() if answer.found in here and answer.lacks}, None


def waiting_sentence(people: int) -> str:
    """Why access takes a while, as a range: Microsoft's estimate of 0.01 to 0.08 minutes each for the first cycle."""
    least, most = math.ceil(people * 0.01 / 60), math.ceil(people * 0.08 / 60)
    first = "about an hour" if most <= 1 else f"up to {most} hours" if least <= 1 else f"{least} to {most} hours"
    return f"Waits for the directory's cycle: about 40 minutes, the first one {first} (an estimate)."


def _waits(person: Attendee, row: StepRow | None, grouped: bool) -> bool:
    if not person.wanted:
        return row is not None and row.state is not State.TODO
    return grouped and (row is None or not (row.state.is_done or row.state is State.REFUSED))


def _is_refused(row: StepRow | None) -> bool:
    return row is not None and row.state is State.REFUSED


def _names_unknown(
    person: Attendee, access: Mapping[str, StepRow], arrivals: Mapping[str, Arrival], grouped: set[str]
) -> bool:
    """Not there and not judged so far: their names may be why they will never come."""
    row = access.get(person.id)
    fresh = row is None or row.state is State.TODO
    return fresh and person.wanted and person.id in grouped and arrivals[person.email].presence is Presence.ABSENT


def _judge(
    person: Attendee, arrival: Arrival, row: StepRow | None, *, grouped: bool, names: str, later: str
) -> Outcome | None:
    """What this look says about one person; None when it says nothing new."""

    def found(state: State, reason: str, sentence: str = "") -> Outcome:
        return Outcome(person.id, Step.ACCESS, state, reason, sentence, ref=arrival.user_id)

    was_in = row is not None and row.state.is_done
    inside = arrival.presence is Presence.MEMBER
    if not person.wanted:
        if row is None or row.state is State.TODO:
            return None
        return found(State.WAITING, "leaving", _LEAVING) if inside else found(State.TODO, "removed", _REMOVED)
    if inside and grouped:
        return None if was_in else found(State.DONE, "arrived")
    if not grouped:
        return found(State.TODO, "gone", _GONE) if was_in and not inside else None
    if arrival.presence is Presence.DISABLED:
        return found(State.REFUSED, "disabled", _DISABLED)
    if arrival.presence is Presence.SEVERAL:
        return found(State.REFUSED, "several", _SEVERAL)
    if names:
        return found(State.REFUSED, "names", f"{names} {_NAMES}")
    if _is_refused(row) and arrival.presence is Presence.ABSENT:
        return None  # stays refused until somebody presses Retry
    return found(State.WAITING, "cycle", later)


_LEAVING = "Taken out of the group; IAM Identity Center lists them until the directory's next cycle."
_REMOVED = "Access is gone (seen at the service)."
_GONE = "Not in IAM Identity Center's group any more; it comes back after the group step."
_DISABLED = (
    "IAM Identity Center has this person switched off: ask the directory's administrator to enable the account, wait "
    "for a cycle, then press “Retry them” on the Onboarding page."
)
_SEVERAL = (
    "IAM Identity Center has several users with this address: ask its administrator to leave it with one of them, then "
    "press “Retry them” on the Onboarding page."
)
_NAMES = "Ask the directory's administrator to add it, then press “Retry them” on the Onboarding page."


class SignedInFromCognito:
    """The SIGNED_IN milestone of DeepRacer on AWS: who has replaced the temporary password has signed in.

    Cognito tells nothing of a person's later sign-ins (deepracer-on-aws.md 2.1), so this is a milestone, not a log.
    """

    def __init__(self, ports: Ports, pool: Callable[[], UserPool]) -> None:
        self.ports = ports
        self._pool = pool
        self._looked_at: datetime | None = None
        self._every = ASK_EVERY

    def run(self, event: Event, lease: Lease) -> int:
        """One pass; returns how many rows changed. Raises ServiceError. One look costs ceil(N/60) calls."""
        ports, store = self.ports, self.ports.store
        now = ports.clock.now()
        if self._looked_at is not None and now - self._looked_at < self._every:
            return 0
        waiting = store.done(event.id, Step.ACCESS) - store.done(event.id, Step.SIGNED_IN)
        people = [person for person in store.attendees(event.id, wanted=True) if person.id in waiting]
        if not people:
            return 0
        self._looked_at = now
        pool = self._pool()
        try:
            users = list(pool.users())
        except Throttled as asked:
            _back_off(ports, pool.limits, asked)
            raise
        took = ports.clock.now() - now
        self._looked_at, self._every = now + took, max(ASK_EVERY, POOL_SHARE * took)
        by_name = {user.username: user for user in users}
        by_email = {user.email: user for user in users if user.email}
        links = store.links(event.id)
        outcomes: list[Outcome] = []
        until: dict[str, datetime] = {}
        for person in people:
            link = links.get(person.id)
            user = (by_name.get(link.profile) if link else None) or by_email.get(person.email)
            if user is not None:
                outcomes.append(_milestone(event, person, user, ports.clock.event_now()))
                until |= {person.id: user.password_until} if user.password_until else {}
        store.keep(event.id, PASSWORDS_UNTIL, until, lease=lease)
        return store.record(event.id, outcomes, lease=lease, now=ports.clock.now())


def _milestone(event: Event, person: Attendee, user: PoolUser, now: datetime) -> Outcome:
    def found(state: State, reason: str, sentence: str = "") -> Outcome:
        return Outcome(person.id, Step.SIGNED_IN, state, reason, sentence, ref=user.username)

    if user.signed_in:
        return found(State.DONE, "status")
    if not user.enabled:
        return found(State.WAITING, "disabled", "Has not signed in yet, and cannot: this user is disabled.")
    until = user.password_until
    if until is None:
        return found(State.WAITING, "invited", "Has not signed in yet.")
    day = until.astimezone(ZoneInfo(event.zone)).strftime("%Y-%m-%d %H:%M")
    if until <= now:
        ended = f"Has not signed in, and the temporary password ended on {day}: send them a fresh one."
        return found(State.WAITING, "password_ended", ended)
    return found(State.WAITING, "invited", f"Has not signed in yet; the temporary password holds until {day}.")


def _back_off(ports: Ports, limits: Sequence[Limit], asked: Throttled) -> None:
    for limit in limits:
        ports.pacer.back_off(limit, asked.retry_after)
