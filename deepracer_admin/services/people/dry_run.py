"""What an import would do, row by row, before anything is written."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster import RosterCheck
from deepracer_admin.rules.roster.choices import GUESSED, ReadingChoices
from deepracer_admin.rules.roster.plan import Change, ImportPlan, PlanEntry
from deepracer_admin.services.people.remembered import Remembered

__all__ = ["DryRun", "ReportLine", "report_lines"]

_LEFT_OUT = {
    "hidden": "hidden in the sheet",
    "struck": "struck through",
    "declined": "will not come",
    "above": "above the heading",
    "table": "in a list that was put aside",
    "others": "of hosts, panelists or examples",
}
_FIELD_WORDS = {"name": "name", "office": "office", "cost_centre": "cost centre", "extra": "other columns"}


@dataclass(frozen=True, slots=True)
class DryRun:
    """A read list and what its import would change. `stamp` binds the confirmation to exactly this list and event.

    `choices` are how it was read, `guess` is how it would be read without any, and `remembered` says what was taken
    over from an earlier list of the same source.
    """

    check: RosterCheck
    plan: ImportPlan
    stamp: str
    event: str
    guess: RosterCheck
    choices: ReadingChoices = GUESSED
    remembered: Remembered | None = None

    @property
    def balance(self) -> str:
        """The rows of the file, each in exactly one place: "12 rows = 9 accepted + 1 duplicate + ...". A row of a
        team counts as one row and further people."""
        found = self.check
        left = Counter(_LEFT_OUT[out.kind] for out in found.left_out)
        parts = [
            f"{len(found.accepted):,} accepted",
            counted(len(found.duplicates), "duplicate"),
            f"{len(found.rejected):,} rejected",
            f"{len(found.left_out):,} left out"
            + (f" ({', '.join(f'{number:,} {why}' for why, number in left.items())})" if left else ""),
        ]
        further = found.further_people
        more = f" + {counted(further, 'further person', 'further people')} in them" if further else ""
        return f"{counted(found.rows, 'row')}{more} = {' + '.join(parts)}"


class ReportLine(NamedTuple):
    """One row of the list (0: a person of the event whom the list does not hold) and what would happen to it."""

    row: int
    address: str
    result: str  # new | changed | same | duplicate | rejected | left out | missing
    column: str
    why: str
    refused: bool  # the racing service will not take the address; imported all the same


def report_lines(dry: DryRun) -> list[ReportLine]:
    """Every data row exactly once, in the list's order, then the missing."""
    lines = [
        ReportLine(entry.row, entry.email, entry.change.value, "", _why(entry), entry.service_refusal is not None)
        for entry in dry.plan.entries
    ]
    lines += [
        ReportLine(row.row, row.email, "duplicate", "", f"The same address stands in row {row.first_row}.", False)
        for row in dry.check.duplicates
    ]
    lines += [ReportLine(row.row, row.value, "rejected", row.column, row.reason, False) for row in dry.check.rejected]
    lines += [ReportLine(row.row, row.value, "left out", "", row.reason, False) for row in dry.check.left_out]
    lines.sort(key=lambda line: line.row)
    missing = "On the event's list, not in this one; stays, unless you take them out."
    return [*lines, *(ReportLine(0, email, "missing", "", missing, False) for email in dry.plan.missing)]


def _why(entry: PlanEntry) -> str:
    if entry.service_refusal:
        return entry.service_refusal
    if entry.change is Change.CHANGED:
        return "Changes " + ", ".join(_FIELD_WORDS.get(field, field.replace("_", " ")) for field in entry.after) + "."
    return "The same address stands in an earlier row." if entry.change is Change.DUPLICATE else ""
