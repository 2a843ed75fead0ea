"""The report's words by language (<code>.toml), and how each language writes numbers, money and times. Pure."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from typing import Any
from zoneinfo import ZoneInfo

from deepracer_admin.model import Step
from deepracer_admin.rules.alarms import Alarm
from deepracer_admin.rules.standings import lap_time

__all__ = ["LANGUAGES", "Words", "words"]

LANGUAGES: Mapping[str, str] = {"en": "English", "it": "Italiano"}


@dataclass(frozen=True, slots=True)
class Words:
    """One language."""

    code: str
    texts: Mapping[str, Any]

    def __call__(self, key: str, **values: object) -> str:
        return str(self.texts["texts"][key]).format(**values)

    def step(self, step: Step) -> str:
        """What people of this step do."""
        return str(self.texts["steps"][step.value])

    def next_time(self, key: str, **values: object) -> str:
        """A sentence for next time."""
        return str(self.texts["next_time"][key]).format(**values)

    def incident(self, alarm: Alarm) -> str:
        """What went wrong, with its numbers where the language is that of the alarm."""
        own = self.texts.get("alarms", {}).get(alarm.kind)
        return str(own) if own else f"{alarm.title}: {alarm.sentence}"

    def number(self, value: float, digits: int = 0) -> str:
        """1,234.5 or 1.234,5."""
        text = f"{value:,.{digits}f}"
        return text.translate(str.maketrans(",.", ".,")) if self.code == "it" else text

    def share(self, value: float) -> str:
        """A share as per cent, without decimals."""
        return f"{self.number(value * 100)} %"

    def money(self, usd: float) -> str:
        """Dollars; cents below 100."""
        return f"{self.number(usd, 2 if abs(usd) < 100 else 0)} USD"

    def lap(self, milliseconds: int) -> str:
        """1:13.197 or 1:13,197; under a minute 8.123 s, for no colon tells that it is a time."""
        told = lap_time(milliseconds)
        told = told if ":" in told else f"{told} s"
        return told.replace(".", ",") if self.code == "it" else told

    def day(self, day: date) -> str:
        """6 Nov 2026."""
        return f"{day.day} {self._month(day)} {day.year}"

    def short_day(self, day: date) -> str:
        """6 Nov."""
        return f"{day.day} {self._month(day)}"

    def _month(self, day: date) -> str:
        return str(self.texts["months"]["short"][day.month - 1])

    def instant(self, at: datetime, zone: str) -> str:
        """6 Nov 2026, 14:05."""
        local = at.astimezone(ZoneInfo(zone))
        return f"{self.day(local.date())}, {local:%H:%M}"


@cache
def words(code: str) -> Words:
    """Those of a language of LANGUAGES; English for any other."""
    known = code if code in LANGUAGES else "en"
    text = resources.files("deepracer_admin.rules.report").joinpath(f"{known}.toml").read_text(encoding="utf-8")
    return Words(known, tomllib.loads(text))
