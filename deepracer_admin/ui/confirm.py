"""Before something that cannot be taken back: a dialog in which a name must be typed. Open it from the page body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from deepracer_admin.ui.act import attempt
from deepracer_admin.ui.words import plain

__all__ = ["confirm_with_name"]


def confirm_with_name(
    title: str, warning: str, *, name: str, button: str, call: Callable[[str], Any], done: str = "Done."
) -> None:
    """Ask for `name` typed exactly, then `call(typed)`; the service checks the name again."""

    def body() -> None:
        st.warning(plain(warning), icon=":material/warning:")
        typed = st.text_input(f"Type “{plain(name)}” to go on", key=f"typed-{title}")
        if st.button(button, type="primary", disabled=typed.strip() != name, key=f"typed-{title}-go"):
            went, _ = attempt(lambda: call(typed), done=done)
            if went:
                st.rerun()

    st.dialog(title)(body)()
