"""One person on the list: walk-ups, a corrected address, whose profile it is, their data, erasure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from deepracer_admin.errors import BadInput, Conflict, Missing
from deepracer_admin.flows.closeout.erase_person import PersonEraser
from deepracer_admin.flows.closeout.persons_data import everything_about
from deepracer_admin.flows.people.joining import aliases_taken
from deepracer_admin.flows.people.registrations import registration_of
from deepracer_admin.model import Actor, Attendee, Event, State, Step
from deepracer_admin.model.registrations import Registration
from deepracer_admin.records.erasures import LEGAL_HOLD, Erasure
from deepracer_admin.records.guest_book import GUESTS
from deepracer_admin.records.limits import HELD_BACK, PAUSED_PROFILES
from deepracer_admin.records.profile_rows import DISOWNED, NOT_THEIRS, Disowned, ProfileIds
from deepracer_admin.rules.aliases import give_aliases
from deepracer_admin.rules.readable import readable
from deepracer_admin.rules.roster import normalise_email, service_refusal, sole_address
from deepracer_admin.services.base import Service, new_id
from deepracer_admin.store import ProfileLink

__all__ = ["PeopleService"]

WALK_UP = "walk-up"
SAME_ACT = timedelta(minutes=1)


class PeopleService(Service):
    """What can be done to one person; the part of the Attendees page that is not about lists."""

    def add(self, actor: Actor, *, email: str, name: str, office: str = "") -> Attendee:
        """A walk-up: one person on the list; the running onboarding takes them in by itself.

        The same again from the same person within a minute, from a double click or a second tab, is the same act.
        """
        self._authorise(actor, "attendees.add", target="walk-up")
        event = self._event()
        address, refusal = self._address(event, email)
        known = self.store.attendees(event.id)
        clash = next((person for person in known if person.email == address), None)
        name, office = " ".join(name.split())[:200], " ".join(office.split())[:200]
        if clash is not None and clash.wanted and self._added_just_now(actor, clash, name, office):
            return clash
        if clash is not None and clash.wanted:
            raise Conflict(f"{clash.name or 'This person'} is on the list already.")
        if clash is not None:
            back = self._changed(event, clash.id, wanted=True, refusal=refusal)
            self._audit(actor, "attendees.add", target=back.id)
            return back
        alias = give_aliases([(name, address)], aliases_taken(self.store, event.id, known))[0]
        person = Attendee(
            id=new_id("at"),
            email=address,
            name=name,
            alias=alias,
            office=office,
            source=WALK_UP,
            added_at=self.clock.now(),
            added_by=actor.oid,
            refusal=refusal,
        )
        try:
            self.store.save_attendees(event.id, [person])
        except Conflict:  # the other of two presses, of which each looked before either had written
            first = next((each for each in self.store.attendees(event.id) if each.email == address), None)
            if first is not None and first.wanted and self._added_just_now(actor, first, name, office):
                return first
            raise
        self._audit(actor, "attendees.add", target=person.id)
        return person

    def _added_just_now(self, actor: Actor, there: Attendee, name: str, office: str) -> bool:
        same = (there.source, there.added_by, there.name, there.office) == (WALK_UP, actor.oid, name, office)
        return same and there.added_at is not None and self.clock.now() - there.added_at < SAME_ACT

    def change_email(self, actor: Actor, attendee: str, email: str) -> Attendee:
        """Correct an address, e.g. one that the service refuses; the person starts onboarding anew.

        Refused once the old address was invited: its access would stay behind and nobody would end it.
        """
        self._authorise(actor, "attendees.edit", target=attendee)
        event = self._event()
        person = self.store.attendee(event.id, attendee)
        address, refusal = self._address(event, email)
        if address == person.email:
            raise BadInput("Address: that is the address already.")
        if self._may_have_access(event, attendee):
            raise Conflict(
                "The old address was invited already; take this person out on the Onboarding page, "
                "then add the new address."
            )
        changed = self._changed(event, attendee, email=address, refusal=refusal)
        self.store.unlink(event.id, [attendee])
        self.store.reset_steps(event.id, [attendee], [Step.PROFILE, Step.GROUP, Step.ACCESS, Step.MAIL])
        self._audit(actor, "attendees.edit", target=attendee, after={"address": "changed"})
        return changed

    def link(self, actor: Actor, attendee: str, profile: str) -> str:
        """Say by hand which profile is this person's. Returns what that means for it at the close."""
        self._authorise(actor, "attendees.link", target=attendee)
        event = self._event()
        self.store.attendee(event.id, attendee)
        if all(entry.id != profile for entry in self.store.profiles(event.id)[0]):
            raise Missing("The service lists no such profile.")
        if any(link.profile == profile for link in self.store.links(event.id).values()):
            raise Conflict("That profile belongs to somebody on the list already.")
        self.store.link(event.id, [ProfileLink(attendee, profile, "manual", self.clock.now())])
        self._audit(actor, "attendees.link", target=attendee, after={"profile": profile})
        if self._racing_kind(event) == "managed":
            return "Linked. If it appeared since this event turned the mode on, closing ends its sponsorship."
        return "Linked. It is never deleted at close."

    def unlink(self, actor: Actor, attendee: str) -> None:
        """Say by hand that this is not the person's profile: its racer name, which anybody may choose, was misleading.

        It is not matched to them again, and what it used goes out of the event's totals with the next sample, unless it
        is somebody else's of the list by then. What it may use stays as it is until then. Refused where the service
        itself says whose it is, by its address.
        """
        self._authorise(actor, "attendees.link", target=attendee)
        event = self._event()
        link = self.store.links(event.id).get(attendee)
        if link is None:
            raise Missing("No profile is linked to this person.")
        listed = next((each for each in self.store.profiles(event.id)[0] if each.id == link.profile), None)
        if link.how != "manual" and (listed is None or listed.email):
            raise BadInput(
                "The service says by its address that this profile is theirs; take the person out on the Onboarding "
                "page if they should lose it."
            )
        self.store.change_rows(
            event.id, NOT_THEIRS, lambda apart: _apart(apart, attendee, link.profile), keys=(attendee,)
        )
        said = Disowned(self.clock.now())
        self.store.change_rows(event.id, DISOWNED, lambda _: {link.profile: said}, keys=(link.profile,))
        self.store.unlink(event.id, [attendee])
        told = [Step.PROFILE, Step.SIGNED_IN, Step.TRAINED, Step.SUBMITTED]
        self.store.reset_steps(event.id, [attendee], told if not (listed and listed.email) else [*told, Step.ACCESS])
        self._audit(actor, "attendees.link", target=attendee, before={"profile": link.profile})

    def unlinked_profiles(self, actor: Actor) -> dict[str, str]:
        """Profile id -> what to call it, for those that are nobody's on the list."""
        self._authorise(actor, "attendees.link", target="choice")
        event = self._event()
        mine = {link.profile for link in self.store.links(event.id).values()}
        profiles, _ = self.store.profiles(event.id)
        return {
            profile.id: f"{profile.alias} · {profile.email}" if profile.email else profile.alias
            for profile in profiles
            if profile.id not in mine
        }

    def person_data(self, actor: Actor, attendee: str) -> dict[str, Any]:
        """Everything the console holds about one person, for their own request."""
        self._authorise(actor, "attendees.export", target=attendee)
        event = self._event()
        person = self.store.attendee(event.id, attendee)
        self._audit(actor, "attendees.export", target=attendee)
        guest = self.store.row(event.id, GUESTS, attendee)
        registered = registration_of(self.store, event.id, person)
        return {
            "event": event.name,
            "guest": {"state": guest.state.value, "id": guest.id} if guest else None,
            "person": {
                "email": person.email,
                "name": person.name,
                "alias": person.alias,
                "office": person.office,
                "cost_centre": person.cost_centre,
                "new_to_ml": person.new_to_ml,
                "new_to_aws": person.new_to_aws,
                "extra": dict(person.extra),
                "answers": dict(person.answers),
                "on_the_list": person.wanted,
                "added_at": person.added_at.isoformat() if person.added_at else "",
            },
            "registration": _registration_data(registered),
            "profile": self._profile_data(event, attendee),
            "history": [
                {
                    "step": row.step.value,
                    "state": row.state.value,
                    "at": row.changed_at.isoformat() if row.changed_at else "",
                }
                for row in self.store.history_of(event.id, attendee)
            ],
            "mails": [
                {"template": row.template, "state": row.state.value, "delivered": row.delivered}
                for row in self.store.deliveries(event.id, attendee=attendee)
            ],
            "everything_else": everything_about(self.store, self.house.history, event, person),
        }

    def person_page(self, actor: Actor, attendee: str) -> bytes:
        """The same as `person_data`, as a page that a person can read and print."""
        told = self.person_data(actor, attendee)
        return readable(f"What is kept about {told['person']['name'] or told['person']['email']}", told)

    def erase(self, actor: Actor, attendee: str, *, typed: str) -> Erasure:
        """Erase one person everywhere in this console, and search for them afterwards; returns the receipt.

        Refused while they still have access, while limits that the event lowered are not given back, and while a legal
        hold stands. Needs the address typed. Interrupted, it goes on by itself within minutes.
        """
        self._authorise(actor, "attendees.erase", target=attendee)
        event = self._event()
        person = self.store.attendee(event.id, attendee)
        if normalise_email(typed) != person.email:
            raise BadInput("Type the person's address exactly to erase them.")
        hold = self.store.read(event.id, LEGAL_HOLD)
        if hold is not None:
            raise Conflict(f"A legal hold stands, set by {hold.by_name}: lift it on the Close page first.")
        if self._may_have_access(event, attendee):
            raise Conflict("This person still has access; take them out on the Onboarding page first.")
        link = self.store.links(event.id).get(attendee)
        if link and self._is_lowered(event, link.profile):
            raise Conflict("Their profile still has limits that the event lowered: resume it on the Usage page first.")
        house, mark = self.house, new_id("erased")
        eraser = PersonEraser(self.store, house.history, house.settings.home, self.clock, house.vault)
        eraser.begin(event, person, mark=mark, by=actor.oid, by_name=actor.name)
        self._audit(actor, "attendees.erase", target=mark)
        return eraser.finish(event, mark)

    def _is_lowered(self, event: Event, profile: str) -> bool:
        """Has the event lowered limits of this profile that it still has to give back?"""
        paused = self.store.row(event.id, PAUSED_PROFILES, profile)
        return paused is not None or self.store.row(event.id, HELD_BACK, profile) is not None

    def _changed(self, event: Event, attendee: str, **values: Any) -> Attendee:
        """The person with these fields changed as they stand in the store now, everything else as it is there."""
        self.store.amend_attendees(event.id, lambda person: replace(person, **values), ids=[attendee])
        return self.store.attendee(event.id, attendee)

    def _profile_data(self, event: Event, attendee: str) -> dict[str, Any] | None:
        link = self.store.links(event.id).get(attendee)
        if link is None:
            return None
        usage = self.house.history.usage_of(event.id, link.profile)
        return {
            "id": link.profile,
            "how": link.how,
            "hours_used": [{"at": at.isoformat(), "hours": round(used / 60, 3)} for at, used, _ in usage],
        }

    def _address(self, event: Event, text: str) -> tuple[str, str]:
        """(normalised address, why the service refuses it or ""). Raises BadInput for anything but one address."""
        address = sole_address(text)
        return address, service_refusal(address, self._address_rule(event)) or ""

    def _may_have_access(self, event: Event, attendee: str) -> bool:
        """Was anything granted to this person, or may it have been?"""
        granted = (Step.PROFILE, Step.GROUP)
        return any(
            row.step in granted and row.state not in (State.TODO, State.REFUSED)
            for row in self.store.steps_of(event.id, attendee)
        )


def _registration_data(registered: Registration | None) -> dict[str, Any] | None:
    if registered is None:
        return None
    return {
        "state": registered.state.value,
        "name": registered.name,
        "wished_racer_name": registered.racer_name,
        "answers": dict(registered.answers),
        "language": registered.language,
        "consent_version": registered.consent,
        "asked_at": registered.asked_at.isoformat(),
        "confirmed_at": registered.verified_at.isoformat() if registered.verified_at else "",
    }


def _apart(stored: Mapping[str, ProfileIds], attendee: str, profile: str) -> dict[str, ProfileIds]:
    kept = stored[attendee].ids if attendee in stored else frozenset()
    return {attendee: ProfileIds(kept | {profile})}
