"""Everything the worker does for one event: its bound ports, its reconcilers, its duties, its lease.

One process at a time holds the lease `worker/<event>`; the others stand by and take over when it dies
(flows/engine/lease.py). Each duty runs in its own thread at its own pace, so that a long listing never holds up the
mail. What reconcilers remember between passes belongs to this event on its present service; when the event moves to
another service, the worker makes a new runtime (worker/loop.py). What if it dies here? Nothing that counts is in
memory.

An event that came from a backup and waits (records/restored.py) has no runtime in a worker; where there is one all the
same, as in a function, its duties do nothing.
"""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Collection, Mapping
from datetime import datetime

from deepracer_admin.compose import Console
from deepracer_admin.flows.access.entra_group import MembershipReconciler
from deepracer_admin.flows.access.onboarding import ProfileReconciler
from deepracer_admin.flows.access.pace_and_eta import limit_in_force, measure
from deepracer_admin.flows.access.proof import IdentityCenterProof, SignedInFromCognito
from deepracer_admin.flows.calls.caller import Caller
from deepracer_admin.flows.calls.watch import AlarmWatch
from deepracer_admin.flows.engine.jobs import JobRunner
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.flows.mail.campaigns import CampaignReconciler, ensure_access_campaign
from deepracer_admin.flows.people.registrations import RegistrationReconciler
from deepracer_admin.flows.races.watch import RaceWatcher, UsageWatcher
from deepracer_admin.flows.setup.connect_check import plan_due_check
from deepracer_admin.flows.sponsorship.budget import BudgetWatcher
from deepracer_admin.flows.sponsorship.race_room import Holder
from deepracer_admin.model import Event, Lease, Sending, Step
from deepracer_admin.records.calls import CALL_LIST
from deepracer_admin.records.campaigns import CAMPAIGNS, LIVE
from deepracer_admin.records.mail_sender import SENDER
from deepracer_admin.records.onboarding import ONBOARDING, ONBOARDING_REPORT, TROUBLE, Onboarding, OnboardingReport, Run
from deepracer_admin.records.racing_service import ACCOUNT
from deepracer_admin.records.restored import waits_here
from deepracer_admin.records.ways_in import POOL
from deepracer_admin.worker.duties import Duty, DutyThreads
from deepracer_admin.worker.handlers import HANDLERS

__all__ = ["EventRuntime"]

LEASE_TTL_S = 15.0
REPORT_EVERY_S = 2.0
ALARMS_EVERY_S, CALLS_EVERY_S = 10.0, 2.0


