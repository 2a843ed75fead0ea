"""JSON exports: the array of people in it, wherever it stands, one row a person.

Directories and their programs write {"value": [...]}, {"users": [...]}, {"Resources": [...]}, one object a line, or
lists of lists; what stands within an entry becomes a column named by its path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.addresses import ADDRESS_CELL
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.headings import Rank, read_heading
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.text import decode

__all__ = ["is_json", "read_json"]

_SAVE_AS = "ask for the export as CSV, or open it in a spreadsheet program and save the list as .xlsx"
_DEEP = f"This is JSON with values too deep within each other: {_SAVE_AS}."
_NO_PEOPLE = f"This is JSON, not a list: no array of people with e-mail addresses stands in it; {_SAVE_AS}."
_DEEPEST = 8  # levels at which an array of people is looked for, and columns within an entry
_MOST_VALUES = 2_000_000
_MOST_FIELDS = 200  # of one entry
_PAIR = re.compile(r"(?:name|key|id|type|label)", re.IGNORECASE)
_MAILS = re.compile(r"mail|addresses", re.IGNORECASE)
_SURELY = re.compile(r"\s*(?:\[\s*)?\{\s*\"[^\"]{0,200}\"\s*:")
_START = re.compile(r"\s*[\[{]\s*(?:[\[{\]}\"\d-]|true|false|null)")


def is_json(first: str) -> bool:
    """Whether a text that begins like this may be JSON."""
    return _START.match(first) is not None


def read_json(data: bytes, *, limits: Limits, encoding: str | None) -> Reading | None:
    """A row for each entry of the array with most addresses; rows count its entries from 1. None when it is no JSON.

    Raises UnreadableRoster for JSON without people.
    """
    text, name, warnings = decode(data, encoding)
    try:
        whole = _parsed(text)
    except RecursionError:
        raise UnreadableRoster(_DEEP) from None
    if whole is None:
        if _SURELY.match(text):
            raise UnreadableRoster(f"This is JSON, and it is damaged or ends too early: {_SAVE_AS}.")
        return None
    arrays = list(_arrays(whole))
    found = max(arrays, key=lambda array: array[0], default=None)
    if found is None or not found[0]:
        raise UnreadableRoster(_NO_PEOPLE)
    _, where, entries = found
    if len(entries) > limits.rows:
        raise UnreadableRoster(f"The list has more than {limits.rows:,} entries: import it in parts.")
    said = f"This is JSON; the list in it{f' ({where})' if where else ''} was read, and rows count its entries."
    others = [
        f"The list {other or 'around it'} in this file holds {counted(number, 'entry', 'entries')} with an address and "
        "was not read."
        for number, other, _ in arrays
        if number and other != where and not other.startswith(f"{where}[")
    ][:5]
    lines = list(range(1, len(entries) + 1))
    if all(isinstance(entry, list) for entry in entries):
        records = [[_text(value) for value in entry[: limits.columns]] for entry in entries]
        grid = Grid.of_records(records, lines)
        return Reading(grid, encoding=name, warnings=(*warnings, said, *others), kind="page")
    heading, records = _table(entries, limits)
    grid = Grid.of_records(records, lines)
    return Reading(grid, encoding=name, heading=tuple(heading), warnings=(*warnings, said, *others), kind="entries")


def _parsed(text: str) -> Any:
    """The value, or the values of a text with one a line; None when it is no JSON."""
    # Numbers stay as they are written: no digit is lost, and none of a million digits is computed.
    decoder = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str, strict=False)
    try:
        return decoder.decode(text)
    except ValueError:
        pass
    values: list[Any] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        try:
            values.append(decoder.decode(line))
        except ValueError:
            return None
    return values if values and all(isinstance(value, dict) for value in values) else None


def _arrays(whole: Any) -> Iterator[tuple[int, str, list[Any]]]:
    """(entries with an address, path, entries) of every array that may be the list."""
    left: list[tuple[str, Any, int]] = [("", whole, 0)]
    seen = 0
    while left:
        where, value, depth = left.pop(0) if len(left) < 64 else left.pop()
        seen += 1
        if seen > _MOST_VALUES // 100:
            return
        if isinstance(value, list):
            yield sum(map(_holds_address, value)), where, value
            inner: list[tuple[str, Any]] = [(f"{where}[{place}]", entry) for place, entry in enumerate(value[:50])]
        elif isinstance(value, dict):
            by_address = [key for key in value if ADDRESS_CELL.fullmatch(key)]
            if by_address and len(by_address) * 2 > len(value):
                entries = [_keyed(key, value[key]) for key in value]
                yield len(by_address), where, entries
            inner = [(f"{where}.{key}" if where else key, entry) for key, entry in value.items()]
        else:
            continue
        if depth < _DEEPEST:
            left += [
                (path[:80], entry, depth + 1)
                for path, entry in inner
                # The addresses of one person ("emails", "otherMails") are no list of people.
                if isinstance(entry, (list, dict)) and not _MAILS.search(path.rpartition(".")[2])
            ]


def _keyed(address: str, value: Any) -> Any:
    """An entry of an object whose keys are addresses."""
    if isinstance(value, dict):
        return {"email": address, **value}
    return {"email": address, "name": _text(value)} if isinstance(value, str) else {"email": address}


def _holds_address(entry: Any) -> bool:
    """Whether an entry of an array has an address of its own, not only in arrays of others within it."""
    if isinstance(entry, str):
        return "@" in entry and ADDRESS_CELL.fullmatch(entry.rpartition("<")[2].rstrip("> ")) is not None
    if isinstance(entry, list):
        return any(isinstance(value, str) and ADDRESS_CELL.fullmatch(value) for value in entry)
    if not isinstance(entry, dict):
        return False
    return any("@" in value and ADDRESS_CELL.fullmatch(value.rpartition(":")[2]) for _, value in _flat(entry))


def _table(entries: list[Any], limits: Limits) -> tuple[list[str], list[list[str]]]:
    """The paths of all entries as headings, and a record for each entry."""
    places: dict[str, int] = {}
    records: list[list[str]] = []
    for entry in entries:
        record = [""] * len(places)
        for path, value in _flat(entry) if isinstance(entry, dict) else [("E-mail", _text(entry))]:
            place = places.setdefault(path, len(places))
            if place >= limits.columns:
                raise UnreadableRoster(
                    f"The entries have more than {limits.columns} different fields: "
                    "ask for an export with fewer of them."
                )
            record.extend([""] * (place + 1 - len(record)))
            record[place] = value
        records.append(record)
    return list(map(_heading, places)), [record + [""] * (len(places) - len(record)) for record in records]


def _heading(path: str) -> str:
    """The path, or its last word where the path names nothing and is nobody else's."""
    if read_heading(path).field or read_heading(path).rank is Rank.OTHER:
        return path
    last = path.rpartition(".")[2]
    return last if read_heading(last).field else path


