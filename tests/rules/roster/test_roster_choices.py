"""What was guessed of a list can be chosen otherwise; every row stays in exactly one place."""

from __future__ import annotations

import io
import json

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.reading_process import read_list
from deepracer_admin.rules.roster.carried import unpack
from deepracer_admin.rules.roster.check import check
from deepracer_admin.rules.roster.choices import GUESSED, ReadingChoices
from deepracer_admin.rules.roster.findings import RosterCheck, UnreadableRoster
from deepracer_admin.rules.roster.people import family_last, full_name

STATUS = (
    "Name,Email,Status\nAnna Rossi,anna@example.com,approved\nBo Berg,bo@example.com,denied\n"
    "Cy Young,cy@example.com,maybe\nDi Lee,di@example.com,Denied \n"
)
TWO = (
    "Milano\nName,Email\nAnna Rossi,anna@example.com\nBo Berg,bo@example.com\n\n"
    "Oslo\nFirst name,Last name,Email,Office\nCy,Young,cy@example.com,Oslo\n"
)


def read(text: str | bytes, choices: ReadingChoices = GUESSED) -> RosterCheck:
    """As the child reads it, over JSON and back."""
    raw = text.encode() if isinstance(text, str) else text
    values, blocks = read_list(raw, {"filename": "list", "choices": json.loads(json.dumps(choices.as_json()))})
    return unpack(json.loads(json.dumps(values)), blocks)


def emails(found: RosterCheck) -> list[str]:
    return [row.email for row in found.accepted]


def balanced(found: RosterCheck) -> bool:
    return found.rows + found.further_people == (
        len(found.accepted) + len(found.duplicates) + len(found.rejected) + len(found.left_out)
    )


def test_the_words_of_a_status_are_counted_and_each_can_be_let_in_or_kept_out() -> None:
    guess = read(STATUS)
    assert [(word.value, word.rows, word.says_no, word.is_taken) for word in guess.shape.statuses[0].values] == [
        ("denied", 2, True, False),
        ("approved", 1, False, True),
        ("maybe", 1, False, True),
    ]
    found = read(STATUS, ReadingChoices(let_in=(("Status", "denied"),), keep_out=(("", "maybe"),)))
    assert emails(found) == ["anna@example.com", "bo@example.com", "di@example.com"]
    assert [(out.row, out.kind, out.reason) for out in found.left_out] == [
        (4, "declined", "Column Status says: maybe.")
    ]
    assert balanced(found)


def test_whoever_gave_no_answer_is_named_and_can_be_kept_out() -> None:
    text = "Name,Email,Approved?\nZoë,zoe@example.com,Yes\nBo,bo@example.com,\nAl,al@example.com, \n"
    found = read(text)
    assert [row.row for row in found.accepted] == [2, 3, 4]
    assert "Column Approved? is empty in 2 rows, taken (row 3, row 4)." in found.warnings
    (status,) = found.shape.statuses
    assert [(word.value, word.rows, word.says_no, word.is_taken) for word in status.values] == [
        ("", 2, False, True),
        ("Yes", 1, False, True),
    ]
    without = read(text, ReadingChoices(keep_out=(("Approved?", ""),)))
    assert [row.row for row in without.accepted] == [2]
    assert [(out.row, out.reason) for out in without.left_out] == [
        (3, "Column Approved? is empty."),
        (4, "Column Approved? is empty."),
    ]
    # A column that only tells a state, and one in which nobody answered, ask nothing.
    for heading, answers in (("Status", ["Booked", ""]), ("Approved?", ["", ""])):
        rows = "".join(f"P{place},p{place}@example.com,{answer}\n" for place, answer in enumerate(answers))
        assert not any("is empty" in told for told in read(f"Name,Email,{heading}\n{rows}").warnings)


def test_another_column_can_say_who_comes_or_none() -> None:
    text = "Name,Email,Status,Lunch\nAnna,anna@example.com,denied,yes\nBo,bo@example.com,approved,no\n"
    assert emails(read(text)) == ["bo@example.com"]
    assert emails(read(text, ReadingChoices(status_column=""))) == ["anna@example.com", "bo@example.com"]
    assert emails(read(text, ReadingChoices(status_column=3))) == ["anna@example.com"]


