"""Inviting one by one and in bulk, resending, the user pool's own calls, and what each leaves behind."""

import json
from typing import Any

import pytest

from deepracer_admin.rehearsal.deepracer import DeepRacer
from tests.rehearsal.held_time import pass_real_time

from .conftest import on
from .person import NEW_PASSWORD, Deployed, Person


def profiles(person: Person) -> list[dict[str, Any]]:
    """Every profile, all pages."""
    rows: list[dict[str, Any]] = []
    reply = person.call("GET", "/profiles").body
    rows += reply["profiles"]
    while "token" in reply:
        reply = person.call("GET", f"/profiles?token={reply['token'].replace('=', '%3D').replace('+', '%2B')}").body
        rows += reply["profiles"]
    return rows


def profile_of(person: Person, email: str) -> dict[str, Any]:
    return next(row for row in profiles(person) if row.get("emailAddress") == email)


def finished(person: Person, job_id: str) -> dict[str, Any]:
    for _ in range(200):
        job = person.call("GET", f"/profiles/bulkInvite/{job_id}").body
        if job["status"] != "PROCESSING":
            return job
        pass_real_time(person.deployed.world, 0.05)
    raise AssertionError("The bulk invite did not finish.")


def test_an_invited_racer_gets_the_default_alias_and_the_limits_of_the_day(organizer: Person) -> None:
    limits = {"newUserComputeMinutesLimit": "600", "newUserModelCountLimit": 10}
    organizer.call("PUT", "/settings/usageQuotas.newUser", {"value": limits})
    assert organizer.call("GET", "/settings/usageQuotas.newUser").body == {"value": limits}
    reply = organizer.call("POST", "/profile", {"emailAddress": "Ada@Example.com"})
    assert reply.body == {"message": "Profile created successfully. Check your email for login instructions."}
    ada = profile_of(organizer, "Ada@Example.com")
    assert ada["alias"] == "RacerAlias"
    assert (ada["maxTotalComputeMinutes"], ada["maxModelCount"]) == (600, 10)
    assert not {"modelCount", "modelStorageUsage", "roleName"} & set(ada)
    again = organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    assert again.body == {"message": "A user with this email address already exists."}


def test_the_profile_list_comes_in_pages_of_a_hundred_in_a_stable_order(deployed: Deployed, organizer: Person) -> None:
    for number in range(120):
        attributes = [{"Name": "email", "Value": f"racer{number}@example.com"}]
        deployed.admin(
            "AdminCreateUser", Username=f"user{number:011}", UserAttributes=attributes, MessageAction="SUPPRESS"
        )
    first = organizer.call("GET", "/profiles").body
    assert len(first["profiles"]) == 100
    rows = profiles(organizer)
    assert len(rows) == len({row["profileId"] for row in rows}) == 122
    assert profiles(organizer) == rows
    deployed.world.arm("deepracer", "expired_token", count=1)
    dead = organizer.call("GET", f"/profiles?token={first['token'].replace('=', '%3D')}")
    assert (dead.status, dead.body) == (500, {})


def test_an_invitation_that_loses_its_group_leaves_an_orphan_row_that_no_call_removes(
    deployed: Deployed, organizer: Person
) -> None:
    deployed.world.arm("deepracer", "half_done", count=1)
    failed = organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    assert (failed.status, failed.body) == (500, {"message": "Unable to add user to Group. Please try again."})
    orphan = profile_of(organizer, "ada@example.com")["profileId"]
    assert organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"}).status == 200
    assert sum(row.get("emailAddress") == "ada@example.com" for row in profiles(organizer)) == 2
    assert organizer.call("DELETE", f"/profiles/{orphan}").status == 500
    assert organizer.call("PATCH", "/profile", {"profileId": orphan, "maxModelCount": 0}).status == 200
    truth = deployed.world.truth()
    assert (truth["profiles"], truth["orphan_profiles"], truth["can_sign_in"]) == (2, 1, 1)


def test_a_racer_may_change_only_the_own_alias(deployed: Deployed, organizer: Person) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    assert ada.call("PATCH", "/profile", {"alias": "Ada-K"}).body["profile"]["alias"] == "Ada-K"
    own = ada.call("PATCH", "/profile", {"maxModelCount": 9})
    assert own.body == {"message": "Non-admin user requesting to change one or more admin-only properties."}
    organizer_id = organizer.call("GET", "/profile").body["profile"]["profileId"]
    other = ada.call("PATCH", "/profile", {"profileId": organizer_id, "alias": "Me"})
    assert (other.status, other.body) == (400, {"message": "Admin permission required to make this change."})


