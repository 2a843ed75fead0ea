"""The practice SES v2: accepts mail within its quota and keeps it (identity-and-mail.md 4.1). Nothing is sent."""

from __future__ import annotations

import email.message
import json
import random
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.journal import Journal
from deepracer_admin.rehearsal.shared.sigv4 import Refusal, verify

from . import mails
from .account import SENDER, Account, SesError
from .aftermath import Aftermath, Outbox
from .mails import Mail, Wrong

MOST_RECIPIENTS, MOST_ENTRIES = 50, 50
PREFIX = "/ses/v2/email"


@dataclass(frozen=True)
class Operation:
    name: str
    method: str
    path: re.Pattern[str]
    handler: Callable[..., dict[str, Any]]


class Ses:
    """Requests are paced in real time; the quota of a day and the events after a mail follow practice time.

    Own faults: see `Account`.
    """

    name = "ses"

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._random = random.Random(f"ses-{ground.seed}")
        self.account = Account(ground)
        self._aftermath = Aftermath(ground, self.account, self._random)
        self._templates: dict[str, dict[str, str]] = {}
        word = r"(?P<key>[^/]+)"
        own = self.account
        table: list[tuple[str, str, str, Callable[..., dict[str, Any]]]] = [
            ("GetAccount", "GET", "/account", own.get_account),
            ("SendEmail", "POST", "/outbound-emails", self.send_email),
            ("SendBulkEmail", "POST", "/outbound-bulk-emails", self.send_bulk_email),
            ("GetEmailIdentity", "GET", f"/identities/{word}", own.get_identity),
            ("ListSuppressedDestinations", "GET", "/suppression/addresses", own.list_suppressed),
            ("GetSuppressedDestination", "GET", f"/suppression/addresses/{word}", own.get_suppressed),
            ("DeleteSuppressedDestination", "DELETE", f"/suppression/addresses/{word}", own.delete_suppressed),
            ("PutSuppressedDestination", "PUT", "/suppression/addresses", own.put_suppressed),
            ("CreateConfigurationSet", "POST", "/configuration-sets", own.create_configuration_set),
            ("GetConfigurationSet", "GET", f"/configuration-sets/{word}", own.get_configuration_set),
            (
                "GetConfigurationSetEventDestinations",
                "GET",
                f"/configuration-sets/{word}/event-destinations",
                own.get_event_destinations,
            ),
            ("CreateEmailTemplate", "POST", "/templates", self.create_template),
            ("TestRenderEmailTemplate", "POST", f"/templates/{word}/render", self.test_render),
        ]
        self._operations = [Operation(name, method, re.compile(path), handler) for name, method, path, handler in table]

    @property
    def outbox(self) -> Outbox:
        return self._aftermath.outbox

    @property
    def events(self) -> Journal:
        return self._aftermath.events

    def routes(self) -> list[Route]:
        methods = ["GET", "POST", "PUT", "DELETE"]
        queue = self._aftermath.queue.handle
        return [
            Route(f"{PREFIX}/{{path:path}}", self.handle, methods=methods),
            Route("/sqs", queue, methods=["POST"], name="Queue"),
            Route("/sqs/{path:path}", queue, methods=["POST"], name="Queue"),
        ]

    def operation(self, method: str, path: str, headers: Mapping[str, str]) -> str | None:
        found = self._find(method, path.removeprefix(PREFIX))
        return found[0].name if found else None

    def _find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        for operation in self._operations:
            match = operation.path.fullmatch(path)
            if match is not None and operation.method == method:
                return operation, match.groupdict()
        return None

    def fault_response(self, name: str, operation: str) -> Response:
        if name == "throttle":
            return answer_error(SesError(429, "TooManyRequestsException", "Maximum sending rate exceeded."))
        return answer_error(SesError(500, "InternalFailure", "Service unavailable. Please try again."))

    async def handle(self, request: Request) -> Response:
        raw = await request.body()
        try:
            verify(request, raw, "ses", self._ground.company_key, region="us-east-1", now=self._ground.clock.real())
            found = self._find(request.method, request.url.path.removeprefix(PREFIX))
            if found is None:
                raise SesError(404, "UnknownOperationException", "The practice SES does not know this operation.")
            operation, key = found
            if self._ground.faults.take("ses", operation.name, names={"denied"}):
                raise SesError(403, "AccessDeniedException", f"User is not authorized to perform ses:{operation.name}")
            asked = queried(request) if request.method == "GET" else decoded(raw)
            answer = operation.handler(asked, **{name: unquote(value) for name, value in key.items()})
        except Refusal as refusal:
            return answer_error(SesError(403, refusal.error_type, refusal.message))
        except Wrong as wrong:
            return answer_error(SesError(400, "BadRequestException", str(wrong)))
        except SesError as error:
            return answer_error(error)
        return JSONResponse(answer, headers={"x-amzn-RequestId": str(uuid.uuid4())})

    # --- templates

    def create_template(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body.get("TemplateName", "")
        if name in self._templates:
            raise SesError(400, "AlreadyExistsException", f"Template {name} already exists.")
        self._templates[name] = dict(body.get("TemplateContent") or {})
        return {}

    def _stored(self, name: str) -> dict[str, str]:
        if name not in self._templates:
            raise SesError(404, "NotFoundException", f"Template {name} does not exist.")
        return self._templates[name]

    def test_render(self, body: dict[str, Any], key: str) -> dict[str, Any]:
        values = mails.template_data(body.get("TemplateData"))
        mail = mails.from_template(SENDER, key, self._stored(key), values)
        if mail.failure is not None:
            raise Wrong(mail.failure)
        message = email.message.EmailMessage()
        message["Subject"] = mail.subject or ""
        message.set_content(mail.text or "")
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
        return {"RenderedTemplate": message.as_string()}

    # --- sending

    def send_email(self, body: dict[str, Any]) -> dict[str, Any]:
        content = body.get("Content") or {}
        kinds = [kind for kind in ("Simple", "Raw", "Template") if content.get(kind) is not None]
        if len(kinds) != 1:
            raise Wrong("Exactly one of Simple, Raw and Template content is required.")
        tags = mails.checked_tags(body.get("EmailTags"))
        recipients = destinations(body.get("Destination"))
        sender = body.get("FromEmailAddress")
        if kinds == ["Raw"]:
            mail, named, header_tags = mails.from_raw(sender, content["Raw"])
            recipients, tags = recipients or named, header_tags | tags
        elif not sender:
            raise Wrong("Missing required parameter: FromEmailAddress.")
        elif kinds == ["Simple"]:
            mail = mails.from_simple(sender, content["Simple"])
        else:
            mail = self._from_template(sender, content["Template"], {})
        addresses = checked_addresses(recipients)
        for address in body.get("ReplyToAddresses") or ():
            mails.bare(address)
        name = body.get("ConfigurationSetName") or mail.headers.get("X-SES-CONFIGURATION-SET")
        self.account.check_sender(mail.sender)
        self.account.check_recipients(addresses)
        self.account.check_configuration_set(name)
        self.account.take(len(addresses))
        return {"MessageId": self._accept(mail, addresses, tags, name, "SendEmail")}

    def _from_template(self, sender: str, template: dict[str, Any], replaced: dict[str, Any]) -> Mail:
        values = mails.template_data(template.get("TemplateData")) | replaced
        name = template.get("TemplateName")
        parts = template.get("TemplateContent") or self._stored(name or "")
        return mails.from_template(sender, name, parts, values)

    def send_bulk_email(self, body: dict[str, Any]) -> dict[str, Any]:
        """One result for each entry, in order."""
        entries = body.get("BulkEmailEntries") or []
        if not 1 <= len(entries) <= MOST_ENTRIES:
            raise Wrong(f"The number of bulk email entries must be between 1 and {MOST_ENTRIES}.")
        sender, template = body.get("FromEmailAddress"), (body.get("DefaultContent") or {}).get("Template")
        if not sender or not template:
            raise Wrong("FromEmailAddress and a default template are required.")
        self.account.check_sender(sender)
        tags = mails.checked_tags(body.get("DefaultEmailTags"))
        return {"BulkEmailEntryResults": [self._send_entry(body, template, tags, entry) for entry in entries]}

    def _send_entry(
        self, body: dict[str, Any], template: dict[str, Any], tags: dict[str, str], entry: dict[str, Any]
    ) -> dict[str, Any]:
        replacement = ((entry.get("ReplacementEmailContent") or {}).get("ReplacementTemplate")) or {}
        name = body.get("ConfigurationSetName")
        status = "CONFIGURATION_SET_NOT_FOUND"
        try:
            replaced = mails.template_data(replacement.get("ReplacementTemplateData"))
            own_tags = tags | mails.checked_tags(entry.get("ReplacementTags"))
            addresses = checked_addresses(destinations(entry.get("Destination")))
            self.account.check_configuration_set(name)
            status = "TEMPLATE_NOT_FOUND"
            mail = self._from_template(body["FromEmailAddress"], template, replaced)
            status = "MESSAGE_REJECTED"
            self.account.check_recipients(addresses)
            status = "ACCOUNT_THROTTLED"
            self.account.take(len(addresses))
        except Wrong as wrong:
            return {"Status": "INVALID_PARAMETER", "Error": str(wrong)}
        except SesError as error:
            status = "ACCOUNT_DAILY_QUOTA_EXCEEDED" if error.kind == "LimitExceededException" else status
            return {"Status": status, "Error": error.message}
        return {"Status": "SUCCESS", "MessageId": self._accept(mail, addresses, own_tags, name, "SendBulkEmail")}

    def _accept(self, mail: Mail, addresses: list[str], tags: dict[str, str], name: str | None, operation: str) -> str:
        message_id = f"0100{uuid.uuid4()}-000000"
        common = {
            "message_id": message_id,
            "at": self._ground.clock.now().isoformat(timespec="milliseconds"),
            "tags": tags,
            "configuration_set": name,
            "operation": operation,
        }
        self._aftermath.accept(mail, addresses, common)
        self._ground.counters.writes[self.name] += 1
        return message_id

    # --- keeping

    def tick(self, now: datetime) -> None:
        if self._aftermath.publish_until(now):
            self._ground.touch()

    def snapshot(self) -> dict[str, Any]:
        return {
            "account": self.account.snapshot(),
            "aftermath": self._aftermath.snapshot(),
            "templates": self._templates,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.account.restore(state["account"])
        self._templates = state["templates"]
        self._aftermath.restore(state["aftermath"])

    def truth(self) -> dict[str, Any]:
        return {"mails_sent": self.outbox.sent, "mails_duplicate": self.outbox.duplicates}


def decoded(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw) if raw else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise SesError(400, "SerializationException", "The body is not a JSON object.")
    return found


def queried(request: Request) -> dict[str, list[str]]:
    return {name: request.query_params.getlist(name) for name in request.query_params}


def destinations(destination: Any) -> list[str]:
    found = destination or {}
    return [address for name in ("ToAddresses", "CcAddresses", "BccAddresses") for address in found.get(name) or ()]


def checked_addresses(recipients: list[str]) -> list[str]:
    addresses = [mails.bare(address) for address in recipients]
    if not 1 <= len(addresses) <= MOST_RECIPIENTS:
        raise Wrong(f"Recipient count must be between 1 and {MOST_RECIPIENTS}.")
    return addresses


def answer_error(error: SesError) -> Response:
    headers = {"x-amzn-ErrorType": error.kind, "x-amzn-RequestId": str(uuid.uuid4())}
    return JSONResponse({"message": error.message}, error.status, headers)
