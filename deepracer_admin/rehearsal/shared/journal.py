"""A numbered list of JSON objects in a file that only grows: what must not be forgotten even when the power goes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


class Journal:
    """Entries are numbered from 1. Each is on disk before `append` returns; the file is private."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._starts: list[int] = []
        self._end = 0
        path.touch(mode=0o600)
        path.chmod(0o600)
        with path.open("rb") as file:
            for line in file:
                if not line.endswith(b"\n"):
                    break  # the power went while this line was being written
                self._starts.append(self._end)
                self._end += len(line)
        if path.stat().st_size > self._end:
            with path.open("r+b") as file:
                file.truncate(self._end)

    def __len__(self) -> int:
        return len(self._starts)

    def append(self, entry: dict[str, Any]) -> int:
        """Keep the entry and return its number, which is also put into it as ``seq``."""
        number = len(self._starts) + 1
        line = json.dumps({"seq": number, **entry}, separators=(",", ":")).encode() + b"\n"
        with self._path.open("ab") as file:
            file.write(line)
        self._starts.append(self._end)
        self._end += len(line)
        return number

    def after(self, number: int, limit: int) -> list[dict[str, Any]]:
        """At most `limit` entries that come after the one with this number."""
        return list(self.read(number, limit))

    def read(self, after: int = 0, limit: int | None = None) -> Iterator[dict[str, Any]]:
        if after >= len(self._starts):
            return
        count = len(self._starts) - after
        count = count if limit is None else min(count, limit)
        with self._path.open("rb") as file:
            file.seek(self._starts[after])
            for _ in range(count):
                yield json.loads(file.readline())

    def entry(self, number: int) -> dict[str, Any]:
        """Raises IndexError when there is no entry with this number."""
        if not 1 <= number <= len(self._starts):
            raise IndexError(number)
        return next(self.read(number - 1, 1))
