"""One event from the first name to the last access removed, through the services that pages call."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Sequence, Set
from datetime import UTC, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import msal

from deepracer_admin.compose import Console
from deepracer_admin.counted import counted
from deepracer_admin.directory.tokens import DELEGATED_SCOPES
from deepracer_admin.errors import BadInput, ServiceError, Unreachable
from deepracer_admin.model import Actor, Delivery, Job, JobState, Role, Sending, State, Step
from deepracer_admin.records.connect_check import CHECK
from deepracer_admin.records.onboarding import ONBOARDING, TROUBLE, Run
from deepracer_admin.records.rehearsed import BEFORE_CLOSE, BeforeClose
from deepracer_admin.rehearse.crew import Crew
from deepracer_admin.rehearse.drill import Drill, Scene
from deepracer_admin.rehearse.plan import Plan
from deepracer_admin.rehearse.practice import Controls
from deepracer_admin.services.races.races import RaceForm
from deepracer_admin.services.setup.events import EventDraft

__all__ = ["RehearsedEvent"]

REDIRECT = "http://localhost:8501/signin/callback"
PATIENCE_S = 2400.0  # above that of any job (flows/engine/jobs.py)
CLOSING_S = 12 * 3600.0  # above that of all steps together (flows/closeout/steps.py)
TRACK = "reInvent2019_track"


class RehearsedEvent:
    """The stages in their order. `say` tells a person at a terminal how far it is."""

    def __init__(
        self, plan: Plan, console: Console, world: Controls, say: Callable[[str], None], drill: Drill, crew: Crew
    ) -> None:
        self.plan = plan
        self.console = console
        self.world = world
        self.practice = world.practice
        self.say = say
        self.drill = drill
        self.crew = crew
        self._left: list[dict[str, Any]] = []
        self._not_known = 0

    def run(self) -> dict[str, Any]:
        organizer = self._sign_in()
        if self.console.first.events.event() is None:
            self.drill.before_the_event(self.world, self.plan)
        self._set_up(organizer)
        self._import(organizer)
        self._open(organizer)
        self._onboard(organizer)
        self._race(organizer)
        self._close(organizer)
        return self._report()

    def _sign_in(self) -> Actor:
        """The genuine code flow with PKCE; only the browser is played by two HTTP requests."""
        settings = self.console.sign_in()
        cache = msal.SerializableTokenCache()
        app = settings.app(cache)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no browser: the answer is read from the address
            flow = app.initiate_auth_code_flow(list(DELEGATED_SCOPES), redirect_uri=REDIRECT, response_mode="query")
        answer = self.world.http.get(flow["auth_uri"] + "&login_as=organizer", follow_redirects=False)
        query = dict(parse_qsl(urlsplit(answer.headers.get("location", "")).query))
        result = app.acquire_token_by_auth_code_flow(flow, query)
        if "error" in result:
            raise ServiceError(f"The practice sign-in failed: {result['error']}.", service="entra", operation="sign-in")
        claims = result["id_token_claims"]
        sealed = self.console.vault.seal(cache.serialize())
        self.console.sessions.save_delegation(claims["oid"], claims["name"], sealed, at=self.console.clock.now())
        return Actor(claims["oid"], claims["tid"], claims["name"], frozenset({Role(role) for role in claims["roles"]}))

    def _set_up(self, organizer: Actor) -> None:
        events = self.console.first.events
        if events.event() is not None:
            self.say("The event exists; going on.")
            return
        now = self.console.clock.event_now().astimezone(UTC).replace(tzinfo=None, microsecond=0)
        event = events.create(
            organizer,
            EventDraft(
                name="Rehearsal",
                starts=now,
                ends=now + timedelta(hours=self.plan.hours),
                zone="UTC",
                head_count=self.plan.attendees,
                budget_usd=10_000,
                hours_per_person=3,
                models_per_person=5,
                group_id=self.practice.graph["group_id"],
                sender=self.practice.mail["from"],
                portal_url=self.practice.deepracer["site"],
                slots=self.world.ask("capacity").json()["slots"],
            ),
        )
        self.say(f"Event “{event.name}” for {counted(self.plan.attendees, 'person', 'people')}.")

    def _import(self, organizer: Actor) -> None:
        event = self.console.first.events.event()
        assert event is not None  # noqa: S101 - made just before
        if self.console.store.attendees(event.id):
            return
        data = self.world.ask("people.csv", n=self.plan.attendees, seed=self.plan.seed).content
        attendees = self.console.first.attendees
        dry = attendees.dry_run(organizer, data, filename="people.csv")
        attendees.run_import(organizer, dry)
        self.say(f"List imported: {dry.plan.counts['new']} new.")

    def _open(self, organizer: Actor) -> None:
        console = self.console
        if not console.store.read(self._event_id(), CHECK).findings:
            self._wait_job(console.first.events.run_check(organizer))
        if console.first.events.sponsorship(organizer).open is not True:
            job = self._live("sponsorship") or console.first.events.switch_sponsorship(
                organizer, open_=True, typed_name=""
            )
            self._wait_job(job)
        if not console.store.races(self._event_id())[0]:
            event = console.store.event(self._event_id())
            start = console.clock.event_now().replace(tzinfo=None, microsecond=0)
            form = RaceForm(
                name="Rehearsal Cup", track_id=TRACK, opens=start, closes=event.ends_at.replace(tzinfo=None)
            )
            self._wait_job(self._live("race.create") or console.first.races.create(organizer, form))
        self.say("Sponsorship is open, the race exists.")

    def _onboard(self, organizer: Actor) -> None:
        state = self.console.store.read(self._event_id(), ONBOARDING).state
        if state is Run.CLOSED:
            return
        if state is not Run.RUNNING:
            self.console.first.onboarding.start(organizer)
        self._wait("everybody has their mail", self._everybody_mailed)
        self._wait("the directory is through", self._everybody_in_group)
        self.say(f"Onboarding is through: {counted(self.world.truth()['mails_sent'], 'mail')}.")

    def _everybody_mailed(self) -> bool:
        """Or settled otherwise: whom a service refuses, or of whom it is not known, gets no mail."""
        store, event = self.console.store, self._event_id()
        mailed = {row.attendee for row in store.deliveries(event, campaign="access") if _is_final(row)}
        return self._waiting_for((Step.PROFILE, Step.ACCESS, Step.GROUP), mailed) == 0

    def _everybody_in_group(self) -> bool:
        return self._waiting_for((Step.GROUP,), self.console.store.done(self._event_id(), Step.GROUP)) == 0

    def _waiting_for(self, steps: Sequence[Step], done: Set[str]) -> int:
        """How many people of the list are neither done nor settled otherwise at one of these steps."""
        store, event = self.console.store, self._event_id()
        ended = {
            row.attendee
            for step in steps
            for row in store.steps(event, step=step)
            if row.state in (State.REFUSED, State.UNKNOWN)
        }
        people = store.attendees(event, wanted=True)
        return sum(1 for each in people if not each.refusal and each.id not in done and each.id not in ended)

    def _race(self, organizer: Actor) -> None:
        event = self.console.store.event(self._event_id())
        if self.console.store.read(event.id, BEFORE_CLOSE):
            return
        scene = Scene(self.plan, self.console, self.world, organizer, event, self.crew, self.say)
        self.drill.begin(scene)
        self.world.set_speed(self.plan.speed)
        self.crew.relieve()
        self.say(f"Racing at {self.plan.speed:g}x until {event.ends_at:%H:%M} event time.")

        def over() -> bool:
            now = self.world.now()
            self.drill.look(scene, now)
            return now >= event.ends_at and self.drill.is_through(scene, now)

        self._wait("the event is over", over, patience=(self.plan.hours + 24) * 3600 / self.plan.speed + 600)
        self.world.set_speed(1)
        self.crew.relieve()
        time.sleep(3.5)  # one more round of the collectors, so that the last standings are in
        counts = self.drill.counts(scene)
        truth = self.world.truth()
        before = BeforeClose(int(truth["in_group"]), int(truth["profiles"]), float(truth["hours"]), counts)
        self.console.store.keep(event.id, BEFORE_CLOSE, before)

    def _close(self, organizer: Actor) -> None:
        event = self.console.store.event(self._event_id())
        if event.closed_at is None:
            job = self._live("closeout") or self.console.first.closeout.start(organizer, typed_name=event.name)
            self.world.set_speed(min(60.0, self.plan.speed))
            self._wait_job(job, patience=CLOSING_S)
        view = self.console.first.closeout.view(organizer)
        for step, item in view.steps:
            self.say(f"  {step.title}: {item.sentence if item else 'not done'}")
        self._left = [
            {"step": key, "count": left.count, "what": left.what, "why": left.why, "way_out": left.way_out}
            for key, row in view.rows.items()
            for left in row.leftovers
        ]
        self._not_known = len(view.not_known)

    def _report(self) -> dict[str, Any]:
        before = self.console.store.read(self._event_id(), BEFORE_CLOSE) or BeforeClose()
        after = self.world.truth()
        calls = self.world.ask("counters").json()["calls"]
        event = self.console.store.event(self._event_id())
        unknown = self.console.store.delivery_counts(event.id).get(Sending.UNKNOWN, 0)
        racing = sum(calls.get(name, 0) for name in ("deepracer", "cognito-idp", "cognito-identity"))
        told = {"drill": {"name": self.drill.name, **before.drill}} if self.drill.name else {}
        return {
            "attendees": self.plan.attendees,
            "version": self.plan.version,
            "in_group": before.in_group,
            "profiles": before.profiles,
            "mails_sent": after["mails_sent"],
            "mails_duplicate": after["mails_duplicate"],
            "mails_unknown": unknown,
            "calls": {"graph": calls.get("graph", 0), "deepracer": racing, "mail": calls.get("ses", 0)},
            "hours": round(before.hours, 2),
            "spend_estimate_usd": round(before.hours * event.prices.per_hour, 2),
            "can_still_sign_in": after["can_sign_in"],
            "not_known": self._not_known,
            "left_over": self._left,
            "left_in_group_after_close": after["in_group"],
            **told,
        }

    # ---------------------------------------------------------------------------------------------- waiting

    def _event_id(self) -> str:
        event = self.console.first.events.event()
        if event is None:
            raise BadInput("The rehearsal's event is gone; use a new --home.")
        return event.id

    def _live(self, kind: str) -> Job | None:
        return next(iter(self.console.store.jobs(self._event_id(), live=True, kind=kind)), None)

    def _wait_job(self, job: Job, *, patience: float = PATIENCE_S) -> None:
        """Every job ends by itself (flows/engine/jobs.py); `patience` is only against a worker that died."""
        self._wait(f"job {job.kind}", lambda: not self.console.store.job(job.id).state.is_live, patience=patience)
        done = self.console.store.job(job.id)
        if done.state is not JobState.DONE:
            raise BadInput(f"The job {done.kind} ended as {done.state.value}: {done.sentence}")

    def _wait(self, what: str, ready: Callable[[], bool], *, patience: float = PATIENCE_S) -> None:
        end = time.monotonic() + patience
        while not ready():
            if time.monotonic() > end:
                trouble = self.console.store.read(self._event_id(), TROUBLE)
                raise Unreachable(
                    f"Waited {patience:g} s until {what}, in vain. The worker says: {trouble or 'nothing'}."
                )
            time.sleep(0.2)


def _is_final(row: Delivery) -> bool:
    """Is nothing more done about this mail by itself?"""
    gave_up = row.state is Sending.FAILED and row.next_try_at is None
    return gave_up or row.state in (Sending.SENT, Sending.UNKNOWN, Sending.SKIPPED)
