"""CSV that leaves the console is inert in a spreadsheet and loses nothing."""

from __future__ import annotations

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.tabular import inert_cell, inert_csv

TRIGGERS = "=+-@\t\r\n\x00＝＋－＠"
cells = st.one_of(
    st.text(max_size=20),
    st.builds(str.__add__, st.text(" \t\r\n\u00a0\u200b\ufeff" + TRIGGERS, max_size=4), st.text(max_size=8)),
).filter(lambda text: not re.search("[\ud800-\udfff]", text))


def read_back(raw: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_no_cell_that_is_read_back_begins_like_a_formula(rows: list[tuple[str, str]]) -> None:
    for row in read_back(inert_csv(rows, ["Name", "=Office"])):
        for cell in row:
            assert not cell.startswith(tuple(TRIGGERS))
            assert (
                not cell.strip().lstrip("\u200b\ufeff\u00a0 ").startswith(("=", "+", "-", "@", "＝", "＋", "－", "＠"))
            )


@given(st.lists(st.tuples(cells, cells), max_size=5))
def test_only_an_apostrophe_is_added_and_nothing_lost(rows: list[tuple[str, str]]) -> None:
    back = read_back(inert_csv(rows, ["a", "b"]))[1:]
    assert len(back) == len(rows)
    for row, original in zip(back, rows, strict=True):
        assert all(cell in (text, "'" + text) for cell, text in zip(row, original, strict=True))


@pytest.mark.parametrize(
    "value",
    ["=1+1", "+1", "-2+3", "@SUM(1)", "\t=1", "\r=1", "\x00=1", "＝1+1", "＋1", "－1", "＠a", "  =1", "\u00a0@a"],
)
def test_every_start_that_a_spreadsheet_runs_gets_an_apostrophe(value: str) -> None:
    assert inert_cell(value) == "'" + value


def test_ordinary_text_numbers_and_truth_pass_as_they_are() -> None:
    assert [inert_cell(value) for value in ("Anna-Maria", "a=b", 1.5, -3, None, True, False)] == [
        "Anna-Maria", "a=b", "1.5", "-3", "", "yes", "no",
    ]  # fmt: skip


def test_the_file_is_rfc_4180_with_a_byte_order_mark_on_request() -> None:
    assert inert_csv([('a "b"', "c,d")], ["x", "y"]) == b'\xef\xbb\xbf"x","y"\r\n"a ""b""","c,d"\r\n'
    assert inert_csv([], ["x"], bom=False) == b'"x"\r\n'


def test_a_row_of_another_width_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="A row has 1 cells, but there are 2 columns"):
        inert_csv([("a",)], ["x", "y"])
