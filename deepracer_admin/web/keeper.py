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

from starlette.requests import cookie_parser

from deepracer_admin.clock import Clock
from deepracer_admin.model import Actor, Role
from deepracer_admin.rules.sessions import ABSOLUTE, is_over
from deepracer_admin.settings import Settings
from deepracer_admin.store import SavedSession, Sessions

__all__ = ["ABSOLUTE", "FLOW_FOR", "CookieNames", "SessionKeeper", "cookie_from_header", "cookie_names", "hash_id"]

TOUCH_EVERY = timedelta(seconds=30)
FLOW_FOR = timedelta(minutes=10)
"""How long a sign-in may take."""


@dataclass(frozen=True, slots=True)
class CookieNames:
    """The cookies of one console. Browsers share cookies over all ports of a host, so mode and port are in the names:
    a rehearsal and a live console on one computer do not sign each other out.

    `secure`: over https; the prefix __Host- then binds a cookie to this very host (RFC 6265bis 4.1.3.2).
    """

    session: str
    sign_in: str  # with the state of a sign-in behind it: two tabs may sign in at once
    secure: bool

    def of_sign_in(self, state: str) -> str:
        """The cookie of the sign-in with this `state`."""
        return self.sign_in + hash_id(state)[:12]

    def path(self, wanted: str) -> str:
        """The path of a cookie; __Host- allows the whole host only."""
        return "/" if self.secure else wanted


def cookie_names(settings: Settings) -> CookieNames:
    """How the cookies of this console are called."""
    secure = settings.console_url.startswith("https://")
    prefix, ending = "__Host-" if secure else "", f"{settings.mode}_{settings.port}"
    return CookieNames(f"{prefix}deepracer_console_{ending}", f"{prefix}deepracer_signin_{ending}_", secure)


def hash_id(value: str) -> str:
    """SHA-256 of a cookie value, as stored."""
    return hashlib.sha256(value.encode()).hexdigest()


def cookie_from_header(header: str, name: str) -> str:
    """The value of one cookie of a Cookie header; "" when absent or broken."""
    return cookie_parser(header).get(name, "")  # not http.cookies: it stops at the first odd cookie of another program


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

    def admit(self, former: str, *, oid: str, tid: str, name: str, roles: frozenset[Role], tokens: bytes = b"") -> str:
        """The cookie value after a sign-in in a browser that held `former`, whose session it ends.

        Two tabs that began to sign in at once keep one session: that of the first, when it is the same person's with
        the same roles and not older than a sign-in takes.
        """
        saved = self.sessions.lookup(hash_id(former)) if former else None
        if saved is not None:
            same = (saved.oid, saved.tid, saved.roles) == (oid, tid, tuple(sorted(role.value for role in roles)))
            if same and self.clock.now() - saved.created_at < FLOW_FOR and not self._is_over(saved):
                return former
            self.sessions.revoke(saved.id_hash)
        return self.create(oid=oid, tid=tid, name=name, roles=roles, tokens=tokens)

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

    def sign_out_person(self, oid: str) -> int:
        """End every session of this person and what the worker may do for them; how many sessions ended."""
        return self.sessions.revoke_person(oid)

    def _is_over(self, saved: SavedSession) -> bool:
        return is_over(saved.created_at, saved.last_seen_at, self.clock.now())
