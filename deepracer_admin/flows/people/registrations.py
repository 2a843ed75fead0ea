"""The portal's reconciler: from forms as they came to people on the event's list, nobody twice.

    forms -> registrations, a mail with a link each -> (the button, web/register.py) -> a place, or the waiting list
    -> attendees, written as an import writes them (joining.py); from there onboarding takes them in by itself

What if it dies here? Each step is safe to repeat: a form goes only when its registration and its mail are in the store;
a person is on the list before the registration says so, and is met there by the next pass; mails that tell of a state
are queued once in a life (Again.NEVER).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.people.joining import aliases_taken, join, write
from deepracer_admin.flows.people.portal_links import is_over
from deepracer_admin.flows.people.registration_letters import CAMPAIGN
from deepracer_admin.model import Again, Attendee, Event, Lease, State, Step
from deepracer_admin.model.registrations import (
    Asked,
    Portal,
    QuestionKind,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.records.portal import ASKED, PORTAL, PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.rules.audit import by_system
from deepracer_admin.rules.portal_mails import ACCEPTED, AGAIN, CONFIRM, REFUSED, WAITING
from deepracer_admin.rules.registration import (
    ASKED_FOR,
    MOVES,
    may_mail,
    settle,
    unconfirmed_at_most,
    with_attendees,
)
from deepracer_admin.rules.roster import RosterRow
from deepracer_admin.rules.roster.plan import Change, PlanEntry, plan_import
from deepracer_admin.store import EventStore

__all__ = ["SOURCE", "RegistrationReconciler", "forget_registrations", "registered", "registration_of"]

SOURCE = "portal"
"""Source of people who came through the portal."""
FORMS_A_PASS = 500
SWEEP_EVERY = timedelta(minutes=10)
SHARE, LONGEST_REST_S = 19, 5.0  # reading all registrations takes at most a twentieth of the time
_TOLD = {
    RegistrationState.WAITING: WAITING,
    RegistrationState.ACCEPTED: ACCEPTED,
    RegistrationState.REFUSED: REFUSED,
}


class RegistrationReconciler:
    """One pass takes forms, gives places, queues mails, forgets what is over. Real time throughout."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports
        self._next, self._revision = 0.0, -1
        self._swept_at: datetime | None = None
        self._unconfirmed: int | None = None  # at least so many; counted whenever all are read

    def run(self, event: Event, lease: Lease) -> int:
        """Returns how many forms were taken. Nobody is taken in any more once the event is closed."""
        if event.closed_at is not None:
            return 0
        taken = self._take_forms(event, lease)
        store, clock = self.ports.store, self.ports.clock
        if taken or (clock.monotonic() >= self._next and store.revision(event.id) != self._revision):
            began, self._revision = clock.monotonic(), store.revision(event.id)
            self._settle(event, lease)
            self._next = clock.monotonic() + min(SHARE * (clock.monotonic() - began), LONGEST_REST_S)
        self._sweep(event, lease)
        return taken

    def rests(self, event_id: str) -> bool:
        """Every form was taken, and nothing has changed since places were given."""
        return self.ports.store.revision(event_id) == self._revision

    # ------------------------------------------------------------------------------------------------ forms

    def _take_forms(self, event: Event, lease: Lease) -> int:
        store, now = self.ports.store, self.ports.clock.now()
        forms = self._next_forms(event, store.rows(event.id, ASKED))
        if not forms:
            return 0
        ids = {registration_id(form.email) for form in forms.values()}
        store.change_rows(event.id, REGISTRATIONS, lambda rows: registered(rows, forms.values()), keys=ids, lease=lease)
        mailed = [row for row in store.rows(event.id, REGISTRATIONS, ids).values() if may_mail(row, now)]
        store.plan_deliveries(
            event.id,
            [(row.id, CONFIRM if row.state is RegistrationState.ASKED else AGAIN, 1) for row in mailed],
            campaign=CAMPAIGN,
            lease=lease,
            again=Again.ASKED,
        )
        store.change_rows(
            event.id,
            REGISTRATIONS,
            lambda rows: {key: replace(row, mails=row.mails + 1, mailed_at=now) for key, row in rows.items()},
            keys={row.id for row in mailed},
            lease=lease,
        )
        store.change_rows(event.id, ASKED, lambda _: dict.fromkeys(forms), keys=forms, lease=lease)
        return len(forms)

    def _next_forms(self, event: Event, waiting: Mapping[str, Asked]) -> dict[str, Asked]:
        """Those of this pass: of people who are known, and of new ones while not too many have yet to confirm."""
        if not waiting:
            return {}
        store = self.ports.store
        known = {*store.rows(event.id, REGISTRATIONS, {registration_id(form.email) for form in waiting.values()})}
        room = unconfirmed_at_most(event.head_count) - self._count_unconfirmed(event)
        taken: dict[str, Asked] = {}
        for key, form in waiting.items():
            if len(taken) == FORMS_A_PASS:
                break
            if (one := registration_id(form.email)) not in known:
                if room <= 0:
                    continue
                known.add(one)
                room -= 1
            taken[key] = form
        return taken

    def _count_unconfirmed(self, event: Event) -> int:
        if self._unconfirmed is None:
            rows = self.ports.store.rows(event.id, REGISTRATIONS).values()
            self._unconfirmed = sum(row.state is RegistrationState.ASKED for row in rows)
        return self._unconfirmed

    # ---------------------------------------------------------------------------------------------- places

    def _settle(self, event: Event, lease: Lease) -> None:
        store = self.ports.store
        rows = store.rows(event.id, REGISTRATIONS)
        self._unconfirmed = sum(row.state is RegistrationState.ASKED for row in rows.values())
        if not rows:
            return
        self._let_go(event, rows.values(), lease)
        portal, people = store.read(event.id, PORTAL), store.attendees(event.id)
        wanted = {person.email: person.id for person in people if person.wanted}
        gone = with_attendees(rows.values(), wanted.values())
        self._move(event, dict.fromkeys(gone, RegistrationState.WITHDRAWN), lease)
        moved = settle(
            portal,
            rows.values(),
            on_list=wanted,
            taken_out=(person.email for person in people if not person.wanted),
            taken=len(wanted),
        )
        accepted = [rows[key] for key, state in moved.items() if state is RegistrationState.ACCEPTED]
        if accepted:
            self._take_in(event, portal, accepted, people, lease)
        waiting = {key: state for key, state in moved.items() if state is RegistrationState.WAITING}
        self._move(event, waiting, lease)
        self._tell(event, lease)

    def _let_go(self, event: Event, rows: Iterable[Registration], lease: Lease) -> None:
        """Who gave their place back goes off the list; what that takes with it is done as when an organizer does it."""
        leaving = {row.id: row.attendee for row in rows if row.leaving}
        if not leaving:
            return
        store = self.ports.store
        there = {person.id for person in store.attendees(event.id, wanted=True)} & {*leaving.values()}
        if there:
            store.amend_attendees(event.id, lambda each: replace(each, wanted=False), ids=there, lease=lease)
            entry = by_system(
                event.id,
                "portal.decide",
                at=self.ports.clock.now(),
                name="The event portal, at their own wish",
                target="withdrawn",
                count=len(there),
            )
            store.append_audit(entry)
        store.change_rows(
            event.id,
            REGISTRATIONS,
            lambda now: {key: replace(row, leaving=False, attendee="") for key, row in now.items() if row.leaving},
            keys=leaving,
            lease=lease,
        )

    def _take_in(
        self, event: Event, portal: Portal, accepted: Collection[Registration], people: list[Attendee], lease: Lease
    ) -> None:
        """On the list first, then the registration says so."""
        store, now = self.ports.store, self.ports.clock.now()
        known = {person.email: person for person in people}
        joining = join(
            entries_of(portal, accepted, known, service_rule=self._rule(event)),
            known,
            taken=aliases_taken(store, event.id, people),
            source=SOURCE,
            by=SOURCE,
            now=now,
            wished={each.email: each.racer_name for each in accepted},
        )
        write(store, event.id, joining)
        self._rename(event, accepted, known)
        ids = {person.email: person.id for person in store.attendees(event.id, wanted=True)}
        done = {each.id: ids[each.email] for each in accepted if each.email in ids}
        moved = self._move(event, dict.fromkeys(done, RegistrationState.ACCEPTED), lease, attendees=done)
        if moved:
            name = "The event portal"
            entry = by_system(event.id, "portal.decide", at=now, name=name, target="accepted", count=moved)
            store.append_audit(entry)

    def _rename(self, event: Event, accepted: Iterable[Registration], known: Mapping[str, Attendee]) -> None:
        """Somebody of an imported list wished for a racer name: given while nothing carries the other one yet."""
        store = self.ports.store
        wishes = {
            known[each.email].id: each.racer_name
            for each in accepted
            if each.racer_name and each.email in known and known[each.email].alias != each.racer_name
        }
        for attendee in [*wishes]:
            begun = [row for row in store.steps_of(event.id, attendee) if row.step is Step.PROFILE]
            if any(row.state is not State.TODO for row in begun):
                del wishes[attendee]
        if not wishes:
            return
        taken = {alias.casefold() for alias in aliases_taken(store, event.id, store.attendees(event.id))}
        free = {attendee: wish for attendee, wish in wishes.items() if wish.casefold() not in taken}
        unique = {wish.casefold(): attendee for attendee, wish in reversed(free.items())}
        given = {attendee: free[attendee] for attendee in unique.values()}
        if given:
            store.amend_attendees(event.id, lambda each: replace(each, alias=given[each.id]), ids=given)

    def _rule(self, event: Event) -> str | None:
        return "on_aws" if (event.service or self.ports.racing_default) == "on_aws" else None

    def _move(
        self,
        event: Event,
        states: Mapping[str, RegistrationState],
        lease: Lease,
        *,
        attendees: Mapping[str, str] | None = None,
    ) -> int:
        """To these states, as far as that is a move from where each is now. Returns how many moved."""
        if not states:
            return 0
        now = self.ports.clock.now()

        def moved(rows: Mapping[str, Registration]) -> dict[str, Registration]:
            return {
                key: replace(
                    row,
                    state=states[key],
                    decided_at=now,
                    attendee=(attendees or {}).get(key, row.attendee),
                    left_at=None if states[key] is RegistrationState.ACCEPTED else row.left_at,
                )
                for key, row in rows.items()
                if states[key] in MOVES[row.state]
            }

        return len(self.ports.store.change_rows(event.id, REGISTRATIONS, moved, keys=states, lease=lease))

    def _tell(self, event: Event, lease: Lease) -> None:
        """A mail to whoever waits, was refused, or got a place later than they confirmed: once each."""
        store = self.ports.store
        told = {
            key: row
            for key, row in store.rows(event.id, REGISTRATIONS).items()
            if row.state in _TOLD and row.told != row.state and _is_news(row)
        }
        if not told:
            return
        rows = [(key, _TOLD[row.state], 1) for key, row in told.items()]
        store.plan_deliveries(event.id, rows, campaign=CAMPAIGN, lease=lease, again=Again.NEVER)
        store.change_rows(
            event.id,
            REGISTRATIONS,
            lambda now: {key: replace(row, told=told[key].state) for key, row in now.items()},
            keys=told,
            lease=lease,
        )

    # ------------------------------------------------------------------------------------------- forgetting

    def _sweep(self, event: Event, lease: Lease) -> None:
        """Who never confirmed is forgotten, with their mails; so are links that open nothing any more."""
        store, clock = self.ports.store, self.ports.clock
        now, event_now = clock.now(), clock.event_now()
        if self._swept_at is not None and now - self._swept_at < SWEEP_EVERY:
            return
        self._swept_at = now
        store.change_rows(
            event.id,
            REGISTRATIONS,
            lambda rows: {
                key: None
                for key, row in rows.items()
                if row.state is RegistrationState.ASKED and now - row.asked_at > ASKED_FOR
            },
            lease=lease,
        )
        there = {*store.rows(event.id, REGISTRATIONS)}
        store.change_rows(
            event.id,
            PORTAL_LINKS,
            lambda links: {
                key: None
                for key, link in links.items()
                if link.registration not in there or is_over(event, link, now=now, event_now=event_now)
            },
            lease=lease,
        )


