"""Every form in which a list arrives, and the invariants that hold for all of them."""

from __future__ import annotations

import io
from collections.abc import Callable

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.roster import Limits, RosterCheck, UnreadableRoster, even_tables
from deepracer_admin.rules.roster.check import check
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.text import _split_quoted, split_records


def check_text(text: str, encoding: str = "utf-8", **options) -> RosterCheck:
    return check(text.encode(encoding), filename="list.csv", **options)


def people(found: RosterCheck) -> list[tuple[str, str]]:
    return [(row.email, row.name) for row in found.accepted]


def workbook(*sheets: tuple[str, list[list[object]]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


TABLE = "Name{d}E-mail{d}Office{n}Zoë Rossi{d}zoe@example.com{d}Milano{n}Ivan Novák{d}ivan@example.com{d}Praha{n}"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_delimiter_with_any_line_end(delimiter: str, line_end: str) -> None:
    found = check_text(TABLE.format(d=delimiter, n=line_end))
    assert (found.delimiter, found.header_row, found.rows) == (delimiter, 1, 2)
    assert people(found) == [("zoe@example.com", "Zoë Rossi"), ("ivan@example.com", "Ivan Novák")]
    assert [row.row for row in found.accepted] == [2, 3]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("utf-16", "utf-16"), ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"), ("utf-32", "utf-32"), ("cp1252", "cp1252"),
    ],
)  # fmt: skip
def test_any_encoding_with_or_without_a_mark(written: str, told: str) -> None:
    found = check_text(TABLE.replace("Novák", "Nòvák").format(d=";", n="\r\n"), written)
    assert found.encoding == told
    assert people(found)[0] == ("zoe@example.com", "Zoë Rossi")


def test_an_old_mac_list_keeps_its_accents() -> None:
    found = check_text("Name;E-mail\rZoë Rossi;zoe@example.com\rJosé Núñez;jose@example.com\r", "mac_roman")
    assert found.encoding == "mac_roman"
    assert people(found) == [("zoe@example.com", "Zoë Rossi"), ("jose@example.com", "José Núñez")]


def test_a_polish_list_in_its_old_encoding_keeps_its_letters() -> None:
    found = check_text("Name;E-mail\nPaweł Świątek;p@example.com\nMichał Dąbek;m@example.com\n", "cp1250")
    assert [name for _, name in people(found)] == ["Paweł Świątek", "Michał Dąbek"]


def test_a_guessed_encoding_can_be_corrected() -> None:
    raw = "Name;E-mail\nДина;d@example.com\n".encode("cp1251")
    assert people(check(raw, filename="x", encoding="cp1251")) == [("d@example.com", "Дина")]
    with pytest.raises(UnreadableRoster, match="cannot be read as utf-8"):
        check(raw, filename="x", encoding="utf-8")


def test_one_broken_byte_does_not_garble_a_utf8_list() -> None:
    raw = (
        "Name,E-mail\nZoë,zoe@example.com\nSeán,sean@example.com\nBjörk,b@example.com\n".encode()
        + b"Jos\xe9,j@example.com\n"
    )
    found = check(raw, filename="x")
    assert [name for _, name in people(found)] == ["Zoë", "Seán", "Björk", "Jos\ufffd"]
    assert found.warnings[0].startswith("From line 5 on")


def test_rows_are_the_lines_on_which_records_start() -> None:
    found = check_text('Name,Email\n\n"two\nlines",a@example.com\n\nC,nobody@\nD,a@example.com\n')
    assert [row.row for row in found.accepted] == [3]
    assert [bad.row for bad in found.rejected] == [6]
    assert [(again.row, again.first_row) for again in found.duplicates] == [(7, 3)]


def test_a_rejected_row_names_row_column_value_and_what_to_do() -> None:
    found = check_text("Name,Your email\nAnna," + "x" * 100 + "\n")
    (bad,) = found.rejected
    assert (bad.row, bad.column, bad.value) == (2, "Your email", "x" * 79 + "…")
    assert bad.reason == "This is not an e-mail address, as it has no @-sign: correct the address, or delete the row."


