"""From a template and a person to the mail: texts, values, audiences. Reads the store, sends nothing."""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Protocol
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.model import UNLIMITED, Again, Attendee, Delivery, Event, Message, State, Step
from deepracer_admin.records.guest_book import GuestBook
from deepracer_admin.records.mail_texts import MAIL_TEXTS
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.records.waves import WAVES
from deepracer_admin.records.ways_in import OWN, POOL, SERVICE, WaysIn, read_ways_in
from deepracer_admin.rules.places import PlacesOf
from deepracer_admin.rules.quotas import cohorts_of, quota_for
from deepracer_admin.rules.report.words import words
from deepracer_admin.rules.templates import PASSWORD_NOTE, Rendered, Template, check_template, mask_password, render
from deepracer_admin.rules.waves import has_turn
from deepracer_admin.store import EventStore

__all__ = [
    "ACCESS",
    "Letter",
    "LetterWriter",
    "Letters",
    "again_of",
    "local_time",
    "mail_key",
    "sample_person",
    "shipped_templates",
]

ACCESS = "access"  # the template that carries the way in
PasswordShown = tuple[str, datetime]
"""A first password and until when it holds (event time)."""


def again_of(template: str) -> Again:
    """When a campaign writes once more to somebody who has a mail of this template: the way in is told once."""
    return Again.NEVER if template == ACCESS else Again.NEW_TEXT


def mail_key(event: str, row: Delivery) -> str:
    """The ledger key as it travels with the mail, so that a delivery event finds its row (identity-and-mail.md 4.4)."""
    return f"{event}#{row.attendee}#{row.template}#{row.number}"


def sample_person() -> Attendee:
    """Somebody who does not exist, for a test that is to show nobody's data."""
    return Attendee(id="sample", email="ada.example@example.com", name="Ada Example", alias="ada-example")


def shipped_templates() -> dict[tuple[str, str], Template]:
    """The texts that come with the console, by (key, language)."""
    found: dict[tuple[str, str], Template] = {}
    for entry in resources.files("deepracer_admin.mail").joinpath("texts").iterdir():
        if not entry.name.endswith(".toml"):
            continue
        language = entry.name.removesuffix(".toml")
        for key, part in tomllib.loads(entry.read_text(encoding="utf-8")).items():
            if isinstance(part, dict) and "subject" in part:
                found[(key, language)] = Template(key, language, 1, part["subject"], part["body"].strip())
    return found


@cache
def _notes(language: str, kind: str = "password_note") -> Mapping[str, str]:
    path = resources.files("deepracer_admin.mail").joinpath("texts", f"{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")).get(kind, {}) if path.is_file() else {}


