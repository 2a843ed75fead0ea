"""Jobs on a page: live progress, results per person, cancel, undo.

`live` is a timed fragment and only draws and cancels; `past` is part of the page, so that a refresh never loses what
the person has selected. Neither opens a dialog.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Job, JobItem, JobState
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.table import choose_one, counts
from deepracer_admin.ui.kit.words import minute, plain, state_mark, whole

__all__ = ["TITLES", "items_table", "live", "past", "show_job", "title_of"]

TITLES = {
    "account.limits": "Set account-wide limits",
    "alarm.try": "Try the alarms",
    "canary": "Canary",
    "check": "Pre-flight",
    "closeout": "Close the event",
    "invite.resend": "Send invitations once more",
    "mail.test": "Test mail",
    "models.delete": "Delete models",
    "quota": "Set quotas",
    "quotas.read": "Read the account's quotas",
    "models.look": "Read the models of a racer",
    "prices.read": "Read AWS's prices",
    "bill.read": "Read the bill",
    "race.admit": "Let people into a race",
    "race.close": "End a race",
    "race.create": "Create races",
    "race.delete": "Delete a race",
    "race.edit": "Change a race",
    "race.expel": "Take people out of a race",
    "race.link": "New share link",
    "role": "Give a role on the deployment",
    "roster.import": "Import attendees",
    "sponsor": "Pause or resume people",
    "sponsorship": "Sponsorship switch",
}
_STATES = {
    JobState.PLANNED: ("waits for its turn", ":material/schedule:", "gray"),
    JobState.RUNNING: ("running", ":material/progress_activity:", "blue"),
    JobState.PAUSED: ("paused", ":material/pause_circle:", "orange"),
    JobState.DONE: ("done", ":material/check_circle:", "green"),
    JobState.FAILED: ("failed", ":material/error:", "red"),
    JobState.CANCELLED: ("cancelled", ":material/cancel:", "gray"),
    JobState.UNDONE: ("undone", ":material/undo:", "gray"),
}


def title_of(job: Job) -> str:
    """What a job is called on screen."""
    return TITLES.get(job.kind, job.kind)


@st.fragment(run_every=2)
def live(kinds: Collection[str] = (), *, key: str, empty: str = "") -> None:
    """The jobs under way (of these kinds; () = all), drawn anew every two seconds; `empty` is said when none is."""
    who = session.actor()
    if not session.may(who, "jobs.view"):
        return
    desk = session.desk()
    found = [job for job in desk.jobs.list(who, live=True) if not kinds or job.kind in kinds]
    if not found and empty:
        st.caption(empty)
    for job in found:
        with st.container(border=True, key=f"{key}-{job.id}"):
            show_job(job)
            if session.may(who, "jobs.control"):
                press(
                    "Cancel",
                    lambda asking, chosen=job.id: desk.jobs.cancel(asking, chosen),
                    key=f"{key}-{job.id}-cancel",
                    done="Cancelled after the batch under way.",
                    redraw=False,
                    icon=":material/cancel:",
                    help="What was done stays done.",
                )


def show_job(job: Job) -> None:
    """One job: what, state, how far, what it says."""
    word, icon, colour = _STATES[job.state]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title_of(job)}**")
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        failed = f" · {whole(job.failed)} failed" if job.failed else ""
        st.caption(
            f"{whole(job.done)} of {whole(job.total)}{failed} · by {plain(job.created_by_name or 'the console')}"
        )
    if job.state.is_live and job.total:
        st.progress(min(1.0, (job.done + job.failed) / job.total))
    if job.sentence:
        st.caption(plain(job.sentence))


def past(
    kinds: Collection[str],
    *,
    key: str,
    zone: str,
    names: Callable[[Actor], dict[str, str]] | None = None,
    undo: Callable[[Actor, str], Any] | None = None,
    empty: str = "Nothing yet.",
) -> None:
    """Jobs of these kinds, newest first; choose one to see each person's result and to undo it.

    `names` gives item key -> name, asked only when a job is open; `undo(who, job id)` does the undoing (default: the
    jobs service).
    """
    who, desk = session.actor(), session.desk()
    found = [job for job in desk.jobs.list(who) if job.kind in kinds]
    if not found:
        st.caption(empty)
        return
    chosen = choose_one(
        _jobs_frame(found, zone),
        [job.id for job in found],
        key=f"{key}-table",
        names=[title_of(job) for job in found],
        steady=False,
        column_config=counts("Done", "Of", "Failed", width=70),
        alt="Jobs, newest first",
    )
    for job in found:
        if job.id == chosen:
            _one(job, key=key, names=names, undo=undo)


def _one(
    job: Job, *, key: str, names: Callable[[Actor], dict[str, str]] | None, undo: Callable[[Actor, str], Any] | None
) -> None:
    who, desk = session.actor(), session.desk()
    show_job(job)
    if job.undoable and job.state is JobState.DONE and session.may(who, "jobs.control"):
        call = undo or desk.jobs.undo
        press(
            "Undo this",
            lambda asking: call(asking, job.id),
            key=f"{key}-{job.id}-undo",
            done="Undone: what should be is as it was before.",
            line=False,
            icon=":material/undo:",
        )
    said(f"{key}-{job.id}-undo")
    items_table(desk.jobs.items(who, job.id), key=f"{key}-{job.id}-items", names=names(who) if names else {})


def items_table(items: Sequence[JobItem], *, key: str, names: dict[str, str]) -> None:
    """One row per person or thing with its result."""
    frame = pd.DataFrame(
        {
            "Who or what": [names.get(item.key, item.key) for item in items],
            "Result": [state_mark(item.state.value) for item in items],
            "Why": [item.sentence for item in items],
        }
    )
    st.dataframe(frame, key=key, placeholder=NOTHING, hide_index=True, alt="Result per person")


def _jobs_frame(found: Sequence[Job], zone: str) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "What": [title_of(job) for job in found],
            "State": [_STATES[job.state][0] for job in found],
            "Done": [job.done for job in found],
            "Of": [job.total for job in found],
            "Failed": [job.failed for job in found],
            "Says": [job.sentence for job in found],
            "By": [job.created_by_name for job in found],
            f"When ({zone})": [minute(job.created_at, zone) for job in found],
        }
    )
