"""What a person chose where the reading of a list was guessed: one typed value, on its way to the child and back.

Only what was chosen stands in it; everything else is guessed again. A choice that decides what rows and columns there
are (the sheet, the separator, the heading) drops those that were made about the former rows and columns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal, get_args

__all__ = ["GUESSED", "INCLUDE", "NameOrder", "ReadingChoices"]

NameOrder = Literal["family first", "as written"]
INCLUDE = ("hidden", "struck", "declined", "above", "others")
"""What is left out by default, by the word that lets it in: rows that a sheet hides or strikes through, people whose
status says no, rows above the heading, rows of hosts and panelists."""
_ROWS = ("header_row", "tables_aside", "teams_apart")
_COLUMNS = ("columns", "status_column", "let_in", "keep_out", "include")
_DROPS: dict[str, tuple[str, ...]] = {
    "sheet": ("encoding", "delimiter", *_ROWS, *_COLUMNS),
    "encoding": (),
    "delimiter": (*_ROWS, *_COLUMNS),
    "header_row": ("tables_aside", "teams_apart", *_COLUMNS),
    "teams_apart": _COLUMNS,
    "status_column": ("let_in", "keep_out"),
}


@dataclass(frozen=True, slots=True)
class ReadingChoices:
    """How a list is to be read where a person disagrees with the guess; None and empty: as guessed.

    `delimiter` "" is none, `header_row` a 1-based line (0: there is no heading), `tables_aside` the lines of the
    headings of lists that are left out. `columns` maps a field of `columns.FIELDS` to a heading, a position from 0 or
    "" (not in the list). `teams_apart` False: a row is one person, whatever several addresses stand in it.
    `status_column` is the position of the column that says who comes ("": none does); `let_in` and `keep_out` are
    values of such columns, each with its heading ("": any), of which a person says the contrary of the guess.
    """

    sheet: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    header_row: int | None = None
    tables_aside: tuple[int, ...] = ()
    columns: Mapping[str, str | int] = field(default_factory=dict)
    teams_apart: bool | None = None
    name_order: NameOrder | None = None
    status_column: int | Literal[""] | None = None
    let_in: tuple[tuple[str, str], ...] = ()
    keep_out: tuple[tuple[str, str], ...] = ()
    include: tuple[str, ...] = ()

    def choosing(self, what: str, value: Any) -> ReadingChoices:
        """The choices with one more, or another; without those that it makes meaningless."""
        dropped = {name: _EMPTY[name] for name in _DROPS.get(what, ())}
        return replace(self, **{**dropped, what: value})

    def made(self) -> dict[str, Any]:
        """What was chosen, by name."""
        return {name: value for name, empty in _EMPTY.items() if (value := getattr(self, name)) != empty}

    def options(self) -> dict[str, Any]:
        """What was chosen, as the options of `check.check`."""
        return {"mapping" if name == "columns" else name: value for name, value in self.made().items()}

    def as_json(self) -> dict[str, Any]:
        """Plain values for the pipe to the child. The inverse of `of_json`."""
        return {name: _plain(value) for name, value in self.made().items()}

    @classmethod
    def of_json(cls, values: Mapping[str, Any]) -> ReadingChoices:
        """Raises ValueError for what is no choice."""
        unknown = values.keys() - _EMPTY.keys()
        if unknown or not all(_FITS[name](value) for name, value in values.items()):
            raise ValueError(f"These are no choices of reading a list: {', '.join(sorted(unknown or values))}")
        given: dict[str, Any] = {
            name: tuple(tuple(each) if isinstance(each, list) else each for each in value)
            if isinstance(value, list)
            else value
            for name, value in values.items()
        }
        return cls(**given)


GUESSED = ReadingChoices()
_EMPTY: dict[str, Any] = {each.name: getattr(GUESSED, each.name) for each in fields(ReadingChoices)}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [list(each) if isinstance(each, tuple) else each for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _is_line(value: object) -> bool:
    return type(value) is int and value >= 0


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_words(value: object) -> bool:
    return isinstance(value, list) and all(_are_texts(each) and len(each) == 2 for each in value)


_FITS = {
    "sheet": _is_text,
    "encoding": _is_text,
    "delimiter": lambda value: isinstance(value, str) and len(value) < 2,
    "header_row": _is_line,
    "tables_aside": lambda value: isinstance(value, list) and all(map(_is_line, value)),
    "columns": lambda value: (
        isinstance(value, dict) and all(_is_text(name) and (_is_text(at) or _is_line(at)) for name, at in value.items())
    ),
    "name_order": lambda value: value in get_args(NameOrder),
    "status_column": lambda value: value == "" or _is_line(value),
    "let_in": _are_words,
    "keep_out": _are_words,
    "teams_apart": lambda value: isinstance(value, bool),
    "include": lambda value: _are_texts(value) and set(value) <= set(INCLUDE),
}
