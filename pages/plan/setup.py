"""Set up: the event's settings, the pre-flight, sponsorship, hours per cohort, and other events.

Beside the settings, only the part that is open is worked out and sent; which one, stands in the address.
"""

import streamlit as st

from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.masthead import say_that_it_waits
from deepracer_admin.ui.kit.refresh import rerun_when_done
from deepracer_admin.ui.setup import (
    calls,
    capacity,
    connection,
    other_events,
    preflight,
    prices,
    racing_login,
    setup_form,
    signed_in,
    staff_desk,
)

STAFF_JOBS = ("role", "account.limits")

who = session.require("setup.view")
desk = session.desk()
rerun_when_done((*STAFF_JOBS, *capacity.QUOTA_JOBS, *prices.PRICE_JOBS))
event = desk.events.event()
st.title("Set up", anchor=False)
about = "Name, dates, budget and hours; whether every service answers; who pays."
if event is not None:
    about += " What you type stays while you look at another part; leaving the page forgets what is not saved."
st.caption(about)

if event is None:
    st.info("Create the first event: choose a pattern, type a name. Everything can be changed later.")
    setup_form.create(who)
    st.stop()

say_that_it_waits(who)
setup_form.said_created()
settings, slots, money, check, alarms, sponsorship, cohorts, staff, others = st.tabs(
    [
        "Settings",
        "Slots and hours",
        "Prices",
        "Pre-flight",
        "Alarms",
        "Sponsorship",
        "Hours per cohort",
        "Staff",
        "Other events",
    ],
    key="setup-part",
    bind="query-params",
)

if settings.open or setup_form.is_edit_opened(event):  # what is typed there stays while another part is looked at
    with settings:
        setup_form.edit(who, event)

if slots.open:
    with slots:
        capacity.panel(who, event)

if money.open:
    with money:
        prices.panel(who, event)
elif prices.is_typed_in(event):
    with money:
        prices.typed_in(who, event)

if check.open or racing_login.is_typed_in():
    with check:
        racing_login.sign_in(who)
if check.open:
    with check:
        jobs.live(("check", "canary"), key="setup-check")
        preflight.preflight()
        preflight.canary(who, event)
        connection.abilities()

if alarms.open:
    with alarms:
        calls.calls(event)
        jobs.live(("alarm.try",), key="setup-alarms")
elif calls.is_typed_in(event):
    with alarms:
        calls.typed_in(event)

if sponsorship.open:
    with sponsorship:
        connection.sponsorship(who, event)
        jobs.live(("sponsorship",), key="setup-sponsorship")

if cohorts.open or setup_form.is_cohorts_typed_in(event):
    with cohorts:
        setup_form.cohorts(who, event)

if staff.open:
    with staff:
        known = desk.staff.view(who)
        staff_desk.staff(event, known)
        st.subheader("Signed in now", anchor=False)
        signed_in.signed_in(who, event)
        st.subheader("Roles on the deployment", anchor=False)
        staff_desk.roles(event, known)
        st.subheader("Account-wide limits", anchor=False)
        staff_desk.account_limits(event, known)
        jobs.live(STAFF_JOBS, key="setup-staff")
        jobs.past(STAFF_JOBS, key="setup-staff-past", zone=event.zone, empty="Nothing was set from here yet.")
elif staff_desk.is_typed_in():
    with staff:
        staff_desk.typed_in(event, desk.staff.view(who))

if others.open or setup_form.is_create_typed_in():
    with others:
        other_events.other_events(who)
