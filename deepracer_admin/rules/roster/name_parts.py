"""Names that a list keeps in more than two columns, and which part comes first."""

from __future__ import annotations

from collections.abc import Sequence

from deepracer_admin.rules.roster.columns import Guess
from deepracer_admin.rules.roster.grid import Grid
from deepracer_admin.rules.roster.headings import plain_heading
from deepracer_admin.rules.roster.lazy_column import LazyColumn
from deepracer_admin.rules.roster.people import is_east_asian

__all__ = ["in_their_order", "with_further_parts"]

_BEFORE_FAMILY = frozenset(("tussenvoegsel", "tussenvoegsels", "infix", "namensvorsatz", "vorsatzwort", "name prefix"))
_AFTER_FAMILY = frozenset(
    ("segundo apellido", "apellido 2", "apellido materno", "segundo sobrenome", "second surname", "second last name")
)
# Han, kana and Hangul: there the family name comes first.
_EAST_ASIAN = "[\u2e80-\u2fdf\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff]"


def with_further_parts(heading: Sequence[str], body: Grid, guess: Guess) -> Grid:
    """The family names with what stands in a column of its own: "van der", a second family name."""
    family = next((column.position for column in guess.columns if column.field == "family"), None)
    if family is None or family >= body.width:
        return body
    plain = [plain_heading(text) for text in heading]
    before = next((place for place, text in enumerate(plain) if text in _BEFORE_FAMILY), None)
    after = next((place for place, text in enumerate(plain) if text in _AFTER_FAMILY and place != family), None)
    if before is None and after is None:
        return body
    parts = [body.columns[place] for place in (before, family, after) if place is not None and place < body.width]
    joined = [" ".join(filter(None, map(str.strip, cells))) for cells in zip(*parts, strict=True)]
    columns = list(body.columns)
    columns[family] = joined
    return Grid(columns, body.lines, body.widths)


def in_their_order(given: Sequence[str], family: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """(what is written first, what follows): the family name first where both are written in East Asian letters."""
    if isinstance(given, LazyColumn) and isinstance(family, LazyColumn):
        if not family.has_like(_EAST_ASIAN):
            return given, family
    elif all(map(str.isascii, family)):
        return given, family
    pairs = [
        (last, first) if is_east_asian(first) and is_east_asian(last) else (first, last)
        for first, last in zip(given, family, strict=True)
    ]
    return [first for first, _ in pairs], [last for _, last in pairs]
