"""Room for a race on screen: whom it holds back, until when, and what it does not stop."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor, Event, Race, RaceStatus
from deepracer_admin.rules.race_room import MOST_HOURS
from deepracer_admin.services.races.room import RoomView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.words import as_of, clock_time, count, hours, plain, whole

__all__ = ["room_desk"]


def room_desk(who: Actor, event: Event, race: Race, status: RaceStatus) -> None:
    """For organizers, while the race is open or its last results are awaited."""
    if not session.may(who, "races.room"):
        return
    races = session.desk().races
    view = races.room(who, race.id)
    if not view.own or (status is RaceStatus.CLOSED and not view.kept and not view.now.race):
        return
    with st.expander("Room for this race", icon=":material/event_seat:", expanded=view.kept):
        st.caption(
            "A submission that finds no slot fails and has used up a try. Keeping room lowers everybody's hours to "
            "what they have used, so that nobody starts anything new; it is given back after the last result."
        )
        _how_it_stands(view, event, race)
        _what_takes_slots(view, event)
        if view.kept:
            if st.button("End it now …", icon=":material/play_arrow:", key="room-end"):
                _ask_end(race, view)
        elif status is RaceStatus.OPEN and st.button("Keep room now …", icon=":material/event_seat:", key="room-keep"):
            _ask_keep(race, view, event)
        said("room-keep", "room-end")
        wanted = float(
            st.number_input(
                "By rule: the last hours of each race (0 = no rule)",
                0.0, MOST_HOURS, view.asked.hours, 0.5, key="room-hours",
            )
        )  # fmt: skip
        early = st.checkbox(
            "Begin earlier when trainings would still have the slots that submissions need",
            view.asked.early,
            key="room-early",
            disabled=not wanted,
            help="Never before half of the race is over. What runs and waits is looked at every half minute.",
        )
        press(
            "Save the rule",
            lambda asking: races.room_rule(asking, wanted, early=early),
            key="room-rule",
            done=f"Room is kept in the last {hours(wanted)} of each race." if wanted else "No room is kept by rule.",
            disabled=(wanted, early) == (view.asked.hours, view.asked.early),
        )


def _how_it_stands(view: RoomView, event: Event, race: Race) -> None:
    now = view.now
    if not view.kept and not (now.to_give_back or now.held):
        if view.asked.hours:
            st.markdown(f"By rule it begins {hours(view.asked.hours)} before the close.")
        return
    at = as_of(now.as_of, "limits as listed, event time", event.zone)
    if not view.kept:
        left = count(now.to_give_back + now.held, "person is", "people are")
        st.markdown(f"It is over: {left} being given back what they had. :gray[{plain(at)}]")
        return
    if now.race != race.id:
        st.markdown("It begins with the next look, within a minute.")
        return
    if view.is_early:
        st.markdown("It began before the hours of the rule, because what ran and waited would have kept the slots.")
    lines = [f"**{count(now.held, 'person starts', 'people start')} nothing new**"]
    if now.to_lower:
        lines.append(f"{count(now.to_lower, 'more is', 'more are')} being lowered")
    if now.shared:
        lines.append(f"{count(now.shared, 'of them goes', 'of them go')} on by the hours of another open event")
    if now.strangers:
        lines.append(f"{count(now.strangers, 'profile')} of nobody on the list can go on")
    latest = clock_time(view.ends_at, event.zone)
    st.markdown(f"{'; '.join(lines)}. Until the last result, at the latest {plain(latest)}. :gray[{plain(at)}]")
    if now.waits:
        st.caption(plain(now.waits))


def _what_takes_slots(view: RoomView, event: Event) -> None:
    load = view.load
    if load is None:
        return
    at = as_of(load.at, "usage, event time", event.zone)
    need = (
        f"When everybody hands in at the end, submissions take up to {count(load.needed, 'slot')} (estimate) "
        f"of {whole(load.slots)}"
    )
    now = "what holds the others is not read"
    if load.jobs is not None:
        now = (
            f"{count(load.running or 0, 'model runs', 'models run')} now, "
            f"{count((load.queued or 0) + (load.waiting or 0), 'waits', 'wait')}"
        )
    st.markdown(f"{need}; {now}. :gray[{plain(at)}]")
    if load.needed > load.slots:
        _warn("There are fewer slots than that: some submissions fail whatever is done.")
    elif view.is_short and view.kept:
        _warn("What runs and waits takes longer than until the close: some submissions may find no slot.")
    elif view.is_short:
        st.warning(
            "What runs and waits would still have these slots at the close: keep room now.",
            icon=":material/warning:",
        )
    if view.kept and load.waiting:
        st.caption(
            "Room does not stop a model that waits: its racer can retry it whenever a slot is free. Fewer wait when "
            "room begins earlier."
        )


def _warn(sentence: str) -> None:
    way_out = "Ask for more slots on Set up, or let people hand in before the last quarter of an hour."
    st.warning(f"{sentence} {way_out}", icon=":material/warning:")


def _ask_keep(race: Race, view: RoomView, event: Event) -> None:
    races, race_id, name = session.desk().races, race.id, race.draft.name
    going = f"{hours(view.queued_hours)} that run or wait in the queue go on"
    facts = [
        f"**{count(view.people, 'person', 'people')}** with a profile start no new training or evaluation from now on; "
        "submissions go on.",
        f"It does not stop what was begun: {going}, and models that wait for a slot can still be retried.",
        f"Until the last result of {plain(name)} is in, at the latest {plain(clock_time(view.ends_at, event.zone))}; "
        "then everybody gets back exactly what they had, or what was set for them meanwhile.",
    ]
    if view.shared:
        are = count(view.shared, "of them is", "of them are")
        facts.append(plain(f"{are} in {view.shared_by} too, which gives them hours: they can go on within those."))
    if not view.sponsors:
        facts.append("Sponsorship is not open now: nothing is lowered until it is.")
    confirm(
        f"Keep room for {name}",
        key="room-keep",
        facts=facts,
        button="Keep room",
        run=lambda asking: races.keep_room(asking, race_id),
        done=f"Room is kept for {name}; the limits follow within a minute.",
    )


def _ask_end(race: Race, view: RoomView) -> None:
    races, race_id, name = session.desk().races, race.id, race.draft.name
    held = view.now.held + view.now.to_lower
    confirm(
        f"End the room for {name}",
        key="room-end",
        facts=[
            f"**{count(held, 'person gets', 'people get')}** back what they had, and can start trainings again.",
            "The rule keeps no room for this race any more; for others it does.",
        ],
        button="Give the hours back",
        run=lambda asking: races.end_room(asking, race_id),
        done=f"No room is kept for {name} any more; the limits follow within a minute.",
    )
