"""From env.js to a signed call, as a client without any AWS account walks it."""

import base64
import json
from datetime import UTC, datetime, timedelta

import boto3
import jwt
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import Credentials

from .conftest import START, on
from .person import NEW_PASSWORD, Deployed, Person, Reply


def test_env_js_is_one_line_and_every_other_path_is_the_index_page(deployed: Deployed) -> None:
    site = deployed.world.endpoints["deepracer"]["site"]
    assert set(deployed.env) == {
        "apiEndpointUrl", "userPoolId", "userPoolClientId", "identityPoolId", "region", "uploadBucketName",
        "iotEndpoint", "solutionVersion", "namespace",
    }  # fmt: skip
    assert deployed.env["apiEndpointUrl"].endswith("/prod/")
    assert deployed.env["solutionVersion"] == "v1.3.1"
    for path in ("/", "/races/abc/live", "/public/leaderboards/AAAAAAAAAAAAAAA.json", "/nothing.js"):
        answer = deployed.http.get(site + path)
        assert answer.status_code == 200
        assert answer.text.startswith("<!doctype html>")


def test_the_organizer_signs_in_and_reads_her_own_profile(organizer: Person) -> None:
    reply = organizer.call("GET", "/profile")
    assert reply.status == 200
    assert reply.body["profile"]["emailAddress"] == "organizer@example.com"
    assert reply.body["profile"]["alias"] == "RacerAlias"
    assert "createdAt" not in reply.body["profile"]


def test_tokens_are_signed_by_the_published_key_and_carry_the_groups(deployed: Deployed, organizer: Person) -> None:
    pool = deployed.env["userPoolId"]
    url = f"{deployed.world.endpoints['aws']['cognito_idp_url']}/{pool}/.well-known/jwks.json"
    key = jwt.PyJWK(deployed.http.get(url).json()["keys"][0])
    claims = jwt.decode(
        organizer.tokens["IdToken"], key, algorithms=["RS256"], audience=deployed.env["userPoolClientId"]
    )
    assert claims["cognito:groups"] == ["dr-admins"]
    assert claims["email"] == "organizer@example.com"
    assert claims["token_use"] == "id"
    assert claims["exp"] - claims["iat"] == 3600


def test_an_invited_racer_must_choose_a_password_that_fits_the_policy(deployed: Deployed, organizer: Person) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    first = deployed.initiate("ADA@example.com", deployed.temporary_password("ada@example.com"))
    assert first.body["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    for weak, complaint in (
        ("Ab1!", "long enough"),
        ("racing-2026!", "uppercase"),
        ("Racing-time!", "numeric"),
        ("Racing2026", "symbol"),
    ):
        refused = deployed.answer_challenge("ada@example.com", first.body["Session"], weak)
        assert refused.kind == "InvalidPasswordException"
        assert complaint in refused.body["message"]
    accepted = deployed.answer_challenge("ada@example.com", first.body["Session"], NEW_PASSWORD)
    assert "RefreshToken" in accepted.body["AuthenticationResult"]
    assert deployed.initiate("ada@example.com", NEW_PASSWORD).body["AuthenticationResult"]["ExpiresIn"] == 3600


def test_an_unknown_user_and_a_wrong_password_look_the_same(deployed: Deployed) -> None:
    unknown = deployed.initiate("nobody@example.org", "Whatever-1!")
    wrong = deployed.initiate("organizer@example.com", "Whatever-1!")
    assert (
        unknown.body == wrong.body == {"__type": "NotAuthorizedException", "message": "Incorrect username or password."}
    )
    assert unknown.status == wrong.status == 400


def test_a_temporary_password_dies_after_seven_days_of_practice_time_and_resend_revives_it(
    deployed: Deployed, organizer: Person
) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    deployed.world.advance(timedelta(days=7, seconds=1).total_seconds())
    refused = deployed.initiate("ada@example.com", deployed.temporary_password("ada@example.com"))
    assert refused.body["message"] == "Temporary password has expired and must be reset by an administrator."
    assert deployed.admin("AdminCreateUser", Username="ada@example.com", MessageAction="RESEND").status == 200
    assert deployed.initiate("ada@example.com", deployed.temporary_password("ada@example.com")).body["ChallengeName"]


def test_a_refresh_gives_new_tokens_but_no_new_refresh_token(deployed: Deployed, organizer: Person) -> None:
    reply = deployed.refresh(organizer.tokens["RefreshToken"])
    assert set(reply.body["AuthenticationResult"]) == {"AccessToken", "ExpiresIn", "TokenType", "IdToken"}
    assert deployed.refresh("nonsense").body["message"] == "Invalid Refresh Token."


def test_a_disabled_user_cannot_sign_in_but_keeps_the_credentials_already_issued(
    deployed: Deployed, organizer: Person
) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    deployed.admin("AdminDisableUser", Username="ada@example.com")
    assert deployed.initiate("ada@example.com", NEW_PASSWORD).body["message"] == "User is disabled."
    assert ada.call("GET", "/profile").status == 200


