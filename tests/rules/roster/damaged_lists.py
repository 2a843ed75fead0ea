"""A clean list of invented people, and ways in which other systems and people damage it.

Each way takes the people and gives a file; what must come out is the clean list, or a word about what is wrong.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Callable
from typing import NamedTuple

import openpyxl

WESTERN = [
    "Anna Rossi",
    "Bo Berg",
    "Zoë Müller",
    "José Núñez",
    "Chloé Lefèvre",
    "Søren Ågård",
    "Seán O'Brien",
    "Ana Maria da Silva",
]
NAMES = {
    "utf-8": [*WESTERN, "Łukasz Świątek", "Ольга Иванова", "山田 太郎", "Jiří Dvořák", "محمد علي"],
    "utf-8-sig": WESTERN,
    "utf-16": [*WESTERN, "Łukasz Świątek"],
    "cp1252": WESTERN,
    "cp1250": ["Paweł Świątek", "Michał Dąbek", "Jiří Dvořák", "Kateřina Nováková", "Gyöngyi Szőke",
               "Žofie Šťastná", "Zbigniew Żak"],
    "iso8859_2": ["Paweł Świątek", "Šárka Šťastná", "Tomáš Žák", "Zbigniew Żak", "Katarína Ľubická"],
    "cp1254": ["Ayşe Yıldız", "Çağrı Şahin", "Işıl Güneş", "Gökhan Öztürk", "İbrahim Doğan"],
    "cp1257": ["Žydrūnas Kazlauskas", "Eglė Šimkutė", "Jānis Bērziņš", "Kristīne Kalniņa"],
    "cp1251": ["Ольга Иванова", "Дмитрий Соколов", "Юлия Щербакова"],
    "koi8_r": ["Ольга Иванова", "Дмитрий Соколов", "Юлия Щербакова"],
    "cp1253": ["Γιώργος Παπαδόπουλος", "Μαρία Νικολάου"],
    "cp932": ["山田 太郎", "鈴木 花子", "髙橋 一郎", "佐藤 さくら", "タナカ ケン"],
    "gbk": ["王 小明", "李 娜", "张 伟", "陈 静", "刘 洋"],
    "cp949": ["김 민수", "이 서연", "박 지훈", "최 유진"],
    "big5": ["陳 怡君", "林 志明", "黃 美玲", "張 家豪"],
}  # fmt: skip
LANGUAGES = [
    ("Name", "E-mail", "Office"), ("Nome e cognome", "Indirizzo e-mail", "Sede"),
    ("Anzeigename", "E-Mail-Adresse", "Büro"),
    ("Nom complet", "Adresse e-mail", "Bureau"), ("Nombre completo", "Correo electrónico", "Oficina"),
    ("Nome completo", "Endereço de e-mail", "Escritório"), ("Volledige naam", "E-mailadres", "Kantoor"),
    ("Imię i nazwisko", "Adres e-mail", "Biuro"), ("Namn", "E-postadress", "Kontor"),
    ("氏名", "メールアドレス", "オフィス"),
    ("Attendee Name", "Attendee Email", "Office"), ("Ticket Full Name", "Ticket Email", "Location"),
    ("displayName", "mail", "officeLocation"), ("Display name", "User principal name", "Office"),
]  # fmt: skip
OTHERS = [
    "Buyer Email", "Order e-mail", "Host email", "Manager e-mail", "Approver Email", "Emergency contact e-mail",
    "Private e-mail", "CC", "Assistant email", "Team lead e-mail", "Email del responsabile", "E-Mail des Vorgesetzten",
    "Courriel du responsable", "Correo del jefe", "E-mail do gestor", "E-mail leidinggevende", "E-mail przełożonego",
    "Chefens e-post", "上司のメールアドレス", "Ansprechpartner E-Mail", "Invited by (email)", "Billing email",
]  # fmt: skip
AWAY = ["denied", "declined", "cancelled", "Waitlisted", "refunded", "not approved", "storniert", "annullato", "annulé",
        "cancelado", "geannuleerd", "anulowane", "avbokad", "キャンセル"]  # fmt: skip
OFFICES = ["Milano", "Oslo", "Praha", "HQ", ""]


class Damaged(NamedTuple):
    """A file, the people who may be accepted, those who must not be (with the reason said), and the way's name."""

    way: str
    raw: bytes
    people: list[tuple[str, str]]
    away: list[str]
    options: dict


def people_of(chance: random.Random, names: list[str] = WESTERN) -> list[tuple[str, str]]:
    count = chance.randint(2, 12)
    return [(f"racer{number}.{chance.randint(1, 99)}@example.com", chance.choice(names)) for number in range(count)]


def text_of(rows: list[list[str]], delimiter: str = ",", end: str = "\r\n", quoting: int = csv.QUOTE_MINIMAL) -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def table(chance: random.Random, people: list[tuple[str, str]], heading=("Name", "Email", "Office")) -> list[list[str]]:
    return [list(heading), *([name, email, chance.choice(OFFICES)] for email, name in people)]


def shape(chance: random.Random) -> dict:
    return {
        "delimiter": chance.choice([",", ";", "\t", "|"]),
        "end": chance.choice(["\n", "\r\n"]),
        "quoting": chance.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    }


