"""Contact cards (vCard 2.1, RFC 2426 and RFC 6350): one person a card, with the likeliest of his addresses."""

from __future__ import annotations

import quopri
import re
from dataclasses import dataclass, field

from deepracer_admin.counted import counted
from deepracer_admin.rules.roster.findings import Limits, UnreadableRoster
from deepracer_admin.rules.roster.grid import Grid, Reading
from deepracer_admin.rules.roster.people import UNWANTED
from deepracer_admin.rules.roster.text import decode

__all__ = ["is_card", "read_cards"]

_BEGIN = re.compile(r"BEGIN\s*:\s*VCARD\s*", re.IGNORECASE)
_END = re.compile(r"END\s*:\s*VCARD\s*", re.IGNORECASE)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_QUOTED_PRINTABLE = re.compile(r"ENCODING=QUOTED-PRINTABLE|;QUOTED-PRINTABLE", re.IGNORECASE)
_CHARSET = re.compile(r"CHARSET=\"?([A-Za-z0-9_-]+)", re.IGNORECASE)
_PREFERENCE = re.compile(r"PREF=\"?(\d{1,3})", re.IGNORECASE)
_HEADING = ("Name", "E-mail", "Office", "Company", "Title", "Other e-mail")
_MOST_PROPERTY = 100_000  # characters; a picture is longer, and not looked at
_SHOWN = 5


def is_card(first: str) -> bool:
    """Whether a text that begins like this is a set of cards."""
    return _BEGIN.match(first) is not None


@dataclass(slots=True)
class _Card:
    line: int
    values: dict[str, str] = field(default_factory=dict)
    addresses: list[tuple[int, str]] = field(default_factory=list)  # (how unlikely, address)
    is_group: bool = False


def read_cards(data: bytes, *, limits: Limits, encoding: str | None) -> Reading:
    """A row for each card, at the line on which it begins; groups are no people.

    Of several addresses the preferred one is taken, then one at work, then the first, and the row is named.
    """
    text, name, warnings = decode(data, encoding)
    records: list[list[str]] = []
    lines: list[int] = []
    several: list[str] = []
    groups = 0
    for card in _cards(text):
        if card.is_group:
            groups += 1
            continue
        if len(records) >= limits.rows:
            raise UnreadableRoster(f"The file has more than {limits.rows:,} cards: import it in parts.")
        addresses = list(dict.fromkeys(address for _, address in sorted(card.addresses, key=lambda pair: pair[0])))
        if len({address.casefold() for address in addresses}) > 1:
            several.append(f"row {card.line}: {addresses[0]}, not {addresses[1]}")
        values = card.values
        whole = values.get("FN") or values.get("N", "")
        others = ", ".join(addresses[1:])
        first = addresses[0] if addresses else ""
        records.append([whole, first, values.get("OFFICE", ""), values.get("ORG", ""), values.get("TITLE", ""), others])
        lines.append(card.line)
    more = ["These are contact cards; each card is a person, and rows are the lines on which cards begin."]
    if several:
        shown = "; ".join(several[:_SHOWN]) + (f" and {len(several) - _SHOWN} more" if len(several) > _SHOWN else "")
        more.append(f"{counted(len(several), 'card')} with several addresses; the preferred one was taken ({shown}).")
    if groups:
        more.append(f"{counted(groups, 'card')} of a group, not of a person, left aside.")
    if not records:
        raise UnreadableRoster("The file of contact cards holds no person: choose the file that holds the list.")
    return Reading(
        Grid.of_records(records, lines), encoding=name, heading=_HEADING, warnings=(*warnings, *more), kind="entries"
    )


def _cards(text: str) -> list[_Card]:
    found: list[_Card] = []
    card: _Card | None = None
    depth = 0
    for line, content in _unfolded(text):
        if _BEGIN.fullmatch(content):
            depth += 1
            if depth == 1:
                card = _Card(line)
        elif _END.fullmatch(content):
            depth = max(depth - 1, 0)
            if depth == 0 and card is not None:
                found.append(card)
                card = None
        elif card is not None and depth == 1:
            _take(card, content)
    if card is not None:
        found.append(card)  # the file ends before the card does
    return found


