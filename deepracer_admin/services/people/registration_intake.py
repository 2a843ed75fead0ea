"""What the deployed portal's functions do with what its API kept: the same rules and changes as the page at /register.

The API (infra/) keeps a form, or a pressed button, as an item of the shared table; a function hands many of them here
at once. A form is judged by the very rules that judge one at /register (rules/registration.py). Each call is safe to
repeat: a stream gives what follows a failed record again.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deepracer_admin.flows.people.registrations import SOURCE
from deepracer_admin.model.registrations import LinkPurpose, PortalLink, Registration, registration_id
from deepracer_admin.records.portal import ASKED, PORTAL, PORTAL_LINKS, REGISTRATIONS
from deepracer_admin.rules.registration import Problem, check_submission
from deepracer_admin.services.base import House
from deepracer_admin.services.people.public_registration import (
    OwnPage,
    PublicRegistration,
    ShownPortal,
    left,
    used,
    verified,
)

__all__ = ["Form", "RegistrationIntake", "Taken"]


@dataclass(frozen=True, slots=True)
class Form:
    """A form as the API kept it: `key` of its item, `fields` as rules.registration.check_submission takes them."""

    key: str
    at: datetime
    language: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Taken:
    """`new`: how many forms were kept for the reconciler. `known`: taken before. `unfit`: problems by a form's key."""

    new: int = 0
    known: int = 0
    unfit: Mapping[str, Mapping[str, Problem]] = field(default_factory=dict)


class RegistrationIntake:
    """Raises Missing for an event that is not in the store, StoreError."""

    def __init__(self, house: House, public: PublicRegistration) -> None:
        self._house, self._store, self._public = house, house.store, public

    def shown(self, event_id: str) -> ShownPortal:
        """What anybody may see of the event. Raises Missing also where no portal was ever set up."""
        return self._public.portal(event_id)

    def is_full(self, event_id: str) -> bool:
        """Would whoever registers now come onto the waiting list?"""
        portal = self._store.read(event_id, PORTAL)
        return bool(portal.places) and len(self._store.attendees(event_id, wanted=True)) >= portal.places

    def rule(self, event_id: str) -> str | None:
        """Which addresses the event's racing service refuses (rules.roster.service_refusal)."""
        return self._public.rule(self._store.event(event_id))

    def take(self, event_id: str, forms: Sequence[Form]) -> Taken:
        """Keep forms for the reconciler, all in one write. A form that was taken before changes nothing."""
        portal, rule = self._store.read(event_id, PORTAL), self.rule(event_id)
        unfit: dict[str, Mapping[str, Problem]] = {}
        fit = {}
        for form in forms:
            checked = check_submission(portal, form.fields, language=form.language, at=form.at, service_rule=rule)
            if checked.asked is None:
                unfit[form.key] = checked.problems
            else:
                fit[f"{SOURCE}-{form.key}-{form.at.timestamp():.0f}"] = checked.asked
        before = self._store.rows(event_id, REGISTRATIONS, {registration_id(asked.email) for asked in fit.values()})
        new = {key: asked for key, asked in fit.items() if not _was_taken(before, asked.email, asked.at)}
        if new:
            self._store.change_rows(event_id, ASKED, lambda rows: {**new, **rows}, keys=new)
        return Taken(len(new), len(fit) - len(new), unfit)

    def press(self, event_id: str, pressed: Mapping[str, datetime]) -> int:
        """Buttons of mailed links: by the hash of the link, when it was pressed. Returns how many confirmed anybody."""
        links = {
            key: link
            for key, link in self._store.rows(event_id, PORTAL_LINKS, pressed).items()
            if _was_live(link, pressed[key])
        }
        if not links:
            return 0
        at = {link.registration: pressed[key] for key, link in links.items()}
        changed = self._store.change_rows(
            event_id,
            REGISTRATIONS,
            lambda rows: {key: done for each in rows for key, done in verified({each: rows[each]}, at[each]).items()},
            keys=at,
        )
        self._store.change_rows(
            event_id,
            PORTAL_LINKS,
            lambda rows: {key: done for each in rows for key, done in used({each: rows[each]}, pressed[each]).items()},
            keys=links,
        )
        return len(changed)

    def leave(self, event_id: str, pressed: Mapping[str, datetime]) -> int:
        """People who gave their place back: by the hash of their link, when. Returns how many went."""
        links = self._store.rows(event_id, PORTAL_LINKS, pressed)
        at = {link.registration: pressed[key] for key, link in links.items()}
        if not at:
            return 0

        def gone(rows: Mapping[str, Registration]) -> dict[str, Registration]:
            done: dict[str, Registration] = {}
            for each, row in rows.items():
                confirmed = row.verified_at.replace(microsecond=0) if row.verified_at else at[each]
                if confirmed <= at[each]:  # not of somebody who has confirmed anew since
                    done |= left({each: row}, at[each])
            return done

        return len(self._store.change_rows(event_id, REGISTRATIONS, gone, keys=at))

    def links(self, event_id: str) -> Mapping[str, PortalLink]:
        """Every link that may still open something, by its hash."""
        return self._store.rows(event_id, PORTAL_LINKS)

    def pages(self, event_id: str, links: Mapping[str, PortalLink]) -> Mapping[str, OwnPage]:
        """What the holders of these links see, by the link's hash."""
        return self._public.pages_of(self._store.event(event_id), links)

    def waits(self, event_id: str, keys: Collection[str]) -> list[str]:
        """Of these links, those whose press would confirm somebody still."""
        links = self._store.rows(event_id, PORTAL_LINKS, keys)
        return [key for key, link in links.items() if link.used_at is None and link.purpose is LinkPurpose.CONFIRM]


def _was_taken(before: Mapping[str, Registration], email: str, at: datetime) -> bool:
    known = before.get(registration_id(email))
    return known is not None and known.asked_at >= at


def _was_live(link: PortalLink, at: datetime) -> bool:
    return link.purpose is LinkPurpose.CONFIRM and link.used_at is None and at < link.expires_at
