"""Closing an event in the only safe order, each step with evidence that was read back.

Freeze, export, delete models, read back to zero, end access where it is granted, sponsorship off, verify. Profiles that
this event made are deleted; adopted ones and staff never. An empty group proves nothing: the proof is the listing of
who can still sign in. Every step looks first and acts only on what is left, so the whole is safe to run again. Races
are frozen in freezing.py; what ends access is in removing.py, and for the managed service in parting.py and leaving.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.errors import AccessDenied, CredentialsExpired
from deepracer_admin.flows.close_steps import MANAGED_STEPS, STEPS, CloseStep
from deepracer_admin.flows.emptying import holders
from deepracer_admin.flows.freezing import freeze
from deepracer_admin.flows.guest_book import guests_left
from deepracer_admin.flows.jobs import Later, settle_items
from deepracer_admin.flows.leaving import await_cycle
from deepracer_admin.flows.leaving import verify as verify_managed
from deepracer_admin.flows.parting import ended, event_crowd, pause_everybody, stop_trainings, turn_off
from deepracer_admin.flows.ports import Ports
from deepracer_admin.flows.profiles import is_staff, linked_profiles, read_profiles
from deepracer_admin.flows.removing import end_access, verify_on_aws
from deepracer_admin.flows.sponsorship import SponsorshipHandler, is_open
from deepracer_admin.model import Event, Job, Lease, Outcome, Profile, State, Step
from deepracer_admin.private import open_private, private_folder
from deepracer_admin.rules.standings import board, standings_digest
from deepracer_admin.rules.tabular import inert_csv

__all__ = ["STEPS", "CloseStep", "CloseoutHandler"]

Work = Callable[[Ports, Event, Job, Lease], str]


class CloseoutHandler:
    """Job `closeout`: one item per step; a step that needs a human stops there and says so."""

    def __init__(self) -> None:
        self._steps: dict[str, Work] = {
            "freeze": freeze,
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
    private_folder(folder)
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
    earlier = ports.history.used_before_reset(event.id)
    people = {person.id: person for person in ports.store.attendees(event.id)}
    owners = {link.profile: people.get(link.attendee) for link in ports.store.links(event.id).values()}
    lines = []
    for profile in linked_profiles(ports, event, profiles):
        person = owners.get(profile.id)
        hours = (profile.minutes_used + earlier.get(profile.id, 0.0)) / 60
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
    with open(part, "wb", opener=open_private) as file:
        file.write(inert_csv(rows, columns))
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
    multi = ports.racing().capabilities.multi_user_mode
    return ended(ports, event, job, lease) if multi else end_access(ports, event, job, lease)


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
    multi = ports.racing().capabilities.multi_user_mode
    return verify_managed(ports, event, job, lease) if multi else verify_on_aws(ports, event, job, lease)
