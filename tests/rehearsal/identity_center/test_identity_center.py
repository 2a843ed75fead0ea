"""The practice Identity Center: what shows only after a cycle, and the two APIs as boto3 sees them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from deepracer_admin.rehearsal.graph.groups import Member
from tests.practice import WorldHandle, start_world
from tests.rehearsal.held_time import HeldTime, pass_real_time
from tests.rehearsal.microsoft import app_token

MINUTE, CYCLE = 60.0, 40 * 60.0
Api = Callable[..., Any]


@pytest.fixture
def practice(tmp_path: Path) -> Iterator[WorldHandle]:
    """Time stands still here, except where a test puts it forward."""
    handle = start_world(tmp_path / "world", speed=0, machine=HeldTime())
    yield handle
    handle.leave()


@pytest.fixture
def api(practice: WorldHandle) -> Iterator[Api]:
    """boto3 clients of the practice account that never try again by themselves."""
    opened = []

    def client(service: str, secret: str = "") -> Any:
        aws = practice.endpoints["aws"]
        made = boto3.client(
            service,
            region_name=aws["region"],
            endpoint_url=aws["identity_center_url"],
            aws_access_key_id=aws["access_key_id"],
            aws_secret_access_key=secret or aws["secret_access_key"],
            config=Config(retries={"total_max_attempts": 1}, proxies={}),
        )
        opened.append(made)
        return made

    yield client
    for made in opened:
        made.close()


def join(practice: WorldHandle, *addresses: str) -> None:
    """Put people into the event group, as the company's app would through Graph."""
    graph, aws = practice.endpoints["graph"], {"Authorization": f"Bearer {app_token(practice.endpoints)}"}
    with httpx.Client(base_url=graph["url"], headers=aws, trust_env=False, timeout=300) as client:
        for address in addresses:
            found = client.get("/users", params={"$filter": f"mail eq '{address}'"}).json()["value"]
            reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{found[0]['id']}"}
            client.post(f"/groups/{graph['group_id']}/members/$ref", json=reference).raise_for_status()


def leave(practice: WorldHandle, address: str) -> None:
    graph, aws = practice.endpoints["graph"], {"Authorization": f"Bearer {app_token(practice.endpoints)}"}
    with httpx.Client(base_url=graph["url"], headers=aws, trust_env=False, timeout=300) as client:
        found = client.get("/users", params={"$filter": f"mail eq '{address}'"}).json()["value"]
        client.delete(f"/groups/{graph['group_id']}/members/{found[0]['id']}/$ref").raise_for_status()


def of_group(practice: WorldHandle, store: Any) -> dict[str, str]:
    """The arguments that name the provisioned group."""
    aws = practice.endpoints["aws"]
    unique = {"AttributePath": "displayName", "AttributeValue": aws["identity_group"]}
    found = store.get_group_id(
        IdentityStoreId=aws["identity_store_id"], AlternateIdentifier={"UniqueAttribute": unique}
    )
    return {"IdentityStoreId": aws["identity_store_id"], "GroupId": found["GroupId"]}


def user_names(practice: WorldHandle, store: Any) -> list[str]:
    users = store.list_users(IdentityStoreId=practice.endpoints["aws"]["identity_store_id"])["Users"]
    return [user["UserName"] for user in users]


def code_of(call: Callable[..., Any], **request: Any) -> str:
    with pytest.raises(ClientError) as told:
        call(**request)
    return told.value.response["Error"]["Code"]


def test_nobody_arrives_before_a_cycle_has_run(practice: WorldHandle, api: Api) -> None:
    store = api("identitystore")
    join(practice, "ada.byron@example.com")
    practice.advance(CYCLE - MINUTE)
    assert user_names(practice, store) == []
    assert store.list_group_memberships(**of_group(practice, store))["GroupMemberships"] == []


def test_the_first_cycle_takes_an_hour_at_least_and_the_next_ones_minutes(practice: WorldHandle, api: Api) -> None:
    store = api("identitystore")
    join(practice, "ada.byron@example.com")
    practice.advance(CYCLE + 50 * MINUTE)
    assert practice.truth()["identity_center"]["members"] == 0
    practice.advance(15 * MINUTE)
    assert user_names(practice, store) == ["ada.byron@example.com"]
    assert len(store.list_group_memberships(**of_group(practice, store))["GroupMemberships"]) == 1
    join(practice, "grace.hopper@example.com")
    practice.advance(CYCLE)
    assert user_names(practice, store) == ["ada.byron@example.com", "grace.hopper@example.com"]


def test_a_first_cycle_of_many_takes_longer_than_an_hour(practice: WorldHandle) -> None:
    """10,000 people are 100 to 800 minutes by Microsoft's estimate (identity-and-mail.md 3.6)."""
    provisioning = practice.world.identity_center.provisioning
    minutes = {
        people: provisioning.pace.of_cycle(2 * people, initial=True) * 2 * people / 60 for people in (10, 10_000)
    }
    assert minutes[10] == 60
    assert 100 <= minutes[10_000] <= 800


