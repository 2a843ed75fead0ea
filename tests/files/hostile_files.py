"""Crafted files beyond those of tests/data/hostile/make.py: small to send, and made to want far more when read."""

from __future__ import annotations

import importlib.util
import io
import random
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

DATA = Path(__file__).parents[1] / "data"
FIVE_MB = 5 * 1024 * 1024 - 1_000


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


make = _module(DATA / "hostile" / "make.py")
FIRST = f'<row r="1">{make.text("", "email")}</row><row r="2">{make.text("", "ada@example.com")}</row>'


def _workbook(folder: Path, rows: str, shared: str = "") -> bytes:
    make.workbook(folder / "made.xlsx", rows, shared)
    return (folder / "made.xlsx").read_bytes()


def _repacked(raw: bytes, change) -> bytes:
    """The same package with its parts renamed or rewritten."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(*change(entry.filename, old.read(entry)))
    return out.getvalue()


def _package(parts: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return out.getvalue()


def _ods(body: str) -> bytes:
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    content = f"<office:document-content {spaces}><office:body><office:spreadsheet>{body}</office:spreadsheet></office:body></office:document-content>"  # noqa: E501
    return _package({"mimetype": b"application/vnd.oasis.opendocument.spreadsheet", "content.xml": content.encode()})


def _workbooks(folder: Path) -> Iterator[tuple[str, bytes]]:
    make.main(folder / "made")
    for path in sorted((folder / "made").iterdir()):
        yield path.name, path.read_bytes()
    quoted = make.text("r='XFD1048576'", "x")
    far = FIRST + f'<row r="1048576">{quoted}</row>'
    book = _workbook(folder, far)
    yield "far cell, other quotation marks.xlsx", book
    yield (
        "far cell in a part of another name.xlsx",
        _repacked(
            book,
            lambda name, raw: (
                (name.replace("xl/worksheets/sheet1.xml", "elsewhere/data.bin"), raw)
                if not name.endswith("workbook.xml.rels")
                else (name, raw.replace(b"worksheets/sheet1.xml", b"/elsewhere/data.bin"))
            ),
        ),
    )
    yield (
        "far cell with prefixed names.xlsx",
        _repacked(
            book,
            lambda name, raw: (
                name,
                raw
                if "sheet1" not in name
                else raw.replace(b"<worksheet xmlns=", b"<worksheet xmlns:x=")
                .replace(b"</", b"</x:")
                .replace(b"<", b"<x:")
                .replace(b"<x:/x:", b"</x:"),
            ),
        ),
    )
    many = "".join(f'<row r="{row}">' + '<c t="s"><v>0</v></c>' * 20 + "</row>" for row in range(3, 2_003))
    yield "one string 40000 times.xlsx", _workbook(folder, FIRST + many, "x" * 30_000)
    yield (
        "one address 500000 times.xlsx",
        _workbook(
            folder, "".join("<row>" + '<c t="s"><v>0</v></c>' * 5 + "</row>" for _ in range(100_000)), "ada@example.com"
        ),
    )
    yield "two million empty cells.xlsx", _workbook(folder, FIRST + "<row>" + "<c/>" * 2_000_000 + "</row>")
    yield "rows without end.xlsx", _workbook(folder, "<row><c><v>1</v></c></row>" * 1_000_000)
    yield (
        "references that are none.xlsx",
        _workbook(folder, FIRST + "<row>" + "".join(f'<c r="{n}Q{n}"><v>1</v></c>' for n in range(50_000)) + "</row>"),
    )
    merged = "".join(f'<mergeCell ref="A{n}:A1048576"/>' for n in range(1, 90_000))
    tall = "".join(f"<row>{make.text('', 'ada@example.com')}</row>" for _ in range(20_000))
    yield (
        "merged over each other.xlsx",
        _repacked(
            _workbook(folder, tall),
            lambda name, raw: (name, raw.replace(b"</sheetData>", f"</sheetData><x>{merged}</x>".encode())),
        ),
    )
    yield (
        "entities.xlsx",
        _repacked(
            book,
            lambda name, raw: (
                name,
                raw
                if "sheet1" not in name
                else b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>' + raw,
            ),
        ),
    )
    yield (
        "spaces that unpack to a gigabyte.xlsx",
        _repacked(book, lambda name, raw: (name, raw if "sheet1" not in name else raw + b" " * 300_000_000)),
    )
    yield "elements within each other.xlsx", _workbook(folder, "<a>" * 3_000_000)
    yield "ten thousand parts.xlsx", _package({f"xl/part{number}.xml": b"" for number in range(10_000)})
    cell = '<table:table-cell office:value-type="string" table:number-columns-repeated="{}"><text:p>{}</text:p></table:table-cell>'  # noqa: E501
    row = '<table:table-row table:number-rows-repeated="{}">{}</table:table-row>'
    table = '<table:table table:name="S">{}</table:table>'
    yield "a row a million times.ods", _ods(table.format(row.format(1_000_000, cell.format(400, "x" * 5_000))))
    yield "a cell a million times.ods", _ods(table.format(row.format(1, cell.format(1_000_000, "x"))))
    yield (
        "far row.ods",
        _ods(
            table.format(
                row.format(1_048_575, "<table:table-cell/>") + row.format(1, cell.format(1, "ada@example.com"))
            )
        ),
    )
    yield "tables within each other.ods", _ods("<table:table><table:table-row><table:table-cell>" * 300_000)
    yield "a thousand sheets.ods", _ods(table.format(row.format(1, cell.format(1, "ada@example.com"))) * 1_000)


def _old_workbooks() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(8)
    for path in sorted((DATA / "roster-cases").glob("I*/*.xls")):
        whole = path.read_bytes()
        yield path.name, whole
        for number in range(2):
            raw = bytearray(whole)
            for _ in range(12):
                raw[chance.randrange(8, len(raw))] = chance.choice([0, 1, 2, 254, 255])
            yield f"{path.stem}-damaged-{number}.xls", bytes(raw)
    yield "all sectors point to the first.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * FIVE_MB


def _texts() -> Iterator[tuple[str, bytes]]:
    words = b"ada@example.com," + b"word," * (FIVE_MB // 5 - 10)
    yield "a line of words", words
    yield "a line of words after a colon", b"To: " + words
    yield "a line of addresses", b"ada@example.com; " * (FIVE_MB // 17)
    yield "a line of mailboxes without end", b"ada@example.com, Ada <" * (FIVE_MB // 22)
    for name, piece in {
        "quotation marks": b'"', "doubled quotation marks": b'"",', "angles": b"<", "at-signs": b"@", "commas": b",",
        "commas and feeds": b",\n", "feeds": b"\n", "brackets": b"[", "braces": b'{"a":', "spaces": b" ",
        "dots": b"a@b.", "tables": b"<table><tr><td>", "cards": b"BEGIN:VCARD\nEMAIL:ada@example.com\n",
        "backslashes": b'\\",',
        "apostrophes": b"'", "bullets": "• ".encode(), "accents": "e\u0301\u0316".encode(), "points": b"1.1.1.1.",
        "old bytes": b"\xff\xfe\xfd,", "halves": b"a\x00", "names": b"Rossi, Anna - (x) <", "lines of quotes": b'"a\n',
    }.items():  # fmt: skip
        if len(name) < 9:
            yield f"five megabytes of {name}", piece * (FIVE_MB // len(piece))
        yield f"a list, then {name}", b"name,email\nAda,ada@example.com\n" + piece * (FIVE_MB // len(piece) - 20)
    yield "addresses of as many domains", b"".join(b"a@%d.example.com\n" % n for n in range(190_000))
    yield "broken addresses, each another", b"email\n" + b"".join(b"a@@%d.example\n" % n for n in range(190_000))
    yield "addresses in another alphabet", "".join(f"é{n}@bücher.example\n" for n in range(100_000)).encode()


def _markup() -> Iterator[tuple[str, bytes]]:
    """Web pages, JSON, contact cards and Excel 2003's XML."""
    row = b"<tr><td>Ada<td>ada@example.com"
    table = b"<table><tr><td>Name<td>Email" + row
    yield "a hundred thousand rows.html", table + b"".join(b"<tr><td>A<td>a%d@example.com" % n for n in range(100_000))
    for name, piece in {
        "tables within each other": b"<table><tr><td>", "open cells": b"<td>", 
        "comments that stay open": b"<!--", "scripts that stay open": b"<script>", "angles": b"<",
        "attributes": b"<td a=", "quoted attributes": b'<td a="', "entities": b"&amp;",
        "long entities": b"&" + b"a" * 30,
        "numbers that are none": b"&#99999999999;", "wide cells": b"<td colspan=999999>", "instructions": b"<?x ",
        "deep cells": b"<td rowspan=999999>x", "declarations": b"<!x ", "sections": b"<![CDATA[", "words": b"word ",
        "links": b"<a href='mailto:a@b.example'>",
    }.items():  # fmt: skip
        yield f"a table, then {name}.html", table + piece * ((FIVE_MB - 200) // len(piece))
    yield "one attribute of five megabytes.html", b"<table " + b"a" * (FIVE_MB - 200) + b">" + row
    yield "a hundred thousand attributes.html", b"<table " + b"a=1 " * 1_000_000 + b">" + row
    yield "a style of five megabytes.html", table + b"<tr style='" + b"display:" * 500_000 + b"'><td>x"
    entry = b'{"email":"ada@example.com","name":"Ada"}'
    yield "a hundred thousand entries.json", b"[" + b",".join([entry] * 120_000) + b"]"
    for name, piece in {
        "brackets": b"[", "braces": b'{"a":', "commas": b'"a",', "numbers": b"1", "marks": b'\\"',
        "words": b"word ", "addresses": b'"a@b.example",',
        "fields": b'{"email":"a@b.example","a":{"b":{"c":[',
    }.items():  # fmt: skip
        yield f"an entry, then {name}.json", b"[" + entry + b"," + piece * ((FIVE_MB - 200) // len(piece))
    yield (
        "another field on each entry.json",
        b"[" + b",".join(b'{"f%d":"a@b.example"}' % n for n in range(150_000)) + b"]",
    )
    yield "lists of lists.json", b"[" + b",".join([b'[["a@b.example"]]'] * 250_000) + b"]"
    yield "a line each.json", (entry + b"\n") * 110_000
    card = b"BEGIN:VCARD\nFN:Ada\nEMAIL:ada@example.com\n"
    yield "sixty thousand cards.vcf", (card + b"END:VCARD\n") * 65_000
    for name, piece in {
        "cards within each other": b"BEGIN:VCARD\n", "folded lines": b" \n", "colons": b":",
        "quotation marks": b'"', "addresses": b"EMAIL:a@b.example\n", "soft ends": b"=\n",
        "quoted letters": b"N;ENCODING=QUOTED-PRINTABLE:=41=\n", "backslashes": b"\\", "words": b"word ",
    }.items():  # fmt: skip
        yield f"a card, then {name}.vcf", card + piece * ((FIVE_MB - 200) // len(piece))
    head = b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet><Table>'
    cell = b'<Row><Cell><Data Type="String">ada@example.com</Data></Cell></Row>'
    for name, piece in {
        "rows": b"<Row/>", "deep elements": b"<a>", "words": b"word ",
        "far rows": b"<Row Index='999999'><Cell Index='499'><Data>x</Data></Cell></Row>",
        "merged cells": b"<Row><Cell MergeDown='999999' MergeAcross='400'><Data>x</Data></Cell></Row>",
    }.items():  # fmt: skip
        yield f"{name}.xml", head + cell + piece * ((FIVE_MB - 500) // len(piece))
    doctype = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    yield "entities.xml", head.replace(b"?>", b"?>" + doctype, 1) + cell + b"&b;"


KINDS = ("workbooks", "old workbooks", "texts", "markup")


def hostile_files(kind: str, folder: Path) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every crafted file of a kind; `folder` is for what is made on the way."""
    if kind == "workbooks":
        folder.mkdir(parents=True, exist_ok=True)
        yield from _workbooks(folder)
    else:
        yield from {"old workbooks": _old_workbooks, "texts": _texts, "markup": _markup}[kind]()
