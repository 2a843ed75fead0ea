"""Documents of an event and small facts about its people: each declared once, each with one way to change.

A document, reading or table (store/documents.py) is a constant of one of these modules, its docstring says who writes
and who reads it. Erasing, exporting and the tests go by `every`, so nothing is listed by hand a second time.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from deepracer_admin.store.documents import Single, Table

__all__ = ["every"]


def every() -> dict[str, Single[Any] | Table[Any]]:
    """All that is declared, by its name in the store. Raises ValueError when two share a name."""
    declared: dict[str, Single[Any] | Table[Any]] = {}
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        for value in vars(module).values():
            if not isinstance(value, Single | Table):
                continue
            name = value.name if isinstance(value, Table) else value.key
            if declared.setdefault(name, value) is not value:
                raise ValueError(f"two of records/ are called {name}")
    return declared
