"""Delivery events of SES, from their queue into the ledger; what is no event is counted and let go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deepracer_admin.mail.ses_events import read_event
from infra.functions.observed import count, observed
from infra.functions.place import Place, here

__all__ = ["handle", "handler"]


def handle(place: Place, event: Mapping[str, Any]) -> dict[str, Any]:
    """Lambda's answer. Raises StoreError: then all messages come again."""
    place.catch_up()
    read = [read_event(str(record.get("body", ""))) for record in event.get("Records", ())]
    events = [each for each in read if each is not None]
    if events:
        store, now = place.console.store, place.clock.now()
        for each in store.events():  # one configuration set may serve several; an event takes what is its own
            store.apply_delivery_events(each.id, events, now=now)
    count("DeliveryEvents", len(events))
    count("NoEvents", len(read) - len(events))
    return {"batchItemFailures": []}


@observed
def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    return handle(here(), event)
