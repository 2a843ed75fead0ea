"""What the portal shows, out of the store into the table's items, where the API reads it: never the other way round.

An item is written when it differs from what was written last. A link whose button may still be pressed is written once:
its item then belongs to the API until the press was taken (items.py). So does the item of somebody who gives their
place back, until they are off the list.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from deepracer_admin.clock import Clock, iso
from deepracer_admin.errors import Missing
from deepracer_admin.model.registrations import LinkPurpose, PortalLink
from deepracer_admin.rules.registration import PAGE_AFTER
from deepracer_admin.services.people.public_registration import LinkState, OwnPage, ShownPortal
from deepracer_admin.services.people.registration_intake import RegistrationIntake
from deepracer_admin.store.codec import encode
from infra.functions.items import LINK, PORTAL, PortalItems

__all__ = ["Outlet"]


class Outlet:
    """Publishes one event. What was written before is read from the table once."""

    def __init__(self, intake: RegistrationIntake, items: PortalItems, clock: Clock) -> None:
        self._intake, self._items, self._clock = intake, items, clock
        self._written: dict[str, str] | None = None

    def publish(self) -> int:
        """Everything that changed. Returns how many items were written. Raises StoreError."""
        written = self._portal()
        links = self._intake.links(self._items.event_id)
        written += self._links(links)
        for key in [*self._known()]:
            if key.startswith(LINK) and key.removeprefix(LINK) not in links:
                self._items.delete(key)
                del self._known()[key]
        return written

    def publish_new_links(self) -> int:
        """Links that were mailed just now: they must open something before the mail is read."""
        known = self._known()
        links = self._intake.links(self._items.event_id)
        return self._links({key: link for key, link in links.items() if LINK + key not in known})

    # --------------------------------------------------------------------------------------------------- inside

    def _known(self) -> dict[str, str]:
        if self._written is None:
            # What was written by others is written once more when it matters: "" differs from every digest.
            self._written = {item["sk"]: str(item.get("digest", "")) for item in self._items.all(LINK)}
        return self._written

    def _portal(self) -> int:
        try:
            shown = self._intake.shown(self._items.event_id)
        except Missing:
            return 0
        values = {
            "open": shown.is_open,
            "full": self._intake.is_full(self._items.event_id),
            "domains": [*shown.portal.domains],
            "rules": encode(shown.portal),
            "rule": self._intake.rule(self._items.event_id) or "",
            "page": encode(page_of(shown)),
        }
        return self._write(PORTAL, values)

    def _links(self, links: Mapping[str, PortalLink]) -> int:
        event = self._intake.shown(self._items.event_id).event if links else None
        if event is None:
            return 0
        goes = int((event.ends_at + PAGE_AFTER).timestamp())
        written = 0
        for key, page in self._intake.pages(self._items.event_id, links).items():
            state = state_of(page, links[key])
            values = {
                "state": state,
                "expires": int(links[key].expires_at.timestamp()),
                "ttl": max(goes, int(links[key].expires_at.timestamp())) + 86_400,
                "races": [{"title": race.draft.name, "address": race.share_link} for race in page.races],
                "sign_in": event.portal_url,
                "email": page.registration.email if page.registration and state == "open" else "",
                "racer_name": page.racer_name or (page.registration.racer_name if page.registration else ""),
                "waiting_place": page.place,
                "mailed": page.mailed,
                "may_leave": page.may_leave,
            }
            written += self._write(
                LINK + key, values, unless_there=state == "open", unless_state="leaving" if page.may_leave else ""
            )
        return written

    def _write(self, sk: str, values: Mapping[str, Any], *, unless_there: bool = False, unless_state: str = "") -> int:
        digest = hashlib.sha256(encode(values).encode()).hexdigest()[:16]
        if self._known().get(sk) == digest:
            return 0
        given = {**values, "digest": digest, "at": iso(self._clock.now())}
        self._items.put(sk, given, unless_there=unless_there, unless_state=unless_state)
        self._known()[sk] = digest
        return 1


def state_of(page: OwnPage, link: PortalLink) -> str:
    """In the API's words (schema.graphql, Place)."""
    if page.link is LinkState.TO_CONFIRM:
        return "open"
    if page.link is LinkState.OWN and page.registration is not None:
        return page.registration.state.value
    if page.link is LinkState.ENDED:
        return "used" if link.used_at or link.purpose is LinkPurpose.PAGE else "expired"
    return "unknown"


def page_of(shown: ShownPortal) -> dict[str, Any]:
    """What the static page draws, beside its own words: nothing of anybody."""
    event, portal = shown.event, shown.portal
    return {
        "event": event.name,
        "starts": iso(event.starts_at),
        "ends": iso(event.ends_at),
        "language": event.language,
        "rehearsal": shown.rehearsal,
        "domains": [*portal.domains],
        "consent": str(portal.consent_version),
        "consents": {language: text.consent for language, text in portal.texts.items()},
        "erase_on": event.erase_on,
        "by_hand": portal.by_hand,
        "texts": {
            language: {"welcome": text.welcome, "how_to": text.how_to} for language, text in portal.texts.items()
        },
        "questions": [
            {
                "id": each.id,
                "kind": each.kind.value,
                "title": each.title,
                "titles": dict(each.titles),
                "options": [*each.options],
                "choices": {language: [*names] for language, names in each.choices.items()},
                "required": each.required,
            }
            for each in portal.questions
        ],
        "material": [{"title": each.title, "address": each.address} for each in portal.material]
        + ([{"title": "", "address": event.material_url}] if event.material_url else []),
    }
