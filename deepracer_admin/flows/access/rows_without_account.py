"""Rows without an account: what a failed invitation leaves in the listing, and what counts as proof of an account.

The row of a profile is written before its account is (deepracer-on-aws.md 2.1), so a row alone proves nothing: an
invitation that fails half-way leaves one that nobody can sign in with and no call can delete, and the next invitation
makes a second row with the same address (1.3 page, 13). What is decided here, and why:

* While an invitation is under way and not answered yet, what is listed for its people says nothing.
* The service looks for an account before it makes one. So when an invitation has failed, there was no account before
  and there is none after it: every row listed for that address is one without an account. Its id is kept, which tells
  it from a later one more surely than its time of creation would; whatever is listed afterwards under another id is
  newer than the failed attempt, and when it is the only one, it is the account. (Where the service only says that it
  tripped, an account may be there; it is doubted all the same, and the next invitation clears it up.)
* What only an account can do proves one all the same: work that was done, a sign-in, a user in the pool with the row's
  id (where there are credentials on the pool), and an invitation that answers "exists" while that row is the only one.

A human may press Retry at any time; the console does not, because each attempt may leave one more row. What if it dies
here? The ids are stored before anybody is judged by them, and judged anew by every listing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from datetime import datetime

from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.access.listing_ahead import Listing
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.profiles import by_email, is_staff
from deepracer_admin.model import Attendee, Event, Lease, Profile, State, Step, StepRow
from deepracer_admin.records.profile_rows import ROWS_WITHOUT_ACCOUNT, ProfileIds
from deepracer_admin.records.ways_in import INVITATIONS, SERVICE, Chunk, ChunkState
from deepracer_admin.store import ProfileLink

__all__ = ["ROW", "has_failed", "set_aside", "tell_apart", "unanswered"]

ROW = "orphan_row"  # reason of the step of somebody who has such a row and nothing else
LEFT_BY = frozenset({"not_created", "mail_quota", "group", "not_processed"})  # reasons that may leave one
FEW = 10  # people who are looked up one by one; more are found by one listing of the pool


def unanswered(
    listing: Listing,
    rows: Mapping[str, StepRow],
    links: Mapping[str, ProfileLink],
    chunks: Iterable[Chunk],
    now: datetime,
) -> set[str]:
    """People whose invitation is under way: a row of theirs may be one that fails next. Not who is in already."""
    listed = {profile.id for profile in listing.profiles or ()}
    resting = {person for chunk in chunks if _rests(chunk, now) for person in chunk.people}
    return {
        person
        for person in listing.pending
        if not ((link := links.get(person)) and link.profile in listed)
        and not _is_made(rows.get(person))
        and not (person in resting and has_failed(rows.get(person)))
    }


def tell_apart(
    ports: Ports,
    event: Event,
    people: Sequence[Attendee],
    profiles: Sequence[Profile],
    rows: Mapping[str, StepRow],
    links: Mapping[str, ProfileLink],
    lease: Lease,
) -> dict[str, set[str]]:
    """Listed rows without an account, by attendee; stored. Costs nothing while no invitation has failed."""
    kept = {key: row.ids for key, row in ports.store.rows(event.id, ROWS_WITHOUT_ACCOUNT).items()}
    failed = {person.id for person in people if has_failed(rows.get(person.id))}
    if not failed and not kept:
        return {}
    addresses = by_email([each for each in profiles if not is_staff(each, ports.staff_emails)])
    listed = {
        person.id: [row for row in addresses.get(person.email, ()) if not _by_hand(links.get(person.id), row)]
        for person in people
        if person.id in failed or person.id in kept
    }
    known = {
        key: {*kept.get(key, ())} | ({row.id for row in listed[key]} if key in failed else set()) for key in listed
    }
    # "exists" says that one of these rows is the account after all
    released = {key for key in listed if _exists(rows.get(key)) and {row.id for row in listed[key]} <= known[key]}
    doubted = [person for person in people if person.id in failed | released and listed[person.id]]
    proven = _proven(ports, event, doubted)
    found: dict[str, set[str]] = {}
    for key, theirs in listed.items():
        accounts = {row.id for row in theirs if row.id in proven or _has_worked(row)}
        without = {row.id for row in theirs} & known[key] - accounts
        if without and (accounts or key not in released):
            found[key] = without
    fresh = {key: ProfileIds(frozenset(ids)) for key, ids in found.items()}
    if {key: row.ids for key, row in fresh.items()} != kept:
        ports.store.change_rows(
            event.id, ROWS_WITHOUT_ACCOUNT, lambda rows: {**dict.fromkeys(rows), **fresh}, lease=lease
        )
    return found


def set_aside(ports: Ports, event: Event, people: Set[str], lease: Lease) -> None:
    """Take these out of chunks that are sent again later by themselves: each attempt may leave one more row."""
    now = ports.clock.now()
    chunks = ports.store.rows(event.id, INVITATIONS)
    if not any(_rests(chunk, now) and people & {*chunk.people} for chunk in chunks.values()):
        return

    def change(stored: Mapping[str, Chunk]) -> dict[str, Chunk]:
        changed: dict[str, Chunk] = {}
        for token, chunk in stored.items():
            out = tuple(person for person in chunk.people if person in people) if _rests(chunk, now) else ()
            left = tuple(person for person in chunk.people if person not in people)
            if not out:
                continue
            done = replace(chunk, people=out, state=ChunkState.FINISHED, mails=0)  # they stay known as invited by us
            changed[token] = replace(chunk, people=left) if left else done
            if left:
                changed[f"{token}-{out[0]}"] = done
        return changed

    ports.store.change_rows(event.id, INVITATIONS, change, lease=lease)


def _proven(ports: Ports, event: Event, doubted: Sequence[Attendee]) -> set[str]:
    """Ids of profiles that have an account: somebody signed in with it, or the user pool lists it."""
    if not doubted:
        return set()
    signed_in = {row.ref for row in ports.store.steps(event.id, step=Step.SIGNED_IN) if row.state.is_done}
    return signed_in | _in_the_pool(ports, doubted)


def _in_the_pool(ports: Ports, people: Sequence[Attendee]) -> set[str]:
    """A pool that cannot be asked proves nothing."""
    if ports.pool is None:
        return set()
    try:
        pool = ports.pool()
        users = pool.users() if len(people) > FEW else map(pool.find, [person.email for person in people])
        return {user.username for user in users if user is not None}
    except ConsoleError:
        return set()


def has_failed(row: StepRow | None) -> bool:
    """Was the last word of the invitation that it failed, in a way that may leave a row?"""
    return row is not None and row.state is State.RETRY and row.reason in LEFT_BY


def _rests(chunk: Chunk, now: datetime) -> bool:
    """Is it a chunk of which nobody was served, waiting to be sent again? Nothing of it is under way then."""
    mine = chunk.state is ChunkState.PLANNED and chunk.way == SERVICE
    return mine and chunk.again_at is not None and chunk.again_at > now


def _is_made(row: StepRow | None) -> bool:
    return row is not None and row.state is State.WAITING and row.reason == "created"


def _exists(row: StepRow | None) -> bool:
    return row is not None and row.state is State.WAITING and row.reason == "exists"


def _has_worked(profile: Profile) -> bool:
    return bool(profile.minutes_used or profile.minutes_queued or profile.model_count)


def _by_hand(link: ProfileLink | None, row: Profile) -> bool:
    return link is not None and link.how == "manual" and link.profile == row.id
