"""Who a row of a leaderboard is. Pure.

The managed service names the profile. DeepRacer on AWS gives only the alias as it was when the result was written
(deepracer-on-aws.md 1.7, ListRankings), and aliases are not unique there. So the profile is filled in where only one
can be meant, at the moment the standings are read, and kept with them; what cannot be told apart is never guessed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.model import Profile, Standing

__all__ = ["Racer", "Racers", "identified", "racers_among", "racers_of"]


@dataclass(frozen=True, slots=True)
class Racer:
    """A racer of one race: by profile, else by alias, and where several share that, also by when they had submitted.

    `others`: when the others of that alias had submitted.
    """

    profile: str = ""
    alias: str = ""
    submitted_at: datetime | None = None
    others: tuple[datetime, ...] = ()

    @property
    def id(self) -> str:
        """Stable as long as the racer can be told from others; the same for those who cannot."""
        if self.profile:
            return f"profile:{self.profile}"
        when = f"@{self.submitted_at.isoformat()}" if self.submitted_at else ""
        return f"alias:{self.alias}{when}"


def identified(
    rows: Sequence[Standing], profiles: Iterable[Profile], former: Sequence[Standing] = ()
) -> list[Standing]:
    """Rows with their profile, where the service names it or only one can be meant.

    `former`: the standings as kept before; a result that has not changed since stays whose it was, so that a racer who
    takes another name is still known.
    """
    bearers: defaultdict[str, list[str]] = defaultdict(list)
    for profile in profiles:
        bearers[profile.alias.casefold()].append(profile.id)
    shown = Counter(row.alias.casefold() for row in rows)
    same = Counter(_result(row) for row in rows)
    kept = {_result(row): row.profile_id for row in former if row.profile_id}
    sure = [row.profile_id or (kept.get(_result(row), "") if same[_result(row)] == 1 else "") for row in rows]
    taken = {*sure}
    found: list[Standing] = []
    for row, profile in zip(rows, sure, strict=True):
        ids = bearers[row.alias.casefold()]
        if not profile and len(ids) == 1 and shown[row.alias.casefold()] == 1 and ids[0] not in taken:
            profile = ids[0]
        found.append(row if profile == row.profile_id else row._replace(profile_id=profile))
    return found


def _result(row: Standing) -> tuple[str, int, datetime | None]:
    return row.alias, row.score_ms, row.submitted_at


def racers_of(rows: Sequence[Standing]) -> list[Racer]:
    """Who each row is, in the order of the rows."""
    return racers_among(rows, rows)


def racers_among(rows: Sequence[Standing], wanted: Sequence[Standing]) -> list[Racer]:
    """Who each of `wanted` is among all `rows`, in their order."""
    folded = [None if row.profile_id else row.alias.casefold() for row in wanted]
    asked = {*folded} - {None}
    nameless: defaultdict[str, list[Standing]] = defaultdict(list)
    if asked:
        for row in rows:
            if not row.profile_id and (alias := row.alias.casefold()) in asked:
                nameless[alias].append(row)
    return [
        Racer(row.profile_id, row.alias) if alias is None else _racer(row, nameless[alias])
        for row, alias in zip(wanted, folded, strict=True)
    ]


def _racer(row: Standing, sharing: Sequence[Standing]) -> Racer:
    """Of a row without a profile; `sharing`: all rows without one that bear its alias."""
    if len(sharing) == 1:
        return Racer(alias=row.alias)
    others = [other.submitted_at for other in sharing if other is not row and other.submitted_at]
    return Racer(alias=row.alias, submitted_at=row.submitted_at, others=tuple(sorted(others)))


class Racers:
    """The racers of a board, to find one in who was named some time ago."""

    def __init__(self, racers: Sequence[Racer]) -> None:
        self._by_profile: defaultdict[str, list[int]] = defaultdict(list)
        self._by_alias: defaultdict[str, list[int]] = defaultdict(list)
        self._racers = racers
        for place, racer in enumerate(racers):
            self._by_alias[racer.alias.casefold()].append(place)
            if racer.profile:
                self._by_profile[racer.profile].append(place)

    def find(self, named: Racer) -> list[int]:
        """Positions of those who may be meant: one when it is sure, several when it cannot be told, none when gone."""
        if named.profile and named.profile in self._by_profile:
            return self._by_profile[named.profile]
        places = self._by_alias.get(named.alias.casefold(), [])
        if named.profile:
            places = [place for place in places if not self._racers[place].profile]
        if named.submitted_at is None or len(places) < 2:
            return places
        exact = [place for place in places if self._racers[place].submitted_at == named.submitted_at]
        if len(exact) == 1:
            return exact
        # whoever has a new result has another time: they are the one who is not among those known as others
        left = [place for place in places if self._racers[place].submitted_at not in named.others]
        return left if len(left) == 1 else places
