"""Reading the recorded exchanges: placeholders become values, replies are compared value by value."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

RECORDED = Path(__file__).parents[2] / "data" / "transcripts"
_PLACEHOLDER = re.compile(r"<[^<>]+>")
_UNITS = {"d": 86_400_000, "h": 3_600_000, "min": 60_000, "ms": 1}
_FREE = {
    "<timestamp.ms>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z",
    "<timestamp>": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ",
    "<presigned-s3>": r"[^/]+",
    "<attachment>": r"attachment[^&]*",
    "<amz-date>": r"\d{8}T\d{6}Z",
}
_RENEWED = (
    "<session>",
    "<access-token>",
    "<id-token>",
    "<refresh-token>",
    "<access-key-id>",
    "<secret-key>",
    "<session-token>",
    "<hash>",
)
_ID = re.compile("<(profile|leaderboard|model|submission)Id:")
_UNORDERED = ("profiles", "models", "leaderboards", "rankings")
_SORTED_BY = {"leaderboards": ("closeTime",), "rankings": ("rankingScore", "rank")}
_LIFETIME = re.compile(r"[?&]X-Amz-Expires=(\d+)")


def exchanges() -> list[dict[str, Any]]:
    """All that were recorded from the service's own code or its gateway, in the order of the session."""
    found = []
    for file in sorted(RECORDED.glob("*.json")):
        text = file.read_text("utf-8").replace("organizer@example.org", "organizer@example.com")
        text = re.sub(r"'[A-Za-z0-9+/]{43}='", "'<hash>'", text.replace("us-east-1:pool", "<identityPoolId>"))
        found += [entry | {"file": file.stem} for entry in json.loads(text)]
    return sorted((entry for entry in found if "seq" in entry), key=lambda entry: entry["seq"])


def moment_of(label: str, start: datetime) -> str:
    """``<time:T+1h>`` as RFC 3339, milliseconds only where there are any."""
    text = label.removeprefix("<time:T").removesuffix(">")
    offset, _, writing = text.partition(" written with ")
    shift = sum(int(f"{sign}{n}") * _UNITS[unit] for sign, n, unit in re.findall(r"([+-])(\d+)(d|h|min|ms)", offset))
    at = start + timedelta(milliseconds=shift)
    if writing:
        return at.astimezone(timezone(timedelta(hours=2))).isoformat()
    return at.isoformat(timespec="milliseconds" if at.microsecond else "seconds").replace("+00:00", "Z")


class Bindings:
    """What each placeholder stands for in this run."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.known: dict[str, str] = {}

    def fill(self, value: Any) -> Any:
        """The value with every placeholder replaced. Raises KeyError for one that nothing has bound."""
        if isinstance(value, dict):
            return {self.fill(name): self.fill(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.fill(inner) for inner in value]
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda found: self._value(found[0]), value)
        return value

    def _value(self, placeholder: str) -> str:
        if placeholder.startswith("<time:T"):
            return moment_of(placeholder, self.start)
        return self.known[placeholder]

    def differences(self, expected: Any, actual: Any, path: str = "") -> Iterator[str]:
        """Where the reply is not what was recorded; ids and tokens seen for the first time are remembered."""
        if isinstance(expected, dict) and isinstance(actual, dict):
            for name in sorted(expected.keys() ^ actual.keys()):
                yield f"{path}/{name} is {'missing' if name in expected else 'new'}"
            for name in expected.keys() & actual.keys():
                yield from self._member(name, expected[name], actual[name], f"{path}/{name}")
        elif isinstance(expected, list) and isinstance(actual, list):
            yield from self._list(expected, actual, path)
        elif isinstance(expected, str) and isinstance(actual, str):
            if not self._same_text(expected, actual):
                yield f"{path}: {actual!r} instead of {expected!r}"
        elif isinstance(expected, str) and expected.startswith("<epoch-seconds") and isinstance(actual, float):
            pass
        elif type(expected) is not type(actual) or expected != actual:
            yield f"{path}: {actual!r} instead of {expected!r}"

    def _member(self, name: str, expected: Any, actual: Any, path: str) -> Iterator[str]:
        if name not in _UNORDERED or not isinstance(expected, list):
            yield from self.differences(expected, actual, path)
            return
        if len(expected) != len(actual):
            yield f"{path}: {len(actual)} entries instead of {len(expected)}"
            return
        yield from self._order(name, expected, actual, path)
        if name == "rankings":  # the order inside a tie is not defined, the running number is
            expected, actual = ([{**row, "rank": 0} for row in rows] for rows in (expected, actual))
        rest = list(actual)
        for entry in expected:
            twin = next((other for other in rest if not any(self.differences(entry, other))), None)
            if twin is None:
                yield f"{path}: no entry like {json.dumps(entry)[:300]} in {json.dumps(rest[:1])[:300]}"
                return
            rest.remove(twin)

    def _order(self, name: str, expected: list[Any], actual: list[Any], path: str) -> Iterator[str]:
        """What of the order is promised: races by closing time, rankings by score with a running number."""
        for member in _SORTED_BY.get(name, ()):
            given = [row.get(member) for row in actual]
            if given != [self.fill(row[member]) for row in expected]:
                yield f"{path}: another order of {member}"
            if given != sorted(given):
                yield f"{path}: {member} does not ascend"

    def _list(self, expected: list[Any], actual: list[Any], path: str) -> Iterator[str]:
        if len(expected) != len(actual):
            yield f"{path}: {len(actual)} entries instead of {len(expected)}"
        for index, (left, right) in enumerate(zip(expected, actual, strict=False)):
            yield from self.differences(left, right, f"{path}/{index}")

    def _same_text(self, expected: str, actual: str) -> bool:
        if expected.startswith("https://<presigned-s3>"):  # signature parameters were removed from the recording
            if _LIFETIME.findall(expected) != _LIFETIME.findall(actual):
                return False
            expected, actual = (re.sub(r"[?].*", "", text) for text in (expected, actual))
        pattern, fresh, end = "", [], 0
        for found in _PLACEHOLDER.finditer(expected):
            pattern += re.escape(expected[end : found.start()]) + self._pattern(found[0], fresh)
            end = found.end()
        match = re.fullmatch(pattern + re.escape(expected[end:]), actual)
        if match is None:
            return False
        self.known.update(zip(fresh, match.groups(), strict=True))
        return True

    def _pattern(self, placeholder: str, fresh: list[str]) -> str:
        if placeholder in _FREE:
            return _FREE[placeholder]
        if placeholder in _RENEWED:
            fresh.append(placeholder)
            return "(.+)"
        if placeholder in self.known or placeholder.startswith("<time:T"):
            return re.escape(self._value(placeholder))
        if placeholder.endswith(":?>"):
            return "[A-Za-z0-9]{15}"
        fresh.append(placeholder)
        return "([A-Za-z0-9]{15})" if _ID.match(placeholder) else "(.+)"
