"""Which row is the header, and what each column holds. A guess that a person can correct."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from deepracer_admin.rules.roster.addresses import ADDRESS_CELL
from deepracer_admin.rules.roster.findings import Column, UnreadableRoster, cut
from deepracer_admin.rules.roster.grid import Grid

__all__ = ["FIELDS", "Header", "field_of", "find_header", "guess_columns"]

FIELDS = ("email", "name", "given", "family", "office", "cost_centre", "new_to_ml", "new_to_aws")

_HEADINGS: dict[str, str] = {
    "email": """email; e mail; mail; email address; e mail address; mail address; work email;
        business email; company email;
        corporate email; primary email; email id; user principal name; userprincipalname; upn; internet address;
        indirizzo e mail; indirizzo email; indirizzo mail; indirizzo di posta elettronica; posta elettronica;
        e mail adresse; email adresse; mailadresse; emailadresse; e mail anschrift;
        adresse e mail; adresse email; adresse mail; adresse electronique; courriel; mel;
        correo; correo electronico; direccion de correo; direccion de correo electronico""",
    "name": """full name; name; display name; displayname; your name; participant; participant name; attendee;
        attendee name;
        racer; racer full name; nome completo; nome e cognome; cognome e nome; nominativo; partecipante;
        vollstandiger name; vor und nachname; name vorname; teilnehmer; teilnehmerin; anzeigename;
        nom complet; nom et prenom; nom prenom; participante; nombre completo; nombre y apellidos; asistente""",
    "given": """first name; firstname; given name; givenname; forename; first; nome; nome proprio; vorname; prenom;
        nombre; nombre de pila""",
    "family": """last name; lastname; surname; family name; familyname; last; sn; cognome; nachname; familienname;
        zuname;
        nom; nom de famille; apellido; apellidos; primer apellido""",
    "office": """office; office location; site; location; work location; ufficio; sede; sede di lavoro; buro; buero;
        standort;
        niederlassung; bureau; lieu; lieu de travail; oficina; sede de trabajo; ubicacion; centro de trabajo""",
    "cost_centre": """cost centre; cost center; costcentre; costcenter; cost centre code; cost center code;
        centro di costo;
        centro costo; cdc; kostenstelle; centre de cout; centre de couts; centre de cout s; centro de coste;
        centro de costes;
        centro de costo; centro de costos""",
}
_FIELD_BY_HEADING = {
    " ".join(heading.split()): field for field, text in _HEADINGS.items() for heading in text.split(";")
}
_MAIL = re.compile(r"\b(e ?mail|mail ?adresse|courriel|correo|posta elettronica)\b")
# Somebody else's address: never the attendee's.
_OTHER_PERSON = re.compile(
    r"\b(manager|supervisor|organi[sz]er|sponsor|assistant|owner|creator|responsabile|capo|vorgesetzte[rn]?|responsable|jefe)\b"
)
_NEW = re.compile(
    r"\b(new|first time|beginner|nuov[oaie]|prima volta|principiante|neu|neuling|erstes mal"
    r"|nouveau|nouvelle|debutant|nuev[oa])\b"
)
_ML = re.compile(
    r"\b(ai|ml|ki|ia|ai ml|machine learning|deep ?racer ml|intelligenza artificiale|maschinelles lernen)\b"
)
_AWS = re.compile(r"\b(aws|amazon web services|amazon)\b")

_LONGEST_HEADING = 300  # characters
_HEADER_SEARCH = 60  # records
_SAMPLE = 500  # records
_SHARE_WITHOUT_HEADING = 0.3


class Header(NamedTuple):
    """`place` is the header's place among the records (None: there is none), `first` that of the first data record."""

    place: int | None
    first: int


def plain_heading(heading: str) -> str:
    """Lower case, no accents, one space between words."""
    bare = "".join(
        letter for letter in unicodedata.normalize("NFKD", heading.casefold()) if not unicodedata.combining(letter)
    )
    return " ".join(re.sub(r"[^\w]|_", " ", bare).split())


def field_of(heading: str) -> str | None:
    """The field that a heading names, in English, Italian, German, French or Spanish; None when it names none."""
    if len(heading) > _LONGEST_HEADING:
        return None
    plain = plain_heading(heading)
    if not plain:
        return None
    if plain in _FIELD_BY_HEADING:
        return _FIELD_BY_HEADING[plain]
    if _NEW.search(plain):
        if _AWS.search(plain):
            return "new_to_aws"
        if _ML.search(plain):
            return "new_to_ml"
    if _MAIL.search(plain) and not _OTHER_PERSON.search(plain) and len(plain) <= 60:
        return "email"
    return None


def find_header(grid: Grid) -> Header:
    """The header among the first 60 records: what names most fields; else the record above the first address."""
    records = grid.head(_HEADER_SEARCH)
    best: tuple[int, int] | None = None
    first_address: int | None = None
    for index, record in enumerate(records):
        if any(ADDRESS_CELL.fullmatch(cell) for cell in record):
            if first_address is None:
                first_address = index
            continue
        fields = {field for cell in record if (field := field_of(cell))}
        score = len(fields) + 2 * ("email" in fields)
        if score and (best is None or score > best[0]):
            best = score, index
    if best is not None:
        return Header(best[1], best[1] + 1)
    if first_address is None:
        # Nothing is known: the first record that has more than one cell filled is taken for the header.
        wide = next((i for i, record in enumerate(records) if sum(map(bool, map(str.strip, record))) > 1), None)
        return Header(wide, wide + 1) if wide is not None else Header(None, 0)
    if first_address and _looks_like_header(records[first_address - 1], records[first_address]):
        return Header(first_address - 1, first_address)
    return Header(None, 0)


