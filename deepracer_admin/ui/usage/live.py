"""The Usage page stays as new as the last sample without disturbing: it is drawn anew when there is one, and only then.

A look costs two cheap reads and sends nothing. The page's own run is what changes tables and charts, so selection,
search, zoom and what is typed stay (each has its key); while a dialog is open nothing is drawn under it.
"""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.refresh import is_dialog_open, rerun_unasked

__all__ = ["Stamp", "stay_new"]

Stamp = tuple[str, int, datetime | None]
"""(event, revision, event time of the last sample): what is drawn from the same stamp is the same."""

EVERY_S = 2
AT_MOST_EVERY_S = 5.0
"""Real seconds between two drawings that nobody asked for: a rehearsal at 60x takes a sample a second."""
RESTS = 3
"""A page is drawn by itself again after so many times the seconds that drawing it took."""


LONGEST_REST_S = 60.0  # a hidden tab looks once a minute, which is no slow drawing


class _Drawn:
    """What the page was drawn from. Of one script run: a fragment's later runs keep it."""

    def __init__(self, sample: datetime | None, began_s: float) -> None:
        self.sample = sample
        self.began_s = began_s
        self.in_page_run = True
        self._until_s: float | None = None

    def has_rested(self, now_s: float) -> bool:
        """Long enough after the page was drawn, and three times as long as that took: a slow computer is not kept busy
        by drawing alone, and whoever clicks finds the page at rest."""
        if self._until_s is None:  # the first look after it was drawn
            took_s = now_s - self.began_s - EVERY_S
            self._until_s = self.began_s + min(max(AT_MOST_EVERY_S, RESTS * took_s), LONGEST_REST_S)
        return now_s >= self._until_s


def stay_new() -> Stamp:
    """Call it before the page reads what it shows. The stamp of what it will read (`UsageService.stamp`)."""
    stamp = session.desk().usage.stamp(session.actor())
    _look(_Drawn(stamp[2], session.console().clock.monotonic()))
    return stamp


@st.fragment(run_every=EVERY_S)
def _look(drawn: _Drawn) -> None:
    if drawn.in_page_run:
        drawn.in_page_run = False
        return
    _, _, sample = session.desk().usage.stamp(session.actor())
    rested = drawn.has_rested(session.console().clock.monotonic())
    if sample != drawn.sample and rested and not is_dialog_open():
        rerun_unasked()
