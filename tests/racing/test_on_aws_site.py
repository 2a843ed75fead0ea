"""Finding the deployment and signing in: every way it can be wrong ends in a sentence that says what to do."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from deepracer_admin.edge.http import honest_user_agent
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    ConsoleError,
    CredentialsExpired,
    NotThere,
    Refused,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.racing.on_aws.site import site_address
from tests.racing.scripted import DROP, Reply, ScriptedDeployment, adapter, scripted

PAGE = Reply(
    body="<!doctype html><html><head><title>Some site</title></head></html>", headers={"content-type": "text/html"}
)
VALUES = {
    "apiEndpointUrl": "https://a1b2c3.execute-api.us-east-1.amazonaws.com/prod/",
    "userPoolId": "us-east-1_practice",
    "userPoolClientId": "client",
    "identityPoolId": "us-east-1:pool",
    "region": "us-east-1",
}


@pytest.fixture
def deployment() -> Iterator[ScriptedDeployment]:
    with scripted() as found:
        yield found


def environment(**changes: Any) -> Reply:
    return Reply(body=f"window.EnvironmentConfig = {json.dumps({**VALUES, **changes})};")


def refused(code: str, message: str) -> Reply:
    return Reply(400, {"__type": code, "message": message})


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("https://d111111abcdef8.cloudfront.net", "https://d111111abcdef8.cloudfront.net"),
        (" https://races.example.com/ ", "https://races.example.com"),
        ("https://races.example.com/env.js", "https://races.example.com"),
    ],
)
def test_an_address_is_taken_as_people_paste_it(given: str, taken: str) -> None:
    assert site_address(given) == taken


@pytest.mark.parametrize(
    "given",
    [
        "",
        "races",
        "ftp://races.example.com",
        "http://races.example.com",
        "http://127.0.0.1:8000/deepracer",
        "https://races.example.com/races/abc",
        "https://races.example.com?x=1",
        "https://user:secret@races.example.com",
        "https://",
    ],
)
def test_an_address_that_cannot_be_one_says_what_to_give(given: str) -> None:
    with pytest.raises(BadSettings) as caught:
        site_address(given)
    assert any(way in caught.value.sentence for way in ("give", "correct", "must begin with https://"))
    assert "secret" not in caught.value.sentence


def test_loopback_is_for_rehearsals_alone() -> None:
    assert site_address("http://127.0.0.1:8000/deepracer", reach=Reach.PRACTICE)
    with pytest.raises(BadSettings):
        site_address("http://races.example.com", reach=Reach.PRACTICE)


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (PAGE, NotThere, "web page of its own"),
        (Reply(body="window.EnvironmentConfig = not json;"), NotThere, "cannot be read"),
        (Reply(body="window.EnvironmentConfig = [];"), NotThere, "cannot be read"),
        (environment(userPoolId=None, region=""), NotThere, "without userPoolId, region"),
        (environment(region="us-east-1.evil.example.com/"), NotThere, "names no AWS region"),
        (environment(apiEndpointUrl="https://evil.example.com/prod/"), NotThere, "evil.example.com"),
        (environment(apiEndpointUrl="http://a1.execute-api.us-east-1.amazonaws.com/prod/"), NotThere, "API Gateway"),
        (environment(apiEndpointUrl="https://execute-api.us-east-1.amazonaws.com.evil.example.com/"), NotThere, "evil"),
        (
            Reply(301, headers={"location": "https://races.example.com/env.js"}),
            NotThere,
            "https://races.example.com in",
        ),
        (Reply(404, "<html>"), NotThere, "HTTP 404"),
        (Reply(403, "<html>"), AccessDenied, "firewall"),
        (Reply(503, "<html>"), Unavailable, "try again"),
        (DROP, Unreachable, "cannot be reached"),
    ],
)
def test_a_wrong_site_is_told_from_a_broken_one(
    deployment: ScriptedDeployment, reply: Reply, kind: type[ConsoleError], says: str
) -> None:
    deployment.env = reply
    with adapter(deployment) as service, pytest.raises(ConsoleError) as caught:
        service.connect()
    assert type(caught.value) is kind
    assert says in caught.value.sentence
    assert deployment.seen == []
    assert deployment.sign_ins == []


def test_a_site_that_was_wrong_is_read_again_the_next_time(deployment: ScriptedDeployment) -> None:
    deployment.env = PAGE
    with adapter(deployment) as service:
        with pytest.raises(NotThere):
            service.connect()
        deployment.env = None
        assert service.capabilities.bulk_invite


def test_connecting_again_sees_an_updated_deployment(deployment: ScriptedDeployment) -> None:
    deployment.on("GET", "/settings/usageQuotas.newUser", Reply(404, {"message": "x"}))
    deployment.on("GET", "/settings/usageQuotas.global", Reply(404, {"message": "x"}))
    with adapter(deployment) as service:
        deployment.version = "v1.2.5"
        deployment.on("GET", "/profiles/bulkInvite", Reply(403, {"message": "Missing Authentication Token"}))
        assert "1.3 can do both" in " ".join(service.connect().notes)
        assert not service.capabilities.bulk_invite
        deployment.version = "v1.3.1"
        deployment.on("GET", "/profiles/bulkInvite", Reply(body={"jobs": []}))
        assert service.connect().version == "v1.3.1"
        assert service.capabilities.bulk_invite


def test_proxy_settings_do_not_keep_a_rehearsal_from_loopback(
    deployment: ScriptedDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with adapter(deployment) as service:
        assert service.capabilities.bulk_invite


def test_a_practice_world_names_itself(deployment: ScriptedDeployment) -> None:
    with adapter(deployment) as service:
        assert not service.practice_world
    deployment.env = Reply(body=deployment._environment(), headers={"X-Practice-World": "deepracer-rehearsal"})
    with adapter(deployment) as service:
        assert service.practice_world
    assert deployment.sign_ins == [], "no password leaves before it is known where to"


@pytest.mark.parametrize("version", ["", "v1.2.5", "v1.3.1-rc2", "main-2026", "v9"])
def test_any_version_text_is_survived(deployment: ScriptedDeployment, version: str) -> None:
    deployment.version = version
    deployment.on("GET", "/settings/usageQuotas.newUser", Reply(404, {"message": "x"}))
    deployment.on("GET", "/settings/usageQuotas.global", Reply(404, {"message": "x"}))
    with adapter(deployment) as service:
        account = service.connect()
    assert account.version == version
    assert account.new_profile_quota is None


@pytest.mark.parametrize(
    ("reply", "kind", "says"),
    [
        (refused("NotAuthorizedException", "Incorrect username or password."), CredentialsExpired, "enter them again"),
        (refused("UserNotFoundException", "User does not exist."), CredentialsExpired, "enter them again"),
        (refused("NotAuthorizedException", "User is disabled."), CredentialsExpired, "disabled"),
        (
            refused("NotAuthorizedException", "Temporary password has expired and must be reset by an administrator."),
            CredentialsExpired,
            "invite it again",
        ),
        (refused("PasswordResetRequiredException", "Password reset required"), CredentialsExpired, "new password"),
        (refused("NotAuthorizedException", "Password attempts exceeded"), Throttled, "waits"),
        (refused("ResourceNotFoundException", "User pool client x does not exist."), NotThere, "user pool"),
        (
            refused("InvalidParameterException", "USER_PASSWORD_AUTH flow not enabled for this client"),
            AccessDenied,
            "ALLOW_USER_PASSWORD_AUTH",
        ),
        (Reply(body={"ChallengeName": "SOFTWARE_TOKEN_MFA", "Session": "s"}), AccessDenied, "SOFTWARE_TOKEN_MFA"),
        (
            Reply(body={"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s" * 30, "ChallengeParameters": {}}),
            CredentialsExpired,
            "temporary password",
        ),
    ],
)
def test_a_refused_sign_in_says_what_to_do(
    deployment: ScriptedDeployment, reply: Reply, kind: type[ConsoleError], says: str
) -> None:
    deployment.on_cognito("InitiateAuth", reply)
    with adapter(deployment) as service, pytest.raises(ConsoleError) as caught:
        service.connect()
    assert type(caught.value) is kind
    assert says in caught.value.sentence
    assert "Practice-1" not in caught.value.sentence
    assert "Practice-1" not in repr(service)


def test_a_wrong_password_is_not_tried_again_at_once(deployment: ScriptedDeployment) -> None:
    deployment.on_cognito("InitiateAuth", refused("NotAuthorizedException", "Incorrect username or password."))
    with adapter(deployment) as service:
        for _ in range(5):
            with pytest.raises(CredentialsExpired):
                service.connect()
    assert len(deployment.sign_ins) == 1


def test_a_user_pool_that_wants_fewer_sign_ins_is_left_alone_for_a_minute(deployment: ScriptedDeployment) -> None:
    deployment.on_cognito("InitiateAuth", refused("NotAuthorizedException", "Password attempts exceeded"))
    with adapter(deployment) as service:
        for _ in range(5):
            with pytest.raises(Throttled) as caught:
                service.connect()
            assert caught.value.retry_after == 60.0
    assert len(deployment.sign_ins) == 1


@pytest.mark.parametrize("groups", [[], ["dr-racers"], ["dr-race-facilitators"]])
def test_only_administrators_can_run_the_console(deployment: ScriptedDeployment, groups: list[str]) -> None:
    deployment.groups = groups
    with adapter(deployment) as service, pytest.raises(AccessDenied, match="dr-admins"):
        service.connect()
    assert deployment.seen == []


def test_a_role_given_later_is_seen_without_a_restart(deployment: ScriptedDeployment) -> None:
    deployment.groups = ["dr-racers"]
    with adapter(deployment) as service:
        with pytest.raises(AccessDenied):
            service.connect()
        deployment.groups = ["dr-racers", "dr-admins"]
        assert service.capabilities.bulk_invite


def test_a_user_without_a_role_in_the_identity_pool_is_told_the_group(deployment: ScriptedDeployment) -> None:
    deployment.on_cognito("GetCredentialsForIdentity", refused("NotAuthorizedException", "Access to Role is forbidden"))
    with adapter(deployment) as service, pytest.raises(AccessDenied, match="dr-admins"):
        service.connect()


def test_the_first_password_is_chosen_and_used(deployment: ScriptedDeployment) -> None:
    challenge = Reply(
        body={
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": "session-1-of-the-first-sign-in",
            "ChallengeParameters": {"USER_ID_FOR_SRP": "organizer000000"},
        }
    )
    deployment.on_cognito("InitiateAuth", challenge)
    with adapter(deployment) as service:
        service.choose_first_password("Better-2026")
        assert service.capabilities.bulk_invite
    answer = next(each for each in deployment.sign_ins if each["operation"] == "RespondToAuthChallenge")
    assert answer["ChallengeResponses"] == {"USERNAME": "organizer000000", "NEW_PASSWORD": "Better-2026"}
    assert answer["Session"] == "session-1-of-the-first-sign-in"


def test_a_first_password_that_is_too_simple_names_the_rules(deployment: ScriptedDeployment) -> None:
    challenge = Reply(body={"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "s" * 30, "ChallengeParameters": {}})
    deployment.on_cognito("InitiateAuth", challenge)
    deployment.on_cognito("RespondToAuthChallenge", refused("InvalidPasswordException", "Password too short"))
    with adapter(deployment) as service, pytest.raises(Refused, match="upper and lower case"):
        service.choose_first_password("short")


def test_a_user_agent_that_cannot_be_a_header_is_refused() -> None:
    assert honest_user_agent().startswith("DeepRacer-Organizer-Console/")
    for name in ("a\nb", "é", "x" * 300):
        with pytest.raises(BadSettings):
            honest_user_agent(name)


def test_an_update_of_the_deployment_is_seen_when_connecting_anew() -> None:
    with scripted("v1.2.5") as deployment, adapter(deployment) as service:
        assert not service.capabilities.bulk_invite
        deployment.version = "v1.3.1"
        deployment.on("GET", "/profiles/bulkInvite", Reply(body={"jobs": []}))
        for key in ("newUser", "global"):
            deployment.on("GET", f"/settings/usageQuotas.{key}", Reply(404, {"message": "no"}, {}))
        assert not service.capabilities.bulk_invite, "asked once per connection"
        assert service.connect().version == "v1.3.1"
        assert service.capabilities.bulk_invite


@pytest.mark.parametrize(
    ("path", "ability"),
    [
        ("/profiles/bulkInvite", "bulk_invite"),
        ("/race-management/stats", "register_user"),
    ],
)
def test_a_deployment_that_lacks_one_path_of_1_3_keeps_the_others(path: str, ability: str) -> None:
    """The version is a hint, and each ability is asked for by itself (1.3 page, 12.1)."""
    asked = ("bulk_invite", "register_user")
    with scripted("v1.3.1") as deployment, adapter(deployment) as service:
        deployment.on("GET", path, Reply(403, {"message": "Missing Authentication Token"}, _NO_PATH))
        can = service.capabilities
    assert {name: getattr(can, name) for name in asked} == {name: name != ability for name in asked}


_NO_PATH = {"x-amzn-errortype": "MissingAuthenticationTokenException"}
