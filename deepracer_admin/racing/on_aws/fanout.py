"""One call per person, several at a time, one outcome for each (architecture.md, Outcomes).

An error that would meet everybody (no network, no role, no password, too many calls) stops the round: those who were
not asked yet stay RETRY, and when nobody was served at all the error itself is raised.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from deepracer_admin.model import Outcome, State, Step

__all__ = ["outcome_of", "spread"]

T = TypeVar("T")

_MEETS_EVERYBODY = (AccessDenied, CredentialsExpired, Throttled, Unreachable, Unsupported)


def spread(
    things: Sequence[T],
    act: Callable[[T], Outcome],
    *,
    person: Callable[[T], str],
    in_flight: int,
    on_error: Callable[[str, ServiceError], Outcome],
) -> list[Outcome]:
    """Outcomes in the order of `things`. `act` raises a ServiceError, which `on_error` turns into an outcome."""
    if not things:
        return []
    stop: list[ServiceError] = []
    served = threading.Event()

    def one(thing: T) -> Outcome:
        if stop:
            return outcome_of(person(thing), stop[0])
        try:
            outcome = act(thing)
        except _MEETS_EVERYBODY as error:
            stop.append(error)
            return outcome_of(person(thing), error)
        except ServiceError as error:
            outcome = on_error(person(thing), error)
        served.set()
        return outcome

    with ThreadPoolExecutor(max_workers=min(in_flight, len(things)), thread_name_prefix="racing") as pool:
        outcomes = list(pool.map(one, things))
    if stop and not served.is_set():
        raise stop[0]
    return outcomes


def outcome_of(person: str, error: ServiceError, *, lost: State = State.UNKNOWN) -> Outcome:
    """What an error means for one person. `lost`: RETRY where a repeat is harmless, else UNKNOWN."""
    reason = error.code or type(error).__name__
    if isinstance(error, LostAnswer):
        return Outcome(person, Step.PROFILE, lost, reason, error.sentence)
    if isinstance(error, Throttled):
        return Outcome(person, Step.PROFILE, State.RETRY, reason, error.sentence, retry_after=error.retry_after)
    if isinstance(error, AccessDenied | CredentialsExpired | Unreachable | Unavailable):
        return Outcome(person, Step.PROFILE, State.RETRY, reason, error.sentence, retry_after=30.0)
    if isinstance(error, NotThere):
        return Outcome(person, Step.PROFILE, State.REFUSED, "not_there", error.sentence)
    return Outcome(person, Step.PROFILE, State.REFUSED, reason, error.sentence)
