"""Usage: hours and estimated spend, live and per profile; quotas, pause, models. Viewers see the totals."""

import streamlit as st

from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.cached import profile_rows
from deepracer_admin.ui.kit.masthead import masthead
from deepracer_admin.ui.kit.refresh import rerun_when_done
from deepracer_admin.ui.usage.budget_panel import budget_panel
from deepracer_admin.ui.usage.charts import top_chart
from deepracer_admin.ui.usage.sponsoring import grant_hours, pause_or_delete, says_whom, set_quota
from deepracer_admin.ui.usage.usage_board import filter_rows, live_totals, near_and_idle, profile_table

KINDS = ("quota", "sponsor", "models.delete")

who = session.require("usage.totals")
desk = session.desk()
event = masthead(who, "Usage", "Training hours and estimated spend of everybody who is sponsored, against the budget.")
rerun_when_done(KINDS)
live_totals()
if not session.may(who, "usage.view"):
    st.caption("Usage per person is shown to organizers and facilitators.")
    st.stop()

budget_panel(who, event)
jobs.live(KINDS, key="usage-jobs")
rows = profile_rows(who)
if not rows:
    st.info("There are no profiles yet; they appear while onboarding runs.", icon=":material/person_add:")
    st.stop()

st.subheader("Who uses it", anchor=False)
label = st.segmented_control("By", ("Racer", "Office", "Cost centre"), default="Racer", key="top-by") or "Racer"
figure = top_chart(rows, label)
st.plotly_chart(figure, key="top", config={"displayModeBar": False}, alt=f"Hours by {label.lower()}")
near_and_idle(rows)

st.subheader("Profiles", anchor=False)
left, right = st.columns(2)
text = left.text_input("Search", key="usage-search", placeholder="name, address or racer name")
cohorts = [f"Office: {name}" for name in sorted({row.office for row in rows if row.office})]
cohorts += [f"Cost centre: {name}" for name in sorted({row.cost_centre for row in rows if row.cost_centre})]
cohort = right.selectbox("Office or cost centre", ["", *cohorts], key="usage-cohort", format_func=lambda v: v or "All")
shown = filter_rows(rows, text, cohort)
may_many = session.may(who, "usage.quota")
chosen = profile_table(shown, scope=(text, cohort), several=may_many)
everybody = False
if may_many:
    everybody = st.checkbox(f"Choose all {len(shown):,} shown", key="usage-all")
by_id = {row.profile: row for row in shown}
targets = [row for row in (shown if everybody else [by_id[one] for one in chosen]) if row.attendee]
if not targets:
    st.caption("Choose one or more rows to set quotas, grant hours, pause or resume.")
else:
    st.markdown(f"Chosen: {says_whom(targets)}")
    names = ["Quota", "Pause, resume, models"] if may_many else []
    if len(targets) == 1:
        names = [*names, "Extra hours"]
    for tab, name in zip(st.tabs(names), names, strict=True):
        with tab:
            if name == "Quota":
                set_quota(event, targets)
            elif name == "Extra hours":
                grant_hours(event, targets[0])
            else:
                pause_or_delete(event, targets)

if session.may(who, "jobs.view"):
    with st.expander("What was changed, per person, and undo"):
        names_of = {row.attendee: row.name or row.email for row in rows if row.attendee}
        jobs.past(
            KINDS,
            key="usage-past",
            zone=event.zone,
            names=lambda _: {**names_of, **{row.profile: row.alias for row in rows}},
        )
