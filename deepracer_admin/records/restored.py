"""An event that came from a backup, and of which nobody has said yet that it goes on here."""

from __future__ import annotations

from deepracer_admin.errors import Conflict
from deepracer_admin.model import FromBackup
from deepracer_admin.store.documents import OF_THIS_FOLDER, Document, Records

__all__ = ["RESTORED", "refuse_while_waiting", "waits_here"]

RESTORED: Document[FromBackup | None] = Document(OF_THIS_FOLDER, FromBackup | None, None, personal=False)
"""Written with the event's rows, in one transaction, by the command `restore` (store/event_copies.py); taken away when
an organizer says that the event goes on here. Read by whoever would do anything for the event. No backup carries it.
None: nothing waits."""


def waits_here(store: Records, event: str) -> bool:
    """Is nothing to be done for this event, because its work may go on where the backup was made?"""
    return store.read(event, RESTORED) is not None


def refuse_while_waiting(store: Records, event: str) -> None:
    """For what reaches services at once, and not by a job that waits. Raises Conflict."""
    if waits_here(store, event):
        raise Conflict(
            "This event came from a backup and waits, so nothing was asked of any service: let it go on here first, on "
            "its Event page."
        )
