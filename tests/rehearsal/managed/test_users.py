"""Multi-user mode, participants, limits, models and trainings of the managed practice service."""

from typing import Any

import boto3
import pytest

from deepracer_admin.rehearsal.graph.groups import Member
from tests.practice import WorldHandle
from tests.rehearsal.managed.account import (
    RawCaller,
    garage,
    on_world,
    refused,
    sign_in,
    sponsor,
    still_fleet,
    switch_on,
)


def users(caller: RawCaller, **body: Any) -> list[dict[str, Any]]:
    return caller.call("AdminListAssociatedUsers", **body)["AssociatedUsers"]


def racer_in_training(still: WorldHandle, caller: RawCaller, minutes: int) -> tuple[str, str]:
    """The person id and the user id of somebody whose first training has just begun; nobody acts by themselves."""
    still_fleet(still)
    switch_on(caller)
    (person,) = sponsor(still, 1)
    (user_id,) = sign_in(still, [person])
    on_world(still, lambda: garage(still).train(person, "m", minutes))
    return person, user_id


def test_a_racer_appears_only_after_the_first_sign_in_with_the_default_limits(
    still: WorldHandle, caller: RawCaller
) -> None:
    switch_on(caller)
    people = sponsor(still, 2)
    assert users(caller) == []
    sign_in(still, people[:1])
    (user,) = users(caller)
    assert set(user) == {
        "Alias",
        "UserId",
        "AssociatedOn",
        "ComputeMinutesUsed",
        "ComputeMinutesQueued",
        "MaxTotalComputeMinutes",
        "MaxModels",
        "StorageBytesUsed",
        "UserState",
    }
    assert (user["MaxTotalComputeMinutes"], user["MaxModels"], user["UserState"]) == (300, 3, "ACTIVE")
    assert user["AssociatedOn"] == pytest.approx(still.world.clock.now().timestamp() * 1000, abs=5_000)


def test_without_multi_user_mode_nobody_can_sign_in_and_nobody_is_listed(still: WorldHandle, caller: RawCaller) -> None:
    people = sponsor(still, 2)
    assert on_world(still, lambda: list(garage(still).racers())) == []
    switch_on(caller)
    sign_in(still, people)
    assert caller.call("GetAccountConfig") == {"MultiRacer": True}
    caller.call("AdminSetAccountConfig", MultiracerConfig={"MultiracerModeEnabled": False})
    assert users(caller) == []
    assert refused(still, lambda: garage(still).train(people[0], "m", 30)).reason == "paused"


def test_limits_are_set_under_one_name_read_back_under_another_and_enforced(
    still: WorldHandle, caller: RawCaller
) -> None:
    switch_on(caller)
    people = sponsor(still, 1)
    ids = sign_in(still, people)
    limits = {"MaxComputeMinutes": 40, "MaxModels": 1}
    caller.call("AdminManageUser", UserIds=ids, Action="SET_LIMITS", Limits=limits)
    (user,) = users(caller)
    assert (user["MaxTotalComputeMinutes"], user["MaxModels"]) == (40, 1)
    assert refused(still, lambda: garage(still).train(people[0], "m", 41)).reason == "minutes"
    on_world(still, lambda: garage(still).train(people[0], "m", 30))
    assert refused(still, lambda: garage(still).train(people[0], "n", 10)).reason == "models"
    assert users(caller)[0]["ComputeMinutesQueued"] == 30


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"Action": "SET_LIMITS"}, "InvalidRequestException"),
        ({"Action": "SET_LIMITS", "Limits": {"MaxModels": -1}}, "InvalidRequestException"),
        ({"Action": "ENABLE", "Limits": {"MaxModels": 1}}, "InvalidRequestException"),
        ({"Action": "ENABLE", "UserIds": []}, "InvalidRequestException"),
        ({"Action": "ENABLE", "UserIds": ["x"] * 101}, "InvalidRequestException"),
        ({"Action": "ENABLE", "UserIds": ["nobody"]}, "ResourceDoesNotExistException"),
    ],
)
def test_impossible_management_is_refused(
    still: WorldHandle, caller: RawCaller, body: dict[str, Any], code: str
) -> None:
    switch_on(caller)
    ids = sign_in(still, sponsor(still, 1))
    assert caller.refusal("AdminManageUser", **{"UserIds": ids, **body})[:2] == (400, code)