def test_a_separator_inside_a_value_is_named_as_the_likely_cause() -> None:
    found = check_text(
        "Name,Email,Office\nRossi, Anna,anna@example.com,Milano\nBo,bo@example.com,Roma\nCy,cy@example.com,Roma\n"
    )
    assert "The row has 4 cells where others have 3" in found.rejected[0].reason


def test_a_preamble_is_no_data_and_the_next_section_of_a_report_is_left_out() -> None:
    found = check_text(
        "1. Summary\nMeeting title\tKick-off\nOrganizer\tboss@example.com\n\n2. Participants\nName\tEmail\n"
        "Rossi, Anna\tanna@example.com\n\n3. In-Meeting Activities\nName\tJoin time\nRossi, Anna\t09:00\n"
    )
    assert (found.header_row, found.rows) == (6, 1)
    assert people(found) == [("anna@example.com", "Anna Rossi")]
    assert found.warnings == (
        "Everything from line 9 on (3. In-Meeting Activities) was left out.",
        "1 address stands in other places of this file and was not used "
        "(above the heading, row 3 boss@example.com: 1).",
    )


@pytest.mark.parametrize(
    "text",
    [
        'To: Anna Rossi <anna@example.com>; "Novák, Ivan" <ivan@example.com>',
        "Anna Rossi <anna@example.com>, \"Novák, Ivan\" <ivan@example.com>",
        "Anna Rossi <anna@example.com>; Novák, Ivan <ivan@example.com>;",
        "Anna Rossi <anna@example.com>\r\nNovák, Ivan <ivan@example.com>\r\n",
        "An: Rossi, Anna <anna@example.com>, Novák, Ivan <ivan@example.com>",
    ],
)  # fmt: skip
def test_a_pasted_line_of_recipients_in_any_style(text: str) -> None:
    assert people(check_text(text)) == [("anna@example.com", "Anna Rossi"), ("ivan@example.com", "Ivan Novák")]


def test_bare_addresses_in_one_line_and_a_broken_one_among_them() -> None:
    found = check_text("a@example.com; b@example.com; nobody@; A@example.com\nc@example.com")
    assert [row.email for row in found.accepted] == ["a@example.com", "b@example.com", "c@example.com"]
    assert [(bad.row, bad.value) for bad in found.rejected] == [(1, "nobody@")]
    assert len(found.duplicates) == 1


def test_one_address_a_line_with_a_stray_word_keeps_the_word_as_a_row() -> None:
    found = check_text("a@example.com\nnobody\n\nb@example.com\n")
    assert (found.rows, found.header_row, found.delimiter) == (3, None, None)
    assert [bad.row for bad in found.rejected] == [2]


def test_cells_that_hold_name_and_address_are_taken_apart() -> None:
    found = check_text('Guest,Office\n"Rossi, Anna <anna@example.com>",Milano\nBo Berg <bo@example.com>,Oslo\n')
    assert people(found) == [("anna@example.com", "Anna Rossi"), ("bo@example.com", "Bo Berg")]


HEADINGS = [
    ("First name,Last name,Email address,Office,Cost centre,New to AI/ML,New to AWS", "yes,no"),
    ("Nome,Cognome,Indirizzo e-mail,Sede,Centro di costo,Nuovo all'AI/ML,Nuovo ad AWS", "sì,no"),
    ("Vorname,Nachname,E-Mail-Adresse,Büro,Kostenstelle,Neu bei KI/ML,Neu bei AWS", "ja,nein"),
    ("Prénom,Nom,Adresse e-mail,Bureau,Centre de coûts,Nouveau en IA/ML,Nouveau sur AWS", "oui,non"),
    ("Nombre,Apellidos,Correo electrónico,Oficina,Centro de coste,Nuevo en IA/ML,Nuevo en AWS", "sí,no"),
]


@pytest.mark.parametrize(("heading", "answers"), HEADINGS)
def test_headings_and_answers_in_five_languages(heading: str, answers: str) -> None:
    found = check_text(f"{heading}\nAnna,Rossi,anna@example.com,Milano,CC-1,{answers}\n")
    (row,) = found.accepted
    assert row[:7] == (2, "anna@example.com", "Anna Rossi", "Milano", "CC-1", True, False)
    assert row.extra == {}


