"""A whole event without a browser: set up, onboard, race, close, and what the practice world counted.

Every stage asks the store first and does only what is missing, so the command may be killed at any moment and started
again with the same `--home`: the practice world goes on (or is started again from its saved state), and so does the
event.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import msal

from deepracer_admin.compose import Console, compose
from deepracer_admin.counted import counted
from deepracer_admin.directory.tokens import DELEGATED_SCOPES
from deepracer_admin.errors import BadInput, BadSettings, ServiceError, Unreachable
from deepracer_admin.model import Actor, Delivery, Job, JobState, Role, Sending, State, Step
from deepracer_admin.records.connect_check import CHECK
from deepracer_admin.records.onboarding import ONBOARDING, TROUBLE, Run
from deepracer_admin.records.rehearsed import BEFORE_CLOSE, BeforeClose
from deepracer_admin.services.races.races import RaceForm
from deepracer_admin.services.setup.events import EventDraft
from deepracer_admin.settings import PRACTICE_FILE, Practice, Settings, read_practice
from deepracer_admin.worker import Worker

__all__ = ["Plan", "rehearse"]

REDIRECT = "http://localhost:8501/signin/callback"
PATIENCE_S = 2400.0  # above that of any job (flows/engine/jobs.py)
CLOSING_S = 12 * 3600.0  # above that of all steps together (flows/closeout/steps.py)
TRACK = "reInvent2019_track"


@dataclass(frozen=True, slots=True)
class Plan:
    """What to rehearse. `hours` is the length of the event in event time, `speed` event seconds per real second."""

    attendees: int = 200
    speed: float = 600.0
    hours: float = 8.0
    slots: int = 100
    seed: int = 7
    home: str = ""


def rehearse(plan: Plan, *, say: Callable[[str], None]) -> dict[str, Any]:
    """Run it all; the report of the practice world's own counts. Raises ConsoleError with a sentence."""
    if not 1 <= plan.attendees <= 10_000:
        raise BadInput("--attendees: give 1 to 10000.")
    if not 1 <= plan.speed <= 600:
        raise BadInput("--speed: give 1 to 600.")
    if not 0 < plan.hours <= 24 * 31:
        raise BadInput("--hours: more than 0 and at most 744.")
    if plan.slots < 1:
        raise BadInput("--slots: give 1 or more.")
    began = time.monotonic()
    home = Path(plan.home).expanduser().resolve() if plan.home else Path(tempfile.mkdtemp(prefix="rehearsal-"))
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    world = _start_world(plan, home)
    try:
        console = compose(Settings.model_validate({"mode": "rehearsal", "home": home}))
        worker = Worker(console, holder="rehearse")
        try:
            worker.start()
            report = _Rehearsal(plan, console, read_practice(home), say).run()
        finally:
            worker.stop()
            console.close()
    finally:
        _stop_world(home, world)
        if not plan.home:
            shutil.rmtree(home, ignore_errors=True)
    report["seconds"] = round(time.monotonic() - began, 1)
    return report


# -------------------------------------------------------------------------------------------------- practice world


def _alive(home: Path) -> bool:
    try:
        control = read_practice(home).control
        return httpx.get(f"{control}/status", timeout=3.0, trust_env=False).status_code == 200
    except (BadSettings, httpx.HTTPError):
        return False


def _start_world(plan: Plan, home: Path) -> subprocess.Popen[bytes] | None:
    """The practice world of this home: the one that runs, or a new process. None when it ran already."""
    if _alive(home):
        return None
    (home / PRACTICE_FILE).unlink(missing_ok=True)
    command = [sys.executable, "-m", "deepracer_admin.rehearsal", "--home", str(home), "--port", "0"]
    command += ["--seed", str(plan.seed), "--speed", "1", "--slots", str(plan.slots)]
    posix = os.name == "posix"
    with (home / "practice.log").open("ab") as output:
        world = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            cwd=Path(__file__).resolve().parent.parent,
            start_new_session=posix,
            creationflags=0 if posix else 0x00000200,  # CREATE_NEW_PROCESS_GROUP: Ctrl-C is for the console alone
        )
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if _alive(home):
            return world
        if world.poll() is not None:
            raise Unreachable(f"The practice world did not start; {home / 'practice.log'} says why.")
        time.sleep(0.1)
    world.kill()
    raise Unreachable("The practice world did not answer within a minute; try again.")


