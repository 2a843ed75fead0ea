"""Does a listed profile still have an account that can sign in? Three answers: yes, no, and not known.

DeepRacer on AWS deletes the account first and the row of the listing after it, so a deletion that was answered as done
proves that the account is gone. A deletion that fails with `500 {}` proves nothing: there may be no account (a row that
a failed invitation left), or Cognito may have failed for any other reason, with the account alive
(deepracer-on-aws-capacity.md 5). What settles it are AWS credentials on the user pool; without them the honest answer,
after several tries over minutes, is that it is not known.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from deepracer_admin.directory.pool import PoolUser, UserPool
from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Outcome, Profile, State
from deepracer_admin.records.closing import Deletion
from deepracer_admin.rules.asked_again import SETTLE, is_asked_enough, next_ask

__all__ = ["Account", "Accounts", "accounts_of", "after_answer", "due_at", "is_open_how"]

ROUNDS = 3  # deletions answered as done after which a row that is still listed is one without an account
FEW = 10  # rows that are looked up one by one; more are found by one listing of the pool


class Account(Enum):
    LIVE = "live"  # the user pool lists a user who may sign in
    NONE = "none"  # no such user, or a disabled one; or its deletion was answered as done
    NOT_KNOWN = "not known"


@dataclass(frozen=True, slots=True)
class Accounts:
    """By profile id; `trouble`: why the user pool did not tell, a sentence."""

    known: Mapping[str, Account]
    trouble: str = ""

    def of(self, answer: Account) -> set[str]:
        return {key for key, each in self.known.items() if each is answer}


def after_answer(before: Deletion | None, job: str, outcome: Outcome, now: datetime) -> Deletion:
    """The deletion with one more answer. That a profile which is listed is not there proves as little as an error."""
    kept = before if before is not None and before.job == job else Deletion(job)
    done = outcome.state is State.DONE
    unclear = outcome.state in (State.ALREADY, State.UNKNOWN)
    return Deletion(
        job,
        rounds=kept.rounds + done,
        unclear=kept.unclear + unclear,
        first_at=kept.first_at or now,
        last_at=now,
        sentence=outcome.sentence if unclear else kept.sentence,
    )


def due_at(deletion: Deletion | None, now: datetime) -> datetime:
    """When to ask for it (again): at once, and with growing pauses while the answers prove nothing; or when it has been
    asked for long enough, where that is before."""
    if deletion is None or not deletion.unclear or deletion.last_at is None:
        return now
    again, over = next_ask(deletion.unclear, deletion.last_at), (deletion.first_at or now) + SETTLE
    return min(again, over) if is_asked_enough(deletion.unclear, deletion.first_at, over) else again


def is_open_how(deletion: Deletion | None, now: datetime) -> bool:
    """Was it tried often and long enough to say that it proves nothing?"""
    return deletion is not None and is_asked_enough(deletion.unclear, deletion.first_at, now)


def accounts_of(ports: Ports, profiles: Iterable[Profile], deletions: Mapping[str, Deletion], job: str) -> Accounts:
    """Of listed profiles whose deletion was answered in this close-out; those never asked for are left out."""
    known: dict[str, Account] = {}
    doubted: list[Profile] = []
    for profile in profiles:
        deletion = deletions.get(profile.id)
        if deletion is None or deletion.job != job:
            continue
        if deletion.rounds >= ROUNDS or (deletion.rounds and deletion.unclear):
            known[profile.id] = Account.NONE
        elif deletion.unclear:
            known[profile.id] = Account.NOT_KNOWN
            doubted.append(profile)
    if not doubted:
        return Accounts(known)
    if ports.pool is None:
        return Accounts(known, "The console has no AWS credentials on the user pool.")
    try:
        users = _users(ports.pool(), doubted)
    except ConsoleError as error:
        return Accounts(known, f"The user pool could not be asked: {error.sentence}")
    told = {each.id: Account.LIVE if each.id in users and users[each.id].enabled else Account.NONE for each in doubted}
    return Accounts({**known, **told})


def _users(pool: UserPool, rows: Collection[Profile]) -> dict[str, PoolUser]:
    """Users of these rows, by their name in the pool, which is the profile's id. An error tells nothing, so it is
    raised."""
    if len(rows) > FEW:
        return {user.username: user for user in pool.users()}
    found = [pool.account(row.id) for row in rows]
    return {user.username: user for user in found if user is not None}
