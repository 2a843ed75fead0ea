"""The Event page of an event that came from a backup: that it waits, what waits, and the word that it goes on here."""

from __future__ import annotations

from collections import Counter

import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.services.setup.restored import Waiting
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, said
from deepracer_admin.ui.kit.confirm import confirm_typed
from deepracer_admin.ui.kit.jobs import TITLES
from deepracer_admin.ui.kit.reached import whom
from deepracer_admin.ui.kit.words import count, when, whole

__all__ = ["restored_panel"]

KEY = "event-go-on"
STOPPED = (
    "You say that the console that the backup came from has **stopped for good**. What it did since the backup, this "
    "one does not know and does again: if it goes on, people are mailed twice."
)


def restored_panel(who: Actor, event: Event) -> None:
    """Draw it; nothing for an event that does not wait, but what the act came to."""
    waiting = ask(session.desk().restored.view)
    if waiting is None:
        said(KEY)
        return
    mark = waiting.restored
    put = f"; it was put here {when(mark.at, event.zone)}" if mark.at != mark.made_at else ""
    with st.container(border=True, key="event-restored"):
        st.markdown(
            f":orange[:material/pause_circle:] **It waits here.** The event came from a backup of "
            f"{when(mark.made_at, event.zone)}{put}. "
            "Nothing is sent, changed or deleted for it before an organizer says that it goes on here. What is asked "
            "for on its pages meanwhile waits, too."
        )
        parts = _parts(waiting)
        if parts:
            st.markdown("Waiting: " + ", ".join(parts) + ".")
        if session.may(who, "event.go_on") and st.button("Go on here …", icon=":material/play_arrow:", key=KEY):
            _confirm(event, waiting, parts)
        said(KEY)


def _confirm(event: Event, waiting: Waiting, parts: list[str]) -> None:
    confirm_typed(
        "Go on here",
        key="event-go-on",
        facts=[
            STOPPED,
            f"At once goes on: {', '.join(parts)}; what was due meanwhile goes at once, too."
            if parts
            else "Nothing is under way; what is asked for from now on is done here.",
            *([whom(waiting.people, lead="It reaches ")] if waiting.people else []),
            "It cannot be taken back: a mail that went is gone.",
        ],
        name=event.name,
        button="Go on here",
        run=lambda asking, typed: session.desk().restored.go_on(asking, typed_name=typed),
        done="The event goes on here.",
    )


def _parts(waiting: Waiting) -> list[str]:
    """What waits, in words; [] for nothing, or for a role that is not told."""
    parts = [count(waiting.mails, "mail")] if waiting.mails else []
    parts += [count(waiting.campaigns, "campaign")] if waiting.campaigns else []
    parts += ["onboarding"] if waiting.onboarding else []
    jobs = Counter(TITLES.get(kind, kind) for kind in waiting.jobs)
    return parts + [
        f"“{title}”" if number == 1 else f"{whole(number)} times “{title}”" for title, number in jobs.items()
    ]
