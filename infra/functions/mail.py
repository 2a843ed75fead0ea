"""Sends what the ledger says is to go: the campaign reconciler under the event's lease, until nothing is left.
The lease is given back every few seconds, so that whoever gives access comes to it, too.

A message of the queue only says that mail waits; which mails, the ledger alone knows, so a message that comes twice
sends nothing twice, and one that is lost is made up for by the next. What if it dies between sending and writing? The
claim becomes `unknown` under the next lease, and is never sent again by itself (identity-and-mail.md 4.4).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.functions.observed import log, observed
from infra.functions.place import Place, here

__all__ = ["DUTIES", "handle", "handler"]

DUTIES = ("registrations", "mail")  # forms that came meanwhile are taken in between two slices
WORKS_S = 80.0
HOLDS_S = 8.0  # less than others wait for the lease (place.py): a flood of mail keeps nobody from their access
BREATH_S = 0.5  # more than whoever waits for the lease lets pass between two tries


def handle(place: Place, event: Mapping[str, Any], *, works_s: float = WORKS_S) -> dict[str, Any]:
    """Lambda's answer: the messages that are to come again, because mail or a form is left."""
    place.catch_up()
    until = place.clock.monotonic() + works_s
    while True:
        held, failed = _slice(place, until)
        goes_on = held and not failed and place.runtime.mails_went
        if not goes_on or place.clock.monotonic() >= until:
            break
        place.pause(BREATH_S)
    left = place.mails_wait() if held else place.mails_wait() + place.people_wait()
    if not left or (held and not failed and not place.runtime.mails_went):
        return {"batchItemFailures": []}  # done, or what is left is paused: nothing that a repeat would mend
    log.info("mail is left", extra={"left": left, "held": held, "failed": failed})
    return {"batchItemFailures": [{"itemIdentifier": each["messageId"]} for each in event.get("Records", ())]}


def _slice(place: Place, until: float) -> tuple[bool, list[str]]:
    """Mail for some seconds under the lease. Was it held, and what failed?"""
    failed: list[str] = []
    with place.lease() as held:
        if held:  # a link opens something by the time that its mail is read: published after each slice of two seconds
            failed = place.rounds(
                DUTIES,
                until=min(until, place.clock.monotonic() + HOLDS_S),
                goes_on=lambda: place.runtime.mails_went,
                after_each=place.outlet.publish_new_links,
            )
    return held, failed


@observed
def handler(event: Mapping[str, Any], _context: Any) -> dict[str, Any]:
    return handle(here(), event)
