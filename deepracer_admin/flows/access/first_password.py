"""The temporary password that our mail carries where the console makes the users (identity-and-mail.md 3.7, 4.4).

It is made by the thread that sends, just before the mail goes, and lives in that mail alone, in no store and no
log. What if it dies here? After the password was made and before the mail went, the delivery stays claimed and becomes
unknown; the password that nobody knows dies with the next one, which a resend makes.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from deepracer_admin.directory.pool import TEMPORARY_DAYS, PoolStatus
from deepracer_admin.errors import NotThere, Refused, ServiceError, Throttled
from deepracer_admin.flows.access.cognito_pool import hold_still, open_pool
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Attendee

__all__ = ["CODE", "FirstPassword", "make_first_password", "pause_after"]

CODE = "pool"  # of a delivery that waits because the pool did not answer: nothing was sent
SERVICE = "cognito-idp"
LONGEST_PAUSE_S = 60.0


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """Given out once. `until` in event time."""

    password: str = field(repr=False)
    until: datetime


def make_first_password(ports: Ports, person: Attendee) -> FirstPassword | None:
    """A fresh temporary password of somebody whose user this event made; None when they have chosen their own.

    Raises NotThere or Refused when only a human can help, BadSettings, else a ServiceError: nothing was sent.
    """
    pool = open_pool(ports)
    try:
        user = pool.find(person.email)
        if user is None:
            raise NotThere(_NO_USER, service=SERVICE, operation="list_users", code="no_user")
        if not user.enabled:
            raise Refused(_DISABLED, service=SERVICE, operation="list_users", code="disabled")
        if user.status is not PoolStatus.INVITED:
            return None
        password = pool.fresh_password(user.username)
    except Throttled as error:
        hold_still(ports, pool, [error])
        raise
    return FirstPassword(password, ports.clock.event_now() + timedelta(days=TEMPORARY_DAYS))


def pause_after(error: Exception, attempts: int) -> float:
    """Real seconds until a mail whose password could not be made is tried again."""
    if isinstance(error, Throttled):
        return max(error.retry_after, 1.0)
    return min(LONGEST_PAUSE_S, 2.0 ** min(attempts, 6)) if isinstance(error, ServiceError) else LONGEST_PAUSE_S


_NO_USER = (
    "The user pool has no user with this address, so there is no password to send: take this person out on the "
    "Onboarding page and add them with the right address on the Attendees page, which makes their profile anew."
)
_DISABLED = "The user pool has this user disabled, so nobody could sign in: enable them there, then resend."