def registration_of(store: EventStore, event: str, person: Attendee) -> Registration | None:
    """Somebody's registration, also under the address that they registered with before it was corrected."""
    found = store.row(event, REGISTRATIONS, registration_id(person.email))
    if found is not None:
        return found
    rows = store.rows(event, REGISTRATIONS).values()
    return next((row for row in rows if row.attendee == person.id), None)


def forget_registrations(store: EventStore, event: str, emails: Collection[str]) -> None:
    """Erase what the portal holds about these addresses: registrations with their mails, links, forms."""
    gone = {*emails}
    keys = {registration_id(email) for email in gone}
    store.change_rows(event, REGISTRATIONS, lambda rows: dict.fromkeys(rows), keys=keys)
    store.change_rows(
        event, PORTAL_LINKS, lambda rows: {key: None for key, row in rows.items() if row.registration in keys}
    )
    store.change_rows(event, ASKED, lambda rows: {key: None for key, row in rows.items() if row.email in gone})


def registered(rows: Mapping[str, Registration], forms: Iterable[Asked]) -> dict[str, Registration]:
    """A change of the table: what these forms make of it. Who has confirmed stays as they are; nobody is double."""
    made = dict(rows)
    for form in forms:
        key = registration_id(form.email)
        before = made.get(key)
        if before is None:
            made[key] = _asked(Registration(key, form.email, RegistrationState.ASKED, form.at), form)
        elif before.state in (RegistrationState.ASKED, RegistrationState.WITHDRAWN):
            made[key] = _asked(before, form)
    return made


