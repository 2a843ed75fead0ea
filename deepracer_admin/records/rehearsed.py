"""What the practice world said at the end of a rehearsed event, before it was closed."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.store.documents import Reading

__all__ = ["BEFORE_CLOSE", "BeforeClose"]


@dataclass(frozen=True, slots=True)
class BeforeClose:
    """People in the group, profiles, hours of compute used."""

    in_group: int = 0
    profiles: int = 0
    hours: float = 0.0


BEFORE_CLOSE: Reading[BeforeClose | None] = Reading("rehearsal_before_close", BeforeClose | None, None, personal=False)
"""Written and read by the command `rehearse`; None until the event is over."""
