"""A person at the practice deployment, as an independent client: plain HTTP, and signatures made by botocore."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.practice import WorldHandle

AGENT = "OrganizerConsoleTest/1.0"
NEW_PASSWORD = "Racing-2026!"


@dataclass
class Reply:
    status: int
    kind: str
    body: Any
    response: httpx.Response


def sign(
    method: str, url: str, body: bytes | None, keys: Credentials, service: str, headers: dict[str, str]
) -> dict[str, str]:
    request = AWSRequest(method, url, data=body or b"", headers=dict(headers))
    SigV4Auth(keys, service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


@dataclass
class Deployed:
    """What env.js says, and the calls that need no person."""

    world: WorldHandle
    http: httpx.Client
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        text = self.http.get(self.world.endpoints["deepracer"]["site"] + "/env.js").text
        self.env = json.loads(text.removeprefix("window.EnvironmentConfig = ").removesuffix(";"))

    def json11(self, service: str, operation: str, content: dict[str, Any], keys: Credentials | None = None) -> Reply:
        aws = self.world.endpoints["aws"]
        url = {"cognito-idp": aws["cognito_idp_url"], "cognito-identity": aws["cognito_identity_url"]}[service] + "/"
        target = {
            "cognito-idp": "AWSCognitoIdentityProviderService",
            "cognito-identity": "AWSCognitoIdentityService",
        }[service]
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"{target}.{operation}"}
        body = json.dumps(content).encode()
        if keys is not None:
            headers = sign("POST", url, body, keys, service, headers)
        return read(self.http.post(url, content=body, headers=headers))

    def admin(self, operation: str, **content: Any) -> Reply:
        """A user-pool call with the account's AWS credentials."""
        aws = self.world.endpoints["aws"]
        keys = Credentials(aws["access_key_id"], aws["secret_access_key"])
        return self.json11("cognito-idp", operation, {"UserPoolId": self.env["userPoolId"], **content}, keys)

    def initiate(self, name: str, password: str) -> Reply:
        given = {"USERNAME": name, "PASSWORD": password}
        return self.json11(
            "cognito-idp",
            "InitiateAuth",
            {"ClientId": self.env["userPoolClientId"], "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": given},
        )

    def answer_challenge(self, name: str, session: str, password: str) -> Reply:
        content = {
            "ClientId": self.env["userPoolClientId"],
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeResponses": {"USERNAME": name, "NEW_PASSWORD": password},
        }
        return self.json11("cognito-idp", "RespondToAuthChallenge", content)

    def refresh(self, token: str) -> Reply:
        content = {
            "ClientId": self.env["userPoolClientId"],
            "AuthFlow": "REFRESH_TOKEN_AUTH",
            "AuthParameters": {"REFRESH_TOKEN": token},
        }
        return self.json11("cognito-idp", "InitiateAuth", content)

    def exchange(self, id_token: str) -> Reply:
        logins = {f"cognito-idp.us-east-1.amazonaws.com/{self.env['userPoolId']}": id_token}
        pool = {"IdentityPoolId": self.env["identityPoolId"], "Logins": logins}
        found = self.json11("cognito-identity", "GetId", pool)
        if found.status != 200:
            return found
        content = {"IdentityId": found.body["IdentityId"], "Logins": logins}
        return self.json11("cognito-identity", "GetCredentialsForIdentity", content)

    def temporary_password(self, email: str) -> str:
        return next(mail["temporary_password"] for mail in reversed(self.world.invitations()) if mail["to"] == email)

    def sign_in(self, name: str, password: str | None = None) -> Person:
        """Sign in; an invited person uses the mailed password and sets a new one."""
        first = self.initiate(name, password or self.temporary_password(name))
        if first.body.get("ChallengeName"):
            first = self.answer_challenge(name, first.body["Session"], NEW_PASSWORD)
        tokens = first.body["AuthenticationResult"]
        credentials = self.exchange(tokens["IdToken"]).body["Credentials"]
        keys = Credentials(credentials["AccessKeyId"], credentials["SecretKey"], credentials["SessionToken"])
        return Person(self, keys, tokens)

    def organizer(self) -> Person:
        given = self.world.endpoints["deepracer"]
        return self.sign_in(given["user"], given["password"])


@dataclass
class Person:
    """Somebody with AWS credentials for the API."""

    deployed: Deployed
    keys: Credentials
    tokens: dict[str, Any]

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        content_type: str | None = "application/json",
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """`path` is below the stage, with an encoded query if any."""
        url = self.deployed.env["apiEndpointUrl"] + path.lstrip("/")
        content = raw if raw is not None else (json.dumps(body).encode() if body is not None else None)
        extra = {"user-agent": AGENT, **(headers or {})}
        if content is not None and content_type is not None:
            extra["content-type"] = content_type
        signed = sign(method, url, content, self.keys, "execute-api", extra)
        return read(self.deployed.http.request(method, url, content=content, headers=signed))


def read(response: httpx.Response) -> Reply:
    kind = response.headers.get("x-amzn-errortype", "").split(":")[0]
    try:
        body = response.json()
    except ValueError:
        body = response.text or None
    return Reply(response.status_code, kind, body, response)


def race(name: str = "Lunch Cup", **changes: Any) -> dict[str, Any]:
    """A valid leaderboardDefinition wrapped as CreateLeaderboard wants it; give openTime and closeTime."""
    definition = {
        "name": name,
        "trackConfig": {"trackId": "reInvent2019_wide", "trackDirection": "CLOCKWISE"},
        "raceType": "TIME_TRIAL",
        "maxSubmissionsPerUser": 5,
        "resettingBehaviorConfig": {"continuousLap": True},
        "submissionTerminationConditions": {"minimumLaps": 3, "maximumLaps": 3},
        "timingMethod": "TOTAL_TIME",
        **changes,
    }
    return {"leaderboardDefinition": definition}
