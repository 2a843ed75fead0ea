"""Starts the processes of `working.py`, lets them go at the same moment, and collects what they say."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]


def start(what: str, path: Path, name: str, count: int) -> subprocess.Popen[str]:
    """A process that is ready to work and waits for `go`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.store.working", what, str(path), name, str(count)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def together(what: str, path: Path, count: int) -> list[Any]:
    """What "one" and "two" say after doing the same work at the same time."""
    processes = [start(what, path, name, count) for name in ("one", "two")]
    try:
        for process in processes:
            go(process)
        said = [process.communicate(timeout=600)[0] for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
    assert [process.returncode for process in processes] == [0, 0]
    return [json.loads(text) for text in said]
