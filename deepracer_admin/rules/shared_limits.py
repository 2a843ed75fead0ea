"""Whose limit is in force on a profile that two events share: the most generous one of those that give it hours now.

Pure. An event gives hours to a profile while its sponsorship is open, it wants the person, and it has not paused them.
Nobody loses hours by an act of an event that does not know of the other one, and what such an act leaves in force is
said (docs/decisions/7-the-larger-limit-counts.md).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deepracer_admin.counted import counted
from deepracer_admin.model import UNLIMITED, Quota

__all__ = ["NOTHING_GIVEN", "GivenElsewhere", "most_generous"]


def most_generous(quotas: Iterable[Quota]) -> Quota:
    """The larger hours and the larger number of models, each by itself; 0 of both for none."""
    found = [*quotas]
    return Quota(_larger(each.minutes for each in found), _larger(each.models for each in found))


def _larger(values: Iterable[int]) -> int:
    known = [*values]
    return UNLIMITED if UNLIMITED in known else max(known, default=0)


@dataclass(frozen=True, slots=True)
class GivenElsewhere:
    """What other open events on the same racing service give to profiles now, by profile id.

    `quotas`: the most generous of them. `events`: the names of those that give it. `paused`: by one that wants the
    person. `former`: what adopted profiles had before another event.
    """

    quotas: Mapping[str, Quota] = field(default_factory=dict)
    events: Mapping[str, frozenset[str]] = field(default_factory=dict)
    paused: frozenset[str] = frozenset()
    former: Mapping[str, Quota] = field(default_factory=dict)

    def in_force(self, profile: str, own: Quota) -> Quota:
        """What the service should have, where this event gives `own`."""
        given = self.quotas.get(profile)
        return own if given is None else most_generous((own, given))

    def is_asleep(self, profile: str) -> bool:
        """Is this person paused by another event that wants them, and by none given hours?"""
        return profile in self.paused and profile not in self.quotas

    def decides(self, profile: str) -> bool:
        """Does another event give hours to this person, or pause them? Then that is what an event that ends leaves."""
        return profile in self.quotas or profile in self.paused

    def names(self, profiles: Iterable[str]) -> str:
        """The events that give hours to these, in quotation marks; "" for none."""
        found = {name for profile in profiles for name in self.events.get(profile, ())}
        return " and ".join(f"“{name}”" for name in sorted(found))

    def keep(self, profiles: Iterable[str]) -> str:
        """One sentence: how many of these go on, and by which event; "" for nobody."""
        shared = [profile for profile in profiles if profile in self.quotas]
        if not shared:
            return ""
        one, many = "of them keeps", "of them keep"
        return f"{counted(len(shared), one, many)} the hours that {self.names(shared)} gives."


NOTHING_GIVEN = GivenElsewhere()
