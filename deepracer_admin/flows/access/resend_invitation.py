"""Job `invite.resend`: the service's own invitation once more, with a fresh temporary password; the old one dies.

At most once: an item is unknown from before the call until its answer. What if it dies here? That one person stays
unknown, which is shown; a fresh resend is harmless but for one more mail. By Cognito's default sender it keeps within
fifty mails a day and goes on by itself.
"""

from __future__ import annotations

from dataclasses import replace

from deepracer_admin.counted import counted
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unreachable,
    Unsupported,
)
from deepracer_admin.flows.engine.jobs import Later, settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.model import Event, Job, JobItem, Lease, State
from deepracer_admin.records.ways_in import INVITATIONS, RESENT, Resent, mails_sent
from deepracer_admin.rules.mail_days import is_limited, reckon

__all__ = ["InviteResendHandler"]

BATCH = 20
NOTHING_SENT = (AccessDenied, CredentialsExpired, Throttled, Unreachable, Unsupported)
WAIT_S = 300.0


class InviteResendHandler:
    """Items by attendee."""

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        todo = ports.store.job_items(job.id, state=State.TODO)
        if not todo:
            items = ports.store.job_items(job.id)
            done = sum(1 for item in items if item.state.is_done)
            went = f"{done:,} of {counted(len(items), 'invitation')} went once more"
            return f"{went}; the older passwords do not work any more."
        event = ports.store.event(job.event)
        links = ports.store.links(event.id)
        for item in todo[:BATCH]:
            self._wait_for_the_day(ports, event, len(todo))
            link = links.get(item.key)
            if link is None or link.how != "created":
                sentence = "This event did not make their profile, so their password is not touched."
                settle_items(ports, job, [replace(item, state=State.REFUSED, reason="own", sentence=sentence)], lease)
            else:
                self._resend(ports, event, job, item, link.profile, lease)
        return None

    def _resend(self, ports: Ports, event: Event, job: Job, item: JobItem, profile: str, lease: Lease) -> None:
        settle_items(ports, job, [replace(item, state=State.UNKNOWN, reason="lost", sentence=_LOST)], lease)
        try:
            ports.racing().resend_invite(profile)
        except NOTHING_SENT:
            settle_items(ports, job, [item], lease)
            raise
        except (Refused, NotThere) as error:
            refused = replace(item, state=State.REFUSED, reason=error.code or "refused", sentence=error.sentence)
            settle_items(ports, job, [refused], lease)
            return
        except ServiceError:
            self._count(ports, event, item, lease)
            return  # it may have gone: it stays unknown
        self._count(ports, event, item, lease)
        settle_items(ports, job, [replace(item, state=State.DONE)], lease)

    def _count(self, ports: Ports, event: Event, item: JobItem, lease: Lease) -> None:
        went = Resent(ports.clock.event_now(), item.key)
        ports.store.update(event.id, RESENT, lambda earlier: (*earlier, went), lease=lease)

    def _wait_for_the_day(self, ports: Ports, event: Event, waiting: int) -> None:
        if not is_limited(event, ses_by_settings=ports.cognito_by_ses):
            return
        sent = mails_sent(ports.store.rows(event.id, INVITATIONS).values(), ports.store.read(event.id, RESENT))
        day = reckon(sent, waiting, ports.clock.event_now())
        if not day.left:
            raise Later("Cognito's default sender has sent its 50 mails of 24 hours; the rest goes by itself.", WAIT_S)


_LOST = "The answer was lost: the invitation may have gone once more."
