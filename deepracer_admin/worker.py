"""The loop that makes what is into what should be, outside any browser session.

One process at a time holds the lease `worker`; the others stand by and take over when it dies
(flows/engine/lease.py). Each duty runs in its own thread at its own pace, so that a long listing never holds up the
mail. A duty that fails says so in one sentence (key `trouble`) and is tried again; an unexpected failure gets an
incident id that is in the log.
"""

from __future__ import annotations

import logging
import platform
import ssl
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from deepracer_admin.clock import ScaledClock
from deepracer_admin.compose import Console
from deepracer_admin.errors import BadSettings, ConsoleError, LeaseLost, Missing, Throttled, incident_id
from deepracer_admin.flows.access.entra_group import MembershipReconciler
from deepracer_admin.flows.access.onboarding import ProfileReconciler
from deepracer_admin.flows.access.pace_and_eta import limit_in_force, measure
from deepracer_admin.flows.access.proof import IdentityCenterProof, SignedInFromCognito
from deepracer_admin.flows.access.resend_invitation import InviteResendHandler
from deepracer_admin.flows.closeout.erase_people import Eraser
from deepracer_admin.flows.closeout.run import CloseoutHandler
from deepracer_admin.flows.engine.jobs import JobRunner
from deepracer_admin.flows.engine.lease import Leadership
from deepracer_admin.flows.mail.campaigns import CampaignReconciler, MailTestHandler, ensure_access_campaign
from deepracer_admin.flows.races.entrants import AdmitHandler, ExpelHandler, LinkHandler
from deepracer_admin.flows.races.race_jobs import (
    ModelsHandler,
    RaceCloseHandler,
    RaceCreateHandler,
    RaceDeleteHandler,
    RaceEditHandler,
)
from deepracer_admin.flows.races.watch import RaceWatcher, UsageWatcher
from deepracer_admin.flows.setup.connect_check import CheckHandler
from deepracer_admin.flows.setup.staff import AccountLimitsHandler, RoleHandler
from deepracer_admin.flows.sponsorship.quotas import QuotaHandler
from deepracer_admin.flows.sponsorship.switch import SponsorHandler, SponsorshipHandler
from deepracer_admin.model import Event, Lease, Step
from deepracer_admin.records.guest_book import hide_links
from deepracer_admin.records.onboarding import ONBOARDING, ONBOARDING_REPORT, TROUBLE, Onboarding, OnboardingReport, Run
from deepracer_admin.records.ways_in import POOL
from deepracer_admin.services.base import CURRENT_EVENT
from deepracer_admin.settings import read_practice

__all__ = ["Worker"]

log = logging.getLogger(__name__)
LEASE_TTL_S = 15.0
REPORT_EVERY_S = 2.0
PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # loopback needs no authorities; reading them each second takes 20 ms


@dataclass(frozen=True, slots=True)
class Duty:
    """Something the worker does again and again. `pause` gives the real seconds until the next round."""

    name: str
    run: Callable[[Event, Lease], Any]
    pause: Callable[[Event], float]


