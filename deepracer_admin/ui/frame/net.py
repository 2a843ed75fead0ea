"""What the server needs of the pages before any is drawn; it loads nothing that pages are made of."""

from __future__ import annotations

import logging

import streamlit as st

from deepracer_admin.errors import ConsoleError, incident_id

__all__ = ["nothing", "on_script_error"]

log = logging.getLogger(__name__)


def nothing() -> None:
    """A page that draws nothing: registered at import, it switches off Streamlit's own discovery of pages/."""


def on_script_error(error: Exception) -> bool:
    """The last net, also for fragments and callbacks: a sentence for what we know, an incident id for the rest."""
    if isinstance(error, ConsoleError):
        st.error(error.sentence, icon=":material/error:")
        return True
    incident = incident_id()
    log.error("incident %s on a page", incident, exc_info=error)
    st.error(
        f"Something unexpected happened ({incident}). Nothing was lost; reload the page, and tell the operator the id.",
        icon=":material/error:",
    )
    return True
