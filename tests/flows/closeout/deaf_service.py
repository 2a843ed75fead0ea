"""Services that never get there: they take every order and nothing changes, or fail at every call. Time flies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from deepracer_admin.directory.proof import Arrival, Presence
from deepracer_admin.flows.engine.jobs import JobRunner
from deepracer_admin.model import (
    Account,
    Attendee,
    Capabilities,
    Event,
    Job,
    JobItem,
    JobState,
    Model,
    Outcome,
    Profile,
    Quota,
    Race,
    RaceDraft,
    State,
    Step,
)
from deepracer_admin.records.limits import SPONSORSHIP, Sponsorship
from deepracer_admin.records.onboarding import ONBOARDING, Onboarding, Run
from deepracer_admin.store import ProfileLink
from deepracer_admin.store.sqlite import open_event_store, open_history
from tests.flows.fake_time import FakeClock
from tests.store.people import NOW

__all__ = ["DeafService", "FailingService", "House", "house"]

HERS, OLD, EVENT = "p-hers", "p-old", "spring"


class DeafService:
    """Two profiles, one of this event and one from before; says yes to everything, and nothing ever changes."""

    def __init__(self, kind: str, *, answer: State = State.DONE, model: str = "READY") -> None:
        self.kind, self.answer, self.model = kind, answer, model
        managed = kind == "managed"
        self.capabilities = Capabilities(
            multi_user_mode=managed,
            native_pause=managed,
            invite=not managed,
            close_early=True,
            all_models_in_one_call=True,
            stop_training=managed,
        )
        self.asked: list[str] = []

    def account(self) -> Account:
        return Account(self.kind, multi_user_mode=True if self.capabilities.multi_user_mode else None)

    connect = account

    def set_multi_user_mode(self, on: bool) -> Account:
        return self.account()

    def new_profile_quota(self) -> Quota:
        return Quota(7, 7)

    def set_new_profile_quota(self, quota: Quota) -> Quota:
        return Quota(9, 9)

    def profiles(self) -> Iterator[Profile]:
        yield Profile(HERS, "ada", "ada@example.com", minutes_used=5, quota=Quota(60, 1), created_at=NOW)
        before = NOW - timedelta(days=99)
        yield Profile(OLD, "bo", "bo@example.com", minutes_used=5, quota=Quota(60, 1), created_at=before)

    def models(self, ids: Any) -> Iterator[Model]:
        for key in ids:
            yield Model(f"m-{key}", "m", key, self.model)

    def _told(self, name: str, ids: Any) -> list[Outcome]:
        self.asked.append(name)
        return [Outcome(key, Step.PROFILE, self.answer, "deaf", "It says nothing.") for key in ids]

    def remove(self, ids: Any) -> list[Outcome]:
        return self._told("remove", ids)

    def delete_models(self, ids: Any) -> list[Outcome]:
        return self._told("delete_models", ids)

    def sponsor(self, ids: Any, *, active: bool) -> list[Outcome]:
        return self._told("sponsor", ids)

    def set_quotas(self, quotas: Any) -> list[Outcome]:
        return self._told("set_quotas", [key for key, _ in quotas])

    def stop_training(self, model: str) -> None:
        self.asked.append("stop_training")

    def races(self) -> list[Race]:
        return [Race("r1", RaceDraft("Cup", "t", NOW - timedelta(days=1), NOW + timedelta(days=400)))]

    def close_race(self, race: str) -> Race:
        return self.races()[0]

    def standings(self, race: str) -> list[Any]:
        return []

    def invite_progress(self, job: str, people: Any) -> Any:
        return SimpleNamespace(finished=False, outcomes=(), sentence="")


class FailingService(DeafService):
    """Fails at every call alike."""

    def __init__(self, kind: str, error: Exception) -> None:
        super().__init__(kind)
        self.error = error

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_") or name in ("kind", "capabilities", "error", "asked", "answer", "model"):
            return object.__getattribute__(self, name)

        def fails(*_: Any, **__: Any) -> Any:
            raise self.error.with_traceback(None)

        return fails


class DeafDirectory:
    """Nobody ever leaves the group."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def members(self, group: str) -> set[str]:
        if self.error:
            raise self.error.with_traceback(None)
        return {"ref-ada", "ref-bo"}

    def remove(self, group: str, ids: Any) -> list[Outcome]:
        return [Outcome(key, Step.GROUP, State.DONE) for key in ids]


