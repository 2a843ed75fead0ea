"""Onboarding page: the funnel, why people are stuck, start and pause, retry, one person's history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.model import Actor, Attendee, Delivery, Event, Profile, State, Step, StepRow
from deepracer_admin.records.guest_book import GuestBook, GuestCounts
from deepracer_admin.records.onboarding import ONBOARDING, ONBOARDING_REPORT, TROUBLE, Onboarding, Run
from deepracer_admin.records.ways_in import INVITATIONS, RESENT, SERVICE, mails_sent
from deepracer_admin.rules.mail_days import MailDay, is_limited, reckon
from deepracer_admin.rules.search import LEAST_LETTERS, Found, folded, search
from deepracer_admin.services.base import House, Service
from deepracer_admin.store import ProfileLink

__all__ = ["FunnelRow", "OnboardingService", "OnboardingView", "PersonView", "StuckRow"]


@dataclass(frozen=True, slots=True)
class FunnelRow:
    """One step: how many people are in which state; `oldest` = since when the longest-waiting one waits (real time)."""

    step: Step
    done: int
    waiting: int
    refused: int
    unknown: int
    todo: int
    oldest: datetime | None
    known: bool  # False: the service does not tell (e.g. signed in, without credentials on the user pool)


@dataclass(frozen=True, slots=True)
class StuckRow:
    """One reason for which people are stuck, with the fix, and who they are (attendee ids; names of the first few)."""

    step: Step
    state: State
    reason: str
    sentence: str
    people: int
    names: tuple[str, ...]
    attendees: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """What makes it this reason and no other."""
        return f"{self.step.value}/{self.state.value}/{self.reason}"

    @property
    def retryable(self) -> bool:
        """A refusal can be retried; mail never is, and what repeats by itself needs nobody."""
        return self.state is State.REFUSED and self.step is not Step.MAIL


@dataclass(frozen=True, slots=True)
class OnboardingView:
    state: Run
    by: str
    since: datetime | None
    funnel: Sequence[FunnelRow]
    stuck: Sequence[StuckRow]
    people: int
    as_of: datetime | None  # real time of the worker's last pass
    rate_per_minute: float  # people who reached the mail in the last minutes
    eta_minutes: float | None  # estimate
    limit: str  # the limit in force, in words
    trouble: Mapping[str, str]
    mail_day: MailDay | None = None  # None: Cognito mails through SES, or not at all
    guests: GuestCounts | None = None  # None: the event has nothing to do with guests


@dataclass(frozen=True, slots=True)
class PersonView:
    """One person: every step with its reason, the profile, mails, and the history."""

    attendee: Attendee
    steps: Sequence[StepRow]
    link: ProfileLink | None
    profile: Profile | None
    deliveries: Sequence[Delivery]
    history: Sequence[StepRow]


class OnboardingService(Service):
    """What the Onboarding page calls."""

    def __init__(self, house: House, guests: GuestBook, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self.guests = guests

    def view(self, actor: Actor) -> OnboardingView:
        """The funnel and the reasons, from the store. Raises Missing before the first event."""
        self._authorise(actor, "onboarding.view")
        event = self._event()
        onboarding = self.store.read(event.id, ONBOARDING)
        report = self.store.read(event.id, ONBOARDING_REPORT)
        funnel = self.store.funnel(event.id)
        stuck = self.store.steps(event.id, states=_STUCK)
        people = self.store.attendees(event.id, wanted=True) if stuck else []
        steps = [step for step in Step if step is not Step.GROUP or event.group_id]
        return OnboardingView(
            state=onboarding.state,
            by=onboarding.by_name,
            since=onboarding.since,
            funnel=_funnel(
                {step: funnel[step] for step in steps}, self.store.waiting_since(event.id), report.not_known
            ),
            stuck=_stuck(stuck, {person.id: person.name or person.email for person in people}),
            people=sum(funnel[Step.PROFILE].values()),
            as_of=report.as_of,
            rate_per_minute=report.rate_per_minute,
            eta_minutes=report.eta_minutes,
            limit=report.limit,
            trouble=self.store.read(event.id, TROUBLE),
            mail_day=self._mail_day(event),
            guests=self.guests.counts(event),
        )

    def _mail_day(self, event: Event) -> MailDay | None:
        """Cognito's default sender: what it may still mail now, and when the last of those who wait gets theirs."""
        settings = self.house.settings
        by_ses = settings.rehearsal or settings.deepracer_ses
        if event.way_in != SERVICE or event.service == "managed" or not is_limited(event, ses_by_settings=by_ses):
            return None
        chunks = self.store.rows(event.id, INVITATIONS).values()
        waiting = sum(len(chunk.people) for chunk in chunks if chunk.unsent)
        sent = mails_sent(chunks, self.store.read(event.id, RESENT))
        return reckon(sent, waiting, self.clock.event_now())

    def plan(self, actor: Actor) -> Mapping[str, int]:
        """What starting would do: how many to invite, to add to the group, to mail, and how many are refused."""
        self._authorise(actor, "onboarding.view")
        event = self._event()
        people = self.store.attendees(event.id, wanted=True)
        funnel = self.store.funnel(event.id)
        done = {step: sum(n for state, n in states.items() if state.is_done) for step, states in funnel.items()}
        takeable = sum(1 for person in people if not person.refusal)
        kind = event.service or self.house.settings.racing
        return {
            "people": len(people),
            "refused": len(people) - takeable,
            # the managed service takes no invitations: profiles appear at the first sign-in
            "invite": 0 if kind == "managed" else max(0, takeable - done.get(Step.PROFILE, 0)),
            "group": max(0, len(people) - done.get(Step.GROUP, 0)) if event.group_id else 0,
            "mail": max(0, takeable - done.get(Step.MAIL, 0)),
            "leave": len(self.store.attendees(event.id, wanted=False)),
        }

    def start(self, actor: Actor) -> None:
        """Start or resume: the worker reconciles until everybody has access and their mail."""
        self._set(actor, Run.RUNNING, allowed_from=(Run.IDLE, Run.PAUSED))

    def pause(self, actor: Actor) -> None:
        """Stop after the batch that is under way."""
        self._set(actor, Run.PAUSED, allowed_from=(Run.RUNNING,))

    def _set(self, actor: Actor, to: Run, *, allowed_from: tuple[Run, ...]) -> None:
        """The state is judged as it is at the write: a close-out that came first is not undone."""
        self._authorise(actor, "onboarding.run")
        event = self._event()
        asked = Onboarding(to, actor.oid, actor.name, self.clock.now())
        before = to

        def change(onboarding: Onboarding) -> Onboarding:
            nonlocal before
            before = onboarding.state
            if before is to:
                return onboarding
            if before not in allowed_from:
                raise Conflict(f"Onboarding is {before}; it cannot become {to} from there.")
            return asked

        self.store.update(event.id, ONBOARDING, change)
        if before is to:
            return
        self._audit(
            actor,
            "onboarding.run",
            target=event.id,
            before=before.value,
            after=to.value,
            count=len(self.store.attendees(event.id, wanted=True)),
        )

    def retry(
        self,
        actor: Actor,
        *,
        step: Step | None = None,
        reason: str | None = None,
        attendees: Collection[str] | None = None,
    ) -> int:
        """Put who was refused (at one step, for one reason; of these people) back to the start of it; how many."""
        self._authorise(actor, "onboarding.retry")
        event = self._event()
        for one in attendees or ():
            self.store.attendee(event.id, one)  # raises Missing: nobody of another event is put back
        chosen: dict[Step, list[str]] = {}
        for row in self.store.steps(event.id):
            if row.state is not State.REFUSED or row.step is Step.MAIL:
                continue
            if attendees is not None and row.attendee not in attendees:
                continue
            if (step is None or row.step is step) and (reason is None or _why(row) == reason):
                chosen.setdefault(row.step, []).append(row.attendee)
        count = sum(self.store.reset_steps(event.id, ids, [at]) for at, ids in chosen.items())
        self._audit(actor, "onboarding.retry", target=str(step or "all"), count=count)
        return count

    def retry_one(self, actor: Actor, attendee: str) -> int:
        """Retry one person's refused steps."""
        self._authorise(actor, "onboarding.retry_one", target=attendee)
        event = self._event()
        self._check_people(event.id, [attendee])
        steps = [
            row.step
            for row in self.store.steps_of(event.id, attendee)
            if row.state is State.REFUSED and row.step is not Step.MAIL
        ]
        count = self.store.reset_steps(event.id, [attendee], steps) if steps else 0
        self._audit(actor, "onboarding.retry_one", target=attendee, count=count)
        return count

    def person(self, actor: Actor, attendee: str) -> PersonView:
        """One person with everything that happened to them."""
        self._authorise(actor, "onboarding.view")
        event = self._event()
        person = self.store.attendee(event.id, attendee)
        link = self.store.links(event.id).get(attendee)
        profiles, _ = self.store.profiles(event.id)
        profile = next((entry for entry in profiles if link and entry.id == link.profile), None)
        return PersonView(
            attendee=person,
            steps=self.store.steps_of(event.id, attendee),
            link=link,
            profile=profile,
            deliveries=self.store.deliveries(event.id, attendee=attendee),
            history=self.store.history_of(event.id, attendee),
        )

    def find(self, actor: Actor, text: str, *, limit: int = 20) -> list[Attendee]:
        """As `search`, without how many there are. Raises BadInput for less than two letters."""
        return list(self.search(actor, text, limit=limit).people)

    def search(self, actor: Actor, text: str, *, limit: int = 8) -> Found:
        """Who is meant by these letters of a name, address or racer name; the best first, leavers too.

        Raises BadInput for less than two letters.
        """
        self._authorise(actor, "onboarding.view")
        if len(folded(text)) < LEAST_LETTERS:
            raise BadInput("Type at least two letters of the name, address or racer name.")
        return search(self.store.attendees(self._event().id), text, most=limit)

    def remove(self, actor: Actor, attendees: Sequence[str], *, typed_name: str) -> int:
        """Take access away from some: they become unwanted, the worker takes profile and group back."""
        self._authorise(actor, "onboarding.remove", target=counted(len(attendees), "person", "people"))
        event = self._event()
        if typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to remove access.")
        known = {person.id for person in self.store.attendees(event.id)}
        missing = [entry for entry in attendees if entry not in known]
        if missing:
            raise Missing("Some of the chosen people are not on the list any more; search again.")
        self.store.amend_attendees(event.id, lambda person: replace(person, wanted=False), ids=attendees)
        self._audit(actor, "onboarding.remove", target=event.id, count=len(attendees))
        return len(attendees)


