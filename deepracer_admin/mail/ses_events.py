"""Delivery events: SES configuration set -> (SNS or EventBridge) -> SQS -> the ledger (identity-and-mail.md 4.1).

Messages stay in the queue until their events are stored (`settle`), so a crash in between only means reading again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deepracer_admin.clock import parse_iso
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, aws_error
from deepracer_admin.edge.reach import aws
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.mail.ses_tags import key_from_tags
from deepracer_admin.model import DeliveryEvent

__all__ = ["EventQueue", "read_event"]

log = logging.getLogger(__name__)

SERVICE = "sqs"
SQS = AwsService(SERVICE, "Amazon SQS", policy="events-sqs.json")
BATCH = 10  # messages that SQS hands out or deletes at once
MOST = 50  # batches in one `receive`

KINDS = {
    "Send": "send",
    "Delivery": "delivery",
    "Bounce": "bounce",
    "Complaint": "complaint",
    "Reject": "reject",
    "Rendering Failure": "rendering_failure",
    "DeliveryDelay": "delay",
}


class EventQueue:
    """One SQS queue of delivery events. Not for several threads at once. Raises BadSettings for a forbidden address."""

    def __init__(self, access: AwsAccess, url: str) -> None:
        self._access = access
        self._url = access.reach.admit(url, aws("sqs", "The queue of mail events"))
        self._client = access.client(SERVICE)
        self._seen: list[str] = []  # receipt handles of the last `receive`

    def receive(self) -> list[DeliveryEvent]:
        """Up to 500 events that wait. What is no event of SES is logged and settled with the rest."""
        events: list[DeliveryEvent] = []
        self._seen = []
        for _ in range(MOST):
            answer = self._call(
                "receive_message",
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                WaitTimeSeconds=0,
                VisibilityTimeout=120,
            )
            messages = answer.get("Messages", [])
            for message in messages:
                self._seen.append(str(message.get("ReceiptHandle", "")))
                event = read_event(str(message.get("Body", "")))
                if event is None:
                    log.warning("message %s in the event queue is no event of SES", message.get("MessageId"))
                else:
                    events.append(event)
            if not messages:
                break
        return events

    def settle(self) -> None:
        """Delete what the last `receive` gave; what could not be deleted comes again."""
        while self._seen:
            chunk, rest = self._seen[:BATCH], self._seen[BATCH:]
            entries = [{"Id": str(i), "ReceiptHandle": handle} for i, handle in enumerate(chunk)]
            self._call("delete_message_batch", QueueUrl=self._url, Entries=entries)
            self._seen = rest

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, **request: Any) -> dict[str, Any]:
        try:
            return getattr(self._client, method)(**request)
        except (BotoCoreError, ClientError, *UNREADABLE) as failure:
            operation = self._client.meta.method_to_api_mapping[method]
            raise aws_error(
                failure, SQS, operation, reads=True, renewal=self._access.renewal, profile=self._access.profile
            ) from None


def read_event(body: str) -> DeliveryEvent | None:
    """The event in an SQS message, out of its SNS or EventBridge envelope; None for anything else."""
    found = _unwrap(body)
    kind = KINDS.get(str(found.get("eventType") or found.get("notificationType") or ""))
    mail = found.get("mail")
    if kind is None or not isinstance(mail, Mapping):
        return None
    part = found.get({"delay": "deliveryDelay", "rendering_failure": "failure"}.get(kind, kind))
    detail = part if isinstance(part, Mapping) else {}
    return DeliveryEvent(
        kind=kind,
        message_id=str(mail.get("messageId", "")),
        key=key_from_tags(mail.get("tags") or {}),
        at=_time(detail.get("timestamp") or mail.get("timestamp")),
        detail=_detail(kind, detail),
    )


def _unwrap(body: str) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
        if isinstance(found, Mapping) and isinstance(found.get("Message"), str):
            found = json.loads(found["Message"])
        if isinstance(found, Mapping) and isinstance(found.get("detail"), Mapping):
            found = found["detail"]
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def _detail(kind: str, part: Mapping[str, Any]) -> str:
    """What is worth telling, without addresses."""
    if kind == "bounce":
        return "/".join(str(part.get(name)) for name in ("bounceType", "bounceSubType") if part.get(name))
    names = {"complaint": "complaintFeedbackType", "reject": "reason", "rendering_failure": "errorMessage"}
    return str(part.get(names.get(kind, "delayType")) or "")[:200]


def _time(text: Any) -> datetime:
    try:
        return parse_iso(str(text))
    except ValueError:
        return datetime.now(UTC)