def test_a_role_change_needs_new_credentials(deployed: Deployed, organizer: Person) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ben@example.com"})
    ben = deployed.sign_in("ben@example.com")
    ben_id = ben.call("GET", "/profile").body["profile"]["profileId"]
    promoted = {"profileId": ben_id, "targetUserPoolGroup": "dr-race-facilitators"}
    assert organizer.call("PUT", "/profile/role", promoted).status == 200
    assert ben.call("GET", "/admin/profiles").kind == "AccessDeniedException"
    assert deployed.sign_in("ben@example.com", NEW_PASSWORD).call("GET", "/admin/profiles").status == 200
    assert "roleName" not in profile_of(organizer, "ben@example.com")
    deployed.world.advance(120)
    assert profile_of(organizer, "ben@example.com")["roleName"] in ("dr-racers", "dr-race-facilitators")


def test_a_deleted_callers_credentials_give_502(deployed: Deployed, organizer: Person) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    ada_id = ada.call("GET", "/profile").body["profile"]["profileId"]
    assert organizer.call("DELETE", f"/profiles/{ada_id}").status == 200
    gone = ada.call("GET", "/profile")
    assert (gone.status, gone.body) == (502, {"message": "Internal server error"})


def test_cognitos_own_sender_stops_after_fifty_mails_a_day(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "default_sender")
    answers = [organizer.call("POST", "/profile", {"emailAddress": f"r{n}@example.com"}) for n in range(51)]
    assert [answer.status for answer in answers] == [200] * 50 + [500]
    assert answers[-1].body == {"message": "Unable to create profile. Please try again."}
    assert deployed.world.truth()["cognito_mails"] == 50
    deployed.world.advance(86_400)
    assert organizer.call("POST", "/profile", {"emailAddress": "r50@example.com"}).status == 200


def test_invitations_are_read_in_pages_and_kept_out_of_the_truth(deployed: Deployed, organizer: Person) -> None:
    for n in range(3):
        organizer.call("POST", "/profile", {"emailAddress": f"r{n}@example.com"})
    first = deployed.world.control("GET", "invitations", limit=2)
    assert [(mail["seq"], mail["to"]) for mail in first] == [(1, "r0@example.com"), (2, "r1@example.com")]
    (last,) = deployed.world.invitations(after=first[-1]["seq"])
    assert (last["seq"], last["to"], last["subject"]) == (3, "r2@example.com", "Welcome to DeepRacer on AWS")
    assert last["temporary_password"] not in json.dumps(deployed.world.truth())
    assert deployed.world.invitations(after=3) == []


def test_the_user_pool_creates_lists_filters_and_disables(deployed: Deployed) -> None:
    attributes = [{"Name": "email", "Value": "ada@example.com"}, {"Name": "email_verified", "Value": "true"}]
    made = deployed.admin(
        "AdminCreateUser",
        Username="Racer0123456789",
        UserAttributes=attributes,
        MessageAction="SUPPRESS",
        ClientMetadata={"racerAlias": "AdaTheFast"},
    )
    assert made.body["User"]["UserStatus"] == "FORCE_CHANGE_PASSWORD"
    assert deployed.world.truth()["cognito_mails"] == 0
    mail = deployed.admin("AdminCreateUser", Username="ada@example.org", UserAttributes=attributes)
    assert mail.kind == "InvalidParameterException"
    bob = [{"Name": "email", "Value": "bob@example.com"}]
    bad = deployed.admin("AdminCreateUser", Username="bob", UserAttributes=bob)
    assert bad.body["message"] == "PreSignUp failed with error Username is invalid."
    twin = deployed.admin("AdminCreateUser", Username="Racer9876543210", UserAttributes=attributes)
    assert twin.body["message"] == "An account with the email already exists."
    assert deployed.admin("AdminAddUserToGroup", Username="ada@example.com", GroupName="dr-racers").status == 200
    assert (
        deployed.admin("AdminAddUserToGroup", Username="ada@example.com", GroupName="nope").kind
        == "ResourceNotFoundException"
    )
    groups = deployed.admin("AdminListGroupsForUser", Username="Racer0123456789").body["Groups"]
    assert [group["GroupName"] for group in groups] == ["dr-racers"]
    members = deployed.admin("ListUsersInGroup", GroupName="dr-racers").body["Users"]
    assert [user["Username"] for user in members] == ["Racer0123456789"]
    deployed.admin("AdminDisableUser", Username="ada@example.com")
    assert deployed.admin("AdminGetUser", Username="ada@example.com").body["Enabled"] is False
    assert deployed.world.truth()["can_sign_in"] == 0
    for text in (
        'email = "ADA@example.com"',
        'email ^= "ada@"',
        'cognito:user_status = "FORCE_CHANGE_PASSWORD"',
        'status = "Disabled"',
    ):
        found = deployed.admin("ListUsers", Filter=text).body["Users"]
        assert [user["Username"] for user in found] == ["Racer0123456789"], text
    assert deployed.admin("AdminGetUser", Username="nobody@example.com").kind == "UserNotFoundException"


