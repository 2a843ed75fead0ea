"""The connect check, the connected account, staff, what is remembered."""

from __future__ import annotations

from deepracer_admin.store.version_4.moved import Move

__all__ = ["MOVES"]

MOVES: dict[str, Move] = {}
