"""Races, entrants, boards and the big screen."""

from __future__ import annotations

from deepracer_admin.store.version_4.moved import Move

__all__ = ["MOVES"]

MOVES: dict[str, Move] = {}