def _stop_world(home: Path, world: subprocess.Popen[bytes] | None) -> None:
    with contextlib.suppress(BadSettings, httpx.HTTPError):
        httpx.post(f"{read_practice(home).control}/shutdown", timeout=10.0, trust_env=False)
    if world is not None:
        try:
            world.wait(timeout=20)
        except subprocess.TimeoutExpired:
            world.kill()


# --------------------------------------------------------------------------------------------------------- stages


class _Rehearsal:
    """One event from the first name to the last access removed, through the services that pages call."""

    def __init__(self, plan: Plan, console: Console, practice: Practice, say: Callable[[str], None]) -> None:
        self.plan = plan
        self.console = console
        self.practice = practice
        self.say = say
        self.http = httpx.Client(timeout=60.0, trust_env=False)
        self._left: list[dict[str, Any]] = []
        self._not_known = 0

    def run(self) -> dict[str, Any]:
        organizer = self._sign_in()
        self._set_up(organizer)
        self._import(organizer)
        self._open(organizer)
        self._onboard(organizer)
        self._race()
        self._close(organizer)
        return self._report()

    def _control(self, path: str, body: dict[str, Any] | None = None, **query: Any) -> httpx.Response:
        method = "GET" if body is None else "POST"
        answer = self.http.request(method, f"{self.practice.control}/{path}", json=body, params=query)
        answer.raise_for_status()
        return answer

    def _sign_in(self) -> Actor:
        """The genuine code flow with PKCE; only the browser is played by two HTTP requests."""
        settings = self.console.sign_in()
        cache = msal.SerializableTokenCache()
        app = settings.app(cache)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no browser: the answer is read from the address
            flow = app.initiate_auth_code_flow(list(DELEGATED_SCOPES), redirect_uri=REDIRECT, response_mode="query")
        answer = self.http.get(flow["auth_uri"] + "&login_as=organizer", follow_redirects=False)
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
                slots=self.plan.slots,
            ),
        )
        self.say(f"Event “{event.name}” for {counted(self.plan.attendees, 'person', 'people')}.")

    def _import(self, organizer: Actor) -> None:
        event = self.console.first.events.event()
        assert event is not None  # noqa: S101 - made just before
        if self.console.store.attendees(event.id):
            return
        data = self._control("people.csv", n=self.plan.attendees, seed=self.plan.seed).content
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
        self.say(f"Onboarding is through: {counted(self._control('truth').json()['mails_sent'], 'mail')}.")

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

    def _race(self) -> None:
        event = self.console.store.event(self._event_id())
        if self.console.store.read(event.id, BEFORE_CLOSE):
            return
        self._control("clock", {"speed": self.plan.speed})
        self.say(f"Racing at {self.plan.speed:g}x until {event.ends_at:%H:%M} event time.")

        def over() -> bool:
            now = datetime.fromisoformat(self._control("status").json()["now"])
            return now >= event.ends_at

        self._wait("the event is over", over, patience=self.plan.hours * 3600 / self.plan.speed + 120)
        self._control("clock", {"speed": 1})
        time.sleep(3.5)  # one more round of the collectors, so that the last standings are in
        truth = self._control("truth").json()
        before = BeforeClose(int(truth["in_group"]), int(truth["profiles"]), float(truth["hours"]))
        self.console.store.keep(event.id, BEFORE_CLOSE, before)

    def _close(self, organizer: Actor) -> None:
        event = self.console.store.event(self._event_id())
        if event.closed_at is None:
            job = self._live("closeout") or self.console.first.closeout.start(organizer, typed_name=event.name)
            self._control("clock", {"speed": min(60.0, self.plan.speed)})
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
        after = self._control("truth").json()
        calls = self._control("counters").json()["calls"]
        event = self.console.store.event(self._event_id())
        unknown = self.console.store.delivery_counts(event.id).get(Sending.UNKNOWN, 0)
        racing = sum(calls.get(name, 0) for name in ("deepracer", "cognito-idp", "cognito-identity"))
        return {
            "attendees": self.plan.attendees,
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
