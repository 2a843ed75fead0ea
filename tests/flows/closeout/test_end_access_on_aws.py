"""Ending access on DeepRacer on AWS: whether a profile that stays listed has an account is yes, no, or not known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.directory.pool import PoolStatus, PoolUser
from deepracer_admin.errors import Unavailable
from deepracer_admin.flows.closeout.live_accounts import Account, accounts_of, due_at, is_open_how
from deepracer_admin.model import Attendee, Job, JobState, Outcome, Profile, State, Step
from deepracer_admin.records.closing import CLOSING_STEPS, PROOF, Deletion, Proof
from deepracer_admin.records.proven import PROVEN
from deepracer_admin.rules.asked_again import ASKS, SETTLE
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event
from tests.flows.fake_time import RealTime
from tests.practice import start_world

ROW = "Rows without an account: 1"
ROUND_S = 30.0
ASKED = 6  # with a look every 30 seconds: at once, after 30 s, and each minute until five have passed


@pytest.fixture
def stage(tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    """Invitations go one by one, as before 1.3."""
    world = start_world(tmp_path, speed=1.0, version="1.2.5", machine=real_time)
    console = make_console(tmp_path, real_time)
    made = Stage(world, console, make_event(console, group=world.endpoints["graph"]["group_id"]))
    yield made
    made.worker.mail.close()
    console.close()
    world.leave()


@pytest.fixture
def failed(stage: Stage) -> Attendee:
    """One of three people, whose invitation failed half-way and left a row without an account."""
    people = stage.add("ada@example.com", "bob@example.com", "cyd@example.com")
    stage.world.arm("deepracer", "half_done", operation="CreateProfile", count=1)
    stage.start()
    stage.rounds(lambda: stage.world.truth()["profiles"] == 3 and stage.done(Step.ACCESS) >= 2)
    email = row(stage).email.lower()
    return next(person for person in people if person.email == email)


def row(stage: Stage) -> Any:
    """The one without an account."""
    state = stage.world.world.services["deepracer"].site.state  # type: ignore[attr-defined]
    (key,) = {*state.profiles} - {*state.users}
    return state.profiles[key]


def orphan(stage: Stage) -> str:
    return row(stage).profile_id


class Ahead:
    """The console's clock, so many seconds later: minutes of waiting pass at once."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.seconds = clock, 0.0

    def now(self) -> datetime:
        return self.clock.now() + timedelta(seconds=self.seconds)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.clock, name)


def start(stage: Stage) -> Job:
    return stage.console.first.closeout.start(ORGANIZER, typed_name=stage.event.name)


def close(stage: Stage, *, pool: Any = None, most: int = 120) -> Job:
    """A whole close-out; `pool` None: without credentials on the user pool."""
    clock: Any = Ahead(stage.ports.clock)
    given = (lambda: pool) if pool is not None else None
    stage.worker.jobs.ports = replace(stage.ports, clock=clock, pool=given)
    job = start(stage)
    for _ in range(most):
        stage.worker.jobs._not_before.clear()
        stage.worker.jobs.run(stage.event.id, stage.lease)
        found = stage.store.job(job.id)
        if not found.state.is_live:
            return found
        clock.seconds += ROUND_S
    raise AssertionError(f"still closing: {told(stage, job)}")


def told(stage: Stage, job: Job) -> dict[str, str]:
    return {item.key: item.sentence for item in stage.store.job_items(job.id)}


def proof(stage: Stage) -> Proof:
    found = stage.store.read(stage.event.id, PROOF)
    assert found is not None
    return found


def states(stage: Stage, job: Job) -> dict[str, State]:
    return {item.key: item.state for item in stage.store.job_items(job.id)}


def deletions(stage: Stage) -> int:
    return stage.calls().get("deepracer.DeleteProfile", 0)


