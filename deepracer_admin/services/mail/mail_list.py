"""Every mail of an event, narrowed, searched and sorted on this side of the wire: a browser gets one page. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property

from deepracer_admin.model import Sending
from deepracer_admin.rules.search import folded, holds, words_of
from deepracer_admin.services.mail.views import LedgerRow

__all__ = ["BACK", "NEWEST", "ORDERS", "MailList"]

BACK = "back"
"""As a state to show: what came back, whatever became of the sending."""
NEWEST = "Latest change first"
ORDERS: Mapping[str, Callable[[LedgerRow], str]] = {
    NEWEST: lambda row: "",
    "Name": lambda row: folded(row.attendee.name or row.attendee.email),
    "Address": lambda row: row.attendee.email,
}
"""In which order; what is alike in it stands with the latest change first."""
_BACK = ("bounced", "complained")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class MailList:
    """Mails with their people as read, latest change first. Never changed: many who look share one."""

    def __init__(self, rows: Sequence[LedgerRow]) -> None:
        self.rows = sorted(rows, key=lambda row: row.delivery.changed_at or _EPOCH, reverse=True)
        self.by_id = {row.id: row for row in self.rows}
        self.came_back = sum(row.delivery.delivered in _BACK for row in self.rows)
        self.unknown = sum(row.delivery.state is Sending.UNKNOWN for row in self.rows)

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        """What a search looks at, by id."""
        return {
            row.id: folded(f"{row.attendee.name} {row.attendee.email} {row.delivery.sentence}") for row in self.rows
        }

    def ids(self, state: str = "", text: str = "", order: str = NEWEST) -> tuple[str, ...]:
        """The mails in this state ("" = any, BACK, or a Sending's value) that have every word of `text` in name,
        address or in what was said."""
        rows = self.rows
        if state == BACK:
            rows = [row for row in rows if row.delivery.delivered in _BACK]
        elif state:
            rows = [row for row in rows if row.delivery.state.value == state]
        if words := words_of(text):
            rows = [row for row in rows if holds(words, self._texts[row.id])]
        if order != NEWEST:
            rows = sorted(rows, key=ORDERS[order])
        return tuple(row.id for row in rows)
