"""A leaderboard inside the console: podium and table, live; signed links to the big screen."""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from datetime import datetime

import pandas as pd
import pyarrow as pa
import streamlit as st

from deepracer_admin.made_once import Shared
from deepracer_admin.model import Actor
from deepracer_admin.rules.finish import Finality, State, finish_words
from deepracer_admin.rules.standings import BoardRow, lap_time
from deepracer_admin.rules.what_counts import COUNTS
from deepracer_admin.services.races.board_views import BoardEntry, BoardView, LiveLink, RacerNames
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.cached import board_view, racer_names
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.looks import drawn_from
from deepracer_admin.ui.kit.words import as_of, clock_time, count, plain, table_height, when, whole
from deepracer_admin.ui.races.race_form import STATUS

__all__ = ["change_mark", "entry_label", "finality_badge", "link_state", "live_board", "say_finality"]

PLACES = 200
"""Of a board that the console shows; its export has all."""
_MEDALS = ("1st", "2nd", "3rd")


def change_mark(change: int | None) -> str:
    """Places won or lost with a sign, e.g. "▲ 3"; "new" for a newcomer."""
    if change is None:
        return "new"
    if change == 0:
        return "="
    return f"▲ {change}" if change > 0 else f"▼ {-change}"


EVERY_S = 2
PART = "live-board-part"


def _shown(who: Actor, race_id: str) -> tuple[BoardView, Hashable]:
    """What a board is drawn from: it, and of whom the names beside it are."""
    names = session.desk().boards.people_stamp(who) if session.may(who, "boards.names") else None
    return board_view(who, race_id), names


@st.fragment(key=PART)
def live_board(race_id: str) -> None:
    """Status, podium and table, drawn anew at a look (looks.py) when something in them differs; nothing to click."""
    who = session.actor()
    shown = _shown(who, race_id)
    _draw(who, *shown, race_id)
    drawn_from(PART, shown, lambda asking: _shown(asking, race_id), every_s=EVERY_S)


def _draw(who: Actor, view: BoardView, names: Hashable, race_id: str) -> None:
    people = racer_names(who) if session.may(who, "boards.names") else None
    st.markdown(_headline(view))
    say_finality(view.finality, view.zone, reason=session.may(who, "boards.run"))
    if not view.rows and not view.live_rows:
        st.info("No results yet; the first submission appears here by itself.", icon=":material/hourglass_empty:")
        return
    stamp, counts = (view.stamp, names), COUNTS[view.race.draft.timing]
    if view.live_rows is None:
        _podium_and_table(view.rows, view.racers, people, counts, key=f"board-{race_id}", stamp=stamp)
        return
    st.caption("The room sees the held board. You see both orders.")
    held, now = st.tabs(["As held", "As it stands now"], key="board-orders", bind="query-params")
    with held:
        _podium_and_table(view.rows, view.racers, people, counts, key=f"board-{race_id}", stamp=stamp)
    with now:
        st.caption(as_of(view.live_as_of, "standings, event time", view.zone))
        _podium_and_table(view.live_rows, view.live_racers, people, counts, key=f"board-now-{race_id}", stamp=stamp)


def _headline(view: BoardView) -> str:
    """One text: what a hundred tabs are sent at each result is best sent in few pieces."""
    colour = "green" if view.status.value == "open" else "gray"
    parts = [f":{colour}-badge[{STATUS[view.status]}]", _finality_words(view.finality)]
    if view.frozen_at:
        parts.append(f":orange-badge[:material/ac_unit: held since {when(view.frozen_at, view.zone)}]")
    parts.append(f":small[{count(view.racers, 'racer')} · {as_of(view.as_of, 'standings, event time', view.zone)}]")
    return " ".join([part for part in parts if part]) + f" :small[· {plain(view.tie_rule)}]"


def finality_badge(finality: Finality) -> None:
    """One word about the result of a race that is over."""
    words = _finality_words(finality)
    if words:
        st.markdown(words, width="content")


def _finality_words(finality: Finality) -> str:
    if finality.is_final:
        return ":green-badge[:material/check_circle: final]"
    if finality.state is State.PROVISIONAL:
        return ":orange-badge[:material/hourglass_top: provisional]"
    if finality.state is State.NOT_KNOWN:
        return ":orange-badge[:material/help: not known whether final]"
    return ""


