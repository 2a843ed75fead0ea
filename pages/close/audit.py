"""Audit: who did what, when, to how many, before and after; the chain verified."""

import streamlit as st

from deepracer_admin.ui.closeout import audit_trail
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.download import download

who = session.require("audit.view")
desk = session.desk()
event = desk.events.event()
zone = event.zone if event else "UTC"
st.title("Audit", anchor=False)
st.caption("Who did what, when, to how many. Nothing here can be changed; a refusal is an entry too.")

audit_trail.chain(who, zone)
words, action = audit_trail.filters()
chosen = audit_trail.table(who, zone, words=words, action=action)
if chosen:
    audit_trail.entry(chosen)
else:
    st.caption("Choose an entry to see what was before and after.")

with st.container(horizontal=True):
    download("Export everything (CSV)", desk.audit.export, "audit.csv", "text/csv", key="audit-export")
    download(
        "Export everything (JSON)", desk.audit.export_json, "audit.json", "application/json", key="audit-export-json"
    )
st.caption(
    "Both are sealed: `python -m deepracer_admin verify FILE` names each changed place. The seal is the last row of "
    "the CSV, and the last member of the JSON."
)
