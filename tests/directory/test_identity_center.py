"""Reading IAM Identity Center over real HTTP: who has arrived, at what cost, and what refusals mean."""

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.identity_center import READS, IdentityCenter
from deepracer_admin.directory.proof import AccessProof, Presence
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    NotThere,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.model import Limit
from tests.practice import WorldHandle, start_world

DAY = 24 * 3600.0
Open = Callable[..., IdentityCenter]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[WorldHandle]:
    """Time stands still here, except where a test puts it forward."""
    handle = start_world(tmp_path / "world", speed=0)
    yield handle
    handle.leave()


def access_to(practice: WorldHandle, **changes: str) -> AwsAccess:
    aws = practice.endpoints["aws"]
    return AwsAccess(
        region=aws["region"],
        endpoint_url=changes.get("endpoint_url", aws["identity_center_url"]),
        access_key_id=aws["access_key_id"],
        secret_access_key=changes.get("secret", aws["secret_access_key"]),
        reach=Reach.PRACTICE,
    )


@pytest.fixture
def open_center(practice: WorldHandle) -> Iterator[Open]:
    """Makes an adapter of the practice instance; what the settings name can be changed."""
    opened: list[IdentityCenter] = []

    def make(access: AwsAccess | None = None, pace: Callable[[Limit], Any] | None = None, **changes: str) -> Any:
        aws = practice.endpoints["aws"]
        center = IdentityCenter(
            access or access_to(practice),
            changes.get("store", aws["identity_store_id"]),
            aws["identity_instance_arn"],
            changes.get("group", aws["identity_group"]),
            changes.get("permission_set", aws["identity_permission_set"]),
            changes.get("account", aws["account_id"]),
            pace=pace or (lambda limit: None),
        )
        opened.append(center)
        return center

    yield make
    for center in opened:
        center.close()


@pytest.fixture
def center(open_center: Open) -> IdentityCenter:
    return open_center()


def join(entra: Entra, group: str, *emails: str) -> None:
    found = entra.resolve(emails)
    list(entra.add(group, [found[email].person_id for email in emails]))


def reads(practice: WorldHandle) -> int:
    return practice.counters()["calls"].get("identity-center", 0)


def test_the_group_with_the_right_set_in_the_right_account_is_assigned(center: IdentityCenter) -> None:
    port: AccessProof = center
    assert port.assignment().ok
    assert port.limits == (READS,)


def test_the_assignment_costs_two_calls_once_names_are_known(center: IdentityCenter, practice: WorldHandle) -> None:
    center.assignment()
    before = reads(practice)
    center.assignment()
    assert reads(practice) - before == 2


@pytest.mark.parametrize(
    ("state", "told"), [("no_assignment", "assign it once, for the whole group"), ("no_policy", "attach it")]
)
def test_a_missing_assignment_or_policy_says_what_to_ask_for(
    center: IdentityCenter, practice: WorldHandle, state: str, told: str
) -> None:
    practice.arm("identity-center", state)
    assignment = center.assignment()
    assert not assignment.ok
    assert told in assignment.sentence


@pytest.mark.parametrize(
    "wrong", [{"group": "No Such Group"}, {"permission_set": "NoSuchSet"}, {"account": "000000000000"}]
)
def test_what_the_settings_misname_is_named_in_the_sentence(open_center: Open, wrong: dict[str, str]) -> None:
    assignment = open_center(**wrong).assignment()
    assert not assignment.ok
    assert next(iter(wrong.values())) in assignment.sentence


def test_nobody_has_arrived_before_the_cycle_and_everybody_after_it(
    center: IdentityCenter, practice: WorldHandle, entra: Entra, group: str
) -> None:
    join(entra, group, "ada.byron@example.com", "nameless.x@example.com")
    asked = ["ada.byron@example.com", "nameless.x@example.com", "somebody.else@example.com"]
    assert {arrival.presence for arrival in center.arrived(asked).values()} == {Presence.ABSENT}
    practice.advance(DAY)
    found = center.arrived(asked)
    assert [found[email].presence for email in asked] == [Presence.MEMBER, Presence.ABSENT, Presence.ABSENT]
    assert found["ada.byron@example.com"].user_id
    assert found["ada.byron@example.com"].missing == ()


def test_an_address_is_found_whatever_its_case(
    center: IdentityCenter, practice: WorldHandle, entra: Entra, group: str
) -> None:
    join(entra, group, "ada.byron@example.com")
    practice.advance(DAY)
    assert center.arrived(["Ada.Byron@Example.com"])["Ada.Byron@Example.com"].presence is Presence.MEMBER


def test_somebody_without_mail_is_found_by_their_sign_in_name(
    center: IdentityCenter, practice: WorldHandle, entra: Entra, group: str
) -> None:
    join(entra, group, "upn.ada.byron@example.com")
    practice.advance(DAY)
    assert center.arrived(["upn.ada.byron@example.com"])["upn.ada.byron@example.com"].presence is Presence.MEMBER


