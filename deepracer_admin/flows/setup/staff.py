"""Who runs the deployment: they are never invited, limited or deleted. And their roles there.

The service's own word for it (`roleName`) is a hint that comes late and may be wrong (deepracer-on-aws.md 1.7), so
staff are also remembered by address: named by hand on the Set up page, given a role from there, or read from the user
pool's groups by the pre-flight where the console has credentials on it.

What if it dies here? Whoever is to become staff is remembered before the role is asked for; setting a role again is
harmless.
"""

from __future__ import annotations

from deepracer_admin.errors import BadInput, Missing, NotThere
from deepracer_admin.flows.access.cognito_pool import open_pool
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.profiles import by_email, read_profiles, remember_account
from deepracer_admin.model import Event, Job, Lease, Quota
from deepracer_admin.records.staff import STAFF_GROUPS, STAFF_NAMED, StaffMember
from deepracer_admin.rules.quotas import quota_words
from deepracer_admin.store import EventStore
from deepracer_admin.store.documents import Table

__all__ = ["RACER", "AccountLimitsHandler", "RoleHandler", "known_staff", "remember_pool_staff"]

RACER = "dr-racers"


def known_staff(store: EventStore) -> frozenset[str]:
    """Addresses that were named, given a role, or found in a staff group of the pool."""
    return frozenset([*store.rows("", STAFF_NAMED), *store.rows("", STAFF_GROUPS)])


def remember_pool_staff(ports: Ports, lease: Lease) -> int:
    """Read the staff groups of the user pool and keep their addresses; how many there are. May raise ServiceError."""
    found = {email: StaffMember(role) for email, role in open_pool(ports).staff() if email}
    ports.store.change_rows("", STAFF_GROUPS, lambda known: {**dict.fromkeys(known), **found}, lease=lease)
    return len(found)


class RoleHandler:
    """Job `role`: plan {"email", "role"}. Whose profile it is says a listing of this moment."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        email, role = str(job.plan["email"]), str(job.plan["role"])
        profile = _profile_of(ports, ports.store.event(job.event), email, lease)
        if role != RACER:
            _set(ports, STAFF_NAMED, email, StaffMember(role), lease)
        ports.racing().set_role(profile, role)
        if role == RACER:
            _set(ports, STAFF_NAMED, email, None, lease)
            _set(ports, STAFF_GROUPS, email, None, lease)
        return _told(ports, profile, role)


class AccountLimitsHandler:
    """Job `account.limits`: plan {"minutes", "models"}."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event: Event = ports.store.event(job.event)
        seen = ports.racing().set_account_limits(Quota(int(job.plan["minutes"]), int(job.plan["models"])))
        remember_account(ports, event, lease)
        return f"The site shows {quota_words(seen)} a month for the whole account now; nobody enforces that."


def _profile_of(ports: Ports, event: Event, email: str, lease: Lease) -> str:
    found = by_email(read_profiles(ports, event, lease)).get(email, [])
    if not found:
        raise Missing(
            "The service lists no profile with that address: invite the person first, on the site or as a racer."
        )
    if len(found) > 1:
        raise BadInput("The service lists two profiles with that address: let its operator remove one first.")
    return found[0].id


def _set(ports: Ports, table: Table[StaffMember], email: str, member: StaffMember | None, lease: Lease) -> None:
    ports.store.change_rows("", table, lambda _: {email: member}, keys=(email,), lease=lease)


def _told(ports: Ports, profile: str, role: str) -> str:
    """What the pool's groups read back, where the console may read them; else that nothing can be read back yet."""
    holds = "It holds from that person's next sign-in, at the latest in an hour."
    if ports.pool is None:
        return f"{role} was given; the site shows it within minutes. {holds}"
    try:
        groups = sorted(open_pool(ports).groups(profile))
    except NotThere:
        groups = []
    return f"The user pool shows {', '.join(groups) or 'no role'}. {holds}"
