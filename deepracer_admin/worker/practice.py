"""Rehearsal only: the practice world's clock, and the mails that it captured.

Event time is the practice world's; between two looks the clock runs on by itself.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime
from typing import Any

import httpx

from deepracer_admin.clock import ScaledClock
from deepracer_admin.compose import Console
from deepracer_admin.errors import BadSettings
from deepracer_admin.model import Lease
from deepracer_admin.records.guest_book import hide_links
from deepracer_admin.settings import read_practice

__all__ = ["OutboxCopier", "anchor_clock"]

KEPT = 500
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loopback needs no authorities; reading them each second takes 20 ms


def anchor_clock(console: Console) -> None:
    """Set event time to the practice world's; leave it running while that is down (its services say so)."""
    clock = console.clock
    if not isinstance(clock, ScaledClock):
        return
    try:
        control = read_practice(console.settings.home).control
        status = httpx.get(f"{control}/status", timeout=2.0, trust_env=False, verify=PLAIN).json()
    except (BadSettings, httpx.HTTPError, ValueError):
        return
    paused = bool(status.get("paused"))
    clock.anchor(datetime.fromisoformat(status["now"]).astimezone(UTC), 0.0 if paused else float(status["speed"]))


class OutboxCopier:
    """Keeps the last 500 mails for the outbox viewer."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self._seq = 0

    def run(self, lease: Lease) -> None:
        """One look at the practice mail service."""
        try:
            control = read_practice(self.console.settings.home).control
            answer = httpx.get(
                f"{control}/outbox",
                params={"after": self._seq, "limit": KEPT},
                timeout=3.0,
                trust_env=False,
                verify=PLAIN,
            )
            mails = answer.json()
        except (BadSettings, httpx.HTTPError, ValueError):
            return
        mails = mails if isinstance(mails, list) else mails.get("mails", [])
        if not mails:
            return
        self._seq = max(mail["seq"] for mail in mails)
        hide = self.console.ports_of("").letters.mask_passwords  # the practice service alone keeps what was in a mail
        mails = [mail | {part: hide(str(mail.get(part, ""))) for part in ("text", "html")} for mail in mails]
        kept = [*(self.console.store.get("", "outbox") or []), *mails]
        by_seq = {mail["seq"]: {**mail, **_without_links(mail)} for mail in kept}
        self.console.store.put("", "outbox", [by_seq[seq] for seq in sorted(by_seq)][-KEPT:], lease=lease)


def _without_links(mail: dict[str, Any]) -> dict[str, str]:
    """A guest's link stands in their own mail and in no copy of it."""
    return {part: hide_links(mail[part]) for part in ("text", "html") if isinstance(mail.get(part), str)}
