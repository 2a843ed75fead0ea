"""What the practice world said at the end of a rehearsed event, before it was closed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from deepracer_admin.store.documents import Reading

__all__ = ["BEFORE_CLOSE", "BeforeClose", "Count"]

Count = int | float | str | bool | None


@dataclass(frozen=True, slots=True)
class BeforeClose:
    """People in the group, profiles, hours of compute used; `drill`: how the console did in a drill, by counter."""

    in_group: int = 0
    profiles: int = 0
    hours: float = 0.0
    drill: Mapping[str, int | float | str | bool | None] = field(
        default_factory=dict[str, int | float | str | bool | None]
    )


BEFORE_CLOSE: Reading[BeforeClose | None] = Reading("rehearsal_before_close", BeforeClose | None, None, personal=False)
"""Written and read by the command `rehearse`; None until the event is over."""
