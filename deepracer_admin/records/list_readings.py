"""How lists of a source were read, where a person corrected the guess."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from deepracer_admin.store.documents import Table

__all__ = ["LIST_READINGS", "ListReading"]


@dataclass(frozen=True, slots=True)
class ListReading:
    """The corrections of one source. No text of a list stands in it: headings, titles, sheets and the words of a
    status are kept as marks (`services.people.remembered.mark`), which tell whether another file has the same.

    `columns` maps a field of an attendee to the position of its column (from 0; older versions wrote its heading),
    "": not in the list. `guessed` and `headings` are the marks of the headings as they were guessed, and as they were
    read in the end; positions are those of `headings`. Who is let in against a word of the list (hidden rows, people
    who declined) is not kept: that is asked anew of each file.
    """

    columns: Mapping[str, str | int]
    guessed: tuple[str, ...] = ()
    headings: tuple[str, ...] = ()
    kind: str = ""  # of rules.roster.shape.Kind; "": not known
    sheet: str = ""
    encoding: str = ""
    delimiter: str | None = None
    header_row: int | None = None
    tables_aside: tuple[str, ...] = ()
    teams_apart: bool | None = None
    name_order: str = ""
    status_column: str | int | None = None
    keep_out: tuple[str, ...] = ()
    at: datetime | None = None
    by: str = ""  # the organizer who corrected


LIST_READINGS = Table("column_mappings", ListReading, "headings", personal=False, of_event=False)
"""By a hash of a list's headings, as guessed and as read in the end. Written when somebody corrects how a list was
read; read by later dry runs of lists with the same headings, or nearly the same."""
