"""How laps become a ranking score (deepracer-on-aws.md 2.5): milliseconds, lower is better."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

INVALID_SCORE = 86_000_000
"""What the service keeps for a run that does not qualify; it is never shown and never ranked."""


def score_laps(laps_ms: Sequence[int], timing: str, minimum_laps: int) -> int:
    """TOTAL_TIME: the sum of all laps. BEST_LAP_TIME: the fastest. AVG_LAP_TIME: the best mean over `minimum_laps`
    consecutive laps. `laps_ms` holds finished laps in the order driven; too few of them give `INVALID_SCORE`."""
    if not laps_ms or len(laps_ms) < minimum_laps:
        return INVALID_SCORE
    if timing == "BEST_LAP_TIME":
        return min(laps_ms)
    if timing == "AVG_LAP_TIME":
        window = max(1, minimum_laps)
        return min(round(sum(laps_ms[i : i + window]) / window) for i in range(len(laps_ms) - window + 1))
    return sum(laps_ms)


def summarise_laps(laps_ms: Sequence[int], off_track: int, collisions: int, resets: int) -> dict[str, Any]:
    """SubmissionStats of a run with at least one finished lap; times in whole milliseconds."""
    total, count = sum(laps_ms), len(laps_ms)
    mean_resets = round(resets / count, 4)
    return {
        "avgLapTime": round(total / count),
        "avgResets": int(mean_resets) if mean_resets == int(mean_resets) else mean_resets,
        "bestLapTime": min(laps_ms),
        "collisionCount": collisions,
        "completedLapCount": count,
        "offTrackCount": off_track,
        "resetCount": resets,
        "totalLapTime": total,
        "bestLapOffTrackCount": 0,
        "avgLapOffTrackCount": 0,
    }
