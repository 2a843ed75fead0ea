"""Further ways in which a clean list is damaged: other kinds of files, teams' rows, lost separators, lost letters."""

from __future__ import annotations

import html
import json
import random

from tests.rules.roster.damaged_lists import WAYS, Damaged, shape, table, text_of, way
from tests.rules.roster.old_sheets import old_workbook

__all__ = ["KIND_OF", "damaged"]

# Ways of damaged_lists.py and of this module -> the letter of their kind.
KIND_OF = {
    **{name: "E" for name in WAYS if name.startswith("encoding ")},
    "headings_of_other_languages": "B",
    "somebody_elses_column": "A",
    "a_qualified_pair": "A",
    "a_status_column": "C",
    "cells_with_names_and_addresses": "M",
    "bullets_and_numbers": "M",
    "decorated_addresses": "O",
    "full_width_letters": "O",
    "proxy_addresses": "M",
    "a_second_address_column": "D",
    "guests_of_a_directory": "A",
    "several_addresses_in_a_cell": "D",
    "whole_lines_quoted": "N",
    "bare_quotation_marks": "N",
    "backslashed_quotation_marks": "N",
    "an_unquoted_comma": "Q",
    "further_headings": "P",
    "the_heading_again_and_again": "P",
    "a_report_around_the_list": "P",
    "three_heading_rows": "B",
    "names_turned_round": "R",
    "one_mailbox_in_two_spellings": "O",
    "a_workbook_with_empty_cells_around": "G",
    "a_workbook_with_hidden_rows": "F",
    "a_workbook_with_a_hidden_sheet": "F",
    "a_workbook_with_unsaved_formulas": "H",
}


def kind(letter: str):
    def named(make):
        KIND_OF[make.__name__] = letter
        return way(make)

    return named


@kind("A")
def a_constant_address(chance, people):
    """The plain column holds the office's address on every row, another one the attendee's."""
    people = [*people, ("cy@example.com", "Cy Young")]
    heading = [
        chance.choice(["Name", "Attendee"]),
        "Email",
        chance.choice(["Participant e-mail", "Contact", "Attendee"]),
    ]
    rows = [heading, *([name, "office@example.com", email] for email, name in people)]
    return text_of(rows, **shape(chance)).encode(), people, []


@kind("C")
def two_status_columns(chance, people):
    coming, away = [], []
    rows = [["Name", "Email", "Order status", "Attendee status"]]
    for number, (email, name) in enumerate(people):
        words = chance.choice([("Completed", "Not Attending"), ("Refunded", "Attending"), ("Completed", "Waitlisted")])
        is_away = number == 0 or chance.random() < 0.3
        (away if is_away else coming).append((email, name))
        rows.append([name, email, *(words if is_away else ("Completed", "Attending"))])
    return text_of(rows, **shape(chance)).encode(), coming, [email for email, _ in away]


@kind("C")
def cancelled_on_a_day(chance, people):
    heading = chance.choice(["Cancelled", "Cancelled at", "Storniert am", "Annullato il", "Anulowano", "キャンセル日"])
    rows = [["Name", "Email", heading]]
    rows += [[name, email, "" if number else "2026-11-02"] for number, (email, name) in enumerate(people)]
    if heading == "Anulowano":
        rows[0][2] = "Status"
        rows[1][2] = "anulowane"
    return text_of(rows, **shape(chance)).encode(), people[1:], [people[0][0]]


@kind("D")
def rows_of_teams(chance, people):
    """Names and addresses of a team in one cell each."""
    between = chance.choice(["; ", "\n", " | "])
    rows = [["Team", "Names", "Emails"]]
    for start in range(0, len(people), 3):
        team = people[start : start + 3]
        rows.append([f"T{start}", between.join(name for _, name in team), between.join(email for email, _ in team)])
    return text_of(rows, delimiter=chance.choice([",", "\t"]), quoting=1).encode()


