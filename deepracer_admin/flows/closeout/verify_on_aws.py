"""Who can still sign in to DeepRacer on AWS: a fresh listing, and the user pool where it may be read.

Three answers for each person of the list, with what was seen (records/proven.py). The listing of profiles alone proves
an end, because the account goes before its row (deepracer-on-aws.md 1.7); the pool proves more, also of accounts that
no row shows. Both only look, so there is nothing to repair after a crash.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from deepracer_admin.counted import counted
from deepracer_admin.directory.pool import PoolUser
from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.access.invitations import Invitations
from deepracer_admin.flows.closeout.end_access_on_aws import NOT_PROVEN_WAY_OUT
from deepracer_admin.flows.closeout.live_accounts import Account, accounts_of
from deepracer_admin.flows.closeout.proven import in_the_group, record_answers, said_elsewhere, still_elsewhere
from deepracer_admin.flows.closeout.steps import Told
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.needed_elsewhere import needed_elsewhere
from deepracer_admin.flows.readings.profiles import by_email, is_staff, read_profiles
from deepracer_admin.model import Attendee, Event, Job, Lease, Profile
from deepracer_admin.records.adopted_quotas import ADOPTED_QUOTAS
from deepracer_admin.records.closing import DELETIONS, GIVEN_BACK, PROOF, GivenBack, Proof, StillIn
from deepracer_admin.rules.still_in import number_of, still_in_words

__all__ = ["verify_on_aws"]

UNSEEN = "account"
"""Why somebody can still sign in whom no profile shows: the user pool lists an enabled user with their address."""


def verify_on_aws(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Of whom nothing is proven, it says so."""
    listed = read_profiles(ports, event, lease)
    accounts = accounts_of(ports, listed, ports.store.rows(event.id, DELETIONS), job.id)
    rows, open_ = accounts.of(Account.NONE), accounts.of(Account.NOT_KNOWN)
    people = ports.store.attendees(event.id)
    needed = needed_elsewhere(ports, event)
    users, trouble = _enabled_users(ports)
    everybody = _still_in(ports, event, people, [profile for profile in listed if profile.id not in rows])
    everybody += _unseen(ports, people, users or {}, known={each.attendee for _, each in everybody})
    found = [(key, each) for key, each in everybody if each.attendee not in needed.access]
    elsewhere = still_elsewhere(needed, [each for _, each in everybody])
    still = tuple(each for key, each in found if key not in open_)
    named = {each.attendee for each in still}
    not_known = tuple(each for key, each in found if key in open_ and each.attendee not in named)
    group = in_the_group(ports, event, job, needed)
    settle = f"{accounts.trouble} {NOT_PROVEN_WAY_OUT}".strip() if not_known else ""
    proof = Proof(ports.clock.now(), job.id, still, not_known, settle, elsewhere, group.ours, group_before=group.before)
    source = {profile.email.strip().lower() for profile in listed if profile.id in rows}
    without_account = {person.id for person in people if person.email in source}
    unlisted = "listing" if users is None else "pool"
    record_answers(
        ports,
        event,
        proof,
        lease,
        gone=lambda person: "no_account" if person.id in without_account else unlisted,
    )
    ports.store.update(event.id, PROOF, lambda _: proof, lease=lease)
    _look_at_limits(ports, event, job, listed, lease)
    left = counted(len(rows), "row without an account is", "rows without an account are")
    tail = f" {left} left, which nobody can sign in with." if rows else ""
    if unseen := sum(each.why == UNSEEN for each in still):
        one = "of them has an account in the user pool and no profile"
        tail += f" {counted(unseen, one, one.replace('has', 'have', 1))}."
    tail += said_elsewhere(needed, elsewhere)
    if not_known:
        tail += f" Not known for {counted(len(not_known), 'person', 'people')}: {settle}"
    elif trouble:
        tail += f" The user pool was not asked as well: {trouble}"
    return Told(
        f"{still_in_words(number_of(still), len(not_known), len(people))} "
        f"({counted(len(listed), 'profile')} listed).{tail}{group.trouble} "
        "Credentials that were already issued live up to one hour more.",
        not_known=bool(not_known),
    )


def _enabled_users(ports: Ports) -> tuple[Mapping[str, PoolUser] | None, str]:
    """Everybody of the pool who may sign in, by name in it; None where it was not asked, with the reason if it
    failed."""
    if ports.pool is None:
        return None, ""
    try:
        return {user.username: user for user in ports.pool().users() if user.enabled}, ""
    except ConsoleError as error:
        return None, error.sentence


def _unseen(
    ports: Ports, people: Iterable[Attendee], users: Mapping[str, PoolUser], *, known: Collection[str]
) -> list[tuple[str, StillIn]]:
    """(name in the pool, who) of whoever has an account there and is not found by a profile. Never staff."""
    by_address = {user.email.strip().lower(): user for user in users.values()}
    return [
        (user.username, StillIn(person.id, person.name, person.alias, UNSEEN))
        for person in people
        if person.id not in known
        and person.email not in ports.staff_emails
        and (user := by_address.get(person.email)) is not None
    ]


def _still_in(
    ports: Ports, event: Event, people: Sequence[Attendee], profiles: Collection[Profile]
) -> list[tuple[str, StillIn]]:
    """(profile id, who) for each listed profile of somebody on the list."""
    links, ours = ports.store.links(event.id), Invitations(ports).ours(event)
    addresses = by_email([*profiles])
    present = {profile.id: profile for profile in profiles}
    still: list[tuple[str, StillIn]] = []
    for person in people:
        link = links.get(person.id)
        found = [*addresses.get(person.email, [])]
        if link and link.profile in present and present[link.profile] not in found:
            found.append(present[link.profile])
        how = link.how if link else "created" if person.id in ours else "not made by this event"
        for profile in found:
            why = "staff" if is_staff(profile, ports.staff_emails) else how
            still.append((profile.id, StillIn(person.id, person.name, profile.alias, why)))
    return still


def _look_at_limits(ports: Ports, event: Event, job: Job, listed: Collection[Profile], lease: Lease) -> None:
    """How many of those from before the event are listed with the limits that they had."""
    former = ports.store.rows(event.id, ADOPTED_QUOTAS)
    present = [profile for profile in listed if profile.id in former]
    back = sum(profile.quota == former[profile.id] for profile in present)
    seen = GivenBack(job.id, ports.clock.now(), len(present), back)
    ports.store.update(event.id, GIVEN_BACK, lambda _: seen, lease=lease)
