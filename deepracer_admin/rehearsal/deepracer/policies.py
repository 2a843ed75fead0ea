"""What each role's IAM policy lets through, as method and path patterns (deepracer-on-aws.md 1.3, 1.3 page 3).

A ``*`` in an IAM resource also matches ``/``: that is where the holes come from, and they are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from .state import ADMINS, COMMENTATORS, FACILITATORS, RACERS, REGISTRARS

Rules = Sequence[tuple[str, str]]

_SELF: Rules = (("GET", "/profile"), ("PATCH", "/profile"))
_RACER: Rules = (
    *_SELF,
    ("GET", "/models"),
    ("POST", "/models"),
    ("GET", "/models/*"),
    ("POST", "/models/*"),
    ("PATCH", "/models/*"),
    ("DELETE", "/models/*"),
    ("GET", "/leaderboards"),
    ("GET", "/leaderboards/*"),
    ("POST", "/leaderboards/*"),
    ("GET", "/settings/*"),
    ("POST", "/rewardFunction"),
    ("POST", "/importmodel"),
    ("POST", "/live-race/connect"),
)
_FACILITATOR: Rules = (
    *_RACER,
    ("POST", "/leaderboards"),
    ("PATCH", "/leaderboards/*"),
    ("DELETE", "/leaderboards/*"),
    ("GET", "/admin/*"),
)
_INVITE: Rules = (("POST", "/profile"),)
_EVENTS: Rules = (("GET", "/events"), ("GET", "/events/*"))

_POLICIES_1_2: dict[str, Rules] = {RACERS: (*_RACER, *_INVITE), FACILITATORS: (*_FACILITATOR, *_INVITE)}
_POLICIES_1_3: dict[str, Rules] = {
    RACERS: (*_RACER, *_EVENTS, ("POST", "/importphysicalmodel")),
    FACILITATORS: (
        *_FACILITATOR,
        *_EVENTS,
        ("POST", "/race-management/users"),
        ("GET", "/race-management/events/*"),
        ("POST", "/importphysicalmodel"),
        ("*", "/devices"),
        ("*", "/devices/*"),
        ("*", "/fleets"),
        ("*", "/fleets/*"),
        ("GET", "/deployments"),
    ),
    COMMENTATORS: (*_SELF, ("POST", "/live-race/connect"), *_EVENTS, ("GET", "/race-management/events/*")),
    REGISTRARS: (*_SELF, ("POST", "/race-management/users")),
}


def allows(role: str, method: str, path: str, version: tuple[int, ...]) -> bool:
    """`path` starts behind the stage, for example ``/profiles``."""
    if role == ADMINS:
        return True
    rules = (_POLICIES_1_3 if version >= (1, 3) else _POLICIES_1_2).get(role, ())
    return any(verb in ("*", method) and fnmatchcase(path, pattern) for verb, pattern in rules)
