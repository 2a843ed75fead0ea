"""The sign-in to DeepRacer on AWS that was typed last."""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.store.documents import Document

__all__ = ["RACING_LOGIN", "TypedLogin"]


@dataclass(frozen=True, slots=True)
class TypedLogin:
    """Never a password."""

    site: str = ""
    user: str = ""


RACING_LOGIN = Document("racing_login", TypedLogin, TypedLogin(), personal=False, of_event=False)
"""Of all events. Written when somebody signs in on the Set up page; fills that form the next time."""
