"""Which event opens when nobody names one."""

from __future__ import annotations

from deepracer_admin.store.documents import Document

__all__ = ["CURRENT_EVENT"]

CURRENT_EVENT = Document("current_event", str, "", personal=False, of_event=False)
"""An event's id, "" before the first event. Written when an event is made or chosen; read everywhere."""