def test_a_user_who_is_not_yet_in_the_group_has_not_arrived(
    center: IdentityCenter, practice: WorldHandle, entra: Entra, group: str
) -> None:
    practice.arm("identity-center", "cycle", params={"every_s": 60, "initial_least_s": 0, "initial_per_object_s": 600})
    join(entra, group, "ada.byron@example.com", "grace.hopper@example.com")
    practice.advance(120 + 3 * 600)
    found = center.arrived(["ada.byron@example.com", "grace.hopper@example.com"])
    assert [arrival.presence for arrival in found.values()] == [Presence.MEMBER, Presence.USER]


def test_who_left_is_seen_as_gone_and_switched_off(
    center: IdentityCenter, practice: WorldHandle, entra: Entra, group: str, open_center: Open
) -> None:
    join(entra, group, "ada.byron@example.com")
    practice.advance(DAY)
    assert center.arrived(["ada.byron@example.com"])["ada.byron@example.com"].presence is Presence.MEMBER
    list(entra.remove(group, [entra.resolve(["ada.byron@example.com"])["ada.byron@example.com"].person_id]))
    practice.advance(DAY)
    assert center.arrived(["ada.byron@example.com"])["ada.byron@example.com"].presence is not Presence.MEMBER
    fresh = open_center().arrived(["ada.byron@example.com"])["ada.byron@example.com"]
    assert fresh.presence is Presence.DISABLED


def test_many_people_cost_pages_never_a_call_each(
    open_center: Open, practice: WorldHandle, entra: Entra, group: str
) -> None:
    practice.arm("identity-center", "cycle", params={"every_s": 1, "initial_least_s": 0, "initial_per_object_s": 0})
    emails = [f"racer.number{number}@example.com" for number in range(350)]
    join(entra, group, *emails)
    practice.advance(180)
    passed: list[Limit] = []

    def pace(limit: Limit) -> None:
        passed.append(limit)
        time.sleep(1 / limit.rate)

    center = open_center(pace=pace)
    center.assignment()
    before = reads(practice)
    found = center.arrived(emails)
    assert {arrival.presence for arrival in found.values()} == {Presence.MEMBER}
    pages = math.ceil(len(emails) / 100)
    assert reads(practice) - before == 2 * pages
    center.arrived(emails)
    assert reads(practice) - before == 3 * pages  # nobody is new, so users are not listed again
    assert passed == [READS] * reads(practice)


def test_every_call_passes_the_pace_first_and_at_that_pace_nothing_is_throttled(
    open_center: Open, practice: WorldHandle
) -> None:
    center = open_center(pace=lambda limit: time.sleep(1 / limit.rate), group=practice_group(practice))
    for _ in range(15):
        center.arrived(["ada.byron@example.com"])
    assert practice.counters()["by_operation"]["identity-center.ListGroupMemberships"] == 15


def practice_group(practice: WorldHandle) -> str:
    return practice.world.identity_center.names.group_id


@pytest.mark.parametrize(
    ("fault", "error"),
    [("throttle", Throttled), ("error_5xx", Unavailable), ("down", Unreachable), ("denied", AccessDenied)],
)
def test_a_failure_becomes_the_error_that_says_what_to_do(
    open_center: Open, practice: WorldHandle, fault: str, error: type[Exception]
) -> None:
    center = open_center(group=practice_group(practice))
    practice.arm("identity-center", fault)
    with pytest.raises(error) as told:
        center.arrived(["ada.byron@example.com"])
    if fault == "denied":
        assert "identitystore:ListGroupMemberships" in str(told.value)
        assert "identity-center-read.json" in str(told.value)


def test_dead_keys_name_the_command_that_renews_them(open_center: Open, practice: WorldHandle) -> None:
    with pytest.raises(CredentialsExpired, match="aws sso login"):
        open_center(access_to(practice, secret="wrong")).assignment()
    practice.arm("identity-center", "expired_credentials")
    with pytest.raises(CredentialsExpired, match="aws sso login"):
        open_center().assignment()


def test_an_unknown_store_and_an_id_of_the_wrong_form_are_told_apart(open_center: Open, practice: WorldHandle) -> None:
    with pytest.raises(NotThere):
        open_center(store="d-0000000000", group=practice_group(practice)).arrived(["ada.byron@example.com"])
    with pytest.raises(Refused):
        open_center(store="", group=practice_group(practice)).arrived(["ada.byron@example.com"])


def test_a_lost_answer_to_a_read_is_simply_read_again(center: IdentityCenter, practice: WorldHandle) -> None:
    practice.arm("identity-center", "lost_answer", count=1)
    assert center.assignment().ok


def test_the_practice_instance_names_itself(center: IdentityCenter) -> None:
    assert center.practice_world
