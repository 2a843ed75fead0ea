"""When the data folder was last copied."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Document

__all__ = ["COPIED", "Copied"]


@dataclass(frozen=True, slots=True)
class Copied:
    """`at`: real time; None: never."""

    at: datetime | None = None


COPIED = Document("copied", Copied, Copied(), personal=False, of_event=False)
"""Of the installation. Written by the command `store backup`; read by the pre-flight."""
