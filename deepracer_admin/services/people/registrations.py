"""The organizer's side of the event portal (Attendees, Portal): settings, registrations as they come, decisions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from deepracer_admin.edge.addresses import is_this_machine
from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.people.portal_links import portal_address
from deepracer_admin.flows.people.registration_letters import CAMPAIGN
from deepracer_admin.flows.people.registrations import forget_registrations
from deepracer_admin.model import Actor, Event
from deepracer_admin.model.registrations import (
    Consent,
    Portal,
    PortalLinkOut,
    PortalMail,
    PortalText,
    Question,
    Registration,
    RegistrationState,
)
from deepracer_admin.records.portal import ASKED, PORTAL, REGISTRATIONS
from deepracer_admin.rules.portal import check_portal, question_id
from deepracer_admin.rules.registration import places_left, unconfirmed_at_most
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.services.people.registration_list import RegistrationList, RegistrationRow
from deepracer_admin.store import EventStore

__all__ = ["Decided", "PortalView", "RegistrationsService", "take_over_settings", "to_decide"]


@dataclass(frozen=True, slots=True)
class PortalView:
    """The portal as it stands. `address` "" = the second listener is off; `on_phones`: can another machine open it?

    `counts` by state; `to_come`: forms that were sent and not looked at yet; `taken`: people on the list; `left`:
    places (None: no ceiling). `over`: the event has ended or is closed, so nobody can register whatever the switch.
    `held`: how many forms wait because too many people have yet to confirm (rules.registration.unconfirmed_at_most).
    """

    portal: Portal
    address: str
    on_phones: bool
    counts: Mapping[RegistrationState, int]
    to_come: int
    taken: int
    left: int | None
    over: bool
    held: int = 0


@dataclass(frozen=True, slots=True)
class Decided:
    """Of how many registrations it changed something, and how many were gone when it was pressed (registrations)."""

    changed: int
    gone: int = 0


class RegistrationsService(Service):
    """What the Portal view of the Attendees page calls."""

    def view(self, actor: Actor) -> PortalView:
        """Settings, address, counts."""
        self._authorise(actor, "portal.view")
        event = self._event()
        portal = self.store.read(event.id, PORTAL)
        counts = dict.fromkeys(RegistrationState, 0)
        for row in self.store.rows(event.id, REGISTRATIONS).values():
            counts[row.state] += 1
        base = self.house.settings.portal_base(event.public_url)
        taken = len(self.store.attendees(event.id, wanted=True))
        to_come = len(self.store.rows(event.id, ASKED))
        is_held = counts[RegistrationState.ASKED] >= unconfirmed_at_most(event.head_count)
        return PortalView(
            portal=portal,
            address=portal_address(base, event.id) if base else "",
            on_phones=bool(base) and not is_this_machine(base),
            counts=counts,
            to_come=to_come,
            held=to_come if is_held else 0,
            taken=taken,
            left=places_left(portal, taken),
            over=self._is_over(event),
        )

    def stamp(self, actor: Actor) -> tuple[str, int, bool]:
        """(event id, revision, is it over): view and list are kept by it."""
        self._authorise(actor, "portal.view")
        event = self._event()
        return event.id, self.store.revision(event.id), self._is_over(event)

    def _is_over(self, event: Event) -> bool:
        return event.closed_at is not None or self.clock.event_now() >= event.ends_at

    def listed(self, actor: Actor) -> RegistrationList:
        """Registrations, newest first."""
        self._authorise(actor, "portal.view")
        return RegistrationList(self._rows(self._event()))

    def _rows(self, event: Event) -> list[RegistrationRow]:
        mails = {row.attendee: row for row in self.store.deliveries(event.id, campaign=CAMPAIGN)}
        aliases = {person.id: person.alias for person in self.store.attendees(event.id)}
        found = [
            RegistrationRow(row, mails.get(row.id), aliases.get(row.attendee, ""))
            for row in self.store.rows(event.id, REGISTRATIONS).values()
        ]
        return sorted(found, key=lambda row: row.registration.asked_at, reverse=True)

    # ------------------------------------------------------------------------------------------------- settings

    def open(self, actor: Actor) -> Portal:
        """People can register. Raises BadInput while something is missing."""
        self._authorise(actor, "portal.edit", target="open")
        event = self._event()
        if not self.house.settings.portal_base(event.public_url):
            raise BadInput(
                "The portal has no address: start the console with its second listener (DEEPRACER_ADMIN_PUBLIC_PORT), "
                "or set the public address on the Set up page."
            )
        if self._is_over(event):
            raise Conflict("The event is over, so nobody can register: move its end on the Set up page first.")
        return self._change(actor, "open", lambda before: replace(before, open=True))

    def close(self, actor: Actor) -> Portal:
        """Nobody else can register; who was sent a link can still confirm, and the waiting list goes on."""
        self._authorise(actor, "portal.edit", target="close")
        return self._change(actor, "close", lambda before: replace(before, open=False))

    def set_rules(self, actor: Actor, *, domains: Collection[str], places: int, by_hand: bool) -> Portal:
        """Whose addresses, how many people the list may hold (0 = any number), and whether organizers accept each."""
        self._authorise(actor, "portal.edit", target="rules")
        given = tuple(domains)
        return self._change(
            actor, "rules", lambda before: replace(before, domains=given, places=places, by_hand=by_hand)
        )

    def set_questions(self, actor: Actor, questions: Collection[Question]) -> Portal:
        """The organizers' own questions, in order; each has its id by its words, whatever id it comes with. Answers
        that were given stay with the people who gave them."""
        self._authorise(actor, "portal.edit", target="questions")
        listed = tuple(replace(each, id=question_id(each.title)) for each in questions)
        return self._change(actor, "questions", lambda before: replace(before, questions=listed))

    def set_texts(self, actor: Actor, texts: Mapping[str, PortalText], material: Collection[PortalLinkOut]) -> Portal:
        """The organizers' words by language, and event material. Another consent text is a new version of it."""
        self._authorise(actor, "portal.edit", target="texts")
        written, links = {language: text for language, text in texts.items() if text != PortalText()}, tuple(material)
        return self._change(actor, "texts", lambda before: replace(before, texts=written, material=links))

    def set_mail(self, actor: Actor, which: str, mail: PortalMail | None) -> Portal:
        """The organizers' own words for a mail (`which` as of rules.portal_mails.mail_id); None: the console's again.
        Raises BadInput with what to mend."""
        self._authorise(actor, "portal.edit", target=which)

        def change(before: Portal) -> Portal:
            others = {key: each for key, each in before.mails.items() if key != which}
            return replace(before, mails=others if mail is None else {**others, which: mail})

        return self._change(actor, which, change)

    def _change(self, actor: Actor, what: str, change: Callable[[Portal], Portal]) -> Portal:
        now = self.clock.now()
        self._event()
        portal = self.store.update(
            self.event_id, PORTAL, lambda before: check_portal(_with_consent(change(before), now))
        )
        after = {"open": portal.open, "consent": portal.consent_version}
        self._audit(actor, "portal.edit", target=what, after=after)
        return portal

    # ------------------------------------------------------------------------------------------------ decisions

    def accept(self, actor: Actor, registrations: Collection[str]) -> Decided:
        """Let these people in (whoever has no place waits for one)."""
        self._authorise(actor, "portal.decide", target="accepted")
        return self._decide(actor, registrations, "accepted", _approved)

    def refuse(self, actor: Actor, registrations: Collection[str]) -> Decided:
        """These people get no place, and a mail that says so."""
        self._authorise(actor, "portal.decide", target="refused")
        return self._decide(actor, registrations, "refused", _refused)

    def _decide(self, actor: Actor, ids: Collection[str], what: str, decided: Any) -> Decided:
        now, chosen = self.clock.now(), {*ids}
        if not chosen:
            raise BadInput("Choose people in the table first.")
        there = self.store.rows(self.event_id, REGISTRATIONS, chosen)
        if not there:
            raise Missing("These registrations are gone (erased, or never confirmed); choose again.")

        def change(rows: Mapping[str, Registration]) -> dict[str, Registration]:
            moved = {key: decided(row) for key, row in rows.items()}
            return {
                key: replace(row, decided_by=actor.oid, decided_at=now)
                for key, row in moved.items()
                if row is not None and row != rows[key]
            }

        changed = self.store.change_rows(self.event_id, REGISTRATIONS, change, keys=chosen)
        if not changed:
            raise Conflict(_NOTHING[what])
        self._audit(actor, "portal.decide", target=what, count=len(changed))
        return Decided(len(changed), len(chosen) - len(there))

    def erase(self, actor: Actor, registrations: Collection[str]) -> Decided:
        """Erase registrations of people who are not on the list, with their links and mails. Who is on the list is
        erased there, with everything else of theirs."""
        self._authorise(actor, "portal.erase", target="registrations")
        chosen = {*registrations}
        there = self.store.rows(self.event_id, REGISTRATIONS, chosen)
        if not there:
            raise Missing("These registrations are gone already; choose again.")
        if any(row.state is RegistrationState.ACCEPTED for row in there.values()):
            raise Conflict("Somebody of these is on the list: erase that person on the list, which takes all with it.")
        forget_registrations(self.store, self.event_id, {row.email for row in there.values()})
        self._audit(actor, "portal.erase", target="registrations", count=len(there))
        return Decided(len(there), len(chosen) - len(there))

    def export(self, actor: Actor) -> bytes:
        """Registrations with their answers as CSV that stays inert in spreadsheets; a rehearsal's is marked."""
        self._authorise(actor, "portal.export")
        mark = ["REHEARSAL"] if self.house.settings.rehearsal else []
        questions = self.store.read(self.event_id, PORTAL).questions
        rows = [_line(row, questions) + mark for row in self._rows(self._event())]
        self._audit(actor, "portal.export", count=len(rows))
        return inert_csv(rows, [*_COLUMNS, *(each.title for each in questions), *mark])


