"""Letting people in through the user pool: their users are made by the console, with our alias, without Cognito's mail.

The intent is an invitation chunk of the way "pool" (invitations.py), stored before a call. What if it dies here?

* before a call: nothing happened, the chunk is worked through again;
* between two calls, or before the record: everybody of the chunk is in `doubt`, so a user who turns up at the repeat
  counts as made by us, and is given the racers' role if that was still missing;
* a lost answer: asked again at once in the same way.

Who exists and was not in doubt was there before us: adopted, never deleted, and never given a new password.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from deepracer_admin.directory.pool import UserPool
from deepracer_admin.errors import BadSettings, LostAnswer, Refused, ServiceError, Throttled, Unavailable
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Invitee, Outcome, State, Step

__all__ = ["CHUNK", "Entered", "enter", "open_pool"]

CHUNK = 40  # people: about four seconds at the pool's pace, so that a pause is heard soon
PATIENCE_S = 5.0


@dataclass(slots=True)
class Entered:
    """What came of a chunk. `left` go again; `doubt` of them may have been made. `trouble`: it would meet everybody."""

    outcomes: list[Outcome] = field(default_factory=list)
    existed: set[str] = field(default_factory=set)
    left: list[str] = field(default_factory=list)
    doubt: list[str] = field(default_factory=list)
    wait_s: float = 0.0
    trouble: ServiceError | None = None


def open_pool(ports: Ports) -> UserPool:
    """The connected pool. Raises BadSettings with what to set, or why the credentials cannot be used."""
    if ports.pool is None:
        raise BadSettings(
            "There are no credentials on the user pool: set DEEPRACER_ADMIN_DEEPRACER_USER_POOL, or let the service "
            "invite (Set up, Way in)."
        )
    return ports.pool()


def enter(ports: Ports, people: Sequence[Invitee], *, doubtful: Set[str], known: Set[str] = frozenset()) -> Entered:
    """Make users for these people, as many at once as the pool's limit says; it paces itself.

    `doubtful` may have been made by an earlier try. `known` existed at an earlier one and still have no profile: that
    needs a human. Raises BadSettings; a ServiceError comes back as `trouble`, after everybody's outcome.
    """
    pool = open_pool(ports)
    found = Entered()
    if not people:
        return found
    in_flight = min([limit.in_flight for limit in pool.limits] or [1])

    def one(person: Invitee) -> tuple[Outcome, bool, ServiceError | None]:
        doubt = person.key in doubtful
        if found.trouble is not None:
            return _retry(person, found.trouble), doubt, None
        try:
            try:
                entry = pool.create(person, known_absent=not doubt)
            except LostAnswer:
                doubt = True
                entry = pool.create(person)
        except Refused as error:
            return (
                Outcome(person.key, Step.PROFILE, State.REFUSED, error.code or "refused", error.sentence),
                doubt,
                None,
            )
        except LostAnswer as error:
            return _retry(person, error), True, None
        except ServiceError as error:
            found.trouble = error  # whoever is not asked yet waits too
            return _retry(person, error), doubt or isinstance(error, Unavailable), error
        if not entry.existed or doubt:
            return Outcome(person.key, Step.PROFILE, State.DONE, "created", ref=entry.username), True, None
        if person.key in known:
            return Outcome(person.key, Step.PROFILE, State.REFUSED, "no_profile", _NO_PROFILE), False, None
        return Outcome(person.key, Step.PROFILE, State.ALREADY, "exists", ref=entry.username), False, None

    with ThreadPoolExecutor(min(in_flight, len(people)), thread_name_prefix="pool") as threads:
        answers = list(threads.map(one, people))
    for outcome, doubt, _ in answers:
        found.outcomes.append(outcome)
        if outcome.state is State.RETRY:
            found.left.append(outcome.person)
            found.doubt += [outcome.person] if doubt else []
        elif not doubt:
            found.existed.add(outcome.person)
    found.wait_s = max((outcome.retry_after or 0.0 for outcome in found.outcomes), default=0.0)
    hold_still(ports, pool, (error for _, _, error in answers))
    return found


def hold_still(ports: Ports, pool: UserPool, errors: Iterable[ServiceError | None]) -> None:
    """A pause that the pool asked for holds every process."""
    asked = max((error.retry_after for error in errors if isinstance(error, Throttled)), default=0.0)
    if asked:
        for limit in pool.limits:
            ports.pacer.back_off(limit, asked)


def _retry(person: Invitee, error: ServiceError) -> Outcome:
    wait = error.retry_after if isinstance(error, Throttled) else PATIENCE_S
    return Outcome(person.key, Step.PROFILE, State.RETRY, type(error).__name__, error.sentence, retry_after=wait)


_NO_PROFILE = (
    "The user pool has a user with this address who has no profile: its administrator must delete that user in "
    "Cognito, then press “Retry them” on the Onboarding page."
)
