"""DeleteProfile answers `500 {}` for live accounts, always, half the time, for two minutes: who is called gone is gone.

The service here keeps its own truth, and what the close-out certifies is held against it. Time is simulated.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deepracer_admin.directory.pool import PoolStatus, PoolUser
from deepracer_admin.flows.closeout.run import CloseoutHandler
from deepracer_admin.flows.closeout.steps import STEPS
from deepracer_admin.model import Attendee, Model, Outcome, Profile, Quota, State, Step
from deepracer_admin.records.closing import CLOSING_STEPS, ENDING, GIVEN_BACK, PROOF, Proof
from deepracer_admin.records.proven import GONE, NOT_KNOWN, PROVEN, STILL_THERE
from deepracer_admin.services.closeout.verdict import Verdict, verdict
from deepracer_admin.store import ProfileLink
from tests.flows.closeout.deaf_service import EVENT, DeafService, House, house
from tests.store.people import NOW

OURS = tuple("acdef")  # their profiles are this event's; "b" was there before, and stays


class Leaky(DeafService):
    """A deployment whose Cognito does not always let an account go; each profile with its account, and its truth."""

    def __init__(self, refuses: Callable[[str, float], bool] = lambda *_: False, *, rows: str = "") -> None:
        super().__init__("on_aws")
        self.refuses = refuses
        self.listed = dict.fromkeys([*OURS, "b"])
        self.alive = {*OURS, "b"} - {*rows}  # `rows`: a failed invitation left these without an account
        self.limits, self.stuck = Quota(7, 7), ""
        self.at: Callable[[], float] = lambda: 0.0

    def new_profile_quota(self) -> Quota:
        return self.limits

    def set_new_profile_quota(self, quota: Quota) -> Quota:
        self.limits = quota
        return quota

    def profiles(self) -> Iterator[Profile]:
        for key in self.listed:
            yield Profile(f"p-{key}", key, f"{key}@example.com", quota=Quota(0, 0), model_count=1, created_at=NOW)

    def models(self, ids: Any) -> Iterator[Model]:
        for key in ids:
            if key[-1] in self.stuck:
                yield Model(f"m-{key}", "m", key, "ERROR")

    def remove(self, ids: Any) -> list[Outcome]:
        found: list[Outcome] = []
        for profile in ids:
            key = profile[-1]
            if key not in self.alive or self.refuses(key, self.at()):
                found.append(Outcome(profile, Step.PROFILE, State.UNKNOWN, "not_known", "It answered 500 {}."))
                continue
            self.alive.discard(key)
            self.listed.pop(key)
            found.append(Outcome(profile, Step.PROFILE, State.DONE))
        return found


class Pool:
    """The user pool as it is."""

    def __init__(self, service: Leaky) -> None:
        self.service = service

    def account(self, username: str) -> PoolUser | None:
        return next((user for user in self.users() if user.username == username), None)

    def users(self) -> Iterator[PoolUser]:
        for key in sorted(self.service.alive):
            yield PoolUser(f"p-{key}", f"{key}@example.com", PoolStatus.CONFIRMED, enabled=True)


def closed(folder: Path, service: Leaky, *, pool: bool) -> House:
    """After a whole close-out."""
    at = house(folder, service, group="")
    service.at = lambda: at.clock.seconds
    people = [Attendee(key, f"{key}@example.com", key.upper(), alias=key) for key in (*OURS, "b")]
    at.store.save_attendees(EVENT, people)
    links = [ProfileLink(key, f"p-{key}", "adopted" if key == "b" else "created", NOW) for key in (*OURS, "b")]
    at.store.link(EVENT, links)
    at.ports.pool = (lambda: Pool(service)) if pool else None
    job = at.job("closeout", tuple(step.key for step in STEPS))
    at.until_it_ends(job, {"closeout": CloseoutHandler()}, hours=24, step_s=60)
    return at


def proof_of(at: House) -> Proof:
    found = at.store.read(EVENT, PROOF)
    assert found is not None
    return found


def verdict_of(at: House) -> Verdict:
    items = {item.key: item for item in at.store.job_items("j1")}
    rows, event = at.store.rows(EVENT, CLOSING_STEPS), at.store.event(EVENT)
    given_back, ending = at.store.read(EVENT, GIVEN_BACK), at.store.read(EVENT, ENDING)
    return verdict(event, [(step, items[step.key]) for step in STEPS], rows, proof_of(at), given_back, ending)


def check(at: House, service: Leaky, *, pool: bool) -> None:
    """Nothing is certified that is not so."""
    proof, answers = proof_of(at), at.store.rows(EVENT, PROVEN)
    still = {each.attendee for each in proof.can_still_sign_in}
    unknown = {each.attendee for each in proof.not_known}
    assert service.alive <= still | unknown, "an account lives and nobody says so"
    gone = {key for key, each in answers.items() if each.answer == GONE}
    assert not gone & service.alive
    assert {*answers} == {*OURS, "b"}
    assert {key for key, each in answers.items() if each.answer == STILL_THERE} == still
    assert {key for key, each in answers.items() if each.answer == NOT_KNOWN} == unknown
    assert all("credentials on the user pool" in answers[key].settle for key in unknown)
    if pool:
        assert (still, unknown) == (service.alive, set()), "with the pool it is known of everybody"
    ours = service.alive - {"b"} | unknown
    assert verdict_of(at).colour == ("red" if ours else "amber")


FAULTS: dict[str, Callable[[str, float], bool]] = {
    "never": lambda *_: False,
    "always": lambda *_: True,
    "two minutes": lambda _, at: at < 120,
    "one person, always": lambda key, _: key == "c",
}


@pytest.mark.parametrize("pool", [True, False], ids=["pool", "no pool"])
@pytest.mark.parametrize("fault", FAULTS)
def test_who_is_called_gone_is_gone(tmp_path: Path, fault: str, pool: bool) -> None:
    service = Leaky(FAULTS[fault])
    at = closed(tmp_path, service, pool=pool)
    check(at, service, pool=pool)
    passing = fault in ("never", "two minutes")
    assert (service.alive == {"b"}) is passing
    at.close()


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    seed=st.integers(0, 10**6),
    rate=st.sampled_from([0.5, 0.9]),
    rows=st.sampled_from(["", "c", "cd"]),
    pool=st.booleans(),
)
def test_half_of_the_time_too_and_with_rows_that_have_no_account(
    tmp_path_factory: pytest.TempPathFactory, seed: int, rate: float, rows: str, pool: bool
) -> None:
    chance = random.Random(seed)
    service = Leaky(lambda *_: chance.random() < rate, rows=rows)
    at = closed(tmp_path_factory.mktemp("h"), service, pool=pool)
    check(at, service, pool=pool)
    at.close()


# --------------------------------------------------------------------------------------------- what keeps it from green


def test_it_is_green_when_everything_is_gone(tmp_path: Path) -> None:
    service = Leaky()
    service.listed.pop("b")
    service.alive.discard("b")
    at = closed(tmp_path, service, pool=True)
    found = verdict_of(at)
    assert (found.colour, found.because) == ("green", ())
    at.close()


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("sponsorship", "Close sponsorship: 1. The service shows"),
        ("model", "Models that the service does not delete: 1 (m-p-c)"),
        ("person", "1 person keeps the access that they had before this event."),
    ],
)
def test_what_does_not_go_is_said_and_keeps_it_from_green(tmp_path: Path, what: str, said: str) -> None:
    service = Leaky()
    if what != "person":
        service.listed.pop("b")
        service.alive.discard("b")
    if what == "sponsorship":
        service.set_new_profile_quota = lambda quota: Quota(9, 9)  # type: ignore[method-assign]
    service.stuck = "c" if what == "model" else ""
    at = closed(tmp_path, service, pool=True)
    found = verdict_of(at)
    assert found.colour == "amber", found
    assert any(each.startswith(said) for each in found.because), found
    at.close()