def test_a_batch_with_an_unknown_user_changes_nobody(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    ids = sign_in(still, sponsor(still, 1))
    caller.refusal("AdminManageUser", UserIds=[*ids, "nobody"], Action="RESTRICT")
    assert users(caller)[0]["UserState"] == "ACTIVE"


def test_a_user_whom_the_service_forgot_is_not_found_by_those_who_name_them(
    still: WorldHandle, caller: RawCaller
) -> None:
    switch_on(caller)
    ids = sign_in(still, sponsor(still, 3))
    still.arm("managed", "profile_deleted", params={"user": ids[1]})
    told = caller.refusal("AdminManageUser", UserIds=ids, Action="RESTRICT")
    assert told == (400, "ResourceDoesNotExistException", f"User {ids[1]} is not associated with this account.")
    caller.call("AdminManageUser", UserIds=[ids[0], ids[2]], Action="RESTRICT")
    assert [user["UserState"] for user in users(caller)] == ["RESTRICTED", "ACTIVE", "RESTRICTED"]
    still.disarm()
    still.arm("managed", "profile_deleted", count=1)
    assert caller.refusal("AdminManageUser", UserIds=ids[2:], Action="ENABLE")[1] == "ResourceDoesNotExistException"
    caller.call("AdminManageUser", UserIds=ids[2:], Action="ENABLE")


def test_a_paused_racer_cannot_train_but_the_running_training_finishes_and_is_counted(
    still: WorldHandle, caller: RawCaller
) -> None:
    person, user_id = racer_in_training(still, caller, 30)
    caller.call("AdminManageUser", UserIds=[user_id], Action="RESTRICT")
    assert users(caller, UserState="RESTRICTED")[0]["UserId"] == user_id
    assert users(caller, UserState="ACTIVE") == []
    assert refused(still, lambda: garage(still).train(person, "n", 10)).reason == "paused"
    still.advance(3600)
    (user,) = users(caller)
    assert (user["ComputeMinutesUsed"], user["ComputeMinutesQueued"]) == (30, 0)
    caller.call("AdminManageUser", UserIds=[user_id], Action="ENABLE")
    on_world(still, lambda: garage(still).train(person, "n", 10))


def test_trainings_beyond_the_slots_wait_in_order(still: WorldHandle, caller: RawCaller) -> None:
    still_fleet(still)
    switch_on(caller)
    people = sponsor(still, 3)
    sign_in(still, people)
    for person in people:
        on_world(still, lambda person=person: garage(still).train(person, "m", 20))
    assert statuses(caller) == ["IN_PROGRESS", "IN_PROGRESS", "CREATED"]
    still.advance(25 * 60)
    assert statuses(caller)[2] == "IN_PROGRESS"
    still.advance(25 * 60)
    assert sum(user["ComputeMinutesUsed"] for user in users(caller)) == 60


def statuses(caller: RawCaller) -> list[str]:
    models = caller.call("ListModels", ModelType="REINFORCEMENT_LEARNING", SortOrder="ASCENDING")["Models"]
    jobs = [caller.call("ListTrainingJobs", ModelArn=model["ModelArn"])["TrainingJobs"][0] for model in models]
    return [job["ActivityJob"]["Status"]["JobStatus"] for job in jobs]


def test_the_admin_sees_everybodys_models_by_alias_and_by_user(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    people = sponsor(still, 2)
    ids = sign_in(still, people)
    for person in people:
        on_world(still, lambda person=person: garage(still).train(person, "first", 20))
    models = caller.call("ListModels", ModelType="REINFORCEMENT_LEARNING")["Models"]
    assert {model["CreatedByAlias"] for model in models} == {"racer0000", "racer0001"}
    resources = caller.call("AdminListAssociatedResources")["AssociatedResources"]
    assert [resource["UserId"] for resource in resources] == ids
    (mine,) = caller.call("AdminListAssociatedResources", UserId=ids[0])["AssociatedResources"]
    assert [model["Status"] for model in mine["Models"]] == ["TRAINING"]
    found = caller.call("GetModel", ModelArn=mine["Models"][0]["ModelArn"])["Model"]
    assert found == mine["Models"][0]
    assert users(caller)[0]["StorageBytesUsed"] == round(found["ModelSizeInGb"] * 1e9)


def test_a_stopped_training_winds_down_and_costs_only_what_it_ran(still: WorldHandle, caller: RawCaller) -> None:
    still_fleet(still)
    switch_on(caller)
    people = sponsor(still, 1)
    sign_in(still, people)
    on_world(still, lambda: garage(still).train(people[0], "m", 120))
    still.advance(30 * 60)
    (model,) = caller.call("ListModels", ModelType="REINFORCEMENT_LEARNING")["Models"]
    assert caller.refusal("DeleteModel", ModelArn=model["ModelArn"])[1] == "ResourceInUseException"
    caller.call("StopTrainingReinforcementLearningModel", ModelArn=model["ModelArn"])
    assert caller.call("GetModel", ModelArn=model["ModelArn"])["Model"]["Status"] == "STOPPING"
    still.advance(5 * 60)
    assert caller.call("GetModel", ModelArn=model["ModelArn"])["Model"]["Status"] in ("READY", "ERROR")
    (user,) = users(caller)
    assert user["ComputeMinutesQueued"] == 0
    assert 28 <= user["ComputeMinutesUsed"] <= 34
    again = caller.refusal("StopTrainingReinforcementLearningModel", ModelArn=model["ModelArn"])
    assert again[1] == "JobNotActiveException"
    caller.call("DeleteModel", ModelArn=model["ModelArn"])
    still.advance(120)
    assert caller.refusal("GetModel", ModelArn=model["ModelArn"])[1] == "ResourceDoesNotExistException"


def test_deleting_resources_takes_a_while_stops_trainings_and_leaves_the_profile(
    still: WorldHandle, caller: RawCaller
) -> None:
    _, user_id = racer_in_training(still, caller, 60)
    caller.call("AdminManageUser", UserIds=[user_id], Action="DELETE_RESOURCES")
    (mine,) = caller.call("AdminListAssociatedResources", UserId=user_id)["AssociatedResources"]
    assert [model["Status"] for model in mine["Models"]] == ["DELETING"]
    still.advance(300)
    (mine,) = caller.call("AdminListAssociatedResources", UserId=user_id)["AssociatedResources"]
    assert mine["Models"] == []
    (user,) = users(caller)
    assert (user["StorageBytesUsed"], user["ComputeMinutesQueued"], user["UserState"]) == (0, 0, "ACTIVE")


CYCLE_S = 40 * 60
FIRST_CYCLES_S = 2 * CYCLE_S + 3600  # the longest until the initial cycle is over


def join_group(still: WorldHandle, address: str) -> str:
    """A member of the event group, as the directory would have it after the console added them."""
    world: Any = still.world

    def join() -> str:
        person = world.company.by_mail(address)[0]
        world.services["graph"].groups.kinds["event"].members[person.id] = Member(1)
        return person.id

    return on_world(still, join)


def leave_group(still: WorldHandle, person_id: str) -> None:
    world: Any = still.world
    on_world(still, lambda: world.services["graph"].groups.kinds["event"].members.pop(person_id))


def quiet_cycles(still: WorldHandle, seconds: float) -> None:
    """Cycles go on while nobody of the fleet signs in by themselves."""
    still.control("POST", "fleet", {"ignoring": 1})
    still.advance(seconds)


def may_sign_in(still: WorldHandle, person_id: str) -> bool:
    def look() -> bool:
        list(garage(still).racers())
        return person_id in garage(still)._invited

    return on_world(still, look)


def test_a_member_may_sign_in_once_a_cycle_has_carried_them_and_until_one_takes_them_out(
    still: WorldHandle, caller: RawCaller
) -> None:
    switch_on(caller)
    person_id = join_group(still, "ada.lovelace@example.com")
    assert not may_sign_in(still, person_id)
    assert refused(still, lambda: garage(still).accept(person_id)).reason == "unknown"
    quiet_cycles(still, FIRST_CYCLES_S)
    sign_in(still, [person_id])
    assert users(caller)[0]["Alias"] == "ada-lovelace"
    leave_group(still, person_id)
    assert may_sign_in(still, person_id)
    on_world(still, lambda: garage(still).train(person_id, "m", 10))
    quiet_cycles(still, 2 * CYCLE_S)
    assert not may_sign_in(still, person_id)
    assert refused(still, lambda: garage(still).train(person_id, "m", 10)).reason == "paused"


@pytest.mark.parametrize("state", ["no_assignment", "no_policy"])
def test_a_group_without_its_assignment_lets_nobody_in(still: WorldHandle, caller: RawCaller, state: str) -> None:
    switch_on(caller)
    person_id = join_group(still, "ada.lovelace@example.com")
    quiet_cycles(still, FIRST_CYCLES_S)
    fault = still.arm("identity-center", state)
    assert not may_sign_in(still, person_id)
    still.disarm(fault)
    assert may_sign_in(still, person_id)


def test_a_quarantined_job_lets_nobody_new_in(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    still.arm("identity-center", "quarantine")
    person_id = join_group(still, "ada.lovelace@example.com")
    quiet_cycles(still, 2 * FIRST_CYCLES_S)
    assert not may_sign_in(still, person_id)


def send_mail(still: WorldHandle, address: str, text: str) -> None:
    aws = still.endpoints["aws"]
    mailer = boto3.client(
        "sesv2",
        region_name=aws["region"],
        endpoint_url=aws["ses_url"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
    )
    mailer.send_email(
        FromEmailAddress=still.endpoints["mail"]["from"],
        Destination={"ToAddresses": [address]},
        Content={"Simple": {"Subject": {"Data": "Your access"}, "Body": {"Text": {"Data": text}}}},
    )
    mailer.close()


def test_racers_take_the_name_that_the_mail_tells_them_where_it_is_free(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    addresses = ("ada.king@example.com", "ada.kay@example.com", "ada.lovelace@example.com")
    people = [join_group(still, address) for address in addresses]
    for address in addresses[:2]:
        send_mail(
            still, address, f"Hello Ada,\n\nYour sign-in address: {address}\nYour racer name: Ada-K\nRace: soon!\n"
        )
    quiet_cycles(still, FIRST_CYCLES_S)
    sign_in(still, people)
    assert [user["Alias"] for user in users(caller)] == ["Ada-K", "Ada-K-2", "ada-lovelace"]


def test_a_member_signs_in_after_the_mail_and_without_one_hours_later(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    still.control("POST", "fleet", {"ignoring": 0, "accept_median": 1})
    still.arm("identity-center", "cycle", params={"every_s": 60, "initial_least_s": 0, "initial_per_object_s": 1})
    told, untold = (join_group(still, f"{name}.byron@example.com") for name in ("told", "untold"))
    still.advance(600)
    assert users(caller) == []
    send_mail(still, "told.byron@example.com", "Sign in.")
    still.advance(3600)
    assert [user["Alias"] for user in users(caller)] == ["told-byron"]
    still.advance(4 * 3600)
    assert [user["Alias"] for user in users(caller)] == ["told-byron", "untold-byron"]
    assert on_world(still, lambda: garage(still).racer(told).invited_at < garage(still).racer(untold).invited_at)


def test_two_people_never_get_the_same_racer_name(still: WorldHandle, caller: RawCaller) -> None:
    switch_on(caller)
    world: Any = still.world
    addresses = ["ada.king@example.com", "ada.king@example.org"]

    def assign() -> list[str]:
        people = [world.company.by_mail(address)[0].id for address in addresses]
        for person_id in people:
            world.services["managed"].assign(person_id)
        return people

    sign_in(still, on_world(still, assign))
    assert [user["Alias"] for user in users(caller)] == ["ada-king", "ada-king-2"]