def _flat(entry: dict[str, Any]) -> list[tuple[str, str]]:
    """(path, text) of everything that stands in an entry."""
    found: list[tuple[str, str]] = []
    left: list[tuple[str, Any]] = list(entry.items())[::-1]
    while left and len(found) < _MOST_FIELDS:
        path, value = left.pop()
        if isinstance(value, dict) and path.count(".") < _DEEPEST:
            inner = [(_path(path, key), kept) for key, kept in value.items()]
            left += inner[::-1]
        elif isinstance(value, list):
            found += _of_list(path, value)
        elif value is not None and not isinstance(value, dict):
            found.append((path, _text(value)))
    return found


def _path(path: str, key: str) -> str:
    """Microsoft Graph writes {"emailAddress": {"name": ..., "address": ...}}: the name is the person's."""
    if path.rpartition(".")[2].casefold() == "emailaddress" and key.casefold() == "name":
        return path[: -len("emailAddress")] + "name"
    return f"{path}.{key}"


def _of_list(path: str, values: list[Any]) -> list[tuple[str, str]]:
    """A list within an entry: pairs of a name and a value become fields, one of several marked as primary is taken,
    texts are joined."""
    if not any(isinstance(value, dict) for value in values):
        texts = [_text(value) for value in values[:100] if not isinstance(value, list)]
        return [(path, "; ".join(filter(None, texts)))]
    found: list[tuple[str, str]] = []
    for value in values[:100]:
        if not isinstance(value, dict):
            continue
        by_name = {key.casefold(): kept for key, kept in value.items()}
        named = next((kept for key, kept in by_name.items() if _PAIR.fullmatch(key) and isinstance(kept, str)), None)
        kept = by_name.get("value", by_name.get("answer", by_name.get("address")))
        if kept is None or isinstance(kept, (dict, list)):
            continue
        if "name" in by_name and len(by_name) == 2 and isinstance(named, str):
            found.append((named, _text(kept)))  # Cognito: [{"Name": "email", "Value": "..."}]
        elif by_name.get("primary") is True or len(values) == 1:
            return [(path, _text(kept))]  # SCIM (RFC 7643 2.4)
        else:
            found.append((f"{path}.{named}" if named else path, _text(kept)))
    return found


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or isinstance(value, (dict, list)):
        return ""
    text = str(value)
    return UNWANTED.sub("", text) if UNWANTED.search(text) else text