def test_a_user_in_no_group_gets_no_credentials(deployed: Deployed) -> None:
    deployed.admin(
        "AdminCreateUser",
        Username="nogroup12345678",
        UserAttributes=[{"Name": "email", "Value": "no.group@example.com"}],
    )
    first = deployed.initiate("no.group@example.com", deployed.temporary_password("no.group@example.com"))
    done = deployed.answer_challenge("no.group@example.com", first.body["Session"], NEW_PASSWORD)
    refused = deployed.exchange(done.body["AuthenticationResult"]["IdToken"])
    assert refused.body == {"__type": "NotAuthorizedException", "message": "Access to Role is forbidden"}


def test_an_id_token_that_was_tampered_with_is_refused(deployed: Deployed, organizer: Person) -> None:
    head, claims, signature = organizer.tokens["IdToken"].split(".")
    padded = json.loads(base64.urlsafe_b64decode(claims + "=="))
    forged = base64.urlsafe_b64encode(json.dumps({**padded, "cognito:groups": ["dr-admins"]}).encode()).decode()
    assert deployed.exchange(f"{head}.{forged.rstrip('=')}.{signature}").kind == "NotAuthorizedException"


def test_user_pool_calls_need_the_accounts_own_keys(deployed: Deployed) -> None:
    pool = {"UserPoolId": deployed.env["userPoolId"]}
    assert deployed.json11("cognito-idp", "ListUsers", pool).kind == "MissingAuthenticationTokenException"
    wrong = Credentials("AKIAWRONG", "nothing")
    assert deployed.json11("cognito-idp", "ListUsers", pool, wrong).kind == "UnrecognizedClientException"
    assert deployed.admin("ListUsers").status == 200


def test_boto3_reads_the_user_pool_and_the_identity_pool(deployed: Deployed) -> None:
    aws = deployed.world.endpoints["aws"]
    keys = {"aws_access_key_id": aws["access_key_id"], "aws_secret_access_key": aws["secret_access_key"]}
    pool = boto3.client("cognito-idp", region_name="us-east-1", endpoint_url=aws["cognito_idp_url"], **keys)
    user = pool.admin_get_user(UserPoolId=deployed.env["userPoolId"], Username="organizer@example.com")
    assert user["UserCreateDate"] == START
    with pytest.raises(pool.exceptions.UserNotFoundException):
        pool.admin_get_user(UserPoolId=deployed.env["userPoolId"], Username="nobody@example.com")
    unsigned = Config(signature_version=UNSIGNED)
    given = deployed.world.endpoints["deepracer"]
    signer = boto3.client("cognito-idp", region_name="us-east-1", endpoint_url=aws["cognito_idp_url"], config=unsigned)
    tokens = signer.initiate_auth(
        ClientId=deployed.env["userPoolClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": given["user"], "PASSWORD": given["password"]},
    )["AuthenticationResult"]
    identities = boto3.client(
        "cognito-identity", region_name="us-east-1", endpoint_url=aws["cognito_identity_url"], config=unsigned
    )
    logins = {f"cognito-idp.us-east-1.amazonaws.com/{deployed.env['userPoolId']}": tokens["IdToken"]}
    identity = identities.get_id(IdentityPoolId=deployed.env["identityPoolId"], Logins=logins)["IdentityId"]
    credentials = identities.get_credentials_for_identity(IdentityId=identity, Logins=logins)["Credentials"]
    left = credentials["Expiration"] - datetime.now(UTC)
    assert timedelta(minutes=58) < left <= timedelta(hours=1)


@on("1.2.5")
def test_an_older_deployment_names_its_version(deployed: Deployed) -> None:
    assert deployed.env["solutionVersion"] == "v1.2.5"


def test_letter_case_does_not_matter_in_a_username_either(deployed: Deployed, organizer: Person) -> None:
    organizer.call("POST", "/profile", {"emailAddress": "ada@example.com"})
    ada = deployed.sign_in("ada@example.com")
    username = ada.call("GET", "/profile").body["profile"]["profileId"]
    assert "AuthenticationResult" in deployed.initiate(username.swapcase(), NEW_PASSWORD).body
    assert deployed.admin("AdminGetUser", Username=username.upper()).body["Username"] == username
    again = organizer.call("POST", "/race-management/users", {"emailAddress": "ben@example.com"}).body["id"]
    session = deployed.initiate(again.lower(), deployed.temporary_password("ben@example.com")).body["Session"]
    assert "AuthenticationResult" in deployed.answer_challenge(again.upper(), session, NEW_PASSWORD).body


def test_srp_is_told_apart_from_flows_that_the_client_does_not_allow(deployed: Deployed) -> None:
    def ask(flow: str) -> Reply:
        content = {"ClientId": deployed.env["userPoolClientId"], "AuthFlow": flow, "AuthParameters": {"USERNAME": "x"}}
        return deployed.json11("cognito-idp", "InitiateAuth", content)

    srp = ask("USER_SRP_AUTH")
    assert (srp.status, srp.kind) == (400, "NotPractisedException")
    assert "USER_PASSWORD_AUTH" in srp.body["message"]
    assert ask("CUSTOM_AUTH").body["message"] == "CUSTOM_AUTH is not enabled for the client."
