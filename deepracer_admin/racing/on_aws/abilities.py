"""What a deployment can do, and what an organizer should know of it (1.3 page, sections 2, 3 and 12)."""

from __future__ import annotations

from deepracer_admin.errors import AccessDenied, NotThere, Refused, Unsupported
from deepracer_admin.model import Capabilities
from deepracer_admin.racing.on_aws import operations as op
from deepracer_admin.racing.on_aws.site import Site
from deepracer_admin.racing.on_aws.transport import Transport

__all__ = ["notes", "probe", "roles"]

_ROLES_BEFORE_1_3 = ("dr-racers", "dr-race-facilitators", "dr-admins")
_ROLES = (*_ROLES_BEFORE_1_3, "dr-commentators", "dr-registration-managers")  # 1.3 page, 3


def probe(transport: Transport) -> Capabilities:
    """What this deployment can do, asked of it; the version in env.js is only a hint (1.3 page, sections 2 and 12.1).

    Two reads that change nothing. What can only be tried by doing it came with bulk invitations, and each such call
    says Unsupported by itself where that is not so.
    """
    invites = _knows(transport, op.LIST_BULK_INVITES)
    return Capabilities(
        bulk_invite=invites,
        resend_invite=invites,
        register_user=_knows(transport, op.RACE_STATS),
        edit_open_race=invites,
        close_early=invites,
        all_models_in_one_call=invites,
        roles=True,
        account_limits=True,
    )


def _knows(transport: Transport, operation: op.Operation) -> bool:
    """Does the path exist? Anything but "no such path" means that it does."""
    try:
        transport.call(operation)
    except Unsupported:
        return False
    except (AccessDenied, Refused, NotThere):
        return True
    return True


def roles(can: Capabilities) -> tuple[str, ...]:
    """The roles that a profile can be given."""
    return _ROLES if can.bulk_invite else _ROLES_BEFORE_1_3


def notes(site: Site, can: Capabilities) -> tuple[str, ...]:
    """Sentences that an organizer should know, shown in set-up."""
    found = [
        "Every race is visible to everybody in this deployment.",
        "The deployment mails a temporary password itself; Cognito's own sender manages about 50 mails a day.",
        "Account-wide limits are displayed by DeepRacer on AWS and enforced by nobody; racers' own limits are.",
    ]
    number = site.version_number
    if not can.bulk_invite:
        found.append("This version invites one by one and cannot end an open race; 1.3 can do both.")
    if number is None or number < (1, 2, 0):
        found.append("The deployment names no version the console knows; what it can do was tried out.")
    return tuple(found)
