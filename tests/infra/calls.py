"""What a function's code asks AWS for, as IAM names it; and what a role of the template grants."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.client import BaseClient

from infra.local.template import read_template

__all__ = ["Calls", "granted", "recording"]

IAM = {"sesv2": "ses", "secretsmanager": "secretsmanager"}
TRANSACTION = "dynamodb:TransactWriteItems"  # authorised by what is in it

Calls = dict[str, set[str]]
"""By function, the IAM actions that its code called."""


class Recorder:
    """`calls` by function; `named` marks a handler's calls as its own, those of the threads that it starts too: one
    function runs at a time. Authorise starts none: a thread that follows the table meanwhile is not its own."""

    def __init__(self) -> None:
        self._running = ""
        self._thread = 0
        self.calls: defaultdict[str, set[str]] = defaultdict(set)

    def named(self, name: str, handler: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def call(event: Any) -> Any:
            with self.of(name):
                return handler(event)

        return call

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        before = self._running, self._thread
        self._running, self._thread = name, threading.get_ident()
        try:
            yield
        finally:
            self._running, self._thread = before

    def note(self, client: BaseClient, operation: str, arguments: Any) -> None:
        name = self._running
        if not name or (name == "Authorise" and threading.get_ident() != self._thread):
            return
        service = client.meta.service_model.service_name
        action = f"{IAM.get(service, service)}:{operation}"
        if action == TRANSACTION:
            self.calls[name] |= {f"dynamodb:{next(iter(item))}Item" for item in arguments["TransactItems"]}
        else:
            self.calls[name].add(action)


@contextmanager
def recording() -> Iterator[Recorder]:
    """Every call of every client of botocore in this process, while it lasts."""
    recorder, original = Recorder(), BaseClient._make_api_call

    def noted(self: Any, operation: str, arguments: Any) -> Any:
        recorder.note(self, operation, arguments)
        return original(self, operation, arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", noted)
        yield recorder


def granted(function: str) -> set[str]:
    """The actions of a function's role, those that hold under a condition of the template too. Without what Lambda
    itself does with the role: logs, reading the stream and the queue, keeping what fails."""
    role = read_template()["Resources"][f"{function}Role"]["Properties"]
    found: set[str] = set()
    for policy in role["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            statement = each["Fn::If"][1] if "Fn::If" in each else each
            if statement["Sid"] not in LAMBDAS_OWN:
                given = statement["Action"]
                found |= {*(given if isinstance(given, list) else [given])}
    return found


LAMBDAS_OWN = {
    "WriteItsLog", "ReadTheStream", "FindTheStream", "TakeFromTheQueue", "KeepWhatFails", "FindTheFailures",
}  # fmt: skip
"""What the service does in the role's name, by AWS's own pages: no code of ours calls it."""