class Worker:
    """Runs the duties for the current event. `start` and `stop` for a server, `run_forever` for the command line."""

    def __init__(self, console: Console, *, holder: str = "") -> None:
        self.console = console
        ports = console.ports
        self.lead = Leadership(
            console.store, "worker", holder or platform.node() or "console", ttl_s=LEASE_TTL_S, clock=console.clock
        )
        self._tended = ("", "")
        self._tending = threading.Lock()
        self._take_up()
        self.eraser = Eraser(ports)
        self.jobs = JobRunner(
            ports,
            {
                "sponsorship": SponsorshipHandler(),
                "check": CheckHandler(),
                "quota": QuotaHandler(),
                "role": RoleHandler(),
                "account.limits": AccountLimitsHandler(),
                "sponsor": SponsorHandler(),
                "models.delete": ModelsHandler(),
                "race.create": RaceCreateHandler(),
                "race.edit": RaceEditHandler(),
                "race.close": RaceCloseHandler(),
                "race.delete": RaceDeleteHandler(),
                "race.admit": AdmitHandler(),
                "race.expel": ExpelHandler(),
                "race.link": LinkHandler(),
                "mail.test": MailTestHandler(),
                "invite.resend": InviteResendHandler(),
                "closeout": CloseoutHandler(),
            },
        )
        self.duties = (
            Duty("jobs", lambda event, lease: self.jobs.run(event.id, lease), lambda _: 0.3),
            Duty("invitations", self._invite, lambda _: self._invite_pause),
            Duty("onboarding", self._onboard, lambda _: 0.5),
            Duty("group", self._group, lambda _: 0.7),
            Duty("mail", self._mail, lambda _: 0.02 if self._mails_went else 0.4),
            Duty("delivery events", self._events, lambda _: 3.0),
            Duty("proof", self._prove, lambda _: 1.0),
            Duty("signed in", self._see_sign_ins, lambda _: 2.0),
            Duty(
                "usage", lambda event, lease: self.usage.run(event, lease), lambda event: self.usage.interval_s(event)
            ),
            *([Duty("outbox", lambda _, lease: self._copy_outbox(lease), lambda _: 3.0)] if ports.rehearsal else []),
            Duty(
                "races",
                lambda event, lease: self.races.run(event, lease),
                lambda _: 3.0 if console.settings.rehearsal else 20.0,
            ),
            Duty("erasure", lambda _, lease: self.eraser.run(lease), lambda _: 60.0),
        )
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._passed: deque[tuple[datetime, int]] = deque()
        self._reported_at = 0.0
        self._invite_pause = 0.5
        self._mails_went = False
        self._outbox_seq = 0

    def _take_up(self) -> None:
        """Fresh reconcilers: what they remember between passes belongs to one event on one service."""
        ports = self.console.ports
        self.profiles = ProfileReconciler(ports, keep_on=self._is_onboarding)
        self.members = MembershipReconciler(ports)
        self.mail = CampaignReconciler(ports)
        self.usage = UsageWatcher(ports)
        self.races = RaceWatcher(ports)
        self.proof = IdentityCenterProof(ports, ports.proof) if ports.proof else None
        self.sign_ins = SignedInFromCognito(ports, ports.pool) if ports.pool else None

    def _tend(self, event: Event) -> None:
        """Another event, or another service of it, is taken up anew."""
        with self._tending:
            if self._tended != (event.id, event.service):
                if self._tended[0]:
                    self.mail.close()
                    self._take_up()
                self._tended = (event.id, event.service)

    # --------------------------------------------------------------------------------------------- running

    def start(self) -> None:
        """Start the duties in the background."""
        self._stop.clear()
        if self.console.settings.rehearsal:
            self._anchor_clock()
            self._spawn("clock", self._keep_practice_time)
        self.lead.start()
        for duty in self.duties:
            self._spawn(duty.name, lambda duty=duty: self._loop(duty))

    def _spawn(self, name: str, target: Callable[[], None]) -> None:
        thread = threading.Thread(target=target, name=f"worker-{name}", daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Stop after what is under way; the lease is given back, so that another takes over at once."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout=20)
        self._threads.clear()
        self.mail.close()
        self.lead.stop()

    def run_forever(self) -> None:
        """Until `stop` is called from a signal handler or another thread."""
        self.start()
        try:
            while not self._stop.wait(1.0):
                pass
        finally:
            self.stop()

    def request_stop(self) -> None:
        """Ask `run_forever` to end; safe in a signal handler."""
        self._stop.set()

    def run_once(self) -> None:
        """Every duty once, in order, in this thread: for tests."""
        self.lead.beat()
        event = self._event()
        if event is None:
            return
        for duty in self.duties:
            self._round(duty, event)

    def _loop(self, duty: Duty) -> None:
        pause = 0.5
        while not self._stop.is_set():
            try:
                event = self._event()
                if event is not None and self.lead.held:
                    self._round(duty, event)
                    pause = duty.pause(event)
                else:
                    pause = 0.5
            except Exception:
                log.exception("incident %s in the worker's loop (%s)", incident_id(), duty.name)
                pause = 2.0
            self._stop.wait(pause)

    def _round(self, duty: Duty, event: Event) -> None:
        self._tend(event)
        try:
            self._tried(duty, event, self.lead.lease)
        except LeaseLost:
            log.info("duty %s stands by: another worker holds the lease", duty.name)

    def _tried(self, duty: Duty, event: Event, lease: Lease) -> None:
        try:
            duty.run(event, lease)
        except LeaseLost:
            raise
        except ConsoleError as error:
            self._trouble(event, duty.name, error.sentence, lease)
            log.info("duty %s waits: %s", duty.name, type(error).__name__)
            self._stop.wait(min(error.retry_after, 30.0) if isinstance(error, Throttled) else 1.0)
        except Exception:
            incident = incident_id()
            log.exception("incident %s in duty %s", incident, duty.name)
            sentence = f"Something unexpected happened ({incident}); the log has the details."
            self._trouble(event, duty.name, sentence, lease)
            self._stop.wait(2.0)
        else:
            self._trouble(event, duty.name, "", lease)

    def _trouble(self, event: Event, duty: str, sentence: str, lease: Lease) -> None:
        """One sentence per duty, shown on Event and Onboarding until the duty succeeds again or visibly goes on."""
        if self.console.store.read(event.id, TROUBLE).get(duty, "") != sentence:
            self.console.store.update(event.id, TROUBLE, lambda told: _told(told, duty, sentence), lease=lease)

    def _event(self) -> Event | None:
        chosen = self.console.store.read("", CURRENT_EVENT)
        try:
            return self.console.store.event(chosen) if chosen else None
        except Missing:
            return None

    # ---------------------------------------------------------------------------------------------- duties

    def _state(self, event: Event) -> Onboarding:
        return self.console.store.read(event.id, ONBOARDING)

    def _is_onboarding(self) -> bool:
        event = self._event()
        return event is not None and not self._stop.is_set() and self._state(event).state is Run.RUNNING

    def _invite(self, event: Event, lease: Lease) -> None:
        """Invitations go on while another duty lists; at once when there is more to send, else at a gentle pace."""
        self._invite_pause = 0.5
        if self._state(event).state is Run.RUNNING and self.profiles.invitations.active(event):
            settled = self.profiles.invitations.follow(event, lease)
            self._invite_pause = 0.02 if settled else self.profiles.invitations.pause_s

    def _onboard(self, event: Event, lease: Lease) -> None:
        if self._state(event).state is not Run.RUNNING:
            return
        ensure_access_campaign(self.console.ports, event, lease)
        self.profiles.look(event, lease)

    def _group(self, event: Event, lease: Lease) -> None:
        state = self._state(event)
        if state.state is Run.RUNNING:
            self.members.run(
                event, lease, acting_for=state.by, goes_on=lambda: self._trouble(event, "group", "", lease)
            )

    def _prove(self, event: Event, lease: Lease) -> None:
        """Where a directory cycle grants access: look whether people have arrived."""
        state = self._state(event)
        if self.proof and state.state is Run.RUNNING and not self.console.ports.racing().capabilities.invite:
            self.proof.run(event, lease, acting_for=state.by)

    def _see_sign_ins(self, event: Event, lease: Lease) -> None:
        if self.sign_ins and self._state(event).state is Run.RUNNING and self._on_aws():
            self.sign_ins.run(event, lease)

    def _on_aws(self) -> bool:
        return self.console.ports.racing().kind == "on_aws"

    def _mail(self, event: Event, lease: Lease) -> None:
        self._mails_went = self.mail.run(event, lease) > 0
        if self._state(event).state is Run.RUNNING:
            self._report(event, lease)

    def _events(self, event: Event, lease: Lease) -> None:
        if self.console.store.get(event.id, "campaigns"):
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
                store.get(event.id, "sender") or {},
                store.get(event.id, "account") or {},
                through_pool=event.way_in == POOL,
            ),
            not_known=() if self.sign_ins and self._on_aws() else (Step.SIGNED_IN,),
        )
        store.keep(event.id, ONBOARDING_REPORT, report, lease=lease)

    # ------------------------------------------------------------------------------------- practice world

    def _keep_practice_time(self) -> None:
        while not self._stop.wait(1.0):
            self._anchor_clock()

    def _anchor_clock(self) -> None:
        """Rehearsal only: event time is the practice world's; between two looks the clock runs on by itself."""
        clock = self.console.clock
        if not isinstance(clock, ScaledClock):
            return
        try:
            control = read_practice(self.console.settings.home).control
            status = httpx.get(f"{control}/status", timeout=2.0, trust_env=False, verify=PLAIN).json()
        except (BadSettings, httpx.HTTPError, ValueError):
            return  # the practice world is down; its services say so by themselves
        paused = bool(status.get("paused"))
        clock.anchor(datetime.fromisoformat(status["now"]).astimezone(UTC), 0.0 if paused else float(status["speed"]))

    def _copy_outbox(self, lease: Lease) -> None:
        """Rehearsal only: the mails that the practice world captured, for the outbox viewer (the last 500)."""
        try:
            control = read_practice(self.console.settings.home).control
            answer = httpx.get(
                f"{control}/outbox",
                params={"after": self._outbox_seq, "limit": 500},
                timeout=3.0,
                trust_env=False,
                verify=PLAIN,
            )
            mails = answer.json()
        except (BadSettings, httpx.HTTPError, ValueError):
            return
        mails = mails if isinstance(mails, list) else mails.get("mails", [])
        if not mails:
            return
        self._outbox_seq = max(mail["seq"] for mail in mails)
        hide = self.console.ports.letters.mask_passwords  # the practice mail service alone keeps what was in a mail
        mails = [mail | {part: hide(str(mail.get(part, ""))) for part in ("text", "html")} for mail in mails]
        kept = [*(self.console.store.get("", "outbox") or []), *mails]
        by_seq = {mail["seq"]: {**mail, **_without_links(mail)} for mail in kept}
        self.console.store.put("", "outbox", [by_seq[seq] for seq in sorted(by_seq)][-500:], lease=lease)


def _told(before: Mapping[str, str], duty: str, sentence: str) -> dict[str, str]:
    return {key: value for key, value in {**before, duty: sentence}.items() if value}


def _without_links(mail: dict[str, Any]) -> dict[str, str]:
    """A guest's link stands in their own mail and in no copy of it."""
    return {part: hide_links(mail[part]) for part in ("text", "html") if isinstance(mail.get(part), str)}
