"""``$batch``: up to twenty calls in one, each answered and throttled alone (identity-and-mail.md 1.4)."""

import random
from collections.abc import Callable, Mapping
from typing import Any

from .calls import GraphError, Reply

MOST_STEPS = 20
WITH_BODY = frozenset({"POST", "PATCH", "PUT"})
Answer = Callable[[str, str, Mapping[str, str], Any], Reply]
"""Answers one step: method, url after ``/v1.0``, headers (names in lower case), decoded body."""


def run_batch(body: Any, answer: Answer, chance: random.Random) -> Reply:
    """Run all steps and reply in an order that means nothing. Raises GraphError when the batch itself is wrong."""
    steps = checked_steps(body)
    replies: dict[str, Reply] = {}
    for step in steps:
        failed = [key for key in step.get("dependsOn") or () if replies[key].status >= 400]
        if failed:
            message = f"The dependency of this request failed: {failed[0]}."
            replies[step["id"]] = GraphError(424, "FailedDependency", message).reply()
        else:
            headers = {name.lower(): str(value) for name, value in (step.get("headers") or {}).items()}
            replies[step["id"]] = answer(step["method"].upper(), step["url"], headers, step.get("body"))
    parts = [described(key, reply) for key, reply in replies.items()]
    chance.shuffle(parts)
    return Reply(200, {"responses": parts})


def described(key: str, reply: Reply) -> dict[str, Any]:
    headers = {"Cache-Control": "no-cache", **reply.headers}
    part: dict[str, Any] = {"id": key, "status": reply.status, "headers": headers}
    if reply.body is not None:
        headers["Content-Type"] = "application/json"
        part["body"] = reply.body
    return part


def checked_steps(body: Any) -> list[dict[str, Any]]:
    """The steps in an order in which dependencies come first."""
    steps = body.get("requests") if isinstance(body, dict) else None
    if not isinstance(steps, list) or not steps:
        raise _wrong("Invalid batch payload format.")
    if len(steps) > MOST_STEPS:
        raise _wrong(f"Number of batch request steps exceeds the maximum value of {MOST_STEPS}.")
    known: set[str] = set()
    for step in steps:
        if not isinstance(step, dict) or not all(isinstance(step.get(name), str) for name in ("id", "method", "url")):
            raise _wrong("Invalid batch payload format.")
        if step["id"] in known:
            raise _wrong(f"Request Id '{step['id']}' is not unique in the batch.")
        if step["url"].lstrip("/").startswith(("$batch", "http:", "https:")):
            raise _wrong(f"Invalid url in batch request id : {step['id']}.")
        if not isinstance(step.get("headers") or {}, dict) or not isinstance(step.get("dependsOn") or [], list):
            raise _wrong("Invalid batch payload format.")
        headers = {name.lower() for name in (step.get("headers") or {})}
        if step["method"].upper() in WITH_BODY and ("body" not in step or "content-type" not in headers):
            raise _wrong(f"Write request id : {step['id']} does not contain Content-Type header or body.")
        if any(key not in known for key in step.get("dependsOn") or ()):
            raise _wrong(f"Request id : {step['id']} depends on a request that does not come before it.")
        known.add(step["id"])
    return steps


def _wrong(message: str) -> GraphError:
    return GraphError(400, "BadRequest", message)