def _note(event: Event, template: Template, way: str, first: PasswordShown | None) -> str:
    """How this person's first password comes. `first` None: what stands in its place where no mail goes."""
    notes = _notes(template.language)
    if way != POOL:
        return notes.get(way, "")
    if template.key != ACCESS:
        return notes.get("pool_later", "")
    password = first[0] if first else notes.get("pool_password", "")
    until = local_time(first[1], event.zone) if first else notes.get("pool_until", "")
    return notes.get("pool", "").replace("{password}", password).replace("{until}", until)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is ready to go, or ready but for the first password, which is only made when it goes.

    `write` gives the mail with the password, or (None) for somebody who has chosen their own.
    """

    message: Message
    person: Attendee
    needs_password: bool
    write: Callable[[PasswordShown | None], Message]


class Renderer(Protocol):
    """One template for one person. `has_own`: they have chosen a password of their own."""

    def __call__(self, person: Attendee, first: PasswordShown | None = None, *, has_own: bool = False) -> Rendered: ...


class Letters:
    """Renders mail for an event's people. `rehearsal` marks every subject; `racing_default`: the racing service of
    events that name none."""

    def __init__(
        self,
        store: EventStore,
        *,
        guests: GuestBook,
        rehearsal: bool,
        sender: str,
        reply_to: str = "",
        racing_default: str = "on_aws",
        places: PlacesOf = lambda _: (),
    ) -> None:
        self.store = store
        self.racing_default = racing_default
        self.guests = guests
        self.places = places
        self.mark = "[REHEARSAL] " if rehearsal else ""
        self.sender = sender
        self.reply_to = reply_to
        self._shipped = shipped_templates()

    def templates(self, event: Event) -> list[Template]:
        """Shipped texts, with the event's own edits over them, and its announcements."""
        merged = dict(self._shipped)
        for template in self.store.rows(event.id, MAIL_TEXTS).values():
            merged[(template.key, template.language)] = template
        return [merged[key] for key in sorted(merged)]

    def template(self, event: Event, key: str, language: str) -> Template:
        """One template; English where the language lacks it, else as it was written. Raises Missing."""
        found = _in_language(self.templates(event), language)
        if key not in found:
            raise Missing(f"There is no mail template called {key!r}.")
        return found[key]

    def render(self, event: Event, template: Template, person: Attendee) -> Rendered:
        """The mail for one person. Raises BadInput naming person and placeholder."""
        return self.renderer(event, template)(person)

    def check_everyone(self, event: Event, template: Template, people: Sequence[Attendee]) -> None:
        """Render everybody's mail before the first is sent; the first missing value stops it with the person's name."""
        renderer = self.renderer(event, template)
        for person in people:
            renderer(person)

    def writer(self, event: Event) -> LetterWriter:
        """Writes the mails of one slice: templates and shared values are read once."""
        return LetterWriter(self, event)

    def mask_passwords(self, text: str) -> str:
        """A mail's text or HTML as it may be kept and shown: without the first password in it."""
        for language in {language for _, language in self._shipped}:
            text = mask_password(text, _notes(language).get("pool", ""))
        return text

    def address(self, event: Event, row: Delivery, person: Attendee, mail: Rendered) -> Message:
        """The mail as it is handed over, with our key. Raises BadInput when there is no From address."""
        sender = event.sender or self.sender
        if not sender:
            raise BadInput("There is no From address; set the sender on the Set up page.")
        return Message(
            key=mail_key(event.id, row),
            sender=sender,
            to=person.email,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            tags={"key": mail_key(event.id, row), "template": f"{row.template}.{row.number}"},
            reply_to=self.reply_to,
        )

    def awaiting(self, event: Event, template: Template) -> set[str]:
        """Whose mail waits for a guest's link, where this mail carries it."""
        return self.guests.awaiting(event) if "guest_note" in check_template(template) else set()

    def renderer(
        self, event: Event, template: Template, *, ways: WaysIn | None = None, to_themselves: bool = False
    ) -> Renderer:
        """Renders one template for many people; what they share is read once.

        Only a mail that goes to the person (`to_themselves`) holds a guest's link, and only one that is given a first
        password shows it; a preview or a test shows what would stand there.

        Without a password the mail of somebody who gets one shows what stands there instead (a preview, a test).
        """
        used = check_template(template)
        shared = self._shared(event, template.language)
        ways = ways or read_ways_in(self.store, event)
        note_of = self._guest_note(event, template.language, to_themselves=to_themselves)
        results = self._results(event, template.language) if "results" in used else {}

        def one(person: Attendee, first: PasswordShown | None = None, *, has_own: bool = False) -> Rendered:
            try:
                note = {"guest_note": note_of(person), "results": "\n".join(results.get(person.id, ()))}
                if shared["password_note"]:
                    way = OWN if has_own else ways.of(person)
                    if way == POOL and template.key == ACCESS and PASSWORD_NOTE not in used:
                        raise BadInput("the first password travels in {password_note}, which this text lacks")
                    note["password_note"] = _note(event, template, way, first)
                values = {**shared, **self._own(event, person, template.language), **note}
                return render(template, values, mark=self.mark)
            except BadInput as error:
                who = person.name or person.email
                raise BadInput(f"The mail for {who} cannot be written: {error.sentence}.") from None

        return one

    def _shared(self, event: Event, language: str) -> dict[str, str]:
        races, _ = self.store.races(event.id)
        invites = self.store.read(event.id, ACCOUNT).capabilities.invite
        return {
            "event": event.name,
            "portal_link": event.portal_url,
            "material_link": event.material_url,
            "race_links": "\n".join(f"{race.draft.name}: {race.share_link}" for race in races if race.share_link),
            "starts": local_time(event.starts_at, event.zone),
            "ends": local_time(event.ends_at, event.zone),
            "password_note": _notes(language).get(SERVICE, "") if invites else "",
        }

    def _results(self, event: Event, language: str) -> Mapping[str, list[str]]:
        """A line for each place of each person."""
        say, found = words(language), defaultdict[str, list[str]](list)
        for place in self.places(event):
            placed = say("placed", rank=say.number(place.rank), racers=say.number(place.racers), race=place.race)
            found[place.attendee].append(f"{placed}: {say.lap(place.score_ms)}")
        return found

    def _guest_note(self, event: Event, language: str, *, to_themselves: bool) -> Callable[[Attendee], str]:
        book, texts = self.guests.entries(event.id), _notes(language, "guest_note")

        def note(person: Attendee) -> str:
            link = self.guests.link(book.get(person.id))
            shown = link if to_themselves else texts.get("hidden", "")
            return texts.get("invited", "").replace("LINK", shown) if link else ""

        return note

    def _own(self, event: Event, person: Attendee, language: str) -> dict[str, str]:
        quota = quota_for(event, person)
        unlimited = {"en": "unlimited hours", "it": "ore illimitate"}.get(language, "unlimited hours")
        one = {"en": "hour", "it": "ora"}.get(language, "hour")
        hours = one if quota.minutes == 60 else {"en": "hours", "it": "ore"}.get(language, "hours")
        return {
            "name": person.name or person.email.partition("@")[0],
            "address": person.email,
            "alias": person.alias,
            "hours": unlimited if quota.minutes == UNLIMITED else f"{quota.minutes / 60:g} {hours}",
            "models": "∞" if quota.models == UNLIMITED else str(quota.models),
        }

    # -------------------------------------------------------------------------------------------- audiences

    def audience(self, event: Event, kind: str, cohort: str = "") -> list[Attendee]:
        """The people of an audience now (AUDIENCES of services/mail/messages.py), wanted ones only."""
        people = self.store.attendees(event.id, wanted=True)
        if cohort:
            people = [person for person in people if cohort in cohorts_of(person)]
        if kind == "all":
            return people
        if kind == "turn":
            chosen = self._whose_turn(event)
            return [person for person in people if person.id in chosen]
        if kind == "placed":
            chosen = {place.attendee for place in self.places(event)}
            return [person for person in people if person.id in chosen]
        if kind not in _REACHED:
            raise BadInput("Audience: choose one of the list.")
        reached, not_yet = _REACHED[kind]
        chosen = self._done(event, reached) - (self._done(event, not_yet) if not_yet else set())
        if reached is Step.ACCESS:
            chosen -= self.refused_at_the_door(event)
        return [person for person in people if person.id in chosen]

    def refused_at_the_door(self, event: Event) -> set[str]:
        """Whom the directory refuses, where it is the way in (the managed service): an access mail would lead nowhere.

        On DeepRacer on AWS the profile is the access, and the group lets nobody in (architecture.md).
        """
        if not event.group_id or (event.service or self.racing_default) != "managed":
            return set()
        return {row.attendee for row in self.store.steps(event.id, step=Step.GROUP) if row.state is State.REFUSED}

    def _whose_turn(self, event: Event) -> set[str]:
        """Where hours are given out in rounds: who may still train in this one, whether a training waits or none was
        begun. Nobody while they are not.
        """
        waves = self.store.read(event.id, WAVES)
        if not waves.on:
            return set()
        owners = {link.profile: link.attendee for link in self.store.links(event.id).values()}
        profiles = self.store.profiles(event.id)[0]
        return {owners[each.id] for each in profiles if each.id in owners and has_turn(waves, each)}

    def _done(self, event: Event, step: Step) -> set[str]:
        return self.store.done(event.id, step)


