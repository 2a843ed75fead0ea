"""The accepted records of a list made into people, a whole column at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.addresses import service_refusals
from deepracer_admin.rules.roster.choices import NameOrder
from deepracer_admin.rules.roster.damaged_names import is_lossy, mended, needs_mending
from deepracer_admin.rules.roster.findings import (
    AcceptedColumns,
    AnswerColumn,
    Column,
    Duplicate,
    Limits,
    Rejected,
    cut,
)
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.heading_words import plain_heading
from deepracer_admin.rules.roster.lazy_column import (
    LazyColumn,
    coded_or_mapped,
    distinct,
    each,
    longest,
    mapped,
    picked,
)
from deepracer_admin.rules.roster.name_parts import in_their_order
from deepracer_admin.rules.roster.people import answer, fold, full_name

__all__ = ["Judged", "People"]

_T = TypeVar("_T")
_EXAMPLES = 5
_LOOKED_AT = 100  # duplicates; a handful tells what they are
_NAMES = ("name", "given", "family", "office")


class Judged(NamedTuple):
    """Which records are accepted, their addresses, the names found beside addresses (by record), and all findings."""

    is_accepted: Sequence[bool]
    emails: Sequence[str]
    names: Mapping[int, str]
    duplicates: list[Duplicate]
    rejected: list[Rejected]


class People:
    """Makes rows of the accepted records. `warnings` looks only at what may need one; `columns` does the work."""

    def __init__(
        self,
        body: Grid,
        judged: Judged,
        columns: Sequence[Column],
        limits: Limits,
        service_rule: str | None,
        name_order: NameOrder | None = None,
    ) -> None:
        self._body = body
        self._judged = judged
        self._at = {column.field: column for column in columns if column.field}
        self._extra = [column for column in columns if column.field is None and any(self._cells(column))]
        self._longest = limits.name_length
        self._service_rule = service_rule
        self._full_name = partial(full_name, order=name_order) if name_order else full_name
        self._damaged: dict[str, bool] = {}

    def warnings(self) -> list[str]:
        """One sentence for each kind of doubt, with the rows that it is about."""
        found = [self._doubtful_answers(field) for field in ("new_to_ml", "new_to_aws")]
        return [
            sentence
            for sentence in (self._long_names(), *found, *self._damaged_names(), self._other_names())
            if sentence
        ]

    def columns(self) -> AcceptedColumns:
        """The accepted people in the list's order."""
        emails = self._judged.emails
        return AcceptedColumns(
            rows=self._pick(self._body.lines),
            emails=emails,
            names=self._cut(self._names()),
            offices=coded_or_mapped(fold, self._values("office")),
            cost_centres=coded_or_mapped(fold, self._values("cost_centre")),
            new_to_ml=self._answers("new_to_ml"),
            new_to_aws=self._answers("new_to_aws"),
            extra={column.name: coded_or_mapped(fold, self._pick(self._cells(column))) for column in self._extra},
            refusals=service_refusals(emails, self._service_rule),
        )

    def _cells(self, column: Column) -> Sequence[str]:
        has_cells = column.position < self._body.width
        return self._body.columns[column.position] if has_cells else [""] * self._body.height

    def _pick(self, column: Sequence[_T]) -> Sequence[_T]:
        """The accepted records' part of a column."""
        return column if len(self._judged.emails) == len(column) else picked(column, self._judged.is_accepted)

    def _values(self, field: str) -> Sequence[str]:
        """The cells of a field in the accepted records; empty ones when the list has no such column."""
        if field not in self._at:
            return [""] * len(self._judged.emails)
        values = self._pick(self._cells(self._at[field]))
        if field in _NAMES and self._is_damaged(field):
            return mapped(mended, values)
        return values

    def _is_damaged(self, field: str) -> bool:
        known = self._damaged.get(field)
        if known is None:
            known = self._damaged[field] = needs_mending(self._cells(self._at[field]))
        return known

    def _damaged_names(self) -> list[str]:
        """A sentence about names that were put right, and one about names that have lost letters."""
        fixed: dict[str, str] = {}
        lost: list[str] = []
        for field in _NAMES:
            if field not in self._at or not self._is_damaged(field):
                continue
            for value in dict.fromkeys(self._pick(self._cells(self._at[field]))):
                better = mended(value)
                if better != value:
                    fixed.setdefault(value, better)
                elif is_lossy(value):
                    lost.append(value)
        said = []
        if fixed:
            shown = "; ".join(f"{cut(was)} as {cut(now)}" for was, now in list(fixed.items())[:_EXAMPLES])
            said.append(f"{counted(len(fixed), 'name')} that an earlier program had garbled, read as meant ({shown}).")
        if lost:
            shown = ", ".join(map(cut, lost[:_EXAMPLES])) + (" …" if len(lost) > _EXAMPLES else "")
            said.append(f"Letters seem to be lost in {counted(len(lost), 'name')} ({shown}): correct them in the list.")
        return said

    def _answers(self, field: str) -> Sequence[bool | None]:
        values = self._values(field)
        if isinstance(values, LazyColumn):
            return AnswerColumn(values.coded(lambda value: AnswerColumn.WORDS.index(answer(value))))
        return each(answer, values)

    def _names(self) -> Sequence[str]:
        if "name" not in self._at and not self._judged.names:
            given, family = mapped(fold, self._values("given")), mapped(fold, self._values("family"))
            given, family = in_their_order(given, family)
            if isinstance(given, LazyColumn) and isinstance(family, LazyColumn):
                whole = given.beside(family)
                return mapped(str.strip, whole) if given.has_empty() or family.has_empty() else whole
        given, family = each(fold, self._values("given")), each(fold, self._values("family"))
        given, family = in_their_order(given, family)
        if "name" not in self._at:
            names = list(map(" ".join, zip(given, family, strict=True)))
            if not (all(given) and all(family)):
                names = list(map(str.strip, names))
        else:
            names = list(map(self._full_name, self._values("name"), given, family))
        if self._judged.names:
            places = self._pick(range(self._body.height))
            for number, place in enumerate(places):
                if not names[number] and place in self._judged.names:
                    names[number] = self._full_name(self._judged.names[place])
        return names

    def _cut(self, names: Sequence[str]) -> Sequence[str]:
        if longest(names) <= self._longest:
            return names
        return [name[: self._longest].rstrip() if len(name) > self._longest else name for name in names]

    def _other_names(self) -> str | None:
        """A sentence about duplicates that have another name than the row that was taken: the address may be one that
        several people share, or the buyer's."""
        fields = [field for field in ("name", "given", "family") if field in self._at]
        again = self._judged.duplicates[:_LOOKED_AT]
        if not again or not fields:
            return None
        places = _places_of({line for each in again for line in (each.row, each.first_row)}, self._body.lines)

        def name(line: int) -> str:
            return fold(" ".join(self._cells(self._at[field])[places[line]] for field in fields))

        found = [
            f"row {each.row}: {cut(second)}, row {each.first_row}: {cut(first)}"
            for each in again
            if (second := name(each.row)) and (first := name(each.first_row)) and not _are_alike(first, second)
        ]
        if not found:
            return None
        shown = "; ".join(found[:_EXAMPLES]) + (f" and {len(found) - _EXAMPLES} more" if len(found) > _EXAMPLES else "")
        return f"One address stands beside different names, and the first was taken ({shown}): is it each one's own?"

    def _long_names(self) -> str | None:
        fields = [field for field in ("name", "given", "family") if field in self._at]
        most = sum(longest(self._cells(self._at[field])) for field in fields)
        most += max(map(len, self._judged.names.values()), default=0)
        if most < self._longest:
            return None
        rows = self._pick(self._body.lines)
        long = [row for row, name in zip(rows, self._names(), strict=True) if len(name) > self._longest]
        return f"{_rows_named(long)}: names longer than {self._longest} characters were cut." if long else None

    def _doubtful_answers(self, field: str) -> str | None:
        if field not in self._at:
            return None
        cells = self._cells(self._at[field])
        doubtful = {value for value in distinct(cells) if value.strip() and answer(value) is None}
        if not doubtful:
            return None
        lines, values = self._pick(self._body.lines), self._values(field)
        rows = [row for row, value in zip(lines, values, strict=True) if value in doubtful]
        if not rows:
            return None
        heading = self._at[field].name
        return f"{_rows_named(rows)}, column {heading}: neither yes nor no, so the answer was left open."


def _are_alike(first: str, second: str) -> bool:
    """Whether two spellings may be of one person: they share a word of more than two letters."""
    words = [
        {word for word in plain_heading(name).split() if len(word) > 2} or {plain_heading(name)}
        for name in (first, second)
    ]
    return bool(words[0] & words[1])


def _places_of(lines: set[int], all_lines: Sequence[int]) -> dict[int, int]:
    """Where records that start on these lines are."""
    if isinstance(all_lines, range):
        return {line: all_lines.index(line) for line in lines}
    return {line: place for place, line in enumerate(all_lines) if line in lines}


def _rows_named(rows: Sequence[int]) -> str:
    shown = ", ".join(map(str, rows[:_EXAMPLES]))
    more = len(rows) - _EXAMPLES
    word = "Row" if len(rows) == 1 else "Rows"
    return f"{word} {shown}" + (f" and {more} more" if more > 0 else "")