def _looks_like_header(above: Sequence[str], below: Sequence[str]) -> bool:
    """Whether a record of unknown headings is one. A lone cell is not: it may be a person whose address is missing."""
    cells = [cell.strip() for cell in above]
    return (
        len(cells) > 1
        and len(cells) >= len(below)
        and all(cells)
        and len(set(cells)) == len(cells)
        and not any(character.isdigit() for cell in cells for character in cell)
    )


def guess_columns(
    heading: Sequence[str], body: Grid, mapping: Mapping[str, str | int] | None = None
) -> tuple[Column, ...]:
    """All columns, each with the field that it holds.

    `mapping` (field -> heading, or position from 0, or "" for none) overrules the guess for the fields that it names.
    Raises UnreadableRoster when it names a field or a column that does not exist.
    """
    names = _unique_names(heading, max(len(heading), body.width))
    sample = body.cut(0, _SAMPLE)
    shares = [_address_share(column) for column in sample.columns] + [0.0] * (len(names) - body.width)
    by_field = _guess(heading, sample, shares)
    for field, wanted in (mapping or {}).items():
        if field not in FIELDS:
            raise UnreadableRoster(f"There is no field named {field}: map the fields {', '.join(FIELDS)}.")
        by_field.pop(field, None)
        if wanted == "":
            continue
        position = _position(wanted, names, heading)
        for other in [other for other, taken in by_field.items() if taken == position]:
            del by_field[other]
        by_field[field] = position
    field_at = {position: field for field, position in by_field.items()}
    return tuple(Column(position, name, field_at.get(position)) for position, name in enumerate(names))


def _unique_names(heading: Sequence[str], width: int) -> list[str]:
    names: list[str] = []
    taken: set[str] = set()
    for position in range(width):
        name = cut(" ".join(heading[position].split())) if position < len(heading) else ""
        name = unique = name or f"Column {position + 1}"
        count = 2
        while unique in taken:
            unique, count = f"{name} ({count})", count + 1
        taken.add(unique)
        names.append(unique)
    return names


def _position(wanted: str | int, names: Sequence[str], heading: Sequence[str]) -> int:
    if isinstance(wanted, int):
        if 0 <= wanted < len(names):
            return wanted
    elif wanted in names:
        return names.index(wanted)
    else:
        plain = [plain_heading(name) for name in names]
        if plain_heading(wanted) in plain:
            return plain.index(plain_heading(wanted))
    raise UnreadableRoster(f"The list has no column {wanted}: choose one of {', '.join(names[:20])}.")


def _address_share(column: Sequence[str]) -> float:
    cells = list(filter(None, map(str.strip, column)))
    if not cells:
        return 0.0
    # "Name <address>" counts as well: the address can be taken out of it.
    return sum(
        "@" in cell and (ADDRESS_CELL.fullmatch(cell) is not None or cell.endswith(">")) for cell in cells
    ) / len(cells)


def _guess(heading: Sequence[str], sample: Grid, shares: Sequence[float]) -> dict[str, int]:
    by_field: dict[str, int] = {}
    emails: list[int] = []
    for position, text in enumerate(heading):
        field = field_of(text)
        if field == "email":
            emails.append(position)
        elif field and field not in by_field:
            by_field[field] = position
    email = _email_position(heading, shares, emails)
    if email is not None:
        by_field = {field: position for field, position in by_field.items() if position != email}
        by_field["email"] = email
    _settle_names(heading, by_field)
    if not heading and email is not None:
        _guess_name_without_heading(sample, by_field)
    return by_field


def _email_position(heading: Sequence[str], shares: Sequence[float], named: Sequence[int]) -> int | None:
    """The column with most addresses among those headed e-mail; another one only when none of them holds any."""
    filled = [position for position in named if shares[position] > 0]
    if filled:
        return max(filled, key=lambda position: (shares[position], -position))
    others = [
        position
        for position, share in enumerate(shares)
        if share > _SHARE_WITHOUT_HEADING
        and not (position < len(heading) and _OTHER_PERSON.search(plain_heading(heading[position])))
    ]
    if others:
        return max(others, key=lambda position: (shares[position], -position))
    return named[0] if named else None


def _settle_names(heading: Sequence[str], by_field: dict[str, int]) -> None:
    """Words that mean another thing alone than beside their pair: "Nome" without "Cognome" is the full name."""

    def headed(field: str) -> str:
        return plain_heading(heading[by_field[field]]) if field in by_field else ""

    if headed("given") in ("nome", "nombre") and "family" not in by_field and "name" not in by_field:
        by_field["name"] = by_field.pop("given")
    elif headed("family") == "nom" and "given" not in by_field and "name" not in by_field:
        by_field["name"] = by_field.pop("family")
    elif headed("name") == "name" and "given" in by_field and "family" not in by_field:
        by_field["family"] = by_field.pop("name")
    elif headed("name") == "name" and "family" in by_field and "given" not in by_field:
        by_field["given"] = by_field.pop("name")


def _guess_name_without_heading(sample: Grid, by_field: dict[str, int]) -> None:
    """Without headings, the only column whose cells are mostly two words or more is taken for the name."""
    wordy = []
    for position, column in enumerate(sample.columns):
        cells = list(filter(None, map(str.strip, column)))
        two_words = sum(" " in cell and not any(map(str.isdigit, cell)) for cell in cells)
        if cells and position != by_field["email"] and two_words > 0.7 * len(cells):
            wordy.append(position)
    if len(wordy) == 1:
        by_field["name"] = wordy[0]