@kind("D")
def numbered_members(chance, people):
    word = chance.choice(["Member", "Participant", "Racer", "Teilnehmer", "Membro", "Deelnemer"])
    size = chance.randint(2, 4)
    heading = ["Team"]
    for number in range(1, size + 1):
        heading += [f"{word} {number} name", f"{word} {number} e-mail"]
    rows = [heading]
    for start in range(0, len(people), size):
        team = people[start : start + size]
        cells = [cell for email, name in team for cell in (name, email)]
        rows.append([f"T{start}", *cells, *[""] * (2 * (size - len(team)))])
    return text_of(rows, **shape(chance)).encode()


@kind("E")
def letters_read_wrongly_before(chance, people):
    """UTF-8 that somebody opened as Western and saved again."""
    rows = table(chance, people)
    for row in rows[1:]:
        row[0] = row[0].encode().decode("cp1252", errors="ignore") if _survives(row[0]) else row[0]
    return text_of(rows, **shape(chance)).encode()


def _survives(name: str) -> bool:
    try:
        name.encode().decode("cp1252")
    except UnicodeDecodeError:
        return False
    return True


@kind("E")
def entities_in_names(chance, people):
    rows = table(chance, people)
    for row in rows[1:]:
        row[0] = "".join(f"&#{ord(letter)};" if letter > "\x7f" or letter == "'" else letter for letter in row[0])
    return text_of(rows, delimiter=chance.choice([",", "\t", "|"])).encode()


@kind("E")
def the_encoding_of_japanese_mail(chance, people):
    people = [(email, chance.choice(["山田 太郎", "鈴木 花子", "佐藤 さくら"])) for email, _ in people]
    return text_of(table(chance, people, ("氏名", "メールアドレス", "拠点"))).encode("iso2022_jp"), people, []


@kind("H")
def an_old_workbook_with_a_merged_cell(chance, people):
    rows = [["Office", "Name", "Email"], *(["HQ" if not number else None, name, email]
                                           for number, (email, name) in enumerate(people))]  # fmt: skip
    return old_workbook({"List": rows}, merged=[(1, len(people), 0, 0)])


@kind("I")
def an_old_workbook_with_far_cells(chance, people):
    rows: list[list] = [["Name", "Email"], *([name, email] for email, name in people)]
    rows += [[] for _ in range(chance.randint(1_000, 20_000))]
    rows.append([None] * chance.randint(20, 200) + ["remark"])
    return old_workbook({"List": rows}), people, [f"row {len(rows)}"]


@kind("I")
def an_old_workbook_with_what_it_hides(chance, people):
    rows = [["Name", "Email"], *([name, email] for email, name in people)]
    strangers = [["Email"], *([f"stranger{number}@example.com"] for number in range(30))]
    raw = old_workbook({"_all": strangers, "List": rows}, hidden_sheets=["_all"], hidden_rows=[1])
    return raw, people[1:], [people[0][0]]


@kind("J")
def a_line_of_words_before_the_list(chance, people):
    words = " ".join(["word"] * chance.randint(1_000, 20_000))
    return f"{words}\n\n{text_of(table(chance, people))}".encode()


@kind("K")
def lists_in_other_cells(chance, people):
    """Cells full of the sign that other files put between cells."""
    delimiter, other = chance.choice([(",", ";"), (";", ","), ("\t", ";"), ("|", ",")])
    rows = [["Name", "Email", "Skills"]]
    for email, name in people:
        skills = [chance.choice(["a", "bc", "def"]) for _ in range(chance.randint(3, 6))]
        rows.append([name, email, f"{other} ".join(skills)])
    return "\n".join(delimiter.join(row) for row in rows).encode()


@kind("K")
def a_first_line_that_names_the_delimiter(chance, people):
    delimiter = chance.choice([",", ";", "\t", "|"])
    return f"sep={delimiter}\r\n{text_of(table(chance, people), delimiter=delimiter)}".encode()


@kind("L")
def an_export_as_json(chance, people):
    entries = [{"displayName": name, "mail": email, "manager": {"mail": "boss@example.com"}, "phones": ["1", "2"]}
               for email, name in people]  # fmt: skip
    whole = chance.choice([entries, {"value": entries}, {"data": {"users": entries}, "count": len(entries)}])
    if chance.random() < 0.3:
        return "\n".join(json.dumps(entry) for entry in entries).encode()
    return json.dumps(whole, ensure_ascii=chance.random() < 0.5, indent=chance.choice([None, 2])).encode("utf-8-sig")