def test_a_column_with_too_many_words_cannot_say_who_comes() -> None:
    rows = "".join(f"P{number},p{number}@example.com,note {number}\n" for number in range(80))
    with pytest.raises(UnreadableRoster, match="too many different values"):
        read("Name,Email,Note\n" + rows, ReadingChoices(status_column=2))


def test_one_of_two_lists_in_a_file_is_left_out_and_its_rows_are_counted() -> None:
    guess = read(TWO)
    assert [(table.title, table.rows, table.is_read) for table in guess.shape.tables] == [
        ("Milano", 2, True),
        ("Oslo", 1, True),
    ]
    found = read(TWO, ReadingChoices(tables_aside=(guess.shape.tables[0].line,)))
    assert emails(found) == ["cy@example.com"]
    assert [out.kind for out in found.left_out] == ["table", "table"]
    assert "Milano" in found.left_out[0].reason
    assert balanced(found)


def test_a_field_may_come_from_a_column_that_only_the_second_list_has() -> None:
    found = read(TWO, ReadingChoices(columns={"cost_centre": 4}))
    assert {column.name: column.field for column in found.columns}["Office"] == "cost_centre"


def test_what_stands_above_a_heading_that_was_chosen_is_counted_or_named() -> None:
    text = "Name,Email\nAnna,anna@example.com\nName,Email\nBo,bo@example.com\n"
    found = read(text, ReadingChoices(header_row=3))
    assert emails(found) == ["bo@example.com"]
    assert [(out.row, out.kind) for out in found.left_out] == [(2, "above")]
    assert found.shape.rows_above == 1
    assert balanced(found)


def test_a_heading_can_be_chosen_far_down_and_in_a_section_that_was_cut_off() -> None:
    preamble = "".join(f"Note {number}\n" for number in range(40))
    report = "2. Participants\nName\tEmail\nAnna\tanna@example.com\n\n3. Waiting room\nWho\tMail\nBo\tbo@example.com\n"
    guess = read(preamble + report)
    assert emails(guess) == ["anna@example.com"]
    assert [(each.place, each.number) for each in guess.shape.elsewhere] == [("from line 45 on", 1)]
    assert [row.cells for row in guess.shape.head][-2:] == [("Who", "Mail"), ("Bo", "bo@example.com")]
    assert emails(read(preamble + report, ReadingChoices(header_row=46))) == ["bo@example.com"]


def test_a_heading_that_is_not_there_is_looked_for_and_said() -> None:
    found = read("Name,Email\nAnna,anna@example.com\n", ReadingChoices(header_row=99))
    assert emails(found) == ["anna@example.com"]
    assert "Line 99 holds no cells" in found.warnings[0]


def test_no_separator_makes_each_line_one_cell() -> None:
    found = read("Rossi, Anna anna@example.com\nBerg, Bo bo@example.com\n", ReadingChoices(delimiter=""))
    assert emails(found) == ["anna@example.com", "bo@example.com"]


def test_addresses_of_other_columns_are_counted_once_each_and_not_those_of_people_on_the_list() -> None:
    text = (
        "Name,Email,Manager email\nAnna,anna@example.com,boss@example.com\nBo,bo@example.com,boss@example.com\n"
        "Cy,cy@example.com,anna@example.com\nDi,di@example.com,chief@example.com\n"
    )
    found = read(text)
    assert [(each.place, each.number) for each in found.shape.elsewhere] == [("column Manager email", 2)]
    assert "2 addresses stand in other places of this file" in found.shape.told_elsewhere()
    assert found.shape.told_elsewhere() in found.warnings


def test_addresses_of_other_sheets_are_told_whichever_sheet_is_chosen() -> None:
    book = openpyxl.Workbook()
    book.active.title = "People"  # type: ignore[union-attr]
    for number in range(2):
        book["People"].append([f"p{number}@example.com"])
    book.create_sheet("Staff").append(["boss@example.com"])
    raw = io.BytesIO()
    book.save(raw)
    assert [(each.place, each.number) for each in read(raw.getvalue()).shape.elsewhere] == [("sheet Staff", 1)]
    chosen = read(raw.getvalue(), ReadingChoices(sheet="Staff"))
    assert emails(chosen) == ["boss@example.com"]
    assert [(each.place, each.number) for each in chosen.shape.elsewhere] == [("sheet People", 2)]


