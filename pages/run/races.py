"""Races: the list with windows in the event's zone, share links and QR codes; create, change, end, delete."""

import streamlit as st

from deepracer_admin.model import RaceStatus
from deepracer_admin.ui.kit import jobs, session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.kit.masthead import link_to, masthead
from deepracer_admin.ui.kit.opened import is_drawn
from deepracer_admin.ui.kit.qr import share
from deepracer_admin.ui.kit.refresh import rerun_when_done
from deepracer_admin.ui.kit.words import SHOWN_LATER, as_of, count, plain, when
from deepracer_admin.ui.races.boards import say_finality
from deepracer_admin.ui.races.entrants import entry_desk, link_desk
from deepracer_admin.ui.races.race_form import default_form, race_form, race_table
from deepracer_admin.ui.races.room_desk import room_desk

KINDS = ("race.create", "race.edit", "race.close", "race.delete", "race.admit", "race.expel", "race.link")

who = session.require("races.view")
desk = session.desk()
event = masthead(who, "Races", "Makes the event's races, shares their links, and says who is in.")
rerun_when_done(KINDS)
able = desk.races.capabilities(who)
rows, seen_at = desk.races.list(who)
tracks = desk.races.tracks(who)
st.caption(as_of(seen_at, "racing service", event.zone))
if able and not able.private_races:
    st.info(
        "The connected service has no private races: a race is visible to everybody of this deployment, and the link "
        "only leads to it faster.",
        icon=":material/visibility:",
    )
download(
    "Calendar file (.ics)",
    desk.calendar.file,
    "races.ics",
    "text/calendar",
    key="races-calendar",
    icon=":material/calendar_add_on:",
)
jobs.live(KINDS, key="race-jobs")

chosen = race_table(rows, event.zone, key="races") if rows else None
if not rows:
    st.info("There is no race yet.", icon=":material/sports_score:")
elif chosen is None:
    able_to = "share, change, end or delete it" if session.may(who, "races.edit") else "see its window and its link"
    st.caption(f"Choose a race to {able_to}.")

if session.may(who, "races.create"):
    typed_in = is_drawn("race-new-name")  # what is typed there stays while the part is shut
    part = fold("Create a race", key="race-create", icon=":material/add:", stays=typed_in) if rows else st.container()
    if part is not None:
        with part:
            start = default_form(event, desk.clock.event_now(), tracks)
            if not tracks:
                st.caption("The service's tracks are not known yet; they are once the service is connected.")
                link_to(who, "setup", "Connect the service")
            race_form(
                start,
                tracks,
                event.zone,
                key="race-new",
                button="Create the race",
                run=desk.races.create,
                done=f"The race is being created; {SHOWN_LATER}.",
            )

if chosen is not None:
    race = chosen.race
    name, race_id = race.draft.name, race.id
    with st.container(border=True, key="race"):
        st.subheader(plain(name), anchor=False)
        st.caption(
            f"{when(race.draft.opens_at, event.zone)} to {when(race.draft.closes_at, event.zone)} · "
            f"{count(race.participants, 'racer')} with a result · "
            f"{as_of(chosen.standings_as_of, 'standings, event time', event.zone)}"
        )
        say_finality(chosen.finality, event.zone, reason=session.may(who, "boards.run"))
        if race.share_link:
            share(race.share_link, name=f"race-{race_id}", key=f"share-{race_id}")
        with st.container(horizontal=True, vertical_alignment="center"):
            link_desk(chosen, able)
            link_to(who, "leaderboard", "Leaderboard and big screen", {"board-race": race_id})
        entry_desk(chosen, able, event)
        room_desk(who, event, race, chosen.status)
        if session.may(who, "races.edit"):
            part = fold("Change this race", key="race-change", icon=":material/edit:")
            if part is not None:
                with part:
                    if chosen.status is RaceStatus.OPEN and able and not able.edit_open_race:
                        st.caption("The race is open: this service changes only races that have not begun.")
                    race_form(
                        desk.races.form_of(race, event.zone),
                        tracks,
                        event.zone,
                        key=f"race-{race_id}",
                        button="Save",
                        run=lambda asking, filled, one=race_id: desk.races.edit(asking, one, filled),
                        done=f"{name} is being changed; {SHOWN_LATER}.",
                    )
            with st.container(horizontal=True, vertical_alignment="center"):
                if chosen.status is RaceStatus.OPEN and able and able.close_early:
                    if st.button("End it now …", icon=":material/flag:", key="race-end"):
                        confirm(
                            f"End {name} now",
                            key="race-end",
                            facts=[f"{count(race.participants, 'racer')} with a result; nobody can submit any more."],
                            button="End the race",
                            run=lambda asking, one=race_id: desk.races.close(asking, one),
                            done=f"{name} is being ended; {SHOWN_LATER}.",
                        )
                elif chosen.status is RaceStatus.OPEN:
                    at = when(race.draft.closes_at, event.zone)
                    st.caption(f"This service cannot end a race early; it ends by itself {at}.")
                if session.may(who, "races.delete") and st.button(
                    "Delete it …", icon=":material/delete:", type="tertiary", key="race-delete"
                ):
                    confirm_typed(
                        f"Delete {name}",
                        key="race-delete",
                        facts=[f"Deletes the race with {count(race.participants, 'result')}; export them first."],
                        name=name,
                        button="Delete the race",
                        run=lambda asking, typed, one=race_id: desk.races.delete(asking, one, typed_name=typed),
                        done=f"{name} is being deleted; {SHOWN_LATER}.",
                        what="the race's name",
                    )
said("race-end", "race-delete", "race-new-link")

if session.may(who, "jobs.view"):
    past = fold("What was done with races", key="races-done")
    if past is not None:
        with past:
            jobs.past(KINDS, key="races-past", zone=event.zone, names=desk.races.entrant_names)
