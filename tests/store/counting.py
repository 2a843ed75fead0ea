"""A document of the tests alone: a number that goes up."""

from deepracer_admin.store.documents import Document

__all__ = ["COUNTER"]

COUNTER = Document("counter", int, 0, personal=False, of_event=False)
