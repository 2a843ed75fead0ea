"""Closing an event in the only safe order, each step with evidence that was read back.

Freeze, export, delete models, read back to zero, end access where it is granted, sponsorship off, verify. Profiles that
this event made are deleted; adopted ones and staff never. An empty group proves nothing: the proof is the listing of
who can still sign in. Every step looks first and acts only on what is left, so the whole is safe to run again. What is
particular to the managed service is in parting.py and leaving.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import AccessDenied, ConsoleError, CredentialsExpired
from deepracer_admin.flows.close_steps import MANAGED_STEPS, STEPS, CloseStep
from deepracer_admin.flows.emptying import holders
from deepracer_admin.flows.guest_book import guests_left
from deepracer_admin.flows.invitations import Invitations
from deepracer_admin.flows.jobs import Later, settle_items
from deepracer_admin.flows.leaving import await_cycle
from deepracer_admin.flows.leaving import verify as verify_managed
from deepracer_admin.flows.parting import ended, event_crowd, pause_everybody, stop_trainings, turn_off
from deepracer_admin.flows.ports import Ports
from deepracer_admin.flows.profiles import by_email, is_staff, linked_profiles, read_profiles
from deepracer_admin.flows.sponsorship import SponsorshipHandler, is_open
from deepracer_admin.model import Event, Job, Lease, Outcome, Profile, RaceStatus, State, Step
from deepracer_admin.rules.standings import board, standings_digest
from deepracer_admin.rules.tabular import inert_csv

__all__ = ["STEPS", "CloseStep", "CloseoutHandler"]

Work = Callable[[Ports, Event, Job, Lease], str]


class CloseoutHandler:
    """Job `closeout`: one item per step; a step that needs a human stops there and says so."""

    def __init__(self) -> None:
        self._steps: dict[str, Work] = {
            "freeze": _freeze,
            "pause": pause_everybody,
            "training": stop_trainings,
            "cycle": await_cycle,
            "stop": _stop,
            "export": _export,
            "models": _models,
            "zero": _zero,
            "sponsorship": _sponsorship,
            "access": _access,
            "group": _group,
            "verify": _verify,
        }

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        items = {item.key: item for item in ports.store.job_items(job.id)}
        for step in MANAGED_STEPS if "cycle" in items else STEPS:
            item = items[step.key]
            if item.state.is_done:
                continue
            try:
                evidence = self._steps[step.key](ports, event, job, lease)
            except (AccessDenied, CredentialsExpired) as error:
                settle_items(ports, job, [replace(item, state=State.WAITING, sentence=error.sentence)], lease)
                raise
            except Later as later:
                settle_items(ports, job, [replace(item, state=State.WAITING, sentence=later.sentence)], lease)
                raise
            as_of = f"{ports.clock.now():%H:%M:%S} UTC"
            done = replace(item, state=State.DONE, sentence=evidence, after={"as_of": as_of})
            settle_items(ports, job, [done], lease)
            return None  # one step a round, so that a page sees each
        now = ports.clock.now()
        ports.store.save_event(replace(ports.store.event(job.event), closed_at=now), lease=lease)
        return "The event is closed; the evidence stands beside each step."


def _freeze(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    racing = ports.racing()
    races = list(racing.races())
    now = ports.clock.event_now()
    closed, kept_open = 0, []
    marks: dict[str, Any] = dict(ports.store.get(event.id, "board_marks") or {})
    for race in races:
        if race.status(now) is RaceStatus.OPEN:
            if racing.capabilities.close_early:
                race = racing.close_race(race.id)
                closed += 1
            else:
                kept_open.append(race.draft.name)
        if race.status(now) is not RaceStatus.UPCOMING:
            ports.history.save_standings(event.id, race.id, now, list(racing.standings(race.id)))
        marks.setdefault(race.id, {}).setdefault("frozen_at", now.isoformat())
        marks[race.id]["frozen_at"] = marks[race.id]["frozen_at"] or now.isoformat()
    ports.store.save_races(event.id, list(racing.races()), seen_at=ports.clock.now(), lease=lease)
    ports.store.put(event.id, "board_marks", marks, lease=lease)
    sentence = f"{counted(len(races), 'race')} frozen, {closed} ended early."
    if kept_open:
        sentence += f" The service cannot end these early, their boards are frozen here: {', '.join(kept_open)}."
    return sentence


def _stop(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    state: dict[str, Any] = dict(ports.store.get(event.id, "onboarding") or {"state": "idle"})
    ports.store.put(event.id, "onboarding", {**state, "state": "closed"}, lease=lease)
    rows: dict[str, Any] = dict(ports.store.get(event.id, "campaigns") or {})
    stopped = 0
    for key, row in rows.items():
        if row["state"] in ("running", "scheduled", "paused"):
            rows[key] = {**row, "state": "cancelled"}
            stopped += 1
    ports.store.put(event.id, "campaigns", rows, lease=lease)
    return f"Onboarding is closed, {counted(stopped, 'mail campaign')} cancelled."


def _export(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    folder = ports.home / "exports" / event.id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark = ["REHEARSAL"] if ports.rehearsal else []
    files = 0
    for race in ports.store.races(event.id)[0]:
        rows, _ = ports.history.standings(event.id, race.id)
        lines = [[r.rank, r.alias, r.score_ms, r.best_lap_ms, r.submissions, *mark] for r in board(rows)]
        _write(
            folder / f"standings-{race.id}.csv",
            lines,
            ["Rank", "Alias", "Score (ms)", "Best lap (ms)", "Submissions", *mark],
        )
        files += 1
    profiles = read_profiles(ports, event, lease)
    people = {person.id: person for person in ports.store.attendees(event.id)}
    owners = {link.profile: people.get(link.attendee) for link in ports.store.links(event.id).values()}
    lines = []
    for profile in linked_profiles(ports, event, profiles):
        person = owners.get(profile.id)
        hours = profile.minutes_used / 60
        lines.append(
            [
                person.name if person else "",
                person.email if person else profile.email,
                profile.alias,
                person.office if person else "",
                person.cost_centre if person else "",
                round(hours, 3),
                round(hours * event.prices.per_hour, 2),
                profile.model_count,
                *mark,
            ]
        )
    columns = [
        "Name",
        "Email",
        "Alias",
        "Office",
        "Cost centre",
        "Hours used",
        "Spend (USD, estimate)",
        "Models",
        *mark,
    ]
    _write(folder / "usage.csv", lines, columns)
    digests = [
        standings_digest(ports.history.standings(event.id, race.id)[0])[:12] for race in ports.store.races(event.id)[0]
    ]
    return f"{counted(files + 1, 'file')} saved; standings digests {', '.join(digests) or 'none'}."


def _write(path: Path, rows: Sequence[Sequence[Any]], columns: Sequence[str]) -> None:
    part = path.with_suffix(".part")
    part.write_bytes(inert_csv(rows, columns))
    part.replace(path)


def _models(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Nobody may start anything new first: else models would appear as fast as they are deleted."""
    racing = ports.racing()
    open_now = not racing.capabilities.multi_user_mode and is_open(ports.store.get(event.id, "sponsorship"))
    if open_now and SponsorshipHandler().work(ports, replace(job, plan={"open": False}), lease) is None:
        raise Later("Limits are being set to 0, so that nothing new is started.")
    mine = _mine(ports, event, lease)
    owners = holders(ports, event, mine, lease)
    if not owners:
        return f"{counted(len(mine), 'profile was', 'profiles were')} looked at; none holds a model any more."
    for _ in racing.delete_models(sorted(owners)):
        pass  # the read-back of the next round counts
    raise Later(
        f"{len(owners):,} of {counted(len(mine), 'profile')} still held models; they were deleted and are read back."
    )


