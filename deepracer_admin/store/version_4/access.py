"""Onboarding, invitations, guests, first passwords, lists."""

from __future__ import annotations

from deepracer_admin.store.version_4.moved import Move, Moved, same

__all__ = ["MOVES"]


def _quota(pair: list[int]) -> dict[str, int]:
    return {"minutes": pair[0], "models": pair[1]}


MOVES: dict[str, Move] = {
    "onboarding": same("onboarding"),
    "onboarding_report": same("onboarding_report"),
    "trouble": same("trouble"),
    "adopted_quotas": lambda value: [Moved("adopted_quotas", _quota(pair), profile) for profile, pair in value.items()],
    "current_event": same("current_event"),
}
