"""Which sign parts the cells of a text: told by the shape of the whole, not by what stands inside cells."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from itertools import islice
from typing import NamedTuple

from deepracer_admin.rules.roster.addresses import ADDRESS_CELL
from deepracer_admin.rules.roster.headings import read_heading

__all__ = ["DELIMITERS", "NO_DELIMITER", "guess_delimiter", "read_with"]

DELIMITERS = (",", ";", "\t", "|")
NO_DELIMITER = "\x1f"  # a control character: decode() has removed every one of them
_RARER = (":", "^", "~")
_SAMPLE_BYTES = 64 * 1024
_SAMPLE_RECORDS = 200
_LONGEST_LINE = 8_000  # characters
_LOOKED_THROUGH = 2_000_000
_HEADINGS = 60  # records in which a heading is looked for
_LONGEST_LIST = 4_000


def guess_delimiter(text: str) -> str | None:
    """The delimiter under which a heading names the address column of most records; without one, that under which most
    records hold a clean address, then the most even one; None for a single column."""
    text = _sample(text)
    best: tuple[_Score, str] | None = None
    for delimiter in DELIMITERS:
        score = _score(text, delimiter)
        if score.even > 0 and (best is None or score > best[0]):
            best = (score, delimiter)
    if best is None:
        # Rarer signs stand inside cells too often; they count only with a heading and the same number on every line.
        return next((sign for sign in _RARER if (score := _score(text, sign)).is_headed and score.even == 1), None)
    single = _score(text, None)
    return best[1] if best[0].is_headed or single.addresses <= best[0].addresses else None


def _sample(text: str) -> str:
    """The first lines, without those too long to be a row, such as a page of conditions above the list."""
    sample = text[:_SAMPLE_BYTES]
    end = "\n" if "\n" in text else "\r"
    if max(map(len, sample.split(end))) <= _LONGEST_LINE:
        return sample
    kept, size = [], 0
    for line in text[:_LOOKED_THROUGH].split(end):
        if len(line) <= _LONGEST_LINE:
            kept.append(line)
            size += len(line)
            if size > _SAMPLE_BYTES:
                break
    return end.join(kept) if any("@" in line for line in kept) else sample


class _Score(NamedTuple):
    """How well a delimiter fits the first records: whether a heading as wide as most of them names an address column,
    records with an address, share of records of the usual width, that width."""

    is_headed: bool = False
    addresses: int = 0
    even: float = 0.0
    width: int = 0


def _score(text: str, delimiter: str | None) -> _Score:
    if delimiter is not None and delimiter not in text:
        return _Score()
    try:
        records = [
            record for record in islice(read_with(text, delimiter), _SAMPLE_RECORDS) if any(map(str.strip, record))
        ]
    except csv.Error:
        return _Score()
    if not records:
        return _Score()
    addresses = sum(any(map(_is_clean, record)) for record in records)
    widths = Counter(len(record) for record in records if len(record) > 1)
    if not widths:
        return _Score(addresses=addresses, width=1)
    width, count = max(widths.items(), key=lambda pair: (pair[1], pair[0]))
    is_headed = 2 * count > len(records) and any(
        len(record) == width and any(_is_mail_heading(cell) for cell in record) for record in records[:_HEADINGS]
    )
    return _Score(is_headed, addresses, count / len(records), width)


def _is_mail_heading(cell: str) -> bool:
    found = read_heading(cell)
    return found.field == "email" and not any(sign in cell for sign in DELIMITERS)


def _is_clean(cell: str) -> bool:
    """Whether the cell is an address, or a list of nothing else."""
    if ADDRESS_CELL.fullmatch(cell):
        return True
    if cell.count("@") < 2 or len(cell) > _LONGEST_LIST:
        return False
    return all(ADDRESS_CELL.fullmatch(piece) for piece in re.split(r"[\s,;]+", cell) if piece)


def read_with(text: str, delimiter: str | None):
    return csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter or NO_DELIMITER, skipinitialspace=delimiter is not None
    )
