"""How a list was read, and what a person may choose instead; what they see follows each choice.

Each widget is set to how the list is read now before it is drawn, so that none shows what does not hold: a choice may
move others (another sheet has other columns) or turn out to be impossible.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from deepracer_admin.rules.roster import FIELDS, RosterCheck
from deepracer_admin.rules.roster.findings import Candidate, cut
from deepracer_admin.services.people.dry_run import DryRun
from deepracer_admin.services.people.remembered import DELIMITER_WORDS, FIELD_TITLES
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.words import count, plain, whole
from deepracer_admin.ui.people.open_list import OpenList, opened_list, read_otherwise

__all__ = ["by_hand", "first_rows", "reading_choices"]

_ASIDE = "(not in the list)"
_AS_GUESSED = "as guessed"
_AS_IN_A_MAIL = "as in a mail"
_ORDERS = {
    _AS_GUESSED: "given name first",
    "family first": "family name first",
    "as written": "as written",
}
_ABOUT_ORDERS = (
    "Given name first: only “Rossi, Anna” is turned round. Family name first: “Rossi Anna” becomes “Anna Rossi”. As "
    "written: nothing is turned round."
)
_ACROSS = 3
_ENCODINGS = ("utf-8", "cp1252", "cp1250", "cp1254", "cp1257", "cp1251", "cp1253", "cp932", "gb18030", "cp949", "big5")
_SHOWN_CELLS = 6
_Draw = Callable[[Any], None]
_SHOWN_ROWS = 8


def reading_choices(dry: DryRun, now: OpenList) -> None:
    """What was guessed, each to be corrected; only where there is a choice."""
    whole = _whole(dry, now.digest)
    widths = [2 if name == "heading" and len(whole) < _ACROSS else 1 for name in whole]
    for box, draw in zip(st.columns([*widths, *[1] * (_ACROSS - sum(widths))]), whole.values(), strict=False):
        draw(box)
    columns = [*_columns(dry.check, now.digest), _order(dry, now.digest)]
    for first in range(0, len(columns), _ACROSS):
        for box, draw in zip(st.columns(_ACROSS), columns[first : first + _ACROSS], strict=True):
            draw(box)
    _let_in(dry, now.digest)
    st.caption("Corrections are remembered for lists of the same source; whom to let in is asked anew for each file.")


def by_hand(now: OpenList) -> None:
    """A list that cannot be read as guessed: what it is, from somebody who knows."""
    with st.expander("Is it a list all the same? Say how it is to be read"):
        sheet, encoding, delimiter = st.columns(3)
        sheet.text_input(
            "Sheet, by its name",
            key=f"by-hand-{now.digest}-sheet",
            on_change=_chosen,
            args=("sheet", f"by-hand-{now.digest}-sheet"),
        )
        encoding.selectbox(
            "Encoding",
            [_AS_GUESSED, *_ENCODINGS],
            key=f"by-hand-{now.digest}-encoding",
            on_change=_chosen,
            args=("encoding", f"by-hand-{now.digest}-encoding"),
        )
        delimiter.selectbox(
            "Separator",
            [_AS_GUESSED, *DELIMITER_WORDS],
            format_func=_separator,
            key=f"by-hand-{now.digest}-delimiter",
            on_change=_chosen,
            args=("delimiter", f"by-hand-{now.digest}-delimiter"),
        )


def first_rows(check: RosterCheck) -> None:
    """The first rows of the file as they stand there, the heading marked."""
    rows = check.shape.head[:_SHOWN_ROWS]
    width = min(max((len(row.cells) for row in rows), default=0), _SHOWN_CELLS)
    frame = pd.DataFrame(
        [
            ["heading" if row.line == check.header_row else "", row.line, *row.cells[:width]]
            + [""] * (width - len(row.cells))
            for row in rows
        ],
        columns=["Taken for", "Line", *(f"Cell {place + 1}" for place in range(width))],
    )
    st.dataframe(
        frame,
        hide_index=True,
        key="upload-first-rows",
        placeholder=NOTHING,
        height="content",
        column_config={
            "Taken for": st.column_config.TextColumn(width=80),
            "Line": st.column_config.NumberColumn(width=50),
        },
        alt="The first rows of the file as they stand there",
    )


# ------------------------------------------------------------------------------------------- the file as a whole


def _whole(dry: DryRun, digest: str) -> dict[str, _Draw]:
    """The sheet, the heading, the encoding and the separator, where there is a choice."""
    check, shape = dry.check, dry.check.shape
    boxes: dict[str, _Draw] = {}
    if len(check.sheets) > 1:
        hidden = set(shape.hidden_sheets)
        boxes["sheet"] = lambda box: _select(
            box,
            "Sheet",
            check.sheets,
            check.sheet,
            what="sheet",
            key=f"reading-{digest}-sheet",
            shown=lambda name: f"{name} (hidden)" if name in hidden else name,
        )
    if shape.kind not in ("mailboxes", "entries"):
        lines = {row.line: cut(", ".join(filter(None, row.cells))) for row in shape.head}
        boxes["heading"] = lambda box: _select(
            box,
            "Heading",
            [0, *lines],
            check.header_row or 0,
            what="header_row",
            key=f"reading-{digest}-heading",
            shown=lambda line: f"Line {line}: {lines[line]}" if line else "None: the first row is a person",
        )
    encodings = _encodings(dry)
    if len(encodings) > 1:
        boxes["encoding"] = lambda box: _select(
            box,
            "Encoding: which names are right?",
            [*encodings],
            check.encoding,
            what="encoding",
            key=f"reading-{digest}-encoding",
            shown=lambda name: f"{encodings[name]} ({name})" if encodings[name] else str(name),
        )
    if shape.kind in ("text", "mailboxes"):
        mail = [_AS_IN_A_MAIL] if "mailboxes" in (shape.kind, dry.guess.shape.kind) else []
        signs = [*mail, *DELIMITER_WORDS]
        at = _AS_IN_A_MAIL if shape.kind == "mailboxes" else check.delimiter or ""
        boxes["separator"] = lambda box: _select(
            box,
            "Separator",
            signs if at in signs else [at, *signs],
            at,
            what="delimiter",
            key=f"reading-{digest}-delimiter",
            shown=_separator,
        )
    return boxes


def _encodings(dry: DryRun) -> dict[str | None, str]:
    """Encoding -> two names as they would read."""
    known = [*dry.guess.candidates, *dry.check.candidates, Candidate(dry.check.encoding or "", ())]
    found: dict[str | None, str] = {}
    for candidate in known:
        if candidate.encoding:
            found.setdefault(candidate.encoding, ", ".join(candidate.samples))
    return found


# ----------------------------------------------------------------------------------------------------- columns


def _columns(check: RosterCheck, digest: str) -> list[_Draw]:
    names = {column.position: f"{column.name} ({column.position + 1})" for column in check.columns}

    def drawn(box: Any, field_key: str) -> None:
        key = f"columns-{digest}-{field_key}"
        st.session_state[key] = check.mapping.get(field_key, "")
        box.selectbox(
            FIELD_TITLES[field_key],
            ["", *names],
            format_func=lambda place: _ASIDE if place == "" else names[int(place)],
            key=key,
            on_change=_column_chosen,
            args=(field_key, key),
        )

    return [partial(drawn, field_key=field_key) for field_key in FIELDS]


def _order(dry: DryRun, digest: str) -> _Draw:
    """Nothing where no full names are read."""
    if "name" not in dry.check.mapping and dry.check.shape.kind != "mailboxes":
        return lambda _: None
    return lambda box: _select(
        box,
        "Order of full names",
        [*_ORDERS],
        dry.choices.name_order or _AS_GUESSED,
        what="name_order",
        key=f"reading-{digest}-order",
        shown=_ORDERS.__getitem__,
        help=_ABOUT_ORDERS,
    )


# ------------------------------------------------------------------------------------------------ who is let in


def _let_in(dry: DryRun, digest: str) -> None:
    shape = dry.check.shape
    names = {column.position: f"{column.name} ({column.position + 1})" for column in dry.check.columns}
    left, right = st.columns([1, 2])
    chosen = dry.choices.status_column
    at = shape.statuses[0].position if shape.statuses and chosen != "" else ""
    _select(
        left,
        "Who comes: by column",
        ["", *names],
        at,
        what="status_column",
        key=f"reading-{digest}-status",
        shown=lambda place: "(all of the list)" if place == "" else names[int(place)],
    )
    for box, status in zip([right, *([st] * len(shape.statuses))], shape.statuses, strict=False):
        numbers = {word.value: word.rows for word in status.values}
        column_id = status.position
        key = f"reading-{digest}-words-{column_id}"
        st.session_state[key] = [word.value for word in status.values if word.is_taken]
        box.pills(
            f"Those are taken of whom “{plain(status.name)}” says",
            [*numbers],
            selection_mode="multi",
            format_func=lambda word, numbers=numbers: f"{plain(word) or '(empty)'} · {whole(numbers[word])}",
            key=key,
            on_change=_words_chosen,
            args=(key, status.name, {word.value: word.says_no for word in status.values}),
        )
    if shape.has_teams or dry.choices.teams_apart is False:
        key = f"reading-{digest}-teams"
        st.session_state[key] = shape.has_teams
        st.checkbox("Rows of several people are taken apart", key=key, on_change=_teams_chosen, args=(key,))
    if shape.tables:
        titles = {
            table.line: f"Line {table.line}: {table.title} · {count(table.rows, 'row')}" for table in shape.tables
        }
        key = f"reading-{digest}-tables"
        st.session_state[key] = [table.line for table in shape.tables if table.is_read]
        st.pills(
            "Lists of this file that are taken",
            [*titles],
            selection_mode="multi",
            format_func=lambda line: plain(titles[line]),
            key=key,
            on_change=_tables_chosen,
            args=(key, tuple(titles)),
        )
    for kind_key, number, one, many in (
        ("hidden", shape.hidden_rows, "row that the sheet hides", "rows that the sheet hides"),
        ("struck", shape.struck_rows, "row that is struck through", "rows that are struck through"),
        ("above", shape.rows_above, "row above the heading", "rows above the heading"),
        ("others", shape.rows_of_others, "row of hosts and panelists", "rows of hosts and panelists"),
    ):
        if number:
            key = f"reading-{digest}-{kind_key}"
            st.session_state[key] = kind_key in dry.choices.include
            st.checkbox(f"Include {count(number, one, many)}", key=key, on_change=_included, args=(kind_key, key))


def _separator(sign: str) -> str:
    return DELIMITER_WORDS.get(sign, sign)


# ---------------------------------------------------------------------------------------------------- callbacks


def _select(
    box: Any,
    label: str,
    options: Sequence[Any],
    now: Any,
    *,
    what: str,
    key: str,
    shown: Callable[[Any], str],
    help: str | None = None,
) -> None:
    st.session_state[key] = now
    box.selectbox(label, options, format_func=shown, key=key, on_change=_chosen, args=(what, key), help=help)


def _chosen(what: str, key: str) -> None:
    value = st.session_state[key]
    is_guess = value in (_AS_GUESSED, _AS_IN_A_MAIL) or (what == "sheet" and not value)
    read_otherwise(what, None if is_guess else value)


def _column_chosen(field_key: str, key: str) -> None:
    now = opened_list()
    if now is None:
        return
    place = st.session_state[key]
    others = {name: at for name, at in now.choices.columns.items() if place == "" or at != place}
    read_otherwise("columns", {**others, field_key: place})


def _words_chosen(key: str, heading: str, says_no: dict[str, bool]) -> None:
    now, taken = opened_list(), set(st.session_state[key])
    if now is None:
        return
    let_in = [each for each in now.choices.let_in if each[0] != heading]
    keep_out = [each for each in now.choices.keep_out if each[0] != heading]
    let_in += [(heading, word) for word, no in says_no.items() if no and word in taken]
    keep_out += [(heading, word) for word, no in says_no.items() if not no and word not in taken]
    read_otherwise("let_in", tuple(let_in))
    read_otherwise("keep_out", tuple(keep_out))


def _teams_chosen(key: str) -> None:
    read_otherwise("teams_apart", None if st.session_state[key] else False)


def _tables_chosen(key: str, lines: tuple[int, ...]) -> None:
    read = set(st.session_state[key])
    read_otherwise("tables_aside", tuple(line for line in lines if line not in read))


def _included(kind: str, key: str) -> None:
    others = tuple(each for each in _include() if each != kind)
    read_otherwise("include", (*others, kind) if st.session_state[key] else others)


def _include() -> tuple[str, ...]:
    now = opened_list()
    return now.choices.include if now else ()