Way = Callable[[random.Random], Damaged]
WAYS: dict[str, Way] = {}


def way(make: Callable[[random.Random, list[tuple[str, str]]], bytes | tuple]) -> Callable:
    def damaged(chance: random.Random) -> Damaged:
        people = people_of(chance)
        made = make(chance, people)
        raw, accepted, away = made if isinstance(made, tuple) else (made, people, [])
        return Damaged(make.__name__, raw, accepted, away, {})

    WAYS[make.__name__] = damaged
    return make


for _encoding, _names in NAMES.items():

    def _encoded(chance: random.Random, encoding: str = _encoding, names: list[str] = _names) -> Damaged:
        people = people_of(chance, names)
        raw = text_of(table(chance, people), **shape(chance)).encode(encoding)
        return Damaged(f"encoding {encoding}", raw, people, [], {})

    WAYS[f"encoding {_encoding}"] = _encoded


@way
def headings_of_other_languages(chance, people):
    return text_of(table(chance, people, chance.choice(LANGUAGES)), **shape(chance)).encode("utf-8-sig")


@way
def somebody_elses_column(chance, people):
    rows = table(chance, people)
    place = chance.randint(0, 3)
    for number, row in enumerate(rows):
        row.insert(place, chance.choice([f"other{number}@example.com", ""]) if number else chance.choice(OTHERS))
    return text_of(rows, **shape(chance)).encode()


@way
def a_qualified_pair(chance, people):
    """Only the attendee's own column is his: the plain one is the buyer's."""
    rows = [["Order", "Email", "Attendee name", "Attendee email"]]
    rows += [["A1", "office@example.com", name, email] for email, name in people]
    return text_of(rows, **shape(chance)).encode()


@way
def a_status_column(chance, people):
    heading = chance.choice(
        ["Status", "Approval Status", "Registration status", "RSVP", "Stato", "Statut", "Anmeldestatus"]
    )
    coming, away = [], []
    rows = [["Name", "Email", heading]]
    for number, (email, name) in enumerate(people):
        is_away = number == 0 or chance.random() < 0.3
        (away if is_away else coming).append((email, name))
        rows.append([name, email, chance.choice(AWAY) if is_away else "approved"])
    return text_of(rows, **shape(chance)).encode(), coming, [email for email, _ in away]


@way
def cells_with_names_and_addresses(chance, people):
    style = chance.choice(["{n} <{e}>", "{n} ({e})", "{e} ({n})", "{n}: {e}", "{n} - {e}", '"{n}" <{e}>'])
    rows = [["Guest", "Office"], *([style.format(n=name, e=email), "HQ"] for email, name in people)]
    return text_of(rows, delimiter=chance.choice([",", ";", "\t"])).encode()


@way
def bullets_and_numbers(chance, people):
    style = chance.choice(["• {e}", "* {e}", "{i}. {e}", "{i}) {e}", "- {e}", "– {e}"])
    text = "\n".join(style.format(e=email, i=number) for number, (email, _) in enumerate(people, start=1))
    return text.encode(), [(email, "") for email, _ in people], []


@way
def decorated_addresses(chance, people):
    style = chance.choice(
        ["'{}", "'{}'", "mailto:{}", "SMTP:{}", "smtp:{}", " {} ", "<{}>", "{}.", "\u200b{}", "{};", "E-mail: {}"]
    )
    rows = table(chance, people)
    for row in rows[1:]:
        row[1] = style.format(row[1])
    return text_of(rows, **shape(chance) | {"quoting": csv.QUOTE_ALL}).encode()


@way
def full_width_letters(chance, people):
    rows = table(chance, people)
    for row in rows[1:]:
        row[1] = "".join(
            chr(ord(letter) + 0xFEE0) if letter.isalpha() and chance.random() < 0.5 else letter for letter in row[1]
        )
        row[1] = row[1].replace("@", chance.choice(["@", "＠"]))
    return text_of(rows).encode()


@way
def proxy_addresses(chance, people):
    rows = table(chance, people)
    for row in rows[1:]:
        row[1] = f"smtp:old.{row[1]};SMTP:{row[1]}"
    return text_of(rows).encode()


@way
def a_second_address_column(chance, people):
    rows = [["Full Name", "Email", "Participant ID (UPN)"]]
    for email, name in people:
        rows.append(
            [name, "", email] if chance.random() < 0.4 else [name, email, f"x{chance.randint(1, 9)}@example.com"]
        )
    return text_of(rows, delimiter="\t").encode()


@way
def guests_of_a_directory(chance, people):
    rows = [["userPrincipalName", "displayName", "mail"]]
    for email, name in people:
        guest = email.replace("@", "_") + "#EXT#@example.onmicrosoft.com"
        rows.append([chance.choice([email, guest]), name, email])
    return text_of(rows).encode()


@way
def several_addresses_in_a_cell(chance, people):
    rows = table(chance, people)
    rows[1][1] = f"{rows[1][1]}; second@example.com"
    return text_of(rows, quoting=csv.QUOTE_ALL).encode(), people[1:], [people[0][0]]


