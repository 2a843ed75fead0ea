"""Racer names: short, unique in the event, fit for every service. Pure.

3 to 20 of A-Z a-z 0-9 and the hyphen satisfies DeepRacer on AWS (3-20 of [A-Za-z0-9_-] at invite, 1.3 page 4.1) and
the managed service ([a-zA-Z0-9-], managed-deepracer.md 1.3). Given name and an initial: people know themselves, a
projector does not show whole names.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from deepracer_admin.model import Attendee, Profile, Standing

__all__ = ["give_aliases", "owner_of", "racers_by_alias"]

LONGEST = 20
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


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text.translate(_SPECIAL))
    return re.sub(r"[^A-Za-z0-9]", "", folded)


def _base(name: str, email: str) -> str:
    words = [word for word in (_plain(word) for word in name.split()) if word]
    if words and sum(len(word) for word in words) >= 2:
        initial = f"-{words[-1][0].upper()}" if len(words) > 1 else ""
        return words[0][: LONGEST - 5].capitalize() + initial
    local = _plain(email.partition("@")[0])
    return local[: LONGEST - 4].capitalize() or "Racer"


def give_aliases(people: Sequence[tuple[str, str]], taken: Iterable[str]) -> list[str]:
    """One alias per (name, e-mail), in order; none equals another or one of `taken`, case ignored."""
    used = {alias.casefold() for alias in taken}
    numbers: dict[str, int] = {}
    given: list[str] = []
    for name, email in people:
        base = _base(name, email)
        while len(base) < 3:
            base += "-R" if len(base) == 1 else "R"
        key = base.casefold()
        alias = base
        while alias.casefold() in used:
            numbers[key] = numbers.get(key, 1) + 1
            tail = f"-{numbers[key]}"
            alias = base[: LONGEST - len(tail)] + tail
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
    listed = list(profiles)
    borne = Counter(profile.alias.casefold() for profile in listed)
    named = {profile.alias.casefold(): owners[profile.id] for profile in listed if profile.id in owners}
    seen = frozenset(named.values())
    for person in people:
        alias = person.alias.casefold()
        if alias and person.id not in seen and not borne[alias]:
            named.setdefault(alias, person.id)
    return {alias: person for alias, person in named.items() if borne[alias] <= 1}


def owner_of(row: Standing, owners: Mapping[str, str], named: Mapping[str, str]) -> str:
    """Attendee id of a result: of whoever has its profile where that is known (`owners`), else by the alias (`named`,
    as `racers_by_alias` gives it); "" = nobody of ours."""
    return owners.get(row.profile_id, "") if row.profile_id else named.get(row.alias.casefold(), "")
