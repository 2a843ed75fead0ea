"""Hostile and broken files end in one sentence, before they cost memory or time."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable

import openpyxl
import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.rules.roster import Limits, UnreadableRoster
from deepracer_admin.rules.roster.check import check


def sentence_of(raw: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UnreadableRoster) as refused:
        check(raw, filename="list", limits=limits or Limits())
    assert isinstance(refused.value, BadInput)
    assert "\n" not in refused.value.sentence
    return refused.value.sentence


def package(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def xlsx(fill: dict[str, object]) -> bytes:
    book = openpyxl.Workbook()
    for cell, value in fill.items():
        book.worksheets[0][cell] = value
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def ods(body: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces}><office:body><office:spreadsheet>'
        f'<table:table table:name="S">{body}</table:table></office:spreadsheet></office:body></office:document-content>'
    )
    return package(
        {
            "mimetype": b"application/vnd.oasis.opendocument.spreadsheet",
            "content.xml": content.encode(),
            "META-INF/manifest.xml": b"<x/>",
        }
    )


def ods_cell(text: str, repeated: int = 1) -> str:
    return (
        f'<table:table-cell office:value-type="string" table:number-columns-repeated="{repeated}">'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


RELATED = b'<Relationships><Relationship Id="r" Type="x/officeDocument" Target="word/document.xml"/></Relationships>'


def test_a_file_over_the_cap_is_refused_by_its_size_alone() -> None:
    assert "larger than 5 MB" in sentence_of(b"a" * (5 * 1024 * 1024 + 1))
    assert "larger than 0.5 MB" in sentence_of(b"a" * 600_000, Limits(file_bytes=512 * 1024))


def test_too_many_rows_are_refused_with_and_without_quotation_marks() -> None:
    limits = Limits(rows=1_000)
    plain = b"email\n" + b"a@example.com\n" * 1_001
    assert sentence_of(plain, limits) == "The list has more than 1,000 rows: import it in parts."
    assert "more than 1,000 rows" in sentence_of(plain + b'"b@example.com"\n', limits)
    assert "more than 1,000 rows" in sentence_of(b"a@example.com;" * 1_001, limits)
    assert check(b"email\n" + b"a@example.com\n" * 1_000, filename="x", limits=limits).rows == 1_000


def test_too_many_columns_are_refused_with_the_line() -> None:
    assert sentence_of(b"a,b\n" + b"," * 500 + b"\n").startswith("Line 2 has more than 500 columns")
    assert sentence_of(b"," * 500 + b"x\n").startswith("Line 1 has more than 500 columns")


def test_an_open_quotation_mark_is_named_by_its_line() -> None:
    assert sentence_of(b'Name,Email\nA,a@example.com\n"B,b@example.com\nC,c@example.com\n') == (
        'A quotation mark (") on line 3 is never closed: close or delete it.'
    )


def test_a_cell_without_end_is_named_by_its_line() -> None:
    raw = b'Name,Email\n"' + b"x\n" * 100_000 + b'",a@example.com\n'
    assert sentence_of(raw).startswith("A cell on line 2 never ends")


def test_a_record_over_many_lines_is_pointed_out() -> None:
    raw = b'Name,Email\n"A' + b"\n" * 12 + b'",a@example.com\nB,b@example.com\n'
    found = check(raw, filename="x")
    assert found.warnings[0].startswith("The record that starts on line 2 spans 13 lines")
    assert [row.row for row in found.accepted] == [2, 15]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b" \r\n\t", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\x1f\x8b\x08", "a compressed file"),
        (b"BEGIN:VCARD\nKIND:group\nFN:Team\n", "contact cards holds no person"),
        (b"<html><table><tr><td>nobody", "a web page without a table that holds addresses"),
        (b"\xef\xbb\xbf<?xml version='1.0'?><Workbook>", "This is XML"),
        (b"BEGIN:VCALENDAR\nATTENDEE:mailto:a@example.com\n", "a calendar"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<td>a@example.com", "web archive"),
        (b'{"users": []}', "This is JSON"),
        (b'[{"email": "a@example.com"}, {"na', "JSON, and it is damaged"),
        (b"[" * 100_000, "too deep"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "WordDocument".encode("utf-16-le"), "a Word document"),
        (bytes(range(256)) * 40, "not a list"),
        (package({"a.csv": b"a@example.com"}), "compressed file, not a workbook"),
        (package({"word/document.xml": b"<w:document/>", "_rels/.rels": RELATED}), "a Word document"),
        (package({"Index/Document.iwa": b"x"}), "Apple Numbers"),
        (b"PK\x03\x04 and then nothing", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"), "password"),
        (xlsx({"A1": "a@example.com"})[:-200], "damaged"),
        (xlsx({}), "no cells"),
    ],
)
def test_what_is_no_list_is_named_in_one_sentence(raw: bytes, words: str) -> None:
    assert words in sentence_of(raw)


def test_a_password_on_the_package_is_named() -> None:
    raw = bytearray(package({"xl/workbook.xml": b"<x/>"}))
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    assert "password" in sentence_of(bytes(raw))


def rewritten(raw: bytes, change: Callable[[bytes], bytes], part: str = "xl/worksheets/sheet1.xml") -> bytes:
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    return package({**parts, part: change(parts[part])})


def test_a_bomb_is_refused_when_it_has_unpacked_to_too_much() -> None:
    book = xlsx({"A1": "a@example.com"})
    huge = rewritten(book, lambda sheet: sheet.replace(b"<sheetData>", b"<sheetData>" + b" " * 101_000_000))
    assert "unpacks to far more" in sentence_of(huge)
    many = package({f"xl/part{number}.xml": b"" for number in range(2_001)})
    assert "unpacks to far more" in sentence_of(many)


def test_a_package_that_lies_about_its_size_is_refused() -> None:
    raw = bytearray(rewritten(xlsx({"A1": "a@example.com"}), lambda sheet: sheet + b" " * 1_000_000))
    directory = raw.index(b"xl/worksheets/sheet1.xml", raw.index(b"PK\x01\x02")) - 46
    struct.pack_into("<L", raw, directory + 24, 1_000)
    struct.pack_into("<L", raw, directory + 16, zlib.crc32(b"other"))
    assert "damaged" in sentence_of(bytes(raw))


def test_two_cells_far_apart_take_no_more_than_two_cells() -> None:
    assert "cell XFD3 is filled" in sentence_of(xlsx({"A1": "a@example.com", "XFD3": "x"}))
    found = check(xlsx({"A1": "a@example.com", "A1048576": "x", "SE150000": "y"}), filename="far.xlsx")
    assert [row.email for row in found.accepted] == ["a@example.com"]
    assert [bad.row for bad in found.rejected] == [150_000, 1_048_576]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            f'<table:table-row table:number-rows-repeated="1000000">{ods_cell("a@example.com")}</table:table-row>',
            "rows",
        ),
        (f"<table:table-row>{ods_cell('a@example.com', 16_000)}</table:table-row>", "500 columns"),
    ],
)
def test_an_opendocument_that_repeats_itself_is_refused(body: str, words: str) -> None:
    assert words in sentence_of(ods(body))


def test_an_opendocument_with_entities_is_refused() -> None:
    raw = package({"content.xml": b'<!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'})
    assert "damaged" in sentence_of(raw)


def test_an_opendocument_with_a_far_row_gives_its_people() -> None:
    far = '<table:table-row table:number-rows-repeated="900000"><table:table-cell/></table:table-row>'
    found = check(ods(f"{far}<table:table-row>{ods_cell('a@example.com')}</table:table-row>"), filename="far.ods")
    assert [(row.row, row.email) for row in found.accepted] == [(900_001, "a@example.com")]


def test_the_empty_tail_that_every_opendocument_has_is_harmless() -> None:
    tail = '<table:table-cell table:number-columns-repeated="16380"/>'
    rows = "".join(f"<table:table-row>{ods_cell(f'a{n}@example.com')}{tail}</table:table-row>" for n in range(200))
    rows += f'<table:table-row table:number-rows-repeated="1048000">{tail}</table:table-row>'
    found = check(ods(rows), filename="list.ods")
    assert (found.rows, len(found.accepted)) == (200, 200)


EXHAUSTING = {
    "spaces": " " * 100_000 + "x",
    "angles": "<" * 100_000,
    "commas": "a," * 50_000,
    "brackets": "(" * 100_000,
    "dots": "a@" + "b." * 50_000,
    "accents": "\u0316" * 100_000,
    "quotes": '""' * 30_000,
}


@pytest.mark.parametrize("cell", EXHAUSTING.values(), ids=EXHAUSTING)
def test_a_cell_made_to_exhaust_patterns_is_an_ordinary_rejected_row(cell: str) -> None:
    quoted = '"' + cell.replace('"', '""') + '"'
    raw = f"Name,Email\n{quoted},a@example.com\nAnna,{quoted}\n{quoted},{quoted}\n"
    found = check(raw.encode(), filename="x", delimiter=",", service_rule="on_aws")
    assert [row.row for row in found.accepted] == [2]
    assert [bad.row for bad in found.rejected] == [3, 4]
    headless = check(f"{quoted},{quoted}\n{quoted},a@example.com\n".encode(), filename="x", delimiter=",")
    assert len(headless.accepted) == 1


@pytest.mark.parametrize("text", [cell for cell in EXHAUSTING.values() if "," not in cell and '"' not in cell])
def test_a_text_made_to_exhaust_patterns_holds_nobody(text: str) -> None:
    assert check(text.encode(), filename="x").accepted[:] == []
    assert check(f"To: {text} <a@example.com>".encode(), filename="x").rows == 1
