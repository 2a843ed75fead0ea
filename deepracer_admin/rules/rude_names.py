"""Racer names that no board shows, and names that may be taken for another's. Pure.

Racers choose their own names at the racing service, so a board may be given any. `rude_names.txt` holds the words. A
word counts where it is a whole part of the alias, and never because other letters happen to hold it: Scunthorpe, Essex
and Penistone are places. An alias has parts at hyphens and other signs, at capitals (BigCup) and at digits. Before they
are compared letters lose case, accents and the alphabets that they only look to be of, digits and signs stand for the
letters that they are read as (sh1t, a$$), and a letter that is written three times and more is the letter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from functools import lru_cache
from importlib import resources
from typing import NamedTuple

__all__ = ["FIRST", "cleaned_word", "is_rude", "look_alikes", "look_key", "looks_like", "rude_test"]

FIRST = 10
"""Places whose names others may want to be taken for."""
LONGEST = 120  # letters of an alias that are looked at; a board shows 32
_LEAST = 6  # letters of a part in which one may differ: of shorter ones too many are names of their own (Maria, Marta)
_LEAST_JOINED = 6  # letters of a word that is looked for across parts: fewer come about by chance (Wolf-Uckermann)
_SPECIAL = {"ß": "ss", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i", "ɑ": "a", "ɡ": "g"}
_CYRILLIC = dict(zip("авеіјкмнорстухѕԁһԛԝьпӏ", "abeijkmhopctyxsdhqwbnl", strict=True))
_GREEK = dict(zip("αβεηικνορτυχωγ", "abenikvoptuxwy", strict=True))
_GREEK_CAPITALS = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABEZHIKMNOPTYX", strict=True))
_LETTERS = {**_SPECIAL, **_CYRILLIC, **_GREEK}
_CAPITAL = {each.upper(): to.upper() for each, to in _LETTERS.items() if len(each.upper()) == 1}
_PLAIN = str.maketrans({**_CAPITAL, **_LETTERS, **_GREEK_CAPITALS})
_I_OR_L = "|"  # the stroke that may be read as either
_READ = {**dict(zip("03457@$€+", "oeastaset", strict=True)), "1": _I_OR_L, "!": _I_OR_L}
_READ_AS = str.maketrans(_READ)
_SAME_LOOK = str.maketrans({**_READ, **dict.fromkeys("1!|l", "i"), "2": "z", "8": "b"})
_PARTS = re.compile(r"[^A-Za-z0-9@$€!+|]+")
_BETWEEN = re.compile(r"[\W_]+")
_CAPITALS = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_DIGITS = re.compile(r"[0-9]+")
_WORDS = re.compile(f"{_CAPITALS.pattern}|{_DIGITS.pattern}")
_DIGIT_SIGNS = "0123456789"
_NOT_LETTERS = f"{_DIGIT_SIGNS}@$€!+|"


def is_rude(alias: str, more: Sequence[str] = ()) -> bool:
    """True when a word of the list, or one of `more` (as `cleaned_word` gives them), stands in the alias."""
    return rude_test(tuple(more))(alias)


@lru_cache(maxsize=4)
def rude_test(more: tuple[str, ...] = ()) -> Callable[[str], bool]:
    """`is_rude` with these words more, for a whole board: it remembers the names that it was asked about."""
    lines = _listed()
    words = {line for line in lines if not line.startswith("=")} | {*more}
    letters = [word.removesuffix("*") for word in words]
    starred = [word.removesuffix("*") for word in words if word.endswith("*")]
    any_letters = re.compile(_any_of(letters, held=True))
    by_chance = re.compile(_any_of([line[1:] for line in lines if line.startswith("=")], held=False))
    whole = re.compile(rf"(?<!\S){_any_of(letters, held=False)}(?!\S)")
    inside = re.compile(_any_of(starred, held=True))
    across = re.compile(_any_of([word for word in starred if len(word) >= _LEAST_JOINED], held=True))

    @lru_cache(maxsize=30_000)
    def is_rude_name(alias: str) -> bool:
        parts = _parts(alias)
        if not any_letters.search(_read("".join(parts))):  # nearly all: their letters hold none, wherever it began
            return False
        if whole.search(" ".join(map(_read, _pieces(parts)))):
            return True
        read = [by_chance.sub(" ", _read(part)) for part in parts]
        return bool(inside.search(" ".join(read)) or across.search("".join(read)))

    return is_rude_name


def cleaned_word(text: str) -> str:
    """A word for the list as an organizer writes it ("Dödel*"), as it is compared; "" for less than three letters."""
    word = "".join(each for each in _plain(text).casefold() if "a" <= each <= "z")
    star = "*" if text.rstrip().endswith("*") else ""
    return word[:LONGEST] + star if len(word) >= 3 else ""


@lru_cache(maxsize=1)
def _listed() -> frozenset[str]:
    text = resources.files("deepracer_admin.rules").joinpath("rude_names.txt").read_text(encoding="utf-8")
    return frozenset(line for line in map(str.strip, text.splitlines()) if line and not line.startswith("#"))


# ------------------------------------------------------------------------------------------------ one alias


def _plain(text: str) -> str:
    """Latin letters without accents, in their case; signs that nobody sees are dropped."""
    if text.isascii():
        return text
    parts = unicodedata.normalize("NFKD", text.translate(_PLAIN)).translate(_PLAIN)
    return "".join(each for each in parts if unicodedata.category(each) not in ("Mn", "Me", "Mc", "Cf"))


def _parts(alias: str) -> list[str]:
    """What stands between hyphens, blanks and other signs."""
    return [part for part in _PARTS.split(_plain(alias)[:LONGEST]) if part]


def _pieces(parts: Sequence[str]) -> Iterator[str]:
    """Everything that may be a whole word of the alias."""
    alone: list[str] = []
    for part in [*parts, ""]:
        if len(part) == 1:
            alone.append(part)
            continue
        if len(alone) > 1:  # f-u-c-k
            yield from _bare("".join(alone))
        alone.clear()
        if part:
            yield from _bare(part)
            for piece in {*_CAPITALS.split(part), *_DIGITS.split(part), *_WORDS.split(part)} - {part, ""}:
                yield from _bare(piece)
    yield from _bare("".join(parts))


def _bare(piece: str) -> Iterator[str]:
    """As it is, where that is no number (A55 is a road), and without the digits and signs around it."""
    if sum(not each.isdigit() for each in piece) > 1:
        yield piece
    if (bare := piece.strip(_NOT_LETTERS)) and bare != piece:
        yield bare


def _read(piece: str) -> str:
    return piece.casefold().translate(_READ_AS)


def _any_of(words: Iterable[str], *, held: bool) -> str:
    """A pattern for any of the words, by their common beginnings: one look costs the same for many words.

    `held`: a letter may be written more often than in the word; else it is the word's or three times and more, because
    a doubled letter makes another name (Fagg).
    """
    root: dict[str, dict] = {}
    for word in words:
        node = root
        for run in re.findall(r"(.)(\1*)", word.replace("-", "")):
            node = node.setdefault(_run(run[0], 1 + len(run[1]), held=held), {})
        node[""] = {}
    return _branches(root) if root else r"(?!)"


def _run(letter: str, times: int, *, held: bool) -> str:
    letter = f"[{letter}{_I_OR_L}]" if letter in "il" else letter
    if times > 1:
        return f"{letter}{{{times},}}"
    return f"{letter}+" if held else f"{letter}(?:{letter}{{2,}})?"


def _branches(node: dict[str, dict]) -> str:
    ways = [run + _branches(after) for run, after in sorted(node.items()) if run]
    if not ways:
        return ""
    return f"(?:{'|'.join(ways)}){'?' if '' in node else ''}"


# ------------------------------------------------------------------------------------------------ two of them


def look_key(alias: str) -> str:
    """The same for names that look the same on a screen: no case, accents or separators; 0 is o, 1, l and i are one."""
    text = _looks(alias)
    while (again := _looks(text)) != text:  # what a sign comes apart into may come apart again
        text = again
    return text


def _looks(text: str) -> str:
    letters = _plain(text).casefold().translate(_SAME_LOOK)
    if not letters.isalnum():
        letters = "".join(filter(str.isalnum, letters))
    return letters.replace("rn", "m").replace("vv", "w")


def looks_like(alias: str, other: str) -> bool:
    """True when one may be taken for the other: they look the same; or differ in one letter of a part of six or more;
    or one is the other with one or two digits after it.

    Numbers that both have are compared as they are (Racer-12 and Racer-13 are two racers), and so are short parts,
    because an initial is one (Anna-B and Anna-D).
    """
    return not _look_keys(alias).own.isdisjoint(_look_keys(other).sought)


class _Keys(NamedTuple):
    """Two names look alike when one's own keys hold one that the other seeks, and then also the other way round."""

    own: Set[str]
    sought: Set[str]


