"""Attendees: the list, uploads with a dry run, undo, walk-ups, one person at a time."""

import streamlit as st

from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import act
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.people import roster, upload

who = session.require("attendees.view")
people = session.desk().attendees
event = masthead(who, "Attendees", "Who takes part: upload or paste any list, see what it changes, find a person.")

views = ["The list", "Add one"]
if session.may(who, "attendees.import"):
    views += ["Upload", "Imports and undo"]
view = st.segmented_control(
    "View", views, default=views[0], required=True, key="attendees-view", label_visibility="collapsed"
)

if view == "The list":
    if not roster.is_empty(who):
        text, cohort, kind = roster.filters(who)
        roster.drawer(who, event, roster.table(who, event.zone, text=text, cohort=cohort, kind=kind))
    else:
        st.info("Nobody is on the list yet: upload it, or add people one by one above.", icon=":material/group_add:")
    if session.may(who, "attendees.export"):
        st.download_button(
            "Export the list (CSV)",
            lambda: people.export(who),
            "attendees.csv",
            "text/csv",
            icon=":material/download:",
            on_click="ignore",
        )

elif view == "Add one":
    st.caption("A walk-up: if onboarding runs, it takes them in by itself within seconds.")
    with st.form("walk-up", clear_on_submit=True):
        address = st.text_input("Address", key="walk-up-address")
        name = st.text_input("Name", key="walk-up-name")
        office = st.text_input("Office", key="walk-up-office")
        if st.form_submit_button("Add to the list", type="primary"):
            act(lambda: people.add(who, email=address, name=name, office=office), done="Added to the list.")

elif view == "Upload":
    dry = upload.given_list(who)
    if dry:
        upload.preview(dry)
        upload.counts(dry)
        upload.report(who, dry)
        leaving = upload.leavers(dry, people.names(who))
        upload.confirm_import(who, event, dry, leaving)

else:
    jobs.past(
        ("roster.import",),
        key="imports",
        zone=event.zone,
        names=lambda: people.names(who, by="id"),
        undo=lambda job: people.undo_import(who, job),
        empty="No list has been imported yet.",
    )
