"""Guests of the directory on the Onboarding page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from deepracer_admin.records.guest_book import DENIED, GuestCounts
from deepracer_admin.services.access.onboarding import StuckRow
from deepracer_admin.ui.kit.words import as_of, count, whole

__all__ = ["offer_right", "show_guests"]


def show_guests(guests: GuestCounts, zone: str) -> None:
    """How many were invited, and who of them has accepted, as far as the directory said."""
    accepted = f"{whole(guests.accepted)} have accepted" if guests.seen_at else "who has accepted is not known yet"
    parts = [f"{count(guests.invited, 'guest')} invited", accepted]
    if guests.without_link:
        parts.append(f"{whole(guests.without_link)} wait for their link, and their mail with them")
    if guests.unclear:
        parts.append(f"{count(guests.unclear, 'invitation')} with a lost answer being looked up")
    seen = f" · {as_of(guests.seen_at, 'directory', zone)}" if guests.seen_at else ""
    st.caption(f"Guests: {', '.join(parts)}{seen}")


def offer_right(stuck: Sequence[StuckRow], *, app_only: bool) -> None:
    """The way to the missing right, where somebody is stuck for it."""
    if any(row.reason == DENIED for row in stuck) and not app_only:
        st.link_button(
            "Sign in again and ask for the right to invite",
            "/signin/guests?next=/onboarding",
            icon=":material/key:",
            key="guests-right",
            help="Microsoft asks for User.Invite.All; an Entra administrator may have to agree. Press “Retry them”.",
        )