@pytest.mark.parametrize(
    ("heading", "cells", "name"),
    [
        ("Nome;E-mail", "Anna Rossi", "Anna Rossi"),
        ("Nom;Courriel", "Anna Rossi", "Anna Rossi"),
        ("Name;Vorname;E-Mail", "Rossi;Anna", "Anna Rossi"),
        ("Name;Surname;Mail", "Anna;Rossi", "Anna Rossi"),
        ("Nominativo;Posta elettronica", "Rossi, Anna", "Anna Rossi"),
        ("Display Name;User principal name", "Rossi, Anna", "Anna Rossi"),
    ],
)
def test_words_that_mean_another_thing_beside_their_pair(heading: str, cells: str, name: str) -> None:
    assert people(check_text(f"{heading}\n{cells};anna@example.com\n")) == [("anna@example.com", name)]


def test_a_managers_address_is_not_the_attendees() -> None:
    found = check_text("Manager email,Name,Email\nboss@example.com,Anna,anna@example.com\n")
    assert people(found) == [("anna@example.com", "Anna")]
    assert found.accepted[0].extra == {"Manager email": "boss@example.com"}


def test_other_columns_are_kept_under_their_headings_and_unnamed_ones_get_a_name() -> None:
    found = check_text("Email,Shirt,Shirt,\na@example.com,M,L,vegan\n")
    assert found.accepted[0].extra == {"Shirt": "M", "Shirt (2)": "L", "Column 4": "vegan"}


def test_a_wrong_guess_is_corrected_by_heading_by_position_or_away() -> None:
    text = "Contact,Work,Home,Office\nAnna,a@example.com,b@example.com,Rome\n"
    assert check_text(text).mapping == {"email": 1, "office": 3}
    corrected = check_text(text, mapping={"email": "home", "name": 0, "office": ""})
    assert people(corrected) == [("b@example.com", "Anna")]
    assert corrected.mapping == {"email": 2, "name": 0}
    assert corrected.accepted[0].extra == {"Work": "a@example.com", "Office": "Rome"}
    assert check_text(text, mapping=corrected.mapping | {"office": ""}).accepted[0] == corrected.accepted[0]


def test_a_mapping_to_what_is_not_there_is_refused_by_name() -> None:
    with pytest.raises(UnreadableRoster, match="no column Shoe: choose one of Name, Email"):
        check_text("Name,Email\nA,a@example.com\n", mapping={"office": "Shoe"})
    with pytest.raises(UnreadableRoster, match="no field named shoe"):
        check_text("Name,Email\nA,a@example.com\n", mapping={"shoe": 0})


def test_a_list_without_addresses_rejects_every_row_and_asks_for_the_column() -> None:
    found = check_text("Date,Place\n2026-01-01,Rome\n2026-01-02,Oslo\n")
    assert [(bad.row, bad.column) for bad in found.rejected] == [(2, "E-mail"), (3, "E-mail")]
    assert found.warnings == ("No column with e-mail addresses was found: choose it in the column mapping.",)


def test_the_header_row_can_be_corrected() -> None:
    text = "kontaktliste\nwer;wo\nAnna;a@example.com\n"
    assert check_text(text, header_row=2).columns[0].name == "wer"
    assert check_text(text, header_row=0).rows == 3


def test_a_long_name_is_cut_with_a_warning() -> None:
    found = check_text("Name,Email\n" + "A" * 201 + ",a@example.com\nB,b@example.com\n")
    assert [len(row.name) for row in found.accepted] == [200, 1]
    assert found.warnings == ("Row 2: names longer than 200 characters were cut.",)


def test_an_answer_that_is_neither_yes_nor_no_is_left_open_with_a_warning() -> None:
    found = check_text("Email,New to AWS\na@example.com,maybe\nb@example.com,yes\nc@example.com,\n")
    assert [row.new_to_aws for row in found.accepted] == [None, True, None]
    assert found.warnings == ("Row 2, column New to AWS: neither yes nor no, so the answer was left open.",)


def test_control_characters_are_removed_and_direction_marks_kept_as_data() -> None:
    found = check_text("Name,Email\nAn\x00na\x07 R\x85ossi,an\x00na@example.com\n\u202eevil,e@example.com\n")
    assert people(found) == [("anna@example.com", "Anna R ossi"), ("e@example.com", "\u202eevil")]


