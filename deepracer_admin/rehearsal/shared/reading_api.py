"""What the read-only services of the practice account share: the JSON 1.1 protocol of AWS, signed, one POST address.

Each keeps to what it answers; who may ask, in which words it refuses, and that it has nothing to keep, stand here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .ground import Ground
from .sigv4 import Refusal, verify

__all__ = ["REGION", "Denied", "ReadingApi"]

REGION = "us-east-1"


class Denied(Exception):
    """An answer of the service that is an error: its type, and what it says."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class ReadingApi:
    """One read-only service. A kind of it says its names and `_answer`s; own fault of each: `denied`."""

    name: ClassVar[str]  # in addresses, faults and counters
    signed_for: ClassVar[str]  # as requests are signed, and as policies name its actions
    target: ClassVar[str]  # before the operation in `X-Amz-Target`
    operations: ClassVar[tuple[str, ...]]
    throttled: ClassVar[str] = "ThrottlingException"
    failed: ClassVar[str] = "InternalErrorException"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    def routes(self) -> list[Route]:
        paths = (f"/{self.name}/", f"/{self.name}")
        return [Route(path, self.answer, methods=["POST"], name=self.name) for path in paths]

    async def answer(self, request: Request) -> Response:
        """The protocol, as much of it as reading calls need."""
        body, operation = await request.body(), request.headers.get("x-amz-target", "").removeprefix(self.target)
        ground = self._ground
        try:
            verify(request, body, self.signed_for, ground.company_key, region=REGION, now=ground.clock.real())
            if operation not in self.operations:
                raise Denied("UnknownOperationException", "Not known here.")
            if self._strikes(operation, "denied"):
                said = f"User is not authorized to perform: {self.signed_for}:{operation}"
                raise Denied("AccessDeniedException", said)
            return _reply(self._answer(operation, json.loads(body or b"{}")))
        except Refusal as refusal:
            return _reply({"__type": refusal.error_type, "message": refusal.message}, 400)
        except Denied as denied:
            return _reply({"__type": denied.kind, "message": str(denied)}, 400)

    def _answer(self, operation: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Raises Denied."""
        raise NotImplementedError

    def _strikes(self, operation: str, name: str) -> bool:
        """Was this fault ordered for this operation? Each that strikes is counted."""
        if not self._ground.faults.take(self.name, operation, names={name}):
            return False
        self._ground.counters.faults[f"{self.name}.{name}"] += 1
        return True

    def fault_response(self, name: str, operation: str) -> Response:
        """The bodies of the generic faults in this service's words."""
        if name == "throttle":
            return _reply({"__type": self.throttled, "message": "Rate exceeded"}, 400)
        return _reply({"__type": self.failed, "message": "Something went wrong."}, 500)

    def snapshot(self) -> dict[str, Any]:
        """Nothing, where what is told is kept elsewhere or never changes."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Nothing to put back."""

    def tick(self, now: datetime) -> None:
        """Nothing happens by itself."""

    def truth(self) -> dict[str, Any]:
        """Nothing that the service does not tell."""
        return {}


def _reply(body: dict[str, Any], status: int = 200) -> Response:
    return JSONResponse(body, status, media_type="application/x-amz-json-1.1")
