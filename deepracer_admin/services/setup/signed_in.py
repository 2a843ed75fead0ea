"""Who is signed in to this console, and signing somebody out: the Staff tab of the Set up page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.model import Actor
from deepracer_admin.rules.sessions import is_over
from deepracer_admin.services.base import Service
from deepracer_admin.store import SavedSession

__all__ = ["SignedIn", "SignedInService"]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One person over all their browsers. Real time; `on_behalf`: may the console act for them when they are away?"""

    oid: str
    name: str
    roles: tuple[str, ...]
    browsers: int
    since: datetime
    last_seen_at: datetime
    roles_read_at: datetime
    on_behalf: bool


class SignedInService(Service):
    """Sessions of the installation; they belong to no event."""

    def people(self, actor: Actor) -> list[SignedIn]:
        """Everybody with a session that still counts, last seen first."""
        self._authorise(actor, "setup.sessions")
        now = self.clock.now()
        by_person: dict[str, list[SavedSession]] = {}
        for saved in self.house.sessions.all():
            if not is_over(saved.created_at, saved.last_seen_at, now):
                by_person.setdefault(saved.oid, []).append(saved)
        return [self._row(sessions) for sessions in by_person.values()]

    def _row(self, sessions: Sequence[SavedSession]) -> SignedIn:
        newest = max(sessions, key=lambda saved: saved.last_seen_at)
        return SignedIn(
            oid=newest.oid,
            name=newest.name,
            roles=newest.roles,
            browsers=len(sessions),
            since=min(saved.created_at for saved in sessions),
            last_seen_at=newest.last_seen_at,
            roles_read_at=max(saved.roles_read_at or saved.created_at for saved in sessions),
            on_behalf=self.house.sessions.delegation(newest.oid) is not None,
        )

    def sign_out(self, actor: Actor, oid: str) -> int:
        """End every session of a person, and what the console may do on their behalf; how many browsers it were.

        Raises BadInput for oneself (that is what Sign out is for), Missing when they are not signed in.
        """
        self._authorise(actor, "setup.sessions", target=oid)
        if oid == actor.oid:
            raise BadInput("That is you: use Sign out at the end of the menu.")
        if all(saved.oid != oid for saved in self.house.sessions.all()):
            raise Missing("This person is not signed in any more.")
        ended = self.house.sessions.revoke_person(oid)
        self._audit(actor, "setup.sessions", target=oid, count=ended, after={"signed_out": True})
        return ended