def test_the_sheet_with_the_addresses_is_chosen_and_rows_are_the_sheets() -> None:
    raw = workbook(
        ("Read me", [["contact", "team@example.com"]]),
        ("People", [[], ["Event list"], [], ["Name", "Email", "New to AWS", "Badge"],
                    ["Anna", "a@example.com", True, 7.0],
                    [], ["Bo", "nobody@", False, 8.5], ["Cy", "=\"c@example.com\""]]),
    )  # fmt: skip
    found = check(raw, filename="list.xlsx")
    assert (found.sheet, found.sheets, found.header_row) == ("People", ("Read me", "People"), 4)
    assert found.accepted[0] == (5, "a@example.com", "Anna", "", "", None, True, {"Badge": "7"}, None)
    assert [bad.row for bad in found.rejected] == [7, 8]
    assert check(raw, filename="list.xlsx", sheet="Read me").rows == 1
    with pytest.raises(UnreadableRoster, match="no sheet named Nope: choose one of Read me, People"):
        check(raw, filename="list.xlsx", sheet="Nope")


def test_rows_above_the_heading_are_left_out_with_the_reason_or_let_in() -> None:
    text = "Anna,anna@example.com\nBo,bo@example.com\nName,Email\nCy,cy@example.com\n"
    found = check_text(text)
    assert (found.rows, people(found)) == (3, [("cy@example.com", "Cy")])
    assert [(out.row, out.kind) for out in found.left_out] == [(1, "above"), (2, "above")]
    assert found.warnings == ("2 rows with an address stand above the heading in line 3, left out (row 1, row 2).",)
    assert [row.row for row in check_text(text, include=["above"]).accepted] == [1, 2, 4]


@pytest.mark.parametrize(
    ("heading", "cells", "email", "name"),
    [
        ("Worker,Email - Primary Work,Location", "Anna Rossi,anna@example.com,Roma", "anna@example.com", "Anna Rossi"),
        ("Buyer Email,Attendee First Name,Attendee Surname,Attendee Email", "o@example.com,Anna,Rossi,anna@example.com",
         "anna@example.com", "Anna Rossi"),
        ("Ticket Full Name,Ticket Email,Order Name,Order Email", "Anna Rossi,anna@example.com,Off,o@example.com",
         "anna@example.com", "Anna Rossi"),
        ("Attendee #,First Name,Last Name,Email", "1,Anna,Rossi,anna@example.com", "anna@example.com", "Anna Rossi"),
        ("Timestamp,Email Address,What is your name?", "x,anna@example.com,Anna Rossi", "anna@example.com",
         "Anna Rossi"),
        ("氏名,会社メールアドレス,上司メールアドレス", "山田,a@example.com,b@example.com", "a@example.com", "山田"),
    ],
)  # fmt: skip
def test_exports_of_other_systems_give_the_attendee(heading: str, cells: str, email: str, name: str) -> None:
    assert people(check_text(f"{heading}\n{cells}\n")) == [(email, name)]


def test_an_address_that_stands_only_with_other_people_is_named_and_not_taken() -> None:
    found = check_text("Name,Email,Private email\nAnna,,anna@home.example\n")
    assert found.accepted[:] == []
    assert "anna@home.example stands in column Private email" in found.rejected[0].reason


def test_a_header_alone_is_a_list_of_nobody() -> None:
    found = check_text("Name,Email\n")
    assert (found.rows, found.warnings) == (0, ("The list has a header but no rows below it.",))


cells = st.one_of(
    st.sampled_from(["a@example.com", "A@EXAMPLE.com ", "b@example.com", "Bo <b@example.com>", "nobody@", "",
                     " ", "=x", "é@x.example"]),
    st.text(max_size=12),
    st.text(' ,;\t|"\n\r@.<>', max_size=6),
)  # fmt: skip
tables = st.lists(st.lists(cells, min_size=1, max_size=4), max_size=12)


def check_or_sentence(raw: bytes) -> RosterCheck | str:
    try:
        return check(raw, filename="x.csv", service_rule="on_aws")
    except UnreadableRoster as unreadable:
        return unreadable.sentence