def _asked(before: Registration, form: Asked) -> Registration:
    """The newest form of somebody who has not confirmed counts."""
    return replace(
        before,
        state=RegistrationState.ASKED,
        asked_at=form.at,
        name=form.name,
        racer_name=form.racer_name,
        new_to_ml=form.new_to_ml,
        new_to_aws=form.new_to_aws,
        answers=form.answers,
        language=form.language,
        consent=form.consent,
        verified_at=None,
        approved=False,
        attendee=before.attendee if before.leaving else "",
        told="",
    )


def entries_of(
    portal: Portal,
    accepted: Iterable[Registration],
    known: Mapping[str, Attendee],
    *,
    service_rule: str | None,
) -> list[PlanEntry]:
    """The plan of taking these people in: as of a list with one row each, and their answers beside it."""
    listed = [*accepted]
    text = {each.id: each.title for each in portal.questions if each.kind is QuestionKind.TEXT}
    chosen = {each.id: each.title for each in portal.questions if each.kind is not QuestionKind.TEXT}
    rows = [
        RosterRow(
            number,
            each.email,
            each.name,
            new_to_ml=each.new_to_ml,
            new_to_aws=each.new_to_aws,
            extra=_under(text, each.answers),
        )
        for number, each in enumerate(listed, start=1)
    ]
    wanted = {email: person for email, person in known.items() if person.wanted}
    plan = plan_import(rows, wanted, service_rule=service_rule)
    return [
        _with_answers(entry, _under(chosen, each.answers), known.get(each.email))
        for entry, each in zip(plan.entries, listed, strict=True)
    ]


def _under(titles: Mapping[str, str], answers: Mapping[str, str]) -> dict[str, str]:
    return {titles[question]: answer for question, answer in answers.items() if question in titles}


def _with_answers(entry: PlanEntry, answers: Mapping[str, str], person: Attendee | None) -> PlanEntry:
    before = dict(person.answers) if person else {}
    merged = {**before, **answers}
    change = Change.CHANGED if entry.change is Change.SAME and merged != before else entry.change
    return entry._replace(change=change, values={**entry.values, "answers": merged})


def _is_news(row: Registration) -> bool:
    """Who got a place the moment they confirmed read it on that very page; their way in is mailed anyway."""
    if row.state is not RegistrationState.ACCEPTED:
        return True
    return row.approved or row.told == RegistrationState.WAITING