def test_without_credentials_on_the_pool_it_is_not_known_and_never_zero(stage: Stage, failed: Attendee) -> None:
    key = orphan(stage)
    job = close(stage)
    assert job.state is JobState.DONE
    evidence = told(stage, job)
    assert f"Profiles of which it is not known: 1 ({key})" in evidence["access"]
    assert evidence["verify"].startswith("Whether 1 of 3 people can still sign in is not known (")
    assert "Not known for 1 person: The console has no AWS credentials on the user pool." in evidence["verify"]
    assert (states(stage, job)["access"], states(stage, job)["verify"]) == (State.UNKNOWN, State.UNKNOWN)
    assert [each.name for each in proof(stage).not_known] == [failed.name]
    assert proof(stage).can_still_sign_in == ()
    assert deletions(stage) == 2 + ASKED
    text = stage.console.first.closeout.certificate(ORGANIZER).decode()
    assert "Not known for 1 person: The console has no AWS credentials" in text
    assert "People of the list who can still sign in: 0 to 1." in text
    assert '"5. End access", "answer": "ended; it is NOT KNOWN how things stand"' in text
    assert '"colour": "red"' in text


def test_a_live_account_that_cognito_does_not_let_go_is_not_certified_as_gone(stage: Stage) -> None:
    """500 {} to every deletion: three accounts live."""
    stage.add("ada@example.com", "bob@example.com", "cyd@example.com")
    stage.start()
    stage.rounds(lambda: len(stage.store.links(stage.event.id)) == 3)
    stage.world.arm("deepracer", "delete_profile_500_empty")
    job = close(stage)
    assert job.state is JobState.DONE
    assert stage.world.truth()["can_sign_in"] == 3
    assert len(proof(stage).not_known) == 3
    assert "Not known for 3 people" in stage.console.first.closeout.certificate(ORGANIZER).decode()


def test_a_cognito_that_recovers_leaves_nothing(stage: Stage) -> None:
    stage.add("ada@example.com", "bob@example.com")
    stage.start()
    stage.rounds(lambda: len(stage.store.links(stage.event.id)) == 2)
    stage.world.arm("deepracer", "delete_profile_500_empty", count=2 * (ASKED - 1))
    job = close(stage)
    assert told(stage, job)["access"].startswith("2 profiles deleted (seen at the service)")
    assert (proof(stage).not_known, proof(stage).can_still_sign_in) == ((), ())
    assert set(states(stage, job).values()) == {State.DONE}


def test_closing_again_tries_it_anew(stage: Stage, failed: Attendee) -> None:
    close(stage)
    before = deletions(stage)
    assert close(stage).state is JobState.DONE
    assert deletions(stage) - before == ASKED


class Pool:
    """A user pool that knows these users, or cannot be asked."""

    def __init__(self, *users: PoolUser, down: bool = False) -> None:
        self.known, self.down = {user.username: user for user in users}, down

    def account(self, username: str) -> PoolUser | None:
        if self.down:
            raise Unavailable("Cognito has a problem of its own.")
        return self.known.get(username)

    def users(self) -> Iterator[PoolUser]:
        return iter(self.known.values())


def test_with_credentials_on_the_pool_a_row_without_an_account_is_named_and_counts_as_nobody(
    stage: Stage, failed: Attendee
) -> None:
    key = orphan(stage)
    job = close(stage, pool=Pool())
    assert f"{ROW} ({key})" in told(stage, job)["access"]
    assert told(stage, job)["verify"].startswith(
        "0 of 3 people can still sign in (3 profiles listed). 1 row without an account is left, which nobody"
    )
    assert (proof(stage).can_still_sign_in, proof(stage).not_known) == ((), ())
    assert stage.world.truth()["can_sign_in"] == 0
    assert stage.done(Step.ACCESS) == 0
    (left,) = stage.store.rows(stage.event.id, CLOSING_STEPS)["access"].leftovers
    assert (left.which, left.way_out) == (
        (key,),
        "The deployment's operator removes the row from its table of profiles.",
    )


def test_a_profile_that_has_an_account_after_all_can_sign_in(stage: Stage, failed: Attendee) -> None:
    key = orphan(stage)
    job = close(stage, pool=Pool(PoolUser(key, failed.email, PoolStatus.CONFIRMED, enabled=True)))
    assert f"Live accounts: 1 ({key})" in told(stage, job)["access"]
    (left,) = proof(stage).can_still_sign_in
    assert (left.name, left.why) == (failed.name, "created")


