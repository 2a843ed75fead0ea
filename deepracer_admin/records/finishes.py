"""Whether the result of a race is final: what is still on its way after its close, and who declared it final."""

from __future__ import annotations

from deepracer_admin.rules.finish import Finish, ModelsInTraining
from deepracer_admin.store.documents import Reading, Table

__all__ = ["FINISHES", "MODELS_IN_TRAINING"]

FINISHES = Table("finishes", Finish, "race", personal=True)
"""Races past their close. Written by the race watcher, the close-out and an organizer who declares a result final; read
by every board. Personal, because the reason is free text."""

MODELS_IN_TRAINING = Reading("models_in_training", ModelsInTraining, ModelsInTraining(), personal=False)
"""Written and read by who looks for submissions on their way (flows/races/finish.py)."""
