"""Close: the steps in the only safe order, their evidence, and who can still sign in."""

import streamlit as st

from deepracer_admin.ui.closeout import closing
from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.cached import close_view
from deepracer_admin.ui.kit.confirm import confirm_typed
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.kit.words import when

who = session.require("closeout.view")
closeout = session.desk().closeout
event = masthead(who, "Close", "End the event in the only safe order, and prove that access is gone.")
view = close_view(who)

if event.closed_at and not closing.is_live(view):
    st.caption(f"Closed on {when(event.closed_at, event.zone)}.")
    closing.verdict(view)
elif closing.is_live(view):
    st.info("Closing is under way; it goes on when this page is closed.", icon=":material/progress_activity:")
elif view.job:
    st.warning("It was stopped before the end. Start it again: each step looks first.", icon=":material/warning:")
else:
    st.markdown(f"The event ends {when(event.ends_at, event.zone)}. Nothing is touched before you start.")

wait = closing.asks_to_wait(who, event, is_live=closing.is_live(view))
with st.container(horizontal=True):
    label = "Close the event …" if view.job is None else "Check and close again …"
    if not closing.is_live(view) and st.button(label, type="primary", icon=":material/lock:", key="closeout-start"):
        confirm_typed(
            "Close the event",
            key="closeout-start",
            facts=[*closing.start_facts(view, event), closing.waiting_fact(wait=wait)],
            name=event.name,
            button="Close the event",
            run=lambda asking, typed: closeout.start(asking, typed_name=typed, wait_for_results=wait),
            done="Closing has begun.",
        )
    if view.job:
        download(
            "Exports and certificate (ZIP)",
            closeout.export_zip,
            "closeout.zip",
            "application/zip",
            key="closeout-zip",
            icon=":material/folder_zip:",
        )
        download(
            "Certificate (page)",
            closeout.certificate_page,
            "certificate.html",
            "text/html",
            key="closeout-certificate-page",
            icon=":material/verified:",
        )
        download(
            "Certificate (JSON)",
            closeout.certificate,
            "certificate.json",
            "application/json",
            key="closeout-certificate",
            icon=":material/verified:",
        )
if closing.is_live(view):
    said("closeout-start")
if view.job:
    closing.how_to_verify(who)

left, right = st.columns([2, 1], gap="medium")
with left:
    st.subheader("Steps", anchor=False)
    closing.live_steps(drawn_live=closing.is_live(view))
with right:
    st.subheader("Who can still sign in", anchor=False)
    closing.proof(view, event)
closing.leftovers(view)
with st.expander("Started so far"):
    jobs.past(("closeout",), key="closeouts", zone=event.zone, empty="Never started.")
