"""Races on screen: the table, and the one form, in which only the name must be typed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event, RaceStatus, Timing, Track
from deepracer_admin.rules.finish import State
from deepracer_admin.services.races.races import RaceForm, RaceRow
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.limits import NOT_READ
from deepracer_admin.ui.kit.table import choose_one, counts
from deepracer_admin.ui.kit.words import minute

__all__ = ["STATUS", "default_form", "race_form", "race_table", "status_words"]

N = TypeVar("N", int, float)
STATUS = {
    RaceStatus.UPCOMING: "◷ upcoming",
    RaceStatus.OPEN: "● open",
    RaceStatus.CLOSED: "■ closed",
}
_PLACE = "race"
_TIMING = {
    Timing.TOTAL_TIME: "Total time of all laps",
    Timing.BEST_LAP_TIME: "Best single lap",
    Timing.AVG_LAP_TIME: "Average lap",
}


def status_words(row: RaceRow) -> str:
    """The race's status; of one that is over also whether its result is final."""
    view = row.finality
    if view.is_final:
        return f"{STATUS[row.status]}, final"
    return (
        f"{STATUS[row.status]}, provisional"
        if view.state in (State.PROVISIONAL, State.NOT_KNOWN)
        else STATUS[row.status]
    )


def default_form(event: Event, now: datetime, tracks: Sequence[Track]) -> RaceForm:
    """Opens now (or with the event), closes with the event, on the first track."""
    zone = ZoneInfo(event.zone)
    opens = max(now, event.starts_at).astimezone(zone).replace(tzinfo=None, second=0, microsecond=0)
    closes = event.ends_at.astimezone(zone).replace(tzinfo=None)
    if closes <= opens:
        closes = opens + timedelta(hours=2)
    first = tracks[0] if tracks else Track("", "")
    direction = "COUNTER_CLOCKWISE" if "COUNTER_CLOCKWISE" in first.directions else first.directions[0]
    return RaceForm(name="", track_id=first.id, opens=opens, closes=closes, direction=direction)


def race_table(rows: Sequence[RaceRow], zone: str, *, key: str) -> RaceRow | None:
    """All races; the chosen one, which the address names."""
    asked = st.query_params.get(_PLACE)
    if asked and asked not in {row.race.id for row in rows}:
        st.caption("The race that was chosen is not in the list any more.")
    chosen = choose_one(
        pd.DataFrame(
            {
                "Race": [row.race.draft.name for row in rows],
                "Status": [status_words(row) for row in rows],
                "Track": [row.track or NOT_READ for row in rows],
                f"Opens ({zone})": [minute(row.race.draft.opens_at, zone) for row in rows],
                f"Closes ({zone})": [minute(row.race.draft.closes_at, zone) for row in rows],
                "Entries": [row.race.participants for row in rows],
                "Laps": [row.race.draft.min_laps for row in rows],
                "Ranked by": [_TIMING[row.race.draft.timing] for row in rows],
                "Share link": [row.race.share_link for row in rows],
            }
        ),
        [row.race.id for row in rows],
        key=key,
        names=[row.race.draft.name for row in rows],
        steady=False,
        place=_PLACE,
        column_config={
            "Race": st.column_config.TextColumn(width=210),
            "Track": st.column_config.TextColumn(width=140),
            "Share link": st.column_config.LinkColumn(display_text="open"),
            **counts("Entries"),
        },
        alt="Races, newest first",
    )
    return next((row for row in rows if row.race.id == chosen), None)


def _bounds(least: N, most: N, value: N) -> tuple[N, N]:
    """Wide enough for a race that was made elsewhere with other rules: it can be opened and keeps its value."""
    return min(least, value), max(most, value)


def race_form(
    start: RaceForm,
    tracks: Sequence[Track],
    zone: str,
    *,
    key: str,
    button: str,
    run: Callable[[Actor, RaceForm], object],
    done: str,
) -> None:
    """The form; `run` gets who pressed its button and what was filled in."""
    names = {track.id: track for track in tracks} or {start.track_id: Track(start.track_id, start.track_id or "–")}
    ids = [*names] if start.track_id in names else [start.track_id, *names]
    with st.form(key=key):
        name = st.text_input("Name", start.name, max_chars=64, key=f"{key}-name", help="Letters, digits, spaces, -")
        left, middle, right = st.columns(3)
        opens = left.datetime_input(f"Opens ({zone})", start.opens, key=f"{key}-opens", step=timedelta(minutes=5))
        closes = middle.datetime_input(f"Closes ({zone})", start.closes, key=f"{key}-closes", step=timedelta(minutes=5))
        track = right.selectbox(
            "Track",
            ids,
            index=ids.index(start.track_id),
            key=f"{key}-track",
            format_func=lambda value: names[value].name if value in names else value,
        )
        with st.expander("Rules: laps, ranking, penalties, submissions"):
            one, two, three = st.columns(3)
            timing = one.selectbox(
                "Ranked by",
                [*_TIMING],
                index=[*_TIMING].index(start.timing),
                key=f"{key}-timing",
                format_func=lambda value: _TIMING[value],
            )
            laps = two.number_input("Laps", *_bounds(1, 20, start.laps), start.laps, key=f"{key}-laps")
            directions = list(dict.fromkeys(["COUNTER_CLOCKWISE", "CLOCKWISE", start.direction]))
            direction = three.selectbox(
                "Direction",
                directions,
                index=directions.index(start.direction),
                key=f"{key}-direction",
                format_func=lambda value: value.replace("_", "-").lower(),
            )
            off, hit = start.off_track_penalty_s, start.collision_penalty_s
            most, objects = start.max_submissions, start.objects
            off = one.number_input("Off-track penalty (s)", *_bounds(0.0, 60.0, off), off, key=f"{key}-off")
            hit = two.number_input("Collision penalty (s)", *_bounds(0.0, 60.0, hit), hit, key=f"{key}-hit")
            most = three.number_input("Submissions per racer", *_bounds(1, 10_000, most), most, key=f"{key}-most")
            objects = one.number_input("Objects on the track", *_bounds(0, 6, objects), objects, key=f"{key}-objects")
        filled = RaceForm(
            name=name,
            track_id=track,
            opens=opens or start.opens,
            closes=closes or start.closes,
            direction=direction,
            timing=timing,
            laps=int(laps),
            max_submissions=int(most),
            off_track_penalty_s=float(off),
            collision_penalty_s=float(hit),
            objects=int(objects),
        )
        press(
            button,
            lambda asking: run(asking, filled),
            key=f"{key}-save",
            done=done,
            in_form=True,
            type="primary",
            icon=":material/sports_score:",
        )
