"""Ending access on DeepRacer on AWS, where the profile is the access: delete what this event made, and prove it.

A failed invitation can leave a row without an account, which no call of the API can delete (1.3 page, 13): its deletion
is answered and the row stays listed. After a few rounds such a row is named, counts as nobody who can sign in unless
the user pool says otherwise, and holds the close-out up no longer. What if it dies here? Rounds are counted after the
answer, so at worst a row is asked for once more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import ConsoleError
from deepracer_admin.flows.access.invitations import Invitations
from deepracer_admin.flows.engine.jobs import Later
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.profiles import by_email, is_staff, read_profiles
from deepracer_admin.model import Event, Job, Lease, Outcome, Profile, State, Step

__all__ = ["end_access", "verify_on_aws"]

TRIES = "closing_tries"  # {"job": of which close-out, "rounds": {profile id: rounds in which it counted as deleted}}
ROUNDS = 3  # after which a row that is still listed cannot be deleted
NAMED = 10  # profile ids that are named before the rest is only counted


def end_access(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Delete what this event made, look again, and repeat until a listing shows none of it.

    Invitations that the service still works on are waited for: a profile that appears afterwards would stay behind.
    """
    ports.store.amend_attendees(event.id, lambda person: replace(person, wanted=False), lease=lease)
    invitations = Invitations(ports)
    invitations.drop_planned(event, lease)
    invitations.follow(event, lease, send=False)
    if invitations.active(event):
        raise Later("The service is still working on invitations; access ends when it is through.")
    profiles = {profile.id: profile for profile in read_profiles(ports, event, lease)}
    made = _made(ports, event, invitations, profiles)
    stuck = made & _undeletable(ports, event, job)
    refused = _remove(ports, event, job, made - stuck, lease)
    if len(refused) < len(made - stuck):
        left = counted(len(made - stuck), "profile")
        raise Later(f"{left} of this event still there: deleted now, and read back next.")
    accounts, _ = _accounts(ports, [profiles[key] for key in stuck])
    _record_gone(ports, event, {*profiles} - (stuck - accounts), lease)
    links = ports.store.links(event.id).values()
    deleted = sum(1 for link in links if link.how == "created" and link.profile not in profiles)
    adopted = sum(1 for link in links if link.how != "created" and link.profile in profiles)
    before = counted(adopted, "adopted one was there before and stays", "adopted ones were there before and stay")
    evidence = f"{counted(deleted, 'profile')} deleted (read back); {before}."
    if refused:
        evidence += f" {len(refused):,} could not be deleted: {next(iter(refused.values()))}"
    return evidence + _rows_named(stuck - accounts) + _accounts_named(stuck & accounts)


def _made(ports: Ports, event: Event, invitations: Invitations, profiles: Mapping[str, Profile]) -> set[str]:
    """Listed profiles that this event made: linked as created, or of somebody whom we invited. Never staff.

    Whoever we invited was not listed before, so every row with their address came by us: also a second one, beside the
    linked one, that a failed invitation left.
    """
    links = ports.store.links(event.id)
    found = {link.profile for link in links.values() if link.how == "created"} & set(profiles)
    addresses = by_email([*profiles.values()])
    ours = invitations.ours(event)
    for person in ports.store.attendees(event.id):
        link = links.get(person.id)
        if person.id in ours and (link is None or link.how == "created"):
            found |= {profile.id for profile in addresses.get(person.email, ())}
    taken = {link.profile for link in links.values() if link.how != "created"}
    return {key for key in found - taken if not is_staff(profiles[key], ports.staff_emails)}


def _remove(ports: Ports, event: Event, job: Job, ids: Collection[str], lease: Lease) -> dict[str, str]:
    """Delete these; returns the refused with the reason, and counts a round for those that should be gone now."""
    if not ids:
        return {}
    refused: dict[str, str] = {}
    rounds = _rounds(ports, event, job)
    for outcome in ports.racing().remove(sorted(ids)):
        if outcome.state is State.REFUSED:
            refused[outcome.person] = outcome.sentence
        elif outcome.state.is_done:
            rounds[outcome.person] = rounds.get(outcome.person, 0) + 1
    ports.store.put(event.id, TRIES, {"job": job.id, "rounds": rounds}, lease=lease)
    return refused