@kind("L")
def a_web_page_named_as_a_spreadsheet(chance, people):
    end = chance.choice(["</td>", ""])
    rows = "".join(
        f"<tr><td>{html.escape(name)}{end}<td><a href='mailto:{email}'>{chance.choice([email, 'mail'])}</a>{end}"
        for email, name in people
    )
    start = chance.choice(["<html><body>", "<!-- export -->", "<style>td{}</style>", '<?xml version="1.0"?><html>', ""])
    page = f"{start}<table border=1><tr><th>Name<th>E-mail</tr>{rows}</table>"
    return page.encode(chance.choice(["utf-16", "utf-8", "utf-8-sig"]))


@kind("L")
def contact_cards(chance, people):
    cards = []
    for email, name in people:
        given, family = name.split(" ", 1)
        version = chance.choice(["2.1", "3.0", "4.0"])
        card = f"BEGIN:VCARD\r\nVERSION:{version}\r\nN:{family};{given};;;\r\n"
        if version == "2.1":
            quoted = "".join(f"={octet:02X}" for octet in name.encode())
            card += f"FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:{quoted[:30]}=\r\n{quoted[30:]}\r\n"
            card += f"EMAIL;HOME:home.{email}\r\nEMAIL;PREF;INTERNET:{email}\r\n"
        else:
            card += (
                f"FN:{name}\r\nitem1.EMAIL;TYPE=WORK:{email[:5]}\r\n {email[5:]}\r\nEMAIL;TYPE=HOME:home.{email}\r\n"
            )
        cards.append(card + "END:VCARD\r\n")
    return "".join(cards).encode()


@kind("N")
def cells_that_are_formulas_of_texts(chance, people):
    lines = ["Name,Email", *(f'="{name}",="{email}"' for email, name in people)]
    return "\n".join(lines).encode()


@kind("O")
def a_mark_before_every_cell(chance, people):
    rows = table(chance, people)
    rows[1:] = [[f"'{cell}" if cell else "" for cell in row] for row in rows[1:]]
    return text_of(rows, **shape(chance)).encode()


@kind("P")
def other_peoples_sections(chance, people):
    """A webinar's report lists hosts and panelists above and below its attendees."""
    hosts = [["Host Details"], ["Attended", "Name", "Email"], ["Yes", "Olga", "olga@example.com"]]
    panel = [["Panelist Details"], ["Attended", "Name", "Email"], ["Yes", "Pat", "pat@example.com"]]
    listed = [["Attendee Details"], ["Name", "Email"], *([name, email] for email, name in people)]
    order = chance.choice([[*hosts, *panel, *listed], [*hosts, *listed, *panel], [*listed, *panel, *hosts]])
    rows = [["Attendee Report"], ["Topic", "Kick-off"], *order]
    return text_of(rows).encode(), people, ["olga@example.com", "pat@example.com"]


@kind("Q")
def a_lost_separator(chance, people):
    """A row has lost its office: what follows slides under the addresses."""
    lost = chance.randrange(len(people))
    lines = ["Name,Office,Email,Manager email"]
    for number, (email, name) in enumerate(people):
        office = "" if number == lost else "HQ,"
        lines.append(f"{name},{office}{email},boss@example.com")
    rest = [person for number, person in enumerate(people) if number != lost]
    return "\n".join(lines).encode(), rest, [f"row {lost + 2}"]


@kind("R")
def notes_behind_names(chance, people):
    tail = chance.choice([" /EXT", " [Partner]", " | Example", " - Example - HQ", " (IT)"])
    rows = [["Display name", "Email"]]
    for email, name in people:
        given, family = name.split(" ", 1)
        rows.append([f"{family}, {given}{tail}", email])
    raw = text_of(rows, delimiter=chance.choice([",", ";", "\t"])).encode()
    return raw, [(email, name + tail) for email, name in people], []


def damaged(name: str, number: int) -> Damaged:
    """The file with this number of a way; the same one each time."""
    return WAYS[name](random.Random(f"{name} {number}"))
