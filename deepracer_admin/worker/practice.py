"""Rehearsal only: the practice world's clock, and the mails that it captured.

Event time is the practice world's; between two looks the clock runs on by itself.
"""

from __future__ import annotations

import ssl
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

import httpx

from deepracer_admin.clock import ScaledClock
from deepracer_admin.compose import Console
from deepracer_admin.edge.bounded_http import bounded_client
from deepracer_admin.errors import BadSettings
from deepracer_admin.mail.ses_tags import key_from_tags
from deepracer_admin.model import Lease
from deepracer_admin.records.erasures import SUPPRESSED
from deepracer_admin.records.guest_book import hide_links
from deepracer_admin.records.outbox import OUTBOX, CapturedMail
from deepracer_admin.records.portal import REGISTRATIONS
from deepracer_admin.records.practice_clock import PRACTICE_WISH
from deepracer_admin.settings import read_practice

__all__ = ["OutboxCopier", "anchor_clock", "obey_clock"]

KEPT = 500
ANSWER_S = 10.0
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loopback needs no authorities; reading them each second takes 20 ms


@cache
def _asking() -> httpx.Client:
    """Made once, for making one takes longer than asking; no connection is kept, so there is nothing to close."""
    alone = httpx.Limits(max_keepalive_connections=0)
    return bounded_client(timeout=ANSWER_S, trust_env=False, verify=PLAIN, limits=alone)


def anchor_clock(console: Console) -> None:
    """Set event time to the practice world's; leave it running while that is down (its services say so)."""
    clock = console.clock
    if not isinstance(clock, ScaledClock):
        return
    try:
        control = read_practice(console.settings.home).control
        status = _asking().get(f"{control}/status").json()
    except (BadSettings, httpx.HTTPError, ValueError):
        return
    paused = bool(status.get("paused"))
    clock.anchor(datetime.fromisoformat(status["now"]).astimezone(UTC), 0.0 if paused else float(status["speed"]))


def obey_clock(console: Console) -> None:
    """Tell the practice world how fast its time should go, where somebody asked since.

    What if it dies here? The wish stays undone and is told again, which changes nothing; one that is newer than what
    was told stays too.
    """
    wish = console.store.read("", PRACTICE_WISH)
    if wish.is_done:
        return
    try:
        control = read_practice(console.settings.home).control
        # the speed sets a clock running, so a pause is told after it
        answer = _asking().post(f"{control}/clock", json={"speed": wish.speed, "paused": wish.paused})
    except (BadSettings, httpx.HTTPError):
        return  # it is down: asked again in a second
    if answer.status_code >= 500:
        return
    console.store.update("", PRACTICE_WISH, lambda now: replace(now, is_done=True) if now == wish else now)


class OutboxCopier:
    """Keeps the last 500 mails for the outbox viewer, of people who are on a list or have registered."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._seq = 0
        self._looked_at: dict[str, int] = {}  # revision of each event when its list was last looked at

    def run(self, lease: Lease) -> None:
        """One look at the practice mail service."""
        try:
            control = read_practice(self.console.settings.home).control
            answer = _asking().get(f"{control}/outbox", params={"after": self._seq, "limit": KEPT})
            mails = answer.json()
        except (BadSettings, httpx.HTTPError, ValueError):
            return
        mails = mails if isinstance(mails, list) else mails.get("mails", [])
        if mails:
            taken = [self._taken(mail) for mail in mails]
            gone = {mail.seq for mail in self._of_nobody(taken)}
            taken = [mail for mail in taken if mail.seq not in gone]
            self.console.store.change_rows("", OUTBOX, lambda kept: _newest(kept, taken), lease=lease)
            self._seq = max(mail["seq"] for mail in mails)
        self._forget_the_gone(lease)

    def _taken(self, mail: Mapping[str, Any]) -> CapturedMail:
        """Without what lets anybody in: the practice service alone keeps that, and a guest's link stands in their own
        mail and in no copy of it."""
        hide = self.console.ports_of("").letters.mask_passwords
        text, html = (hide_links(hide(str(mail.get(part, "")))) for part in ("text", "html"))
        at = datetime.fromisoformat(mail["at"]).astimezone(UTC) if mail.get("at") else None
        key = key_from_tags({name: [str(value)] for name, value in (mail.get("tags") or {}).items()})
        subject, message_id = str(mail.get("subject", "")), str(mail.get("message_id", ""))
        return CapturedMail(int(mail["seq"]), str(mail["to"]), subject, text, html, at, message_id, key)

    def _forget_the_gone(self, lease: Lease) -> None:
        """Whoever is erased is erased here too, within seconds."""
        store = self.console.store
        kept = store.rows("", OUTBOX)
        revisions = {event: store.revision(event) for event in {mail.whose[0] for mail in kept.values()}}
        if revisions == self._looked_at:
            return
        gone = {str(mail.seq) for mail in self._of_nobody(kept.values())}
        if gone:
            store.change_rows("", OUTBOX, lambda _: dict.fromkeys(gone), lease=lease)
        self._looked_at = revisions

    def _of_nobody(self, mails: Collection[CapturedMail]) -> list[CapturedMail]:
        """Mails to people who are on no list and registered nowhere (any more): they do not come back with the practice
        world's copies."""
        store = self.console.store
        events = {mail.whose[0] for mail in mails}
        listed = {
            event: {*(person.id for person in store.attendees(event)), *store.rows(event, REGISTRATIONS)}
            for event in events
            if event
        }
        erased = [store.read(event.id, SUPPRESSED) for event in store.events()]
        return [
            mail
            for mail in mails
            if (mail.whose[1] and mail.whose[1] not in listed.get(mail.whose[0], ()))
            or any(each.holds(mail.to.strip()) for each in erased)
        ]


def _newest(kept: Mapping[str, CapturedMail], taken: list[CapturedMail]) -> dict[str, CapturedMail | None]:
    """A change of the table: the new ones, and none that is too old."""
    after = {**kept, **{str(mail.seq): mail for mail in taken}}
    old = sorted(after, key=lambda key: after[key].seq)[:-KEPT]
    return {**{str(mail.seq): mail for mail in taken}, **dict.fromkeys(old)}
