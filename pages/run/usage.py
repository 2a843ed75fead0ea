"""Usage: hours and estimated spend, live and per profile; quotas, pause, models. Viewers see the totals."""

import streamlit as st

from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.cached import usage_table, usage_view
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.kit.reached import say_whom
from deepracer_admin.ui.kit.refresh import rerun_when_done
from deepracer_admin.ui.kit.words import whole
from deepracer_admin.ui.usage.budget_panel import budget_panel
from deepracer_admin.ui.usage.charts import cohort_chart, draw, histogram_chart, slots_chart, spend_chart, spend_title
from deepracer_admin.ui.usage.headline import headline
from deepracer_admin.ui.usage.live import stay_new
from deepracer_admin.ui.usage.profile_list import ask_query, one_profile, profile_pages, worklists
from deepracer_admin.ui.usage.sponsoring import grant_hours, pause_or_delete, says_whom, set_quota
from deepracer_admin.ui.usage.waves_panel import waves_panel

KINDS = ("quota", "sponsor", "models.delete")

who = session.require("usage.totals")
event = masthead(who, "Usage", "Training hours and estimated spend of everybody who is sponsored, against the budget.")
rerun_when_done((*KINDS, "models.look"))
stamp = stay_new()
sees_people = session.may(who, "usage.view")
table = usage_table(who) if sees_people else None
view = table.view if table else usage_view(who)
if headline(view, sees_people=sees_people):
    draw(lambda: spend_chart(view), "spend", alt=spend_title(view), stamp=stamp)
    draw(lambda: slots_chart(view), "slots", alt="Slots in use over time", stamp=stamp)
if table is None:
    st.caption("Usage per person is shown to organizers and facilitators.")
    st.stop()

budget_panel(who, view, stamp)
waves_panel(who)
jobs.live(KINDS, key="usage-jobs")
if not table.rows:
    st.info("There are no profiles yet; they appear while onboarding runs.", icon=":material/person_add:")
    st.stop()

if view.totals is not None:
    st.subheader("Who uses it", anchor=False)
    left, right = st.columns(2)
    with left:
        by = ("Office", "Cost centre")
        label = st.segmented_control("By", by, default=by[0], required=True, key="top-by", bind="query-params")
        parts = view.totals.offices if label == "Office" else view.totals.cost_centres
        words = f"Hours by {label.lower()}"
        draw(lambda: cohort_chart(parts, label), "cohorts", alt=words, stamp=(*stamp, label))
    with right:
        found = table.histogram
        draw(lambda: histogram_chart(found), "histogram", alt="How many people used how many hours", stamp=stamp)
    worklists(table, stamp)

st.subheader("Profiles", anchor=False)
query = ask_query(table)
may_many = session.may(who, "usage.quota")
chosen = profile_pages(table, query, several=may_many, stamp=stamp)
shown = table.ids(query)
everybody = may_many and st.checkbox(f"Choose all {whole(len(shown))} that fit", key="usage-all")
targets = [row for one in (shown if everybody else chosen) if (row := table.by_id[one]).attendee]
if not targets:
    several = "Choose one or more rows to set quotas, grant hours, pause or resume."
    st.caption(several if may_many else "Choose a row to grant extra hours and to see them over time.")
else:
    say_whom(says_whom(targets, lead="Chosen: "), key="usage")
    names = ["Quota", "Pause, resume, models"] if may_many else []
    if len(targets) == 1:
        names = [*names, "Extra hours", "Over time"]
    for tab, name in zip(st.tabs(names, key="usage-tabs"), names, strict=True):
        with tab:
            if name == "Quota":
                set_quota(event, targets, stamp)
            elif name == "Extra hours":
                grant_hours(event, targets[0])
            elif name == "Over time":
                one_profile(event, targets[0])
            else:
                pause_or_delete(event, targets)

if session.may(who, "usage.export"):
    download("Usage per person (CSV)", session.desk().usage.export, "usage.csv", "text/csv", key="usage-csv")
if session.may(who, "jobs.view"):
    past = fold("What was changed, per person, and undo", key="usage-changes")
    if past is not None:
        with past:
            jobs.past(KINDS, key="usage-past", zone=event.zone, names=lambda _, rows=table: rows.names())
