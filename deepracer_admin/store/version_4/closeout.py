"""The close-out: proof, what was ended and what was read back."""

from __future__ import annotations

from typing import Any

from deepracer_admin.store.version_4.moved import Move, Moved, same

__all__ = ["MOVES"]


def _rounds(value: dict[str, Any]) -> list[Moved]:
    return [
        Moved("closing_deletions", {"job": value.get("job", ""), "rounds": rounds}, profile)
        for profile, rounds in (value.get("rounds") or {}).items()
    ]


MOVES: dict[str, Move] = {
    "proof": lambda value: [Moved("proof", {**value, "as_of": value.get("as_of") or None})] if value else [],
    "closing_tries": _rounds,
    "closing_profiles": same("closing_profiles"),
    "closing_former_states": lambda value: [
        Moved("closing_former_states", {"state": state}, profile) for profile, state in value.items()
    ],
    "closing_ended": same("closing_ended"),
    "models_proven_gone": lambda value: [Moved("models_proven_gone", {"gone": value})],
    "models_asked_in_this_sweep": lambda _: [],  # asked again
    "erased": same("erased"),
}