def _mine(ports: Ports, event: Event, lease: Lease, *, max_age_s: float = 0.0) -> Sequence[Profile]:
    """Profiles whose models go: the event's, and on the managed service whoever came while it was on."""
    if ports.racing().capabilities.multi_user_mode:
        return event_crowd(ports, event, lease, max_age_s=max_age_s).at_work
    mine = linked_profiles(ports, event, read_profiles(ports, event, lease, max_age_s=max_age_s))
    return [profile for profile in mine if not is_staff(profile, ports.staff_emails)]


def _zero(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Work that was queued may still have brought a model; it is deleted too, until a listing shows none."""
    evidence = _models(ports, event, job, lease)
    mine = _mine(ports, event, lease, max_age_s=60)
    queued = sum(profile.minutes_queued for profile in mine)
    tail = f" {queued / 60:,.1f} h are still queued or running and will be billed." if queued else ""
    return f"0 models (read back). {evidence}{tail}"


def _sponsorship(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    if ports.racing().capabilities.multi_user_mode:
        return turn_off(ports, event, job, lease)
    evidence = SponsorshipHandler().work(ports, replace(job, plan={"open": False, "final": True}), lease)
    if evidence is None:
        raise Later("Limits were set and are read back.")
    return evidence


def _access(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    """Delete what this event made, look again, and repeat until a listing shows none of it.

    Invitations that the service still works on are waited for: a profile that appears afterwards would stay behind.
    """
    if ports.racing().capabilities.multi_user_mode:
        return ended(ports, event, job, lease)
    ports.store.amend_attendees(event.id, lambda person: replace(person, wanted=False), lease=lease)
    invitations = Invitations(ports)
    invitations.drop_planned(event, lease)
    invitations.follow(event, lease, send=False)
    if invitations.active(event):
        raise Later("The service is still working on invitations; access ends when it is through.")
    profiles = {profile.id: profile for profile in read_profiles(ports, event, lease)}
    links = ports.store.links(event.id).values()
    made = _made(ports, event, invitations, profiles)
    adopted = sum(1 for link in links if link.how != "created" and link.profile in profiles)
    refused: dict[str, str] = {}
    for outcome in ports.racing().remove(sorted(made)) if made else ():
        if outcome.state is State.REFUSED:
            refused[outcome.person] = outcome.sentence
    if len(refused) < len(made):
        raise Later(f"{counted(len(made), 'profile')} of this event still there: deleted now, and read back next.")
    gone = [
        Outcome(link.attendee, step, State.TODO, "removed", "Access is gone (read back).")
        for link in links
        if link.profile not in profiles
        for step in (Step.PROFILE, Step.ACCESS)
    ]
    ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())
    deleted = sum(1 for link in links if link.how == "created" and link.profile not in profiles)
    before = counted(adopted, "adopted one was there before and stays", "adopted ones were there before and stay")
    evidence = f"{counted(deleted, 'profile')} deleted (read back); {before}."
    if refused:
        evidence += f" {len(refused):,} could not be deleted: {next(iter(refused.values()))}"
    return evidence


def _made(ports: Ports, event: Event, invitations: Invitations, profiles: Mapping[str, Profile]) -> set[str]:
    """Listed profiles that this event made: linked as created, or invited by us and not linked yet. Never staff."""
    links = ports.store.links(event.id)
    found = {link.profile for link in links.values() if link.how == "created"} & set(profiles)
    addresses = by_email([*profiles.values()])
    unlinked = invitations.ours(event) - set(links)
    for person in ports.store.attendees(event.id):
        if person.id in unlinked:
            found |= {profile.id for profile in addresses.get(person.email, ())}
    taken = {link.profile for link in links.values() if link.how != "created"}
    return {key for key in found - taken if not is_staff(profiles[key], ports.staff_emails)}


def _group(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    if not event.group_id:
        return "No group was set."
    directory = ports.directory(job.created_by)
    ids = {row.ref for row in ports.store.steps(event.id, step=Step.GROUP) if row.ref}
    members = directory.members(event.group_id)
    leaving = sorted(ids & members)
    if not leaving:
        gone = [
            Outcome(row.attendee, Step.GROUP, State.TODO, "removed", "Not a member any more (read back).", ref=row.ref)
            for row in ports.store.steps(event.id, step=Step.GROUP)
            if row.ref
        ]
        ports.store.record(event.id, gone, lease=lease, now=ports.clock.now())
        ports.guests.drop_links(event.id, lease)
        people = counted(len(ids), "person is", "people are")
        others = counted(len(members), "other stays", "others stay")
        evidence = f"0 of the event's {people} in the group (read back); {others}."
        return f"{evidence} {guests_left(ports.guests.counts(event))}".rstrip()
    told = {outcome.person: outcome for outcome in directory.remove(event.group_id, leaving)}
    refused = [outcome for outcome in told.values() if outcome.state is State.REFUSED]
    if len(refused) == len(leaving):
        return f"{counted(len(refused), 'person', 'people')} could not be taken out of the group: {refused[0].sentence}"
    raise Later(f"{counted(len(leaving), 'person', 'people')} still in the group: taken out now, and read back next.")


def _verify(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    if ports.racing().capabilities.multi_user_mode:
        return verify_managed(ports, event, job, lease)
    profiles = read_profiles(ports, event, lease)
    people = ports.store.attendees(event.id)
    links = ports.store.links(event.id)
    addresses = by_email(profiles)
    present = {profile.id: profile for profile in profiles}
    still: list[dict[str, str]] = []
    for person in people:
        link = links.get(person.id)
        found: list[Profile] = addresses.get(person.email, [])
        if link and link.profile in present and present[link.profile] not in found:
            found = [*found, present[link.profile]]
        for profile in found:
            why = "staff" if is_staff(profile, ports.staff_emails) else (link.how if link else "not made by this event")
            still.append({"attendee": person.id, "name": person.name, "alias": profile.alias, "why": why})
    in_group: int | None = None
    trouble = ""
    if event.group_id:
        try:
            members = ports.directory(job.created_by).members(event.group_id)
            ids = {row.ref for row in ports.store.steps(event.id, step=Step.GROUP) if row.ref}
            in_group = len(ids & members)
        except ConsoleError as error:
            trouble = f" The group could not be read: {error.sentence}"
    proof = {"can_still_sign_in": still, "in_group": in_group, "as_of": ports.clock.now().isoformat()}
    ports.store.put(event.id, "proof", proof, lease=lease)
    return (
        f"{len(still):,} of {counted(len(people), 'person', 'people')} can still sign in "
        f"({counted(len(profiles), 'profile')} listed).{trouble} "
        "Credentials that were already issued live up to one hour more."
    )
