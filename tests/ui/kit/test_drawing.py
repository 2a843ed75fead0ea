"""Charts that are made once for all who look."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import plotly.graph_objects as go
import plotly.io

from deepracer_admin.ui.kit.drawing import _Drawing, _made

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


def test_what_is_sent_of_a_drawing_is_what_the_figure_would_send() -> None:
    figure = go.Figure()
    figure.add_scatter(x=[AT, AT], y=[1.5, None], name="spent")
    figure.update_layout(title="A <b>title</b>", uirevision="spend")
    drawing = _Drawing(figure)
    for _ in range(2):
        sent = plotly.io.to_json(drawing.to_dict(), validate=False)
        assert json.loads(sent) == json.loads(figure.to_json())


def test_axes_are_readable_on_white_and_left_alone_in_the_dark() -> None:
    def contrast_on_white(colour: str) -> float:
        parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)

    light, dark = (_made.__wrapped__("now", "spend", dark, go.Figure) for dark in (False, True))
    assert light is not None
    assert dark is not None
    for axis in (light.to_dict()["layout"]["xaxis"], light.to_dict()["layout"]["yaxis"]):
        assert (
            min(contrast_on_white(axis["tickfont"]["color"]), contrast_on_white(axis["title"]["font"]["color"])) >= 4.5
        )
    assert "xaxis" not in dark.to_dict()["layout"]


def test_colouring_what_is_sent_is_colouring_the_figure() -> None:
    def chart() -> go.Figure:
        figure = go.Figure()
        figure.add_scatter(x=[AT, AT], y=[1.5, None], xaxis="x2", yaxis="y2")
        return figure.update_layout(xaxis_title="hours", yaxis={"type": "category"}, xaxis2={"tickfont": {"size": 9}})

    drawing = _made.__wrapped__("now", "spend", False, chart)
    plainly = chart()
    colour = drawing.to_dict()["layout"]["xaxis"]["tickfont"]["color"]
    for axes in (plainly.update_xaxes, plainly.update_yaxes):
        axes(tickfont_color=colour, title_font_color=colour)
    assert drawing.to_dict() == json.loads(plainly.to_json())
