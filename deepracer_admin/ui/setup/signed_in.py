"""Who is signed in to this console, on the Staff tab of the Set up page: see them, sign somebody out."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepracer_admin.model import Actor, Event
from deepracer_admin.services.setup.signed_in import SignedIn
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import said
from deepracer_admin.ui.kit.confirm import confirm
from deepracer_admin.ui.kit.table import choose_one
from deepracer_admin.ui.kit.words import count, minute, plain

__all__ = ["signed_in"]


def signed_in(who: Actor, event: Event) -> None:
    """One row a person over all their browsers; roles are read from Microsoft again every two minutes."""
    rows = session.desk().signed_in.people(who)
    st.caption(
        "A role that is taken away in Entra ends here within minutes. Signing somebody out ends all their browsers, "
        "and what the console may do in the directory on their behalf."
    )
    chosen = choose_one(
        pd.DataFrame(
            {
                "Name": [f"{row.name} (you)" if row.oid == who.oid else row.name for row in rows],
                "Role": [", ".join(row.roles) for row in rows],
                "Browsers": [row.browsers for row in rows],
                f"Last seen ({event.zone})": [minute(row.last_seen_at, event.zone) for row in rows],
                f"Role confirmed ({event.zone})": [minute(row.roles_read_at, event.zone) for row in rows],
                "On their behalf": ["yes" if row.on_behalf else "no" for row in rows],
            }
        ),
        [row.oid for row in rows],
        key="signed-in",
        names=[row.name for row in rows],
        alt="People who are signed in",
    )
    person = next((row for row in rows if row.oid == chosen and row.oid != who.oid), None)
    if st.button("Sign this person out …", icon=":material/logout:", key="signed-in-out", disabled=person is None):
        _ask(person)
    said("signed-in-out")


def _ask(person: SignedIn | None) -> None:
    if person is None:
        return
    desk, oid, name = session.desk(), person.oid, person.name
    facts = [
        f"**{plain(name)}** is signed out of {count(person.browsers, 'browser')}; what is not saved there is lost."
    ]
    if person.on_behalf:
        facts.append("Onboarding that runs on their sign-in pauses until an organizer presses Start again.")
    confirm(
        "Sign somebody out",
        key="signed-in-out",
        facts=facts,
        button="Sign out",
        run=lambda asking: desk.signed_in.sign_out(asking, oid),
        done=f"{name} is signed out.",
    )
