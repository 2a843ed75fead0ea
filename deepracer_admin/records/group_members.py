"""Who of the event was in the Entra group before it, and whom the console added: only these are ever taken out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deepracer_admin.store.documents import Table

__all__ = ["GROUP_MEMBERS", "Membership", "first_seen"]


@dataclass(frozen=True, slots=True)
class Membership:
    """`ref`: the person's id in the directory. `added`: did the console put them in; else they were there before."""

    ref: str
    added: bool = False


GROUP_MEMBERS = Table("group_members", Membership, "attendee", personal=True)
"""By attendee, the first that was seen; it stays, whatever is done to the membership by hand. Written by the group step
before it adds anybody; read where people are taken out, by each event that fills the same group."""


def first_seen(found: Mapping[str, Membership], kept: Mapping[str, Membership]) -> dict[str, Membership]:
    """What of `found` is to be kept: whoever is known already, under the same id, stays as they are."""
    return {key: row for key, row in found.items() if key not in kept or kept[key].ref != row.ref}
