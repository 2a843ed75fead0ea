"""Onboarding: the funnel live, why people are stuck, start and pause, one person's history."""

import streamlit as st

from deepracer_admin.ui.access.funnel import STEPS, live_funnel, live_plan, plan_sentence, stuck_table
from deepracer_admin.ui.access.guests import offer_right, show_guests
from deepracer_admin.ui.access.passwords import ending, fresh_for_one, password_line, resend_note
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import act, attempt
from deepracer_admin.ui.kit.cached import onboarding_plan, onboarding_view
from deepracer_admin.ui.kit.confirm import confirm_typed
from deepracer_admin.ui.kit.masthead import link_to, masthead
from deepracer_admin.ui.kit.words import count, plain
from deepracer_admin.ui.people.person import choose_people, show_person

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
            if (
                st.button("Pause", icon=":material/pause:", help="Stops after the batch under way.")
                and attempt(lambda: desk.onboarding.pause(who), done="Paused after the batch under way.")[0]
            ):
                st.rerun()
        elif view.state in ("idle", "paused"):
            word = "Resume" if view.state == "paused" else "Start onboarding"
            st.markdown(f"**{word}**: {plan_sentence(onboarding_plan(who))}.")
            if (
                st.button(word, type="primary", icon=":material/play_arrow:")
                and attempt(lambda: desk.onboarding.start(who), done="Onboarding runs; you may close this page.")[0]
            ):
                st.rerun()
        else:
            st.markdown("The event is closed; onboarding has ended.")

live_funnel(view, looking="stuck" in st.session_state and bool(st.session_state["stuck"].selection.rows))
if view.guests:
    show_guests(view.guests, event.zone)

st.subheader("Why people are stuck", anchor=False)
offer_right(view.stuck, app_only=desk.settings.entra_app_only)
if not view.stuck:
    st.caption("Nobody is stuck.")
else:
    chosen = stuck_table(view.stuck, key="stuck")
    if chosen is None:
        st.caption("Choose a reason to see who it concerns and what can be done about it.")
    else:
        names = ", ".join(plain(name) for name in chosen.names)
        more = f" and {chosen.people - len(chosen.names):,} more" if chosen.people > len(chosen.names) else ""
        step, reason = chosen.step, chosen.reason
        st.markdown(f"**{STEPS[chosen.step]}**, {count(chosen.people, 'person', 'people')}: {names}{more}")
        st.markdown(plain(chosen.sentence))
        if not chosen.retryable:
            st.caption("A repeat is not the fix here: correct the cause, or wait; it goes on by itself.")
            link_to(who, "messages", "Settle mails on the Messages page")
        elif session.may(who, "onboarding.retry"):
            if st.button(f"Retry these {chosen.people:,}", icon=":material/replay:"):
                done = act(lambda: desk.onboarding.retry(who, step=step, reason=reason))
                if done is not None:
                    st.toast(f"{count(done, 'person', 'people')} put back to the start of this step.")
                    st.rerun()
        else:
            st.caption("An organizer can retry them all; you can retry one person below.")

ending(who, event)

st.subheader("Find a person", anchor=False)
text = st.text_input("Name, address or alias", key="find", placeholder="at least two letters")
if text:
    found = act(lambda: desk.onboarding.find(who, text))
    may_remove = session.may(who, "onboarding.remove")
    if found == []:
        st.caption("Nobody on the list fits. A walk-up is added on the Attendees page.")
    if found:
        people = choose_people(found, key=f"found-{text}", several=may_remove)
        if len(people) == 1:
            person = people[0]
            with st.container(border=True, key="person"):
                show_person(desk.onboarding.person(who, person.id), event.zone)
                age = password_line(who, person.id, event)
                with st.container(horizontal=True):
                    if st.button("Retry this person", icon=":material/replay:", help="Only what was refused."):
                        tried = act(lambda: desk.onboarding.retry_one(who, person.id))
                        if tried is not None:
                            st.toast(f"{count(tried, 'step')} put back to the start.")
                    if st.button(
                        "Resend their access mail", icon=":material/forward_to_inbox:", help=resend_note(who, person.id)
                    ):
                        attempt(lambda: desk.messages.resend_one(who, person.id), done="One mail is on its way.")
                    fresh_for_one(who, age)
        if people and may_remove:
            words = count(len(people), "person", "people")
            if st.button(f"Remove access for {words}", icon=":material/person_remove:", type="tertiary"):
                confirm_typed(
                    f"Remove access for {words}",
                    facts=[
                        ", ".join(plain(entry.name or entry.email) for entry in people[:5])
                        + ("…" if people[5:] else ""),
                        "They lose profile and group; a profile that the console made goes with its models.",
                        "Mail that was sent stays sent. Onboarding must be running for it to happen.",
                    ],
                    name=event.name,
                    button="Remove access",
                    run=lambda typed: desk.onboarding.remove(who, [p.id for p in people], typed_name=typed),
                    done="Their access is being taken back.",
                )
