"""Every error the console raises on purpose, each with one sentence that a person can act on.

ConsoleError                     the sentence is fit to be shown
├── BadInput                     what a person gave cannot be used; nothing was changed
│   └── BadSettings              environment, secrets.toml or an event's settings
├── NotAllowed                   the role does not hold this action (rules/access.py)
├── SignedOut                    no session, or it ended
├── Conflict                     the thing changed meanwhile, or the same work already runs
├── Missing                      no such event, attendee, race, job in our own store
├── StoreError                   our own data
│   ├── StoreUnusable            corrupt, newer than this program, or of the other mode
│   └── LeaseLost                another holder took over; a late write was refused
└── ServiceError                 an outside service; knows `service` and `operation`
    ├── Unreachable              nothing was sent, or it certainly did not arrive: a repeat is harmless
    ├── LostAnswer               sent, and the answer is lost: it may have been done
    ├── Throttled                try again after `retry_after` seconds
    ├── Unavailable              5xx: try again later
    ├── CredentialsExpired       somebody must sign in again, or renew; pauses that step
    ├── AccessDenied             a role, scope, policy or firewall rule is missing
    ├── Refused                  final: the request itself was refused and needs a human
    ├── NotThere                 the service knows no such thing
    └── Unsupported              this service, or this version of it, cannot do that
"""

from __future__ import annotations

import os

__all__ = [
    "AccessDenied",
    "BadInput",
    "BadSettings",
    "Conflict",
    "ConsoleError",
    "CredentialsExpired",
    "LeaseLost",
    "LostAnswer",
    "Missing",
    "NotAllowed",
    "NotThere",
    "Refused",
    "ServiceError",
    "SignedOut",
    "StoreError",
    "StoreUnusable",
    "Throttled",
    "Unavailable",
    "Unreachable",
    "Unsupported",
    "incident_id",
]


class ConsoleError(Exception):
    """Base of all. `sentence` is shown to people as it stands; it never holds a token, password or traceback."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class BadInput(ConsoleError):
    """What a person gave (a file, a form, an argument) cannot be used; nothing was changed."""


class BadSettings(BadInput):
    """A setting is missing or wrong; the sentence names it and where to set it."""


class NotAllowed(ConsoleError):
    """The actor's role does not hold the action."""


class SignedOut(ConsoleError):
    """There is no session, or it has ended."""


class Conflict(ConsoleError):
    """The same work already runs, or the thing was changed by somebody else meanwhile."""


class Missing(ConsoleError):
    """No such event, attendee, race or job in our own store."""


class StoreError(ConsoleError):
    """Our own data cannot be read or written."""


class StoreUnusable(StoreError):
    """Corrupt, newer than this program, or made by the other mode (rehearsal or live)."""


class LeaseLost(StoreError):
    """A newer holder exists; the write was refused, nothing was changed."""


class ServiceError(ConsoleError):
    """An outside service did not do what was asked. `service` and `operation` name it for logs and screens."""

    def __init__(self, sentence: str, *, service: str = "", operation: str = "", code: str = "") -> None:
        super().__init__(sentence)
        self.service = service
        self.operation = operation
        self.code = code


class Unreachable(ServiceError):
    """No connection, or it broke before anything was sent: a repeat is harmless."""


class LostAnswer(ServiceError):
    """The request left and no answer came back: it may have been done."""


class Throttled(ServiceError):
    """Too many requests. `retry_after` is in real seconds."""

    def __init__(
        self, sentence: str, *, service: str = "", operation: str = "", code: str = "", retry_after: float = 1.0
    ) -> None:
        super().__init__(sentence, service=service, operation=operation, code=code)
        self.retry_after = retry_after


class Unavailable(ServiceError):
    """The service answered with a failure of its own (5xx)."""


class CredentialsExpired(ServiceError):
    """A sign-in, key or refresh token has died; the sentence says who must renew it and how."""


class AccessDenied(ServiceError):
    """A role, scope, policy or firewall rule is missing; the sentence names what the administrator must add."""


class Refused(ServiceError):
    """Final: the service refused the request itself; a repeat would be refused again."""


class NotThere(ServiceError):
    """The service knows no such profile, race, user or group."""


class Unsupported(ServiceError):
    """This service, or this version of it, lacks the ability."""


def incident_id() -> str:
    """A short id that is shown to the person and written to the log beside the traceback."""
    return "I-" + os.urandom(4).hex().upper()