@way
def whole_lines_quoted(chance, people):
    inner = text_of(table(chance, people), end="\n").splitlines()
    return "\n".join('"' + line.replace('"', '""') + '"' for line in inner).encode()


@way
def bare_quotation_marks(chance, people):
    lines = [
        '"Name","Email"',
        *(f'"{name.replace(" ", f" {chr(34)}Q{chr(34)} ", 1)}","{email}"' for email, name in people),
    ]
    return "\n".join(lines).encode(), [(email, name.replace(" ", ' "Q" ', 1)) for email, name in people], []


@way
def backslashed_quotation_marks(chance, people):
    lines = [
        '"Name","Email"',
        *(f'"{name.replace(" ", f" {chr(92)}{chr(34)}Q{chr(92)}{chr(34)} ", 1)}","{email}"' for email, name in people),
    ]
    return "\n".join(lines).encode(), [(email, name.replace(" ", ' "Q" ', 1)) for email, name in people], []


@way
def an_unquoted_comma(chance, people):
    moved = chance.randrange(len(people))
    lines = ["Name,Manager email,Email,Office"]
    for number, (email, name) in enumerate(people):
        shown = ", ".join(reversed(name.rsplit(" ", 1))) if number == moved else name
        lines.append(f"{shown},boss{number}@example.com,{email},HQ")
    rest = [person for number, person in enumerate(people) if number != moved]
    return "\n".join(lines).encode(), rest, ["row " + str(moved + 2)]


@way
def further_headings(chance, people):
    cut = chance.randint(1, len(people) - 1)
    rows = [["Name", "Email"], *([name, email] for email, name in people[:cut]), []]
    rows += [["Staff"], ["Mail", "Office", "Full name"], *([email, "HQ", name] for email, name in people[cut:])]
    return text_of(rows).encode()


@way
def the_heading_again_and_again(chance, people):
    rows = table(chance, people)
    rows.insert(chance.randint(2, len(rows)), list(rows[0]))
    return text_of(rows, **shape(chance)).encode()


@way
def a_report_around_the_list(chance, people):
    before = [
        ["Registration Report"],
        ["Topic", "Kick-off"],
        ["Host Name", "Host Email"],
        ["Olga", "olga@example.com"],
        [],
    ]
    return text_of([*before, *table(chance, people)]).encode()


@way
def three_heading_rows(chance, people):
    rows = [["StartDate", "RecipientLastName", "RecipientFirstName", "RecipientEmail"],
            ["Start Date", "Recipient Last Name", "Recipient First Name", "Recipient Email"],
            ['{"ImportId":"startDate"}', '{"ImportId":"recipientLastName"}', '{"ImportId":"recipientFirstName"}',
             '{"ImportId":"recipientEmail"}']]  # fmt: skip
    rows += [["x", name.split(" ", 1)[1], name.split(" ", 1)[0], email] for email, name in people]
    return text_of(rows).encode()


@way
def names_turned_round(chance, people):
    rows = [["Display name", "Email"]]
    tail = chance.choice(["", " - Example", " (Example)"])
    for email, name in people:
        given, family = name.split(" ", 1)
        rows.append([f"{family}, {given}{tail}", email])
    return text_of(rows).encode(), [(email, name + tail) for email, name in people], []


@way
def one_mailbox_in_two_spellings(chance, people):
    rows = table(chance, people)
    twin = [["Twin", "anna@bücher.example", ""], ["Twin", "anna@xn--bcher-kva.example", ""]]
    chance.shuffle(twin)
    rows += twin
    return text_of(rows).encode(), [*people, ("anna@xn--bcher-kva.example", "Twin")], []


def _saved(book: openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    book.close()
    return out.getvalue()


def _book(rows: list[list[str]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    for row in rows:
        book.worksheets[0].append(row)
    return book


@way
def a_workbook_with_empty_cells_around(chance, people):
    book = _book([[], ["Event"], [], *table(chance, people)])
    sheet = book.worksheets[0]
    for column in range(1, 700, 7):
        sheet.cell(row=4, column=column + 10).font = openpyxl.styles.Font(bold=True)
    return _saved(book)


@way
def a_workbook_with_hidden_rows(chance, people):
    book = _book(table(chance, people))
    hidden = [number for number in range(len(people)) if number == 0 or chance.random() < 0.3]
    for number in hidden:
        book.worksheets[0].row_dimensions[number + 2].hidden = True
    rest = [person for number, person in enumerate(people) if number not in hidden]
    return _saved(book), rest, [people[number][0] for number in hidden]


@way
def a_workbook_with_a_hidden_sheet(chance, people):
    book = _book(table(chance, people))
    sheet = book.create_sheet("_directory", index=chance.choice([0, 1]))
    sheet.sheet_state = chance.choice(["hidden", "veryHidden"])
    for number in range(50):
        sheet.append([f"Other {number}", f"stranger{number}@example.com"])
    return _saved(book)


@way
def a_workbook_with_unsaved_formulas(chance, people):
    book = _book(table(chance, people))
    book.worksheets[0]["B2"] = '="a"&"@example.com"'
    return _saved(book), people[1:], ["formula"]
