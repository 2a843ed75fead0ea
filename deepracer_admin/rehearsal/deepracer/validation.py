"""One reading of a request, judged for the gateway's request validator and for the server SDK alike."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import parse_qsl

from .shapes import Misread, Violation
from .wire import well_formed

if TYPE_CHECKING:
    from .operations import Operation


@dataclass
class Findings:
    """What a request holds and what is wrong with it. `gateway` is the validator's text, empty when it lets it pass;
    it does not look at path parameters."""

    path: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    violations: list[Violation] = field(default_factory=list)
    misread: bool = False
    takes_body: bool = False
    gateway: str = ""

    def describe(self) -> dict[str, Any]:
        count, paths = len(self.violations), len({violation.path for violation in self.violations})
        first = self.violations[0].sdk
        if count == 1:
            summary = f"1 validation error detected. {first}"
        else:
            place = "path" if paths == 1 else "paths"
            summary = f"{count} validation errors at {paths} {place} detected. First failure: {first}"
        listed = [{"message": violation.sdk, "path": violation.path} for violation in self.violations]
        return {"fieldList": listed, "message": summary}


def examine(operation: Operation, parameters: dict[str, str], query_string: str, body: bytes) -> Findings:
    found = Findings(path=parameters, takes_body=operation.body is not None)
    for name, shape in operation.path_shapes.items():
        found.violations += shape.judge(parameters[name], f"/{name}")
    _examine_query(operation, query_string, found)
    if operation.body is not None:
        _examine_body(operation, body, found)
    return found


def _examine_query(operation: Operation, query_string: str, found: Findings) -> None:
    if operation.query is None:
        return
    pairs = [pair for pair in parse_qsl(query_string, keep_blank_values=True) if pair[0] in operation.query.shapes]
    found.query = dict(pairs)
    found.misread |= len(pairs) > len(found.query)
    missing = sorted(operation.query.required - set(found.query))
    if missing:
        found.gateway = f"Missing required request parameters: [{', '.join(missing)}]"
    found.violations += operation.query.judge(found.query, "")


def _examine_body(operation: Operation, body: bytes, found: Findings) -> None:
    if operation.body is None:
        return
    problems: list[str] = []
    try:
        content = well_formed(json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)) if body else {}
        found.body = operation.body.read(content if content is not None else {})
    except Misread as problem:
        found.misread = True
        problems = [problem.gateway]
    except (ValueError, RecursionError):
        found.misread = True
        problems = ["Could not parse request body into json"]
    else:
        violations = operation.body.judge(found.body, "")
        found.violations += violations
        problems = [violation.gateway for violation in violations]
    if problems:
        found.gateway = f"Invalid request body: [{', '.join(problems)}]"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)
