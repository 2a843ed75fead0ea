"""Every single mail (Messages, Every mail): the list, and the same as a file."""

from __future__ import annotations

from collections.abc import Sequence

from deepracer_admin.model import Actor
from deepracer_admin.rules.tabular import inert_csv
from deepracer_admin.services.base import Service
from deepracer_admin.services.mail.mail_list import MailList
from deepracer_admin.services.mail.views import LedgerRow

__all__ = ["LedgerDesk"]

_COLUMNS = ["Name", "Email", "Mail", "Version", "Number", "State", "Delivery", "What was said", "Changed (UTC)"]


class LedgerDesk(Service):
    """What the part "Every mail" of the Messages page calls."""

    def revision(self, actor: Actor) -> tuple[str, int]:
        """(event id, revision): the list of mails is kept by it."""
        self._authorise(actor, "messages.view")
        event = self._event()
        return event.id, self.store.revision(event.id)

    def ledger(self, actor: Actor) -> MailList:
        """All mails with their people, latest change first."""
        self._authorise(actor, "messages.view")
        event = self._event()
        people = {person.id: person for person in self.store.attendees(event.id)}
        mails = self.store.deliveries(event.id)
        return MailList([LedgerRow(people[row.attendee], row) for row in mails if row.attendee in people])

    def ledger_file(self, actor: Actor, *, state: str = "", text: str = "", order: str = "") -> bytes:
        """Those mails of the list that fit (as of MailList.ids) as CSV that stays inert in spreadsheets; a rehearsal's
        is marked in every row."""
        self._authorise(actor, "attendees.export", target="mails")
        mark = ["REHEARSAL"] if self.house.settings.rehearsal else []
        mails = self.ledger(actor)
        ids: Sequence[str] = mails.ids(state, text, order) if order else mails.ids(state, text)
        rows = [[*_line(mails.by_id[one]), *mark] for one in ids]
        self._audit(actor, "attendees.export", target="mails", count=len(rows))
        return inert_csv(rows, [*_COLUMNS, *mark])


def _line(row: LedgerRow) -> list[str]:
    mail = row.delivery
    return [
        row.attendee.name,
        row.attendee.email,
        mail.template,
        str(mail.version),
        str(mail.number),
        mail.state.value,
        mail.delivered,
        mail.sentence,
        mail.changed_at.isoformat(timespec="seconds") if mail.changed_at else "",
    ]