def test_the_user_list_comes_in_pages_of_at_most_sixty(deployed: Deployed) -> None:
    for number in range(70):
        attributes = [{"Name": "email", "Value": f"r{number}@example.com"}]
        deployed.admin(
            "AdminCreateUser", Username=f"user{number:011}", UserAttributes=attributes, MessageAction="SUPPRESS"
        )
    first = deployed.admin("ListUsers").body
    second = deployed.admin("ListUsers", PaginationToken=first["PaginationToken"]).body
    assert (len(first["Users"]), len(second["Users"]), "PaginationToken" in second) == (60, 12, False)
    assert deployed.admin("ListUsers", Limit=61).kind == "InvalidParameterException"


def test_a_bulk_invite_creates_skips_and_reports_without_ids(deployed: Deployed, organizer: Person) -> None:
    entries = [
        {"emailAddress": "Jose@example.com", "displayName": "José García!"},
        {"emailAddress": "organizer@example.com"},
        {"emailAddress": "li@example.com", "displayName": "李"},
    ]
    started = organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries, "clientToken": "chunk-1"})
    assert started.status == 202
    assert len(started.body["jobId"]) == 26
    job = finished(organizer, started.body["jobId"])
    assert (job["status"], job["createdCount"], job["skippedCount"]) == ("COMPLETED", 2, 1)
    assert job["results"][1] == {
        "emailAddress": "organizer@example.com",
        "status": "SKIPPED",
        "reason": "User already exists",
    }
    assert "profileId" not in job["results"][0]
    assert profile_of(organizer, "Jose@example.com")["alias"] == "JosGarca"
    assert profile_of(organizer, "li@example.com")["alias"] == "RacerAlias"
    groups = deployed.admin("AdminListGroupsForUser", Username="organizer@example.com").body["Groups"]
    assert [group["GroupName"] for group in groups] == ["dr-admins", "dr-racers"]
    replayed = organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries[:1], "clientToken": "chunk-1"})
    assert replayed.body == {"jobId": started.body["jobId"], "status": "COMPLETED", "totalEntries": 3}
    assert [row["jobId"] for row in organizer.call("GET", "/profiles/bulkInvite").body["jobs"]] == [
        started.body["jobId"]
    ]


def test_one_bulk_invite_at_a_time_and_only_for_its_owner(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "bulk_stall", count=1)
    stuck = organizer.call("POST", "/profiles/bulkInvite", {"profiles": [{"emailAddress": "a@example.com"}]})
    second = organizer.call("POST", "/profiles/bulkInvite", {"profiles": [{"emailAddress": "b@example.com"}]})
    assert (second.status, second.kind) == (409, "ConflictError")
    organizer.call("POST", "/profile", {"emailAddress": "frida@example.com"})
    deployed.admin("AdminAddUserToGroup", Username="frida@example.com", GroupName="dr-admins")
    frida = deployed.sign_in("frida@example.com")
    hidden = frida.call("GET", f"/profiles/bulkInvite/{stuck.body['jobId']}")
    assert (hidden.status, hidden.body) == (404, {"message": "Bulk invite job not found."})
    own = frida.call("POST", "/profiles/bulkInvite", {"profiles": [{"emailAddress": "b@example.com"}]})
    assert finished(frida, own.body["jobId"])["status"] == "COMPLETED"


