"""How fast practice time should go, as somebody asked."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.store.documents import Document

__all__ = ["PRACTICE_WISH", "PracticeWish"]


@dataclass(frozen=True, slots=True)
class PracticeWish:
    """`speed`: event seconds per real second, 1 to 600. `is_done`: the practice world was told."""

    speed: float = 1.0
    paused: bool = False
    is_done: bool = True


PRACTICE_WISH = Document("practice_wish", PracticeWish, PracticeWish(), personal=False, of_event=False)
"""Of the installation: there is one practice world. Written by whoever presses pause, slower or faster; told to the
practice world by the worker within a second, and done with then, so that a later start does not tell it again."""
