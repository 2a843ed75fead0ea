"""The list that is open in this tab, and how it is read: kept while somebody corrects it, never sent again.

Kept by its content: another file in its place begins anew, and what another tab corrects does not move this one.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from deepracer_admin.errors import ConsoleError
from deepracer_admin.model import Actor
from deepracer_admin.rules.roster.choices import GUESSED, ReadingChoices
from deepracer_admin.services.people.dry_run import DryRun
from deepracer_admin.services.people.remembered import Remembered
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.words import plain

__all__ = ["OpenList", "close_list", "opened_list", "put_back", "read_open", "read_otherwise"]

_SLOT = "upload-open"


@dataclass(frozen=True, slots=True)
class OpenList:
    """`before` are the choices that held until the last one was made; None once it has proved to be possible."""

    digest: str
    choices: ReadingChoices = GUESSED
    before: ReadingChoices | None = None
    remembered: Remembered | None = None


def opened_list() -> OpenList | None:
    """None before the first list."""
    return st.session_state.get(_SLOT)


def read_otherwise(what: str, value: Any) -> None:
    """Read the list otherwise from the next drawing on. For callbacks of widgets."""
    now = opened_list()
    if now is not None:
        before = now.choices if now.before is None else now.before
        st.session_state[_SLOT] = replace(now, choices=now.choices.choosing(what, value), before=before)


def put_back() -> None:
    """Read the list as guessed."""
    now = opened_list()
    if now is not None:
        st.session_state[_SLOT] = OpenList(now.digest)


def close_list() -> None:
    """Nothing is open any more: the same file, chosen again, begins anew."""
    st.session_state.pop(_SLOT, None)


def _keep(who: Actor, dry: DryRun) -> None:
    try:
        session.desk().attendees.keep_reading(who, dry)
    except ConsoleError as error:  # the list is read all the same
        st.warning(f"The correction is not remembered: {plain(error.sentence)}", icon=":material/warning:")


def read_open(who: Actor, data: bytes, filename: str) -> tuple[DryRun | None, OpenList]:
    """The list as it is read now. A choice with which it cannot be read is told and taken back; None: as it was
    guessed it cannot be read either."""
    people = session.desk().attendees
    digest = hashlib.sha256(data).hexdigest()[:12]
    now = opened_list()
    is_new = now is None or now.digest != digest
    if now is None or is_new:
        now = OpenList(digest)
    dry: DryRun | None = None
    try:
        dry = people.dry_run(who, data, filename=filename, choices=None if is_new else now.choices)
    except ConsoleError as error:
        st.error(plain(error.sentence), icon=":material/error:")
        if now.before is not None and now.before != now.choices:
            try:
                dry = people.dry_run(who, data, filename=filename, choices=now.before)
                st.caption("That choice was taken back; the list is read as before.")
            except ConsoleError:
                dry = None
    else:
        if now.before is not None:
            _keep(who, dry)
    if is_new:
        now = OpenList(digest, remembered=dry.remembered if dry else None)
    now = replace(now, choices=dry.choices if dry else GUESSED, before=None)
    st.session_state[_SLOT] = now
    return dry, now
