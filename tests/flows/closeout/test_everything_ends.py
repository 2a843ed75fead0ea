"""Every step of the close-out ends, whatever the services do or fail to do; what is left is named, with a way out.

And so does every other kind of job. Time is simulated: hours pass at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    StoreError,
    Throttled,
    Unavailable,
    Unreachable,
    Unsupported,
)
from deepracer_admin.flows.closeout.run import GIVEN_UP, NOT_KNOWN, CloseoutHandler, has_ended
from deepracer_admin.flows.closeout.steps import LONGEST, MANAGED_STEPS, PROTECTS, STEPS, NotYet, steps_for
from deepracer_admin.flows.engine.jobs import HUMAN_PATIENCE, PATIENCE, Later
from deepracer_admin.model import JobState, State
from deepracer_admin.records.closing import CLOSING_STEPS, PROOF, Leftover, Skip
from deepracer_admin.records.job_waits import JOB_WAITS
from deepracer_admin.worker.handlers import HANDLERS
from tests.flows.closeout.deaf_service import EVENT, DeafService, FailingService, House, house

KINDS = {"on_aws": STEPS, "managed": MANAGED_STEPS}
EACH = [(kind, step.key) for kind, steps in KINDS.items() for step in steps]
ERRORS = [
    AccessDenied("A role is missing."),
    BadSettings("A setting is missing."),
    CredentialsExpired("Sign in again."),
    LostAnswer("The answer was lost."),
    NotThere("It is not there."),
    Refused("It was refused."),
    ServiceError("Odd."),
    StoreError("The disk is full."),
    Throttled("Too many calls.", retry_after=60),
    Unavailable("It is down."),
    Unreachable("Away."),
    Unsupported("It cannot do that."),
    ZeroDivisionError("a mistake of ours"),
]

FOR_JOBS = [error for error in ERRORS if isinstance(error, AccessDenied | LostAnswer | Throttled | Unavailable)]
"""The others fail a job at once, or wait as one of these."""


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Callable[..., House]]:
    houses: list[House] = []

    def make(racing: Any, error: Exception | None = None, **values: Any) -> House:
        houses.append(house(tmp_path, racing, error, **values))
        return houses[-1]

    yield make
    for each in houses:
        each.close()


def closing(kind: str, **instead: Any) -> CloseoutHandler:
    """With these steps done otherwise; all others are done at once."""
    handler = CloseoutHandler()
    handler._steps |= {step.key: (lambda *_: "Done.") for step in KINDS[kind]} | instead
    return handler


def raises(error: Exception) -> Callable[..., Any]:
    def work(*_: Any) -> Any:
        raise error.with_traceback(None)

    return work


def close_out(at: House, handler: CloseoutHandler, *, hours: float, step_s: float = 30.0) -> Any:
    job = at.job("closeout", tuple(step.key for step in steps_for(at.racing.kind)))
    return at.until_it_ends(job, {"closeout": handler}, hours=hours, step_s=step_s)


# --------------------------------------------------------------------------------------- each step, each way to fail


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_each_step_raises_it_ends_and_the_next_begins(
    made: Callable[..., House], kind: str, error: Exception
) -> None:
    at = made(DeafService(kind))
    handler = closing(kind, **{step.key: raises(error) for step in KINDS[kind]})
    patience = sum((step.patience for step in KINDS[kind]), timedelta(hours=1))
    job = close_out(at, handler, hours=2 * patience.total_seconds() / 3600, step_s=300)
    items = {item.key: item for item in at.store.job_items(job.id)}
    assert {item.reason for item in items.values()} == {GIVEN_UP}
    assert all(item.state is State.REFUSED for item in items.values())
    rows = at.store.rows(EVENT, CLOSING_STEPS)
    assert all(row.leftovers and all(left.way_out for left in row.leftovers) for row in rows.values())
    assert job.state is JobState.FAILED
    assert job.sentence.startswith("The event is not closed.")
    assert at.store.event(EVENT).closed_at is None


@pytest.mark.parametrize(("kind", "key"), EACH, ids=[f"{kind}-{key}" for kind, key in EACH])
def test_a_step_that_waits_for_ever_ends_with_what_is_left(made: Callable[..., House], kind: str, key: str) -> None:
    step = next(step for step in KINDS[kind] if step.key == key)
    left = Leftover("things", 2, ("x", "y"), "They hang.", "Unhang them.")
    at = made(DeafService(kind))
    handler = closing(kind, **{key: raises(NotYet("It hangs.", left=[left]))})
    job = close_out(at, handler, hours=step.patience.total_seconds() / 3600 + 0.5, step_s=120)
    items = {item.key: item for item in at.store.job_items(job.id)}
    assert items[key].reason == GIVEN_UP
    assert items[key].sentence == f"Not done: It hangs. {step.way_out}"
    assert at.store.rows(EVENT, CLOSING_STEPS)[key].leftovers == (replace(left, cost=step.cost),)
    assert all(item.state is State.DONE for item in items.values() if item.key != key)
    assert (at.store.event(EVENT).closed_at is None) is (key in PROTECTS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_step_that_always_says_something_new_ends_too(made: Callable[..., House], kind: str) -> None:
    """It seems to get on, for ever."""
    at = made(DeafService(kind))
    handler = closing(kind, models=lambda *_: raises(Later(f"{at.clock.seconds:g} left."))())
    job = close_out(at, handler, hours=LONGEST.total_seconds() / 3600 + 1, step_s=240)
    assert job.state is JobState.DONE
    assert "1 thing is left" in job.sentence


def test_a_step_that_gets_on_is_given_time(made: Callable[..., House]) -> None:
    """Two hours, with something new every ten minutes."""
    at = made(DeafService("on_aws"))

    def work(*_: Any) -> str:
        if at.clock.seconds < 7200:
            raise Later(f"{at.clock.seconds // 600:g} done.")
        return "All done."

    job = close_out(at, closing("on_aws", models=work), hours=3, step_s=300)
    assert {item.state for item in at.store.job_items(job.id)} == {State.DONE}


def test_a_laptop_that_slept_has_not_tried(made: Callable[..., House]) -> None:
    at = made(DeafService("on_aws"))
    tries: list[float] = []

    def work(*_: Any) -> str:
        tries.append(at.clock.seconds)
        if len(tries) < 3:
            raise Later("Not yet.")
        return "Done."

    job = close_out(at, closing("on_aws", access=work), hours=100, step_s=8 * 3600)
    assert job.state is JobState.DONE
    assert {item.state for item in at.store.job_items(job.id)} == {State.DONE}


# ------------------------------------------------------------------------------------- the real steps, a deaf service

DEAF = [
    ("on_aws", State.DONE, "READY"),
    ("on_aws", State.UNKNOWN, "ERROR"),
    ("on_aws", State.RETRY, "READY"),
    ("on_aws", State.REFUSED, "ERROR"),
    ("on_aws", State.ALREADY, "READY"),
    ("managed", State.DONE, "TRAINING"),
    ("managed", State.UNKNOWN, "READY"),
    ("managed", State.REFUSED, "ERROR"),
    ("managed", State.RETRY, "CREATED"),
]


@pytest.mark.parametrize(("kind", "answer", "model"), DEAF)
def test_a_service_on_which_nothing_ever_changes_is_closed_all_the_same(
    made: Callable[..., House], kind: str, answer: State, model: str
) -> None:
    at = made(DeafService(kind, answer=answer, model=model))
    job = close_out(at, CloseoutHandler(), hours=24, step_s=120)
    items = {item.key: item for item in at.store.job_items(job.id)}
    assert all(has_ended(item) for item in items.values()), items
    proof = at.store.read(EVENT, PROOF)
    assert proof is not None, "who can still sign in is read back whatever hangs"
    named = {each.attendee for each in (*proof.can_still_sign_in, *proof.not_known)}
    assert "b" in named, "the one from before"
    if answer is not State.DONE or kind == "managed":
        assert "a" in named, "nobody is certified as out of whom it is not known"
    for key, row in at.store.rows(EVENT, CLOSING_STEPS).items():
        if items[key].state is State.REFUSED:
            assert row.leftovers, f"{key} names nothing"


@pytest.mark.parametrize("kind", KINDS)
def test_access_is_ended_before_anything_that_may_never_finish(kind: str) -> None:
    keys = [step.key for step in KINDS[kind]]
    for hangs in ("models", "zero", "training", "cycle", "sponsorship"):
        assert hangs not in keys or keys.index("access") < keys.index("group") < keys.index(hangs)


def test_deletions_that_prove_nothing_end_as_not_known(made: Callable[..., House]) -> None:
    at = made(DeafService("on_aws", answer=State.UNKNOWN))
    job = close_out(at, CloseoutHandler(), hours=24, step_s=120)
    items = {item.key: item for item in at.store.job_items(job.id)}
    assert (items["access"].reason, items["verify"].reason) == (NOT_KNOWN, NOT_KNOWN)
    proof = at.store.read(EVENT, PROOF)
    assert proof is not None
    assert [each.attendee for each in proof.not_known] == ["a"]
    assert "credentials on the user pool" in proof.settle


def test_a_human_goes_on_without_a_step(made: Callable[..., House]) -> None:
    at = made(DeafService("on_aws"))
    handler = closing("on_aws", access=raises(Later("It hangs.")))
    job = at.job("closeout", tuple(step.key for step in STEPS))

    def press() -> None:
        rows = at.store.rows(EVENT, CLOSING_STEPS)
        if "access" in rows and rows["access"].skip is None:
            skip = Skip("oid-1", "Olivia", "ended by hand", at.clock.now())
            change = {"access": type(rows["access"])(job.id, skip=skip)}
            at.store.change_rows(EVENT, CLOSING_STEPS, lambda _: change, keys=["access"])

    ended = at.until_it_ends(job, {"closeout": handler}, hours=0.2, look=press)
    assert ended.state is JobState.DONE
    assert at.store.event(EVENT).closed_at is not None, "they said so"
    item = next(item for item in at.store.job_items(job.id) if item.key == "access")
    assert item.sentence == "Skipped by an organizer. It hangs."


# ------------------------------------------------------------------------------------------------ every other job

PLANS: dict[str, dict[str, Any]] = {
    "sponsorship": {"open": False},
    "sponsor": {"active": False},
    "role": {"email": "ada@example.com", "role": "dr-admins"},
    "account.limits": {"minutes": 1, "models": 1},
    "race.close": {"race": "r1"},
    "race.delete": {"race": "r1"},
    "race.link": {"race": "r1"},
    "race.admit": {"race": "r1"},
    "race.expel": {"race": "r1"},
    "canary": {"address": "olivia+canary@example.com"},
    "mail.test": {"template": "access", "address": "anna@example.com"},
}


@pytest.mark.parametrize("error", FOR_JOBS, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", sorted({*HANDLERS} - {"closeout"}))
def test_every_job_ends_whatever_the_service_raises(made: Callable[..., House], kind: str, error: Exception) -> None:
    at = made(FailingService("on_aws", error), error)
    job = at.job(kind, (DeafService("on_aws").profiles().__next__().id,), **PLANS.get(kind, {}))
    hours = (HUMAN_PATIENCE + PATIENCE).total_seconds() / 3600
    ended = at.until_it_ends(job, HANDLERS, hours=hours, step_s=600)
    assert ended.state in (JobState.FAILED, JobState.DONE)
    assert at.store.row(EVENT, JOB_WAITS, job.id) is None


@pytest.mark.parametrize("answer", [State.DONE, State.RETRY, State.UNKNOWN, State.REFUSED])
@pytest.mark.parametrize(
    ("kind", "key"), [("sponsor", "p-hers"), ("quota", "a"), ("models.delete", "p-hers"), ("sponsorship", "p-hers")]
)
def test_every_job_ends_on_a_service_on_which_nothing_changes(
    made: Callable[..., House], kind: str, key: str, answer: State
) -> None:
    at = made(DeafService("on_aws", answer=answer))
    job = at.job(kind, (key,), **PLANS.get(kind, {}))
    ended = at.until_it_ends(job, HANDLERS, hours=2, step_s=120)
    assert ended.state in (JobState.FAILED, JobState.DONE)
    if ended.state is JobState.FAILED and "Nothing moved" in ended.sentence:
        assert "Press again" in ended.sentence
