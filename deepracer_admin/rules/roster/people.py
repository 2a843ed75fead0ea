"""Names of people, and their yes/no answers."""

from __future__ import annotations

import re
import unicodedata

from deepracer_admin.rules.roster.choices import NameOrder

__all__ = ["answer", "display_name", "family_last", "fold", "full_name", "is_east_asian", "turn_round"]

# Control characters that are not white space: no name, address or answer holds one.
UNWANTED = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\ufeff\ud800-\udfff]")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PART = r"[^\d@<>(){}\[\]|=;:/\\\"!?*#$%&~+^,]+"
_LAST_FIRST = re.compile(rf"(?P<last>{_PART}),(?P<first>{_PART})(?P<note>\([^()]*\))?(?P<title>,{_PART})?")
_REST = re.compile(r"\s+(?:[-–—|]\s*\S|/\s*\S|\[).*$")
_TITLES = _words(
    "jr sr ii iii iv phd dphil md msc ma mba bsc ba beng meng dr prof ing esq cpa inc ltd llc gmbh ag spa srl sa"
)

_PARTICLES = _words(
    "de di da do dos das del dal della dello dei degli la le lo li van von zu zur der den ten ter het el al bin ibn "
    "mac mc san santa st ap af av vom du des d'"
)

_COMPANIES = _words("inc llc ltd gmbh ag spa srl sa bv nv ab oy sas kg")

_YES = _words("yes y true t 1 x ✓ ✔ ☑ si sì sí s vero v ja j wahr oui o vrai verdadero")
_NO = _words("no n false f 0 ✗ ✘ ☐ falso nein nee falsch non faux")

_EAST_ASIAN = (
    (0x2E80, 0x2FDF), (0x3005, 0x30FF), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF),
)  # fmt: skip

# Marks, overrides and isolates that turn the direction of what follows (Unicode TR 9), and characters without width.
_DIRECTION = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_WIDTHLESS = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u2028\u2029\u2060-\u2065\u206a-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_STACKED_MARKS = 4
_FIRST_STRONG_ISOLATE, _POP_ISOLATE = "\u2068", "\u2069"


def fold(value: str) -> str:
    """White space folded to single spaces, control characters removed, NFC."""
    if UNWANTED.search(value):
        value = UNWANTED.sub("", value)
    folded = " ".join(value.split())
    return folded if folded.isascii() else unicodedata.normalize("NFC", folded)


def is_east_asian(name: str) -> bool:
    """Whether the name is written in Han characters, kana or Hangul; there the family name comes first."""
    return any(low <= ord(letter) <= high for letter in name for low, high in _EAST_ASIAN)


def turn_round(name: str) -> str:
    """`Last, First` as `First Last`; `Last, First (Team)` as `First Last (Team)`. Anything else as it stands."""
    if "," not in name:
        return name
    # Exchange writes "Rossi, Anna - Company", "Rossi, Anna /EXT", "Rossi, Anna [Partner]": the rest is no name.
    rest = _REST.search(name, name.index(","))
    found = _LAST_FIRST.fullmatch(name[: rest.start()] if rest else name)
    if not found:
        return name
    last, first = found["last"].strip(), found["first"].strip()
    if not last or not first or first.replace(".", "").casefold() in _TITLES:
        return name
    behind = (found["title"] or "").strip(", ").replace(".", "").casefold().split()
    if not set(behind) <= _TITLES or last.split()[-1].replace(".", "").casefold() in _COMPANIES:
        return name  # "Example GmbH, Rossi, Anna": which is which?
    note = f" {found['note']}" if found["note"] else ""
    title = f", {found['title'][1:].strip()}" if found["title"] else ""
    whole = f"{last} {first}" if is_east_asian(last) and is_east_asian(first) else f"{first} {last}"
    return f"{whole}{note}{title}" + (rest[0].rstrip() if rest else "")


def full_name(name: str, given: str = "", family: str = "", *, order: NameOrder | None = None) -> str:
    """One name, given name first, from whichever cells a list has. `order` is how the cell `name` is written."""
    whole = fold(name)
    if order is None:
        whole = turn_round(whole)
    elif order == "family first":
        whole = family_last(whole)
    return whole or fold(f"{given} {family}")


def family_last(name: str) -> str:
    """`Rossi Anna` as `Anna Rossi`, also `De Luca Anna`, `ROSSI BIANCHI Anna` and `Rossi, Anna`.

    The family name is what stands before a comma, else the leading words in capitals, else the first word with the
    particles before it.
    """
    if "," in name:
        return turn_round(name)
    words = name.split()
    if len(words) < 2:
        return name
    capitals = next((place for place, word in enumerate(words) if not _is_capitals(word)), 0)
    end = capitals or 1 + next((place for place, word in enumerate(words) if word.casefold() not in _PARTICLES), 0)
    end = min(end, len(words) - 1)
    return " ".join((*words[end:], *words[:end]))


def _is_capitals(word: str) -> bool:
    return len(word) > 1 and word.isupper() and not word.endswith(".")


def answer(value: str) -> bool | None:
    """True for yes, False for no (English, Italian, German, French, Spanish, ticks), None for anything else."""
    word = value.strip(" .!\t").casefold()
    if word in _YES:
        return True
    return False if word in _NO else None


def display_name(name: str) -> str:
    """A name that is safe to set on a screen among other text; what is stored stays untouched.

    Direction overrides, characters without width and control characters are left out, piles of accents are lowered to
    four, and a name with right-to-left letters is isolated so that it cannot turn its neighbours.
    """
    shown = _WIDTHLESS.sub("", _DIRECTION.sub("", fold(name)))
    shown = _lower_piles(shown)
    if any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in shown):
        return f"{_FIRST_STRONG_ISOLATE}{shown}{_POP_ISOLATE}"
    return shown


def _lower_piles(name: str) -> str:
    if name.isascii():
        return name
    kept: list[str] = []
    pile = 0
    for letter in name:
        pile = pile + 1 if unicodedata.combining(letter) else 0
        if pile <= _STACKED_MARKS:
            kept.append(letter)
    return "".join(kept)
