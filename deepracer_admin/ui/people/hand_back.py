"""The list of people to correct, as a file for whoever made the attendee list."""

from __future__ import annotations

from deepracer_admin.ui.kit import session
from deepracer_admin.ui.kit.download import download

__all__ = ["hand_back"]


def hand_back(*, key: str) -> None:
    """Whom the service refused and whose mail came back. For whoever may export the list."""
    download(
        "People to correct (CSV)",
        session.desk().attendees.to_correct,
        "people-to-correct.csv",
        "text/csv",
        key=key,
    )
