"""How a list was corrected is remembered for lists of the same source, as far as it fits them, and can be undone."""

from __future__ import annotations

import io
import json
from dataclasses import asdict

import openpyxl
import pytest

from deepracer_admin.compose import Console
from deepracer_admin.model import Actor, Event
from deepracer_admin.records.list_readings import LIST_READINGS, ListReading
from deepracer_admin.rules.roster.choices import GUESSED, ReadingChoices
from deepracer_admin.rules.roster.findings import UnreadableRoster
from deepracer_admin.services.people.dry_run import DryRun
from deepracer_admin.services.people.remembered import key_of

HEAD = "Order,Buyer mail,Attendee mail,Name,Status\n"
ORDERS = (
    f"{HEAD}1,office@example.com,anna@example.com,Rossi Anna,paid\n2,office@example.com,bo@example.com,Berg Bo,hold\n"
)


@pytest.fixture(autouse=True)
def _event(event: Event) -> None:
    """Every test reads for an event."""


def read(console: Console, who: Actor, text: str | bytes, choices: ReadingChoices | None = None) -> DryRun:
    data = text.encode() if isinstance(text, str) else text
    return console.first.attendees.dry_run(who, data, filename="list.csv", choices=choices)


def corrected(console: Console, who: Actor, text: str | bytes, choices: ReadingChoices) -> DryRun:
    dry = read(console, who, text, choices)
    console.first.attendees.keep_reading(who, dry)
    return dry


def emails(dry: DryRun) -> list[str]:
    return [row.email for row in dry.check.accepted]


def book(**sheets: list[list[str]]) -> bytes:
    made = openpyxl.Workbook()
    made.remove(made.active)  # type: ignore[arg-type]
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(row)
    raw = io.BytesIO()
    made.save(raw)
    return raw.getvalue()


def test_the_next_list_of_the_source_is_read_alike_and_says_so(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 1}, name_order="family first"))
    dry = read(console, organizer, HEAD + "9,desk@example.com,cy@example.com,Young Cy,paid\n")
    assert [(row.email, row.name) for row in dry.check.accepted] == [("desk@example.com", "Cy Young")]
    assert dry.remembered is not None
    assert dry.remembered.taken == ("E-mail address from column “Buyer mail”", "family name first")
    assert (dry.remembered.lost, dry.remembered.by) == ((), organizer.name)


def test_whom_to_let_in_is_asked_anew_and_whom_to_leave_out_is_remembered(console: Console, organizer: Actor) -> None:
    text = ORDERS + "3,office@example.com,cy@example.com,Young Cy,cancelled\n"
    first = corrected(
        console, organizer, text, ReadingChoices(let_in=(("Status", "cancelled"),), keep_out=(("Status", "hold"),))
    )
    assert emails(first) == ["anna@example.com", "cy@example.com"]
    again = read(console, organizer, text + "4,office@example.com,di@example.com,Lee Di,Hold\n")
    assert emails(again) == ["anna@example.com"]
    assert again.choices == ReadingChoices(keep_out=(("Status", "hold"),))


def test_letting_people_in_alone_is_nothing_to_remember(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, ORDERS.replace("hold", "denied"), ReadingChoices(let_in=(("", "denied"),)))
    assert console.store.rows("", LIST_READINGS) == {}


def test_a_column_is_known_by_its_heading_wherever_it_stands_and_a_gone_one_is_said(
    console: Console, organizer: Actor
) -> None:
    corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 1, "office": 0}))
    moved = read(console, organizer, "Name,Buyer mail,Attendee mail,Status\nAnna,desk@example.com,a@example.com,paid\n")
    assert emails(moved) == ["desk@example.com"]
    assert moved.remembered is not None
    assert moved.remembered.taken == ("E-mail address from column “Buyer mail”",)
    assert moved.remembered.lost == ("the column of “Office”: it is not in this list",)


def test_a_list_that_only_looks_a_little_like_it_is_guessed(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 1}))
    for text in ("Name,Email\nAnna,a@example.com\n", "Order,Name,Attendee mail,Hotel,City\n1,A,a@example.com,x,y\n"):
        assert read(console, organizer, text).remembered is None


def test_a_reading_that_would_find_nobody_is_not_taken_over(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 1}))
    dry = read(console, organizer, HEAD + "1,,anna@example.com,Anna,paid\n")
    assert emails(dry) == ["anna@example.com"]
    assert dry.choices == GUESSED
    assert dry.remembered is not None
    assert "nobody would be found" in dry.remembered.lost[0]


def test_a_choice_that_finds_nobody_is_shown_and_not_remembered(console: Console, organizer: Actor) -> None:
    dry = corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 0}))
    assert emails(dry) == []
    assert dry.balance == "2 rows = 0 accepted + 0 duplicates + 2 rejected + 0 left out"
    assert console.store.rows("", LIST_READINGS) == {}


def test_undoing_forgets_whatever_would_be_taken_over(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 1}))
    corrected(console, organizer, ORDERS.replace("Order,", "Order no,"), ReadingChoices(columns={"email": 1}))
    console.first.attendees.forget_reading(organizer, read(console, organizer, ORDERS))
    again = read(console, organizer, ORDERS)
    assert (emails(again), again.remembered) == (["anna@example.com", "bo@example.com"], None)


def test_a_correction_that_was_put_back_is_forgotten(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, ORDERS, ReadingChoices(columns={"email": 1}))
    corrected(console, organizer, ORDERS, GUESSED)
    assert console.store.rows("", LIST_READINGS) == {}


