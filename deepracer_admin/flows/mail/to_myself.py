"""A test mail to whoever asks for it."""

from __future__ import annotations

from deepracer_admin.errors import Throttled, Unavailable, Unreachable
from deepracer_admin.flows.engine.jobs import settle_items
from deepracer_admin.flows.engine.ports import Ports
from deepracer_admin.flows.letters import sample_person
from deepracer_admin.model import Job, JobItem, Lease, Message, State

__all__ = ["MailTestHandler"]


class MailTestHandler:
    """Job `mail.test`: one mail to the address of whoever asked; services/mail/messages.py puts no other into the plan.

    Sent at most once (the item is settled first). About nobody, unless a person was named.
    """

    def work(self, ports: Ports, job: Job, lease: Lease) -> str | None:
        event = ports.store.event(job.event)
        if any(item.state is State.DONE for item in ports.store.job_items(job.id)):
            return "The test mail was handed over, or its answer was lost; look into your inbox."
        template = ports.letters.template(event, str(job.plan["template"]), event.language)
        sample = str(job.plan.get("sample", ""))
        person = ports.store.attendee(event.id, sample) if sample else sample_person()
        mail = ports.letters.render(event, template, person)
        settle_items(ports, job, [JobItem(job.id, "test", State.DONE)], lease)
        key = f"{event.id}#test#{job.id}#1"
        message = Message(
            key=key,
            sender=event.sender or ports.letters.sender,
            to=str(job.plan["address"]),
            subject=f"[TEST] {mail.subject}",
            text=mail.text,
            html=mail.html,
            tags={"key": key, "template": f"test.{job.id}"},
        )
        try:
            receipt = ports.mailer().send(message)
        except (Throttled, Unreachable, Unavailable):
            settle_items(ports, job, [JobItem(job.id, "test", State.TODO)], lease)  # nothing was sent: tried again
            raise
        return f"The test mail was accepted by the sender ({receipt.message_id})."
