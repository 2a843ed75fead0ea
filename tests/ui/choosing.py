"""Tick rows of a table in a page under test, as a browser does: by their place in the table as it was last sent."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pandas as pd
from streamlit.testing.v1 import AppTest

__all__ = ["press_to_open", "shown", "tick", "tick_places"]


def tick(app: AppTest, key: str, *ids: str) -> AppTest:
    """Tick just these rows, found by id where they stand now."""
    return tick_places(app, key, [app.session_state[f"table-{key}"].order.index(one) for one in ids])


def tick_places(app: AppTest, key: str, places: Sequence[int]) -> AppTest:
    """Tick just the rows that stand at these places in the browser."""
    generation = app.session_state[f"table-{key}"].generation
    app.session_state[f"{key}.{generation}"] = {"selection": {"rows": [*places], "columns": [], "cells": []}}
    return app.run()


def press_to_open(app: AppTest, key: str, one: str) -> AppTest:
    """Press the cell that opens the thing with this id, as a browser does."""
    sent = app.session_state[f"table-{key}"]
    widgets = app._tree.get_widget_states()
    names = (each.proto.button_click_widgets.values() for each in app.dataframe)
    press = widgets.widgets.add()
    press.id = next(name for each in names for name in each if name.endswith(f"-{key}.{sent.generation}-open"))
    press.string_trigger_value.data = json.dumps({"row": sent.order.index(one), "label": "pressed"})
    return app._run(widgets)


def shown(app: AppTest, column: str) -> list[object]:
    """A column of the first table that has it, from the top."""
    frames: list[pd.DataFrame] = [table.value for table in app.dataframe]
    return next([*frame[column]] for frame in frames if column in frame)
