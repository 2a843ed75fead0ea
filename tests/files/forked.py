"""Children that read files, forked off one process that has loaded the reader: as `ChildProcessReader` starts them, but
for the third of a second in which each loads it anew. That start itself is tested in test_process.py.

The loaded process is started with the very command and environment of a child. What is forked off it takes its limits,
reads its request and ends as a child does, and is watched and killed by the same code. What it shares counts in its
memory as its own; the clock of its processor begins at nothing, so `spent_before` says what it would have spent before.
"""

from __future__ import annotations

import atexit
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import IO, Any

import pytest

from deepracer_admin.files import process

MODULE = "deepracer_admin.reading_process"
_LOADED = f"""
import os, socket, sys, time
from {MODULE} import main
line = socket.socket(fileno=int(sys.argv[1]))
line.send(str(time.process_time()).encode())
while True:
    word, pipes, _, _ = socket.recv_fds(line, 10_000, 2)
    if not word:
        break
    if not pipes:
        os.waitpid(int(word), 0)
        line.send(b"over")
    elif pid := os.fork():
        for pipe in pipes:
            os.close(pipe)
        line.send(str(pid).encode())
    else:
        line.close()
        for place, pipe in enumerate(pipes):
            os.dup2(pipe, place)
            os.close(pipe)
        sys.stdin, sys.stdout = kept = open(0), open(1, "w")
        os._exit(main(word.decode().split()))
"""


class _Loaded:
    """The process that the others are forked off."""

    def __init__(self, start: Sequence[str], options: dict[str, Any]) -> None:
        self._line, theirs = socket.socketpair()
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        command = [*start, "-c", _LOADED, str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], **options | quiet)
        theirs.close()
        self._lock = threading.Lock()
        self.seconds = float(self._line.recv(100))
        atexit.register(self._end)

    def ask(self, word: str, pipes: Sequence[int] = ()) -> bytes:
        with self._lock:
            socket.send_fds(self._line, [word.encode()], pipes)
            return self._line.recv(100)

    def _end(self) -> None:
        self._line.close()
        self._process.wait()


class Forked:
    """What `ChildProcessReader` asks of a Popen."""

    loaded: _Loaded | None = None

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        after = command.index(MODULE) + 1
        if Forked.loaded is None:
            Forked.loaded = _Loaded(command[: after - 2], options)
        self._loaded = Forked.loaded
        (their_input, our_output), (our_input, their_output) = os.pipe(), os.pipe()
        self.stdin: IO[bytes] = os.fdopen(our_output, "wb")
        self.stdout: IO[bytes] = os.fdopen(our_input, "rb")
        self.pid = int(self._loaded.ask(" ".join(command[after:]), (their_input, their_output)))
        os.close(their_input)
        os.close(their_output)

    def poll(self) -> None:
        """Asked only of a child that did not start."""

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)  # nobody else's: it keeps its number until somebody waited for it

    def wait(self, _seconds: float) -> None:
        assert self._loaded.ask(str(self.pid)) == b"over"


def fork_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have readers of files forked, where processes can be."""
    if sys.platform == "linux":
        kept = {name: getattr(subprocess, name) for name in ("PIPE", "DEVNULL", "TimeoutExpired")}
        monkeypatch.setattr(process, "subprocess", SimpleNamespace(Popen=Forked, **kept))


def spent_before() -> float:
    """Seconds of the processor that a reader which was forked would have spent before, had it been started."""
    return Forked.loaded.seconds if Forked.loaded is not None else 0.0
