"""Links of the portal: made when a mail goes, kept as hashes, opened by whoever holds them.

The token stands in the mail and nowhere else: not in the store, not in a log, not in an error.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from deepracer_admin.model import Event, Lease
from deepracer_admin.model.registrations import LinkPurpose, PortalLink
from deepracer_admin.records.portal import PORTAL, PORTAL_LINKS
from deepracer_admin.records.restored import waits_here
from deepracer_admin.rules.portal_tokens import TokenShape, token_of, token_shape
from deepracer_admin.rules.registration import CONFIRM_FOR, PAGE_AFTER
from deepracer_admin.store import EventStore

__all__ = ["address_of", "find_link", "link_hash", "make_link", "make_links", "portal_address", "takes_people"]


def portal_address(base: str, event: str) -> str:
    """The form of one event."""
    return f"{base}/register/{event}"


def takes_people(store: EventStore, event: Event, now: datetime) -> bool:
    """Can somebody new register at `now` (event time)? Not while an event that came from a backup waits: its list may
    go on elsewhere."""
    if not store.read(event.id, PORTAL).open or event.closed_at is not None or now >= event.ends_at:
        return False
    return not waits_here(store, event.id)


def address_of(base: str, event: str, token: str) -> str:
    """What stands in a mail."""
    return f"{portal_address(base, event)}/me/{token}"


def link_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def make_link(
    store: EventStore,
    event: Event,
    registration: str,
    purpose: LinkPurpose,
    *,
    now: datetime,
    lease: Lease | None = None,
) -> str:
    """A new link's token."""
    return make_links(store, event, [(registration, purpose)], now=now, lease=lease)[0]


def make_links(
    store: EventStore,
    event: Event,
    wanted: Sequence[tuple[str, LinkPurpose]],
    *,
    now: datetime,
    lease: Lease | None = None,
) -> list[str]:
    """Tokens of new links, one for each (registration, purpose), in one write: one a mail would be most of the writes
    of a flood."""
    tokens = [token_of(secrets.token_urlsafe(32)) for _ in wanted]
    rows = {
        link_hash(token): PortalLink(registration, purpose, now + CONFIRM_FOR)
        for token, (registration, purpose) in zip(tokens, wanted, strict=True)
    }
    if rows:
        store.change_rows(event.id, PORTAL_LINKS, lambda _: rows, keys=rows, lease=lease)
    return tokens


def find_link(store: EventStore, event: Event, token: str, *, event_now: datetime) -> PortalLink | None:
    """What a whole token opens; None: nothing (any more). Asks the store only for what can be a token."""
    if token_shape(token) is not TokenShape.WHOLE or event_now > event.ends_at + PAGE_AFTER:
        return None
    return store.row(event.id, PORTAL_LINKS, link_hash(token))


def is_over(event: Event, link: PortalLink, *, now: datetime, event_now: datetime) -> bool:
    """Is there nothing left that the link could open?"""
    return event_now > event.ends_at + PAGE_AFTER + timedelta(days=1) and now > link.expires_at
