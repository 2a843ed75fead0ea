"""The identity pool's endpoint on `/cognito-identity/`: an ID token becomes AWS credentials of one hour of real time.

Roles come from ordered rules on `cognito:groups` in the token: the first group that matches wins, none means Deny
(deepracer-on-aws.md 1.2 step 4, 1.3).
"""

from __future__ import annotations

import base64
import secrets
import uuid
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .cognito import JSON_1_1, json_error, read_json
from .deployment import Deployment
from .tokens import TokenError
from .user_pool import PoolError

_TARGET = "AWSCognitoIdentityService."
CREDENTIAL_SECONDS = 3600


class IdentityPoolEndpoint:
    def __init__(self, site: Deployment) -> None:
        self.site = site

    async def answer(self, request: Request) -> Response:
        operation = request.headers.get("x-amz-target", "").removeprefix(_TARGET)
        request.state.operation = operation or "unknown"
        body = await request.body()
        try:
            content = read_json(body)
            if operation == "GetId":
                reply = self._get_id(content)
            elif operation == "GetCredentialsForIdentity":
                reply = self._get_credentials(content)
            else:
                raise PoolError("UnknownOperationException", "")
        except PoolError as problem:
            return json_error(problem.name, problem.message)
        return JSONResponse(reply, media_type=JSON_1_1)

    def _claims(self, content: dict[str, Any]) -> dict[str, Any]:
        logins = content.get("Logins") or {}
        if not logins:
            raise PoolError("NotAuthorizedException", "Unauthenticated access is not supported for this identity pool.")
        token = logins.get(self.site.login_provider)
        if token is None or len(logins) > 1:
            raise PoolError("NotAuthorizedException", "Token is not from a supported provider of this identity pool.")
        try:
            return self.site.mint.read_identity(token, self.site.real())
        except TokenError as problem:
            raise PoolError("NotAuthorizedException", str(problem)) from None

    def _identity(self, sub: str) -> str:
        return f"{self.site.options.region}:{uuid.uuid5(uuid.NAMESPACE_URL, self.site.identity_pool_id + sub)}"

    def _get_id(self, content: dict[str, Any]) -> dict[str, Any]:
        if content.get("IdentityPoolId") != self.site.identity_pool_id:
            raise PoolError("ResourceNotFoundException", f"IdentityPool '{content.get('IdentityPoolId')}' not found.")
        return {"IdentityId": self._identity(self._claims(content)["sub"])}

    def _get_credentials(self, content: dict[str, Any]) -> dict[str, Any]:
        claims = self._claims(content)
        identity = self._identity(claims["sub"])
        if content.get("IdentityId") != identity:
            raise PoolError("ResourceNotFoundException", f"Identity '{content.get('IdentityId')}' not found.")
        held = claims.get("cognito:groups", [])
        role = next((group for group in self.site.pool.groups if group in held), None)
        if role is None:
            raise PoolError("NotAuthorizedException", "Access to Role is forbidden")
        return {"IdentityId": identity, "Credentials": issue_credentials(self.site, claims["sub"], role)}


def issue_credentials(site: Deployment, sub: str, role: str, seconds: float = CREDENTIAL_SECONDS) -> dict[str, Any]:
    """Temporary keys with the role fixed for their whole life, whatever happens to the groups meanwhile."""
    now = site.real()
    for key in [key for key, row in site.credentials.items() if row["expires"] < now - 86_400]:
        del site.credentials[key]
    key = "ASIA" + base64.b32encode(secrets.token_bytes(10)).decode()
    row = {
        "secret": secrets.token_urlsafe(30),
        "token": base64.b64encode(secrets.token_bytes(96)).decode(),
        "expires": now + seconds,
        "sub": sub,
        "role": role,
    }
    site.credentials[key] = row
    expiration = float(int(row["expires"]))
    return {"AccessKeyId": key, "SecretKey": row["secret"], "SessionToken": row["token"], "Expiration": expiration}
