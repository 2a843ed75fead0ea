"""Charts that are made once for all who look."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import plotly.graph_objects as go
import plotly.io

from deepracer_admin.ui.kit.drawing import _Drawing

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_what_is_sent_of_a_drawing_is_what_the_figure_would_send() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[AT, AT], y=[1.5, None], name="spent")
    figure.update_layout(title="A <b>title</b>", uirevision="spend")
    drawing = _Drawing(figure)
    for _ in range(2):
        sent = plotly.io.to_json(drawing.to_dict(), validate=False)
        assert json.loads(sent) == json.loads(figure.to_json())
