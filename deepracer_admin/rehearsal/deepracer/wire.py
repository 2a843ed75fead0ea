"""How values look on the wire: moments, numbers, page tokens, presigned links (deepracer-on-aws.md 1.4)."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Any

from .errors import Unmodelled

PAGE = 100


def to_moment(epoch: float, *, always_millis: bool = False) -> str:
    """RFC 3339 in UTC; milliseconds are left out when they are zero, as the server SDK does."""
    at = datetime.fromtimestamp(round(epoch, 3), UTC)
    millis = at.microsecond // 1000
    tail = f".{millis:03d}Z" if millis or always_millis else "Z"
    return at.strftime("%Y-%m-%dT%H:%M:%S") + tail


def to_number(value: float) -> float | int:
    """JavaScript knows one kind of number: a whole one carries no decimal point."""
    return int(value) if value == value // 1 else value


def seal_token(kind: str, key: str | None, **more: Any) -> str | None:
    """An opaque page token; None when there is no further page."""
    if key is None:
        return None
    return base64.b64encode(json.dumps({"kind": kind, "key": key, **more}).encode()).decode()


def open_token(kind: str, token: str | None) -> dict[str, Any]:
    """What `seal_token` put in; an empty dict for the first page. Garbage raises `Unmodelled` (500, not 400)."""
    if token is None:
        return {}
    try:
        content = json.loads(base64.b64decode(token, validate=True))
    except (binascii.Error, ValueError):
        raise Unmodelled from None
    if not isinstance(content, dict) or content.get("kind") != kind or not isinstance(content.get("key"), str):
        raise Unmodelled
    return content


def presign(key: str, seconds: int, **query: str) -> str:
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    signature = "0" * 64
    return (
        f"https://deepracer-practice-bucket.s3.us-east-1.amazonaws.com/{key}"
        f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={seconds}&X-Amz-Signature={signature}{extra}"
    )
