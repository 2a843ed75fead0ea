"""What can be done to several people of the attendee list at once: mail them again, try again, take them off.

Each act is asked for people by id, reaches those of them for whom it holds at the moment of the press, and answers how
many were left out and why: between choosing and pressing a list moves. What reaches whom is decided here and in one
write each, so that two tabs, or two organizers, do it once.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.letters import ACCESS, Letters
from deepracer_admin.model import Actor, Again, Attendee, Delivery, Event, Sending, State, Step
from deepracer_admin.records.campaigns import RESEND
from deepracer_admin.records.ways_in import POOL, read_ways_in
from deepracer_admin.rules.left_out import Left, left_words
from deepracer_admin.services.base import NONE_LISTED, House, Service

__all__ = ["Done", "Part", "Reach", "SeveralService"]

_CLOSED = "The event is closed: nobody of it is mailed, tried again or taken off any more."
Why = Callable[[Attendee], Left | None]


@dataclass(frozen=True, slots=True)
class Part:
    """Whom of the chosen an act would reach now (ids, in the list's order), and how many it leaves out, by why."""

    ids: tuple[str, ...]
    left: Mapping[Left, int]


@dataclass(frozen=True, slots=True)
class Reach:
    """What each act would do for the chosen.

    `chosen`: ids of those on the list, leavers too, in its order; `names`: theirs. `fresh_passwords`: of those who can
    be mailed, how many get a first password of their own with it, and the older one dies.
    """

    chosen: tuple[str, ...]
    names: tuple[str, ...]
    mail: Part
    retry: Part
    off: Part
    fresh_passwords: int
    closed: bool


@dataclass(frozen=True, slots=True)
class Done:
    """How many people an act reached, and how many of those named it left out, by why."""

    people: int
    left: Mapping[Left, int]

    @property
    def left_out(self) -> str:
        """A sentence about those, to follow another; "" where there are none."""
        return f" Left out: {words}." if (words := left_words(self.left)) else ""


class SeveralService(Service):
    """What the bar under the attendee list calls."""

    def __init__(self, house: House, letters: Letters, event_id: str = "") -> None:
        super().__init__(house, event_id)
        self.letters = letters

    def reach(self, actor: Actor, attendees: Collection[str]) -> Reach:
        """Whom of these each act would reach now. Raises Missing where nobody of them is on the list."""
        self._authorise(actor, "attendees.view")
        event = self._event()
        people = self._listed(event, attendees)
        mail = _part(people, self._why_no_mail(event))
        ways = read_ways_in(self.store, event)
        named = {person.id: person for person in people}
        return Reach(
            chosen=tuple(person.id for person in people),
            names=tuple(person.name or person.email for person in people),
            mail=mail,
            retry=_part(people, _why_no_retry({one for found in self._refused(event).values() for one in found})),
            off=_part(people, _why_not_off),
            fresh_passwords=sum(ways.of(named[one]) == POOL for one in mail.ids),
            closed=event.closed_at is not None,
        )

    def send_again(self, actor: Actor, attendees: Collection[str], *, seen: datetime) -> Done:
        """The access mail once more, with the newest text, to those of these who can be sent it.

        `seen`: when these were shown to whoever asks (real time); who was sent one since is left out, so that a tab
        that stood open sends nothing twice. Raises BadInput when a text cannot be written, Conflict where nobody is
        left, Missing where nobody is on the list.
        """
        self._authorise(actor, "messages.send", target=counted(len(attendees), "person", "people"))
        event = self._open_event()
        people = self._listed(event, attendees)
        part = _part(people, self._why_no_mail(event, since=seen))
        reached = {*part.ids}
        template = self.letters.template(event, ACCESS, event.language)
        self.letters.check_everyone(event, template, [person for person in people if person.id in reached])
        rows = [(one, ACCESS, template.version) for one in part.ids]
        sent = self.store.plan_deliveries(event.id, rows, campaign=RESEND, lease=None, again=Again.ASKED)
        left = Counter(part.left) + Counter({Left.UNDER_WAY: len(rows) - sent})
        done = _done(sent, left, attendees, people, "Nobody was sent a mail")
        self._audit(
            actor,
            "messages.send",
            target=ACCESS,
            count=sent,
            after={"template": ACCESS, "version": template.version, "again": True, "left_out": sum(done.left.values())},
        )
        return done

    def try_again(self, actor: Actor, attendees: Collection[str]) -> Done:
        """Put those of these who were refused at a step back to the start of it, mails apart; how many people. Raises
        Conflict where nobody is left, Missing where nobody is on the list."""
        self._authorise(actor, "onboarding.retry", target=counted(len(attendees), "person", "people"))
        event = self._open_event()
        people = self._listed(event, attendees)
        refused = self._refused(event)
        part = _part(people, _why_no_retry({one for found in refused.values() for one in found}))
        asked = {*part.ids}
        reset = sum(
            self.store.reset_steps(event.id, sorted(found & asked), [step])
            for step, found in refused.items()
            if found & asked
        )
        left = part.left if reset else {**part.left, Left.NOT_STUCK: part.left.get(Left.NOT_STUCK, 0) + len(part.ids)}
        done = _done(len(part.ids) if reset else 0, left, attendees, people, "Nobody was tried again")
        self._audit(actor, "onboarding.retry", target="chosen", count=reset)
        return done

    def take_off(self, actor: Actor, attendees: Collection[str], *, typed_name: str) -> Done:
        """Those of these who are still on the list become unwanted: profile and group are taken back. Raises BadInput
        where the event's name is not typed, Conflict where nobody is left, Missing where nobody is on the list."""
        self._authorise(actor, "onboarding.remove", target=counted(len(attendees), "person", "people"))
        event = self._open_event()
        if typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to take people off the list.")
        people = self._listed(event, attendees)
        off = self.store.amend_attendees(
            event.id, lambda person: replace(person, wanted=False), ids=[person.id for person in people]
        )
        done = _done(len(off), {Left.OFF: len(people) - len(off)}, attendees, people, "Nobody was taken off the list")
        self._audit(actor, "onboarding.remove", target=event.id, count=len(off))
        return done

    def _open_event(self) -> Event:
        event = self._event()
        if event.closed_at is not None:
            raise Conflict(_CLOSED)
        return event

    def _listed(self, event: Event, attendees: Collection[str]) -> list[Attendee]:
        """Those of these who are on this event's list, leavers too, in its order. Raises Missing where nobody is."""
        asked = {*attendees}
        found = [person for person in self.store.attendees(event.id) if person.id in asked]
        if not found:
            raise Missing(NONE_LISTED)
        return found

    def _refused(self, event: Event) -> Mapping[Step, set[str]]:
        """Who was refused at each step that can be tried again."""
        found: dict[Step, set[str]] = {}
        for row in self.store.steps(event.id, states=(State.REFUSED,)):
            if row.step is not Step.MAIL:
                found.setdefault(row.step, set()).add(row.attendee)
        return found

    def _why_no_mail(self, event: Event, *, since: datetime | None = None) -> Why:
        """Why somebody is not sent the access mail once more; what it needs is read once for all."""
        template = self.letters.template(event, ACCESS, event.language)
        proven = self.store.done(event.id, Step.ACCESS)
        door, awaiting = self.letters.refused_at_the_door(event), self.letters.awaiting(event, template)
        mails = self._access_mails(event)
        last = {mail.attendee: mail for mail in mails}
        busy = {mail.attendee for mail in mails if mail.is_under_way}

        def why(person: Attendee) -> Left | None:
            if not person.wanted:
                return Left.OFF
            if person.id not in proven:
                return Left.NO_ACCESS
            if person.id in door:
                return Left.DOOR
            if person.id in awaiting:
                return Left.LINK
            return Left.UNDER_WAY if person.id in busy else _why_after(last.get(person.id), since)

        return why

    def _access_mails(self, event: Event) -> list[Delivery]:
        """The first of each person in front."""
        mails = [mail for mail in self.store.deliveries(event.id) if mail.template == ACCESS]
        return sorted(mails, key=lambda mail: mail.number)


def _why_after(last: Delivery | None, since: datetime | None) -> Left | None:
    """Why nobody is sent a mail after this one of theirs; `since` as in `send_again`."""
    if last is None:
        return None
    if last.state is Sending.UNKNOWN:
        return Left.UNKNOWN
    return Left.MAILED_SINCE if since and last.changed_at and last.changed_at > since else None


def _why_no_retry(refused: Collection[str]) -> Why:
    return lambda person: Left.OFF if not person.wanted else None if person.id in refused else Left.NOT_STUCK


def _why_not_off(person: Attendee) -> Left | None:
    return None if person.wanted else Left.OFF


def _part(people: Sequence[Attendee], why: Why) -> Part:
    found = [(person.id, why(person)) for person in people]
    return Part(
        tuple(one for one, reason in found if reason is None),
        Counter(reason for _, reason in found if reason is not None),
    )


def _done(
    people: int, left: Mapping[Left, int], asked: Collection[str], found: Collection[Attendee], nobody: str
) -> Done:
    """What an act came to. Raises Conflict, with the reasons, where it reached nobody."""
    every = Counter(left) + Counter({Left.GONE: len({*asked}) - len(found)})
    if not people:
        raise Conflict(f"{nobody}: {left_words(every)}.")
    return Done(people, every)
