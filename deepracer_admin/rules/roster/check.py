"""The whole check of a list: bytes in, accepted people and findings out.

Invariant: every data row ends as exactly one of accepted, duplicate, rejected; the first row of an address wins;
blank rows do not count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import compress, count
from operator import eq, not_

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.accepted import Judged, People
from deepracer_admin.rules.roster.addresses import AddressJudge, Problem, normalise_email, normalise_emails, unwrap
from deepracer_admin.rules.roster.columns import Header, find_header, guess_columns
from deepracer_admin.rules.roster.findings import (
    AcceptedRows,
    Column,
    Duplicate,
    Limits,
    Rejected,
    RosterCheck,
    UnreadableRoster,
    cut,
)
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.people import fold
from deepracer_admin.rules.roster.reading import read_list

__all__ = ["check"]

_SECTION_TITLE = re.compile(r"\s*\d+\.\s+\S")
_NO_EMAIL_COLUMN = Problem(
    "no e-mail column", "No column with e-mail addresses was found: choose it in the column mapping."
)
_LIMITS = Limits()


def check(
    data: bytes,
    *,
    filename: str,
    mapping: Mapping[str, str | int] | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
    service_rule: str | None = None,
    limits: Limits = _LIMITS,
) -> RosterCheck:
    """Read any attendee list and judge every row.

    `mapping` maps a field of `columns.FIELDS` to a heading, a position (from 0) or "" (not in the list), and overrules
    the guess. `encoding`, `delimiter`, `sheet` and `header_row` (1-based line, 0 for none) overrule theirs.
    `service_rule` names the racing service whose refusals are marked on accepted rows (see `service_refusal`).

    Raises UnreadableRoster when there is no list to judge; never for the fault of a single row.
    """
    reading = read_list(data, limits=limits, encoding=encoding, delimiter=delimiter, sheet=sheet)
    grid = reading.grid
    header = _header(reading, header_row)
    heading = reading.heading or (grid.record(header.place) if header.place is not None else ())
    warnings = list(reading.warnings)
    body = _body(grid, header, warnings)
    if body.height > limits.rows:
        raise UnreadableRoster(f"The list has more than {limits.rows:,} rows: import it in parts.")
    columns = tuple(
        column
        for column in guess_columns(heading, body, mapping)
        if column.position < len(heading) or any(body.columns[column.position])
    )
    at = {column.field: column for column in columns if column.field}
    judged = _judge(body, at["email"]) if "email" in at else _reject_all(body)
    people = People(body, judged, columns, limits, service_rule)
    warnings += people.warnings()
    if not body.height:
        warnings.append("The list has a header but no rows below it." if heading else "The list has no rows.")
    elif "email" not in at:
        warnings.append(_NO_EMAIL_COLUMN.reason)
    return RosterCheck(
        file=filename,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        sheet=reading.sheet,
        sheets=reading.sheets,
        header_row=grid.lines[header.place] if header.place is not None else None,
        columns=columns,
        rows=body.height,
        accepted=AcceptedRows(len(judged.emails), people.columns),
        duplicates=tuple(judged.duplicates),
        rejected=tuple(judged.rejected),
        warnings=tuple(warnings),
    )


def _header(reading: Reading, wanted: int | None) -> Header:
    if reading.heading is not None or wanted == 0:
        return Header(None, 0)
    if wanted is not None and wanted in reading.grid.lines:
        place = reading.grid.lines.index(wanted)
        return Header(place, place + 1)
    return find_header(reading.grid)


def _body(grid: Grid, header: Header, warnings: list[str]) -> Grid:
    """The data records that hold anything."""
    end = None
    if header.place and _is_section_title(grid.record(header.place - 1)):
        # A meeting report: numbered sections, each with a header of its own. Ours ends where the next begins.
        places = range(header.first, grid.height)
        end = next((place for place in places if _is_section_title(grid.record(place))), None)
        if end is not None:
            title = "".join(grid.record(end)).strip()
            warnings.append(f"Everything from line {grid.lines[end]} on ({cut(title)}) was left out.")
    return grid.cut(header.first, end).without_blank()


def _is_section_title(record: Sequence[str]) -> bool:
    filled = [cell for cell in record if cell.strip()]
    return len(filled) == 1 and _SECTION_TITLE.match(filled[0]) is not None


def _judge(body: Grid, column: Column) -> Judged:
    """Every record as accepted, duplicate or rejected, by its address. Plain addresses are judged all at once."""
    values = body.columns[column.position]
    judge = AddressJudge()
    normal = normalise_emails(values)
    emails: list[str | None] = [*normal]
    names: dict[int, str] = {}
    rejected: list[Rejected] = []
    usual = _usual_width(body)
    for place in compress(range(len(normal)), map(not_, judge.plain(normal))):
        address, name = unwrap(values[place])
        email = emails[place] = normal[place] = normalise_email(address)
        if problem := judge.problem(email):
            emails[place] = None
            reason = problem.reason + _shifted(body.width_of(place), usual)
            rejected.append(Rejected(body.lines[place], column.name, cut(fold(values[place])), problem.rule, reason))
        elif name:
            names[place] = name
    first = dict(zip(reversed(emails), range(len(emails) - 1, -1, -1), strict=True))
    first.pop(None, None)
    is_first = list(map(eq, map(first.get, emails), count()))
    accepted = list(compress(normal, is_first))
    duplicates = []
    if len(accepted) + len(rejected) < len(emails):
        lines = body.lines
        duplicates = [
            Duplicate(lines[place], email, lines[first[email]])
            for place in compress(range(len(emails)), map(not_, is_first))
            if (email := emails[place]) is not None
        ]
    return Judged(is_first, accepted, names, duplicates, rejected)


def _reject_all(body: Grid) -> Judged:
    shown = (cut(" ".join(filter(None, map(str.strip, cells)))) for cells in zip(*body.columns, strict=True))
    rejected = [
        Rejected(line, "E-mail", value, *_NO_EMAIL_COLUMN) for line, value in zip(body.lines, shown, strict=True)
    ]
    return Judged([False] * body.height, [], {}, [], rejected)


def _usual_width(body: Grid) -> int:
    widths = [body.width_of(place) for place in range(min(body.height, 200))]
    return max(set(widths), key=widths.count) if widths else 0


def _shifted(width: int, usual: int) -> str:
    if width <= usual:
        return ""
    cells = counted(width, "cell")
    return f" The row has {cells} where others have {usual}: a separator inside a value may have moved them."
