"""How a list was read, and what a person may choose instead: the sheet, the encoding, the people left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import streamlit as st

from deepracer_admin.rules.roster import RosterCheck
from deepracer_admin.ui.kit.words import count, plain

__all__ = ["reading_choices"]

_INCLUDE = {
    "hidden": ("row that the sheet hides", "rows that the sheet hides"),
    "above": ("row above the heading", "rows above the heading"),
    "declined": ("person who will not come", "people who will not come"),
}


def reading_choices(check: RosterCheck, digest: str) -> Mapping[str, Any]:
    """Ask only where there is a choice; what was chosen otherwise than guessed, in the words of `check`."""
    kinds = Counter(out.kind for out in check.left_out)
    has_sheets, has_encodings = len(check.sheets) > 1, len(check.candidates) > 1
    if not (kinds or has_sheets or has_encodings):
        return {}
    chosen: dict[str, Any] = {}
    with st.expander("How the file was read: correct what is wrong", expanded=bool(kinds) or has_encodings):
        if has_sheets:
            at = check.sheets.index(check.sheet) if check.sheet in check.sheets else 0
            sheet = st.selectbox("Sheet", check.sheets, index=at, key=f"reading-{digest}-sheet")
            if sheet != check.sheet:
                chosen["sheet"] = sheet
        if has_encodings:
            samples = {candidate.encoding: ", ".join(candidate.samples) for candidate in check.candidates}
            encoding = st.selectbox(
                "Encoding: which names are right?",
                [*samples],
                format_func=lambda name: f"{plain(samples[name])} ({name})",
                key=f"reading-{digest}-encoding",
            )
            if encoding != check.encoding:
                chosen["encoding"] = encoding
        include = [
            kind_key
            for kind_key, number in sorted(kinds.items())
            if st.checkbox(f"Include {count(number, *_INCLUDE[kind_key])}", key=f"reading-{digest}-{kind_key}")
        ]
        if include:
            chosen["include"] = include
    return chosen
