"""The theme that each run of each tab is told, put together once.

Streamlit reads some 200 options under one lock for every run of every fragment, a fifth of what a timed look costs, and
whoever draws meanwhile waits for that lock. Nothing changes them while a server runs (.streamlit/config.toml). Without
the function of that name (another Streamlit) everything stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable

from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from streamlit.runtime import app_session

__all__ = ["keep_theme", "kept"]

_NAME = "_populate_theme_msg"
Populate = Callable[..., None]


def kept(populate: Populate) -> Populate:
    """As `populate(message, section)`, which is called once a section."""
    made: dict[str, CustomThemeConfig] = {}

    def populate_kept(msg: CustomThemeConfig, section: str = "theme") -> None:
        theme = made.get(section)
        if theme is None:
            theme = CustomThemeConfig()
            populate(theme, section)
            made[section] = theme
        if theme.ListFields():  # a section without options stays unsaid
            msg.MergeFrom(theme)

    return populate_kept


def keep_theme() -> None:
    """Once a process, before it serves."""
    populate = getattr(app_session, _NAME, None)
    if populate is not None and getattr(populate, "__module__", "") == app_session.__name__:
        setattr(app_session, _NAME, kept(populate))
