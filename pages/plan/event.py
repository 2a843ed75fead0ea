"""Event: where it stands, the next thing to do, and what moves while it runs."""

import streamlit as st

from deepracer_admin.ui.access import progress
from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.kit.words import plain, when
from deepracer_admin.ui.setup.restored import restored_panel

who = session.require("event.view")
event = masthead(who, "Event", "Where the event stands and what to do next.")
st.markdown(f"**{plain(event.name)}** · {when(event.starts_at, event.zone)} to {when(event.ends_at, event.zone)}")

restored_panel(who, event)
progress.live()
download(
    "Calendar file (.ics)",
    session.desk().calendar.file,
    "event.ics",
    "text/calendar",
    key="event-calendar",
    icon=":material/calendar_add_on:",
)
if session.may(who, "jobs.view"):
    st.subheader("Running jobs", anchor=False)
    jobs.live(key="event-jobs", empty="No job is under way.")
