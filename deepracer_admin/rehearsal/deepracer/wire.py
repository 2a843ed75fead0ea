"""How values look on the wire: moments, numbers, page tokens, presigned links (deepracer-on-aws.md 1.4)."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

from .errors import Unmodelled

Row = TypeVar("Row")

PAGE = 100
_Row = TypeVar("_Row")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


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


def page_of(kind: str, rows: Sequence[Row], token: str | None, size: int = PAGE) -> tuple[Sequence[Row], str | None]:
    """One page of a list that is counted through, and the token of the next page if there is one."""
    start = open_token(kind, token).get("at", 0)
    if not isinstance(start, int) or start < 0:
        raise Unmodelled
    end = start + size
    return rows[start:end], seal_token(kind, "", at=end) if end < len(rows) else None


def well_formed(value: Any) -> Any:
    """JSON as it can be stored: half of a surrogate pair is no character and becomes U+FFFD, as on its way to UTF-8."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, list):
        return [well_formed(entry) for entry in value]
    if isinstance(value, dict):
        return {well_formed(name): well_formed(entry) for name, entry in value.items()}
    return value


def presign(key: str, seconds: int, **query: str) -> str:
    extra = "".join(f"&{name}={value}" for name, value in query.items())
    signature = "0" * 64
    return (
        f"https://deepracer-practice-bucket.s3.us-east-1.amazonaws.com/{key}"
        f"?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires={seconds}&X-Amz-Signature={signature}{extra}"
    )