def test_people_appear_as_users_before_they_appear_in_the_group(practice: WorldHandle, api: Api) -> None:
    practice.arm("identity-center", "cycle", params={"every_s": 60, "initial_least_s": 0, "initial_per_object_s": 600})
    store = api("identitystore")
    join(practice, "ada.byron@example.com", "grace.hopper@example.com")
    practice.advance(120 + 2 * 600)
    assert len(user_names(practice, store)) == 2
    assert store.list_group_memberships(**of_group(practice, store))["GroupMemberships"] == []
    practice.advance(2 * 600)
    assert len(store.list_group_memberships(**of_group(practice, store))["GroupMemberships"]) == 2


def test_people_without_names_are_turned_away_in_every_cycle(practice: WorldHandle, api: Api) -> None:
    store = api("identitystore")
    join(practice, "nameless.x@example.com", "ada.byron@example.com")
    practice.advance(5 * CYCLE)
    assert user_names(practice, store) == ["ada.byron@example.com"]
    told = practice.truth()["identity_center"]
    assert (told["members"], told["turned_away"]) == (1, 1)


def test_two_people_with_one_address_do_not_both_arrive(practice: WorldHandle, api: Api) -> None:
    graph = practice.endpoints["graph"]
    bearer = {"Authorization": f"Bearer {app_token(practice.endpoints)}"}
    with httpx.Client(base_url=graph["url"], headers=bearer, trust_env=False, timeout=300) as client:
        both = client.get("/users", params={"$filter": "mail eq 'twice.eve.moss@example.com'"}).json()["value"]
        bind = [f"https://graph.microsoft.com/v1.0/directoryObjects/{person['id']}" for person in both]
        client.patch(f"/groups/{graph['group_id']}", json={"members@odata.bind": bind}).raise_for_status()
    practice.advance(5 * CYCLE)
    assert len(user_names(practice, api("identitystore"))) == 1
    assert practice.truth()["identity_center"]["turned_away"] == 1


def test_who_leaves_the_group_is_taken_out_by_the_next_cycle(practice: WorldHandle, api: Api) -> None:
    store = api("identitystore")
    join(practice, "ada.byron@example.com")
    practice.advance(3 * CYCLE)
    leave(practice, "ada.byron@example.com")
    assert len(store.list_group_memberships(**of_group(practice, store))["GroupMemberships"]) == 1
    practice.advance(CYCLE)
    assert store.list_group_memberships(**of_group(practice, store))["GroupMemberships"] == []
    users = store.list_users(IdentityStoreId=practice.endpoints["aws"]["identity_store_id"])["Users"]
    assert [user["UserStatus"] for user in users] == ["DISABLED"]


def test_a_quarantined_job_carries_nobody(practice: WorldHandle) -> None:
    fault = practice.arm("identity-center", "quarantine")
    join(practice, "ada.byron@example.com")
    practice.advance(10 * CYCLE)
    assert practice.truth()["identity_center"]["users"] == 0
    practice.disarm(fault)
    practice.advance(3 * CYCLE)
    assert practice.truth()["identity_center"]["members"] == 1


def test_a_guest_arrives_under_their_own_address(practice: WorldHandle, api: Api) -> None:
    graph = practice.endpoints["graph"]
    bearer = {"Authorization": f"Bearer {app_token(practice.endpoints)}"}
    invitation = {"invitedUserEmailAddress": "guest.kim@example.org", "inviteRedirectUrl": "https://example.com"}
    with httpx.Client(base_url=graph["url"], headers=bearer, trust_env=False, timeout=300) as client:
        guest = client.post("/invitations", json=invitation).json()["invitedUser"]["id"]
    person = practice.world.company.by_id(guest)
    assert person is not None
    person.given, person.family = "Kim", "Guest"
    join(practice, "guest.kim@example.org")
    practice.advance(3 * CYCLE)
    assert user_names(practice, api("identitystore")) == ["guest.kim@example.org"]


def test_lists_come_in_pages_of_a_hundred_at_most(practice: WorldHandle, api: Api) -> None:
    practice.arm("identity-center", "cycle", params={"every_s": 1, "initial_least_s": 0, "initial_per_object_s": 0})
    members = practice.world.graph.groups.kinds["event"].members
    for number in range(250):
        person = practice.world.company.by_mail(f"racer.number{number}@example.com")[0]
        members[person.id] = Member(number + 1)
    practice.advance(3 * MINUTE)
    store = api("identitystore")
    group = of_group(practice, store)
    seen: list[str] = []
    sizes: list[int] = []
    more: dict[str, str] = {}
    while True:
        reply = store.list_group_memberships(**group, **more)
        sizes.append(len(reply["GroupMemberships"]))
        seen += [row["MemberId"]["UserId"] for row in reply["GroupMemberships"]]
        if "NextToken" not in reply:
            break
        more = {"NextToken": reply["NextToken"]}
    assert sizes == [100, 100, 50]
    assert len(set(seen)) == 250
    store_id = {"IdentityStoreId": group["IdentityStoreId"]}
    assert code_of(store.list_users, **store_id, NextToken=more["NextToken"]) == "ValidationException"


