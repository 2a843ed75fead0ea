"""Closing an event in the only safe order, each step with evidence that was read back.

Freeze, wait for the last results, export, end access where it is granted, delete models, read back to zero, sponsorship
off, verify. Profiles that this event made are deleted; adopted ones and staff never. An empty group proves nothing: the
proof is the listing of who can still sign in. Every step looks first and acts only on what is left, so the whole is
safe to run again.

Every step ends: with evidence, or as one that cannot be done, after so long without getting on (steps.py) or because
a human skips it; then what is left is named, with the reason and the way out, and the next step begins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from deepracer_admin.counted import counted
from deepracer_admin.errors import (
    BadInput,
    Conflict,
    ConsoleError,
    LeaseLost,
    Missing,
    NotThere,
    Refused,
    Unsupported,
    incident_id,
)
from deepracer_admin.flows.closeout.await_results import await_results
from deepracer_admin.flows.closeout.delegations import drop_delegations, those_lent
from deepracer_admin.flows.closeout.delete_models import delete_models, read_back_to_zero
from deepracer_admin.flows.closeout.end_access_on_aws import end_access
from deepracer_admin.flows.closeout.end_managed_event import ended, pause_everybody, stop_trainings, turn_off
from deepracer_admin.flows.closeout.export_files import export
from deepracer_admin.flows.closeout.freeze_boards import freeze
from deepracer_admin.flows.closeout.leave_group import leave_group
from deepracer_admin.flows.closeout.leave_identity_center import await_cycle
from deepracer_admin.flows.closeout.leave_identity_center import verify as verify_managed
from deepracer_admin.flows.closeout.steps import LONGEST, MANAGED_STEPS, PROTECTS, STEPS, CloseStep, NotYet, Told
from deepracer_admin.flows.closeout.verify_on_aws import verify_on_aws
from deepracer_admin.flows.engine.jobs import Later, settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.sponsorship.switch import SponsorshipHandler
from deepracer_admin.model import Event, Job, JobItem, Lease, State
from deepracer_admin.records.campaigns import CAMPAIGNS, cancelled
from deepracer_admin.records.closing import CLOSING_STEPS, ENDING, ClosingStep, Ending, Leftover
from deepracer_admin.records.onboarding import ONBOARDING, Run

__all__ = ["GIVEN_UP", "LEFT", "NOT_KNOWN", "SKIPPED", "STEPS", "CloseStep", "CloseoutHandler", "has_ended"]

Work = Callable[[Ports, Event, Job, Lease], Told | str]

log = logging.getLogger(__name__)

LEFT, SKIPPED, NOT_KNOWN, GIVEN_UP = "left", "skipped", "not_known", "given_up"
"""Reasons of a step that ended otherwise than done: something is left, a human skipped it, it is open how things stand,
its patience ended."""

FEWEST = 3  # tries before patience may end: a laptop that slept has not tried
FINAL = (Refused, NotThere, Unsupported, BadInput, Missing)
AGAIN_S = 5.0
UNEXPECTED, UNEXPECTED_S = "Something unexpected happened", 60.0


class CloseoutHandler:
    """Job `closeout`: one item per step; a step that needs a human says so, and ends all the same."""

    patience = None  # each step has its own

    def __init__(self) -> None:
        self._steps: dict[str, Work] = {
            "freeze": freeze,
            "results": await_results,
            "pause": pause_everybody,
            "training": stop_trainings,
            "cycle": await_cycle,
            "stop": _stop,
            "export": export,
            "models": delete_models,
            "zero": read_back_to_zero,
            "sponsorship": _sponsorship,
            "access": _access,
            "group": leave_group,
            "verify": _verify,
        }

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        items = {item.key: item for item in ports.store.job_items(job.id)}
        for step in MANAGED_STEPS if "cycle" in items else STEPS:
            if step.key in items and not has_ended(items[step.key]):  # one begun before a step was added goes on
                self._try(ports, event, job, step, items[step.key], lease)
                return None  # one step a round, so that a page sees each
        return _finish(ports, event, job, [*items.values()], lease)

    def _try(self, ports: Ports, event: Event, job: Job, step: CloseStep, item: JobItem, lease: Lease) -> None:
        """One try. Raises what makes the runner wait and try again, while the step's patience lasts."""
        row = _begin(ports, event, job, step, lease)
        if row.skip is not None:
            said = f"Skipped by an organizer. {item.sentence}".rstrip()
            left = (Leftover(step.title, why="An organizer went on without it.", way_out=step.way_out),)
            return _end(ports, event, job, step, replace(item, reason=SKIPPED, sentence=said), left, lease)
        try:
            told = self._steps[step.key](ports, event, job, lease)
        except (LeaseLost, Conflict):
            raise
        except Later as later:
            waits: Exception = later
        except FINAL as error:
            waits = NotYet(error.sentence, AGAIN_S)
        except ConsoleError as error:
            waits = error
        except Exception:
            incident = incident_id()
            log.exception("incident %s in step %s of job %s", incident, step.key, job.id)
            waits = NotYet(f"{UNEXPECTED} ({incident}); the log has the details.", UNEXPECTED_S)
        else:
            return _done(ports, event, job, step, item, told if isinstance(told, Told) else Told(told), lease)
        said = str(getattr(waits, "sentence", ""))
        if _is_over(ports, step, _note(ports, event, step, said, lease)):
            left = getattr(waits, "left", ()) or (Leftover(step.title, why=said, way_out=step.way_out),)
            given_up = replace(item, reason=GIVEN_UP, sentence=f"Not done: {said} {step.way_out}")
            return _end(ports, event, job, step, given_up, left, lease)
        settle_items(ports, job, [replace(item, state=State.WAITING, sentence=said)], lease)
        raise waits