def _rounds(ports: Ports, event: Event, job: Job) -> dict[str, int]:
    """Of this close-out: one that is started again tries everything anew."""
    kept: Mapping[str, Any] = ports.store.get(event.id, TRIES) or {}
    return dict(kept["rounds"]) if kept.get("job") == job.id else {}


def _undeletable(ports: Ports, event: Event, job: Job) -> set[str]:
    return {key for key, rounds in _rounds(ports, event, job).items() if rounds >= ROUNDS}


def _accounts(ports: Ports, rows: Collection[Profile]) -> tuple[set[str], str]:
    """Those of these rows that have a user who may sign in, and what kept us from asking the user pool."""
    if not rows or ports.pool is None:
        return set(), ""
    try:
        pool = ports.pool()
        users = [pool.find(row.email) for row in rows if row.email]
    except ConsoleError as error:
        return set(), f" The user pool could not be asked about rows that are left: {error.sentence}"
    return {user.username for user in users if user is not None and user.enabled} & {row.id for row in rows}, ""


def _record_gone(ports: Ports, event: Event, present: Collection[str], lease: Lease) -> None:
    gone = [
        Outcome(link.attendee, step, State.TODO, "removed", "Access is gone (read back).")
        for link in ports.store.links(event.id).values()
        if link.profile not in present
        for step in (Step.PROFILE, Step.ACCESS)
    ]
    ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())


def _rows_named(rows: Collection[str]) -> str:
    """Ids only: the certificate, which holds this sentence, names nobody."""
    if not rows:
        return ""
    if len(rows) == 1:
        what, which = "1 cannot be deleted by the API: a row without an account", "remove it"
    else:
        what, which = f"{len(rows):,} cannot be deleted by the API: rows without an account", "remove them"
    return f" {what} ({_ids(rows)}); its operator must {which} from the deployment's table."


def _accounts_named(rows: Collection[str]) -> str:
    if not rows:
        return ""
    word = counted(len(rows), "profile still has an account", "profiles still have an account")
    return f" {word} that the API does not delete ({_ids(rows)}): delete the user in Cognito, then close again."


def _ids(rows: Collection[str]) -> str:
    more = f" and {len(rows) - NAMED:,} more" if len(rows) > NAMED else ""
    return ", ".join(sorted(rows)[:NAMED]) + more


def verify_on_aws(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Who can still sign in: a fresh listing, matched with the list of people. A row without an account is nobody."""
    listed = read_profiles(ports, event, lease)
    stuck = [profile for profile in listed if profile.id in _undeletable(ports, event, job)]
    accounts, trouble = _accounts(ports, stuck)
    rows = {profile.id for profile in stuck} - accounts
    people = ports.store.attendees(event.id)
    still = _still_in(ports, event, [profile for profile in listed if profile.id not in rows])
    in_group: int | None = None
    if event.group_id:
        try:
            members = ports.directory(job.created_by).members(event.group_id)
            ids = {row.ref for row in ports.store.steps(event.id, step=Step.GROUP) if row.ref}
            in_group = len(ids & members)
        except ConsoleError as error:
            trouble += f" The group could not be read: {error.sentence}"
    proof = {"can_still_sign_in": still, "in_group": in_group, "as_of": ports.clock.now().isoformat()}
    ports.store.put(event.id, "proof", proof, lease=lease)
    left = counted(len(rows), "row without an account is", "rows without an account are")
    tail = f" {left} left, which nobody can sign in with." if rows else ""
    return (
        f"{len(still):,} of {counted(len(people), 'person', 'people')} can still sign in "
        f"({counted(len(listed), 'profile')} listed).{tail}{trouble} "
        "Credentials that were already issued live up to one hour more."
    )


def _still_in(ports: Ports, event: Event, profiles: Collection[Profile]) -> list[dict[str, str]]:
    links, ours = ports.store.links(event.id), Invitations(ports).ours(event)
    addresses = by_email([*profiles])
    present = {profile.id: profile for profile in profiles}
    still: list[dict[str, str]] = []
    for person in ports.store.attendees(event.id):
        link = links.get(person.id)
        found = [*addresses.get(person.email, [])]
        if link and link.profile in present and present[link.profile] not in found:
            found.append(present[link.profile])
        how = link.how if link else "created" if person.id in ours else "not made by this event"
        for profile in found:
            why = "staff" if is_staff(profile, ports.staff_emails) else how
            still.append({"attendee": person.id, "name": person.name, "alias": profile.alias, "why": why})
    return still