class EventRuntime:
    """The duties of one event. `start` and `stop` for the worker, `run_once` for tests."""

    def __init__(self, console: Console, event: Event, *, holder: str = "", lease_ttl_s: float = LEASE_TTL_S) -> None:
        self.console = console
        self.event_id, self.service = event.id, event.service
        ports = self.ports = console.ports_of(event.id)
        self.lead = Leadership(
            console.store,
            f"worker/{event.id}",
            holder or platform.node() or "console",
            ttl_s=lease_ttl_s,
            clock=console.clock,
            presence=console.presence,
        )
        self.jobs = JobRunner(ports, HANDLERS)
        self.profiles = ProfileReconciler(ports, keep_on=self._is_onboarding)
        self.members = MembershipReconciler(ports)
        self.mail = CampaignReconciler(ports, keep_on=lambda: not self.threads.stopping.is_set())
        self.registrations = RegistrationReconciler(ports)
        self.usage = UsageWatcher(ports)
        self.races = RaceWatcher(ports)
        self.holder = Holder(ports)
        self.budget = BudgetWatcher(ports)
        self.alarms = AlarmWatch(ports, lambda: dict(self.threads.errors))
        self.caller = Caller(ports)
        self.proof = IdentityCenterProof(ports, ports.proof) if ports.proof else None
        self.sign_ins = SignedInFromCognito(ports, ports.pool) if ports.pool else None
        revision = lambda: console.store.revision(event.id)  # noqa: E731
        waits = lambda: waits_here(console.store, event.id)  # noqa: E731
        self.threads = DutyThreads(self.lead, self._duties(), self._trouble, revision, waits)
        self._passed: deque[tuple[datetime, int]] = deque()
        self._reported_at = 0.0
        self._well: dict[str, int] = {}  # duty -> under which epoch of the lease it is known to have no trouble
        self._invite_pause = 0.5
        self._mails_went = False

    def _duties(self) -> tuple[Duty, ...]:
        return (
            Duty("jobs", lambda lease: self.jobs.run(self.event_id, lease), lambda: 0.3),
            Duty(
                "registrations",
                lambda lease: self.registrations.run(self._event(), lease),
                lambda: 0.5,
                lambda: self.registrations.rests(self.event_id),
            ),
            Duty(
                "invitations",
                lambda lease: self._invite(self._event(), lease),
                lambda: self._invite_pause,
                self._is_onboarding_quiet,
            ),
            Duty(
                "onboarding", lambda lease: self._onboard(self._event(), lease), lambda: 0.5, self._is_onboarding_quiet
            ),
            Duty("group", lambda lease: self._group(self._event(), lease), lambda: 0.7, self._is_onboarding_quiet),
            Duty(
                "mail",
                lambda lease: self._mail(self._event(), lease),
                lambda: 0.02 if self._mails_went else 0.4,
                self._is_mail_quiet,
            ),
            Duty("delivery events", lambda lease: self._events(self._event(), lease), lambda: 3.0),
            Duty("proof", lambda lease: self._prove(self._event(), lease), lambda: 1.0, self._is_onboarding_quiet),
            Duty(
                "signed in",
                lambda lease: self._see_sign_ins(self._event(), lease),
                lambda: 2.0,
                self._is_onboarding_quiet,
            ),
            Duty(
                "usage",
                lambda lease: self.usage.run(self._event(), lease),
                lambda: self.usage.interval_s(self._event()),
            ),
            Duty("budget", lambda lease: self.budget.run(self._event(), lease), lambda: self.budget.pause_s),
            Duty("alarms", lambda lease: self.alarms.run(self._event(), lease), lambda: ALARMS_EVERY_S),
            Duty("calls", lambda lease: self.caller.run(self._event(), lease), lambda: CALLS_EVERY_S),
            Duty("pre-flight", lambda lease: plan_due_check(self.ports, self._event(), lease), lambda: 30.0),
            Duty("room", lambda lease: self.holder.run(self._event(), lease), lambda: self.holder.pause_s),
            Duty("races", lambda lease: self.races.run(self._event(), lease), self._races_pause_s),
        )

    # --------------------------------------------------------------------------------------------- running

    def start(self) -> None:
        """Start the duties in the background; they stand by while another process has this event's lease."""
        self.threads.start()

    def stop(self) -> None:
        """Stop after what is under way; claimed work and the lease are given back, so that another goes on at once."""
        try:
            self.threads.stop()
            self.mail.close()
            self.caller.close()
        finally:
            self.lead.stop()

    def run_once(self, names: Collection[str] | None = None) -> list[str]:
        """Every duty once (or those of these `names`), in order, in this thread. Returns the names of what failed."""
        return self.threads.run_once(names)

    @property
    def mails_went(self) -> bool:
        """Did the last round of the mail duty send any?"""
        return self._mails_went

    def _event(self) -> Event:
        return self.console.store.event(self.event_id)

    def _trouble(self, duty: str, sentence: str, lease: Lease) -> None:
        """One sentence per duty, shown on Event and Onboarding until the duty succeeds again or visibly goes on."""
        if not sentence and self._well.get(duty) == lease.epoch:
            return  # nobody but the holder of the lease writes it
        if self.console.store.read(self.event_id, TROUBLE).get(duty, "") != sentence:
            self.console.store.update(self.event_id, TROUBLE, lambda told: _told(told, duty, sentence), lease=lease)
        self._well[duty] = -1 if sentence else lease.epoch

    # ---------------------------------------------------------------------------------------------- duties

    def _state(self, event: Event) -> Onboarding:
        return self.console.store.read(event.id, ONBOARDING)

    def _is_onboarding(self) -> bool:
        return not self.threads.stopping.is_set() and self._state(self._event()).state is Run.RUNNING

    def _is_onboarding_quiet(self) -> bool:
        return self.console.store.read(self.event_id, ONBOARDING).state is not Run.RUNNING

    def _is_mail_quiet(self) -> bool:
        """Nothing is queued, claimed, to be tried again, or to be sent at a time."""
        if self._mails_went or not self._is_onboarding_quiet():
            return False  # before anything is counted: this is asked fifty times a second while mail goes out
        store = self.console.store
        counts = store.delivery_counts(self.event_id)
        if any(counts[state] for state in (Sending.PENDING, Sending.CLAIMED, Sending.FAILED)):
            return False
        campaigns = store.rows(self.event_id, CAMPAIGNS).values()
        return not any(campaign.state in LIVE for campaign in campaigns)

    def _races_pause_s(self) -> float:
        """A rehearsal passes quickly; where no race is, one of another's making is looked for at leisure."""
        if not self.console.settings.rehearsal:
            return 20.0
        return 3.0 if self.races.watches else 9.0

    def _invite(self, event: Event, lease: Lease) -> None:
        """Invitations go on while another duty lists; at once when there is more to send, else at a gentle pace."""
        self._invite_pause = 0.5
        if self._state(event).state is Run.RUNNING and self.profiles.invitations.active(event):
            invitations = self.profiles.invitations
            settled = invitations.follow(event, lease)
            self._invite_pause = 0.02 if settled and not invitations.is_paced else invitations.pause_s

    def _onboard(self, event: Event, lease: Lease) -> None:
        if self._state(event).state is not Run.RUNNING:
            return
        ensure_access_campaign(self.ports, event, lease)
        self.profiles.look(event, lease)

    def _group(self, event: Event, lease: Lease) -> None:
        state = self._state(event)
        if state.state is Run.RUNNING:
            self.members.run(event, lease, acting_for=state.by, goes_on=lambda: self._trouble("group", "", lease))

    def _prove(self, event: Event, lease: Lease) -> None:
        """Where a directory cycle grants access: look whether people have arrived."""
        state = self._state(event)
        if self.proof and state.state is Run.RUNNING and not self.ports.racing().capabilities.invite:
            self.proof.run(event, lease, acting_for=state.by)

    def _see_sign_ins(self, event: Event, lease: Lease) -> None:
        if self.sign_ins and self._state(event).state is Run.RUNNING and self._on_aws():
            self.sign_ins.run(event, lease)

    def _on_aws(self) -> bool:
        return self.ports.racing().kind == "on_aws"

    def _mail(self, event: Event, lease: Lease) -> None:
        self._mails_went = self.mail.run(event, lease) > 0
        if self._state(event).state is Run.RUNNING:
            self._report(event, lease)

    def _events(self, event: Event, lease: Lease) -> None:
        store = self.console.store
        if store.rows(event.id, CAMPAIGNS) or store.read(event.id, CALL_LIST).addresses:
            self.mail.take_events(event, lease)

    def _report(self, event: Event, lease: Lease) -> None:
        """Rate over the last two minutes, the limit in force, and when everybody will have their mail (estimates)."""
        if self.console.clock.monotonic() - self._reported_at < REPORT_EVERY_S:
            return
        self._reported_at = self.console.clock.monotonic()
        now, store = self.console.clock.now(), self.console.store
        funnel = store.funnel(event.id)
        progress = measure(self._passed, funnel, now)
        report = OnboardingReport(
            as_of=now,
            rate_per_minute=progress.per_minute,
            eta_minutes=progress.eta_minutes,
            limit=limit_in_force(
                funnel,
                store.read(event.id, SENDER),
                store.read(event.id, ACCOUNT),
                through_pool=event.way_in == POOL,
            ),
            not_known=() if self.sign_ins and self._on_aws() else (Step.SIGNED_IN,),
        )
        store.keep(event.id, ONBOARDING_REPORT, report, lease=lease)


def _told(before: Mapping[str, str], duty: str, sentence: str) -> dict[str, str]:
    return {key: value for key, value in {**before, duty: sentence}.items() if value}