def has_ended(item: JobItem) -> bool:
    """Is nothing more tried in this close-out?"""
    return item.state.is_done or item.reason in (LEFT, SKIPPED, NOT_KNOWN, GIVEN_UP)


def _begin(ports: Ports, event: Event, job: Job, step: CloseStep, lease: Lease) -> ClosingStep:
    """Count one more try. A skip that was asked for before the first try stays asked for."""
    now, event_now = ports.clock.now(), ports.clock.event_now()

    def change(rows: Mapping[str, ClosingStep]) -> dict[str, ClosingStep]:
        kept = rows.get(step.key, ClosingStep())
        kept = kept if kept.job == job.id else ClosingStep(job.id)
        if kept.began_at is None:
            kept = replace(kept, began_at=now, since=now, event_since=event_now)
        return {step.key: replace(kept, tries=kept.tries + 1, stalled=kept.stalled + 1)}

    ports.store.change_rows(event.id, CLOSING_STEPS, change, keys=[step.key], lease=lease)
    return ports.store.rows(event.id, CLOSING_STEPS, [step.key])[step.key]


def _note(ports: Ports, event: Event, step: CloseStep, said: str, lease: Lease) -> ClosingStep:
    """What it waits for. When that changed the step gets on, so its patience begins anew."""
    said = UNEXPECTED if said.startswith(UNEXPECTED) else said  # each has a number of its own
    now, event_now = ports.clock.now(), ports.clock.event_now()

    def change(rows: Mapping[str, ClosingStep]) -> dict[str, ClosingStep]:
        kept = rows[step.key]
        if kept.mark == said:
            return {}
        if not kept.mark:  # the first thing it waits for: it has waited since its first try
            return {step.key: replace(kept, mark=said)}
        return {step.key: replace(kept, mark=said, since=now, event_since=event_now, stalled=1)}

    ports.store.change_rows(event.id, CLOSING_STEPS, change, keys=[step.key], lease=lease)
    return ports.store.rows(event.id, CLOSING_STEPS, [step.key])[step.key]


def _is_over(ports: Ports, step: CloseStep, row: ClosingStep) -> bool:
    now = ports.clock.now()
    began = row.extended_at or row.began_at
    if row.tries < FEWEST or row.since is None or row.event_since is None or began is None:
        return False
    waited = ports.clock.event_now() - row.event_since if step.by_event_time else now - row.since
    return (row.stalled >= FEWEST and waited >= step.patience) or now - began >= LONGEST


