"""Erasures of people: each with a receipt that names nobody, and what must not come back by a later listing."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from deepracer_admin.store.documents import Document, Table

__all__ = ["ERASURES", "LEGAL_HOLD", "SUPPRESSED", "Erasure", "LegalHold", "Outside", "Suppressed", "suppressing"]


@dataclass(frozen=True, slots=True)
class Outside:
    """What the console cannot erase. `where` it lies, `what` it is, and how it ends (`way_out`), in sentences."""

    where: str
    what: str
    way_out: str


@dataclass(frozen=True, slots=True)
class Erasure:
    """The receipt of one erasure. Real time; names nobody of the list.

    `mark` stands in the places that had to stay (rows of boards, entries of the audit). `people`: how many were erased.
    `changed`: rows or files changed, by where. `searched`: files that were looked through afterwards; `left`: those in
    which a trace was still found. `copies_gone`: the console's own copies of the event that were deleted. `sealed`:
    what is looked for, sealed, as long as the erasure is not through.
    """

    mark: str
    at: datetime
    by: str
    by_name: str
    people: int = 1
    ended_at: datetime | None = None
    changed: Mapping[str, int] = field(default_factory=dict)
    searched: int = 0
    left: tuple[str, ...] = ()
    copies_gone: tuple[str, ...] = ()
    outside: tuple[Outside, ...] = ()
    sealed: str = ""


ERASURES = Table("erasures", Erasure, "erasure", personal=False)
"""By mark. Written by who erases somebody and by the worker, which finishes what was interrupted
(flows/closeout/erase_person.py); read by the Close page."""


@dataclass(frozen=True, slots=True)
class Suppressed:
    """Profiles and racer names of erased people, as salted hashes: what a service still lists of them is not kept."""

    salt: str = ""
    hashes: frozenset[str] = frozenset()

    def holds(self, word: str) -> bool:
        """Is this a profile, or a racer name, of somebody who was erased?"""
        return bool(self.hashes) and bool(word) and _hash(self.salt, word) in self.hashes


SUPPRESSED = Document("erased_keys", Suppressed, Suppressed(), personal=False)
"""Written by who erases somebody; read wherever a service's listing is kept."""


def suppressing(kept: Suppressed, words: Iterable[str], salt: str) -> Suppressed:
    """A change of the document: these words, too; `salt` (random) where there is none yet."""
    salt = kept.salt or salt
    return Suppressed(salt, kept.hashes | {_hash(salt, word) for word in words if word})


def _hash(salt: str, word: str) -> str:
    return hmac.new(salt.encode(), word.casefold().encode(), hashlib.sha256).hexdigest()


@dataclass(frozen=True, slots=True)
class LegalHold:
    """Nobody is erased while it stands. Real time; `reason` as an organizer typed it."""

    reason: str
    by: str
    by_name: str
    at: datetime


LEGAL_HOLD: Document[LegalHold | None] = Document("legal_hold", LegalHold | None, None, personal=True)
"""Set and lifted by organizers on the Close page; read before anybody is erased."""
