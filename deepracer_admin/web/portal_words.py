"""The portal's words by language, and dates as each language writes them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

__all__ = ["LANGUAGES", "Words", "choose_language", "words"]

LANGUAGES = ("en", "it")


class Words:
    """The texts of one language (web/portal/<code>.toml)."""

    def __init__(self, code: str, texts: Mapping[str, Any]) -> None:
        self.code = code
        self._texts = texts
        self.name: str = texts["language"]

    def __call__(self, key: str, **values: object) -> str:
        """E.g. `words("form.title")`; values replace their names in braces. Raises KeyError."""
        found: Any = self._texts
        for part in key.split("."):
            found = found[part]
        text = str(found)
        for name, value in values.items():
            text = text.replace("{" + name + "}", str(value))
        return text

    def lines(self, key: str) -> Sequence[str]:
        section, name = key.split(".")
        return tuple(self._texts[section][name])

    def has(self, key: str) -> bool:
        section, name = key.split(".")
        return name in self._texts[section]

    def day(self, at: date) -> str:
        return f"{self._texts['weekdays'][at.weekday()]} {at.day} {self._texts['months'][at.month - 1]} {at.year}"

    def instant(self, at: datetime, zone: str) -> str:
        """An instant in the event's zone."""
        local = at.astimezone(ZoneInfo(zone))
        return f"{self.day(local)}, {local:%H:%M}"

    def span(self, start: datetime, end: datetime, zone: str) -> tuple[str, str]:
        """Start and end in the event's zone; of an end on the same day only the time."""
        first, last = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
        return self.instant(start, zone), f"{last:%H:%M}" if first.date() == last.date() else self.instant(end, zone)


@cache
def words(code: str) -> Words:
    text = resources.files("deepracer_admin.web").joinpath("portal", f"{code}.toml").read_text(encoding="utf-8")
    return Words(code, tomllib.loads(text))


def choose_language(asked: str, accepted: str, fallback: str) -> str:
    """The language of a page: as its address asks, else the browser's first that there is, else the event's."""
    if asked in LANGUAGES:
        return asked
    for entry in accepted[:200].split(","):
        code = entry.partition(";")[0].strip().partition("-")[0].lower()
        if code in LANGUAGES:
            return code
    return fallback if fallback in LANGUAGES else LANGUAGES[0]