def _funnel(
    steps: Mapping[Step, Mapping[State, int]], oldest: Mapping[Step, datetime], not_known: Sequence[Step]
) -> list[FunnelRow]:
    return [
        FunnelRow(
            step=step,
            done=sum(n for state, n in counts.items() if state.is_done),
            waiting=counts[State.WAITING] + counts[State.RETRY],
            refused=counts[State.REFUSED],
            unknown=counts[State.UNKNOWN],
            todo=counts[State.TODO],
            oldest=oldest.get(step),
            known=step not in not_known,
        )
        for step, counts in steps.items()
    ]


def _why(row: StepRow) -> str:
    """What groups people who are stuck for the same cause: the code, or the sentence where there is none."""
    return row.reason or row.sentence


_STUCK = (State.REFUSED, State.UNKNOWN, State.RETRY)


def _stuck(rows: Sequence[StepRow], wanted: Mapping[str, str]) -> list[StuckRow]:
    groups: dict[tuple[Step, State, str], list[StepRow]] = {}
    for row in rows:
        if row.attendee in wanted and row.sentence:
            groups.setdefault((row.step, row.state, _why(row)), []).append(row)
    listed = [
        StuckRow(
            step,
            state,
            reason,
            found[0].sentence,
            len(found),
            tuple(wanted[row.attendee] for row in found[:5]),
            tuple(row.attendee for row in found),
        )
        for (step, state, reason), found in groups.items()
    ]
    return sorted(listed, key=lambda row: -row.people)
