"""Streamlit's own front end: files of the installed package, the same in every installation, none of them ours.

A tab loads parts of it when it first needs them (a table, a chart, a dialog). A tab that was signed out elsewhere still
does, for the very sentence that says so; refused, it showed "Failed to fetch dynamically imported module" instead.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit

__all__ = ["PACKAGED", "front_end_paths"]

PACKAGED = Path(streamlit.__file__).parent / "static"
"""What Streamlit serves at `/`: its page and, below `static/`, what that loads."""


@cache
def front_end_paths() -> frozenset[str]:
    """Addresses below `/static/` at which Streamlit serves a packaged file, each in full ("/static/js/index.x.js").

    Whole addresses and no prefix: for an unknown name below it Streamlit answers with the page of the console.
    """
    files = (path for path in (PACKAGED / "static").rglob("*") if path.is_file())
    return frozenset(f"/{path.relative_to(PACKAGED).as_posix()}" for path in files)
