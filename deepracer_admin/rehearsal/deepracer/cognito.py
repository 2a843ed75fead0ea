"""The user pool's endpoint: JSON 1.1 on `/cognito-idp/` (deepracer-on-aws.md 1.2).

Sign-in calls are unsigned and carry the client id; `Admin*` and `List*` calls are signed with AWS credentials of the
account, service `cognito-idp`. Errors are 400 with `__type`, as AWS sends them. The fault `denied`: the credentials may
not do this call.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deepracer_admin.rehearsal.shared.sigv4 import Lookup, Refusal, verify

from .cognito_admin import AdminCalls
from .deployment import Deployment
from .state import FORCE_CHANGE, RESET_REQUIRED, User
from .tokens import TokenError
from .user_pool import PoolError, digest
from .wire import well_formed

_TARGET = "AWSCognitoIdentityProviderService."
_SESSION_SECONDS = 180
_WRONG = "Incorrect username or password."
JSON_1_1 = "application/x-amz-json-1.1"


class UserPoolEndpoint:
    """Answers the JSON 1.1 calls of one pool. `lookup` knows the access keys of the account."""

    def __init__(self, site: Deployment, lookup: Lookup) -> None:
        self.site = site
        self._lookup = lookup
        self._sessions: dict[str, tuple[str, float]] = {}
        self._admin = AdminCalls(site)
        self._open: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "InitiateAuth": self._initiate_auth,
            "RespondToAuthChallenge": self._respond,
        }

    async def answer(self, request: Request) -> Response:
        body = await request.body()
        operation = request.headers.get("x-amz-target", "").removeprefix(_TARGET)
        request.state.operation = operation or "unknown"
        try:
            content = self._perform(request, body, operation)
        except PoolError as problem:
            return json_error(problem.name, problem.message)
        return JSONResponse(content, media_type=JSON_1_1)

    def _perform(self, request: Request, body: bytes, operation: str) -> dict[str, Any]:
        opened = self._open.get(operation)
        signed = self._admin.find(operation)
        if opened is None and signed is None:
            raise PoolError("UnknownOperationException", "")
        if signed is not None:
            try:
                now = self.site.clock.real()
                verify(request, body, "cognito-idp", self._lookup, region=self.site.options.region, now=now)
            except Refusal as refusal:
                raise PoolError(refusal.error_type, refusal.message) from None
            if self.site.faults.take("cognito-idp", operation, names={"denied"}):
                raise PoolError("AccessDeniedException", f"User is not authorized to perform: cognito-idp:{operation}")
        content = read_json(body)
        if signed is not None:
            if content.get("UserPoolId") != self.site.pool_id:
                raise PoolError("ResourceNotFoundException", f"User pool {content.get('UserPoolId')} does not exist.")
            with self.site.performing(operation):
                reply = signed(content)
            if operation.startswith("Admin") and not operation.startswith(("AdminGet", "AdminList")):
                self.site.on_write("cognito-idp", operation)
            return reply
        if content.get("ClientId") != self.site.client_id:
            raise PoolError("ResourceNotFoundException", f"User pool client {content.get('ClientId')} does not exist.")
        return opened(content) if opened else {}

    def knows(self, operation: str) -> bool:
        return operation in self._open or self._admin.find(operation) is not None

    # sign-in

    def _initiate_auth(self, content: dict[str, Any]) -> dict[str, Any]:
        flow, given = content.get("AuthFlow"), content.get("AuthParameters") or {}
        if flow in ("REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"):
            return self._refresh(given.get("REFRESH_TOKEN", ""))
        if flow == "USER_SRP_AUTH":
            raise PoolError(
                "NotPractisedException",
                "The real client also allows USER_SRP_AUTH (1.2 step 1), which is not practised here: use "
                "USER_PASSWORD_AUTH.",
            )
        if flow != "USER_PASSWORD_AUTH":
            raise PoolError("InvalidParameterException", f"{flow} is not enabled for the client.")
        for name in ("USERNAME", "PASSWORD"):
            if not given.get(name):
                raise PoolError("InvalidParameterException", f"Missing required parameter {name}")
        user = self.site.find_user(given["USERNAME"])
        if user is None or user.password_hash != digest(user.username, given["PASSWORD"]):
            raise PoolError("NotAuthorizedException", _WRONG)
        self._require_usable(user)
        if user.status == FORCE_CHANGE:
            return self._challenge(user)
        return {"AuthenticationResult": self._sign_in(user), "ChallengeParameters": {}}

    def _require_usable(self, user: User) -> None:
        if not user.enabled:
            raise PoolError("NotAuthorizedException", "User is disabled.")
        if user.status == RESET_REQUIRED:
            raise PoolError("PasswordResetRequiredException", "Password reset required for the user")
        if user.status == FORCE_CHANGE and self.site.pool.temporary_expired(user):
            raise PoolError(
                "NotAuthorizedException", "Temporary password has expired and must be reset by an administrator."
            )

    def _challenge(self, user: User) -> dict[str, Any]:
        session = uuid.uuid4().hex + uuid.uuid4().hex
        self._sessions[_hash(session)] = (user.sub, self.site.real())
        known = {"email_verified": user.attributes.get("email_verified", "true"), "email": user.email}
        return {
            "ChallengeName": "NEW_PASSWORD_REQUIRED",
            "Session": session,
            "ChallengeParameters": {
                "USERNAME": user.username,
                "USER_ID_FOR_SRP": user.username,
                "requiredAttributes": "[]",
                "userAttributes": json.dumps(known),
            },
        }

    def _respond(self, content: dict[str, Any]) -> dict[str, Any]:
        if content.get("ChallengeName") != "NEW_PASSWORD_REQUIRED":
            raise PoolError("InvalidParameterException", "Challenge response is not for this challenge.")
        answers = content.get("ChallengeResponses") or {}
        for name in ("USERNAME", "NEW_PASSWORD"):
            if not answers.get(name):
                raise PoolError("InvalidParameterException", f"Missing required parameter {name}")
        key = _hash(content.get("Session") or "")
        sub, since = self._sessions.get(key, ("", 0.0))
        user = self.site.find_user(answers["USERNAME"])
        if not sub or user is None or user.sub != sub:
            raise PoolError("NotAuthorizedException", "Invalid session for the user.")
        if self.site.real() - since > _SESSION_SECONDS:
            raise PoolError("NotAuthorizedException", "Invalid session for the user, session is expired.")
        self.site.pool.set_password(user, answers["NEW_PASSWORD"], permanent=True)
        del self._sessions[key]
        return {"AuthenticationResult": self._sign_in(user), "ChallengeParameters": {}}

    def _sign_in(self, user: User) -> dict[str, Any]:
        now = self.site.real()
        return self.site.mint.issue(user, now) | {"RefreshToken": self.site.mint.issue_refresh(user, now)}

    def _refresh(self, token: str) -> dict[str, Any]:
        """New tokens with the groups as they are now; no new refresh token."""
        try:
            sub, since = self.site.mint.redeem(token, self.site.real())
        except TokenError as problem:
            raise PoolError("NotAuthorizedException", str(problem)) from None
        username = self.site.state.by_sub.get(sub)
        if username is None:
            raise PoolError("NotAuthorizedException", "Invalid Refresh Token.")
        user = self.site.state.users[username]
        if not user.enabled:
            raise PoolError("NotAuthorizedException", "User is disabled.")
        tokens = self.site.mint.issue(user, self.site.real(), auth_time=since)
        return {"AuthenticationResult": tokens, "ChallengeParameters": {}}


def read_json(body: bytes) -> dict[str, Any]:
    try:
        content = well_formed(json.loads(body or b"{}"))
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise PoolError("SerializationException", "")
    return content


def json_error(name: str, message: str, status: int = 400) -> Response:
    headers = {"x-amzn-errortype": name, "x-amzn-errormessage": message.encode("ascii", "replace").decode()}
    return JSONResponse({"__type": name, "message": message}, status, headers, media_type=JSON_1_1)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
