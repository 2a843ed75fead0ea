"""The portal's mails in the organizers' own words."""

from __future__ import annotations

import hashlib

import streamlit as st

from deepracer_admin.flows.people.registration_letters import shipped
from deepracer_admin.model.registrations import Portal, PortalMail
from deepracer_admin.rules.portal_mails import MAILS, mail_id, placeholders
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.place import choose_place
from deepracer_admin.web.portal_words import LANGUAGES, words

__all__ = ["mails"]


def mails(portal: Portal) -> None:
    """One mail in one language at a time; the console's own words where the organizers wrote none."""
    left, right = st.columns(2)
    key = choose_place("Mail", [*MAILS], format_func=lambda each: str(MAILS[each]), key="portal-mail-name", at=left)
    language = choose_place(
        "Language", LANGUAGES, format_func=lambda each: words(each).name, key="portal-mail-language", at=right
    )
    which = mail_id(key, language)
    own, plain = portal.mails.get(which), shipped(language)[key]
    shown = own or PortalMail(plain.subject, plain.body)
    whose = "Your own words" if own else "The console's own words"
    known = ", ".join("{" + each + "}" for each in placeholders(key))
    st.caption(f"{whose}. Placeholders: {known}. The text must hold {{own_page}}, the person's own link.")
    digest = hashlib.sha256(f"{which}{shown}".encode()).hexdigest()[:8]
    desk = session.desk().registrations
    with st.form("portal-mail", border=False):
        subject = st.text_input("Subject", shown.subject, key=f"portal-mail-{digest}-subject", max_chars=200)
        body = st.text_area("Text", shown.body, key=f"portal-mail-{digest}-body", height=320)
        press(
            "Save the mail",
            lambda asking: desk.set_mail(asking, which, PortalMail(subject or "", body or "")),
            key="portal-mail-save",
            done="Saved: mails that are not written yet go out so.",
            in_form=True,
            type="primary",
        )
    if own:
        press(
            "Back to the console's words",
            lambda asking: desk.set_mail(asking, which, None),
            key="portal-mail-shipped",
            done="The console's words again.",
            line=False,
        )
    said("portal-mail-shipped")
