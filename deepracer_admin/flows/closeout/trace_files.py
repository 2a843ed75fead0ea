"""The files of the data folder in which somebody who is erased may stand: logs, exports, whatever else lies there.

Logs are overwritten in place, as long as before, for other processes may be writing to them. Files of ours are written
anew. The databases are only looked through: their rows are changed by the stores. The practice world of a rehearsal
keeps its own files; it stands for the services outside.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from deepracer_admin.private import open_private
from deepracer_admin.rules.traces import Traces

__all__ = ["clean_exports", "clean_logs", "search"]

OUTSIDE = ("practice", "key", ".key-")
"""How names of files begin that hold no event: the practice world's, and the key."""
PACKED = (".zip", ".xlsx", ".pdf", ".gz", ".png")
"""Endings of exports that are compressed: what stands in them is not looked for, so they go; they can be made anew."""
CHUNK = 8 * 1024 * 1024


def files_of(home: Path) -> Iterator[Path]:
    """Files of the data folder that are ours, in a steady order."""
    for path in sorted(home.rglob("*")):
        if path.is_file() and not path.is_symlink() and not path.name.startswith(OUTSIDE):
            yield path


def clean_logs(home: Path, traces: Traces) -> int:
    """Overwrite traces in logs where they stand. Returns how many files were changed. Raises OSError."""
    changed = 0
    for path in files_of(home):
        if ".log" not in path.name and path.parent.name != "logs":
            continue
        with path.open("r+b") as file:
            before = file.read()
            after = traces.overwritten(before)
            if after == before:
                continue
            for start, length in _spans(before, after):
                file.seek(start)
                file.write(after[start : start + length])
            file.flush()
            os.fsync(file.fileno())
        changed += 1
    return changed


def _spans(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    """Lines that differ: a log that grows meanwhile is not cut."""
    start = 0
    for old in before.splitlines(keepends=True):
        if after[start : start + len(old)] != old:
            yield start, len(old)
        start += len(old)


def clean_exports(home: Path, event: str, traces: Traces) -> int:
    """Write exports of the event anew without the person; compressed ones go. Returns how many. Raises OSError."""
    changed = 0
    for path in files_of(home / "exports" / event):
        if path.suffix in PACKED:
            path.unlink()
            changed += 1
            continue
        before = path.read_bytes()
        if not traces.found_in(before):
            continue
        try:
            after = traces.blanked(before.decode()).encode()
        except UnicodeDecodeError:
            after = before
        part = path.with_name(f"{path.name}.part")
        with open(part, "wb", opener=open_private) as file:
            file.write(traces.overwritten(after))
        part.replace(path)
        changed += 1
    return changed


def search(home: Path, traces: Traces) -> tuple[int, list[str]]:
    """Look through every file. Returns how many were looked through, and the names of those with a trace."""
    looked, found = 0, list[str]()
    for path in files_of(home):
        try:
            with path.open("rb") as file:
                tail = b""
                while chunk := file.read(CHUNK):
                    if traces.found_in(tail + chunk):
                        found.append(str(path.relative_to(home)))
                        break
                    tail = chunk[-traces.reach :]
        except FileNotFoundError:
            continue  # gone meanwhile
        looked += 1
    return looked, found
