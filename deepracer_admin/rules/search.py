"""Who is meant by a few letters? Pure: people in, the best matches out.

Every word that was typed must be found in the name, the address or the racer name, in any order and without regard to
case and accents ("muller anna" finds Anna Müller). An address that was typed whole comes before all others.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from deepracer_admin.model import Attendee

__all__ = ["LEAST_LETTERS", "Found", "folded", "holds", "search", "words_of"]

LEAST_LETTERS = 2
"""Fewer say nothing about whom is meant."""
_APART = str.maketrans({"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "đ": "d", "Đ": "d", "æ": "ae", "Æ": "ae"})


@dataclass(frozen=True, slots=True)
class Found:
    """The best `people`, best first, and how many fit in `total` (people)."""

    people: tuple[Attendee, ...]
    total: int


def folded(text: str) -> str:
    """The same for every spelling: no case, no accents, one blank between words."""
    if text.isascii():  # most are; a list of 10,000 is looked through at every letter
        return " ".join(text.casefold().split())
    parts = unicodedata.normalize("NFKD", text.translate(_APART))
    return " ".join("".join(each for each in parts if not unicodedata.combining(each)).casefold().split())


def words_of(text: str) -> list[str]:
    """The words that must all be found, as `folded` writes; [] where nothing was typed."""
    return folded(text).split()


def holds(words: Iterable[str], everything: str) -> bool:
    """Does `everything`, as `folded` writes it, hold each of these words?"""
    return all(word in everything for word in words)


def search(people: Iterable[Attendee], text: str, *, most: int) -> Found:
    """The people who are meant by `text`, at most `most` of them; nobody for less than two letters."""
    whole = folded(text)
    if len(whole) < LEAST_LETTERS:
        return Found((), 0)
    words = whole.split()
    ranked: list[tuple[tuple[int, bool, str, str], Attendee]] = []
    for person in people:
        name, address, alias = folded(person.name), folded(person.email), folded(person.alias)
        everything = f"{name} {address} {alias}"
        if holds(words, everything):
            order = (_rank(whole, words, name, address, alias), not person.wanted, name, address)
            ranked.append((order, person))
    ranked.sort(key=lambda each: each[0])
    return Found(tuple(person for _, person in ranked[:most]), len(ranked))


def _rank(whole: str, words: list[str], name: str, address: str, alias: str) -> int:
    """0: one of the three, letter by letter. 1: it begins so. 2: every word begins a word of the name. 3: else."""
    if whole in (name, address, alias):
        return 0
    if any(each.startswith(whole) for each in (name, address, alias)):
        return 1
    parts = name.split()
    return 2 if all(any(part.startswith(word) for part in parts) for word in words) else 3
