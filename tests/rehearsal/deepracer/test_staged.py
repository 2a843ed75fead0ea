"""Faults that strike one operation alone, and profiles that are deleted under the console's feet."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from deepracer_admin.rehearsal import deepracer
from deepracer_admin.rehearsal.shared.faults import OWN
from tests.rehearsal.held_time import pass_real_time

from .conftest import on
from .person import Deployed, Person
from .test_people import profile_of, profiles


def invited(organizer: Person, email: str) -> str:
    """Invites somebody, in the way of every version, and gives the id of the profile."""
    assert organizer.call("POST", "/profile", {"emailAddress": email}).status == 200
    return profile_of(organizer, email)["profileId"]


@pytest.fixture
def ada(organizer: Person) -> str:
    return organizer.call("POST", "/race-management/users", {"emailAddress": "ada@example.com"}).body["id"]


def test_a_throttled_role_check_can_be_armed_for_one_operation(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "role_check", operation="ListAdminProfiles", count=1)
    assert organizer.call("GET", "/profiles").status == 200
    hit = organizer.call("GET", "/admin/profiles")
    assert (hit.status, hit.body) == (500, {"message": "Failed to verify user permissions."})
    assert organizer.call("GET", "/admin/profiles").status == 200


def test_a_state_can_be_armed_for_one_operation(deployed: Deployed, organizer: Person) -> None:
    arm, bad = deployed.world.arm, {"alias": "x"}
    arm("deepracer", "no_validator", operation="UpdateProfile")
    assert organizer.call("PATCH", "/profile", bad).kind == "ValidationException"
    assert organizer.call("POST", "/profile", {"emailAddress": 42}).kind == "BadRequestException"
    arm("deepracer", "bot_control", operation="GetProfile", params={"mode": "non_browser"})
    assert organizer.call("GET", "/profile").kind == "ForbiddenException"
    assert organizer.call("GET", "/profiles").status == 200
    facilitator = deployed.sign_in("facilitator@example.com", deployed.world.endpoints["deepracer"]["password"])
    arm("deepracer", "no_policies", operation="ListProfiles")
    assert facilitator.call("GET", "/profiles").body == {"message": "Only administrators can list all profiles."}
    assert facilitator.call("POST", "/profile", {"emailAddress": "b@example.com"}).kind == "AccessDeniedException"
    arm("deepracer", "wrong_site", operation="show_environment")
    site = deployed.world.endpoints["deepracer"]["site"]
    assert deployed.http.get(f"{site}/env.js").text.startswith("<!doctype html>")


def test_the_default_sender_can_be_armed_for_one_operation(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "default_sender", operation="CreateProfile")
    answers = [organizer.call("POST", "/profile", {"emailAddress": f"r{n}@example.com"}) for n in range(51)]
    assert [answer.status for answer in answers] == [200] * 50 + [500]
    assert organizer.call("POST", "/race-management/users", {"emailAddress": "walk.up@example.com"}).status == 201


@pytest.mark.parametrize(
    ("operation", "method", "path", "body", "answer"),
    [
        ("UpdateProfile", "PATCH", "/profile", {"alias": "Ada"}, (500, {})),
        ("DeleteProfile", "DELETE", "/profiles/{}", None, (500, {})),
        ("ResendInvite", "POST", "/profiles/{}/resendInvite", None, (404, {"message": "Item not found."})),
        ("ListModelsForProfile", "GET", "/admin/profiles/{}/models", None, (200, {"models": []})),
    ],
)
def test_a_profile_that_is_deleted_just_before_is_gone_for_good(
    deployed: Deployed, organizer: Person, ada: str, operation: str, method: str, path: str, body: Any, answer: Any
) -> None:
    deployed.world.arm("deepracer", "profile_deleted", operation=operation, count=1)
    reply = organizer.call(method, path.format(ada), body and {**body, "profileId": ada})
    assert (reply.status, reply.body) == answer
    assert ada not in {row["profileId"] for row in profiles(organizer)}
    assert deployed.admin("AdminGetUser", Username="ada@example.com").status == 400
    assert deployed.world.counters()["faults"] == {"deepracer.profile_deleted": 1}


def test_one_profile_alone_can_be_deleted(deployed: Deployed, organizer: Person, ada: str) -> None:
    ben = organizer.call("POST", "/race-management/users", {"emailAddress": "ben@example.com"}).body["id"]
    deployed.world.arm("deepracer", "profile_deleted", params={"user": ben})
    assert organizer.call("PATCH", "/profile", {"profileId": ada, "alias": "Ada"}).status == 200
    assert organizer.call("PATCH", "/profile", {"profileId": ben, "alias": "Ben"}).status == 500
    assert {row["profileId"] for row in profiles(organizer)} >= {ada}
    assert ben not in {row["profileId"] for row in profiles(organizer)}


def test_a_deleted_caller_is_back_when_the_fault_is_disarmed(deployed: Deployed, organizer: Person, ada: str) -> None:
    deployed.world.arm("deepracer", "profile_deleted")
    for method, path in (("GET", "/profile"), ("GET", "/profiles"), ("DELETE", f"/profiles/{ada}")):
        gone = organizer.call(method, path)
        assert (gone.status, gone.body) == (502, {"message": "Internal server error"})
    deployed.world.disarm()
    assert {row["emailAddress"] for row in profiles(organizer)} >= {"ada@example.com", "organizer@example.com"}


def alive(deployed: Deployed, profile_id: str) -> bool:
    return deployed.admin("AdminGetUser", Username=profile_id).status == 200


@on("1.2.5", "1.3.1")
def test_cognito_can_refuse_to_delete_an_account_which_stays_alive(deployed: Deployed, organizer: Person) -> None:
    ada = invited(organizer, "ada@example.com")
    armed = deployed.world.arm("deepracer", "delete_profile_500_empty")
    gone = organizer.call("DELETE", f"/profiles/{'A' * 15}")
    for _ in range(3):
        reply = organizer.call("DELETE", f"/profiles/{ada}")
        assert (
            (reply.status, reply.kind, reply.body)
            == (gone.status, gone.kind, gone.body)
            == (500, "InternalFailure", {})
        )
    assert alive(deployed, ada)
    assert ada in {row["profileId"] for row in profiles(organizer)}
    deployed.sign_in("ada@example.com")
    assert deployed.world.counters()["faults"] == {"deepracer.delete_profile_500_empty": 3}
    assert deployed.world.truth()["profiles_deleted"] == 0
    deployed.world.disarm(armed)
    assert organizer.call("DELETE", f"/profiles/{ada}").status == 200
    assert not alive(deployed, ada)


def test_half_of_the_accounts_can_stay_alive_always_the_same_ones(deployed: Deployed, organizer: Person) -> None:
    people = [invited(organizer, f"racer{n}@example.com") for n in range(40)]
    deployed.world.arm("deepracer", "delete_profile_500_empty", params={"share": 0.5})
    first = {who for who in people if organizer.call("DELETE", f"/profiles/{who}").status == 500}
    assert 10 < len(first) < 30
    assert first == {who for who in people if alive(deployed, who)}
    assert {organizer.call("DELETE", f"/profiles/{who}").status for who in first} == {500}
    assert first == {who for who in people if alive(deployed, who)}


def test_one_account_alone_can_stay_alive_for_a_number_of_tries(deployed: Deployed, organizer: Person) -> None:
    ada, ben = invited(organizer, "ada@example.com"), invited(organizer, "ben@example.com")
    deployed.world.arm("deepracer", "delete_profile_500_empty", count=2, params={"user": ada})
    assert organizer.call("DELETE", f"/profiles/{ben}").status == 200
    assert [organizer.call("DELETE", f"/profiles/{ada}").status for _ in range(3)] == [500, 500, 200]


def test_accounts_stay_alive_until_the_time_of_the_fault_is_over(deployed: Deployed, organizer: Person) -> None:
    ada = invited(organizer, "ada@example.com")
    deployed.world.arm("deepracer", "delete_profile_500_empty", seconds=200)
    assert organizer.call("DELETE", f"/profiles/{ada}").status == 500
    pass_real_time(deployed.world, 199)
    assert organizer.call("DELETE", f"/profiles/{ada}").status == 500
    pass_real_time(deployed.world, 1)
    assert organizer.call("DELETE", f"/profiles/{ada}").status == 200


def test_the_user_pool_can_be_closed_to_the_credentials_of_the_account(deployed: Deployed, organizer: Person) -> None:
    ada = invited(organizer, "ada@example.com")
    deployed.world.arm("cognito-idp", "denied", operation="AdminGetUser")
    reply = deployed.admin("AdminGetUser", Username=ada)
    assert (reply.status, reply.kind) == (400, "AccessDeniedException")
    assert deployed.admin("ListUsers").status == 200, "another operation"
    deployed.sign_in("ada@example.com")


def test_used_up_mails_stop_a_resend_too(deployed: Deployed, organizer: Person, ada: str) -> None:
    deployed.world.arm("deepracer", "mail_quota", operation="ResendInvite", count=1)
    old = deployed.temporary_password("ada@example.com")
    refused = organizer.call("POST", f"/profiles/{ada}/resendInvite")
    assert (refused.status, refused.body) == (500, {"message": "Failed to resend invitation. Please try again."})
    assert deployed.initiate("ada@example.com", old).body["ChallengeName"]


def test_attaching_the_live_policy_answers_with_an_empty_body(organizer: Person) -> None:
    reply = organizer.call("POST", "/live-race/connect")
    assert (reply.status, reply.response.content) == (200, b"")


@pytest.mark.parametrize("half", ["\\ud83d", "\\ude00"])
def test_half_a_character_in_a_text_breaks_no_later_read(deployed: Deployed, organizer: Person, half: str) -> None:
    times = {"openTime": "2026-03-11T10:00:00Z", "closeTime": "2026-03-12T10:00:00Z"}
    definition = {
        "name": "NAME",
        **times,
        "trackConfig": {"trackId": "reInvent2019_wide", "trackDirection": "CLOCKWISE"},
        "raceType": "TIME_TRIAL",
        "maxSubmissionsPerUser": 5,
        "resettingBehaviorConfig": {"continuousLap": True},
        "submissionTerminationConditions": {"minimumLaps": 3, "maximumLaps": 3},
        "timingMethod": "TOTAL_TIME",
    }
    raw = json.dumps({"leaderboardDefinition": definition}).replace("NAME", f"Cup {half}").encode()
    assert organizer.call("POST", "/leaderboards", raw=raw).status == 200
    (listed,) = organizer.call("GET", "/leaderboards").body["leaderboards"]
    assert listed["name"] == "Cup \ufffd"
    odd = [
        {"Name": "email", "Value": "odd@example.com"},
        {"Name": "nickname", "Value": f"{half}".encode().decode("unicode_escape")},
    ]
    made = deployed.admin("AdminCreateUser", Username="Racer0123456789", UserAttributes=odd)
    assert made.status == 200
    assert deployed.admin("ListUsers").status == 200


def test_every_fault_that_the_code_asks_for_can_be_armed_and_no_other() -> None:
    source = "".join(path.read_text("utf-8") for path in Path(deepracer.__file__).parent.glob("*.py"))
    asked = set(re.findall(r'\b(?:hit|struck|switched|_refuses)\(\s*"(\w+)"', source))
    assert asked == OWN["deepracer"]