def _done(ports: Ports, event: Event, job: Job, step: CloseStep, item: JobItem, told: Told, lease: Lease) -> None:
    is_left = any(not each.is_kept for each in told.leftovers)
    reason = NOT_KNOWN if told.not_known else LEFT if is_left else ""
    _end(ports, event, job, step, replace(item, reason=reason, sentence=told.sentence), told.leftovers, lease)


def _end(
    ports: Ports,
    event: Event,
    job: Job,
    step: CloseStep,
    item: JobItem,
    leftovers: tuple[Leftover, ...],
    lease: Lease,
) -> None:
    """Keep how the step ended; the row first, so that a step which counts as ended has its time."""
    at: datetime | None = None if item.reason == SKIPPED else ports.clock.now()
    leftovers = tuple(each if each.cost or each.is_kept else replace(each, cost=step.cost) for each in leftovers)
    ports.store.change_rows(
        event.id,
        CLOSING_STEPS,
        lambda rows: {step.key: replace(rows[step.key], read_back_at=at, leftovers=leftovers)},
        keys=[step.key],
        lease=lease,
    )
    states = {"": State.DONE, NOT_KNOWN: State.UNKNOWN}
    settle_items(ports, job, [replace(item, state=states.get(item.reason, State.REFUSED))], lease)


def _finish(ports: Ports, event: Event, job: Job, items: list[JobItem], lease: Lease) -> str:
    """Mark the event as closed, unless what protects people could not be done. Raises Refused then."""
    rows = ports.store.rows(event.id, CLOSING_STEPS)
    met = {each.same for row in rows.values() if row.job == job.id for each in row.leftovers if not each.is_kept}
    left = len(met)
    failed = [item for item in items if item.key in PROTECTS and item.reason == GIVEN_UP]
    if failed:
        raise Refused(f"The event is not closed. {failed[0].sentence} Start it again when that is settled.")
    now = ports.clock.now()
    in_directory = any(
        not each.is_kept for key in DIRECTORY & {*rows} if rows[key].job == job.id for each in rows[key].leftovers
    )
    dropped = 0 if in_directory else drop_delegations(ports, event)
    ending = Ending(job.id, now, dropped, those_lent(ports, event))
    ports.store.update(event.id, ENDING, lambda kept: _once(kept, ending), lease=lease)
    ports.store.amend_event(job.event, lambda event: replace(event, closed_at=now), lease=lease)
    try:
        ports.keep_certificate(event.id)
    except ConsoleError as error:  # the event is closed all the same; the Close page makes one from what is stored
        log.warning("the certificate of %s was not kept: %s", event.id, error.sentence)
    if not left:
        return "The event is closed; the evidence stands beside each step."
    return f"The event is closed; {counted(left, 'thing is', 'things are')} left, each named beside its step."


DIRECTORY = frozenset({"group", "cycle"})
"""Steps that act in the directory for whoever started: while they left something, it is closed again for that."""


def _once(kept: Ending | None, now: Ending) -> Ending:
    """Who died between the two writes has dropped some already: they are counted once more."""
    before = kept.dropped if kept is not None and kept.job == now.job else 0
    return replace(now, dropped=before + now.dropped)


def _stop(ports: Ports, event: Event, job: Job, lease: Lease) -> str:
    ports.store.update(event.id, ONBOARDING, lambda onboarding: replace(onboarding, state=Run.CLOSED), lease=lease)
    stopped = ports.store.change_rows(event.id, CAMPAIGNS, cancelled, lease=lease)
    return f"Onboarding is closed, {counted(len(stopped), 'mail campaign')} cancelled."


def _sponsorship(ports: Ports, event: Event, job: Job, lease: Lease) -> Told | str:
    if ports.racing().capabilities.multi_user_mode:
        return turn_off(ports, event, job, lease)
    evidence = SponsorshipHandler().work(ports, replace(job, plan={"open": False, "final": True}), lease)
    if evidence is None:
        raise NotYet("Limits were set and are looked at again.")
    return evidence


def _access(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    multi = ports.racing().capabilities.multi_user_mode
    return ended(ports, event, job, lease) if multi else end_access(ports, event, job, lease)


def _verify(ports: Ports, event: Event, job: Job, lease: Lease) -> Told:
    multi = ports.racing().capabilities.multi_user_mode
    return verify_managed(ports, event, job, lease) if multi else verify_on_aws(ports, event, job, lease)