def _unfolded(text: str) -> list[tuple[int, str]]:
    """(1-based line, content) of each property, folded lines joined (RFC 6350 3.2; vCard 2.1 2.1.3)."""
    found: list[tuple[int, list[str]]] = []
    is_soft = False
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if is_soft and found:
            found[-1][1][-1] = found[-1][1][-1][:-1]
            found[-1][1].append(line)
        elif line[:1] in (" ", "\t") and found:
            found[-1][1].append(line[1:])
        elif line.strip():
            found.append((number, [line]))
        else:
            continue
        # A quoted-printable line ends with "=" where it goes on; base64 ends so, too, but says that it is base64.
        is_soft = line.endswith("=") and _QUOTED_PRINTABLE.search(found[-1][1][0][:500]) is not None
    return [(number, "".join(pieces)) for number, pieces in found]


def _take(card: _Card, content: str) -> None:
    if len(content) > _MOST_PROPERTY:
        return
    head, colon, raw = _parted(content)
    if not colon:
        return
    name, _, parameters = head.partition(";")
    name = name.rpartition(".")[2].strip().upper()
    if name in ("EMAIL", "X-EMAIL"):
        address = _plain(_decoded(raw, parameters)).strip()
        if address:
            card.addresses.append((_unlikely(parameters), address))
    elif name in ("KIND", "X-ADDRESSBOOKSERVER-KIND"):
        card.is_group = raw.strip().lower() in ("group", "org", "location")
    elif name == "N":
        parts = [_plain(part).strip() for part in _split(_decoded(raw, parameters), ";")] + [""] * 3
        card.values[name] = " ".join(filter(None, (parts[1], parts[2], parts[0])))
    elif name in ("FN", "TITLE"):
        card.values.setdefault(name, _plain(_decoded(raw, parameters)).strip())
    elif name == "ORG":
        parts = [_plain(part).strip() for part in _split(_decoded(raw, parameters), ";")]
        card.values.setdefault("ORG", ", ".join(filter(None, parts)))


def _parted(content: str) -> tuple[str, str, str]:
    """A property at its first colon that does not stand in quotation marks."""
    place = content.find(":")
    while place >= 0 and content.count('"', 0, place) % 2:
        end = content.find('"', place)
        place = content.find(":", end) if end >= 0 else -1
    return (content, "", "") if place < 0 else (content[:place], ":", content[place + 1 :])


def _decoded(raw: str, parameters: str) -> str:
    if "=" not in raw or not _QUOTED_PRINTABLE.search(f";{parameters}"):
        return raw
    octets = quopri.decodestring(raw.encode("utf-8", errors="replace"))
    found = _CHARSET.search(parameters)
    for name in filter(None, (found[1] if found else None, "utf-8")):
        try:
            return octets.decode(name)
        except (UnicodeError, LookupError):
            continue
    return octets.decode("cp1252", errors="replace")


def _split(value: str, between: str) -> list[str]:
    return re.split(rf"(?<!\\){between}", value)


def _plain(value: str) -> str:
    """Without backslashes before commas, semicolons and line ends (RFC 6350 3.4)."""
    if "\\" in value:
        value = _ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value)
    return UNWANTED.sub("", value)


def _unlikely(parameters: str) -> int:
    """0 for the preferred address, 1 for one at work, 2 for any, 3 for one at home."""
    upper = parameters.upper()
    if found := _PREFERENCE.search(upper):
        return 0 if int(found[1]) == 1 else 1
    if re.search(r"(?:^|[=;,\"])PREF\b", upper):
        return 0
    words = re.findall(r"[A-Z-]+", upper)
    return 1 if "WORK" in words else 3 if "HOME" in words else 2
