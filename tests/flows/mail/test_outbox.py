"""The outbox of a rehearsal: copies of what the practice mail service took, of people who are still on a list."""

from __future__ import annotations

from deepracer_admin.records.outbox import OUTBOX
from deepracer_admin.worker.practice import OutboxCopier
from tests.flows.conftest import ORGANIZER, Stage
from tests.flows.mail.test_campaigns import counts, slices, start_access


def test_mails_are_kept_newest_first_and_once_each(stage: Stage) -> None:
    people = start_access(stage, 3)
    slices(stage, lambda: counts(stage) == {"sent": 3})
    copier = OutboxCopier(stage.console)
    for each in (copier, copier, OutboxCopier(stage.console)):
        each.run(stage.lease)
    shown = stage.console.first.messages.outbox(ORGANIZER)
    assert {mail.to for mail in shown} == {person.email for person in people}
    assert [mail.seq for mail in shown] == sorted((mail.seq for mail in shown), reverse=True)
    assert all(mail.whose[0] == stage.event.id and mail.at for mail in shown)


def test_whoever_is_erased_leaves_the_outbox_and_does_not_come_back(stage: Stage) -> None:
    """The practice world still has the mail; a console that starts anew takes no copy of it."""
    erased, stays = start_access(stage, 2)
    slices(stage, lambda: counts(stage) == {"sent": 2})
    copier = OutboxCopier(stage.console)
    copier.run(stage.lease)
    stage.store.delete_attendees(stage.event.id, [erased.id])
    copier.run(stage.lease)
    assert [mail.to for mail in stage.store.rows("", OUTBOX).values()] == [stays.email]
    OutboxCopier(stage.console).run(stage.lease)
    assert [mail.to for mail in stage.store.rows("", OUTBOX).values()] == [stays.email]


def test_a_test_to_oneself_is_of_nobody_on_the_list_and_stays(stage: Stage) -> None:
    stage.finish(stage.console.first.messages.test_to_myself(ORGANIZER, "access"))
    OutboxCopier(stage.console).run(stage.lease)
    assert [mail.to for mail in stage.store.rows("", OUTBOX).values()] == [ORGANIZER.email]
