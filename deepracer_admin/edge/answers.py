"""Did the service answer, or somebody between it and this computer?

A company's proxy, a firewall or a network's sign-in page answers in a service's place: with a page of its own, with a
redirect, or with 407. Such an answer says nothing about the request, least of all about a person: it stops the work
with a sentence about the network, and nothing becomes final by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from deepracer_admin.errors import AccessDenied

__all__ = ["BETWEEN", "PROXY", "body_of", "by_proxy", "is_page", "look_who_answers", "stopped_between"]

BETWEEN, PROXY = "network", "proxy"
"""Codes of the errors made here: somebody between us and the service answered; a proxy wants a sign-in."""


def body_of(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in a body, {} for an empty one; None for anything else, which no service of ours sends."""
    try:
        found = json.loads(text or b"{}")
    except ValueError:  # no JSON, or no UTF-8
        return None
    return found if isinstance(found, dict) else None


def is_page(status: int, headers: Mapping[str, str], text: str | bytes) -> bool:
    """True for an answer that is not the service's: a redirect, a proxy's 407, or a web page instead of JSON.

    A 5xx page may be a balancer's of the service itself; it is judged by its status.
    """
    if status == 407 or 300 <= status < 400:
        return True
    if status >= 500:
        return False
    kind = next((value for name, value in headers.items() if name.lower() == "content-type"), "").lower()
    start = text[:200] if isinstance(text, str) else text[:200].decode("utf-8", "replace")
    return "html" in kind or start.lstrip("\ufeff \t\r\n").lower().startswith(("<!doctype", "<html", "<head", "<body"))


def stopped_between(service: str, operation: str, status: int) -> AccessDenied:
    """The error for an answer of somebody in between. `service` as people call it."""
    if status == 407:
        return by_proxy(service, operation, str(status))
    return AccessDenied(
        f"A proxy, a firewall or a sign-in page of this network answered in the place of {service} (HTTP {status}): "
        "open a browser to sign in to the network, or ask IT to let this computer call it.",
        service=service,
        operation=operation,
        code=BETWEEN,
    )


def by_proxy(service: str, operation: str, told: str) -> AccessDenied:
    """The error for a proxy that wants a sign-in, or refuses to connect. `told`: its status, "" when unknown."""
    shown = f" (HTTP {told})" if told else ""
    return AccessDenied(
        f"The company proxy does not let the console reach {service}{shown}: put the proxy's user name into the proxy "
        "settings of this computer, or ask IT to allow it.",
        service=service,
        operation=operation,
        code=PROXY,
    )


def look_who_answers(operation: str, service: str, reply: dict[str, Any]) -> None:
    """Before botocore reads a reply (its "before-parse" event) of a service that speaks JSON objects.

    Raises AccessDenied for the answer of somebody else. The page of a failing balancer (5xx) is emptied instead: its
    text is not for people, and whether to ask again goes by its status.
    """
    status, body = int(reply["status_code"]), reply["body"]
    if is_page(status, reply["headers"], body):
        raise stopped_between(service, operation, status)
    if body_of(body) is not None:
        return
    if status < 500:
        raise stopped_between(service, operation, status)
    reply["body"] = b"{}"
