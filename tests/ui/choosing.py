"""Tick rows of a table in a page under test, as a browser does: by their place in the table as it was last sent."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from streamlit.testing.v1 import AppTest

__all__ = ["shown", "tick", "tick_places"]


def tick(app: AppTest, key: str, *ids: str) -> AppTest:
    """Tick just these rows, found by id where they stand now."""
    return tick_places(app, key, [app.session_state[f"table-{key}"].order.index(one) for one in ids])


def tick_places(app: AppTest, key: str, places: Sequence[int]) -> AppTest:
    """Tick just the rows that stand at these places in the browser."""
    generation = app.session_state[f"table-{key}"].generation
    app.session_state[f"{key}.{generation}"] = {"selection": {"rows": [*places], "columns": [], "cells": []}}
    return app.run()


def shown(app: AppTest, column: str) -> list[object]:
    """A column of the first table that has it, from the top."""
    frames: list[pd.DataFrame] = [table.value for table in app.dataframe]
    return next([*frame[column]] for frame in frames if column in frame)