def _look_keys(alias: str) -> _Keys:
    parts = [_number_kept(part) for part in _BETWEEN.split(_plain(alias)[:LONGEST]) if part]
    whole = look_key(alias)
    both = {f"looks {whole}" if whole else f"is {alias}", " ".join(parts)}
    for place, part in enumerate(parts):
        letters = part.rstrip(_DIGIT_SIGNS)
        if len(letters) >= _LEAST:
            before, after = parts[:place], parts[place + 1 :]
            both |= {" ".join([*before, part[:at] + part[at + 1 :], *after]) for at in range(len(letters))}
    both.discard("")
    keys = " ".join(parts)
    bare = keys.rstrip(_DIGIT_SIGNS)
    number = len(keys) - len(bare)
    if number > 2 or len(bare) - bare.rfind(" ") <= _LEAST:
        return _Keys(both, both)
    kind, other = ("with", "without") if number else ("without", "with")
    return _Keys(both | {f"{bare} {kind}"}, both | {f"{bare} {other}"})


def _number_kept(part: str) -> str:
    letters = part.rstrip(_DIGIT_SIGNS)
    return look_key(letters) + part[len(letters) :]


def look_alikes(aliases: Sequence[str]) -> dict[int, int]:
    """Of names in the order of a board: the place of each that may be taken for one of the first ten, with the place of
    that one (both from 0; who is ahead is never named). Each name is looked at once.
    """
    firsts: dict[str, int] = {}
    found: dict[int, int] = {}
    for place, alias in enumerate(aliases):
        keys = _look_keys(alias)
        if like := [firsts[key] for key in keys.sought if key in firsts]:
            found[place] = min(like)
        if place < FIRST:
            for key in keys.own:
                firsts.setdefault(key, place)
    return found
