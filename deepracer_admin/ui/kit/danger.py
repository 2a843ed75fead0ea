"""Acts that take something away for good, or access from people: red wherever they stand.

A button's key is its class in the browser, so one table of keys says which are red, and one constant style draws them.
The frame of the button and its icon are red, the words keep the page's colour: no red reads well on white and on the
dark background alike (WCAG 1.4.3), a line of it does (1.4.11). The button that does it, in a dialog, is filled.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

__all__ = ["DANGER", "LOOK", "is_danger"]

DANGER = (
    *(
        "announcement-take-away",
        "board-disqualify",
        "closeout-start",
        "entrants-drop",
        "entrants-expel",
        "link-withdraw",
    ),
    *("person-remove", "person-*-erase", "person-*-remove", "race-delete", "registrations-erase", "roster-off"),
    *("sponsor-close", "sponsors-forget", "usage-models"),
)
"""Keys of buttons that open such an act, or do it; `*` stands for an id."""
_RED, _FILLED, _FILLED_UNDER_POINTER = "#d64545", "#b3261e", "#8f1d17"


def is_danger(key: str) -> bool:
    """Is the button with this key one of them, or the one in the dialog that it opens?"""
    return any(fnmatchcase(key.removesuffix("-go"), pattern) for pattern in DANGER)


def _class(pattern: str) -> str:
    parts = pattern.split("*")
    if len(parts) == 1:
        return f".st-key-{pattern}"
    return f'[class*="st-key-{parts[0]}"]' + "".join(f'[class*="{part}"]' for part in parts[1:])


_OPENS = ", ".join(f"{_class(pattern)} button:not(:disabled)" for pattern in DANGER)
_DOES = ", ".join(f"{_class(pattern)}-go button:not(:disabled)" for pattern in DANGER if "*" not in pattern)
_FILL = f":is({_OPENS}):is([kind^=primary]), :is({_DOES})"
LOOK = f"""
:is({_OPENS}) {{ border: 1px solid {_RED} !important }}
:is({_OPENS}):not([kind^=primary]) [data-testid=stIconMaterial] {{ color: {_RED} !important }}
:is({_FILL}) {{ background: {_FILLED} !important; border-color: {_FILLED} !important; color: #ffffff !important }}
:is({_FILL}):is(:hover, :focus-visible) {{ background: {_FILLED_UNDER_POINTER} !important }}
"""
"""For the frame's style; a constant."""
