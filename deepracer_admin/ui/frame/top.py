"""The line above every page: event, stage, clock, in a rehearsal its speed, and the mark of what to do next.

A timed fragment: it reads the local store, draws, and asks for another speed of practice time.
"""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.practice_speed import SPEEDS, faster, slower
from deepracer_admin.services.setup.practice_clock import PracticeClock
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.cached import event_view
from deepracer_admin.ui.kit.masthead import next_link
from deepracer_admin.ui.kit.words import STAGES, frame_time, plain, times

__all__ = ["top"]

EVERY_S = 5


@st.fragment(run_every=EVERY_S)
def top(address: str) -> None:
    """Draw it; `address`: of the page below, which says on the Event page itself what comes next."""
    who, desk = session.actor(), session.desk()
    event = desk.events.event()
    pace = desk.practice_clock.pace(who)
    with st.container(key="frame-line", horizontal=True, vertical_alignment="center", gap="small"):
        if pace is not None:
            st.badge(
                "REHEARSAL",
                icon=":material/science:",
                color="orange",
                help="Simulated people, simulated services; nothing leaves this computer.",
            )
        if event is None:
            st.markdown("No event yet", width="content")
            return
        line = st.empty()
        if pace is not None:
            pace = _pace(who, pace)
        view = event_view(who)
        stage = "waits, from a backup" if view.restored else STAGES[view.stage][0]
        line.markdown(_line(event, stage, pace), width="content")
        if address != "event" and view.next:
            next_link(who, view.next[0])


def _line(event: Event, stage: str, pace: PracticeClock | None) -> str:
    parts = [f"**{plain(event.name)}**", stage if event.closed_at is None else "Closed"]
    parts.append(frame_time(session.desk().clock.event_now(), event.zone))
    if pace is not None:
        parts.append("practice time stands still" if pace.paused else f"practice time, {times(pace.speed)}")
    return " · ".join(parts)


def _pace(who: Actor, pace: PracticeClock) -> PracticeClock:
    """Pause, slower, faster; what goes on now that one of them was pressed."""
    if not session.may(who, "rehearsal.clock"):
        return pace
    clock = session.desk().practice_clock

    def button(icon: str, help_: str, speed: float, *, paused: bool, key: str, disabled: bool = False) -> bool:
        return press(
            "",
            lambda asking: clock.set_pace(asking, speed=speed, paused=paused),
            key=key,
            done="",
            line=False,
            redraw=False,
            type="tertiary",
            icon=icon,
            help=help_,
            disabled=disabled,
        )

    acted = [
        button(
            ":material/play_arrow:" if pace.paused else ":material/pause:",
            "Let practice time go on" if pace.paused else "Let practice time stand still",
            pace.speed,
            paused=not pace.paused,
            key="pace-pause",
        ),
        button(
            ":material/remove:",
            "Slower practice time",
            slower(pace.speed),
            paused=False,
            key="pace-slower",
            disabled=pace.speed <= SPEEDS[0],
        ),
        button(
            ":material/add:",
            "Faster practice time",
            faster(pace.speed),
            paused=False,
            key="pace-faster",
            disabled=pace.speed >= SPEEDS[-1],
        ),
    ]
    return clock.pace(who) or pace if any(acted) else pace
