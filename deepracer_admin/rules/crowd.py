"""Everybody of an event at once: as `Traces`, for tens of thousands of names. Pure.

A text is first cut into words; only the traces that begin with one of them are looked for in it.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from deepracer_admin.rules.traces import Traces

__all__ = ["Crowd"]

_WORD = re.compile(r"\w+")


class Crowd(Traces):
    """Traces of many people; what is found in a text is taken out of it by the few that stand there."""

    @cached_property
    def _by_word(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for trace in self.ids | self.addresses | self.names:
            if words := _WORD.findall(trace.casefold()):
                found.setdefault(words[0], set()).add(trace)
        return found

    def few(self, text: str) -> Traces | None:
        """Those that stand in this text; None for nobody."""
        folded = text.casefold()
        encoded = "%" in folded or "\\u" in folded
        found = {
            trace
            for word in {*_WORD.findall(folded)} & self._by_word.keys()
            for trace in self._by_word[word]
            if encoded or trace.casefold() in folded
        }
        if not found:
            return None
        return Traces(self.ids & found, self.addresses & found, self.names & found, self.mark)

    def perhaps_in(self, text: str) -> bool:
        return self.few(text) is not None

    def blanked(self, text: str, *, names: bool = True) -> str:
        few = self.few(text)
        return text if few is None else few.blanked(text, names=names)

    def without(self, value: Any, hint: Any = None, *, names: bool = True) -> Any:
        few = self.few(repr(value))
        return value if few is None else few.without(value, hint, names=names)

    def found_in(self, content: bytes) -> bool:
        few = self.few(content.decode("utf-8", "replace"))
        return few is not None and few.found_in(content)

    def overwritten(self, content: bytes) -> bytes:
        few = self.few(content.decode("utf-8", "replace"))
        return content if few is None else few.overwritten(content)