class DeafProof:
    """Identity Center lists everybody for ever."""

    def arrived(self, emails: Any) -> dict[str, Arrival]:
        return {email: Arrival(email, Presence.MEMBER) for email in emails}


class House:
    """The ports of one event on such a service, with a worker's runner that goes round in simulated time."""

    def __init__(self, tmp_path: Path, racing: Any, error: Exception | None = None, *, event: Event) -> None:
        self.clock = FakeClock()
        self.store = open_event_store(tmp_path / "events.db", "live")
        self.history = open_history(tmp_path / "history.db")
        self.racing = racing
        self.store.save_event(replace(event, service=racing.kind))
        people = [
            Attendee("a", "ada@example.com", "Ada", alias="ada"),
            Attendee("b", "bo@example.com", "Bo", alias="bo"),
        ]
        self.store.save_attendees(EVENT, people)
        links = [ProfileLink("a", HERS, "created", NOW), ProfileLink("b", OLD, "adopted", NOW)]
        self.store.link(EVENT, links)
        refs = [Outcome(key, Step.GROUP, State.DONE, ref=f"ref-{name}") for key, name in (("a", "ada"), ("b", "bo"))]
        self.store.record(EVENT, refs, lease=None, now=NOW)
        self.store.update(EVENT, SPONSORSHIP, lambda _: Sponsorship(open=True, opened_at=NOW))
        self.store.update(EVENT, ONBOARDING, lambda _: Onboarding(Run.RUNNING, "oid-1"))
        guests = SimpleNamespace(drop_links=lambda *_: None, counts=lambda *_: None)
        self.ports: Any = SimpleNamespace(
            store=self.store,
            history=self.history,
            clock=self.clock,
            racing=lambda: racing,
            directory=lambda _: DeafDirectory(error),
            proof=DeafProof if error is None else None,
            pool=None,
            home=tmp_path,
            rehearsal=False,
            staff_emails=frozenset(),
            guests=guests,
            cognito_by_ses=False,
            racing_default="on_aws",
            drop_delegation=lambda _: True,
            has_delegation=lambda _: False,
            keep_certificate=lambda _: None,
        )
        lease = self.store.acquire("worker", "test", ttl_s=10**9, now=NOW)
        assert lease is not None
        self.lease = lease

    def job(self, kind: str, keys: tuple[str, ...] = (), **plan: Any) -> Job:
        items = [JobItem("j1", key, State.TODO, after={"profile": HERS, "minutes": 1, "models": 1}) for key in keys]
        made = Job("j1", EVENT, kind, EVENT, JobState.PLANNED, plan, total=len(keys) or 1, created_by="oid-1")
        return self.store.create_job(made, items)

    def until_it_ends(
        self, job: Job, handlers: Any, *, hours: float, step_s: float = 30.0, look: Callable[[], None] = lambda: None
    ) -> Job:
        """Go round in simulated time. Fails when the job has not ended by then."""
        runner = JobRunner(self.ports, handlers)
        while self.clock.seconds < hours * 3600:
            runner.run(EVENT, self.lease)
            look()
            found = self.store.job(job.id)
            if not found.state.is_live:
                return found
            self.clock.sleep(step_s)
        items = {item.key: (item.state, item.sentence) for item in self.store.job_items(job.id)}
        raise AssertionError(f"{job.kind} still runs after {hours} h: {self.store.job(job.id).sentence}; {items}")

    def close(self) -> None:
        self.store.close()
        self.history.close()


def house(tmp_path: Path, racing: Any, error: Exception | None = None, *, group: str = "group") -> House:
    event = Event(
        EVENT,
        "Spring Cup",
        NOW - timedelta(hours=1),
        NOW,
        "UTC",
        2,
        100.0,
        Quota(60, 1),
        group_id=group,
        created_at=NOW,
    )
    return House(tmp_path, racing, error, event=event)