def test_a_silent_bulk_invite_expires_after_half_an_hour_and_no_longer_blocks(
    deployed: Deployed, organizer: Person
) -> None:
    deployed.world.arm("deepracer", "bulk_stall", count=1)
    stuck = organizer.call("POST", "/profiles/bulkInvite", {"profiles": [{"emailAddress": "a@example.com"}]}).body[
        "jobId"
    ]
    service = deployed.world.world.services["deepracer"]
    assert isinstance(service, DeepRacer)
    job = service.site.state.invite_jobs[stuck]
    job.created_real -= 31 * 60
    job.updated_real -= 31 * 60
    assert organizer.call("GET", f"/profiles/bulkInvite/{stuck}").body["status"] == "EXPIRED"
    second = organizer.call("POST", "/profiles/bulkInvite", {"profiles": [{"emailAddress": "b@example.com"}]})
    assert finished(organizer, second.body["jobId"])["createdCount"] == 1


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        (["fine@example.com", "zoë@example.com"], "One or more entries has an invalid email address."),
        (["space@example.com "], "One or more entries has an invalid email address."),
        (["Same@example.com", "same@example.com"], "The request contains duplicate email addresses."),
    ],
)
def test_a_bad_row_refuses_the_whole_bulk_invite_without_naming_it(
    organizer: Person, addresses: list[str], message: str
) -> None:
    entries = [{"emailAddress": address} for address in addresses]
    refused = organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries})
    assert (refused.status, refused.body) == (400, {"message": message})


def test_the_mail_cap_of_a_bulk_invite_is_per_request_and_rows_fail_later(
    deployed: Deployed, organizer: Person
) -> None:
    deployed.world.arm("deepracer", "default_sender")
    entries = [{"emailAddress": f"r{n}@example.com"} for n in range(51)]
    refused = organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries})
    assert refused.body["message"].startswith("This deployment uses the default Cognito email sender (limited to 50")
    for number in range(50):
        organizer.call("POST", "/profile", {"emailAddress": f"x{number}@example.com"})
    started = organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries[:1]})
    job = finished(organizer, started.body["jobId"])
    assert job["results"][0]["reason"] == "Email delivery quota exceeded — configure SES"


def test_register_user_answers_with_the_profile_id(deployed: Deployed, organizer: Person) -> None:
    made = organizer.call(
        "POST", "/race-management/users", {"emailAddress": "walk.up@example.com", "countryCode": "ca"}
    )
    assert made.status == 201
    assert profile_of(organizer, "walk.up@example.com")["profileId"] == made.body["id"]
    again = organizer.call("POST", "/race-management/users", {"emailAddress": "walk.up@example.com"})
    assert (again.status, again.body) == (409, {"message": "A user with this email address already exists."})
    facilitator = deployed.sign_in("facilitator@example.com", deployed.world.endpoints["deepracer"]["password"])
    assert facilitator.call("POST", "/race-management/users", {"emailAddress": "two@example.com"}).status == 201
    assert facilitator.call("POST", "/profile", {"emailAddress": "three@example.com"}).kind == "AccessDeniedException"


def test_a_resent_invitation_mails_a_new_password_until_the_racer_has_accepted(
    deployed: Deployed, organizer: Person
) -> None:
    ada_id = organizer.call("POST", "/race-management/users", {"emailAddress": "ada@example.com"}).body["id"]
    old = deployed.temporary_password("ada@example.com")
    resent = organizer.call("POST", f"/profiles/{ada_id}/resendInvite")
    assert resent.body == {"message": "Invitation resent. The user will receive a new invitation email."}
    assert deployed.initiate("ada@example.com", old).kind == "NotAuthorizedException"
    deployed.sign_in("ada@example.com")
    accepted = organizer.call("POST", f"/profiles/{ada_id}/resendInvite")
    assert accepted.body == {"message": "This user has already accepted their invitation and set a password."}
    assert organizer.call("POST", f"/profiles/{'A' * 15}/resendInvite").status == 404


def test_a_resend_tells_a_live_account_from_one_that_is_gone(deployed: Deployed, organizer: Person) -> None:
    """At a price: for somebody who has not accepted it is a mail with a new password."""
    for email in ("accepted@example.com", "invited@example.com"):
        organizer.call("POST", "/profile", {"emailAddress": email})
    deployed.sign_in("accepted@example.com")
    deployed.world.arm("deepracer", "half_done", operation="CreateProfile", count=1)
    organizer.call("POST", "/profile", {"emailAddress": "orphan@example.com"})
    before = len(deployed.world.invitations())

    def probe(email: str) -> int:
        profile_id = profile_of(organizer, email)["profileId"]
        return organizer.call("POST", f"/profiles/{profile_id}/resendInvite").status

    assert (probe("orphan@example.com"), probe("accepted@example.com")) == (404, 409)
    assert len(deployed.world.invitations()) == before
    assert probe("invited@example.com") == 200
    assert [mail["to"] for mail in deployed.world.invitations(before)] == ["invited@example.com"]


@on("1.2.5")
def test_the_bulk_invite_path_is_read_as_a_profile_id_nowhere(organizer: Person) -> None:
    assert (
        organizer.call("POST", "/profiles/bulkInvite", {"profiles": []}).kind == "MissingAuthenticationTokenException"
    )
