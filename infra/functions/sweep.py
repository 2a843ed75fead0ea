"""The reconciler for a minute: what the stream left, what is on the way, what the portal shows.

A stream forgets after a day and gives a record up after some tries; this does not: it asks the table what is still
there. Then it runs the console's own duties under the event's lease, unless a laptop's worker does: round after round
while each brings somebody further, for one step of access follows on another (planned, invited, listed, set up, read
back), and at one a minute whoever registers would wait for minutes. When nothing moves, one round is all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from infra.functions.items import FORM, LINK
from infra.functions.observed import count, log, observed
from infra.functions.place import Place, here
from infra.functions.registrations import Batch, read_item, take_in

__all__ = ["DUTIES", "handle", "handler"]

DUTIES = ("jobs", "registrations", "invitations", "onboarding", "group")
HOLDS_S = 8.0  # less than others wait for the lease (place.py)
ROUND_S = 1.0  # for the service, between two rounds
OLD_S = 120  # what is younger, the stream is about to bring
AT_ONCE = 200
LINKS_EVERY_S = 300.0


def handle(place: Place) -> dict[str, Any]:
    """Returns counts, for the log."""
    place.catch_up()
    found = _left_behind(place)
    with place.lease() as held:
        failed = _rounds(place) if held else []
    for duty in failed:
        log.warning("a duty failed", extra={"duty": duty})
        count("DutyFailed")
    published = place.outlet.publish()
    place.nudge_if_mail_may_go()
    count("LeftBehind", found)
    return {"held": held, "failed": failed, "left_behind": found, "published": published}


def _rounds(place: Place) -> list[str]:
    """Returns what failed in the last round."""
    until = place.clock.monotonic() + HOLDS_S
    while True:
        before = place.revision()
        failed = place.runtime.run_once(DUTIES)
        if failed or place.revision() == before or place.clock.monotonic() >= until:
            return failed
        place.pause(ROUND_S)


def _left_behind(place: Place) -> int:
    """Forms and presses that no function took; what cannot be read is counted and stays for somebody to look at. All
    links are read every fifth minute: they are thousands, and a press that the stream did not bring is rare."""
    oldest, batch, unread = place.clock.now().timestamp() - OLD_S, Batch(), 0
    links = [*place.items.all(LINK)] if place.looks_at_links(LINKS_EVERY_S) else []
    presses = {item["sk"]: item for item in links if item.get("state") == "confirmed"}
    leaving = [item for item in links if item.get("state") == "leaving"]
    waits = place.console.intake.waits(place.event_id, [key.removeprefix(LINK) for key in presses])
    for item in [*place.items.all(FORM), *(presses[LINK + key] for key in waits), *leaving]:
        try:
            if _came(item) <= oldest:
                read_item(item, batch)
        except (ValueError, KeyError, TypeError, OverflowError):
            unread += 1
        if len(batch.forms) >= AT_ONCE:
            take_in(place, batch)
            batch = Batch()
    count("ItemsUnreadable", unread)
    take_in(place, batch)
    return len(batch.forms) + len(batch.pressed) + len(batch.left)


def _came(item: Mapping[str, Any]) -> int:
    """Epoch seconds of the press, or of the form."""
    return int(item.get("left_at", item.get("confirmed_at", item["at"])))


@observed
def handler(_event: object, _context: Any) -> dict[str, Any]:
    return handle(here())
