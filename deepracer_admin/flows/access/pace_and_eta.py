"""How fast onboarding goes, what holds it back, and when everybody will have their mail. Estimates, and said to be."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from deepracer_admin.model import SenderLimits, State, Step
from deepracer_admin.records.racing_service import AccountSeen

__all__ = ["Progress", "limit_in_force", "measure"]

WINDOW = timedelta(minutes=2)
Funnel = Mapping[Step, Mapping[State, int]]


@dataclass(frozen=True, slots=True)
class Progress:
    """People a minute who reached their mail; minutes until all have, None when that cannot be said."""

    per_minute: float
    eta_minutes: float | None


def measure(passed: deque[tuple[datetime, int]], funnel: Funnel, now: datetime) -> Progress:
    """Adds this moment to `passed` (time, people done), forgets what is older than two minutes, and reckons."""
    mail = funnel.get(Step.MAIL, {})
    done = _done(mail)
    if passed and passed[-1][1] > done:
        passed.clear()  # another event, or an undone list
    passed.append((now, done))
    while len(passed) > 2 and now - passed[0][0] > WINDOW:
        passed.popleft()
    first_at, first = passed[0]
    minutes = (now - first_at).total_seconds() / 60
    rate = (done - first) / minutes if minutes > 0.05 else 0.0
    stuck = mail.get(State.REFUSED, 0) + mail.get(State.UNKNOWN, 0) + funnel.get(Step.PROFILE, {}).get(State.REFUSED, 0)
    left = max(0, sum(mail.values()) - done - stuck)
    eta = 0.0 if not left else round(left / rate, 1) if rate > 0 else None
    return Progress(round(rate, 1), eta)


def limit_in_force(
    funnel: Funnel, sender: SenderLimits | None, seen: AccountSeen, *, through_pool: bool = False
) -> str:
    """What decides the pace now, in words: the service while people wait for access, the sender once they have it."""
    mail = f"mail at {0.8 * sender.per_second:g}/s (0.8 of the account's rate)" if sender else ""
    profile, access = funnel.get(Step.PROFILE, {}), _done(funnel.get(Step.ACCESS, {}))
    waiting = sum(profile.values()) - profile.get(State.REFUSED, 0) - access
    ready = access - _done(funnel.get(Step.MAIL, {}))
    if waiting > ready and through_pool:
        return "the user pool takes 20 calls a second, two to make a user, three for a first password"
    if waiting > ready:
        if seen.kind == "managed":
            return "the directory's cycle carries people into IAM Identity Center about every 40 minutes"
        how = "one invitation job at a time" if seen.capabilities.bulk_invite else "8 invitations at a time"
        return f"DeepRacer on AWS takes {how}" + (f"; {mail}" if mail else "")
    return mail


def _done(states: Mapping[State, int]) -> int:
    return sum(count for state, count in states.items() if state.is_done)
