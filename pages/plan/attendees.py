"""Attendees: the list, uploads with a dry run, undo, walk-ups, one person at a time."""

import streamlit as st

from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.kit.refresh import rerun_when_done
from deepracer_admin.ui.people import roster, upload
from deepracer_admin.ui.people.hand_back import hand_back
from deepracer_admin.ui.people.portal import portal
from deepracer_admin.ui.people.walk_up import walk_up

who = session.require("attendees.view")
people = session.desk().attendees
event = masthead(who, "Attendees", "Who takes part: upload or paste any list, see what it changes, find a person.")

views = ["The list", "Portal", "Add one"]
if session.may(who, "attendees.import"):
    views += ["Upload", "Imports and undo"]
view = st.segmented_control(
    "View",
    views,
    default=views[0],
    required=True,
    key="attendees-view",
    label_visibility="collapsed",
    bind="query-params",
)

empty = view == "The list" and roster.is_empty(who)
if view == "The list":
    if not empty:
        said("import-list")
        query = roster.filters(who)
        if session.may(who, "onboarding.remove"):
            roster.several(who, event, query)
        else:
            roster.one(who, event, query)
    else:
        st.info("Nobody is on the list yet: upload it, or add people one by one above.", icon=":material/group_add:")
    if not empty and session.may(who, "attendees.export"):
        with st.container(horizontal=True):
            download("Export the list (CSV)", people.export, "attendees.csv", "text/csv", key="attendees-export")
            hand_back(key="attendees-correct")

elif view == "Portal":
    portal(who, event)

elif view == "Add one":
    st.caption("A walk-up: if onboarding runs, it takes them in by itself within seconds.")
    walk_up(people)

elif view == "Imports and undo":
    rerun_when_done(("roster.import",))
    jobs.past(
        ("roster.import",),
        key="imports",
        zone=event.zone,
        names=lambda asking: people.names(asking, by="id"),
        undo=people.undo_import,
        empty="No list has been imported yet.",
    )

if view == "Upload" or (empty and session.may(who, "attendees.import")):
    dry = upload.given_list(who)
    if dry:
        upload.counts(dry)
        upload.report(dry)
        names = people.names(who)
        upload.confirm_import(event, dry, upload.leavers(dry, names), names)
    else:
        said("import-list")
