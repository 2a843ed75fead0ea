"""How fresh a store is that is a copy of one that several computers share."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

__all__ = ["Followed"]


class Followed(Protocol):
    """The part of an EventStore that tells how fresh it is. Real time."""

    @property
    def followed_at(self) -> datetime | None:
        """When this copy was last as the shared store was. None: there is no other, this is the store itself."""
        ...

    @property
    def trouble(self) -> str:
        """Why the shared store cannot be followed at the moment, as a sentence; "" when it can."""
        ...

    def follow(self) -> None:
        """Take over now what others changed: for functions, which have no background. Raises StoreError."""
        ...