def test_other_encodings_stay_offered_after_one_was_chosen() -> None:
    raw = "Name;E-mail\nAyşe Yıldız;a@example.com\nÇağrı Şahin;c@example.com\n".encode("cp1254")
    chosen = read(raw, ReadingChoices(encoding="cp1250"))
    offered = {candidate.encoding: candidate.samples for candidate in chosen.candidates}
    assert offered["cp1254"] == ("Ayşe Yıldız", "Çağrı Şahin")
    assert chosen.encoding == "cp1250"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("Rossi Anna", "Anna Rossi"),
        ("De Luca Anna Maria", "Anna Maria De Luca"),
        ("ROSSI BIANCHI Anna", "Anna ROSSI BIANCHI"),
        ("ROSSI ANNA", "ANNA ROSSI"),
        ("van der Berg Bo", "Bo van der Berg"),
        ("Rossi, Anna", "Anna Rossi"),
        ("Anna", "Anna"),
        ("", ""),
    ],
)
def test_a_family_name_that_stands_first_goes_behind(written: str, meant: str) -> None:
    assert family_last(written) == meant


def test_the_order_of_names_is_chosen() -> None:
    assert full_name("Rossi, Anna") == "Anna Rossi"
    assert full_name("Rossi, Anna", order="as written") == "Rossi, Anna"
    assert full_name("Rossi Anna", order="family first") == "Anna Rossi"
    found = read("Nome e cognome,Email\nRossi Anna,anna@example.com\n", ReadingChoices(name_order="family first"))
    assert [row.name for row in found.accepted] == ["Anna Rossi"]


def test_a_choice_about_rows_and_columns_goes_with_them() -> None:
    chosen = ReadingChoices(header_row=3, columns={"email": 2}, let_in=(("", "denied"),), name_order="family first")
    assert chosen.choosing("sheet", "B") == ReadingChoices(sheet="B", name_order="family first")
    assert chosen.choosing("encoding", "cp1250").columns == {"email": 2}
    assert chosen.choosing("header_row", 5) == ReadingChoices(header_row=5, name_order="family first")
    assert chosen.choosing("status_column", 1).let_in == ()


WORDS = st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=3).map(tuple)


@given(
    st.builds(
        ReadingChoices,
        sheet=st.none() | st.text(max_size=5),
        encoding=st.none() | st.text(max_size=5),
        delimiter=st.none() | st.sampled_from(["", ",", "\t"]),
        header_row=st.none() | st.integers(0, 99),
        tables_aside=st.lists(st.integers(0, 99), max_size=3).map(tuple),
        columns=st.dictionaries(st.sampled_from(["email", "name"]), st.integers(0, 9) | st.text(max_size=4)),
        name_order=st.sampled_from([None, "family first", "as written"]),
        status_column=st.none() | st.just("") | st.integers(0, 9),
        let_in=WORDS,
        keep_out=WORDS,
        teams_apart=st.none() | st.booleans(),
        include=st.lists(st.sampled_from(["hidden", "struck", "declined", "above", "others"]), max_size=3).map(tuple),
    )
)
def test_choices_cross_the_pipe(choices: ReadingChoices) -> None:
    assert ReadingChoices.of_json(json.loads(json.dumps(choices.as_json()))) == choices


@pytest.mark.parametrize(
    "values",
    [
        {"sheet": 3},
        {"header_row": -1},
        {"header_row": True},
        {"include": ["everybody"]},
        {"name_order": "random"},
        {"columns": {"email": None}},
        {"limits": {}},
        {"delimiter": "--"},
        {"let_in": ["denied"]},
    ],
)
def test_what_is_no_choice_is_refused(values: dict) -> None:
    with pytest.raises(ValueError, match="no choices"):
        ReadingChoices.of_json(values)


