"""One person: every step with its reason and its way out, mails, history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from deepracer_admin.model import Attendee
from deepracer_admin.rules.way_out import way_out
from deepracer_admin.services.access.onboarding import PersonView
from deepracer_admin.ui.access.funnel import STEPS
from deepracer_admin.ui.kit.limits import NOTHING
from deepracer_admin.ui.kit.mail_words import SENDING, delivery_word
from deepracer_admin.ui.kit.table import choose
from deepracer_admin.ui.kit.words import hours, minute, plain, state_mark

__all__ = ["choose_people", "mails_table", "show_person", "story_table"]


def choose_people(found: Sequence[Attendee], *, key: str, scope: str, several: bool) -> list[Attendee]:
    """People as a table; the chosen ones. `scope`: what they were looked for by."""
    chosen = choose(
        pd.DataFrame(
            {
                "Name": [person.name for person in found],
                "Address": [person.email for person in found],
                "Racer name": [person.alias for person in found],
                "Office": [person.office for person in found],
                "Access": ["should have" if person.wanted else "taken out" for person in found],
            }
        ),
        [person.id for person in found],
        key=key,
        names=[person.name or person.email for person in found],
        scope=scope,
        several=several,
        alt="People found",
    )
    return [person for person in found if person.id in chosen]


def show_person(view: PersonView, zone: str) -> None:
    """Who they are, and every step with its state, the reason and the way out."""
    person = view.attendee
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(person.name or 'No name')}** · racer name {plain(person.alias)}", width="content")
        st.code(person.email, language=None, width="content")
    if person.refusal:
        st.error(plain(person.refusal), icon=":material/block:")
    if not person.wanted:
        st.warning("Taken out: their access is being, or was, taken back.", icon=":material/person_remove:")
    if view.profile:
        used, queued = view.profile.minutes_used / 60, view.profile.minutes_queued / 60
        st.caption(f"Profile {plain(view.profile.alias)}: {hours(used)} used, {hours(queued)} queued.")
    elif view.link is None:
        st.caption("No profile in the racing service is linked to this person yet.")
    states = {row.step: row for row in view.steps}
    st.dataframe(
        pd.DataFrame(
            [
                {
                    "Step": word,
                    "State": state_mark(states[step].state.value) if step in states else state_mark("todo"),
                    "Why": states[step].sentence if step in states else "",
                    "What to do": way_out(
                        step,
                        states[step].state if step in states else None,
                        wanted=person.wanted,
                        address_refused=bool(person.refusal),
                    ),
                    f"Since ({zone})": minute(states[step].changed_at if step in states else None, zone),
                    "Tries": states[step].attempts if step in states else 0,
                }
                for step, word in STEPS.items()
            ]
        ),
        hide_index=True,
        key=f"person-steps-{person.id}",
        column_config={
            "Why": st.column_config.TextColumn(width=300),
            "What to do": st.column_config.TextColumn(width=280),
            "Tries": st.column_config.NumberColumn(width=50),
        },
        placeholder=NOTHING,
        alt="Steps of this person",
    )


def story_table(view: PersonView, zone: str) -> None:
    """What happened to them, newest last."""
    if not view.history:
        st.caption("Nothing has happened yet.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                f"When ({zone})": [minute(row.changed_at, zone) for row in view.history],
                "Step": [STEPS[row.step] for row in view.history],
                "State": [state_mark(row.state.value) for row in view.history],
                "What was said": [row.sentence for row in view.history],
            }
        ),
        hide_index=True,
        key=f"person-history-{view.attendee.id}",
        placeholder=NOTHING,
        alt="History of this person",
    )


def mails_table(view: PersonView, zone: str, names: Mapping[str, str]) -> None:
    """Every mail to them; `names`: what each is called (rules/mail_names.py)."""
    if not view.deliveries:
        st.caption("No mail to this person yet; the access mail follows when their access is proven.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "Mail": [f"{names.get(row.template, row.template)}, version {row.version}" for row in view.deliveries],
                "State": [SENDING[row.state] for row in view.deliveries],
                "Delivery": [delivery_word(row.delivered) for row in view.deliveries],
                "What was said": [row.sentence for row in view.deliveries],
                f"When ({zone})": [minute(row.changed_at, zone) for row in view.deliveries],
            }
        ),
        hide_index=True,
        key=f"person-mails-{view.attendee.id}",
        placeholder=NOTHING,
        alt="Mails to this person",
    )
