"""Corrected columns of lists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from deepracer_admin.store.documents import Table

__all__ = ["COLUMN_MAPPINGS", "ColumnMapping"]


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Field of an attendee -> the heading, or the number, of its column; "": not in the list."""

    columns: Mapping[str, str | int]


COLUMN_MAPPINGS = Table("column_mappings", ColumnMapping, "headings", personal=False, of_event=False)
"""By a hash of a list's headings. Written when somebody corrects the columns of a dry run; read by later dry runs of
lists with the same headings."""
