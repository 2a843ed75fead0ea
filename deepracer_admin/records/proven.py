"""How each person's access was proved to be gone, or why it is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["ANSWERS", "GONE", "NOT_KNOWN", "PROVEN", "STILL_THERE", "Proven"]

GONE, STILL_THERE, NOT_KNOWN = ANSWERS = ("gone", "still there", "not known")
"""Three answers, not two: an ambiguous error of a service is no evidence."""


@dataclass(frozen=True, slots=True)
class Proven:
    """One person's answer by the close-out `job`, read at `at` (real time).

    `how`: what was seen, a word that the certificate explains. `settle`: of whom it is not known, which permission
    would tell; else "".
    """

    job: str
    answer: str
    how: str
    at: datetime
    settle: str = ""


PROVEN = Table("closing_proven", Proven, "attendee", personal=True)
"""Everybody of the list. Written by the last step of the close-out, read by the certificate."""
