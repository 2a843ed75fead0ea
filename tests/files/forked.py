"""Children that read files, forked off one that has been kept ready: as `ChildProcessReader` starts them, but for the
second in which each loads all that a large list needs. That start itself is tested in test_process.py.

The one kept ready is started with the very command and environment of a child. What is forked off it takes its limits,
reads its request and ends as a child does, and is watched and killed by the same code. What it shares counts in its
memory as its own; the clock of its processor begins at nothing.
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
_READY = f"""
import os, socket, sys
from {MODULE} import main, warm_up
warm_up()
line = socket.socket(fileno=int(sys.argv[1]))
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


class _Ready:
    """The process that the others are forked off."""

    def __init__(self, start: Sequence[str], options: dict[str, Any]) -> None:
        self._line, theirs = socket.socketpair()
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        command = [*start, "-c", _READY, str(theirs.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[theirs.fileno()], **options | quiet)
        theirs.close()
        self._lock = threading.Lock()
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

    ready: _Ready | None = None

    def __init__(self, command: Sequence[str], **options: Any) -> None:
        after = command.index(MODULE) + 1
        if Forked.ready is None:
            Forked.ready = _Ready(command[: after - 2], options)
        self._ready = Forked.ready
        (their_input, our_output), (our_input, their_output) = os.pipe(), os.pipe()
        self.stdin: IO[bytes] = os.fdopen(our_output, "wb")
        self.stdout: IO[bytes] = os.fdopen(our_input, "rb")
        self.pid = int(self._ready.ask(" ".join(command[after:]), (their_input, their_output)))
        os.close(their_input)
        os.close(their_output)

    def poll(self) -> None:
        """Asked only of a child that did not start."""

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)  # nobody else's: it keeps its number until somebody waited for it

    def wait(self, _seconds: float) -> None:
        assert self._ready.ask(str(self.pid)) == b"over"


def fork_readers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have readers of files forked, where processes can be."""
    if sys.platform == "linux":
        kept = {name: getattr(subprocess, name) for name in ("PIPE", "DEVNULL", "TimeoutExpired")}
        monkeypatch.setattr(process, "subprocess", SimpleNamespace(Popen=Forked, **kept))
