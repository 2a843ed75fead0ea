"""The line above every page: event, stage, clock, in a rehearsal its speed, and the mark of what to do next.

A fragment that stays new by itself (looks.py): it reads the local store, draws, and asks for another speed of practice
time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.known import NextStep
from deepracer_admin.rules.practice_speed import SPEEDS, faster, slower
from deepracer_admin.services.setup.practice_clock import PracticeClock
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press
from deepracer_admin.ui.kit.cached import event_view
from deepracer_admin.ui.kit.looks import drawn_from
from deepracer_admin.ui.kit.masthead import next_link
from deepracer_admin.ui.kit.words import STAGES, frame_time, plain, times

__all__ = ["top"]

EVERY_S = 5


PART = "frame-line-part"


@dataclass(frozen=True, slots=True)
class _Shown:
    event: Event | None
    pace: PracticeClock | None
    stage: str = ""
    time: str = ""
    next: NextStep | None = None


@st.fragment(key=PART)
def top(address: str) -> None:
    """Draw it; `address`: of the page below, which says on the Event page itself what comes next."""
    who = session.actor()
    shown = _shown(who)
    event = shown.event
    with st.container(key="frame-line", horizontal=True, vertical_alignment="center", gap="small"):
        if shown.pace is not None:
            st.badge(
                "REHEARSAL",
                icon=":material/science:",
                color="orange",
                help="Simulated people, simulated services; nothing leaves this computer.",
            )
        if event is None:
            st.markdown("No event yet", width="content")
        else:
            line = st.empty()
            if shown.pace is not None and _pace(who, shown.pace):
                shown = replace(shown, pace=session.desk().practice_clock.pace(who) or shown.pace)
            line.markdown(_line(event, shown), width="content")
            if address != "event" and shown.next:
                next_link(who, shown.next)
    drawn_from(PART, shown, _shown, every_s=EVERY_S)


def _shown(who: Actor) -> _Shown:
    """What the line is drawn from, as it is now."""
    desk = session.desk()
    event, pace = desk.events.event(), desk.practice_clock.pace(who)
    if event is None:
        return _Shown(None, pace)
    view = event_view(who)
    stage = "waits, from a backup" if view.restored else STAGES[view.stage][0]
    time = frame_time(desk.clock.event_now(), event.zone)
    return _Shown(event, pace, stage, time, view.next[0] if view.next else None)


def _line(event: Event, shown: _Shown) -> str:
    parts = [f"**{plain(event.name)}**", shown.stage if event.closed_at is None else "Closed", shown.time]
    if shown.pace is not None:
        parts.append("practice time stands still" if shown.pace.paused else f"practice time, {times(shown.pace.speed)}")
    return " · ".join(parts)


def _pace(who: Actor, pace: PracticeClock) -> bool:
    """Pause, slower, faster; was one of them pressed?"""
    if not session.may(who, "rehearsal.clock"):
        return False
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
    return any(acted)
