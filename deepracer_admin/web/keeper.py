"""Server-side sessions: a random id in a cookie, only its hash in the store (identity-and-mail.md 2.4).

Absolute life 8 h, idle life 60 min. Only a person's own page loads and clicks extend the idle life; timed refreshes of
open tabs look the session up without touching it, also when one of them draws the whole page anew
(ui/kit/refresh.py), so a forgotten tab signs itself out.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import CookieError, SimpleCookie

from deepracer_admin.clock import Clock
from deepracer_admin.model import Actor, Role
from deepracer_admin.rules.sessions import ABSOLUTE, is_over
from deepracer_admin.store import SavedSession, Sessions

__all__ = ["ABSOLUTE", "COOKIE", "FLOW_COOKIE", "SessionKeeper", "cookie_from_header", "hash_id"]

COOKIE = "deepracer_console"
FLOW_COOKIE = "deepracer_signin"
TOUCH_EVERY = timedelta(seconds=30)


def hash_id(value: str) -> str:
    """SHA-256 of a cookie value, as stored."""
    return hashlib.sha256(value.encode()).hexdigest()


def cookie_from_header(header: str, name: str) -> str:
    """The value of one cookie of a Cookie header; "" when absent or broken."""
    try:
        jar = SimpleCookie(header)
    except CookieError:
        return ""
    return jar[name].value if name in jar else ""


@dataclass(frozen=True, slots=True)
class SessionKeeper:
    """Makes, finds and ends sessions."""

    sessions: Sessions
    clock: Clock

    def create(self, *, oid: str, tid: str, name: str, roles: frozenset[Role], tokens: bytes = b"") -> str:
        """A new session; returns the cookie value, which is stored nowhere. `tokens`: the sealed token cache with which
        the person's roles are read again (flows/engine/role_watch.py)."""
        value = secrets.token_urlsafe(32)
        now = self.clock.now()
        self.sessions.create(
            SavedSession(
                hash_id(value), oid, tid, name, tuple(sorted(role.value for role in roles)), now, now, tokens, now
            )
        )
        return value

    def find(self, value: str) -> Actor | None:
        """The actor of a live session; None when there is none, it ended, or it was revoked."""
        if not value:
            return None
        saved = self.sessions.lookup(hash_id(value))
        if saved is None:
            return None
        if self._is_over(saved):
            self.sessions.revoke(saved.id_hash)
            return None
        return Actor(
            oid=saved.oid,
            tid=saved.tid,
            name=saved.name,
            roles=frozenset(Role(role) for role in saved.roles),
            session=saved.id_hash,
        )

    def touch(self, value: str) -> None:
        """A person did something: the idle life starts anew (written at most every 30 s)."""
        saved = self.sessions.lookup(hash_id(value)) if value else None
        now = self.clock.now()
        if saved is not None and now - saved.last_seen_at >= TOUCH_EVERY and not self._is_over(saved):
            self.sessions.touch(saved.id_hash, at=now)

    def revoke(self, value: str) -> None:
        """End one session; open tabs notice at their next refresh."""
        self.sessions.revoke(hash_id(value))

    def _is_over(self, saved: SavedSession) -> bool:
        return is_over(saved.created_at, saved.last_seen_at, self.clock.now())
