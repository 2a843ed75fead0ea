"""The whole check of a list: bytes in, accepted people and findings out.

Invariant: every data row ends as exactly one of accepted, duplicate, rejected; the first row of an address wins;
blank rows do not count.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from deepracer_admin.rules.roster.addresses import AddressJudge, Problem, normalise_email, service_refusal, unwrap
from deepracer_admin.rules.roster.columns import Header, find_header, guess_columns
from deepracer_admin.rules.roster.findings import (
    NO_EXTRA,
    Column,
    Duplicate,
    Limits,
    Rejected,
    RosterCheck,
    RosterRow,
    cut,
)
from deepracer_admin.rules.roster.people import answer, fold, full_name
from deepracer_admin.rules.roster.reading import Reading, read_list

__all__ = ["check"]

_T = TypeVar("_T")
_SECTION_TITLE = re.compile(r"\s*\d+\.\s+\S")
_NO_EMAIL_COLUMN = Problem(
    "no e-mail column", "No column with e-mail addresses was found: choose it in the column mapping."
)
_EXAMPLES = 5
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
    header = _header(reading, header_row)
    heading = reading.heading or (reading.records[header.place] if header.place is not None else ())
    warnings = list(reading.warnings)
    body, lines = _body(reading, header, warnings)
    columns = guess_columns(heading, body, mapping)
    cells = _columns_of_cells(body, len(columns))
    columns = tuple(column for column in columns if column.position < len(heading) or any(cells[column.position]))
    at = {column.field: column.position for column in columns if column.field}

    judged = _judge(cells[at["email"]] if "email" in at else None, body, lines, columns, at, limits)
    accepted = _accept(judged, cells, lines, columns, at, limits, warnings)
    if service_rule is not None:
        accepted = [row._replace(service_refusal=service_refusal(row.email, service_rule)) for row in accepted]
    if not body:
        warnings.append("The list has a header but no rows below it." if heading else "The list has no rows.")
    elif "email" not in at:
        warnings.append(_NO_EMAIL_COLUMN.reason)
    return RosterCheck(
        file=filename,
        encoding=reading.encoding,
        delimiter=reading.delimiter,
        sheet=reading.sheet,
        sheets=reading.sheets,
        header_row=reading.lines[header.place] if header.place is not None else None,
        columns=columns,
        rows=len(body),
        accepted=tuple(accepted),
        duplicates=tuple(judged.duplicates),
        rejected=tuple(judged.rejected),
        warnings=tuple(warnings),
    )


def _header(reading: Reading, wanted: int | None) -> Header:
    if reading.heading is not None or wanted == 0:
        return Header(None, 0)
    if wanted is not None and wanted in reading.lines:
        index = reading.lines.index(wanted)
        return Header(index, index + 1)
    return find_header(reading.records)


def _body(reading: Reading, header: Header, warnings: list[str]) -> tuple[list[Sequence[str]], list[int]]:
    """The data records that hold anything, and their lines."""
    body: list[Sequence[str]] = []
    lines: list[int] = []
    records = reading.records[header.first :]
    end = len(records)
    if header.place and _is_section_title(reading.records[header.place - 1]):
        # A meeting report: numbered sections, each with a header of its own. Ours ends where the next begins.
        end = next((index for index, record in enumerate(records) if _is_section_title(record)), end)
        if end < len(records):
            title = next(cell.strip() for cell in records[end] if cell.strip())
            warnings.append(f"Everything from line {reading.lines[header.first + end]} on ({cut(title)}) was left out.")
    for record, line in zip(records[:end], reading.lines[header.first :], strict=False):
        if "".join(record).strip():
            body.append(record)
            lines.append(line)
    return body, lines


def _is_section_title(record: Sequence[str]) -> bool:
    filled = [cell for cell in record if cell.strip()]
    return len(filled) == 1 and _SECTION_TITLE.match(filled[0]) is not None


def _columns_of_cells(body: Sequence[Sequence[str]], width: int) -> list[Sequence[str]]:
    if not body:
        return [()] * width
    padded = [record if len(record) == width else [*record, *[""] * (width - len(record))] for record in body]
    return list(zip(*padded, strict=True))


class _Judged:
    """Indices of accepted records with their addresses, and the findings about all others."""

    def __init__(self) -> None:
        self.indices: list[int] = []
        self.emails: list[str] = []
        self.names: dict[int, str] = {}
        self.duplicates: list[Duplicate] = []
        self.rejected: list[Rejected] = []


def _judge(
    raw: Sequence[str] | None,
    body: Sequence[Sequence[str]],
    lines: Sequence[int],
    columns: Sequence[Column],
    at: Mapping[str, int],
    limits: Limits,
) -> _Judged:
    judged = _Judged()
    if raw is None:
        shown = [cut(" ".join(filter(None, map(str.strip, record)))) for record in body]
        judged.rejected = [
            Rejected(line, "E-mail", value, *_NO_EMAIL_COLUMN) for line, value in zip(lines, shown, strict=True)
        ]
        return judged
    column = next(column.name for column in columns if column.position == at["email"])
    usual = _usual_width(body)
    judge = AddressJudge()
    first_rows: dict[str, int] = {}
    for index, value in enumerate(raw):
        email = normalise_email(value)
        if email not in first_rows and not judge.is_plain(email):
            address, name = unwrap(value)
            email = normalise_email(address)
            problem = judge.problem(email) if email not in first_rows else None
            if problem:
                reason = problem.reason + _shifted(body[index], usual)
                judged.rejected.append(Rejected(lines[index], column, cut(fold(value)), problem.rule, reason))
                continue
            if name and email not in first_rows:
                judged.names[index] = name
        first = first_rows.setdefault(email, lines[index])
        if len(first_rows) > len(judged.indices):
            judged.indices.append(index)
            judged.emails.append(email)
        else:
            judged.duplicates.append(Duplicate(lines[index], email, first))
    return judged


def _usual_width(body: Sequence[Sequence[str]]) -> int:
    widths = [len(record) for record in body[:200]]
    return max(set(widths), key=widths.count) if widths else 0


def _shifted(record: Sequence[str], usual: int) -> str:
    if len(record) <= usual:
        return ""
    return (
        f" The row has {len(record)} cells where others have {usual}: a separator inside a value may have moved them."
    )


def _accept(
    judged: _Judged,
    cells: Sequence[Sequence[str]],
    lines: Sequence[int],
    columns: Sequence[Column],
    at: Mapping[str, int],
    limits: Limits,
    warnings: list[str],
) -> list[RosterRow]:
    indices = judged.indices
    every = len(indices) == len(lines)

    def column(field: str) -> list[str]:
        if field not in at:
            return [""] * len(indices)
        values = cells[at[field]]
        return list(values) if every else [values[index] for index in indices]

    rows = [lines[index] for index in indices]
    names = _names(judged, rows, column, limits, warnings)
    extra_columns = [col for col in columns if col.field is None and any(cells[col.position])]
    extras = _extras(extra_columns, cells, indices)
    labels = {col.field: col.name for col in columns if col.field}
    return list(
        map(
            RosterRow,
            rows,
            judged.emails,
            names,
            _each(fold, column("office")),
            _each(fold, column("cost_centre")),
            _answers(column("new_to_ml"), rows, labels.get("new_to_ml", ""), warnings),
            _answers(column("new_to_aws"), rows, labels.get("new_to_aws", ""), warnings),
            extras,
        )
    )


def _each(rule: Callable[[str], _T], values: Sequence[str]) -> list[_T]:
    """`rule` of every value, asked once for each distinct one."""
    known = {value: rule(value) for value in set(values)}
    return [known[value] for value in values]


def _names(
    judged: _Judged,
    rows: Sequence[int],
    column: Callable[[str], list[str]],
    limits: Limits,
    warnings: list[str],
) -> list[str]:
    names = list(map(full_name, column("name"), column("given"), column("family")))
    for place, index in enumerate(judged.indices):
        if not names[place] and index in judged.names:
            names[place] = full_name(judged.names[index])
    long = [place for place, name in enumerate(names) if len(name) > limits.name_length]
    for place in long:
        names[place] = names[place][: limits.name_length].rstrip()
    if long:
        warnings.append(
            f"{_rows_named([rows[place] for place in long])}: "
            f"names longer than {limits.name_length} characters were cut."
        )
    return names


def _answers(values: Sequence[str], rows: Sequence[int], heading: str, warnings: list[str]) -> list[bool | None]:
    answers = _each(answer, values)
    unknown = [
        row
        for row, value, known in zip(rows, values, answers, strict=True)
        if known is None and value and value.strip()
    ]
    if unknown:
        warnings.append(f"{_rows_named(unknown)}, column {heading}: neither yes nor no, so the answer was left open.")
    return answers


def _extras(
    columns: Sequence[Column], cells: Sequence[Sequence[str]], indices: Sequence[int]
) -> list[Mapping[str, str]]:
    if not columns:
        return [NO_EXTRA] * len(indices)
    names = [column.name for column in columns]
    folded = [_each(fold, cells[column.position]) for column in columns]
    table = list(zip(*folded, strict=True))
    return [{name: value for name, value in zip(names, table[index], strict=True) if value} for index in indices]


def _rows_named(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:_EXAMPLES]))
    more = len(rows) - _EXAMPLES
    word = "Row" if len(rows) == 1 else "Rows"
    return f"{word} {shown}" + (f" and {more} more" if more > 0 else "")