def test_a_disabled_account_is_one_with_which_nobody_can_sign_in(stage: Stage, failed: Attendee) -> None:
    job = close(stage, pool=Pool(PoolUser(orphan(stage), failed.email, PoolStatus.CONFIRMED, enabled=False)))
    assert ROW in told(stage, job)["access"]
    assert proof(stage).can_still_sign_in == ()


def test_an_account_with_their_address_that_no_profile_shows_can_still_sign_in(stage: Stage, failed: Attendee) -> None:
    """The row has none, so the listing alone would count nobody."""
    user = PoolUser("SomebodyElse000", failed.email.upper(), PoolStatus.CONFIRMED, enabled=True)
    job = close(stage, pool=Pool(user))
    assert ROW in told(stage, job)["access"]
    (left,) = proof(stage).can_still_sign_in
    assert (left.name, left.why) == (failed.name, "account")
    assert "1 of them has an account in the user pool and no profile." in told(stage, job)["verify"]
    answers = stage.store.rows(stage.event.id, PROVEN)
    assert {key: (row.answer, row.how) for key, row in answers.items() if key == failed.id} == {
        failed.id: ("still there", "account")
    }


def test_a_pool_that_cannot_be_asked_makes_it_not_known_and_is_said_so(stage: Stage, failed: Attendee) -> None:
    job = close(stage, pool=Pool(down=True))
    assert job.state is JobState.DONE
    assert (
        "Not known for 1 person: The user pool could not be asked: Cognito has a problem" in told(stage, job)["verify"]
    )


# ------------------------------------------------------------------------------------------------ the judgement alone

NOON = datetime.fromisoformat("2026-11-02T12:00:00+00:00")


def answered(*answers: State, minutes: float = 0.0) -> Deletion:
    from deepracer_admin.flows.closeout.live_accounts import after_answer

    kept: Deletion | None = None
    for number, state in enumerate(answers):
        at = NOON + timedelta(minutes=minutes * number / max(1, len(answers) - 1))
        kept = after_answer(kept, "j", Outcome("p", Step.PROFILE, state, sentence="?"), at)
    assert kept is not None
    return kept


def judged(deletion: Deletion) -> Account | None:
    ports: Any = type("Ports", (), {"pool": None})
    return accounts_of(ports, [Profile("p", "x")], {"p": deletion}, "j").known.get("p")


def test_answers_that_prove_nothing_are_asked_for_again_over_minutes() -> None:
    quick = answered(*[State.UNKNOWN] * 9)
    assert not is_open_how(quick, NOON + SETTLE / 2)
    assert is_open_how(answered(*[State.UNKNOWN] * ASKS, minutes=10), NOON + SETTLE)
    assert not is_open_how(answered(*[State.UNKNOWN] * (ASKS - 1), minutes=60), NOON + 2 * SETTLE)
    pauses = [(due_at(answered(*[State.UNKNOWN] * n), NOON) - NOON).total_seconds() for n in range(1, 6)]
    assert pauses == [15, 30, 60, 60, 60]


def test_nobody_waits_for_the_next_question_when_it_has_been_asked_long_enough_before() -> None:
    late = answered(*[State.UNKNOWN] * ASKS, minutes=4.5)
    assert due_at(late, NOON + timedelta(minutes=4.5)) == NOON + SETTLE
    few = answered(*[State.UNKNOWN] * (ASKS - 1), minutes=4.5)
    assert due_at(few, NOON + timedelta(minutes=4.5)) == NOON + timedelta(minutes=5.5)


def test_only_an_answer_that_the_account_was_deleted_proves_it() -> None:
    assert judged(answered(State.UNKNOWN)) is Account.NOT_KNOWN
    assert judged(answered(State.ALREADY, State.ALREADY, State.ALREADY, minutes=99)) is Account.NOT_KNOWN
    assert judged(answered(State.DONE)) is None, "deleted, and not read back yet"
    assert judged(answered(State.DONE, State.UNKNOWN)) is Account.NONE
    assert judged(answered(State.RETRY)) is None
