"""How one person can be found in what the console keeps, and how they are taken out of it. Pure.

Three kinds of traces, because they are not equally sure. *Ids* (of the list, of profiles, of a registration, of
accounts) stand for this person alone: what bears one as its own is theirs and goes; elsewhere it is blanked.
*Addresses* are blanked wherever they stand. *Names* (full name, racer name, and parts of the name that nobody else on
the list bears) may be ordinary words, so they are blanked in sentences, and where a whole text is the name.
"""

from __future__ import annotations

import html
import json
import re
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from functools import cached_property
from typing import Any
from urllib.parse import quote

__all__ = ["ERASED_WORD", "Traces", "name_parts"]

ERASED_WORD = "[erased]"
SHORTEST_PART = 4
"""Letters of a part of a name, or of an id, that is looked for in texts: shorter ones are words of many languages."""
LONG_WORD = 8
"""Letters from which on a name of one word is looked for in files in either case."""


def name_parts(name: str) -> set[str]:
    """The words of a name that are long enough to be looked for alone."""
    return {part for part in re.split(r"[\s,.'’-]+", name) if len(part) >= SHORTEST_PART}


@dataclass(frozen=True, eq=False)
class Traces:
    """What stands for one person. `mark` replaces a key or name where something has to stand (a row of a board)."""

    ids: frozenset[str]
    addresses: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    mark: str = "erased"

    # ---------------------------------------------------------------------------------------------- texts

    @cached_property
    def _sure(self) -> re.Pattern[str] | None:
        return _pattern(self._long_ids | self.addresses)

    @cached_property
    def _long_ids(self) -> frozenset[str]:
        """Those that no ordinary word of a text can be; shorter ones count where a whole value is the id."""
        return frozenset(each for each in self.ids if len(each) >= SHORTEST_PART)

    @cached_property
    def _names(self) -> re.Pattern[str] | None:
        return _pattern(self.names)

    @cached_property
    def folded(self) -> tuple[str, ...]:
        """Every trace in the case in which texts are looked through."""
        return tuple(sorted({each.casefold() for each in self.ids | self.addresses | self.names}))

    def perhaps_in(self, text: str) -> bool:
        """Quick: may any trace stand in this text? (Also one in JSON, where quotes and backslashes are escaped.)"""
        folded = text.casefold()
        return any(trace in folded for trace in self._quick)

    @cached_property
    def _quick(self) -> tuple[str, ...]:
        return tuple({*self.folded, *(json.dumps(each, ensure_ascii=False)[1:-1] for each in self.folded)})

    def blanked(self, text: str, *, names: bool = True) -> str:
        """The text without the person. `names` False: ids and addresses alone."""
        if not self.perhaps_in(text):
            return text
        if self._sure is not None:
            text = self._sure.sub(ERASED_WORD, text)
        if names and self._names is not None and (" " in text.strip() or text in self.names):
            text = self._names.sub(ERASED_WORD, text)
        return text

    # ---------------------------------------------------------------------------------------------- values

    def is_theirs(self, value: Any) -> bool:
        """Is it their id, or does it bear one as its own (a field of it is their id)?"""
        if isinstance(value, str):
            return not isinstance(value, Enum) and value in self.ids
        if is_dataclass(value) and not isinstance(value, type):
            inside = [getattr(value, each.name) for each in fields(value)]
        elif isinstance(value, Mapping):
            inside = [*value.values()]
        else:
            return False
        return any(isinstance(each, str) and self.is_theirs(each) for each in inside)

    def is_name(self, text: str) -> bool:
        """Is this text one of their names and nothing else, in whatever case?"""
        return text.casefold() in {name.casefold() for name in self.names}

    def owns_key(self, key: str) -> bool:
        """Is a row under this key theirs? Keys are ids, or ids joined by / # : or a space, or end in a racer's name."""
        racer = key.partition("alias:")[2].partition("@")[0]
        return key in self.ids or racer in self.names or any(part in self.ids for part in re.split(r"[/#|:\s]", key))

    def without(self, value: Any, hint: Any = None, *, names: bool = True) -> Any:
        """The value without the person: what is theirs goes out of lists, sets and mappings, texts are blanked.

        `hint`: the declared type, which tells a list from a tuple of fixed places; None for parsed JSON.
        """
        if isinstance(value, Enum | datetime) or value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return "" if value in self.ids else self.blanked(value, names=names)
        if is_dataclass(value) and not isinstance(value, type):
            hints = typing.get_type_hints(type(value))
            changed = {
                each.name: self.without(getattr(value, each.name), hints[each.name], names=names)
                for each in fields(value)
            }
            return replace(value, **{name: new for name, new in changed.items() if new is not getattr(value, name)})
        if isinstance(value, Mapping):
            inner = _inner(hint)
            kind = inner[1] if len(inner) == 2 else None
            return {
                self._key(key, names=names): self.without(each, kind, names=names)
                for key, each in value.items()
                if not (isinstance(key, str) and key in self.ids)
                and (isinstance(each, str) or not self.is_theirs(each))
            }
        if isinstance(value, frozenset | set):
            return frozenset(self.without(each, names=names) for each in value if not self.is_theirs(each))
        if isinstance(value, tuple | list):
            return self._row(value, hint, names=names)
        return value

    def _key(self, key: Any, *, names: bool) -> Any:
        return self.blanked(key, names=names) if isinstance(key, str) and not isinstance(key, Enum) else key

    def _row(self, value: tuple[Any, ...] | list[Any], hint: Any, *, names: bool) -> Any:
        inner = _inner(hint)
        if isinstance(value, tuple) and inner and inner[1:] != (...,):
            return tuple(self.without(each, kind, names=names) for each, kind in zip(value, inner, strict=True))
        kept = [
            self.without(each, inner[0] if inner else None, names=names) for each in value if not self.is_theirs(each)
        ]
        return tuple(kept) if isinstance(value, tuple) else kept

    def about(self, value: Any) -> list[Any]:
        """What of a value is about them, the largest pieces that are theirs alone: to be told to them."""
        if isinstance(value, str):
            return (
                [value] if not isinstance(value, Enum) and (value in self.ids or self.blanked(value) != value) else []
            )
        if self.is_theirs(value):
            return [value]
        if is_dataclass(value) and not isinstance(value, type):
            return [found for each in fields(value) for found in self.about(getattr(value, each.name))]
        if isinstance(value, Mapping):
            mine = [{key: each} for key, each in value.items() if isinstance(key, str) and key in self.ids]
            return mine or [found for each in value.values() for found in self.about(each)]
        if isinstance(value, frozenset | set | tuple | list):
            return [found for each in value for found in self.about(each)]
        return []

    # ---------------------------------------------------------------------------------------------- bytes of files

    @cached_property
    def needles(self) -> tuple[bytes, ...]:
        """Every form, in small letters, in which a trace may stand in a file: as it is, and as JSON, HTML and addresses
        of pages write it."""
        sure = self._long_ids | self.addresses | {name for name in self.names if not _is_ordinary(name)}
        return tuple(sorted({form.lower() for trace in sure for form in _forms(trace)}))

    @cached_property
    def exact(self) -> tuple[bytes, ...]:
        """Short names of one word, which may be ordinary words in small letters: looked for as they are written."""
        ordinary = {name for name in self.names if _is_ordinary(name) and len(name) >= SHORTEST_PART}
        return tuple(sorted({form for name in ordinary for form in _forms(name)}))

    @cached_property
    def reach(self) -> int:
        """Bytes that a trace may take in a file, at most: so much of a piece is looked through again with the next."""
        return 6 * max(map(len, self.ids | self.addresses | self.names), default=0)

    def places(self, content: bytes) -> Iterator[tuple[int, int]]:
        """(start, length) of every trace in these bytes, as a word of its own; in no order."""
        small = content.lower()
        for text, needles in ((small, self.needles), (content, self.exact)):
            for needle in needles:
                start = text.find(needle)
                while start >= 0:
                    end = start + len(needle)
                    if not (text[start - 1 : start].isalnum() and start) and not text[end : end + 1].isalnum():
                        yield start, len(needle)
                    start = text.find(needle, start + 1)

    def found_in(self, content: bytes) -> bool:
        """Does any trace stand in these bytes, in any form?"""
        return next(self.places(content), None) is not None

    def overwritten(self, content: bytes) -> bytes:
        """As long as before, with every trace overwritten."""
        after = bytearray(content)
        for start, length in self.places(content):
            after[start : start + length] = b"x" * length
        return bytes(after)

    # ---------------------------------------------------------------------------------------------- kept while it runs

    def as_json(self) -> str:
        """To be sealed until the erasure is through."""
        return json.dumps([sorted(self.ids), sorted(self.addresses), sorted(self.names), self.mark])

    @classmethod
    def of_json(cls, text: str) -> Traces:
        """The inverse of `as_json`."""
        ids, addresses, names, mark = json.loads(text)
        return cls(frozenset(ids), frozenset(addresses), frozenset(names), mark)


def _is_ordinary(name: str) -> bool:
    """May it be a word of the console, or of any language?"""
    return name.isalpha() and len(name) < LONG_WORD


def _forms(trace: str) -> set[bytes]:
    found: set[str] = set()
    for each in (trace, trace.casefold(), trace.lower(), trace.upper(), trace.title()):
        found |= {each, json.dumps(each)[1:-1], json.dumps(each, ensure_ascii=False)[1:-1], html.escape(each)}
        found |= {quote(each), quote(each, safe=""), each.replace(" ", "+")}
    return {form.encode() for form in found}


def _pattern(words: Iterable[str]) -> re.Pattern[str] | None:
    each = sorted((re.escape(word) for word in words), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(each)})(?!\w)", re.IGNORECASE) if each else None


def _inner(hint: Any) -> tuple[Any, ...]:
    """What a declared collection holds; () for parsed JSON."""
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        hint = next(kind for kind in typing.get_args(hint) if kind is not types.NoneType)
    return typing.get_args(hint)
