"""Signing in to DeepRacer on AWS from the Set up page, with one's own account there."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.services.setup.connection import LoginView
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.opened import is_drawn
from deepracer_admin.ui.kit.words import plain

__all__ = ["is_typed_in", "sign_in"]


def is_typed_in() -> bool:
    """Was the form opened on this page?"""
    return is_drawn("login-site")


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
        if login.source == "typed":
            press(
                "Forget this sign-in",
                desk.connection.forget,
                key="login-forget",
                done="The sign-in is forgotten.",
                line=False,
                type="tertiary",
            )
    said("login-forget")
    if login.why_not:
        st.caption(plain(login.why_not))
        return
    with (
        st.expander("Sign in with your own DeepRacer account", expanded=login.source == "none"),
        st.form("racing-login", border=False),
    ):
        _form(login)


def _credentials(profile: str, *, rehearsal: bool) -> str:
    if rehearsal:
        return "Uses the practice world's own AWS credentials; a live event uses yours."
    return f"Uses the AWS profile **{plain(profile)}**." if profile else "Uses this computer's AWS credentials."


def _form(login: LoginView) -> None:
    """The password fields have new names after every try, so that Streamlit drops what was typed into the old ones.

    So the page is drawn anew at once, after a refusal too.
    """
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
    connection = session.desk().connection

    def try_it(asking: Actor) -> None:
        st.session_state["login-turn"] = turn + 1
        connection.sign_in(asking, site=site or "", user=user or "", password=password or "", new_password=new or "")

    press(
        "Sign in and check",
        try_it,
        key="login-try",
        done="The console signs in and checks.",
        in_form=True,
        icon=":material/login:",
    )
    if st.session_state["login-turn"] != turn:
        st.rerun()