_REACHED: dict[str, tuple[Step, Step | None]] = {
    "proven": (Step.ACCESS, None),
    "not_mailed": (Step.ACCESS, Step.MAIL),
    "not_signed_in": (Step.MAIL, Step.SIGNED_IN),
    "not_trained": (Step.MAIL, Step.TRAINED),
    "not_submitted": (Step.TRAINED, Step.SUBMITTED),
}


class LetterWriter:
    """The mails of ledger rows of one event, for a few seconds: an edit meanwhile counts for the next writer.

    `versions`: of the texts that it writes, by template, for the ledger to stamp.
    """

    def __init__(self, letters: Letters, event: Event) -> None:
        self._letters, self._event = letters, event
        self._texts = _in_language(letters.templates(event), event.language)
        self.versions: Mapping[str, int] = {key: template.version for key, template in self._texts.items()}
        self._ways = read_ways_in(letters.store, event)
        self._renderers: dict[str, Renderer] = {}

    def letter(self, row: Delivery) -> Letter | None:
        """The mail of a row; None when its person is gone. Raises BadInput naming person and placeholder."""
        letters, event = self._letters, self._event
        try:
            person = letters.store.attendee(event.id, row.attendee)
        except Missing:
            return None
        if row.template not in self._renderers:
            if row.template not in self._texts:
                raise Missing(f"There is no mail template called {row.template!r}.")
            text = self._texts[row.template]
            self._renderers[row.template] = letters.renderer(event, text, ways=self._ways, to_themselves=True)
        rendered = self._renderers[row.template]

        def write(first: PasswordShown | None) -> Message:
            return letters.address(event, row, person, rendered(person, first, has_own=first is None))

        message = letters.address(event, row, person, rendered(person))
        return Letter(message, person, row.template == ACCESS and self._ways.of(person) == POOL, write)


def _in_language(templates: Sequence[Template], language: str) -> dict[str, Template]:
    """By key; English where the language lacks one, else as it was written: an announcement stands in the language
    that the event had."""
    written = {row.key: row for row in templates}
    english = {row.key: row for row in templates if row.language == "en"}
    return written | english | {row.key: row for row in templates if row.language == language}


def local_time(at: datetime, zone: str) -> str:
    """An instant as a mail tells it."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
