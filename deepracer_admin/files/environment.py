"""What a child process of the console is given of its environment: enough to start, and nobody's keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

__all__ = ["ROOT", "bare_environment"]

ROOT = Path(__file__).resolve().parents[2]
_KEPT = frozenset(
    (
        *("PATH", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "TEMP", "TMP", "TMPDIR", "HOME", "USERPROFILE"),
        *("LANG", "LC_ALL", "LC_CTYPE", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONHOME", "__PYVENV_LAUNCHER__"),
    )
)


def bare_environment(**more: str) -> Mapping[str, str]:
    """What an interpreter needs to start and to find this program, and `more`."""
    kept = {name: value for name, value in os.environ.items() if name.upper() in _KEPT}
    return {**kept, **more, "PYTHONPATH": str(ROOT)}
