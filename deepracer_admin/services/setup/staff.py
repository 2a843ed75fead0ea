"""Who runs the deployment, their roles there, and its account-wide limits: the Staff tab of the Set up page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.errors import BadInput, Missing
from deepracer_admin.flows.readings.profiles import STAFF_ROLES
from deepracer_admin.model import UNLIMITED, Actor, Job
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.records.staff import STAFF_GROUPS, STAFF_NAMED, StaffMember
from deepracer_admin.rules.roster import sole_address
from deepracer_admin.services.base import Service

__all__ = ["ADMIN", "StaffRow", "StaffService", "StaffView"]

ADMIN = "dr-admins"
LONGEST_HOURS = 1_000_000.0


@dataclass(frozen=True, slots=True)
class StaffRow:
    """One address that is never invited, limited or deleted. `why`: how the console knows."""

    email: str
    role: str
    why: str
    by_hand: bool = False


@dataclass(frozen=True, slots=True)
class StaffView:
    """Staff as known now; `roles` that can be given; account-wide limits as read at `as_of` (-1 = none).

    `no_roles`: the service has none to give, and no such limits.
    """

    rows: Sequence[StaffRow]
    roles: Sequence[str]
    no_roles: bool
    limits: Mapping[str, int]
    as_of: datetime | None
    profiles_as_of: datetime | None


class StaffService(Service):
    """Names staff and gives roles; nothing is called from here."""

    def view(self, actor: Actor) -> StaffView:
        """Everybody who counts as staff, and why."""
        self._authorise(actor, "setup.view")
        event = self._event()
        seen = self.store.read(event.id, ACCOUNT)
        profiles, seen_at = self.store.profiles(event.id)
        rows = {
            profile.email: StaffRow(profile.email, profile.role, "as the service shows it")
            for profile in profiles
            if profile.role in STAFF_ROLES and profile.email
        }
        for email, member in self.store.rows("", STAFF_GROUPS).items():
            rows[email] = StaffRow(email, member.role, "in the user pool's group")
        for email, member in self.store.rows("", STAFF_NAMED).items():
            shown = member.role or (rows[email].role if email in rows else "")
            why = "given from here" if member.role else "named here"
            rows[email] = StaffRow(email, shown, why, by_hand=True)
        return StaffView(
            rows=sorted(rows.values(), key=lambda row: row.email),
            roles=seen.account.roles,
            no_roles=self._racing_kind(event) == "managed",
            limits=seen.account.account_quotas if seen.capabilities.account_limits else {},
            as_of=seen.as_of,
            profiles_as_of=seen_at,
        )

    def name(self, actor: Actor, address: str) -> None:
        """Keep this address out of everything that is done to racers. Raises BadInput."""
        self._authorise(actor, "setup.staff", target="name")
        email = self._address(address)
        self.store.change_rows("", STAFF_NAMED, lambda rows: {email: rows.get(email, StaffMember())}, keys=(email,))
        self._audit(actor, "setup.staff", target="name")

    def drop(self, actor: Actor, address: str) -> None:
        """Take back what was named here; who is staff at the service stays it."""
        self._authorise(actor, "setup.staff", target="drop")
        email = self._address(address)
        if not self.store.change_rows("", STAFF_NAMED, lambda _: {email: None}, keys=(email,)):
            raise Missing("That address was not named here.")
        self._audit(actor, "setup.staff", target="drop")

    def give_role(self, actor: Actor, address: str, role: str, *, typed_name: str = "") -> Job:
        """Ask the worker to give a role on the deployment. An administrator's needs the event's name typed.

        Raises BadInput for an unknown role or a missing name.
        """
        self._authorise(actor, "setup.role", target=role)
        event = self._event()
        if role not in self.store.read(event.id, ACCOUNT).account.roles:
            raise BadInput("Role: run the pre-flight, then choose one of the roles that this deployment has.")
        email = self._address(address)
        if role == ADMIN and typed_name.strip() != event.name:
            raise BadInput("Type the event's name exactly as it stands to make somebody an administrator.")
        return self._plan_job(
            actor, "setup.role", "role", target=event.id, plan={"email": email, "role": role}, after={"role": role}
        )

    def set_account_limits(self, actor: Actor, *, hours: float, models: int) -> Job:
        """Ask the worker to set what the deployment shows as account-wide limits; -1 = none. Raises BadInput."""
        self._authorise(actor, "setup.limits")
        event = self._event()
        seen = self.store.read(event.id, ACCOUNT)
        before = dict(seen.account.account_quotas) if seen.as_of else None
        if hours != UNLIMITED and not 0 <= hours <= LONGEST_HOURS:
            raise BadInput(f"Hours: give 0 to {LONGEST_HOURS:,.0f}, or no limit.")
        if models < UNLIMITED:
            raise BadInput("Models: give 0 or more, or no limit.")
        minutes = UNLIMITED if hours == UNLIMITED else round(hours * 60)
        plan = {"minutes": minutes, "models": models}
        return self._plan_job(
            actor, "setup.limits", "account.limits", target=event.id, plan=plan, before=before, after=plan
        )

    def _address(self, text: str) -> str:
        return sole_address(text)
