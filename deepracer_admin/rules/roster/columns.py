"""Which row is the header, and what each column holds. A guess that a person can correct."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from deepracer_admin.rules.roster.cells import holds_address
from deepracer_admin.rules.roster.findings import Column, UnreadableRoster, cut
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.headings import FIELDS, Rank, field_of, is_known, plain_heading, read_heading
from deepracer_admin.rules.roster.sections import is_of_others

__all__ = ["FIELDS", "Guess", "Header", "field_of", "find_header", "guess_columns"]

_HEADER_SEARCH = 60  # records
_SAMPLE = 500  # records
_SHARE_WITHOUT_HEADING = 0.3
# "Name, Email, Guest name, Guest email": beside a whole person, a guest is another one.
_GUEST = re.compile(r"\b(guests?|ospite|gast|gaste|invitee?s?|convidad[oa]s?|invitad[oa]s?|gosc|gosci)\b")
_SAME = 3  # rows with one address; two may be a couple who share one
_FULL_ALONE = ("nome", "nombre")  # without a family name beside it, the full name
_FAMILY_BESIDE = ("name", "naam", "namn")  # beside a given name, the family name


class Header(NamedTuple):
    """`place` is the header's place among the records (None: there is none), `first` that of the first data record."""

    place: int | None
    first: int


class Guess(NamedTuple):
    """All columns; where else the attendee's own address stands (`second`: where the first is empty, try these); and
    columns with addresses that are not used.
    """

    columns: tuple[Column, ...]
    second: tuple[int, ...] = ()
    aside: tuple[int, ...] = ()


def find_header(grid: Grid) -> Header:
    """The heading among the first 60 records.

    The first that names an address column and has an address below it before the next such heading; else what names
    most fields; else the record above the first address.
    """
    records = grid.head(_HEADER_SEARCH)
    best: tuple[int, int] | None = None
    naming: list[int] = []
    addresses: list[int] = []
    for index, record in enumerate(records):
        if any(map(holds_address, record)):
            addresses.append(index)
            continue
        fields = {field for cell in record if (field := field_of(cell))}
        score = len(fields) + 2 * ("email" in fields)
        if "email" in fields:
            naming.append(index)
        if score and (best is None or score > best[0]):
            best = score, index
    below = [
        index
        for index, following in zip(naming, [*naming[1:], len(records)], strict=False)
        if any(index < address < following for address in addresses)
    ]
    if below:
        own = [index for index in below if not (index and is_of_others(records[index - 1]))]
        index = (own or below)[0]
        return Header(index, index + 1)
    if best is not None and not (naming and addresses):
        return Header(best[1], best[1] + 1)
    if not addresses:
        # Nothing is known: the first record that has more than one cell filled is taken for the header.
        wide = next((i for i, record in enumerate(records) if sum(map(bool, map(str.strip, record))) > 1), None)
        return Header(wide, wide + 1) if wide is not None else Header(None, 0)
    first = addresses[0]
    if first and _looks_like_header(records[first - 1], records[first]):
        return Header(first - 1, first)
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
    heading: Sequence[str],
    body: Grid,
    mapping: Mapping[str, str | int] | None = None,
    hidden: Collection[int] = (),
) -> Guess:
    """All columns, each with the field that it holds. `hidden` are those that the sheet does not show: an address there
    is taken when no other column has any.

    `mapping` (field -> heading, or position from 0, or "" for none) overrules the guess for the fields that it names.
    Raises UnreadableRoster when it names a field or a column that does not exist.
    """
    names = _unique_names(heading, max(len(heading), body.width))
    sample = body.cut(0, _SAMPLE)
    shares = [_address_share(column) for column in sample.columns] + [0.0] * (len(names) - body.width)
    by_field = _guess(heading, sample, shares, hidden)
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
    columns = tuple(Column(position, name, field_at.get(position)) for position, name in enumerate(names))
    taken = by_field.get("email")
    rest = [position for position, share in enumerate(shares) if share > 0 and position != taken]
    own = [position for position in rest if position < len(heading) and _is_own(heading[position])]
    same = _of_one_address(sample, shares)
    own = [position for position in own if position not in same and position not in hidden]
    second = tuple(own) if "email" not in (mapping or {}) and taken is not None else ()
    aside = [position for position in rest if position not in field_at and not _is_account(heading, position)]
    return Guess(columns, second, tuple(aside))


