"""What a race counts, in the two words that a column has room for. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from deepracer_admin.model import Timing

__all__ = ["COUNTS"]

COUNTS: Mapping[Timing, str] = {
    Timing.TOTAL_TIME: "Total time",
    Timing.BEST_LAP_TIME: "Best lap",
    Timing.AVG_LAP_TIME: "Average lap",
}
