"""Signing in to DeepRacer on AWS from the Set up page, with one's own account there."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.services.setup.connection import LoginView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.words import plain

__all__ = ["sign_in"]

_TROUBLE = "login-trouble"


def sign_in(who: Actor) -> None:
    """Who is signed in, and a form for another sign-in; its passwords leave the form as they are sent."""
    desk = session.desk()
    login = desk.connection.login(who)
    words = {
        "typed": f"Signs in as **{plain(login.user)}**, typed here; kept in memory until the console stops.",
        "settings": f"Signs in as **{plain(login.user)}**, from the console's settings.",
        "practice": f"Signs in as **{plain(login.user)}** of the practice world.",
        "none": "The console has no sign-in for DeepRacer on AWS yet.",
        "aws": _credentials(login.user, rehearsal=desk.settings.rehearsal),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(words[login.source])
        if login.source == "typed" and st.button("Forget this sign-in", type="tertiary", key="login-forget"):
            desk.connection.forget(who)
            st.rerun()
    if login.why_not:
        st.caption(plain(login.why_not))
        return
    with (
        st.expander("Sign in with your own DeepRacer account", expanded=login.source == "none"),
        st.form("racing-login", border=False),
    ):
        _form(who, login)


def _credentials(profile: str, *, rehearsal: bool) -> str:
    if rehearsal:
        return "Uses the practice world's own AWS credentials; a live event uses yours."
    return f"Uses the AWS profile **{plain(profile)}**." if profile else "Uses this computer's AWS credentials."


def _form(who: Actor, login: LoginView) -> None:
    """The password fields have new names after every try, so that Streamlit drops what was typed into the old ones.

    So the page is drawn anew at once, and why it was refused waits for that.
    """
    if trouble := st.session_state.pop(_TROUBLE, ""):
        st.error(plain(trouble), icon=":material/error:")
    turn = st.session_state.setdefault("login-turn", 0)
    site = st.text_input("Site address", login.site, key="login-site", help="The address racers open.")
    left, middle, right = st.columns(3)
    user = left.text_input("E-mail of your account there", login.user, key="login-user", autocomplete="username")
    password = middle.text_input(
        "Password", type="password", key=f"login-password-{turn}", autocomplete="current-password"
    )
    new = right.text_input(
        "New password, at your first sign-in",
        type="password",
        key=f"login-new-{turn}",
        autocomplete="new-password",
        help="Only for an account that still has the temporary password of its invitation: "
        "at least 8 characters with upper and lower case, a digit and a symbol.",
    )
    st.caption(
        "The account must be an administrator there (dr-admins). The password is kept in memory alone, and a "
        "restart asks for it again; for an event that must survive one, put a service login into the settings."
    )
    if not st.form_submit_button("Sign in and check", icon=":material/login:"):
        return
    st.session_state["login-turn"] = turn + 1
    try:
        session.desk().connection.sign_in(
            who, site=site or "", user=user or "", password=password or "", new_password=new or ""
        )
    except ConsoleError as error:
        st.session_state[_TROUBLE] = error.sentence
    else:
        st.toast("The worker signs in and checks.", icon=":material/check_circle:")
    st.rerun()
