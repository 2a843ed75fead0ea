"""The proof of access over real HTTP: nobody counts as in before Identity Center or Cognito says so."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.fernet import Fernet

from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.directory.pool import PoolStatus, PoolUser
from deepracer_admin.directory.proof import Arrival, Assignment, Presence
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, ServiceError, Throttled, Unavailable
from deepracer_admin.flows.access.entra_group import MembershipReconciler
from deepracer_admin.flows.access.proof import IdentityCenterProof, SignedInFromCognito, waiting_sentence
from deepracer_admin.flows.engine.pacing import Pacer
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import Letters
from deepracer_admin.model import Attendee, Event, Invitee, Lease, Limit, Outcome, State, Step, StepRow
from deepracer_admin.records.guest_book import GuestBook
from deepracer_admin.store import EventStore, ProfileLink
from deepracer_admin.store.sqlite import open_event_store
from deepracer_admin.vault import Vault
from tests.directory.conftest import entra, group, msal_app, naps
from tests.flows.fake_time import FakeClock
from tests.practice import WorldHandle, start_world
from tests.store.people import NOW, a_person, an_event

__all__ = ["entra", "group", "msal_app", "naps"]

DAY = 24 * 3600.0
ADA = a_person(1, email="ada.byron@example.com", alias="Ada-B")
GRACE = a_person(2, email="grace.hopper@example.com", alias="Grace-H")
NAMELESS = a_person(3, email="nameless.x@example.com", alias="Nameless")


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[WorldHandle]:
    """Time stands still here, except where a test puts it forward; nobody of the fleet signs in by themselves."""
    handle = start_world(tmp_path / "world", speed=0, start=NOW)
    handle.control("POST", "fleet", {"ignoring": 1.0})
    yield handle
    handle.leave()


class Desk:
    """A store with one event and its people, a clock, and what the flows need to run against a practice world."""

    def __init__(self, home: Path, directory: Callable[[str], Any]) -> None:
        self.clock = FakeClock()
        self.store: EventStore = open_event_store(home / "events.sqlite", "rehearsal")
        self.event: Event = an_event()
        self.asked_for: list[str] = []

        def acting(oid: str) -> Any:
            self.asked_for.append(oid)
            return directory(oid)

        nothing = cast(Any, None)
        vault = Vault(Fernet.generate_key())
        self.ports = Ports(
            store=self.store,
            history=nothing,
            clock=self.clock,
            pacer=Pacer(self.store, self.clock),
            letters=Letters(self.store, guests=GuestBook(self.store, vault), rehearsal=True, sender=""),
            racing=nothing,
            directory=acting,
            mailer=nothing,
            home=home,
            rehearsal=True,
            vault=vault,
        )
        lease = self.store.acquire("worker", "test", ttl_s=1e9, now=self.clock.now())
        assert lease is not None
        self.lease: Lease = lease

    def open(self, *people: Attendee, group: str = "") -> None:
        self.event = replace(self.event, group_id=group)
        self.store.save_event(self.event)
        self.store.save_attendees(self.event.id, people)

    def record(self, step: Step, state: State, *people: Attendee, ref: str = "", reason: str = "") -> None:
        outcomes = [Outcome(person.id, step, state, reason, ref=ref) for person in people]
        self.store.record(self.event.id, outcomes, lease=self.lease, now=self.clock.now())

    def row(self, person: Attendee, step: Step) -> StepRow | None:
        return next((row for row in self.store.steps_of(self.event.id, person.id) if row.step is step), None)

    def state(self, person: Attendee, step: Step = Step.ACCESS) -> tuple[State, str]:
        row = self.row(person, step)
        return (row.state, row.reason) if row else (State.TODO, "")

    def sentence(self, person: Attendee, step: Step = Step.ACCESS) -> str:
        row = self.row(person, step)
        return row.sentence if row else ""


@pytest.fixture
def desk(tmp_path: Path, entra: Entra) -> Iterator[Desk]:
    made = Desk(tmp_path, lambda oid: entra)
    yield made
    made.store.close()


@pytest.fixture
def proof(practice: WorldHandle, desk: Desk) -> Iterator[IdentityCenterProof]:
    aws = practice.endpoints["aws"]
    center = IdentityCenter(
        _access(practice, "identity_center_url"),
        aws["identity_store_id"],
        aws["identity_instance_arn"],
        aws["identity_group"],
        aws["identity_permission_set"],
        aws["account_id"],
        pace=lambda limit: time.sleep(1 / limit.rate),
    )
    yield IdentityCenterProof(desk.ports, lambda: center)
    center.close()


def _access(practice: WorldHandle, address: str) -> AwsAccess:
    aws = practice.endpoints["aws"]
    return AwsAccess(
        region=aws["region"],
        endpoint_url=aws[address],
        access_key_id=aws["access_key_id"],
        secret_access_key=aws["secret_access_key"],
        reach=Reach.PRACTICE,
    )


def look(desk: Desk, proof: IdentityCenterProof) -> int:
    """A pass after the shortest time between two looks."""
    desk.clock.seconds += 31
    return proof.run(desk.event, desk.lease, acting_for="olivia")


def join(desk: Desk) -> None:
    """The group step, done by the reconciler of the group itself."""
    MembershipReconciler(desk.ports).run(desk.event, desk.lease, acting_for="olivia")


def reads(practice: WorldHandle) -> int:
    return practice.counters()["calls"].get("identity-center", 0)


def test_access_waits_for_the_cycle_and_is_proven_when_it_has_run(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, GRACE, group=group)
    join(desk)
    look(desk, proof)
    assert desk.state(ADA) == (State.WAITING, "cycle")
    assert "about 40 minutes" in desk.sentence(ADA)
    practice.advance(DAY)
    assert look(desk, proof) == 2
    assert desk.state(ADA) == desk.state(GRACE) == (State.DONE, "arrived")
    row = desk.row(ADA, Step.ACCESS)
    assert row is not None
    assert row.ref in practice.world.identity_center.provisioning.directory.users


def test_who_is_not_in_the_group_yet_is_not_asked_for(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, group=group)
    assert look(desk, proof) == 0
    assert reads(practice) == 0
    assert desk.state(ADA) == (State.TODO, "")


def test_missing_names_are_refused_with_what_to_do_and_a_retry_asks_again(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, NAMELESS, group=group)
    join(desk)
    look(desk, proof)
    assert desk.state(NAMELESS) == (State.REFUSED, "names")
    assert "first name" in desk.sentence(NAMELESS)
    assert "press “Retry them”" in desk.sentence(NAMELESS)
    practice.advance(DAY)
    look(desk, proof)
    assert desk.state(ADA) == (State.DONE, "arrived")
    assert desk.state(NAMELESS) == (State.REFUSED, "names")
    person = practice.world.company.by_mail(NAMELESS.email)[0]
    person.given, person.family = "Nao", "Less"
    desk.store.reset_steps(desk.event.id, [NAMELESS.id], [Step.ACCESS])
    look(desk, proof)
    assert desk.state(NAMELESS) == (State.WAITING, "cycle")
    practice.advance(DAY)
    look(desk, proof)
    assert desk.state(NAMELESS) == (State.DONE, "arrived")


def test_a_guest_has_no_names_until_an_administrator_gives_them(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str, entra: Entra
) -> None:
    guest = a_person(4, email="guest.gina@example.org", alias="Gina")
    invitee = Invitee(guest.id, guest.email, "", "Gina Guest")
    list(entra.invite([invitee], redirect_url="https://portal.example.com"))
    desk.open(guest, group=group)
    join(desk)
    look(desk, proof)
    assert desk.state(guest) == (State.REFUSED, "names")
    assert "no first name and no last name" in desk.sentence(guest)
    assert "administrator" in desk.sentence(guest)


def test_names_are_asked_for_once_in_the_name_of_the_person_who_started(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, GRACE, group=group)
    join(desk)
    desk.asked_for.clear()
    look(desk, proof)
    before = practice.counters()["calls"]["graph"]
    look(desk, proof)
    assert desk.asked_for == ["olivia"]
    assert practice.counters()["calls"]["graph"] == before


def test_while_names_cannot_be_asked_for_nobody_new_is_judged(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(NAMELESS, group=group)
    join(desk)
    fault = practice.arm("graph", "error_5xx")
    with pytest.raises(ServiceError):
        look(desk, proof)
    assert desk.state(NAMELESS) == (State.TODO, "")
    practice.disarm(fault)
    look(desk, proof)
    assert desk.state(NAMELESS) == (State.REFUSED, "names")


def test_identity_center_is_asked_only_while_somebody_waits_and_at_most_every_thirty_seconds(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, group=group)
    join(desk)
    look(desk, proof)
    asked = reads(practice)
    desk.clock.seconds += 29
    assert proof.run(desk.event, desk.lease, acting_for="olivia") == 0
    assert reads(practice) == asked
    practice.advance(DAY)
    look(desk, proof)
    asked = reads(practice)
    for _ in range(3):
        assert look(desk, proof) == 0
    assert reads(practice) == asked


@pytest.mark.parametrize("state", ["no_assignment", "no_policy"])
def test_without_the_assignment_nobody_is_in_and_everybody_is_told_why(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str, state: str
) -> None:
    desk.open(ADA, group=group)
    join(desk)
    practice.advance(DAY)
    fault = practice.arm("identity-center", state)
    with pytest.raises(AccessDenied, match="administrator of IAM Identity Center"):
        look(desk, proof)
    assert desk.state(ADA) == (State.WAITING, "assignment")
    practice.disarm(fault)
    look(desk, proof)
    assert desk.state(ADA) == (State.DONE, "arrived")


def test_a_leaver_has_access_until_a_cycle_has_taken_them_out(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, GRACE, group=group)
    join(desk)
    practice.advance(DAY)
    look(desk, proof)
    desk.store.save_attendees(desk.event.id, [replace(ADA, wanted=False)])
    join(desk)
    look(desk, proof)
    assert desk.state(ADA) == (State.WAITING, "leaving")
    practice.advance(DAY)
    look(desk, proof)
    assert desk.state(ADA) == (State.TODO, "removed")
    assert desk.state(GRACE) == (State.DONE, "arrived")
    asked = reads(practice)
    look(desk, proof)
    assert reads(practice) == asked


def test_where_the_company_fills_the_group_itself_the_group_step_is_not_waited_for(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, entra: Entra, group: str
) -> None:
    desk.open(ADA)
    list(entra.add(group, [entra.resolve([ADA.email])[ADA.email].person_id]))
    practice.advance(DAY)
    look(desk, proof)
    assert desk.state(ADA) == (State.DONE, "arrived")


def test_a_process_that_starts_anew_goes_on_where_the_other_died(
    desk: Desk, proof: IdentityCenterProof, practice: WorldHandle, group: str
) -> None:
    desk.open(ADA, group=group)
    join(desk)
    look(desk, proof)
    practice.advance(DAY)
    another = IdentityCenterProof(desk.ports, proof._proof)
    assert another.run(desk.event, desk.lease, acting_for="olivia") == 1
    assert desk.state(ADA) == (State.DONE, "arrived")


class Told:
    """A proof that says what it was told; for what the practice world does not do by itself."""

    limits: Sequence[Limit] = (Limit("identity-center", rate=10.0),)

    def __init__(self, **presences: Presence) -> None:
        self.presences = presences
        self.failure: ServiceError | None = None

    def assignment(self) -> Assignment:
        if self.failure:
            raise self.failure
        return Assignment(True)

    def arrived(self, emails: Sequence[str]) -> Mapping[str, Arrival]:
        return {email: Arrival(email, self.presences.get(email.partition(".")[0], Presence.ABSENT)) for email in emails}


@pytest.mark.parametrize(("presence", "reason"), [(Presence.DISABLED, "disabled"), (Presence.SEVERAL, "several")])
def test_what_only_a_person_can_mend_is_refused_until_it_is_mended(desk: Desk, presence: Presence, reason: str) -> None:
    desk.open(ADA, GRACE)
    told = Told(ada=presence)
    proof = IdentityCenterProof(desk.ports, lambda: told)
    look(desk, proof)
    assert desk.state(ADA) == (State.REFUSED, reason)
    assert "Retry" in desk.sentence(ADA)
    told.presences["ada"] = Presence.MEMBER
    look(desk, proof)  # Grace still waits, so everybody is looked at
    assert desk.state(ADA) == (State.DONE, "arrived")


def test_somebody_who_falls_out_of_the_group_loses_the_proof(desk: Desk) -> None:
    desk.open(ADA, GRACE)
    told = Told(ada=Presence.MEMBER)
    proof = IdentityCenterProof(desk.ports, lambda: told)
    look(desk, proof)
    assert desk.state(ADA) == (State.DONE, "arrived")
    told.presences["ada"] = Presence.USER
    look(desk, proof)
    assert desk.state(ADA) == (State.WAITING, "cycle")


def test_a_throttled_look_holds_every_process_still(desk: Desk) -> None:
    desk.open(ADA)
    told = Told()
    told.failure = Throttled("AWS asks for a pause.", retry_after=7.0)
    with pytest.raises(Throttled):
        look(desk, IdentityCenterProof(desk.ports, lambda: told))
    assert desk.ports.pacer.held_for(Told.limits[0]) == pytest.approx(7.0, abs=0.01)


def test_a_failed_look_is_not_repeated_at_once(desk: Desk) -> None:
    desk.open(ADA)
    told = Told()
    told.failure = Unavailable("AWS has a problem of its own.")
    proof = IdentityCenterProof(desk.ports, lambda: told)
    with pytest.raises(Unavailable):
        look(desk, proof)
    assert proof.run(desk.event, desk.lease, acting_for="olivia") == 0


@pytest.mark.parametrize(
    ("people", "first"),
    [(50, "about an hour"), (2000, "up to 3 hours"), (10_000, "2 to 14 hours")],
)
def test_the_wait_is_told_as_a_range_that_grows_with_the_people(people: int, first: str) -> None:
    assert first in waiting_sentence(people)


# --------------------------------------------------------------------------------------------------------- signed in


@pytest.fixture
def pool(practice: WorldHandle) -> Iterator[CognitoPool]:
    made = CognitoPool(_access(practice, "cognito_idp_url"), practice.endpoints["aws"]["user_pool_id"])
    yield made
    made.close()


def test_signed_in_is_who_has_replaced_the_temporary_password(
    desk: Desk, practice: WorldHandle, pool: CognitoPool
) -> None:
    desk.open(ADA, GRACE)
    names = {p.id: pool.create(Invitee(p.id, p.email, p.alias)).username for p in (ADA, GRACE)}
    desk.record(Step.ACCESS, State.DONE, ADA, GRACE)
    reader = SignedInFromCognito(desk.ports, lambda: pool)
    reader.run(desk.event, desk.lease)
    assert desk.state(ADA, Step.SIGNED_IN) == (State.WAITING, "invited")
    assert (NOW + timedelta(days=7)).strftime("%Y-%m-%d") in desk.sentence(ADA, Step.SIGNED_IN)
    practice.world.deepracer.garage.accept(names[ADA.id])  # the first sign-in, as the fleet does it
    desk.clock.seconds += 31
    reader.run(desk.event, desk.lease)
    assert desk.state(ADA, Step.SIGNED_IN) == (State.DONE, "status")
    assert desk.state(GRACE, Step.SIGNED_IN) == (State.WAITING, "invited")


class Listed:
    """A pool that lists what it was given, and counts how often."""

    limits: Sequence[Limit] = (Limit("cognito-idp", rate=10.0),)

    def __init__(self, *users: PoolUser) -> None:
        self.listed, self.times = users, 0

    def users(self) -> Iterator[PoolUser]:
        self.times += 1
        return iter(self.listed)


def a_user(person: Attendee, **values: Any) -> PoolUser:
    given: dict[str, Any] = {
        "username": f"user{person.id}",
        "email": person.email,
        "status": PoolStatus.INVITED,
        "enabled": True,
        "created_at": NOW,
        "changed_at": NOW,
    }
    return PoolUser(**(given | values))


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"enabled": False}, "disabled"),
        ({"changed_at": NOW - timedelta(days=8)}, "password_ended"),
        ({"changed_at": NOW - timedelta(days=6)}, "invited"),
        ({"status": PoolStatus.OTHER}, "invited"),
    ],
)
def test_who_has_not_signed_in_is_told_apart_by_what_stands_in_the_way(
    desk: Desk, values: dict[str, Any], reason: str
) -> None:
    desk.open(ADA)
    desk.record(Step.ACCESS, State.DONE, ADA)
    SignedInFromCognito(desk.ports, lambda: cast(Any, Listed(a_user(ADA, **values)))).run(desk.event, desk.lease)
    assert desk.state(ADA, Step.SIGNED_IN) == (State.WAITING, reason)


def test_the_pool_is_not_asked_when_nobody_is_left_to_wait_for(desk: Desk) -> None:
    desk.open(ADA, GRACE)
    desk.record(Step.ACCESS, State.DONE, ADA)
    pool = Listed(a_user(ADA, status=PoolStatus.CONFIRMED))
    reader = SignedInFromCognito(desk.ports, lambda: cast(Any, pool))
    for _ in range(3):
        reader.run(desk.event, desk.lease)
        desk.clock.seconds += 31
    assert pool.times == 1
    assert desk.state(GRACE, Step.SIGNED_IN) == (State.TODO, "")


def test_a_pool_that_takes_long_to_list_is_listed_less_often(desk: Desk) -> None:
    desk.open(ADA)
    desk.record(Step.ACCESS, State.DONE, ADA)

    class Slow(Listed):
        def users(self) -> Iterator[PoolUser]:
            desk.clock.seconds += 17  # 10,000 people, 60 a page, a tenth of a second each
            return super().users()

    pool = Slow(a_user(ADA))
    reader = SignedInFromCognito(desk.ports, lambda: cast(Any, pool))
    reader.run(desk.event, desk.lease)
    desk.clock.seconds += 150
    reader.run(desk.event, desk.lease)
    assert pool.times == 1
    desk.clock.seconds += 5
    reader.run(desk.event, desk.lease)
    assert pool.times == 2


def test_a_person_is_known_by_the_linked_profile_before_the_address(desk: Desk) -> None:
    desk.open(ADA)
    desk.record(Step.ACCESS, State.DONE, ADA)
    desk.store.link(desk.event.id, [ProfileLink(ADA.id, "linked", "manual", desk.clock.now())])
    linked = a_user(ADA, username="linked", email="other@example.com", status=PoolStatus.CONFIRMED)
    pool = Listed(a_user(ADA), linked)
    SignedInFromCognito(desk.ports, lambda: cast(Any, pool)).run(desk.event, desk.lease)
    assert desk.state(ADA, Step.SIGNED_IN) == (State.DONE, "status")
