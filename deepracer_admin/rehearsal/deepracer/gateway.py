"""The API behind its five layers: WAF, gateway authorisation, request validator, server SDK, operation.

Each layer answers in its own shape (deepracer-on-aws.md 1.4); a client has to know them all.
"""

from __future__ import annotations

import json
import re
from collections import deque
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deepracer_admin.rehearsal.shared.sigv4 import Credential, Refusal, verify

from .deployment import ACCOUNT, Call, Deployment
from .errors import ApiError, Crash, Unmodelled
from .happenings import delete_profile_first
from .operations import Operation, build_operations
from .policies import allows
from .validation import Findings, examine

STAGE = "/prod"
_BODY_LIMIT = 8192
_LIBRARIES = re.compile(
    r"python-requests|python-httpx|python-urllib|aiohttp|boto3|botocore|aws-cli|aws-sdk|curl|wget|go-http-client|java/|"
    r"okhttp|axios|node-fetch|libwww|python/",
    re.IGNORECASE,
)
_WINDOW = 300.0


class Gateway:
    """Answers everything below the stage. `prefix` is the path in front of it."""

    def __init__(self, site: Deployment, prefix: str) -> None:
        self.site = site
        self.prefix = prefix
        self._operations: dict[tuple[str, int], list[Operation]] = {}
        for operation in build_operations(site.version):
            for method in (operation.method, "OPTIONS"):
                self._operations.setdefault((method, len(operation.segments)), []).append(operation)
        self._recent: dict[str, deque[float]] = {}

    async def answer(self, request: Request) -> Response:
        raw = (request.scope.get("raw_path") or request.scope["path"].encode()).decode("latin-1").split("?")[0]
        path = raw.removeprefix(self.prefix)
        body = await request.body()
        found = self._route(request.method, path)
        if self._blocked_by_waf(request, path, body, found[0].name if found and found[0] else None):
            return _reply(403, "ForbiddenException", {"message": "Forbidden"})
        if found is None:
            return _missing_token(request)
        operation, parameters = found
        request.state.operation = operation.name if operation else "OPTIONS"
        if operation is None:
            return Response(status_code=200)
        now = self._service_time(operation)
        try:
            credential = self._authorise(request, body, operation, now)
            answer = self._admitted(request, body, path, operation, parameters, credential)
        except Refusal as refusal:
            answer = _reply(403, refusal.error_type, {"message": refusal.message})
        answer.headers["date"] = format_datetime(now, usegmt=True)
        return answer

    def _admitted(
        self,
        request: Request,
        body: bytes,
        path: str,
        operation: Operation,
        parameters: dict[str, str],
        credential: Credential,
    ) -> Response:
        role = self.site.credentials[credential.access_key_id]["role"]
        if not self.site.switched("no_policies", operation.name) and not allows(
            role, request.method, path[len(STAGE) :], self.site.version
        ):
            return self._deny(role, request.method, path)
        return self._perform(request, body, operation, parameters, credential.principal, role)

    # layer 1

    def _blocked_by_waf(self, request: Request, path: str, body: bytes, operation: str | None) -> bool:
        agent = request.headers.get("user-agent", "").strip()
        exempt = self.site.version >= (1, 2, 10) and path.endswith(("/models", "/rewardFunction"))
        if not agent or (len(body) > _BODY_LIMIT and not exempt) or self.site.hit("waf", operation):
            return True
        if self._looks_like_a_bot(agent, operation):
            return True
        return "/admin/" in path and self._over_rate(request.client.host if request.client else "")

    def _looks_like_a_bot(self, agent: str, operation: str | None) -> bool:
        state = self.site.switched("bot_control", operation)
        mode = state.params.get("mode", "libraries") if state else "libraries"
        allowed = state.params.get("allow", ()) if state else ()
        if mode == "off" or any(agent.startswith(prefix) for prefix in allowed):
            return False
        return bool(_LIBRARIES.search(agent)) or (mode == "non_browser" and not agent.startswith("Mozilla/"))

    def _over_rate(self, address: str) -> bool:
        now = self.site.real()
        recent = self._recent.setdefault(address, deque())
        while recent and recent[0] <= now - _WINDOW:
            recent.popleft()
        recent.append(now)
        over = len(recent) > self.site.options.admin_rate
        self.site.refused_by_firewall += over
        return over

    # layer 2

    def _route(self, method: str, path: str) -> tuple[Operation | None, dict[str, str]] | None:
        """The operation and its decoded path parameters; None in place of the operation is a preflight."""
        if not path.startswith(STAGE + "/"):
            return None
        segments = path[len(STAGE) :].strip("/").split("/")
        best: tuple[int, Operation | None, dict[str, str]] | None = None
        for operation in self._operations.get((method, len(segments)), ()):
            parameters = _match(operation.segments, segments)
            if parameters is not None and (best is None or len(parameters) < best[0]):
                best = (len(parameters), None if method == "OPTIONS" else operation, parameters)
        return None if best is None else best[1:]

    def name_operation(self, method: str, path: str) -> str:
        """The operation that a path below the prefix asks for; the method when there is none."""
        found = self._route(method, path)
        return found[0].name if found and found[0] else method

    def _service_time(self, operation: Operation) -> datetime:
        """What the service's clock says, in UTC: real time, or as far from it as the fault `skew` wants (10 min)."""
        skew = self.site.struck("skew", operation.name)
        off = timedelta(seconds=float(skew.params.get("seconds", 600))) if skew else timedelta()
        return (self.site.clock.real() + off).astimezone(UTC)

    def _authorise(self, request: Request, body: bytes, operation: Operation, now: datetime) -> Credential:
        site = self.site
        credential = verify(request, body, "execute-api", self._find_key, region=site.options.region, now=now)
        if site.hit("expired_credentials", operation.name):
            raise Refusal("ExpiredTokenException", "The security token included in the request is expired")
        return credential

    def _find_key(self, access_key_id: str) -> Credential | None:
        row = self.site.credentials.get(access_key_id)
        if row is None:
            return None
        return Credential(access_key_id, row["secret"], row["token"], row["expires"], row["sub"])

    def _deny(self, role: str, method: str, path: str) -> Response:
        region = self.site.options.region
        target = f"{self.site.api_id}{STAGE}/{method}{path[len(STAGE) :]}"
        resource = f"arn:aws:execute-api:{region}:********{ACCOUNT[-4:]}:{target}"
        user = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/CognitoIdentityCredentials"
        text = f"User: {user} is not authorized to perform: execute-api:Invoke on resource: {resource}"
        return _reply(403, "AccessDeniedException", {"Message": text})

    # layers 3 to 5

    def _perform(
        self, request: Request, body: bytes, operation: Operation, parameters: dict[str, str], sub: str, role: str
    ) -> Response:
        site = self.site
        findings = examine(operation, parameters, request.scope["query_string"].decode("latin-1"), body)
        if findings.gateway and not site.switched("no_validator", operation.name):
            return _refuse_by_validator(findings)
        try:
            caller = site.identify(sub, role, operation.name)
        except Crash:
            return _crashed()
        refused = _refuse_by_sdk(request, body, findings)
        if refused is not None:
            return refused
        query = dict(findings.query)
        if "token" in query and site.hit("expired_token", operation.name):
            query["token"] = "expired"
        call = Call(caller, operation.name, findings.path, query, findings.body)
        try:
            delete_profile_first(site, call)
            with site.performing(operation.name):
                reply = operation.handler(site, call)
        except Crash:
            return _crashed()
        except ApiError as problem:
            if problem.error_type in operation.errors:
                return _lambda_reply(problem.status, problem.body, problem.error_type)
            return _lambda_reply(500, {}, "InternalFailure")
        except Unmodelled:
            return _lambda_reply(500, {}, "InternalFailure")
        except TimeoutError:
            return _timed_out()
        if operation.method != "GET":
            site.on_write("deepracer", operation.name)
        if site.hit("timeout", operation.name):
            return _timed_out()
        status, content = reply if isinstance(reply, tuple) else (200, reply)
        return _lambda_reply(status, content)


