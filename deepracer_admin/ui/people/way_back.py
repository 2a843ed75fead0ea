"""What was taken over from an earlier list of the same source, and the way back to how a list is guessed."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.rules.roster.choices import GUESSED
from deepracer_admin.services.people.dry_run import DryRun
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.words import day, plain
from deepracer_admin.ui.people.open_list import OpenList, put_back

__all__ = ["remembered_reading", "way_back"]


def way_back(dry: DryRun, now: OpenList) -> None:
    """Undo all corrections of this list at once, where there are any."""
    if dry.choices != GUESSED and not _is_told(now):
        _undo("Read as guessed", dry, key="reading-reset")


def remembered_reading(dry: DryRun, now: OpenList) -> None:
    """What was taken over from an earlier list of the same source, and the way back."""
    told = now.remembered
    if told is None or not _is_told(now):
        return
    parts = []
    if told.taken:
        who = f", as {told.by} corrected it on {day(told.at)}" if told.at and told.by else ""
        parts.append(f"Read like an earlier list of this source{who}: {'; '.join(told.taken)}.")
    if told.lost:
        parts.append(f"Not taken over from an earlier list of this source: {'; '.join(told.lost)}.")
    with st.container(border=True):
        left, right = st.columns([4, 1], vertical_alignment="center")
        left.markdown(f":material/history: {plain(' '.join(parts))}")
        with right:
            _undo("Read as guessed", dry, key="reading-undo")


def _is_told(now: OpenList) -> bool:
    return now.remembered is not None and bool(now.remembered.taken or now.remembered.lost)


def _undo(label: str, dry: DryRun, *, key: str) -> None:
    people = session.desk().attendees

    def undo(asking: Actor) -> None:
        people.forget_reading(asking, dry)
        put_back()

    press(label, undo, key=key, done="The list is read as guessed.", icon=":material/undo:", line=False)
