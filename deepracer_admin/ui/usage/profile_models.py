"""The models of one racer: what each does, and since when. Read by a press, for each reading is a call of its own."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepracer_admin.model import Event
from deepracer_admin.rules.usage import WAITING_FOR_CAPACITY
from deepracer_admin.services.usage.rows import ProfileRow
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import ask, press
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.words import as_of, count, minute, table_height

__all__ = ["profile_models"]

_STATES = {
    "READY": "✓ ready",
    "TRAINING": "▶ training",
    "EVALUATING": "▶ being evaluated",
    "SUBMITTING": "▶ being submitted",
    "INITIALIZING": "▶ its machine starts",
    "STOPPING": "▶ being stopped",
    "QUEUED": "… in the queue",
    WAITING_FOR_CAPACITY: "◔ waits for a slot: its racer must retry",
    "ERROR": "✗ failed",
    "IMPORTING": "▶ being imported",
    "DELETING": "▶ being deleted",
}


def profile_models(event: Event, row: ProfileRow) -> None:
    """What was read last, and the way to read it again."""
    seen = ask(lambda who: session.desk().usage.models_of(who, row.profile))
    profile = row.profile
    press(
        "Read their models",
        lambda who: session.desk().usage.look_at_models(who, profile),
        key="profile-models-look",
        done="They are being read; what is found appears here.",
        icon=":material/sync:",
    )
    if seen is None:
        st.caption("Models of this racer were not read yet.")
        return
    st.caption(f"{count(len(seen.models), 'model')}, {as_of(seen.as_of, 'racing service, event time', event.zone)}")
    if not seen.models:
        return
    models = sorted(seen.models, key=lambda each: each.since)
    st.dataframe(
        pd.DataFrame(
            {
                f"Made ({event.zone})": [minute(each.created_at, event.zone) for each in models],
                "State": [_STATES.get(each.status, each.status.replace("_", " ").lower()) for each in models],
                f"Seen so since ({event.zone})": [minute(each.since, event.zone) for each in models],
            }
        ),
        key="person-models",
        hide_index=True,
        placeholder=NOTHING,
        height=table_height(len(models), most=6),
        alt="Models of this racer",
    )
