"""The console's side of the child that simulates events: started when it is needed, killed when it takes too long."""

from __future__ import annotations

import contextlib
import json
import logging
import queue
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter, ValidationError

from deepracer_admin.errors import BadInput, Unavailable
from deepracer_admin.files.environment import ROOT, bare_environment
from deepracer_admin.rules.capacity import Outlook, Plan

__all__ = ["ChildCalculator", "outlook_apart"]

_LOG = logging.getLogger(__name__)
_COMMAND = (sys.executable, "-s", "-X", "utf8", "-m", "deepracer_admin.capacity_process")
_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
_SECONDS = 180.0


class ChildCalculator:
    """Asks one thing at a time. `ask` is of one thread; `interrupt` and `close` may come from any."""

    def __init__(self, command: Sequence[str] = _COMMAND, *, seconds: float = _SECONDS) -> None:
        self._command, self._seconds = [*command], seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[str] | None = None
        self._lines: queue.Queue[str] = queue.Queue()

    def ask(self, kind: str, plan: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The child's answer; None when it died, was interrupted, or took longer than any plan does."""
        try:
            child, lines = self._started()
            if child.stdin is None:
                return None
            child.stdin.write(json.dumps({"kind": kind, "plan": plan}) + "\n")
            child.stdin.flush()
            line = lines.get(timeout=self._seconds)
            return json.loads(line) if line else None
        except (OSError, ValueError, queue.Empty) as failed:
            _LOG.warning("A plan was given up: %s", type(failed).__name__)
            self.interrupt()
            return None

    def interrupt(self) -> None:
        """Kill the child, whatever it does; the next question starts another."""
        with self._lock:
            child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(5)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    close = interrupt

    def _started(self) -> tuple[subprocess.Popen[str], queue.Queue[str]]:
        with self._lock:
            if self._child is None or self._child.poll() is not None:
                self._lines = queue.Queue()
                self._child = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    text=True,
                    encoding="utf-8",
                    cwd=ROOT,
                    env=bare_environment(**_ONE_THREAD),
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
                listener = threading.Thread(target=_listen, args=(self._child, self._lines), daemon=True)
                listener.name = "capacity-child"
                listener.start()
            return self._child, self._lines


def outlook_apart(plan: Plan) -> Outlook:
    """The simulated event, from a child that is killed where it takes too long: three seconds of arithmetic for 2,000
    people would hold up every mail and duty of the worker's process. Raises BadInput, Unavailable."""
    child = ChildCalculator()
    try:
        answer = child.ask("outlook", asdict(plan))
    finally:
        child.close()
    if answer is not None and "refused" in answer:
        raise BadInput(str(answer["refused"]))
    try:
        return TypeAdapter(Outlook).validate_python(answer and answer["found"])
    except (KeyError, ValidationError):
        raise Unavailable("The simulation of the event did not come through: run the pre-flight again.") from None


def _listen(child: subprocess.Popen[str], lines: queue.Queue[str]) -> None:
    """Hand on what it says; "" at its end."""
    with contextlib.suppress(OSError, ValueError):
        for line in child.stdout or ():
            lines.put(line)
    lines.put("")