@given(tables, st.sampled_from([",", ";", "\t", "|"]), st.booleans(), st.booleans())
def test_every_row_ends_as_exactly_one_of_accepted_duplicate_rejected(
    table: list[list[str]], delimiter: str, has_header: bool, is_quoted: bool
) -> None:
    lines = ["Name" + delimiter + "Email"] if has_header else []
    for row in table:
        lines.append(delimiter.join('"' + cell.replace('"', '""') + '"' if is_quoted else cell for cell in row))
    found = check_or_sentence("\n".join(lines).encode("utf-8", "surrogatepass"))
    if isinstance(found, str):
        assert found.endswith(".")
        return
    rows = [
        *(row.row for row in found.accepted),
        *(again.row for again in found.duplicates),
        *(bad.row for bad in found.rejected),
    ]
    assert (
        found.rows + found.further_people
        == len(rows)
        == len(list(found.accepted)) + len(found.duplicates) + len(found.rejected)
    )
    emails = [row.email for row in found.accepted]
    assert len(set(emails)) == len(emails)
    first = {row.email: row.row for row in found.accepted}
    assert all(first[again.email] == again.first_row <= again.row for again in found.duplicates)


@given(st.binary(max_size=300))
def test_no_bytes_make_more_than_one_sentence(raw: bytes) -> None:
    for start in (b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe", b"\xef\xbb\xbf"):
        found = check_or_sentence(start + raw)
        if isinstance(found, str):
            assert found.endswith(".")
            assert "\n" not in found
        else:
            assert found.rows == len(found.accepted) + len(found.duplicates) + len(found.rejected)


lines_of_cells = st.lists(
    st.lists(st.text("aß\u2028\x85\u00a0 '@.=;|", max_size=5), min_size=2, max_size=4), min_size=1, max_size=6
)


@given(
    st.lists(st.lists(st.text('a" ,\n', max_size=6), min_size=2, max_size=2), min_size=1, max_size=5),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_quoted_texts_give_the_same_cells_whichever_way_they_are_split(
    table: list[list[str]], line_end: str, is_proper: bool
) -> None:
    quote = (lambda cell: '"' + cell.replace('"', '""') + '"') if is_proper else (lambda cell: cell)
    text = line_end.join(",".join(map(quote, row)) for row in table)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(even_tables, "_LARGE_QUOTED", 0)
        fast = records_or_sentence(lambda: split_records(text, ",", Limits())[0])
    assert fast == records_or_sentence(lambda: _split_quoted(text, ",", Limits())[0])


def records_or_sentence(split: Callable[[], Grid]) -> list[tuple[int, list[str]]] | str:
    try:
        grid = split()
    except UnreadableRoster as unreadable:
        return unreadable.sentence
    return [(line, [cell.strip() for cell in grid.record(place)]) for place, line in enumerate(grid.lines)]


@given(lines_of_cells, st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from([",", "\t"]), st.booleans())
def test_all_ways_of_splitting_a_text_give_the_same_cells(
    table: list[list[str]], line_end: str, delimiter: str, ends: bool
) -> None:
    text = line_end.join(delimiter.join(row) for row in table) + (line_end if ends else "")
    slow, _ = _split_quoted(text, delimiter, Limits())
    expected = [[cell.lstrip(" ") for cell in slow.record(place)] for place in range(slow.height)]
    for size in (0, 10**9):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(even_tables, "LARGE", size)
            grid, _ = split_records(text, delimiter, Limits())
        assert [[cell.lstrip(" ") for cell in grid.record(place)] for place in range(grid.height)] == expected
        assert list(grid.lines) == list(slow.lines)


def test_a_large_list_gives_what_its_small_halves_give() -> None:
    rows = [f"Anna,a{number}@example.com,yes" if number % 7 else f"Bo,nobody{number}@,no" for number in range(70_000)]
    head = "Name,Email,New to AWS"
    whole = check_text("\r\n".join([head, *rows]))
    half = check_text("\r\n".join([head, *rows[:20_000]]))
    assert (whole.rows, len(whole.accepted), len(whole.rejected)) == (70_000, 60_000, 10_000)
    assert whole.accepted[: len(half.accepted)] == half.accepted[:]
    assert whole.rejected[: len(half.rejected)] == half.rejected
    assert whole.accepted[-1] == (70_001, "a69999@example.com", "Anna", "", "", None, True, {}, None)
