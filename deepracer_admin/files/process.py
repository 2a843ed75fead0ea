"""The console's side: a child process for each file, one kept ready, each watched and killed when it passes a limit."""

from __future__ import annotations

import contextlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, TypeVar

from deepracer_admin.errors import ConsoleError
from deepracer_admin.files.environment import ROOT, bare_environment
from deepracer_admin.files.framing import Frame, FrameError, read_frame, write_frame
from deepracer_admin.files.limits import MB, Answer, FileRefused, Outcome, ReadingLimits, Use
from deepracer_admin.files.memory import peak_of, spent_by

__all__ = ["ChildProcessReader"]

_LOG = logging.getLogger(__name__)
_TICK = 0.02  # seconds between two looks at the child's memory
_END_SECONDS = 5.0
_PIPE = MB  # bytes that may stand in a pipe (Linux): sixteen times the usual saves as many changes of process
_ALONE = "copy the list alone into a new workbook, or export it as CSV UTF-8, and choose that file"
_SENTENCES = {
    Outcome.SLOW: f"Reading this file takes longer than any list does, so it was given up: {_ALONE}.",
    Outcome.LARGE: f"Reading this file takes more memory than any list does, so it was given up: {_ALONE}.",
    Outcome.DIED: f"This file is damaged, or wants far more memory than a list does: {_ALONE}.",
    Outcome.GARBLED: f"This file is damaged in a way that its reader did not survive: {_ALONE}.",
    Outcome.FAULT: f"This file cannot be read by a fault of this program (its log says more): {_ALONE}.",
}
# One thread and the system's allocator: pools of address space would count against the limit.
_FRUGAL = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_DEFAULT_MEMORY_POOL": "system"}


class ChildProcessReader:
    """Reads each file in a process of its own. Safe to use from several threads.

    `module` is what the child runs (`python -m`); it calls `files.child.serve`. `now` gives seconds and may be any
    clock that only goes forward. `seen` is told what each reading cost.
    """

    def __init__(
        self,
        module: str,
        *,
        limits: ReadingLimits | None = None,
        now: Callable[[], float] = time.monotonic,
        seen: Callable[[Use], None] | None = None,
        command: Sequence[str] | None = None,
    ) -> None:
        self.limits = limits or ReadingLimits()
        bounds = ["--memory", str(self.limits.memory), "--seconds", str(self.limits.seconds)]
        self._command = [*(command or (sys.executable, "-s", "-X", "utf8", "-m", module)), *bounds]
        self._now = now
        self._seen = seen or (lambda _: None)
        self._turns = threading.BoundedSemaphore(self.limits.at_once)
        self._lock = threading.Lock()
        self._spare: _Child | None = None
        self._retire: threading.Timer | None = None

    def warm(self) -> None:
        """Start the next child now, so that a file that comes within the next minutes need not wait for it."""
        with self._lock:
            if self._spare is None or self._spare.is_over():
                self._spare = self._start("--warm")
            if self._retire is not None:
                self._retire.cancel()
            self._retire = threading.Timer(self.limits.idle_seconds, self.close)
            self._retire.daemon = True
            self._retire.start()

    def close(self) -> None:
        """End the child that is kept ready."""
        with self._lock:
            spare, self._spare = self._spare, None
            if self._retire is not None:
                self._retire.cancel()
                self._retire = None
        if spare is not None:
            spare.end()

    def is_warm(self) -> bool:
        """Whether a child stands ready."""
        with self._lock:
            return self._spare is not None and self._spare.ready.is_set() and not self._spare.is_over()

    def ask(self, kind: str, data: bytes, options: Mapping[str, Any]) -> Answer:
        """Have `data` read. Raises FileRefused with the sentence; ConsoleError when no child can be started."""
        if not self._turns.acquire(timeout=self.limits.queue_seconds):
            raise ConsoleError("Other files are being read just now; choose this one again in a minute.")
        try:
            child = self._take()
            try:
                return self._converse(child, {"kind": kind, "options": dict(options)}, data)
            finally:
                child.end()
        finally:
            self._turns.release()
            if self._retire is not None:
                self.warm()  # whoever waited for one file may correct how it was read

    def _take(self) -> _Child:
        with self._lock:
            spare, self._spare = self._spare, None
        if spare is not None and not spare.is_over():
            return spare
        if spare is not None:
            spare.end()
        return self._start()

    def _start(self, *words: str) -> _Child:
        try:
            return _Child([*self._command, *words], self.limits.output)
        except OSError as error:
            raise ConsoleError(
                f"The reader of files could not be started ({error.strerror}): close other programs, then try again."
            ) from None

    def _converse(self, child: _Child, request: Mapping[str, Any], data: bytes) -> Answer:
        if not self._wait(child.ready, child, self.limits.start_seconds) or child.pid is None:
            _LOG.error("The reader of files did not start: exit code %s", child.process.poll())
            raise ConsoleError("The reader of files did not start: try again, or restart the console.")
        start = self._now()
        child.send(request, data)
        in_time = self._wait(child.done, child, self.limits.seconds, self.limits.patience)
        peak, worked = child.peak, child.worked()
        if child.has_passed:
            outcome, values = Outcome.LARGE, {}
        elif not in_time:
            outcome, values = Outcome.SLOW, {}
        elif child.answer is None:
            outcome, values = _why_none(child), {}
        else:
            values = child.answer.values
            outcome = _outcome_of(values)
            peak, worked = _larger(peak, values.get("memory")), _larger(worked, values.get("worked"))
        self._seen(Use(outcome, self._now() - start, worked, peak))
        if outcome is Outcome.READ and child.answer is not None:
            return Answer(values["values"], child.answer.blocks)
        if outcome is Outcome.REFUSED:
            raise FileRefused(str(values["refused"])[:1_000])
        if outcome is Outcome.FAULT:
            _LOG.error("A file of kind %s could not be read: %s", request["kind"], str(values["fault"])[:4_000])
        else:
            _LOG.warning("A file of kind %s was given up: %s, %d MB", request["kind"], outcome.value, peak // MB)
        raise FileRefused(_SENTENCES[outcome])

    def _wait(self, event: threading.Event, child: _Child, seconds: float, patience: float = 0.0) -> bool:
        """Whether the event came in time; the child's memory is looked at meanwhile.

        With `patience`, a child that has had little of the processor gets as much time in place of `seconds`.
        """
        start = self._now()
        while not event.wait(_TICK):
            passed = self._now() - start
            if child.looked_too_large(self.limits.memory) or passed >= max(seconds, patience):
                return event.is_set()
            if passed >= seconds and child.has_worked(self.limits.processor_seconds):
                return event.is_set()
        return True


def _outcome_of(values: Mapping[str, Any]) -> Outcome:
    if isinstance(values.get("values"), dict):
        return Outcome.READ
    if isinstance(values.get("refused"), str):
        return Outcome.REFUSED
    if "stopped" in values:
        return Outcome.LARGE
    return Outcome.FAULT if "fault" in values else Outcome.GARBLED


_N = TypeVar("_N", int, float)


def _larger(seen: _N, told: object) -> _N:
    return max(seen, type(seen)(told)) if isinstance(told, (int, float)) and 0 <= told < 1e15 else seen


def _why_none(child: _Child) -> Outcome:
    if child.garbled is None:
        return Outcome.DIED
    return Outcome.LARGE if child.garbled.too_large else Outcome.GARBLED


def _widen(pipe: IO[bytes] | None) -> None:
    """Let more stand in a pipe where the system has a word for that; one that refuses it works as it is."""
    if pipe is not None and sys.platform == "linux":
        import fcntl

        with contextlib.suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)


