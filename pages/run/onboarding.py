"""Onboarding: the funnel live, why people are stuck, start and pause, one person's history."""

import streamlit as st

from deepracer_admin.ui.access.funnel import STEPS, STUCK, live_funnel, live_plan, plan_sentence, stuck_table
from deepracer_admin.ui.access.guests import offer_right, show_guests
from deepracer_admin.ui.access.passwords import ending
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import as_shown, press, said
from deepracer_admin.ui.kit.cached import onboarding_plan, onboarding_view
from deepracer_admin.ui.kit.masthead import link_to, masthead
from deepracer_admin.ui.kit.table import chosen_in
from deepracer_admin.ui.kit.words import count, plain, whole
from deepracer_admin.ui.people.find_person import find_person
from deepracer_admin.ui.people.hand_back import hand_back

who = session.require("onboarding.view")
desk = session.desk()
event = masthead(who, "Onboarding", "Gives everybody on the list access and their mail, and says who is stuck and why.")
view = onboarding_view(who)
if event.closed_at:
    st.info("The event is closed: onboarding has ended, and access was taken back.", icon=":material/lock:")
    link_to(who, "closeout", "See the evidence")
    st.stop()
if not view.people:
    st.info("Nobody is on the list yet; onboarding starts with a list.", icon=":material/groups:")
    link_to(who, "attendees", "Upload the attendee list")
    st.stop()

if session.may(who, "onboarding.run"):
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="onboarding-control"):
        if view.state == "running":
            live_plan()
            press(
                "Pause",
                desk.onboarding.pause,
                key="onboarding-pause",
                done="Paused after the batch under way.",
                line=False,
                icon=":material/pause:",
                help="Stops after the batch under way.",
            )
        elif view.state in ("idle", "paused"):
            word = "Resume" if view.state == "paused" else "Start onboarding"
            st.markdown(f"**{word}**: {plan_sentence(onboarding_plan(who))}.")
            press(
                word,
                desk.onboarding.start,
                key="onboarding-start",
                done="Onboarding runs; you may close this page.",
                line=False,
                type="primary",
                icon=":material/play_arrow:",
            )
        else:
            st.markdown("The event is closed; onboarding has ended.")
    said("onboarding-pause", "onboarding-start")

live_funnel(view, looking=bool(chosen_in(STUCK)))
if view.guests:
    show_guests(view.guests, event.zone)

st.subheader("Why people are stuck", anchor=False)
offer_right(view.stuck, app_only=desk.settings.entra_app_only)
if not view.stuck:
    st.caption("Nobody is stuck.")
else:
    chosen = stuck_table(view.stuck)
    if chosen is None:
        st.caption("Choose a reason to see who it concerns and what can be done about it.")
    else:
        names = ", ".join(plain(name) for name in chosen.names)
        more = f" and {whole(chosen.people - len(chosen.names))} more" if chosen.people > len(chosen.names) else ""
        st.markdown(f"**{STEPS[chosen.step]}**, {count(chosen.people, 'person', 'people')}: {names}{more}")
        st.markdown(plain(chosen.sentence))
        if not chosen.retryable:
            st.caption("A repeat is not the fix here: correct the cause, or wait; it goes on by itself.")
            link_to(who, "messages", "Settle mails on the Messages page")
        elif session.may(who, "onboarding.retry"):
            press(
                "Retry them",
                lambda asking, row=chosen: desk.onboarding.retry(
                    asking, step=row.step, reason=row.reason, attendees=as_shown("onboarding-retry")
                ),
                key="onboarding-retry",
                done=lambda done: f"{count(done, 'person', 'people')} put back to the start of this step.",
                line=False,
                icon=":material/replay:",
                shown=chosen.attendees,
            )
        else:
            st.caption("An organizer can retry them all; you can retry one person below.")
said("onboarding-retry")
if session.may(who, "attendees.export"):
    hand_back(key="onboarding-correct")

ending(who, event)

find_person(who, event)
