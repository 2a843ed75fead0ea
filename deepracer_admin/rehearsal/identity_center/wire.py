"""Refusals of the two services, in the shape of JSON 1.1: 400 with `__type` and `Message`."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

CONTENT_TYPE = "application/x-amz-json-1.1"


class Refused(Exception):
    """An error as AWS names it. `more` are further members of its body (ResourceType, RetryAfterSeconds ...)."""

    def __init__(self, code: str, message: str, *, status: int = 400, **more: Any) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.more = code, message, status, more


def invalid(message: str) -> Refused:
    return Refused("ValidationException", message)


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    headers = {"x-amzn-RequestId": str(uuid.uuid4())}
    return Response(json.dumps(body, separators=(",", ":")), status, headers, media_type=CONTENT_TYPE)


def answer_error(refused: Refused) -> Response:
    body = {"__type": refused.code, "Message": refused.message, **refused.more}
    return answer(body, refused.status)
