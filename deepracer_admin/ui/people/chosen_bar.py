"""The bar under the attendee list, while somebody is chosen: who they are, and what can be done with them.

It stands at the foot of the window, so that it is in sight wherever the list was scrolled to, and nothing moves under
the pointer when the first tick brings it up. Whom each act reaches is asked anew with every change of the event; a
dialog and a press carry the ids that were shown, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.rules.left_out import left_words
from deepracer_admin.services.people.several import Done, Part, Reach
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import as_shown, ask, go, press, said, was_done
from deepracer_admin.ui.kit.cached import key_of
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.download import download
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.reached import FIRST, whom
from deepracer_admin.ui.kit.table import put_chosen
from deepracer_admin.ui.kit.words import count, some_names, table_height, whole
from deepracer_admin.ui.people.finder import open_card

__all__ = ["ROSTER", "chosen_bar", "forget_choice", "names_of"]

ROSTER = "roster"
"""The key of the list's table."""


@st.cache_resource(max_entries=4, show_spinner=False)
def names_of(event: str, revision: int, _who: Actor) -> Mapping[str, str]:
    """Everybody's name by id, leavers too: made once for all who look. Nobody may change it."""
    return session.console().of(event).attendees.names(_who, by="id")


def forget_choice() -> None:
    """Nobody is chosen any more."""
    put_chosen(ROSTER, (), {})


def chosen_bar(who: Actor, event: Event, chosen: Sequence[str], stamp: tuple[str, int]) -> None:
    """Draw it while somebody is chosen, and with what came of it after they were taken off the list, which ends the
    choice. `chosen`: ids; `stamp`: of what the list was read."""
    if not chosen and not was_done(go("roster-off")):
        return
    with st.bottom:
        if chosen:
            mark = key_of(*stamp, "\n".join(sorted(chosen)))
            reach = ask(lambda asking: _reach(mark, stamp[0], chosen, asking))
            if reach is not None:
                _who_they_are(who, event, reach, mark)
                _acts(who, event, reach)
        said("roster-mail", "roster-retry", "roster-off")


@st.cache_resource(max_entries=16, show_spinner=False)
def _reach(key: str, _event: str, _chosen: Sequence[str], _who: Actor) -> Reach:
    return session.console().of(_event).several.reach(_who, _chosen)


@st.cache_resource(max_entries=4, show_spinner=False)
def _everybody(key: str, _reach: Reach) -> pa.Table:
    return pa.table({"Name": _reach.names})


def _who_they_are(who: Actor, event: Event, reach: Reach, mark: str) -> None:
    """How many and the first by name; everybody behind a click; what is done with them as they are."""
    number = len(reach.chosen)
    line = st.container(horizontal=True, vertical_alignment="center")
    with line.popover(
        f"{whole(number)} chosen: {some_names(reach.names, FIRST)}",
        key="roster-chosen",
        on_change="rerun",
        type="tertiary",
    ) as part:
        if part.open:
            st.dataframe(
                _everybody(mark, reach),
                hide_index=True,
                lazy=True,
                key="roster-chosen-names",
                placeholder=NOTHING,
                height=table_height(number, most=6),
                alt="Those who are chosen",
            )
    with line:
        if number == 1 and st.button("Open their card", icon=":material/person:", key="roster-open"):
            open_card(event.id, reach.chosen[0])
        st.button("Forget the choice", icon=":material/deselect:", key="roster-forget-all", on_click=forget_choice)
        if session.may(who, "attendees.export"):
            people, ids = session.desk().attendees, reach.chosen
            download(
                "Save the chosen (CSV)",
                lambda asking: people.export(asking, ids),
                "attendees-chosen.csv",
                "text/csv",
                key="roster-save",
            )


def _named(reach: Reach, part: Part) -> list[str]:
    those = {*part.ids}
    return [name for one, name in zip(reach.chosen, reach.names, strict=True) if one in those]


def _acts(who: Actor, event: Event, reach: Reach) -> None:
    """Each act with whom it reaches beside it; what cannot be taken back stands apart."""
    if reach.closed:
        st.caption("The event is closed: nobody of it is mailed, tried again or taken off the list any more.")
        return
    mail, retry, _, off = st.columns([3, 3, 0.4, 3])
    if session.may(who, "messages.send"):
        with mail.container(gap="xsmall"):
            _send_again(reach)
    if session.may(who, "onboarding.retry"):
        with retry.container(gap="xsmall"):
            _try_again(reach)
    if session.may(who, "onboarding.remove"):
        with off.container(gap="xsmall"):
            _take_off(event, reach)


def _of(reach: Reach, part: Part) -> str:
    return f"{whole(len(part.ids))} of {whole(len(reach.chosen))}"


def _send_again(reach: Reach) -> None:
    part, several = reach.mail, session.desk().several
    pressed = st.button(
        "Send the access mail again …", icon=":material/forward_to_inbox:", disabled=not part.ids, key="roster-mail"
    )
    others = f", {left_words(part.left)}" if part.left else ""
    st.caption(f"{_of(reach, part)} can be sent it{others}.")
    if not pressed or not part.ids:
        return
    ids, seen = part.ids, session.console().clock.now()
    facts = [whom(_named(reach, part)), "One mail each, with the text as it is now."]
    if part.left:
        facts.append(f"Left out: {left_words(part.left)}.")
    if reach.fresh_passwords:
        carries = count(reach.fresh_passwords, "of them carries", "of them carry")
        facts.append(f"{carries} a fresh first password, and the older one dies; who has signed in keeps their own.")
    confirm(
        "Send the access mail again",
        key="roster-mail",
        facts=facts,
        button="Send it again",
        run=lambda asking: several.send_again(asking, ids, seen=seen),
        done=lambda done: f"The access mail is on its way to {_people(done)}.{done.left_out}",
    )


def _try_again(reach: Reach) -> None:
    several = session.desk().several
    press(
        "Try again",
        lambda asking: several.try_again(asking, as_shown("roster-retry")),
        key="roster-retry",
        done=lambda done: f"{_people(done)} put back to the start of what was refused.{done.left_out}",
        line=False,
        icon=":material/replay:",
        disabled=not reach.retry.ids,
        shown=reach.retry.ids,
    )
    were = "was" if len(reach.retry.ids) == 1 else "were"
    st.caption(f"{_of(reach, reach.retry)} {were} refused at a step, which is begun anew.")


def _take_off(event: Event, reach: Reach) -> None:
    part, several = reach.off, session.desk().several
    pressed = st.button("Take off the list …", icon=":material/person_remove:", disabled=not part.ids, key="roster-off")
    st.caption(f"{_of(reach, part)} would lose their access.")
    if not pressed or not part.ids:
        return
    ids = part.ids

    def run(asking: Actor, typed: str) -> Done:
        done = several.take_off(asking, ids, typed_name=typed)
        forget_choice()
        return done

    confirm_typed(
        f"Take {count(len(ids), 'person', 'people')} off the list",
        key="roster-off",
        facts=[
            whom(_named(reach, part)),
            "They lose profile and group; a profile that the console made goes with its models.",
            "Mail that was sent stays sent. Onboarding must be running for it to happen.",
            "They stand under “Taken out”; the same addresses in an upload bring them back.",
        ],
        name=event.name,
        button="Take them off",
        run=run,
        done=lambda done: f"{_people(done)} taken off the list: their access is being taken back.{done.left_out}",
    )


def _people(done: Done) -> str:
    return count(done.people, "person", "people")
