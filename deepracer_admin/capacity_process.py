"""The child that simulates events: `python -m deepracer_admin.capacity_process`, started by services/setup.

One request a line on standard input, one answer a line on standard output, both JSON. It ends when its parent closes
the pipe. It works in a process of its own because a second of arithmetic would hold up every page of the console.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from dataclasses import asdict
from typing import IO, Any

from pydantic import TypeAdapter

from deepracer_admin.errors import BadInput
from deepracer_admin.rules.capacity import Plan, enough_slots, outlook

__all__ = ["answered", "main"]


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """What becomes of a request `{"kind": "outlook" | "enough", "plan": ...}`; a plan that cannot be is `refused`."""
    plan = TypeAdapter(Plan).validate_python(request["plan"])
    try:
        found = outlook(plan) if request["kind"] == "outlook" else enough_slots(plan)
    except BadInput as refused:
        return {"refused": refused.sentence}
    return {"found": asdict(found)}


def main(source: IO[str] | None = None, sink: IO[str] | None = None) -> int:
    """Answer until the other side closes."""
    into = sink or sys.stdout
    sys.stdout = sys.stderr  # whatever a library prints must not stand among the answers
    with contextlib.suppress(AttributeError, OSError):
        os.nice(10)  # pages go first
    for line in source or sys.stdin:
        into.write(json.dumps(answered(json.loads(line))) + "\n")
        into.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