def _is_account(heading: Sequence[str], position: int) -> bool:
    return position < len(heading) and read_heading(heading[position]).rank is Rank.ACCOUNT


def _is_own(heading: str) -> bool:
    found = read_heading(heading)
    return found.field == "email" and found.rank >= Rank.ACCOUNT


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
    return sum(map(holds_address, cells)) / len(cells) if cells else 0.0


def _of_one_address(sample: Grid, shares: Sequence[float]) -> list[int]:
    """Columns in which at least three rows hold an address, always the same one."""
    found: list[int] = []
    for position, column in enumerate(sample.columns):
        if shares[position] > 0:
            cells = [cell.strip().casefold() for cell in column if "@" in cell]
            if len(cells) >= _SAME and len(set(cells)) == 1:
                found.append(position)
    return found


def _guess(heading: Sequence[str], sample: Grid, shares: Sequence[float], hidden: Collection[int]) -> dict[str, int]:
    by_field: dict[str, int] = {}
    ranks: dict[str, tuple[bool, Rank]] = {}
    for position, text in enumerate(heading):
        field, rank = read_heading(text)
        if field == "name" and _GUEST.search(plain_heading(text)) and not is_known(text) and _has_companions(heading):
            continue
        # A column without any value never beats one with some.
        key = (position < sample.width and any(map(str.strip, sample.columns[position])), rank)
        if field and field != "email" and rank > Rank.NONE and key > ranks.get(field, (False, Rank.NONE)):
            by_field[field], ranks[field] = position, key
    shown = [0.0 if position in hidden else share for position, share in enumerate(shares)]
    same = _of_one_address(sample, shares)
    email = _email_position(heading, shown if any(shown) else shares, same)
    if email is not None:
        by_field = {field: position for field, position in by_field.items() if position != email}
        by_field["email"] = email
    _settle_names(heading, by_field)
    if not heading and email is not None:
        _guess_name_without_heading(sample, by_field)
    return by_field


def _email_position(heading: Sequence[str], shares: Sequence[float], same: Collection[int] = ()) -> int | None:
    """The column that is most surely the attendee's own among those with addresses, then the one with most of them.

    A column of somebody else is never taken, even if it is the only one. Without any address, the best heading. `same`
    are columns that hold one and the same address in all rows, as the buyer's and the office's do.
    """
    has_companions = _has_companions(heading)
    best: tuple[tuple[bool, Rank, bool, float, int], int] | None = None
    for position, share in enumerate(shares):
        field, rank = read_heading(heading[position]) if position < len(heading) else (None, Rank.NONE)
        is_named = field == "email" and rank > Rank.NONE
        if has_companions and position < len(heading) and _GUEST.search(plain_heading(heading[position])):
            continue
        if rank is Rank.OTHER or not (is_named or share > _SHARE_WITHOUT_HEADING):
            continue
        is_plain = position < len(heading) and is_known(heading[position])
        key = (share > 0, rank if is_named else Rank.NONE, is_plain, share, -position)
        if is_named and rank < Rank.OWN and position in same:
            key = (share > 0, Rank.NONE, False, 0.0, -position)
        if best is None or key > best[0]:
            best = key, position
    return best[1] if best is not None else None


def _has_companions(heading: Sequence[str]) -> bool:
    """Whether a person's own columns stand beside those of somebody whom he brings."""
    own = {field_of(text) for text in heading if is_known(text)}
    return "email" in own and bool(own & {"name", "given"})


def _settle_names(heading: Sequence[str], by_field: dict[str, int]) -> None:
    """Words that mean another thing alone than beside their pair: "Nome" without "Cognome" is the full name."""

    def headed(field: str) -> str:
        return plain_heading(heading[by_field[field]]) if field in by_field else ""

    if headed("given") in _FULL_ALONE and "family" not in by_field and "name" not in by_field:
        by_field["name"] = by_field.pop("given")
    elif headed("family") == "nom" and "given" not in by_field and "name" not in by_field:
        by_field["name"] = by_field.pop("family")
    elif headed("name") in _FAMILY_BESIDE and "given" in by_field and "family" not in by_field:
        by_field["family"] = by_field.pop("name")
    elif headed("name") in _FAMILY_BESIDE and "family" in by_field and "given" not in by_field:
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
