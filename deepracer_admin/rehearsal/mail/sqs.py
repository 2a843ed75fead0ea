"""A practice SQS queue with the events of the mail: enough of the JSON protocol for boto3 to read and delete."""

from __future__ import annotations

import hashlib
import json
import secrets
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deepracer_admin.rehearsal.shared.journal import Journal
from deepracer_admin.rehearsal.shared.sigv4 import Lookup, Refusal, verify

VISIBILITY_S = 30
MOST_AT_ONCE = 10


class QueueError(Exception):
    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind, self.message = kind, message


class Queue:
    """Messages are entries of the journal of events; each is hidden for a while when received and gone when deleted."""

    def __init__(self, name: str, account: str, events: Journal, lookup: Lookup, real: Callable[[], datetime]) -> None:
        """`real` is real time: how long a message stays hidden follows it, as signatures do."""
        self.name, self._account, self._events, self._lookup, self._real = name, account, events, lookup, real
        self._visible_from: dict[int, float] = {}
        self._receipts: dict[str, int] = {}
        self._received: dict[int, int] = {}

    def put(self, number: int) -> None:
        self._visible_from[number] = 0.0

    async def handle(self, request: Request) -> Response:
        body = await request.body()
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        handlers: dict[str, Callable[[dict[str, Any], Request], dict[str, Any]]] = {
            "GetQueueUrl": self._url,
            "GetQueueAttributes": self._attributes,
            "ReceiveMessage": self._receive,
            "DeleteMessage": self._delete,
            "DeleteMessageBatch": self._delete_batch,
        }
        try:
            verify(request, body, "sqs", self._lookup, region="us-east-1", now=self._real())
            if operation not in handlers:
                raise QueueError(
                    "UnknownOperationException", f"The practice queue does not know {operation or 'this'}."
                )
            wanted = json.loads(body or b"{}")
            url = wanted.get("QueueUrl")
            if operation != "GetQueueUrl" and (not url or url.rsplit("/", 1)[-1] != self.name):
                raise QueueError("QueueDoesNotExist", "The specified queue does not exist.")
            return self._json(handlers[operation](wanted, request), 200)
        except Refusal as refusal:
            return self._json({"__type": refusal.error_type, "message": refusal.message}, 403)
        except QueueError as error:
            return self._json({"__type": f"com.amazonaws.sqs#{error.kind}", "message": error.message}, 400)

    def _json(self, body: dict[str, Any], status: int) -> Response:
        headers = {"x-amzn-RequestId": str(uuid.uuid4())}
        return JSONResponse(body, status, headers, media_type="application/x-amz-json-1.0")

    def _url(self, wanted: dict[str, Any], request: Request) -> dict[str, Any]:
        if wanted.get("QueueName") != self.name:
            raise QueueError("QueueDoesNotExist", "The specified queue does not exist.")
        return {"QueueUrl": f"http://{request.headers['host']}/sqs/{self._account}/{self.name}"}

    def _attributes(self, wanted: dict[str, Any], request: Request) -> dict[str, Any]:
        hidden = sum(1 for at in self._visible_from.values() if at > self._real().timestamp())
        attributes = {
            "QueueArn": f"arn:aws:sqs:us-east-1:{self._account}:{self.name}",
            "ApproximateNumberOfMessages": str(len(self._visible_from) - hidden),
            "ApproximateNumberOfMessagesNotVisible": str(hidden),
            "VisibilityTimeout": str(VISIBILITY_S),
        }
        names = wanted.get("AttributeNames") or []
        return {"Attributes": {name: value for name, value in attributes.items() if name in names or "All" in names}}

    def _receive(self, wanted: dict[str, Any], request: Request) -> dict[str, Any]:
        most = int(wanted.get("MaxNumberOfMessages", 1))
        if not 1 <= most <= MOST_AT_ONCE:
            raise QueueError(
                "InvalidParameterValue",
                f"Value {most} for parameter MaxNumberOfMessages is invalid. "
                "Reason: Must be between 1 and 10, if provided.",
            )
        hidden_s = int(wanted.get("VisibilityTimeout", VISIBILITY_S))
        present = self._real().timestamp()
        messages = []
        for number in [n for n, at in self._visible_from.items() if at <= present][:most]:
            self._visible_from[number] = present + hidden_s
            self._received[number] = self._received.get(number, 0) + 1
            receipt = secrets.token_urlsafe(24)
            self._receipts[receipt] = number
            entry = self._events.entry(number)
            entry.pop("seq")
            text = json.dumps(entry)
            digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
            messages.append(
                {
                    "MessageId": str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.name}{number}")),
                    "ReceiptHandle": receipt,
                    "MD5OfBody": digest,
                    "Body": text,
                    "Attributes": {"ApproximateReceiveCount": str(self._received[number])},
                }
            )
        return {"Messages": messages} if messages else {}

    def _delete(self, wanted: dict[str, Any], request: Request) -> dict[str, Any]:
        if not self._forget(wanted.get("ReceiptHandle", "")):
            raise QueueError("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
        return {}

    def _delete_batch(self, wanted: dict[str, Any], request: Request) -> dict[str, Any]:
        entries = wanted.get("Entries") or []
        if not 1 <= len(entries) <= MOST_AT_ONCE:
            raise QueueError(
                "TooManyEntriesInBatchRequest",
                f"Maximum number of entries per request are 10. You sent {len(entries)}.",
            )
        good, bad = [], []
        for entry in entries:
            if self._forget(entry.get("ReceiptHandle", "")):
                good.append({"Id": entry["Id"]})
            else:
                bad.append(
                    {
                        "Id": entry["Id"],
                        "SenderFault": True,
                        "Code": "ReceiptHandleIsInvalid",
                        "Message": "The input receipt handle is invalid.",
                    }
                )
        return {"Successful": good, "Failed": bad}

    def _forget(self, receipt: str) -> bool:
        number = self._receipts.pop(receipt, None)
        if number is None:
            return False
        self._visible_from.pop(number, None)
        self._received.pop(number, None)
        return True

    def snapshot(self) -> dict[str, Any]:
        return {"waiting": list(self._visible_from)}

    def restore(self, state: dict[str, Any]) -> None:
        self._visible_from = dict.fromkeys(state["waiting"], 0.0)
