"""The practice Microsoft Graph: tokens, rights, budgets, and which handler answers what (identity-and-mail.md 1)."""

from __future__ import annotations

import hashlib
import json
import math
import random
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.buckets import Bucket
from deepracer_admin.rehearsal.shared.ground import Ground

from .batch import run_batch
from .calls import Call, Caller, GraphError, Reply, throttled, unavailable
from .groups import Groups
from .owning import Owning
from .users import Users

PREFIX = "/graph/v1.0"
UNITS_PER_10_S = 8_000
WRITES_PER_150_S = 3_000
"""For an app in a large tenant (identity-and-mail.md 1.5)."""
SMALL_PAGE = 20
MOST_KNOWN_TOKENS = 1_000
"""Checked signatures are remembered for this many tokens."""


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: re.Pattern[str]
    handler: Callable[[Call], Reply]
    units: int = 1

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def cost(self, query: Mapping[str, str]) -> int:
        """Resource units (identity-and-mail.md 1.5)."""
        units = self.units
        units -= "$select" in query
        units += "$expand" in query
        units -= query.get("$top", "999").isdigit() and int(query.get("$top", "999")) < SMALL_PAGE
        return max(1, units)


class Graph:
    """Own faults: `expired_token` (401), `small_tenant` (budgets: params.resource_units per 10 s, params.writes per
    150 s), `replication_lag` (params.seconds, or members_s and users_s: new members are not listed, new guests are not
    found), `no_owner` (somebody else owns the groups), `credential_ends` (params.days from now). `throttle` and
    `error_5xx` hit the parts of a batch one by one, by the name of their operation."""

    name = "graph"

    def __init__(self, ground: Ground, read_token: Callable[[str], dict[str, Any]]) -> None:
        """`read_token` gives the claims of a good access token; raises jwt.InvalidTokenError, by what is wrong."""
        self._ground, self._read_token = ground, read_token
        self._random = random.Random(f"graph-{ground.seed}")
        self.users = Users(ground)
        self.groups = Groups(ground, self.users)
        owning = Owning(ground, self.groups.find)
        self._callers: dict[str, tuple[float, Caller]] = {}
        self._budgets(UNITS_PER_10_S, WRITES_PER_150_S)
        group, member = r"/groups/(?P<group>[^/]+)", r"(?P<member>[^/]+)"
        table: list[tuple[str, str, str, Callable[[Call], Reply], int]] = [
            ("ListUsers", "GET", r"/users", self.users.list, 2),
            ("GetUser", "GET", r"/users/(?P<user>[^/]+)", self.users.get, 1),
            ("DeleteUser", "DELETE", r"/users/(?P<user>[^/]+)", self.users.refuse_delete, 1),
            ("GetMe", "GET", r"/me", self.users.me, 1),
            ("Invite", "POST", r"/invitations", self.users.invite, 1),
            ("GetGroup", "GET", group, self.groups.get, 1),
            ("ListOwners", "GET", rf"{group}/owners", owning.owners, 1),
            ("GetApplication", "GET", r"/applications\(appId='(?P<app>[^']+)'\)", owning.application, 1),
            ("AddMembers", "PATCH", group, self.groups.add_many, 1),
            ("ListMembers", "GET", rf"{group}/members(?P<cast>/microsoft\.graph\.user)?", self.groups.members, 3),
            ("AddMember", "POST", rf"{group}/members/\$ref", self.groups.add_one, 1),
            ("RemoveMember", "DELETE", rf"{group}/members/{member}/\$ref", self.groups.remove, 1),
            ("DeleteMemberObject", "DELETE", rf"{group}/members/{member}", self.groups.remove_object, 1),
        ]
        self._operations = [
            Operation(name, method, re.compile(path), handler, units) for name, method, path, handler, units in table
        ]

    def routes(self) -> list[Route]:
        methods = ["GET", "POST", "PATCH", "PUT", "DELETE"]
        return [Route(f"{PREFIX}/{{path:path}}", self.handle, methods=methods)]

    def operation(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        path = path.removeprefix(PREFIX)
        if path == "/$batch":
            return "Batch"
        found = self._find(method, path)
        return found[0].name if found else None

    def _find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        for operation in self._operations:
            match = operation.path.fullmatch(path)
            if match is not None and operation.method == method:
                return operation, {key: value for key, value in match.groupdict().items() if value is not None}
        return None

    def fault_response(self, name: str, operation: str) -> Response:
        return http_response(self._fault_error(name).reply())

    def _fault_error(self, name: str) -> GraphError:
        return throttled(2, self._scope(), "ResourceUnitLimitExceeded") if name == "throttle" else unavailable()

    # --- one request

    async def handle(self, request: Request) -> Response:
        raw = await request.body()
        try:
            caller = self._authenticate(request.headers.get("authorization", ""))
            body = decoded(raw)
            path = request.scope["path"].removeprefix(PREFIX)
            if path == "/$batch" and request.method == "POST":
                if _invites(body):
                    request.state.operation = "InviteBatch"
                reply = run_batch(body, self._step(caller), self._random)
            else:
                call = Call(
                    request.method,
                    path,
                    dict(parse_qsl(request.url.query, keep_blank_values=True)),
                    {name.lower(): value for name, value in request.headers.items()},
                    body,
                    caller,
                    len(str(request.url)),
                )
                reply = self._answer(call)
        except GraphError as error:
            reply = error.reply()
        return http_response(reply, request.headers.get("client-request-id"))

    def _step(self, caller: Caller) -> Callable[[str, str, Mapping[str, str], Any], Reply]:
        def answer(method: str, url: str, headers: Mapping[str, str], body: Any) -> Reply:
            path, _, query = url.partition("?")
            path = unquote(f"/{path.lstrip('/')}")
            call = Call(method, path, dict(parse_qsl(query, keep_blank_values=True)), headers, body, caller)
            found = self._find(method, path)
            operation = found[0].name if found else "Unknown"
            self._ground.counters.by_operation[f"{self.name}.{operation}"] += 1
            fault = self._ground.faults.take(self.name, operation, names=("throttle", "error_5xx"))
            if fault is not None:
                self._ground.counters.faults[f"{self.name}.{fault.name}"] += 1
                reply = self._fault_error(fault.name).reply()
                if "retry_after" in fault.params:
                    reply.headers["Retry-After"] = str(fault.params["retry_after"])
                return reply
            try:
                return self._answer(call)
            except GraphError as error:
                return error.reply()

        return answer

    def _answer(self, call: Call) -> Reply:
        found = self._find(call.method, call.path)
        if found is None:
            segment = call.path.rsplit("/", 1)[-1]
            raise GraphError(400, "BadRequest", f"Resource not found for the segment '{segment}'.")
        operation, parts = found
        headers = self._charge(operation, operation.cost(call.query))
        reply = operation.handler(Call(**{**vars(call), "parts": parts}))
        reply.headers.update(headers)
        if operation.writes:
            self._ground.counters.writes[self.name] += 1
            self._ground.counters.writes[f"{self.name}.{operation.name}"] += 1
        return reply

    # --- who asks

    def _authenticate(self, header: str) -> Caller:
        kind, _, token = header.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthenticated("Access token is empty.")
        if self._ground.faults.take(self.name, names=("expired_token",)):
            raise unauthenticated("Lifetime validation failed, the token is expired.")
        key = hashlib.sha256(token.encode()).hexdigest()
        known = self._callers.get(key)
        if known is None:
            if len(self._callers) >= MOST_KNOWN_TOKENS:
                self._callers.clear()
            known = self._callers[key] = self._read(token)
        expires_at, caller = known
        if self._ground.clock.unix() >= expires_at:
            raise unauthenticated("Lifetime validation failed, the token is expired.")
        return caller

    def _read(self, token: str) -> tuple[float, Caller]:
        try:
            claims = self._read_token(token)
        except jwt.ExpiredSignatureError:
            raise unauthenticated("Lifetime validation failed, the token is expired.") from None
        except jwt.InvalidAudienceError:
            raise unauthenticated("Access token validation failure. Invalid audience.") from None
        except jwt.InvalidSignatureError:
            raise unauthenticated("Access token validation failure. Invalid signature.") from None
        except jwt.InvalidTokenError:
            raise unauthenticated("CompactToken parsing failed with error code: 80049217") from None
        app_only = claims.get("idtyp") == "app"
        rights = claims.get("roles", ()) if app_only else claims.get("scp", "").split()
        return claims["exp"], Caller(claims["appid"], None if app_only else claims["oid"], frozenset(rights))

    # --- budgets

    def _charge(self, operation: Operation, units: int) -> dict[str, str]:
        """Take from the budgets, in real time; raises GraphError 429 when one is used up."""
        small = self._ground.faults.armed(self.name, "small_tenant")
        params = small.params if small else {}
        limits = (int(params.get("resource_units", UNITS_PER_10_S)), int(params.get("writes", WRITES_PER_150_S)))
        if limits != self._limits:
            self._budgets(*limits)
        wait_units = self._units.wait_s(units)
        wait_writes = self._writes.wait_s(1) if operation.writes else 0.0
        if wait_writes > 0:
            raise throttled(max(1, math.ceil(wait_writes)), self._scope("Write"), "WriteLimitExceeded")
        if wait_units > 0:
            raise throttled(max(1, math.ceil(wait_units)), self._scope(), "ResourceUnitLimitExceeded")
        self._units.take(units)
        if operation.writes:
            self._writes.take(1)
        headers = {"x-ms-resource-unit": str(units)}
        used = max(self._units.used_share, self._writes.used_share if operation.writes else 0.0)
        if used >= 0.8:
            headers["x-ms-throttle-limit-percentage"] = f"{used:.2f}"
        return headers

    def _budgets(self, units: int, writes: int) -> None:
        """Full budgets: so many resource units in 10 s, so many writes in 150 s."""
        monotonic = self._ground.clock.monotonic
        self._limits = (units, writes)
        self._units, self._writes = Bucket(units, units / 10, monotonic), Bucket(writes, writes / 150, monotonic)

    def _scope(self, kind: str = "ReadWrite") -> str:
        return f"Tenant_Application/{kind}/{self._ground.secrets['client_id']}/{self._ground.secrets['tenant']}"

    # --- keeping

    def snapshot(self) -> dict[str, Any]:
        return {"users": self.users.snapshot(), "groups": self.groups.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        self.users.restore(state["users"])
        self.groups.restore(state["groups"])

    def tick(self, now: datetime) -> None:
        """Nothing in the directory happens by itself."""

    def truth(self) -> dict[str, Any]:
        return {
            "in_group": self.groups.in_event_group(),
            "users_deleted": self.users.deleted,
            "guests": sum(person.guest for person in self._ground.company.everybody()),
            "invitation_mails": self.users.mailed,
        }


def _invites(batch: Any) -> bool:
    """Does a batch invite somebody? It bears a name of its own, so that a fault can hit it."""
    steps = batch.get("requests") if isinstance(batch, dict) else None
    return isinstance(steps, list) and any(
        isinstance(step, dict) and step.get("url") == "/invitations" for step in steps
    )


def decoded(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        raise GraphError(400, "BadRequest", "Unable to read JSON request payload.") from None


def unauthenticated(message: str) -> GraphError:
    headers = {"WWW-Authenticate": 'Bearer realm="", authorization_uri="https://login.practice.example/common/"'}
    return GraphError(401, "InvalidAuthenticationToken", message, headers)


def http_response(reply: Reply, client_request_id: str | None = None) -> Response:
    request_id = str(uuid.uuid4())
    headers = {"request-id": request_id, "client-request-id": client_request_id or request_id, **reply.headers}
    if reply.body is None:
        return Response(status_code=reply.status, headers=headers)
    return JSONResponse(reply.body, reply.status, headers)
