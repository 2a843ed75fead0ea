"""Sponsorship, pauses, former limits."""

from __future__ import annotations

from typing import Any

from deepracer_admin.store.version_4.moved import Move, Moved

__all__ = ["MOVES"]


def _quota(pair: list[int]) -> dict[str, int]:
    return {"minutes": pair[0], "models": pair[1]}


def _switch(value: dict[str, Any]) -> list[Moved]:
    """One value became the switch, the limits of new profiles, and a row for each profile that a closing set to 0."""
    tries = value.get("tries") or {}
    kept = ("open", "closing", "as_of", "sentence", "opened_at", "hidden")
    switch = {name: value[name] for name in kept if value.get(name) is not None}
    moved = [Moved("sponsorship", {**switch, "tries_job": tries.get("job", ""), "tries": tries.get("rounds", 0)})]
    former, given_back = value.get("former_new"), value.get("given_back_new")
    own = [_quota(pair) for pair in value.get("own_new") or ()]
    if former or given_back or own:
        new = {
            "former": _quota(former) if former else None,
            "own": own,
            "given_back": _quota(given_back) if given_back else None,
        }
        moved.append(Moved("new_profile_limits", new))
    rows = (value.get("former") or {}).items()
    return moved + [Moved("former_limits", _quota(pair), profile) for profile, pair in rows]


MOVES: dict[str, Move] = {
    "sponsorship": _switch,
    "paused_profiles": lambda value: [
        Moved("paused_profiles", _quota(pair), profile) for profile, pair in value.items()
    ],
}
