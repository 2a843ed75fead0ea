"""Every fault that the practice world can stage, for both services: nothing lost, nothing done twice, the right words.

Three things are tried under each fault: reading everybody, setting a quota for each, creating a race. A row of the
table says how each ends; whatever the row, afterwards everybody is listed once, whoever was to be tried again gets the
quota, and whoever looks before repeating finds or makes exactly one race.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    LostAnswer,
    NotThere,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.model import Outcome, Quota, State
from deepracer_admin.racing import NOT_KNOWN
from tests.practice import WorldHandle
from tests.racing.contract import draft
from tests.racing.scripted import Naps
from tests.racing.test_managed_contract import ManagedBench, connect_managed
from tests.racing.test_on_aws_contract import OnAwsBench, connect, opened
from tests.racing.worlds import in_world, kept_world, renew

Bench = OnAwsBench | ManagedBench
End = State | tuple[type[ServiceError], str] | None
WANTED = Quota(240, 4)
PEOPLE = 5


@dataclass(frozen=True)
class Row:
    """A fault and how a read, a batch of writes and a creation end under it.

    None: as if nothing had happened. A pair: this error, with a sentence that matches. A state: everybody in the batch
    has it. `waits_s`: how long the client waits for an answer meanwhile; 0: as long as any machine takes.
    """

    name: str
    fault: str
    reading: End
    setting: End
    creating: End
    options: dict[str, Any] = field(default_factory=dict)
    waits_s: float = 0.0


AGAIN = State.RETRY
LOST = (LostAnswer, "look before you repeat")
ENDED = (CredentialsExpired, "sign-in to DeepRacer on AWS has ended")
WALL = (AccessDenied, r"operator must add an allow rule .*DeepRacer-Organizer-Console/")
DELETED = (Unavailable, "sign the console in with another administrator")
ON_AWS = [
    Row("throttled twice", "throttle", None, None, (Throttled, "slows down"), {"count": 2}),
    Row("throttled for good", "throttle", (Throttled, "slows down"), (Throttled, "slows down"), (Throttled, "slows")),
    Row("a burst of 5xx", "error_5xx", None, None, LOST, {"count": 2}),
    Row("5xx for good", "error_5xx", (Unavailable, "tries again"), AGAIN, LOST),
    Row("slow answers", "latency", None, None, None, {"params": {"ms": 120}}),
    Row("an answer after the gateway gave up", "timeout", None, None, LOST, {"count": 1}),
    Row("no answer before the gateway gave up", "timeout", (Unavailable, "HTTP 504"), AGAIN, LOST),
    Row("dropped before it was taken", "drop", None, None, LOST, {"count": 1}),
    Row("dropped after it was taken", "lost_answer", None, None, LOST, {"count": 1}),
    Row("always dropped after it was taken", "lost_answer", (Unreachable, "check the network"), AGAIN, LOST),
    Row("credentials that expired", "expired_credentials", None, None, None, {"count": 1}),
    Row("credentials that stay expired", "expired_credentials", ENDED, ENDED, ENDED),
    Row("a firewall's 403", "waf", WALL, WALL, WALL),
    Row("our clock ten minutes slow", "skew", None, None, None),
    Row("our clock a quarter of an hour fast", "skew", None, None, None, {"params": {"seconds": -900}}),
    Row("page tokens that expire", "expired_token", (Unavailable, "tries again"), None, None),
    Row("our own profile deleted", "profile_deleted", DELETED, AGAIN, LOST),
]

SLOW_DOWN = (Throttled, "asks for a pause; we go on by ourselves")
BROKEN = (Unavailable, "problem of its own; we try again")
UNKNOWN = (LostAnswer, "was lost: it may have been done")
NO_LINE = (Unreachable, "AWS DeepRacer cannot be reached; check the network")
SIGN_IN = (CredentialsExpired, "renew the access key or sign-in with `aws sso login`")
DENIED = (AccessDenied, "attach AWSDeepRacerAccountAdminAccess")
BLOCKED = (AccessDenied, "A proxy, a firewall or .* answered in the place of AWS DeepRacer .* ask IT to let")
CLOCK = (CredentialsExpired, "check this computer's clock")
MANAGED = [
    Row("throttled twice", "throttle", None, AGAIN, SLOW_DOWN, {"count": 2}),
    Row("throttled for good", "throttle", SLOW_DOWN, AGAIN, SLOW_DOWN),
    Row("a burst of 5xx", "error_5xx", None, AGAIN, BROKEN, {"count": 2}),
    Row("5xx for good", "error_5xx", BROKEN, AGAIN, BROKEN),
    Row("slow answers", "latency", None, None, None, {"params": {"ms": 120}}),
    Row("answers that are too slow", "latency", NO_LINE, AGAIN, UNKNOWN, {"params": {"ms": 1400}}, waits_s=0.7),
    Row("dropped before it was taken", "drop", None, AGAIN, UNKNOWN, {"count": 1}),
    Row("dropped after it was taken", "lost_answer", None, AGAIN, UNKNOWN, {"count": 1}),
    Row("always dropped after it was taken", "lost_answer", NO_LINE, AGAIN, UNKNOWN),
    Row("credentials that expired", "expired_credentials", SIGN_IN, SIGN_IN, SIGN_IN),
    Row("a 403 for lack of rights", "denied", DENIED, DENIED, DENIED),
    Row("our clock ten minutes slow", "skew", CLOCK, CLOCK, CLOCK),
    Row("our clock a quarter of an hour fast", "skew", CLOCK, CLOCK, CLOCK, {"params": {"seconds": -900}}),
    Row("page tokens that expire", "expired_token", (Unavailable, "lists it anew"), None, None),
    Row("a firewall's page", "waf", BLOCKED, BLOCKED, BLOCKED),
    Row("racers deleted under our feet", "profile_deleted", None, State.REFUSED, None),
]


def rows(table: list[Row]) -> Any:
    return pytest.mark.parametrize("row", [pytest.param(row, id=row.name) for row in table])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorldHandle]:
    with kept_world(tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest.fixture
def on_aws(world: WorldHandle) -> Iterator[OnAwsBench]:
    with opened(world, sleep=Naps(), mail_cap=200) as bench:
        yield bench


@pytest.fixture
def managed(world: WorldHandle) -> Iterator[ManagedBench]:
    renew(world)
    service, clock = connect_managed(world, sleep=Naps())
    service.set_multi_user_mode(True)
    yield ManagedBench(service, clock, world)
    service.close()


@rows(ON_AWS)
def test_a_fault_of_deepracer_on_aws_loses_nothing_and_does_nothing_twice(on_aws: OnAwsBench, row: Row) -> None:
    ids = on_aws.profiles(PEOPLE)
    if row.fault == "expired_token":
        on_aws.profiles(101 - PEOPLE)
    reading_ends(on_aws, row, ids)
    setting_ends(on_aws, row, ids)
    creating_ends(on_aws, row)


@rows(MANAGED)
def test_a_fault_of_the_managed_service_loses_nothing_and_does_nothing_twice(managed: ManagedBench, row: Row) -> None:
    ids = managed.profiles(PEOPLE)
    if row.fault == "expired_token":
        managed.profiles(101 - PEOPLE)
    reading_ends(managed, row, ids)
    setting_ends(managed, row, ids)
    creating_ends(managed, row)


def reading_ends(bench: Bench, row: Row, ids: list[str]) -> None:
    found: list[str] = []
    with armed(bench, row), ending(row.reading):
        found = [profile.id for profile in bench.service.profiles()]
    if row.reading is not None:
        found = [profile.id for profile in bench.service.profiles()]
    assert len(found) == len(set(found))
    assert set(ids) <= set(found)


def setting_ends(bench: Bench, row: Row, ids: list[str]) -> None:
    outcomes: list[Outcome] = []
    with armed(bench, row), ending(row.setting):
        outcomes = list(bench.service.set_quotas([(each, WANTED) for each in ids]))
        assert [outcome.person for outcome in outcomes] == ids
        assert {outcome.state for outcome in outcomes} == {row.setting or State.DONE}
        assert all(outcome.sentence.endswith(".") for outcome in outcomes if not outcome.state.is_done)
    done = {outcome.person for outcome in outcomes if outcome.state.is_done}
    list(bench.service.set_quotas([(each, WANTED) for each in ids if each not in done]))
    quotas = {profile.id: profile.quota for profile in bench.service.profiles()}
    assert [quotas[each] for each in ids] == [WANTED] * len(ids)


def creating_ends(bench: Bench, row: Row) -> None:
    wanted = draft(bench, opens_in=timedelta(days=1))
    bench.world.control("POST", "counters/reset")
    with armed(bench, row), ending(row.creating):
        bench.service.create_race(wanted)
    assert bench.world.counters()["writes"].get(f"{bench.in_faults}.{bench.create_race}", 0) <= 1
    if not bench.service.races():
        assert row.creating is not None
        bench.service.create_race(wanted)
    assert [race.draft.name for race in bench.service.races()] == [wanted.name]


@contextlib.contextmanager
def armed(bench: Bench, row: Row) -> Iterator[None]:
    bench.world.arm(bench.in_faults, row.fault, **row.options)
    patient = bench.service
    if row.waits_s and isinstance(bench, ManagedBench):
        bench.service, _ = connect_managed(bench.world, sleep=Naps(), timeout_s=row.waits_s)
    try:
        yield
    finally:
        bench.world.disarm()
        if bench.service is not patient:
            bench.service.close()
            bench.service = patient  # type: ignore[assignment]


@contextlib.contextmanager
def ending(end: End) -> Iterator[None]:
    if not isinstance(end, tuple):
        yield
        return
    kind, words = end
    with pytest.raises(kind, match=words) as caught:
        yield
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(("seconds", "words"), [(600, "10 min slow"), (-900, "15 min fast")])
def test_the_clock_is_learned_once_from_the_date_of_the_reply_and_told(
    on_aws: OnAwsBench, seconds: int, words: str
) -> None:
    on_aws.service.account()
    on_aws.world.arm("deepracer", "skew", params={"seconds": seconds})
    on_aws.world.control("POST", "counters/reset")
    for _ in range(3):
        list(on_aws.service.profiles())
    assert on_aws.world.counters()["by_operation"]["deepracer.ListProfiles"] == 4
    assert words in on_aws.service.account().warnings[0]


def test_a_racer_whom_deepracer_on_aws_deleted_meanwhile_holds_nobody_up(on_aws: OnAwsBench) -> None:
    ids = on_aws.profiles(4)
    gone = ids[1]
    connect(on_aws.world)[0].remove([gone])
    outcomes = {each.person: each for each in on_aws.service.set_quotas([(each, WANTED) for each in ids])}
    assert [outcomes[each].state for each in ids] == [State.DONE, State.REFUSED, State.DONE, State.DONE]
    assert outcomes[gone].sentence.endswith(".")
    with pytest.raises(NotThere):
        on_aws.service.set_alias(gone, "Another-Name")
    (again,) = on_aws.service.remove([gone])
    assert (again.state, again.reason) == (State.UNKNOWN, NOT_KNOWN), "the service says the same for any failure"
    assert list(on_aws.service.models([gone])) == []
    assert gone not in {profile.id for profile in on_aws.service.profiles()}


def test_a_racer_whom_the_managed_service_forgot_meanwhile_holds_nobody_up(managed: ManagedBench) -> None:
    ids = managed.profiles(4)
    gone = ids[1]
    in_world(managed.world, lambda: managed.managed.account.users.pop(gone))
    outcomes = {each.person: each for each in managed.service.set_quotas([(each, WANTED) for each in ids])}
    assert [outcomes[each].state for each in ids] == [State.DONE, State.REFUSED, State.DONE, State.DONE]
    assert "signs in for the first time" in outcomes[gone].sentence
    assert [each.state for each in managed.service.remove([gone])] == [State.ALREADY]
    assert [profile.id for profile in managed.service.profiles()] == [each for each in ids if each != gone]
