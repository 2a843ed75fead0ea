"""Records of a text that are narrower than the heading: have their cells slid into other columns?"""

from __future__ import annotations

from collections.abc import Sequence

from deepracer_admin.rules.roster.cells import holds_address
from deepracer_admin.rules.roster.grid import Grid

__all__ = ["slid"]

_SAMPLE = 500  # records of the usual width
_MOSTLY = 0.8


def slid(body: Grid, usual: int, email: int) -> set[int]:
    """Places of narrow records of which a cell does not fit its column, so that the address may be a neighbour's.

    Cells that are merely left out at the end fit. A column of addresses holds addresses or nothing, any other none; and
    the address must not be one that stands in another column elsewhere.
    """
    if body.widths is None or usual < 2:
        return set()
    narrow = [place for place, width in enumerate(body.widths) if width < usual and width > email]
    if not narrow:
        return set()
    whole = [place for place, width in enumerate(body.widths) if width == usual][:_SAMPLE]
    if not whole:
        return set()
    shares = [_share([column[place] for place in whole]) for column in body.columns[:usual]]
    others = {
        column[place].strip().casefold()
        for position, column in enumerate(body.columns[:usual])
        if position != email and shares[position] > 0
        for place in whole
    } - {""}
    return {place for place in narrow if not _fits(body, place, shares, email, others)}


def _share(cells: Sequence[str]) -> float:
    filled = [cell for cell in cells if cell.strip()]
    return sum(map(holds_address, filled)) / len(filled) if filled else 0.0


def _fits(body: Grid, place: int, shares: Sequence[float], email: int, others: set[str]) -> bool:
    record = body.record(place)
    if record[email].strip().casefold() in others:
        return False
    for position, cell in enumerate(record):
        if not cell.strip() or position == email:
            continue
        holds = holds_address(cell)
        if (holds and shares[position] == 0) or (not holds and shares[position] > _MOSTLY):
            return False
    return True
