"""How often a page of usage is drawn by itself."""

from __future__ import annotations

import pytest

from deepracer_admin.ui.usage.live import AT_MOST_EVERY_S, EVERY_S, _Drawn


@pytest.mark.parametrize(("took_s", "rests_s"), [(0.1, AT_MOST_EVERY_S), (1.0, AT_MOST_EVERY_S), (20.0, 60.0)])
def test_a_page_that_is_slow_to_draw_rests_longer(took_s: float, rests_s: float) -> None:
    drawn = _Drawn(None, began_s=100.0)
    first_look = 100.0 + took_s + EVERY_S
    assert drawn.has_rested(first_look) == (first_look - 100.0 >= rests_s)
    assert not drawn.has_rested(100.0 + rests_s - 0.5)
    assert drawn.has_rested(100.0 + rests_s)
