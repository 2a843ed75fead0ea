"""Reads the roles of everybody who is signed in again every two minutes, so that a withdrawn role ends within minutes.

Entra puts app roles into a token when it is made; a session lives for hours. Here each session's own sign-in is renewed
and what comes back is kept (rules/sessions.py says how long it counts). Somebody whose roles or account are gone is
signed out everywhere; without Entra nothing changes, and what cannot be taken back is refused until it is back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from deepracer_admin.clock import Clock
from deepracer_admin.errors import CredentialsExpired, ServiceError
from deepracer_admin.model import AuditEntry, Lease, Role
from deepracer_admin.rules.access import roles_in
from deepracer_admin.rules.sessions import ROLES_READ_EVERY, is_over
from deepracer_admin.store import EventStore, SavedSession, Sessions

__all__ = ["RoleWatch"]

log = logging.getLogger(__name__)


class RoleWatch:
    """`claims(session)` asks Entra (entra_access.py)."""

    def __init__(
        self,
        store: EventStore,
        sessions: Sessions,
        clock: Clock,
        claims: Callable[[SavedSession], dict[str, Any]],
    ) -> None:
        self.store, self.sessions, self.clock = store, sessions, clock
        self._claims = claims

    def run(self, _: Lease) -> int:
        """One round over those whose turn it is; how many were asked about."""
        now = self.clock.now()
        due = [saved for saved in self.sessions.all() if self._is_due(saved, now)]
        for saved in due:
            self._look(saved)
        return len(due)

    def _is_due(self, saved: SavedSession, now: datetime) -> bool:
        if not saved.token_cache or is_over(saved.created_at, saved.last_seen_at, now):
            return False
        return now - (saved.roles_read_at or saved.created_at) >= ROLES_READ_EVERY

    def _look(self, saved: SavedSession) -> None:
        try:
            claims = self._claims(saved)
        except CredentialsExpired:  # AccessDenied is about the app or the network, and nobody's role
            self._end(saved, "Microsoft gives this sign-in nothing any more")
            return
        except ServiceError as error:
            log.info("roles were not read again: %s", type(error).__name__)
            return
        if not claims:
            return
        roles = frozenset(role.value for role in roles_in(claims))
        if claims.get("oid") not in (None, saved.oid) or not roles:
            self._end(saved, "the role was taken away")
            return
        if roles != frozenset(saved.roles):
            self._audit(saved, before=sorted(saved.roles), after=sorted(roles))
        self.sessions.save_roles(saved.id_hash, sorted(roles), at=self.clock.now())
        if Role.ORGANIZER.value in saved.roles and Role.ORGANIZER.value not in roles:
            self.sessions.drop_delegation(saved.oid)

    def _end(self, saved: SavedSession, why: str) -> None:
        self.sessions.revoke_person(saved.oid)
        self._audit(saved, before=sorted(saved.roles), after=why)

    def _audit(self, saved: SavedSession, *, before: Any, after: Any) -> None:
        self.store.append_audit(
            AuditEntry(
                seq=0,
                at=self.clock.now(),
                event="",
                actor=saved.oid,
                actor_name=saved.name,
                role=", ".join(saved.roles),
                action="signin.roles",
                target="console",
                count=1,
                before=before,
                after=after,
            )
        )
