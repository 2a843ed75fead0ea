"""What the first sessions would wait for, loaded behind the first page."""

from __future__ import annotations

import deepracer_admin.ui.frame.frame  # noqa: F401  (everything that pages are made of)
from deepracer_admin.rules.rude_names import rude_test
from deepracer_admin.ui.kit.drawing import load_charts

__all__ = ["load"]


def load() -> None:
    """Charts too, and the words that no board shows; the import of this module loads the rest."""
    load_charts()
    rude_test()
