"""Room for one more job: two quotas, what others use, and a look-up that is a little old (deepracer-on-aws-capacity.md
1).

Moments are epoch seconds of practice time; everything else counts training instances, one for each running job.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

QUOTAS_KEPT_S = 300.0
USAGE_KEPT_S = 10.0


@dataclass(frozen=True)
class Quotas:
    """What the account may run at once: `per_type` of the instance type that jobs use (L-1EC4D7FD), `total` of all
    types together (L-00C91CB5), less `others`, which the account runs for other things.
    """

    per_type: int
    total: int
    others: int = 0

    @property
    def slots(self) -> int:
        """Jobs that can run at once: the lower of the two quotas is in force."""
        return max(0, min(self.per_type, self.total) - self.others)


class Capacity:
    """The quotas over time, and what the deployment remembers of its last look at them."""

    def __init__(self, quotas: Quotas) -> None:
        self._changes: list[tuple[float, Quotas]] = [(0.0, quotas)]
        self._quotas_seen: tuple[float, Quotas] | None = None
        self._active_seen: tuple[float, int] | None = None

    def quotas(self, moment: float) -> Quotas:
        """Those in force at this moment."""
        return self._changes[max(0, bisect_right(self._changes, moment, key=lambda each: each[0]) - 1)][1]

    def change(self, moment: float, quotas: Quotas) -> None:
        """From this moment on these hold; whatever was planned for later is forgotten. Raises ValueError."""
        if min(quotas.per_type, quotas.total, quotas.others) < 0:
            raise ValueError("Quotas and what others use are numbers of zero or more.")
        self._changes = [each for each in self._changes if each[0] < moment] + [(moment, quotas)]

    def has_room(self, active: int, moment: float) -> bool:
        """Does SageMaker take one more job while so many of ours run?"""
        return active + 1 <= self.quotas(moment).slots

    def first_room(self, active: int, moment: float) -> float | None:
        """The first moment from this one on at which there is room although none of ours ends; None: never."""
        later = [at for at, _ in self._changes if at > moment]
        return next((at for at in [moment, *later] if self.has_room(active, at)), None)

    def appears_free(self, active: int, moment: float) -> bool:
        """What the deployment finds when it asks: quotas up to 5 min old, usage up to 10 s."""
        if self._quotas_seen is None or moment - self._quotas_seen[0] >= QUOTAS_KEPT_S:
            self._quotas_seen = (moment, self.quotas(moment))
        if self._active_seen is None or moment - self._active_seen[0] >= USAGE_KEPT_S:
            self._active_seen = (moment, active)
        return self._active_seen[1] + 1 <= self._quotas_seen[1].slots

    def dump(self) -> dict[str, Any]:
        """As JSON."""
        quotas, active = self._quotas_seen, self._active_seen
        return {
            "changes": [[at, asdict(each)] for at, each in self._changes],
            "quotas_seen": None if quotas is None else [quotas[0], asdict(quotas[1])],
            "active_seen": None if active is None else list(active),
        }

    def load(self, rows: Mapping[str, Any]) -> None:
        """Put a dump back."""
        self._changes = [(at, Quotas(**each)) for at, each in rows["changes"]]
        quotas, active = rows["quotas_seen"], rows["active_seen"]
        self._quotas_seen = None if quotas is None else (quotas[0], Quotas(**quotas[1]))
        self._active_seen = None if active is None else (active[0], active[1])
