"""Child processes: started on a tether, watched, and stopped by letting go of it."""

from __future__ import annotations

import contextlib
import http.client
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from launch.machine import WINDOWS, Trouble

ROOT = Path(__file__).resolve().parent.parent
GRACE = 10.0  # seconds a child has to stop cleanly before it is killed


class Child(NamedTuple):
    name: str
    process: subprocess.Popen[bytes]
    log: Path


def run_tethered(module: str, arguments: Sequence[str]) -> None:
    """Run a module in this process until it ends, or until the launcher lets go of our standard input.

    The pipe closes however the launcher ends, even by `kill -9` or Windows' Task Manager, so no child is left behind;
    and it is the one way to ask for a clean stop that all three systems share.
    """

    def wait() -> None:
        while os.read(0, 1024):
            pass
        if WINDOWS:
            signal.raise_signal(signal.SIGINT)
        else:
            signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)
        time.sleep(GRACE + 2)
        os._exit(1)

    threading.Thread(target=wait, daemon=True, name="tether").start()
    sys.argv = [module, *arguments]
    sys.path[0] = str(ROOT)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def start_child(name: str, python: Path, arguments: Sequence[str], log: Path, environ: Mapping[str, str]) -> Child:
    """Start `python -m arguments...` on a tether, out of reach of the terminal's own Ctrl-C; output goes to `log`."""
    with contextlib.suppress(FileNotFoundError, PermissionError):  # Windows, while the child of before still ends
        log.replace(log.with_suffix(".previous.log"))
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.lseek(output, 0, os.SEEK_END)  # a child on Windows writes where we stand, not at the end
    try:
        process = subprocess.Popen(
            [str(python), str(ROOT / "start.py"), "tethered", *arguments],
            cwd=ROOT,
            env={**environ, "PYTHONUNBUFFERED": "1", "PYTHONUTF8": "1"},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=not WINDOWS,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    finally:
        os.close(output)
    return Child(name, process, log)


def stop_child(child: Child, grace: float = GRACE) -> None:
    """Cut the tether and wait; a child that does not go within `grace` seconds is killed."""
    if child.process.stdin:
        child.process.stdin.close()
    try:
        child.process.wait(grace)
    except subprocess.TimeoutExpired:
        child.process.kill()
        child.process.wait()


def last_words(log: str) -> str:
    """The line that says most about an end: the sentence before a traceback where there is one, else the last line."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    before = lines[: next((at for at, line in enumerate(lines) if line.startswith("Traceback")), 0)]
    if before and before[-1].endswith(".") and not before[-1][0].isdigit():  # a digit begins a time: a log entry
        return before[-1]
    return lines[-1] if lines else ""


def check_alive(child: Child) -> None:
    """Raise Trouble, with the child's last words, once it is dead."""
    code = child.process.poll()
    if code is not None:
        words = last_words(child.log.read_text(encoding="utf-8", errors="replace"))[:300]
        said = f" ({words})" if words else ""
        raise Trouble(f"{child.name} stopped by itself with exit code {code}{said}; read {child.log}.")


def wait_until(ready: Callable[[], bool], children: Sequence[Child], what: str, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        for child in children:
            check_alive(child)
        if time.monotonic() > deadline:
            raise Trouble(f"{what} did not answer within {seconds:.0f} s; read {children[-1].log}.")
        time.sleep(0.1)


def answers(port: int, path: str) -> bool:
    """Does a loopback server answer 200? Proxies are never asked."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
