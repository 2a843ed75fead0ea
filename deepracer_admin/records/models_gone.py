"""Models that are to go: which profiles were proven empty, and which models the service does not delete."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.store.documents import Document, Table

__all__ = ["FAILED_DELETIONS", "PROVEN_EMPTY", "FailedDeletion", "ProvenEmpty"]


@dataclass(frozen=True, slots=True)
class ProvenEmpty:
    """Profile ids, of the close-out `job`: `gone` hold no model for good; `swept` held none in this sweep, but had work
    queued, so they are asked again when everybody was asked; `perhaps` may hold some though they are not listed."""

    job: str = ""
    gone: frozenset[str] = frozenset()
    swept: frozenset[str] = frozenset()
    perhaps: frozenset[str] = frozenset()


PROVEN_EMPTY = Document("models_proven_gone", ProvenEmpty, ProvenEmpty(), personal=False)
"""Written and read by the close-out alone (flows/readings/models.py)."""


@dataclass(frozen=True, slots=True)
class FailedDeletion:
    """A model that the close-out `job` has seen `seen` times in ERROR, and deleted after each of them. Such a model may
    stay for good (deepracer-on-aws-capacity.md 5)."""

    profile: str
    job: str = ""
    seen: int = 0


FAILED_DELETIONS = Table("models_not_deleted", FailedDeletion, "model", personal=False)
"""Written and read by the close-out alone."""
