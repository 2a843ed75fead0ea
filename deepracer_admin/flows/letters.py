"""From a template and a person to the mail: texts, values, audiences. Reads the store, sends nothing."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.model import UNLIMITED, Attendee, Delivery, Event, Message, Step
from deepracer_admin.rules.quotas import cohorts_of, quota_for
from deepracer_admin.rules.templates import Rendered, Template, check_template, render
from deepracer_admin.store import EventStore

__all__ = ["LetterWriter", "Letters", "mail_key", "shipped_templates"]


def mail_key(event: str, row: Delivery) -> str:
    """The ledger key as it travels with the mail, so that a delivery event finds its row (identity-and-mail.md 4.4)."""
    return f"{event}#{row.attendee}#{row.template}#{row.version}"


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


def _notes(language: str) -> Mapping[str, str]:
    path = resources.files("deepracer_admin.mail").joinpath("texts", f"{language}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8")).get("password_note", {}) if path.is_file() else {}


class Letters:
    """Renders mail for an event's people. `rehearsal` marks every subject."""

    def __init__(self, store: EventStore, *, rehearsal: bool, sender: str, reply_to: str = "") -> None:
        self.store = store
        self.mark = "[REHEARSAL] " if rehearsal else ""
        self.sender = sender
        self.reply_to = reply_to
        self._shipped = shipped_templates()

    def templates(self, event: Event) -> list[Template]:
        """Shipped texts, with the event's own edits over them."""
        own: Mapping[str, Mapping[str, Any]] = self.store.get(event.id, "templates") or {}
        merged = dict(self._shipped)
        for row in own.values():
            template = Template(**row)
            merged[(template.key, template.language)] = template
        return [merged[key] for key in sorted(merged)]

    def template(self, event: Event, key: str, language: str) -> Template:
        """One template; English where the language lacks it. Raises Missing."""
        found = {(row.key, row.language): row for row in self.templates(event)}
        for wanted in ((key, language), (key, "en")):
            if wanted in found:
                return found[wanted]
        raise Missing(f"There is no mail template called {key!r}.")

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
            tags={"key": mail_key(event.id, row), "template": f"{row.template}.{row.version}"},
            reply_to=self.reply_to,
        )

    def renderer(self, event: Event, template: Template) -> Callable[[Attendee], Rendered]:
        """Renders one template for many people; what they share is read once."""
        check_template(template)
        shared = self._shared(event, template.language)

        def one(person: Attendee) -> Rendered:
            try:
                return render(template, {**shared, **self._own(event, person, template.language)}, mark=self.mark)
            except BadInput as error:
                who = person.name or person.email
                raise BadInput(f"The mail for {who} cannot be written: {error.sentence}.") from None

        return one

    def _shared(self, event: Event, language: str) -> dict[str, str]:
        races, _ = self.store.races(event.id)
        account = self.store.get(event.id, "account") or {}
        invites = (account.get("capabilities") or {}).get("invite", True)
        return {
            "event": event.name,
            "portal_link": event.portal_url,
            "material_link": event.material_url,
            "race_links": "\n".join(f"{race.draft.name}: {race.share_link}" for race in races if race.share_link),
            "starts": _local(event.starts_at, event.zone),
            "ends": _local(event.ends_at, event.zone),
            "password_note": _notes(language).get("service", "") if invites else "",
        }

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
        """The people of an audience now (AUDIENCES of services/messages.py), wanted ones only."""
        people = self.store.attendees(event.id, wanted=True)
        if cohort:
            people = [person for person in people if cohort in cohorts_of(person)]
        if kind == "all":
            return people
        if kind not in _REACHED:
            raise BadInput("Audience: choose one of the list.")
        reached, not_yet = _REACHED[kind]
        chosen = self._done(event, reached) - (self._done(event, not_yet) if not_yet else set())
        return [person for person in people if person.id in chosen]

    def _done(self, event: Event, step: Step) -> set[str]:
        return {row.attendee for row in self.store.steps(event.id, step=step) if row.state.is_done}


_REACHED: dict[str, tuple[Step, Step | None]] = {
    "proven": (Step.ACCESS, None),
    "not_mailed": (Step.ACCESS, Step.MAIL),
    "not_trained": (Step.MAIL, Step.TRAINED),
    "not_submitted": (Step.TRAINED, Step.SUBMITTED),
}


class LetterWriter:
    """The mails of ledger rows of one event, for a few seconds."""

    def __init__(self, letters: Letters, event: Event) -> None:
        self._letters, self._event = letters, event
        self._renderers: dict[str, Callable[[Attendee], Rendered]] = {}

    def message(self, row: Delivery) -> Message | None:
        """The message of a row; None when its person is gone. Raises BadInput naming person and placeholder."""
        letters, event = self._letters, self._event
        try:
            person = letters.store.attendee(event.id, row.attendee)
        except Missing:
            return None
        if row.template not in self._renderers:
            template = letters.template(event, row.template, event.language)
            self._renderers[row.template] = letters.renderer(event, template)
        return letters.address(event, row, person, self._renderers[row.template](person))


def _local(at: datetime, zone: str) -> str:
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} ({zone})"
