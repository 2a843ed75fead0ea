"""The sponsors' picture for the big screen."""

from __future__ import annotations

import streamlit as st

from deepracer_admin.model import Actor
from deepracer_admin.services.races.screens import MOST_LOGO
from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.act import press, said
from deepracer_admin.ui.kit.fold import fold
from deepracer_admin.ui.kit.words import plain, whole

__all__ = ["sponsors_desk"]


def sponsors_desk(who: Actor) -> None:
    """Give it, or take it away; every screen that shows it changes at its next look."""
    boards = session.desk().boards
    kept = boards.logo(who)
    part = fold("Sponsors' picture", key="sponsors", icon=":material/image:")
    said("sponsors-keep", "sponsors-forget")
    if part is None:
        return
    with part:
        st.caption(f"Kept: a picture that {plain(kept.by)} gave." if kept.image else "None is kept yet.")
        given = st.file_uploader(
            f"PNG or JPEG, at most {whole(MOST_LOGO / 1000)} kB",
            type=["png", "jpg", "jpeg"],
            key="sponsors-file",
            max_upload_size=1,
        )
        with st.container(horizontal=True):
            press(
                "Keep this picture",
                lambda asking: boards.set_logo(asking, given.getvalue() if given else b""),
                key="sponsors-keep",
                done="Kept: screens with the scene *Sponsors* show it.",
                disabled=given is None,
                line=False,
            )
            press(
                "Take it away",
                boards.forget_logo,
                key="sponsors-forget",
                done="No picture is kept any more.",
                disabled=not kept.image,
                line=False,
                type="tertiary",
            )
