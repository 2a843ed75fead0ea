"""Every mail narrowed, searched and sorted, and the same as a file."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import timedelta

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import NotAllowed
from deepracer_admin.model import Attendee, Delivery, Event, Role, Sending
from deepracer_admin.services.mail.mail_list import BACK, MailList
from deepracer_admin.services.mail.views import LedgerRow
from tests.busy import actor_of
from tests.pages.conftest import NOW

ORGANIZER = actor_of(Role.ORGANIZER)


def mail(number: int, name: str, state: Sending = Sending.SENT, delivered: str = "") -> LedgerRow:
    person = Attendee(f"at-{number}", f"p{number}@example.com", name, f"racer-{number}")
    at = NOW - timedelta(minutes=number)
    return LedgerRow(person, Delivery(person.id, "access", 1, state, delivered=delivered, changed_at=at))


MAILS = MailList(
    [
        mail(3, "Cy"),
        mail(1, "Zoë Berg", delivered="bounced"),
        mail(2, "Bob", Sending.UNKNOWN),
        mail(4, "Di", Sending.SENT),
    ]
)


def test_the_latest_change_stands_first_and_what_needs_somebody_is_counted() -> None:
    assert MAILS.ids() == ("at-1/access/1", "at-2/access/1", "at-3/access/1", "at-4/access/1")
    assert (MAILS.came_back, MAILS.unknown) == (1, 1)


def test_what_came_back_is_shown_though_it_was_sent() -> None:
    assert MAILS.ids(BACK) == ("at-1/access/1",)
    assert MAILS.ids("sent") == ("at-1/access/1", "at-3/access/1", "at-4/access/1")


def test_words_are_found_without_accents_and_an_order_is_of_all() -> None:
    assert MAILS.ids(text="zoe") == ("at-1/access/1",)
    assert MAILS.ids(order="Name") == ("at-2/access/1", "at-3/access/1", "at-4/access/1", "at-1/access/1")


def test_the_file_holds_the_mails_that_fit_and_is_inert(console: Console, event: Event, people: list[Attendee]) -> None:
    console.store.amend_attendees(event.id, lambda each: replace(each, name="=1+1"), ids=["at-1"])
    rows = [(person.id, "access", 1) for person in people[:3]]
    console.store.plan_deliveries(event.id, rows, campaign="access", lease=None)
    messages = console.first.messages
    file = messages.ledger_file(ORGANIZER, text="racer1@example.com")
    [line] = csv.DictReader(io.StringIO(file.decode("utf-8-sig")))
    assert (line["Email"], line["State"]) == ("racer1@example.com", "pending")
    assert line["Name"] == "'=1+1"
    assert len([*csv.DictReader(io.StringIO(messages.ledger_file(ORGANIZER).decode("utf-8-sig")))]) == 3
    with pytest.raises(NotAllowed):
        messages.ledger_file(actor_of(Role.FACILITATOR))
    newest = console.store.audit(None, limit=1)[0]
    assert (newest.action, newest.target, newest.allowed) == ("attendees.export", "mails", False)
