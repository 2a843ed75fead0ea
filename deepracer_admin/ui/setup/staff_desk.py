"""The Staff tab of the Set up page: who runs the deployment, their roles there, its account-wide limits."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from deepracer_admin.model import UNLIMITED, Event
from deepracer_admin.services.setup.staff import ADMIN, StaffView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.confirm import confirm, confirm_typed
from deepracer_admin.ui.kit.limits import NOTHING, ask_limit
from deepracer_admin.ui.kit.opened import is_drawn
from deepracer_admin.ui.kit.words import SHOWN_LATER, as_of, plain

__all__ = ["account_limits", "is_typed_in", "roles", "staff", "typed_in"]


_LIMITS, _TURN = "limits-hours", "staff-address-turn"


def is_typed_in() -> bool:
    """Was one of the forms opened on this page?"""
    return is_drawn(_address_key(), _LIMITS)


def typed_in(event: Event, view: StaffView) -> None:
    """The forms alone, while another part is looked at."""
    _name()
    account_limits(event, view)


def _address_key() -> str:
    """Another one for each address that was taken, so that the input is empty then; what was refused stays."""
    return f"staff-address-{st.session_state.get(_TURN, 0)}"


def _taken(address: str) -> str:
    st.session_state[_TURN] = st.session_state.get(_TURN, 0) + 1
    return f"{address}: never touched from now on."


def _name() -> None:
    desk = session.desk()
    with st.form("staff-name", border=False):
        address = st.text_input("Address of somebody who runs the deployment", key=_address_key(), autocomplete="off")
        press(
            "Keep this address out",
            lambda asking: desk.staff.name(asking, address or ""),
            key="staff-name-add",
            done=lambda _: _taken(address or ""),
            in_form=True,
            icon=":material/shield_person:",
        )


def staff(event: Event, view: StaffView) -> None:
    """Everybody who counts as staff, and a way to name more."""
    desk = session.desk()
    st.caption(
        "People who run the deployment are never invited as racers, limited or deleted by the console, even when they "
        "are on the list. What the service shows of roles comes late and may be wrong: name them here to be sure."
    )
    if view.rows:
        st.dataframe(
            pd.DataFrame(
                {
                    "Address": [row.email for row in view.rows],
                    "Role": [row.role or "not known" for row in view.rows],
                    "How the console knows": [row.why for row in view.rows],
                }
            ),
            hide_index=True,
            key="staff-table",
            placeholder=NOTHING,
            alt="Staff of the deployment",
        )
    else:
        st.caption("Nobody is known to be staff yet, besides the console's own login.")
    st.caption(as_of(view.profiles_as_of, "list of profiles", event.zone))
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        _name()
    named = [row.email for row in view.rows if row.by_hand]
    chosen = right.selectbox("Named here", named, index=None, key="staff-named", disabled=not named)
    with right:
        press(
            "Take it back",
            lambda asking: desk.staff.drop(asking, chosen or ""),
            key="staff-drop",
            done=f"{chosen} is not kept out any more.",
            disabled=chosen is None,
        )


def roles(event: Event, view: StaffView) -> None:
    """Give somebody another role on the deployment, shown first."""
    desk = session.desk()
    if view.no_roles:
        st.caption("The managed service has no roles to give: who administers it, the account's IAM policies say.")
        return
    if not view.roles:
        st.caption("Run the pre-flight first: it tells which roles this deployment has.")
        return
    left, middle, right = st.columns([3, 2, 1], vertical_alignment="bottom")
    address = (
        left.text_input("Address of their profile", key="role-address", autocomplete="off", persist_state="page") or ""
    )
    role = middle.selectbox("Role", [*view.roles], key="role-role", persist_state="page") or ""
    said("role-give")
    if not right.button("Give it …", key="role-give", disabled=not address.strip()):
        return
    facts = [
        f"{plain(address)} gets {plain(role)} instead of the role they have.",
        "It holds from their next sign-in; a sign-in that is open now keeps its rights for up to an hour.",
    ]
    done = f"Giving {address} the role {role}; {SHOWN_LATER}."
    if role == ADMIN:
        facts.append("An administrator may do everything on the deployment, delete every profile included.")
        confirm_typed(
            "Make an administrator",
            key="role-give",
            facts=facts,
            name=event.name,
            button="Make them administrator",
            run=lambda asking, typed: desk.staff.give_role(asking, address, role, typed_name=typed),
            done=done,
        )
    else:
        confirm(
            "Give a role",
            key="role-give",
            facts=facts,
            button="Give the role",
            run=lambda asking: desk.staff.give_role(asking, address, role),
            done=done,
        )


def account_limits(event: Event, view: StaffView) -> None:
    """What the deployment shows for the whole account; nobody enforces it, so the words say so."""
    if view.no_roles:
        st.caption("The managed service's limits are AWS quotas: AWS support changes them.")
        return
    if not view.limits:
        st.caption("Run the pre-flight first: it reads what the deployment shows.")
        return
    minutes, models = view.limits.values()
    shown = UNLIMITED if minutes == UNLIMITED else minutes / 60
    st.caption(
        "Shown to everybody on the deployment's pages and enforced by nobody: what racers can really use is their own "
        f"limits. {as_of(view.as_of, 'racing service', event.zone)}"
    )
    with st.form("account-limits", border=False):
        left, middle, right = st.columns([2, 2, 1], vertical_alignment="bottom")
        hours = ask_limit(
            left, "Hours a month", float(shown), key=_LIMITS, least=0.0, most=1e6, step=10.0, otherwise=100.0,
            in_form=True,
        )  # fmt: skip
        most = ask_limit(
            middle, "Models a month", int(models), key="limits-models", least=0, most=10**6, step=10, otherwise=100,
            in_form=True,
        )  # fmt: skip
        staff = session.desk().staff
        with right:
            press(
                "Set and check",
                lambda asking: staff.set_account_limits(asking, hours=hours, models=most),
                key="limits-set",
                done=f"They are being set; {SHOWN_LATER}.",
                in_form=True,
                line=False,
            )
        said("limits-set")
