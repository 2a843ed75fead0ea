"""The portal's mails: to people who registered and may be on no list. Each carries its person's own link.

Their texts come with the console, or are the organizers' own (rules/portal_mails.py). The first one, which goes to
whatever address somebody typed, holds nothing else that they typed: nobody can send words of their own in our name.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import Letter, local_time
from deepracer_admin.flows.people.portal_links import address_of, make_links
from deepracer_admin.model import Attendee, Delivery, Event, Lease
from deepracer_admin.model.registrations import LinkPurpose, PortalMail, Registration
from deepracer_admin.records.portal import PORTAL, REGISTRATIONS
from deepracer_admin.rules.portal_mails import CONFIRM, MAILS, OWN_PAGE, mail_id
from deepracer_admin.rules.templates import Template, render

__all__ = ["CAMPAIGN", "TEMPLATES", "registration_letters", "shipped"]

CAMPAIGN = "registration"
"""Under this campaign the portal's mails stand in the ledger."""
TEMPLATES = frozenset(MAILS)
_OWN = (OWN_PAGE,)


@cache
def shipped(language: str) -> Mapping[str, Template]:
    """The console's own words, by mail; in English where there are none of this language."""
    folder = resources.files("deepracer_admin.mail").joinpath("texts", "registration")
    path = folder.joinpath(f"{language}.toml")
    if not path.is_file():
        path = folder.joinpath("en.toml")
    parts = tomllib.loads(path.read_text(encoding="utf-8"))
    return {key: Template(key, language, 1, part["subject"], part["body"].strip()) for key, part in parts.items()}


def registration_letters(
    ports: Ports, event: Event, rows: Sequence[Delivery], lease: Lease
) -> dict[Delivery, Letter | None]:
    """The mails of ledger rows of CAMPAIGN, each with a new link in it; None where the registration is gone.

    Raises BadInput without a public address.
    """
    found = ports.store.rows(event.id, REGISTRATIONS, {row.attendee for row in rows})
    there = [row for row in rows if row.attendee in found]
    base = ports.public_base(event.public_url)
    if there and not base:
        raise BadInput("The portal has no address: set the second listener's (Set up, Public address of boards).")
    purposes = [LinkPurpose.CONFIRM if row.template == CONFIRM else LinkPurpose.PAGE for row in there]
    wanted = [(row.attendee, purpose) for row, purpose in zip(there, purposes, strict=True)]
    tokens = make_links(ports.store, event, wanted, now=ports.clock.now(), lease=lease)
    own = ports.store.read(event.id, PORTAL).mails
    letters: dict[Delivery, Letter | None] = dict.fromkeys(rows)
    for row, token in zip(there, tokens, strict=True):
        link = address_of(base, event.id, token)
        letters[row] = _letter(ports, event, row, found[row.attendee], link, own)
    return letters


def _letter(
    ports: Ports, event: Event, row: Delivery, found: Registration, link: str, own: Mapping[str, PortalMail]
) -> Letter:
    values = {
        "name": _called(found),
        "event": event.name,
        "starts": local_time(event.starts_at, event.zone),
        "ends": local_time(event.ends_at, event.zone),
        OWN_PAGE: link,
    }
    mail = render(_words(own, row.template, found.language), values, mark=ports.letters.mark, own=_OWN)
    person = Attendee(found.id, found.email, found.name)
    message = ports.letters.address(event, row, person, mail)
    return Letter(message, person, False, lambda _: message)


def _words(own: Mapping[str, PortalMail], key: str, language: str) -> Template:
    mail = own.get(mail_id(key, language))
    return Template(key, language, 1, mail.subject, mail.body) if mail else shipped(language)[key]


def _called(registration: Registration) -> str:
    return registration.name or registration.email.partition("@")[0]