def test_a_sheet_is_remembered_by_its_name_and_a_gone_one_is_said(console: Console, organizer: Actor) -> None:
    people, staff = [["Name", "Email"], ["Anna", "a@example.com"]], [["Full name", "Mail"], ["Boss", "b@example.com"]]
    first = book(People=[*people, ["Cy", "c@example.com"]], Staff=staff)
    corrected(console, organizer, first, ReadingChoices(sheet="Staff"))
    turned = book(Staff=staff, People=[*people, ["Di", "d@example.com"]])
    assert emails(read(console, organizer, turned)) == ["b@example.com"]
    gone = read(console, organizer, book(People=[*people, ["Di", "d@example.com"]]))
    assert emails(gone) == ["a@example.com", "d@example.com"]
    assert gone.remembered is not None
    assert gone.remembered.lost == ("the sheet: none of this name is in this file",)


def test_a_heading_is_found_again_where_the_next_file_has_it(console: Console, organizer: Actor) -> None:
    """The report's head grows by a line; the heading is known by what it says, not by its line."""
    head = "Kick-off,,,\nName,Email,Team,Seat\nboard,board@example.com,x,1\n"
    table = "Person,Private mail,Work mail,Seat\nAnna,home@example.com,anna@example.com,4\n"
    first = corrected(console, organizer, head + table, ReadingChoices(header_row=4))
    assert emails(first) == ["anna@example.com"]
    again = read(console, organizer, "Report\n" + head + table.replace("anna", "bo"))
    assert (emails(again), again.check.header_row) == (["bo@example.com"], 5)


def test_an_encoding_is_remembered_and_left_alone_where_the_file_says_its_own(
    console: Console, organizer: Actor
) -> None:
    text = "Name;E-mail;Seat\nAyşe Yıldız;a@example.com;1\nÇağrı Şahin;c@example.com;2\n"
    corrected(console, organizer, text.encode("cp1254"), ReadingChoices(encoding="cp1250"))
    other = text.replace("a@", "b@")
    assert read(console, organizer, other.encode("cp1254")).check.encoding == "cp1250"
    own = read(console, organizer, other.encode())
    assert [row.name for row in own.check.accepted] == ["Ayşe Yıldız", "Çağrı Şahin"]
    assert own.remembered is not None
    assert own.remembered.lost == ("the encoding: this file says its own",)


def test_one_of_two_lists_stays_left_out_when_its_place_moves(console: Console, organizer: Actor) -> None:
    def file(first: int) -> str:
        rows = "".join(f"P{number},p{number}@example.com,x\n" for number in range(first))
        return f"Milano\nName,Email,Seat\n{rows}\nOslo\nName,Email,Seat\nBo,bo@example.com,3\n"

    guess = read(console, organizer, file(2))
    corrected(console, organizer, file(2), ReadingChoices(tables_aside=(guess.check.shape.tables[1].line,)))
    assert emails(read(console, organizer, file(3))) == ["p0@example.com", "p1@example.com", "p2@example.com"]


def test_a_list_without_headings_is_not_remembered(console: Console, organizer: Actor) -> None:
    corrected(console, organizer, "Rossi Anna <a@example.com>", ReadingChoices(name_order="family first"))
    assert console.store.rows("", LIST_READINGS) == {}


def test_choices_that_cannot_be_are_refused_with_a_sentence(console: Console, organizer: Actor) -> None:
    raw = ORDERS.replace("Anna", "Annä").encode("cp1252")
    for choices in (
        ReadingChoices(columns={"email": 40}),
        ReadingChoices(encoding="utf-8"),
        ReadingChoices(encoding="klingon"),
    ):
        with pytest.raises(UnreadableRoster):
            read(console, organizer, raw, choices)
    with pytest.raises(UnreadableRoster, match="no sheet named"):
        read(console, organizer, book(People=[["Email"], ["a@example.com"]]), ReadingChoices(sheet="Staff"))


def test_no_word_of_a_list_stands_in_the_store(console: Console, organizer: Actor) -> None:
    """A person's row may have been taken for the heading: what is kept must not tell anybody's name or address."""
    text = "Anna Rossi,anna@example.com,Milano\nBo Berg,bo@example.com,Oslo\nCy Young,cy@example.com,Roma\n"
    corrected(console, organizer, text, ReadingChoices(header_row=1, columns={"office": 0}, name_order="family first"))
    kept = console.store.rows("", LIST_READINGS)
    assert kept
    told = json.dumps([asdict(reading) for reading in kept.values()], default=str)
    assert not [word for word in ("Rossi", "anna", "Milano") if word in told]


def test_corrected_columns_of_older_versions_still_hold(console: Console, organizer: Actor) -> None:
    old = {key_of(read(console, organizer, ORDERS).check, kind=""): ListReading({"email": 1, "name": "", "office": 0})}
    console.store.change_rows("", LIST_READINGS, lambda _: old, keys=old)
    dry = read(console, organizer, ORDERS)
    assert emails(dry) == ["office@example.com"]
    assert dry.check.mapping == {"email": 1, "office": 0}
    console.first.attendees.forget_reading(organizer, dry)
    assert console.store.rows("", LIST_READINGS) == {}


def test_two_who_correct_the_same_source_leave_the_newer(console: Console, organizer: Actor) -> None:
    one = read(console, organizer, ORDERS, ReadingChoices(columns={"email": 1}))
    other = read(console, organizer, ORDERS, ReadingChoices(name_order="family first"))
    console.first.attendees.keep_reading(organizer, one)
    console.first.attendees.keep_reading(organizer, other)
    assert read(console, organizer, ORDERS).choices == ReadingChoices(name_order="family first")
