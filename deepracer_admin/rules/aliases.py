"""Racer names: short, unique in the event, fit for every service. Pure.

3 to 20 of A-Z a-z 0-9 and the hyphen satisfies DeepRacer on AWS (3-20 of [A-Za-z0-9_-] at invite, 1.3 page 4.1) and
the managed service ([a-zA-Z0-9-], managed-deepracer.md 1.3).

Racer names stand on a public screen. So none tells a person's whole name, or the part of their address before the @,
in whatever way it came about: a given name and an initial (people know themselves), else less of it, else a word that
says nothing. `tells` is that rule; every name passes it last, with its number.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from deepracer_admin.model import Attendee, Profile, Standing

__all__ = ["give_aliases", "owner_of", "racers_by_alias", "tells"]

LONGEST = 20
_SHORT = 3  # letters: fewer are told only where they stand alone, for every longer word holds some of them
_NEUTRAL = ("Racer", "Driver", "Pilot", "Lap")
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_SPECIAL = str.maketrans(
    {
        "ß": "ss",
        "ł": "l",
        "Ł": "L",
        "ø": "o",
        "Ø": "O",
        "đ": "d",
        "Đ": "D",
        "æ": "ae",
        "Æ": "Ae",
        "œ": "oe",
        "Œ": "Oe",
        "þ": "th",
        "ı": "i",
    }
)

_SPECIAL_SIGNS = frozenset(map(chr, _SPECIAL))


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.translate(_SPECIAL))
    return re.sub(r"[^A-Za-z0-9]", "", folded)


def _words(name: str) -> list[str]:
    """The words of a name in plain letters, addresses left out; an apostrophe is part of its word."""
    kept = " ".join(word for word in name.split() if "@" not in word).replace("'", "").replace("\u2019", "")
    spelled = unicodedata.normalize("NFC", kept)  # else a combining accent would part its word
    return [word for word in (_plain(word) for word in _BETWEEN_WORDS.split(spelled)) if word]


def _spellings(text: str) -> set[str]:
    """How a text may be written plainly: with Ø as O, without it, and without it where ß is ss as in lower case."""
    dropped, lower = ("".join(sign for sign in each if sign not in _SPECIAL_SIGNS) for each in (text, text.casefold()))
    return {spelled for each in (text, dropped, lower) if (spelled := _plain(each).casefold())}


def tells(alias: str, name: str, email: str) -> bool:
    """True when the alias holds every word of the name, or the address's part before the @ (with or without its +tag).

    Letters count, not their case, accents or what stands between them.
    """
    parts = [part.casefold() for part in alias.split("-") if part]
    whole = "".join(parts)

    def holds(word: str) -> bool:
        return word in parts or word == whole or (len(word) >= _SHORT and word in whole)

    local = email.rpartition("@")[0] or email.partition("@")[0]
    if any(holds(secret) for text in (local, local.partition("+")[0], name) for secret in _spellings(text)):
        return True
    words = {word.casefold() for word in _words(name)}
    return bool(words) and all(holds(word) for word in words)


def _bases(name: str, email: str) -> Iterator[str]:
    """What the person may be called, the most telling first, always followed by names that say nothing."""
    words = _words(name)
    initial = words[0][0].upper() if words else ""
    if len(words) > 1:
        first, last = words[0], f"-{words[-1][0].upper()}"
        yield first[: LONGEST - 5].capitalize() + last
        if len(first) > _SHORT:
            yield first[:_SHORT].capitalize() + last
        yield initial + last
    if initial:
        yield from (f"{neutral}-{initial}" for neutral in _NEUTRAL)
    yield from _NEUTRAL


def give_aliases(people: Sequence[tuple[str, str]], taken: Iterable[str], *, wishes: Sequence[str] = ()) -> list[str]:
    """One alias per (name, e-mail), in order; none equals another or one of `taken`, case ignored, and none `tells`.

    `wishes`: what each would like to be called ("" = nothing); one that is taken is given with a number.
    """
    used = {alias.casefold() for alias in taken}
    numbers: dict[str, int] = {}
    given: list[str] = []
    for place, (name, email) in enumerate(people):
        bases = [*wishes[place : place + 1], *_bases(name, email)]
        base = next((base for base in bases if base and not tells(base, name, email)), _NEUTRAL[0])
        alias = base
        numbered = count(numbers.get(base.casefold(), 2))
        while alias.casefold() in used or tells(alias, name, email):
            number = next(numbered)
            alias = base[: LONGEST - len(f"-{number}")] + f"-{number}"
            numbers[base.casefold()] = number + 1
        used.add(alias.casefold())
        given.append(alias)
    return given


def racers_by_alias(
    people: Iterable[Attendee], profiles: Iterable[Profile], owners: Mapping[str, str]
) -> dict[str, str]:
    """Alias (case folded) -> attendee id, for standings that carry no profile id (deepracer-on-aws.md 1.7).

    `owners` maps profile id -> attendee id. What a listed profile is called goes before what we would have called the
    person; an alias that two profiles bear, or one of a stranger's, names nobody.
    """
    listed = [(profile.alias.casefold(), profile.id) for profile in profiles]
    borne = Counter([alias for alias, _ in listed])
    named = {alias: owners[profile] for alias, profile in listed if profile in owners}
    seen = frozenset(named.values())
    for person in people:
        if person.id not in seen:
            alias = person.alias.casefold()
            if alias and not borne[alias]:
                named.setdefault(alias, person.id)
    for alias, times in borne.items():
        if times > 1:
            named.pop(alias, None)
    return named


def owner_of(row: Standing, owners: Mapping[str, str], named: Mapping[str, str]) -> str:
    """Attendee id of a result: of whoever has its profile where that is known (`owners`), else by the alias (`named`,
    as `racers_by_alias` gives it); "" = nobody of ours."""
    return owners.get(row.profile_id, "") if row.profile_id else named.get(row.alias.casefold(), "")
