"""Workbooks as people keep them: what the sheet shows is what is read, and what it hides is asked for first."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable

import openpyxl
import pytest
from openpyxl.styles import Font

from deepracer_admin.rules.roster import RosterCheck, UnreadableRoster
from deepracer_admin.rules.roster.check import check
from tests.rules.roster.list_cases import told
from tests.rules.roster.old_sheets import old_workbook

PEOPLE = [["Name", "Email", "Cost centre"], ["Zoë Rossi", "zoe@example.com", 123], ["Bo Berg", "bo@example.com", 7]]
STRANGERS = [["Name", "Email"], *([f"Stranger {number}", f"stranger{number}@example.com"] for number in range(9))]
CLEAN = [("zoe@example.com", "Zoë Rossi"), ("bo@example.com", "Bo Berg")]


def book(change: Callable[[openpyxl.Workbook], None] = lambda _: None, **sheets: list[list]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name, rows in (sheets or {"List": PEOPLE}).items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    change(made)
    out = io.BytesIO()
    made.save(out)
    made.close()
    return out.getvalue()


def ods(body: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text", "style")
    )
    content = (
        f"<office:document-content {spaces}><office:automatic-styles>"
        '<style:style style:name="out"><style:text-properties style:text-line-through-style="solid"/></style:style>'
        '<style:style style:name="gone"><style:table-properties table:display="false"/></style:style>'
        f"</office:automatic-styles><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body>"
        "</office:document-content>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        package.writestr("content.xml", content)
    return out.getvalue()


def ods_row(*cells: str, attributes: str = "") -> str:
    inner = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table-row {attributes}>{inner}</table:table-row>"


def people(found: RosterCheck) -> list[tuple[str, str]]:
    return [(row.email, row.name) for row in found.accepted]


def read(raw: bytes, **options) -> RosterCheck:
    found = check(raw, filename="list", **options)
    whole = len(found.accepted) + len(found.duplicates) + len(found.rejected) + len(found.left_out)
    assert found.rows + found.further_people == whole
    return found


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_a_hidden_sheet_is_read_only_when_it_is_asked_for(state: str) -> None:
    def hide(made: openpyxl.Workbook) -> None:
        made["Directory"].sheet_state = state

    raw = book(hide, Directory=STRANGERS, List=PEOPLE)
    found = read(raw)
    assert (found.sheet, people(found)) == ("List", CLEAN)
    assert "The hidden sheet Directory holds 9 rows with an address" in told(found)
    assert len(read(raw, sheet="Directory").accepted) == 9


def test_a_workbook_whose_only_list_is_hidden_says_so() -> None:
    def hide(made: openpyxl.Workbook) -> None:
        made["List"].sheet_state = "hidden"

    found = read(book(hide, Notes=[["Nothing here"]], List=PEOPLE))
    assert found.accepted[:] == []
    assert "The hidden sheet List holds 2 rows with an address" in told(found)


@pytest.mark.parametrize(
    ("small", "large"),
    [("Attendees", "All employees"), ("Confirmed", "Declined"), ("List", "Waitlist"), ("Iscritti", "Rubrica"),
     ("Teilnehmer", "Abgesagt"), ("参加者", "Directory")],
)  # fmt: skip
def test_the_name_of_a_sheet_speaks_for_it(small: str, large: str) -> None:
    found = read(book(**{large: STRANGERS, small: PEOPLE}))
    assert (found.sheet, people(found)) == (small, CLEAN)
    assert f"The sheet {large} holds 9 rows" in told(found)


def test_an_address_in_a_hidden_column_gives_way_to_one_that_is_shown() -> None:
    rows = [["Email", "Name", "Work mail"], ["private@example.org", "Zoë Rossi", "zoe@example.com"]]

    def hide(made: openpyxl.Workbook) -> None:
        made["List"].column_dimensions["A"].hidden = True

    assert people(read(book(hide, List=rows))) == [("zoe@example.com", "Zoë Rossi")]
    shown = [[row[1], row[0]] for row in rows]
    hidden_alone = read(old_workbook({"List": shown}, hidden_columns=[1]))
    assert people(hidden_alone) == [("private@example.org", "Zoë Rossi")]
    assert "Column Email, where the addresses were taken from, is hidden" in told(hidden_alone)


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods"])
def test_rows_that_are_filtered_away_are_left_out_and_let_in_by_a_word(kind: str) -> None:
    def hide(made: openpyxl.Workbook) -> None:
        made["List"].row_dimensions[3].hidden = True

    rows = ods_row("Name", "Email") + ods_row("Zoë Rossi", "zoe@example.com")
    hidden = ods_row("Bo Berg", "bo@example.com", attributes='table:visibility="filter"')
    raw = {
        "xlsx": book(hide),
        "xls": old_workbook({"List": PEOPLE}, hidden_rows=[2]),
        "ods": ods(f'<table:table table:name="List">{rows}{hidden}</table:table>'),
    }[kind]
    found = read(raw)
    assert (people(found), [out.row for out in found.left_out]) == (CLEAN[:1], [3])
    assert "row 3 is hidden" in told(found)
    assert people(read(raw, include=["hidden"])) == CLEAN


def test_hidden_sheets_of_other_kinds_of_workbooks_stay_hidden() -> None:
    strangers = "".join(ods_row(*row) for row in STRANGERS)
    listed = ods_row("Name", "Email") + ods_row("Zoë Rossi", "zoe@example.com")
    open_document = ods(
        f'<table:table table:name="All" table:style-name="gone">{strangers}</table:table>'
        f'<table:table table:name="List">{listed}</table:table>'
    )
    assert people(read(open_document)) == CLEAN[:1]
    old = read(old_workbook({"All": STRANGERS, "List": PEOPLE}, hidden_sheets=["All"]))
    assert (old.sheet, people(old)) == ("List", CLEAN)


def test_empty_cells_with_a_style_are_nothing() -> None:
    def style(made: openpyxl.Workbook) -> None:
        for column in range(1, 700):
            made["List"].cell(row=1, column=column).font = Font(bold=True)
        for row in range(4, 3_000):
            made["List"].cell(row=row, column=1).font = Font(bold=True)

    found = read(book(style))
    assert (people(found), found.rows, len(found.columns)) == (CLEAN, 2, 3)


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_leading_zeros_are_read_as_the_sheet_shows_them(kind: str) -> None:
    def zeros(made: openpyxl.Workbook) -> None:
        for row in (2, 3):
            made["List"].cell(row=row, column=3).number_format = "00000"

    raw = book(zeros) if kind == "xlsx" else old_workbook({"List": PEOPLE}, zeros=[2])
    assert [row.cost_centre for row in read(raw).accepted] == ["00123", "00007"]


@pytest.mark.parametrize("kind", ["xlsx", "xls"])
def test_a_cell_over_several_rows_counts_for_each_of_them(kind: str) -> None:
    rows = [["Office", "Name", "Email"], ["HQ", "Zoë Rossi", "zoe@example.com"], [None, "Bo Berg", "bo@example.com"]]

    def merge(made: openpyxl.Workbook) -> None:
        made["List"].merge_cells("A2:A3")

    raw = book(merge, List=rows) if kind == "xlsx" else old_workbook({"List": rows}, merged=[(1, 2, 0, 0)])
    assert [row.office for row in read(raw).accepted] == ["HQ", "HQ"]


def test_formulas_without_a_result_are_named_and_errors_are_no_people() -> None:
    rows = [["Name", "Email"], ["Zoë Rossi", '="zoe"&"@example.com"'], ["Bo Berg", "#N/A"], ["Cy", "cy@example.com"]]
    found = read(book(List=rows))
    assert people(found) == [("cy@example.com", "Cy")]
    assert ["formula" in bad.reason for bad in found.rejected] == [True, False]


def test_a_note_beside_the_table_moves_nobody() -> None:
    rows = [["Name", "Email"], ["Zoë Rossi", "zoe@example.com"], ["Bo Berg", "bo@example.com", None, "call him"]]
    assert people(read(book(List=rows))) == CLEAN


def test_dates_and_numbers_in_other_columns_are_shown_as_in_the_sheet() -> None:
    rows = [["Name", "Email", "Joined", "Number"], ["Zoë Rossi", "zoe@example.com", dt.date(2026, 11, 2), 12.0]]
    assert dict(read(book(List=rows)).accepted[0].extra) == {"Joined": "2026-11-02", "Number": "12"}


def test_two_cells_far_apart_in_an_old_workbook_cost_two_cells() -> None:
    far: list[list] = [[] for _ in range(60_000)]
    far[0], far[1], far[-1] = ["Email"], ["zoe@example.com"], [None] * 90 + ["x"]
    found = read(old_workbook({f"S{number}": far for number in range(2)}))
    assert [row.email for row in found.accepted] == ["zoe@example.com"]
    assert found.rejected[0].row == 60_000


def test_a_damaged_old_workbook_ends_in_one_sentence() -> None:
    raw = old_workbook({"List": PEOPLE})
    for size in range(8, len(raw), 7):
        for broken in (raw[:size], raw[:size] + b"\xff" * 8 + raw[size + 8 :]):
            try:
                accepted = len(check(broken, filename="list.xls").accepted)
            except UnreadableRoster:
                accepted = 0
            assert accepted <= 2


THIRD = ["Al Orr", "al@example.com", 9]


def struck_book(kind: str, cells: list[tuple[int, int]]) -> bytes:
    """PEOPLE and a third person; the cells (row and column from 0) are struck through."""
    rows = [*PEOPLE, THIRD]

    def style(name: str, line: int, place: int) -> str:
        return f' {name}="out"' if (line, place) in cells else ""

    if kind == "xlsx":

        def strike(made: openpyxl.Workbook) -> None:
            for row, column in cells:
                made["List"].cell(row=row + 1, column=column + 1).font = Font(strike=True)

        return book(strike, List=rows)
    if kind == "xls":
        return old_workbook({"List": [[str(cell) for cell in row] for row in rows]}, struck=cells)
    if kind == "ods":
        inner = "".join(
            "<table:table-row>"
            + "".join(
                f"<table:table-cell{style('table:style-name', line, place)}><text:p>{cell}</text:p></table:table-cell>"
                for place, cell in enumerate(row)
            )
            + "</table:table-row>"
            for line, row in enumerate(rows)
        )
        return ods(f'<table:table table:name="List">{inner}</table:table>')
    if kind == "xml":
        space = "urn:schemas-microsoft-com:office:spreadsheet"
        inner = "".join(
            "<Row>"
            + "".join(
                f'<Cell{style("ss:StyleID", line, place)}><Data ss:Type="String">{cell}</Data></Cell>'
                for place, cell in enumerate(row)
            )
            + "</Row>"
            for line, row in enumerate(rows)
        )
        return (
            f'<?xml version="1.0"?><Workbook xmlns="{space}" xmlns:ss="{space}"><Styles><Style ss:ID="out">'
            f'<Font ss:StrikeThrough="1"/></Style></Styles><Worksheet ss:Name="List"><Table>{inner}</Table>'
            "</Worksheet></Workbook>"
        ).encode()
    inner = "".join(
        "<tr>"
        + "".join(
            f"<td><s>{cell}</s></td>" if (line, place) in cells else f"<td>{cell}</td>"
            for place, cell in enumerate(row)
        )
        + "</tr>"
        for line, row in enumerate(rows)
    )
    return f"<html><body><table>{inner}</table></body></html>".encode()


@pytest.mark.parametrize("kind", ["xlsx", "xls", "ods", "xml", "page"])
def test_rows_that_are_struck_through_are_left_out_and_let_in_by_a_word(kind: str) -> None:
    whole, address, name = [(1, 0), (1, 1), (1, 2)], [(2, 1)], [(3, 0)]
    raw = struck_book(kind, [*whole, *address, *name])
    found = read(raw)
    assert people(found) == [("al@example.com", "Al Orr")]  # a name alone that is struck through says little
    assert [(out.row, out.value, out.kind) for out in found.left_out] == [
        (2, "zoe@example.com", "struck"),
        (3, "bo@example.com", "struck"),
    ]
    assert "strikes through 2 rows, left out: row 2 is struck through, row 3 is struck through" in told(found)
    assert found.shape.struck_rows == 2
    assert people(read(raw, include=["struck"])) == [*CLEAN, ("al@example.com", "Al Orr")]


def test_a_row_that_is_hidden_and_struck_through_is_left_out_once() -> None:
    def change(made: openpyxl.Workbook) -> None:
        made["List"].row_dimensions[2].hidden = True
        made["List"]["B2"].font = Font(strike=True)

    raw = book(change)
    found = read(raw)
    assert [(out.row, out.kind) for out in found.left_out] == [(2, "hidden")]
    assert people(read(raw, include=["hidden", "struck"])) == CLEAN
    assert [(out.row, out.kind) for out in read(raw, include=["hidden"]).left_out] == [(2, "struck")]


def test_the_address_behind_a_name_that_links_to_its_mailbox_is_read() -> None:
    def link(made: openpyxl.Workbook) -> None:
        made["List"]["B2"].hyperlink = "mailto:zoe@example.com?subject=Race%20day"
        made["List"]["B3"].hyperlink = "mailto:bo%40example.com"
        made["List"]["B4"].hyperlink = "https://example.org/al"
        made["List"]["B5"].hyperlink = "mailto:other@example.org"

    rows = [PEOPLE[0], ["Zoë Rossi", "Zoë", 1], ["Bo Berg", "write to Bo", 2], ["Al Orr", "Al", 3]]
    found = read(book(link, List=[*rows, ["Di Poe", "di@example.com", 4]]))
    assert people(found) == [*CLEAN, ("di@example.com", "Di Poe")]  # what is shown counts before the link
    assert [bad.row for bad in found.rejected] == [4]
