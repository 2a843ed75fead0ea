"""From the table's stream into the event: forms, and pressed buttons of mailed links.

One record that cannot be read fails alone; all others of the batch are kept in one write. A store that cannot be
written fails the batch whole, so that Lambda halves it and gives it again. A record that was taken before changes
nothing, so giving it again is harmless. What if it dies here? The form's item goes only after its form is in the store;
what stays, `sweep` finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from deepracer_admin.rules.registration import TRAP
from deepracer_admin.services.people.registration_intake import Form
from infra.functions.items import FORM, LINK
from infra.functions.observed import count, log, observed
from infra.functions.place import Place, here

__all__ = ["DUTIES", "Batch", "form_of", "handle", "handler", "read_item", "take_in"]

DUTIES = ("registrations", "group")
PASSES_S = 20.0


@dataclass
class Batch:
    """What a batch holds: forms, pressed links and places given back, by the key of their item."""

    forms: dict[str, Form] = field(default_factory=dict)
    pressed: dict[str, datetime] = field(default_factory=dict)
    left: dict[str, datetime] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.forms or self.pressed or self.left)


def form_of(item: Mapping[str, Any]) -> Form:
    """A form's item. Raises ValueError for one that the API cannot have written."""
    words = {name: item.get(name) for name in ("email", "name", "racer_name", "new_to_ml", "new_to_aws", "consent")}
    answers = item.get("answers")
    if not isinstance(answers, Mapping) or not all(
        isinstance(each, str) for each in [*words.values(), *answers.values()]
    ):
        raise ValueError("a field of the form is no text")
    fields = {name: str(value) for name, value in words.items()} | {f"q-{key}": each for key, each in answers.items()}
    at = datetime.fromtimestamp(int(item["at"]), UTC)
    return Form(str(item["sk"]).removeprefix(FORM), at, str(item["language"]), {**fields, TRAP: ""})


def read_item(item: Mapping[str, Any], batch: Batch) -> None:
    """Add an item to a batch. Raises ValueError, KeyError, TypeError, OverflowError for one that is damaged."""
    key = str(item["sk"])
    if key.startswith(FORM):
        batch.forms[key] = form_of(item)
    elif key.startswith(LINK) and item.get("state") == "leaving":
        batch.left[key.removeprefix(LINK)] = datetime.fromtimestamp(int(item["left_at"]), UTC)
    elif key.startswith(LINK):
        batch.pressed[key.removeprefix(LINK)] = datetime.fromtimestamp(float(item["confirmed_at"]), UTC)


def take_in(place: Place, batch: Batch) -> None:
    """Keep what the batch holds, then let its items go. Raises StoreError."""
    intake, event_id = place.console.intake, place.event_id
    if batch.forms:
        taken = intake.take(event_id, [*batch.forms.values()])
        count("FormsTaken", taken.new)
        count("FormsUnfit", len(taken.unfit))
        for key, form in batch.forms.items():
            place.items.delete_form(key, int(form.at.timestamp()))
    if batch.pressed:
        count("LinksPressed", intake.press(event_id, batch.pressed))
    if batch.left:
        count("PlacesGivenBack", intake.leave(event_id, batch.left))


def handle(place: Place, event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
    """Lambda's answer: which records failed. Raises StoreError when nothing could be kept."""
    batch = Batch()

    def one(record: DynamoDBRecord) -> None:
        image = (record.dynamodb.new_image if record.dynamodb else None) or {}
        read_item(image, batch)

    processor = BatchProcessor(event_type=EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    with processor(records=event["Records"], handler=one, lambda_context=context):
        processor.process()
    answer = processor.response()
    for failed in answer["batchItemFailures"]:
        log.warning("a record cannot be read", extra={"sequence": failed["itemIdentifier"]})
        count("RecordsUnreadable")
    if batch:  # a record that cannot be read comes again by itself: that costs no more than looking at it
        place.catch_up()
        take_in(place, batch)
        _go_on(place)
    return dict(answer)


def _go_on(place: Place) -> None:
    """At once what the reconciler would do a minute later: registrations, their mails, the group. Best effort: what is
    not done now, `sweep` does. Nobody is waited for: the stream's next records wait behind this call, and whoever holds
    the lease to send mail takes in what was kept (mail.py).
    """
    with place.lease(wait_s=0.0) as held:
        if held:
            failed = place.runtime.run_once(DUTIES)
            for duty in failed:
                log.info("a duty waits", extra={"duty": duty})
                count("DutyFailed")
    if held:
        place.nudge_if_mails_wait()
    else:
        place.nudge()


@observed
def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:
    return handle(here(), event, context)