def say_finality(finality: Finality, zone: str, *, reason: bool) -> None:
    """What is still on its way and about when; or since when it is final."""
    words = finish_words(finality, lambda at: clock_time(at, zone), reason=reason)
    if words:
        st.caption(plain(words))


def _podium_and_table(
    rows: Sequence[BoardRow], racers: int, people: RacerNames | None, counts: str, *, key: str, stamp: Hashable
) -> None:
    with st.container(horizontal=True, key=f"podium-{key}"):
        for place, row in zip(_MEDALS, rows, strict=False):
            gap = f"+{lap_time(row.gap_ms)} s to the leader" if row.gap_ms else "leads"
            score = lap_time(row.score_ms)
            unit = "min" if ":" in score else "s"
            title = f"{place} · {plain(row.alias)}"
            st.metric(title, f"{score} {unit}", gap, delta_color="off", delta_arrow="off", border=True)
    rows = rows[:PLACES]
    st.dataframe(
        _table(key, stamp, people is not None, rows, people),
        hide_index=True,
        key=key,
        placeholder=NOTHING,
        height=table_height(len(rows)),
        column_config={
            "Place": st.column_config.NumberColumn(width=60),
            "Last hour": st.column_config.TextColumn(width=90, help="Places won (▲) or lost (▼) in an hour."),
            **{
                name: st.column_config.TextColumn(f"{title} (m:s)", alignment="right")
                for name, title in (
                    ("Time", f"Counts: {counts.lower()}"),
                    ("To leader", "To leader"),
                    ("To next", "To next"),
                    ("Best lap", "Best lap"),
                )
            },
        },
        alt=_spoken(rows, racers),
    )
    if racers > len(rows):
        st.caption(f"The first {whole(len(rows))} of {whole(racers)}; the export has all.")


_TABLES: Shared[pa.Table] = Shared(fresh_s=math.inf, longest_s=math.inf, most=8)


def _table(key: str, stamp: Hashable, named: bool, rows: Sequence[BoardRow], people: RacerNames | None) -> pa.Table:
    """Made once for all who look at these rows, with or without people; as Arrow keeps them, which is what is sent."""
    made_from = (session.event_id(), key, stamp, named)
    return _TABLES(made_from, lambda _: pa.Table.from_pandas(board_frame(rows, people), preserve_index=False))


def board_frame(rows: Sequence[BoardRow], people: RacerNames | None) -> pd.DataFrame:
    """The table: times in m:ss.mmm; the person beside the alias where `people` is given."""
    columns: dict[str, list[object]] = {
        "Place": [row.rank for row in rows],
        "Last hour": [change_mark(row.change) for row in rows],
        "Racer": [row.alias + ("  (hidden)" if row.hidden and people is not None else "") for row in rows],
    }
    if people is not None:
        columns["Person"] = [people.of(row.racer) or "not on the list" for row in rows]
    columns |= {
        "Time": [lap_time(row.score_ms) for row in rows],
        "To leader": ["" if not row.gap_ms else f"+{lap_time(row.gap_ms)}" for row in rows],
        "To next": ["" if not row.interval_ms else f"+{lap_time(row.interval_ms)}" for row in rows],
        "Best lap": [lap_time(row.best_lap_ms) for row in rows],
    }
    if any(row.submissions is not None for row in rows):
        columns["Submissions"] = [row.submissions for row in rows]
    return pd.DataFrame(columns)


def _spoken(rows: Sequence[BoardRow], racers: int) -> str:
    if not rows:
        return "No results"
    return f"{rows[0].alias} leads {count(racers, 'racer')} with {lap_time(rows[0].score_ms)}"


def entry_label(entry: BoardEntry) -> str:
    """A line in a list to choose from."""
    why = "masked: rude word" if entry.is_rude else "hidden"
    hidden = f" ({why})" if entry.row.hidden else ""
    shared = " (another racer has this name too)" if entry.shared else ""
    since = " (came in since the board is held)" if entry.since_held else ""
    return f"{entry.row.rank}. {entry.racer}{hidden}{shared}{since} · {lap_time(entry.row.score_ms)}"


def link_state(link: LiveLink, now: datetime, zone: str) -> str:
    """What a link is worth now."""
    if link.revoked:
        return "withdrawn"
    if now >= link.expires_at:
        return "expired"
    return f"valid until {when(link.expires_at, zone)}"