def _match(pattern: list[str], segments: list[str]) -> dict[str, str] | None:
    if len(pattern) != len(segments):
        return None
    parameters: dict[str, str] = {}
    for expected, given in zip(pattern, segments, strict=True):
        if expected.startswith("{") and given:
            parameters[expected[1:-1]] = unquote(given)
        elif expected != given:
            return None
    return parameters


def _reply(status: int, error_type: str, content: Any) -> Response:
    return JSONResponse(content, status, headers={"x-amzn-errortype": error_type})


def _lambda_reply(status: int, content: Any, error_type: str | None = None) -> Response:
    """`content` None is an empty body."""
    headers = {"access-control-allow-origin": "*"} | ({"x-amzn-errortype": error_type} if error_type else {})
    body = "" if content is None else json.dumps(content, ensure_ascii=False)
    return Response(body, status, headers, media_type="application/json")


def _crashed() -> Response:
    return _reply(502, "InternalServerErrorException", {"message": "Internal server error"})


def _timed_out() -> Response:
    """The gateway gives up after 29 s; the Lambda may have finished all the same."""
    return _reply(504, "InternalServerErrorException", {"message": "Endpoint request timed out"})


def _missing_token(request: Request) -> Response:
    if request.method == "HEAD":
        headers = {"x-amzn-errortype": "MissingAuthenticationTokenException", "content-type": "application/json"}
        return Response(status_code=403, headers=headers)
    return _reply(403, "MissingAuthenticationTokenException", {"message": "Missing Authentication Token"})


def _refuse_by_validator(findings: Findings) -> Response:
    """The template of the gateway response does not escape quotes: the body may be no valid JSON."""
    text = '{ "errorMessage": "' + findings.gateway + '" }'
    headers = {"x-amzn-errortype": "BadRequestException", "access-control-allow-origin": "*"}
    return Response(text, 400, headers, media_type="application/json")


def _refuse_by_sdk(request: Request, body: bytes, findings: Findings) -> Response | None:
    accepted = request.headers.get("accept", "*/*")
    if not any(
        kind.strip().split(";")[0] in ("*/*", "application/*", "application/json") for kind in accepted.split(",")
    ):
        return _lambda_reply(406, {}, "NotAcceptableException")
    content_type = request.headers.get("content-type")
    if findings.takes_body and body and content_type is not None and content_type != "application/json":
        return _lambda_reply(415, {}, "UnsupportedMediaTypeException")
    if findings.misread:
        return _lambda_reply(400, {}, "SerializationException")
    if findings.violations:
        return _lambda_reply(400, findings.describe(), "ValidationException")
    return None