class _Child:
    """One process. `ready` comes when it can take a request, `done` when its answer, or its end, is there."""

    def __init__(self, command: Sequence[str], most: int) -> None:
        self.ready, self.done = threading.Event(), threading.Event()
        self.pid: int | None = None
        self.peak = 0
        self.has_passed = False
        self.answer: Frame | None = None
        self.garbled: FrameError | None = None
        self._most = most
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=ROOT,
            env=bare_environment(**_FRUGAL),
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        for pipe in (self.process.stdin, self.process.stdout):
            _widen(pipe)
        threading.Thread(target=self._listen, name="file-child", daemon=True).start()

    def _listen(self) -> None:
        try:
            if self.process.stdout is None:
                return
            hello = read_frame(self.process.stdout, 10_000)
            if hello is not None and isinstance(hello.values.get("ready"), int):
                # Not the number that Popen knows: on Windows that may be the launcher of a virtual environment.
                self.pid = hello.values["ready"]
                self.ready.set()
                self.answer = read_frame(self.process.stdout, self._most)
        except FrameError as garbled:
            self.garbled = garbled
        except (OSError, ValueError):
            pass  # the pipe was closed under us: it was killed
        finally:
            self.ready.set()
            self.done.set()

    def send(self, request: Mapping[str, Any], data: bytes) -> None:
        """Write the request from a thread of its own: a child that does not read must not hold us up."""

        def write() -> None:
            try:
                if self.process.stdin is not None:
                    write_frame(self.process.stdin, request, [data])
            except (OSError, ValueError):
                pass  # it died, or was killed: whoever waits for the answer will see

        threading.Thread(target=write, name="file-child-request", daemon=True).start()

    def looked_too_large(self, most: int) -> bool:
        """Look at its memory. Only a platform that does not hold the limit itself ever needs the answer."""
        if self.pid is not None:
            self.peak = max(self.peak, peak_of(self.pid))
            self.has_passed = self.peak > most
        return self.has_passed

    def has_worked(self, seconds: float) -> bool:
        """Whether it has had so much of the processor; yes where nobody can tell."""
        spent = None if self.pid is None else spent_by(self.pid)
        return spent is None or spent >= seconds

    def worked(self) -> float:
        """Seconds of the processor that it has had, while it lives."""
        return (spent_by(self.pid) if self.pid is not None else None) or 0.0

    def is_over(self) -> bool:
        return self.process.poll() is not None

    def end(self) -> None:
        """Kill it, answered or not: nothing that it could still do is wanted. Whoever has its answer need not wait
        until the system has taken its memory back."""
        self.process.kill()
        threading.Thread(target=self._bury, name="file-child-end", daemon=True).start()

    def _bury(self) -> None:
        try:
            self.process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            _LOG.warning("A reader of files (process %s) does not end", self.pid)
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
