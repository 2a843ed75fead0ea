"""Ending access on DeepRacer on AWS, where the profile is the access: delete what this event made, and prove it.

A profile that is still listed after its deletion may be a row without an account, which no call of the API can delete
(1.3 page, 13), or a live account that Cognito did not let go: live_accounts.py tells them apart, or says that it is
not known. Either way the close-out ends. What if it dies here? Answers are counted after they came, so at worst a
profile is asked for once more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from deepracer_admin.counted import counted
from deepracer_admin.flows.access.invitations import Invitations
from deepracer_admin.flows.closeout.live_accounts import (
    Account,
    Accounts,
    accounts_of,
    after_answer,
    due_at,
    is_open_how,
)
from deepracer_admin.flows.closeout.steps import NotYet, Told
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.readings.models import note_perhaps
from deepracer_admin.flows.readings.needed_elsewhere import hand_over
from deepracer_admin.flows.readings.profiles import by_email, is_staff, linked_profiles, read_profiles
from deepracer_admin.model import Event, Job, Lease, Outcome, Profile, State, Step
from deepracer_admin.records.closing import CLOSING_STEPS, DELETIONS, Deletion, Leftover
from deepracer_admin.store import ProfileLink

__all__ = ["NOT_PROVEN_WAY_OUT", "end_access"]

NAMED = 10  # profile ids that are named before the rest is only counted
INVITATIONS = timedelta(minutes=10)  # real time for which invitations under way are waited for
LONGEST_PAUSE_S = 60.0


def end_access(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    """Delete what this event made, look again, and repeat until a listing shows none of it, or nothing more helps.

    Invitations that the service still works on are waited for, not for ever: a profile that appears afterwards would
    stay behind, and is named as what is left.
    """
    ports.store.amend_attendees(event.id, lambda person: replace(person, wanted=False), lease=lease)
    invitations = Invitations(ports)
    late = _invitations_end(ports, event, invitations, lease)
    profiles = {profile.id: profile for profile in read_profiles(ports, event, lease)}
    linked = linked_profiles(ports, event, [*profiles.values()])
    note_perhaps(ports, event, job.id, [each for each in linked if not is_staff(each, ports.staff_emails)], lease)
    made = _made(ports, event, invitations, profiles)
    _link_made(ports, event, [profiles[key] for key in made], lease)
    needed = hand_over(ports, event, lease)
    kept = {key for key in made if needed.needs(profiles[key])}
    made -= kept
    accounts = accounts_of(ports, [profiles[key] for key in made], ports.store.rows(event.id, DELETIONS, made), job.id)
    refused = _delete(ports, event, job, made - accounts.of(Account.NONE), lease)
    _record_gone(ports, event, {*profiles} - accounts.of(Account.NONE), lease)
    links = ports.store.links(event.id).values()
    deleted = sum(1 for link in links if link.how == "created" and link.profile not in profiles)
    adopted = sum(1 for link in links if link.how != "created" and link.profile in profiles)
    before = counted(adopted, "adopted one was there before and stays", "adopted ones were there before and stay")
    evidence = f"{counted(deleted, 'profile')} deleted (seen at the service); {before}."
    if refused:
        evidence += f" {len(refused):,} could not be deleted: {next(iter(refused.values()))}"
    if needed.access:
        evidence += f" {needed.keep(PROFILE, needed.access)}"
    leftovers = (*_leftovers(accounts, refused, late), *_kept(kept))
    return Told(
        " ".join([evidence, *(each.sentence for each in leftovers if each.which and not each.is_kept)]).rstrip(),
        leftovers,
        not_known=bool(accounts.of(Account.NOT_KNOWN)),
    )


def _link_made(ports: Ports, event: Event, made: Collection[Profile], lease: Lease) -> None:
    """Link what onboarding had no time for: only a link can be handed over to another event."""
    links, addresses = ports.store.links(event.id), by_email([*made])
    taken, now = {link.profile for link in links.values()}, ports.clock.now()
    ports.store.link(
        event.id,
        [
            ProfileLink(person.id, found[0].id, "created", now)
            for person in ports.store.attendees(event.id)
            if person.id not in links
            and len(found := addresses.get(person.email, [])) == 1
            and found[0].id not in taken
        ],
        lease=lease,
    )


def _kept(kept: Collection[str]) -> tuple[Leftover, ...]:
    if not kept:
        return ()
    return (Leftover("profiles that another open event needs", len(kept), _ids(kept), KEPT, KEPT_OUT, is_kept=True),)


def _invitations_end(ports: Ports, event: Event, invitations: Invitations, lease: Lease) -> str:
    """Nothing more is invited; raises NotYet while what is under way may still end. A sentence when it did not."""
    invitations.drop_planned(event, lease)
    invitations.follow(event, lease, send=False)
    if not invitations.active(event):
        return ""
    row = ports.store.row(event.id, CLOSING_STEPS, "access")
    began = row.began_at if row is not None and row.began_at else ports.clock.now()
    if ports.clock.now() - began < INVITATIONS:
        raise NotYet("The service is still working on invitations; access ends when it is through.")
    return "The service did not finish invitations within ten minutes; whom they still let in stays."


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


def _delete(ports: Ports, event: Event, job: Job, ids: Collection[str], lease: Lease) -> dict[str, str]:
    """Delete these; the refused with the reason. Raises NotYet until all are refused, or judged as open how."""
    if not ids:
        return {}
    now = ports.clock.now()
    kept = _of_job(ports.store.rows(event.id, DELETIONS, ids), job)
    todo = [key for key in ids if not is_open_how(kept.get(key), now)]
    due = sorted(key for key in todo if due_at(kept.get(key), now) <= now)
    answers = {outcome.person: outcome for outcome in ports.racing().remove(due)} if due else {}
    if answers:
        ports.store.change_rows(
            event.id,
            DELETIONS,
            lambda rows: {key: after_answer(rows.get(key), job.id, each, now) for key, each in answers.items()},
            keys=answers,
            lease=lease,
        )
    refused = {key: each.sentence for key, each in answers.items() if each.state is State.REFUSED}
    left = [key for key in todo if key not in refused]
    if not left:
        return refused
    word = counted(len(left), "profile")
    if any(answers[key].state is State.DONE for key in left if key in answers):
        said, pause = f"{word} of this event still there: deleted now, and looked for again next.", 2.0
    else:
        kept = _of_job(ports.store.rows(event.id, DELETIONS, left), job)
        pause = _until([due_at(kept.get(key), now) for key in left], now)
        said = f"{word} of this event still there, and the service's answer proves nothing; they are asked for again."
        later = [answers[key].sentence for key in left if key in answers and answers[key].state is State.RETRY]
        if later:
            said = f"{word} of this event still there: {later[0]}"
    listed = Leftover("profiles that this event made are still listed", len(left), _ids(left), said, CLOSE)
    raise NotYet(said, pause, left=[listed])


def _of_job(rows: Mapping[str, Deletion], job: Job) -> dict[str, Deletion]:
    """Of this close-out: one that is started again tries everything anew."""
    return {key: row for key, row in rows.items() if row.job == job.id}


def _until(moments: Collection[datetime], now: datetime) -> float:
    return min(max(2.0, (min(moments) - now).total_seconds()), LONGEST_PAUSE_S)


def _record_gone(ports: Ports, event: Event, present: Collection[str], lease: Lease) -> None:
    gone = [
        Outcome(link.attendee, step, State.TODO, "removed", "Access is gone (seen at the service).")
        for link in ports.store.links(event.id).values()
        if link.profile not in present
        for step in (Step.PROFILE, Step.ACCESS)
    ]
    ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())


def _leftovers(accounts: Accounts, refused: Mapping[str, str], late: str) -> tuple[Leftover, ...]:
    """Ids only: the certificate, which holds these, names nobody."""
    found: list[Leftover] = []
    if rows := accounts.of(Account.NONE):
        found.append(Leftover("rows without an account", len(rows), _ids(rows), ROW, ROW_OUT))
    if live := accounts.of(Account.LIVE):
        found.append(Leftover("live accounts", len(live), _ids(live), LIVE, LIVE_OUT))
    if open_ := accounts.of(Account.NOT_KNOWN):
        found.append(Leftover("profiles of which it is not known", len(open_), _ids(open_), OPEN, NOT_PROVEN_WAY_OUT))
    if refused:
        why = next(iter(refused.values()))
        found.append(Leftover("profiles that the service refuses to delete", len(refused), (), why, CLOSE))
    if late:
        found.append(Leftover("invitations without an answer", 1, (), late, CLOSE))
    return tuple(found)


PROFILE = "profile"
KEPT = "They were handed over to that event."
KEPT_OUT = "Its own close-out deletes them."
CLOSE = "Close again: each profile is looked at anew."
ROW = "The API cannot delete such a row; nobody can sign in with it."
ROW_OUT = "The deployment's operator removes the row from its table of profiles."
LIVE = "The user pool lists the user, and the API did not delete it."
LIVE_OUT = "Delete the user in Cognito, then close again."
OPEN = (
    "The service answered every deletion with an error that proves nothing and lists the profile still: it may be a "
    "row without an account, or an account that can sign in."
)
NOT_PROVEN_WAY_OUT = (
    "Give the console AWS credentials on the user pool (Set up, Way in) and close again, or look the user up in "
    "Cognito and delete it there."
)


def _ids(rows: Collection[str]) -> tuple[str, ...]:
    return tuple(sorted(rows)[:NAMED])