LINES = st.lists(
    st.sampled_from(
        [
            "Name,Email,Status", "First name,Last name,Email,Office", "Milano", "", "Anna,anna@example.com,denied",
            "Bo,bo@example.com,approved", "Cy,Young,cy@example.com,Oslo", "Di,nobody,waitlisted", "x,y", "Notes",
            "Bo,bo@example.com,maybe,boss@example.com",
        ]
    ),
    min_size=1,
    max_size=14,
)  # fmt: skip


@given(
    LINES,
    st.builds(
        ReadingChoices,
        header_row=st.none() | st.integers(0, 6),
        tables_aside=st.lists(st.integers(1, 8), max_size=2).map(tuple),
        status_column=st.none() | st.just("") | st.integers(0, 2),
        let_in=st.sampled_from([(), (("", "denied"),)]),
        keep_out=st.sampled_from([(), (("Status", "approved"),)]),
        include=st.sampled_from([(), ("above",), ("declined", "hidden")]),
        columns=st.sampled_from([{}, {"email": 0}, {"email": "", "office": 1}]),
    ),
)
def test_whatever_is_chosen_every_row_is_in_one_place(lines: list[str], choices: ReadingChoices) -> None:
    try:
        found = check("\n".join(lines).encode(), filename="x", **choices.options())
    except UnreadableRoster:
        return
    assert balanced(found)
    if found.shape.kind == "mailboxes":
        return  # several of them stand on one line
    accounted = [row.row for row in found.accepted] + [row.row for row in found.duplicates]
    accounted += [bad.row for bad in found.rejected] + [out.row for out in found.left_out]
    assert len(accounted) == len(set(accounted))


def test_rows_of_a_team_stay_one_person_where_a_person_says_so() -> None:
    text = (
        "Team,Captain email,Member 1 name,Member 1 email,Member 2 name,Member 2 email\n"
        "Red,cap@example.com,Anna,anna@example.com,Bo,bo@example.com\n"
    )
    guess = read(text)
    assert guess.shape.has_teams
    assert {"anna@example.com", "bo@example.com"} <= set(emails(guess))
    assert balanced(guess)
    one = read(text, ReadingChoices(teams_apart=False, columns={"email": 3}))
    assert (emails(one), one.further_people, one.shape.has_teams) == (["anna@example.com"], 0, False)


def test_correcting_another_column_leaves_the_members_of_a_team() -> None:
    text = "Team,Member 1 email,Member 2 email,Site\nRed,anna@example.com,bo@example.com,Oslo\n"
    guess = read(text)
    site = next(column.position for column in guess.columns if column.name == "Site")
    found = read(text, ReadingChoices(columns={"cost_centre": site}))
    assert emails(found) == emails(guess) == ["anna@example.com", "bo@example.com"]
    assert {row.cost_centre for row in found.accepted} == {"Oslo"}


def test_hosts_are_left_out_counted_and_let_in() -> None:
    text = "Attendee Details,\nName,Email\nAnna,anna@example.com\nHost Details,\nName,Email\nOlga,olga@example.com\n"
    guess = read(text)
    assert emails(guess) == ["anna@example.com"]
    assert (guess.shape.rows_of_others, [out.kind for out in guess.left_out]) == (1, ["others"])
    assert "olga@example.com" in emails(read(text, ReadingChoices(include=("others",))))


def test_a_word_is_let_in_in_its_own_column_alone() -> None:
    text = (
        "Name,Email,Attending,Cancelled\nAnna,a@example.com,no,no\nBo,b@example.com,yes,yes\nCy,c@example.com,yes,no\n"
    )
    assert emails(read(text)) == ["c@example.com"]
    assert emails(read(text, ReadingChoices(let_in=(("Attending", "no"),)))) == ["a@example.com", "c@example.com"]
    assert emails(read(text, ReadingChoices(let_in=(("Cancelled", "yes"),)))) == ["b@example.com", "c@example.com"]


def test_entries_that_say_what_they_are_have_no_heading_to_choose() -> None:
    found = read('[{"name": "Anna", "email": "anna@example.com"}, {"name": "Bo", "email": "bo@example.com"}]')
    assert (found.shape.kind, found.header_row) == ("entries", None)
    assert emails(found) == ["anna@example.com", "bo@example.com"]