def test_what_is_not_there_and_what_is_there_twice_is_said_in_aws_words(practice: WorldHandle, api: Api) -> None:
    store, store_id = api("identitystore"), {"IdentityStoreId": practice.endpoints["aws"]["identity_store_id"]}
    nobody = {"UniqueAttribute": {"AttributePath": "emails.value", "AttributeValue": "no@example.com"}}
    assert code_of(store.get_user_id, **store_id, AlternateIdentifier=nobody) == "ResourceNotFoundException"
    assert code_of(store.list_users, IdentityStoreId="d-0000000000") == "ResourceNotFoundException"
    group = of_group(practice, store)
    name = {"GivenName": "Ada", "FamilyName": "Byron"}
    person = {**store_id, "UserName": "ada@example.com", "DisplayName": "Ada Byron", "Name": name}
    user = {"UserId": store.create_user(**person)["UserId"]}
    assert code_of(store.create_user, **person) == "ConflictException"
    membership = store.create_group_membership(**group, MemberId=user)["MembershipId"]
    pass_real_time(practice, 0.3)  # the rate is ten a second
    assert code_of(store.create_group_membership, **group, MemberId=user) == "ConflictException"
    found = store.is_member_in_groups(**store_id, MemberId=user, GroupIds=[group["GroupId"]])["Results"]
    assert [row["MembershipExists"] for row in found] == [True]
    store.delete_group_membership(**store_id, MembershipId=membership)
    gone = code_of(store.delete_group_membership, **store_id, MembershipId=membership)
    assert gone == "ResourceNotFoundException"


def test_who_asks_faster_than_ten_a_second_is_throttled(practice: WorldHandle, api: Api) -> None:
    bucket = practice.world.identity_center._buckets["AWSIdentityStore"]
    assert (bucket.capacity, bucket.per_second) == (10, 10)
    store, store_id = api("identitystore"), {"IdentityStoreId": practice.endpoints["aws"]["identity_store_id"]}
    for _ in range(10):
        store.list_users(**store_id)
    with pytest.raises(ClientError) as told:
        store.list_users(**store_id)
    assert told.value.response["Error"]["Code"] == "ThrottlingException"
    assert told.value.response["RetryAfterSeconds"] == 1
    pass_real_time(practice, 1)
    store.list_users(**store_id)
    api("sso-admin").list_instances()  # the other API has a rate of its own


def test_the_assignment_names_group_set_account_and_policy(practice: WorldHandle, api: Api) -> None:
    admin, aws = api("sso-admin"), practice.endpoints["aws"]
    instance = admin.list_instances()["Instances"][0]
    assert (instance["InstanceArn"], instance["IdentityStoreId"]) == (
        aws["identity_instance_arn"],
        aws["identity_store_id"],
    )
    of_instance = {"InstanceArn": instance["InstanceArn"]}
    sets = {
        admin.describe_permission_set(**of_instance, PermissionSetArn=arn)["PermissionSet"]["Name"]: arn
        for arn in admin.list_permission_sets(**of_instance)["PermissionSets"]
    }
    of_set = {**of_instance, "PermissionSetArn": sets[aws["identity_permission_set"]]}
    rows = admin.list_account_assignments(**of_set, AccountId=aws["account_id"])["AccountAssignments"]
    group = of_group(practice, api("identitystore"))["GroupId"]
    assert [(row["PrincipalType"], row["PrincipalId"]) for row in rows] == [("GROUP", group)]
    policies = admin.list_managed_policies_in_permission_set(**of_set)["AttachedManagedPolicies"]
    assert [policy["Name"] for policy in policies] == ["AWSDeepRacerDefaultMultiUserAccess"]
    assert code_of(admin.list_account_assignments, **of_set, AccountId="000000000000") == "ResourceNotFoundException"


def test_a_wrong_signature_is_refused(api: Api) -> None:
    assert code_of(api("sso-admin", secret="wrong").list_instances) == "InvalidSignatureException"


def test_a_restart_forgets_neither_people_nor_a_cycle_under_way(practice: WorldHandle, tmp_path: Path) -> None:
    join(practice, "ada.byron@example.com")
    practice.advance(CYCLE + 10 * MINUTE)
    before = practice.truth()["identity_center"]
    assert before["cycle_running"]
    names = practice.endpoints["aws"]
    practice.stop()
    again = start_world(tmp_path / "world", speed=0, machine=HeldTime())
    try:
        assert again.truth()["identity_center"] == before
        assert {key: again.endpoints["aws"][key] for key in names if "url" not in key} == {
            key: value for key, value in names.items() if "url" not in key
        }
        again.advance(70 * MINUTE)
        assert again.truth()["identity_center"]["members"] == 1
    finally:
        again.stop()


def test_calls_are_counted_by_operation(practice: WorldHandle, api: Api) -> None:
    api("sso-admin").list_instances()
    user_names(practice, api("identitystore"))
    counted = practice.counters()["by_operation"]
    assert counted["identity-center.ListInstances"] == counted["identity-center.ListUsers"] == 1