def take_over_settings(store: EventStore, before: str, event: str) -> None:
    """Give a new event the portal settings of another, closed. No person, form or link comes along."""
    if before not in {each.id for each in store.events()}:
        return  # a settings file of another installation
    portal = store.read(before, PORTAL)
    store.update(event, PORTAL, lambda _: replace(portal, open=False))


def to_decide(store: EventStore, event: str) -> int:
    """How many registrations nothing moves but an organizer."""
    rows = store.rows(event, REGISTRATIONS).values()
    waits = [row for row in rows if row.state is RegistrationState.VERIFIED and not row.approved]
    if not waits or store.read(event, PORTAL).by_hand:
        return len(waits)
    out = {person.email for person in store.attendees(event, wanted=False)}
    return sum(row.email in out for row in waits)


def _with_consent(portal: Portal, now: Any) -> Portal:
    """A consent text that was changed is a new version; the old ones are kept, for those who agreed to them."""
    texts = {language: text.consent for language, text in portal.texts.items() if text.consent.strip()}
    if texts == (dict(portal.consents[-1].texts) if portal.consents else {}):
        return portal
    return replace(portal, consents=(*portal.consents, Consent(portal.consent_version + 1, texts, now)))


def _approved(row: Registration) -> Registration | None:
    if row.state in (RegistrationState.VERIFIED, RegistrationState.WAITING):
        return replace(row, approved=True)
    if row.state is RegistrationState.REFUSED:
        return replace(row, approved=True, state=RegistrationState.VERIFIED)
    return None


