"""A pasted "To:" line: `Name <a@b>; "Last, First" <c@d>`, with semicolons, commas or one entry a line."""

from __future__ import annotations

import re

from deepracer_admin.rules.roster.addresses import unwrap
from deepracer_admin.rules.roster.cells import find_address

__all__ = ["is_pasted_line", "read_pasted_line"]

_LABEL = re.compile(
    r"\s*(?:to|cc|bcc|an|a|à|para|cco|ccn|cci|da|from|von|de|kopie|copia|copie|od|do|till|från|van|aan|宛先|差出人)"
    r"\s*[:：]\s*",
    re.IGNORECASE,
)
_TO = re.compile(r"to|bcc|an|a|à|para|cco|ccn|cci|do|till|aan|宛先")
_FROM = re.compile(r"from|da|von|de|od|från|van|差出人")
_LONGEST_LABEL = 40  # characters
# Every alternative is linear: what opens but does not close is taken as a single character.
_TOKEN = re.compile(r'"[^"\r\n]*"|<[^<>\r\n]*>|\r\n|[;,\r\n]|[^";,<\r\n]+|["<]')
_LINE_ENDS = ("\r\n", "\r", "\n")
_FIRST_LINE = re.compile(r"\S[^\r\n]*")
_LOOKED_AT = 20
_FIRST_CHARACTERS = 20_000
_LONGEST_PIECE = 100  # tokens; a name before an address has a handful


def is_pasted_line(text: str) -> bool:
    """Whether the text is a list of mailboxes rather than a table: its first line holds entries and nothing else."""
    found = _FIRST_LINE.search(text)
    first = found[0][:_FIRST_CHARACTERS] if found else ""
    if "@" not in first:
        return False
    if _LABEL.match(first):
        return True
    pieces = [address for _, _, address in _entries(first)][:_LOOKED_AT]
    if "<" not in first and len(pieces) < 2:
        return False
    return all("@" in piece and not re.search(r"[\s\t|]", piece) for piece in pieces)


def read_pasted_line(text: str) -> tuple[list[list[str]], list[int], list[str]]:
    """([name, address] of each entry, its 1-based line, addresses of others).

    Beside a "To:" line, whoever stands behind "From:" or "Cc:" is somebody else; a sender is so in any case.
    """
    records: list[list[str]] = []
    lines: list[int] = []
    others: list[str] = []
    labels = _labels(text) if ":" in text else {}
    has_own = any(_TO.fullmatch(label) for label in labels.values())
    for line, name, address in _entries(text):
        label = labels.get(line, "")
        if "@" in address and (_FROM.fullmatch(label) if not has_own else label and not _TO.fullmatch(label)):
            others.append(address)
            continue
        records.append([name, address])
        lines.append(line)
    if not records:
        return [["", address] for address in others], [1] * len(others), []
    return records, lines, others


def _labels(text: str) -> dict[int, str]:
    """Line -> the label that it stands behind, its own or that of a line before it."""
    found: dict[int, str] = {}
    label = ""
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        own = _LABEL.match(line[:_LONGEST_LABEL])
        if own:
            label = own[0].strip(" \t:").casefold()
        elif not line[:1].isspace() and line.strip():
            label = ""
        if label:
            found[number] = label
    return found


def _entries(text: str) -> list[tuple[int, str, str]]:
    tokens = _TOKEN.findall(text)
    # With semicolons between the entries, a comma belongs to a name: Last, First <address>.
    separator = ";" if ";" in tokens else ","
    entries: list[tuple[int, str, str]] = []
    line, start, at_line_start, piece, has_address = 1, 1, True, [], False

    def close(*, certain: bool) -> None:
        """End the piece; one without an address before a comma is the first half of `Last, First <address>`.

        Pieces are joined only when they end: a line of words would else be joined once for each of them.
        """
        nonlocal piece, start, has_address
        if not certain and piece and not has_address and len(piece) < _LONGEST_PIECE:
            piece.append(",")
            return
        joined = "".join(piece)
        if joined.strip(" \t\"';,"):
            entries.append((start, *_name_and_address(joined)))
        piece, has_address = [], False
        start = line

    for token in tokens:
        if token in _LINE_ENDS:
            close(certain=True)
            line += 1
            start, at_line_start = line, True
        elif token == separator:
            close(certain=separator == ";")
        else:
            if at_line_start:
                token = _LABEL.sub("", token, count=1) if _LABEL.match(token) else token
                at_line_start = False
            piece.append(token)
            has_address = has_address or "@" in token
    close(certain=True)
    return entries


def _name_and_address(piece: str) -> tuple[str, str]:
    if "@" not in piece and "＠" not in piece:
        address, name = unwrap(piece)
        return name, address
    found = find_address(piece)
    if found.others:
        return "", piece.strip()
    return found.name, found.address
