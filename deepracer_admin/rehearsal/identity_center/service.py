"""IAM Identity Center as a service of the practice world: envelope, signatures, rates, dispatch."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.buckets import Bucket
from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.sigv4 import Refusal, verify

from .calls import AdminCalls, Handler, StoreCalls
from .scim import SERVICE, Provisioning
from .store import ACCOUNT_ID, GROUP_NAME, PERMISSION_SET, REGION, Directory, Names
from .wire import CONTENT_TYPE, Refused, answer, answer_error, invalid

READING = ("List", "Describe", "Get", "Is")
STORE_RATE, ADMIN_RATE = 10, 20
"""Requests a real second. 3.3: sso-admin collectively 20; for identitystore none is published, 10 is the design's."""


class IdentityCenter:
    """``POST /identity-center/``. Both APIs on one address; the target tells them apart.

    Own faults: `denied` (the policy lacks the action), `expired_credentials`. States, armed like faults and never used
    up: `no_assignment`, `no_policy`, and those of `Provisioning`.
    """

    name = SERVICE

    def __init__(self, ground: Ground, in_scope: Callable[[], Iterable[str]]) -> None:
        """`in_scope` names the members of the company's event group, by their ids in the directory."""
        self._ground = ground
        self.names = Names.of(ground.secrets["group_id"])
        self.provisioning = Provisioning(ground, Directory(self.names), in_scope)

        def directory() -> Directory:
            return self.provisioning.directory

        store = StoreCalls(directory, lambda: ground.clock.now().timestamp())
        admin = AdminCalls(directory, lambda state: ground.faults.armed(SERVICE, state) is not None)
        self._apis = {api.prefix: api for api in (store, admin)}
        rates = ((store.prefix, STORE_RATE), (admin.prefix, ADMIN_RATE))
        self._buckets = {prefix: Bucket(rate, rate, ground.clock.monotonic) for prefix, rate in rates}

    def routes(self) -> list[Route]:
        paths = (f"/{SERVICE}/", f"/{SERVICE}")
        return [Route(path, self.handle, methods=["POST"], name=SERVICE) for path in paths]

    async def handle(self, request: Request) -> Response:
        raw = await request.body()
        try:
            prefix, operation, handler = self._operation(request)
            self._authenticate(request, raw, prefix, operation)
            self._pace(prefix)
            found = handler(_decoded(raw))
        except Refused as refused:
            return answer_error(refused)
        if not operation.startswith(READING):
            self._ground.counters.writes[f"{SERVICE}.{operation}"] += 1
        return answer(found)

    def _operation(self, request: Request) -> tuple[str, str, Handler]:
        prefix, _, operation = request.headers.get("x-amz-target", "").partition(".")
        api = self._apis.get(prefix)
        if api is None or operation not in api.handlers:
            raise Refused("UnknownOperationException", "The operation is not known.")
        if request.headers.get("content-type") != CONTENT_TYPE:
            raise Refused("SerializationException", f"The content type must be {CONTENT_TYPE}.")
        return prefix, operation, api.handlers[operation]

    def _authenticate(self, request: Request, raw: bytes, prefix: str, operation: str) -> None:
        signing_name = self._apis[prefix].signing_name
        own = self._ground.faults.take(SERVICE, operation, names=("denied", "expired_credentials"))
        if own is not None and own.name == "expired_credentials":
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")
        try:
            verify(request, raw, signing_name, self._ground.company_key, region=REGION, now=self._ground.clock.real())
        except Refusal as refusal:
            raise Refused(refusal.error_type, refusal.message) from None
        if own is not None:
            raise Refused("AccessDeniedException", f"User is not authorized to perform: {signing_name}:{operation}")

    def _pace(self, prefix: str) -> None:
        bucket = self._buckets[prefix]
        if bucket.wait_s(1) > 0:
            raise _too_fast(prefix)
        bucket.take(1)

    def fault_response(self, name: str, operation: str) -> Response:
        if name == "throttle":
            return answer_error(_too_fast(StoreCalls.prefix))
        return answer({"__type": "InternalServerException", "Message": "An internal error has occurred."}, 500)

    def endpoints(self) -> dict[str, str]:
        """What a client must know, for practice.json."""
        return {
            "identity_store_id": self.names.identity_store_id,
            "identity_instance_arn": self.names.instance_arn,
            "identity_group": GROUP_NAME,
            "identity_permission_set": PERMISSION_SET,
            "account_id": ACCOUNT_ID,
        }

    def people_with_access(self) -> set[str]:
        """Who may use the account now (the company's person ids): members whose account is on, as long as the group
        holds the permission set and the set its policy.
        """
        if any(self._ground.faults.armed(SERVICE, state) is not None for state in ("no_assignment", "no_policy")):
            return set()
        directory = self.provisioning.directory
        members = (directory.users[row.user_id] for row in directory.members.values())
        return {user.person_id for user in members if user.enabled}

    def tick(self, now: datetime) -> None:
        if self.provisioning.tick(now):
            self._ground.touch()

    def snapshot(self) -> dict[str, Any]:
        return self.provisioning.snapshot()

    def restore(self, state: dict[str, Any]) -> None:
        self.provisioning.restore(self.names, state)

    def truth(self) -> dict[str, Any]:
        """`identity_center`: counted facts of this service."""
        return {"identity_center": self.provisioning.truth()}


def _too_fast(prefix: str) -> Refused:
    if prefix == StoreCalls.prefix:
        return Refused("ThrottlingException", "Rate exceeded", RetryAfterSeconds=1)
    return Refused("ThrottlingException", "Rate exceeded")


def _decoded(raw: bytes) -> dict[str, Any]:
    try:
        body = json.loads(raw or b"{}")
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise invalid("The request body is not a JSON object.")
    return body