def _refused(row: Registration) -> Registration | None:
    if row.state in (RegistrationState.VERIFIED, RegistrationState.WAITING):
        return replace(row, approved=False, state=RegistrationState.REFUSED)
    return None


_NOTHING = {
    "accepted": "None of them can be accepted: they have a place, are accepted already, or have not confirmed yet.",
    "refused": "None of them can be refused: they have not confirmed yet, or have a place. Take people with a place "
    "out on the Onboarding page.",
}
_COLUMNS = [
    "Email",
    "Name",
    "Racer name",
    "State",
    "New to AI/ML",
    "New to AWS",
    "Language",
    "Consent",
    "Asked",
    "Confirmed",
    "Mail",
]


def _line(row: RegistrationRow, questions: Collection[Question]) -> list[Any]:
    it = row.registration
    yes = {True: "yes", False: "no", None: ""}
    return [
        it.email,
        it.name,
        row.racer_name or it.racer_name,
        it.state.value,
        yes[it.new_to_ml],
        yes[it.new_to_aws],
        it.language,
        it.consent,
        it.asked_at.isoformat(timespec="seconds"),
        it.verified_at.isoformat(timespec="seconds") if it.verified_at else "",
        (row.mail.delivered or row.mail.state.value) if row.mail else "",
        *(it.answers.get(each.id, "") for each in questions),
    ]
