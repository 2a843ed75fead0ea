"""What an operation may answer besides success (deepracer-on-aws.md 1.4, the table of layers)."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A modelled error of the service: status, error type and the body that goes with it."""

    def __init__(self, status: int, error_type: str, body: dict[str, Any]) -> None:
        super().__init__(body.get("message") or error_type)
        self.status = status
        self.error_type = error_type
        self.body = body


class Unmodelled(Exception):
    """The operation threw something it does not declare: 500 `InternalFailure {}` whatever the reason was."""


class Crash(Exception):
    """The Lambda died before it could answer: the gateway says 502."""


def bad_request(message: str) -> ApiError:
    return ApiError(400, "BadRequestError", {"message": message})


def not_authorized(message: str) -> ApiError:
    return ApiError(403, "NotAuthorizedError", {"message": message})


def not_found(message: str = "Item not found.") -> ApiError:
    return ApiError(404, "NotFoundError", {"message": message})


def conflict(message: str) -> ApiError:
    return ApiError(409, "ConflictError", {"message": message})


def internal(message: str) -> ApiError:
    return ApiError(500, "InternalFailureError", {"message": message})
