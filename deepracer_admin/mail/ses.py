"""Amazon SES v2 behind the Mailer port (identity-and-mail.md 4.1 and 4.4).

One message a call, botocore's own retries off for sends, on for reads. Our key travels as a tag, so that delivery
events can be matched to the ledger even when the answer to a send was lost.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from deepracer_admin.clock import Clock, SystemClock
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, aws_error, odd_answer
from deepracer_admin.edge.reach import PRACTICE_HEADER
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import (
    AccessDenied,
    BadInput,
    ConsoleError,
    LostAnswer,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
)
from deepracer_admin.mail.envelope import Envelope, envelope_of
from deepracer_admin.mail.ses_check import events_finding, findings
from deepracer_admin.mail.ses_events import EventQueue
from deepracer_admin.mail.ses_tags import as_tags
from deepracer_admin.model import DeliveryEvent, Finding, Message, Receipt, SenderLimits, read_mailbox

__all__ = ["Ses"]

SERVICE = "sesv2"
SES = AwsService(SERVICE, "Amazon SES", rights="ses", policy="mail-ses.json")
FEW = 20  # addresses that are looked up one by one; more are found in the suppression list
_PAGES = 500  # of 1,000 addresses in the suppression list

T = TypeVar("T")


class Ses:
    """Sends through one account and region. `events_queue_url` is the SQS queue of the configuration set's events."""

    kind = "ses"
    in_flight = 16  # architecture.md, Concurrency and limits

    def __init__(
        self,
        access: AwsAccess,
        *,
        configuration_set: str | None = None,
        events_queue_url: str | None = None,
        queue_access: AwsAccess | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._access = access
        self._configuration_set = configuration_set or ""
        self._clock = clock or SystemClock()
        self._sends = access.client(SERVICE, attempts=1, connections=self.in_flight)
        self._reads = access.client(SERVICE)
        self._queue = EventQueue(queue_access or access, events_queue_url) if events_queue_url else None

    @property
    def practice_world(self) -> bool:
        """True when SES names itself a rehearsal; a live event must not use it. Asks each time; may raise."""
        return PRACTICE_HEADER in self._read("GetAccount").get("ResponseMetadata", {}).get("HTTPHeaders", {})

    def send(self, message: Message) -> Receipt:
        envelope = _speakable(envelope_of(message, SERVICE))
        request: dict[str, Any] = {
            "FromEmailAddress": envelope.sender.written(),
            "Destination": {"ToAddresses": [envelope.to]},
            "Content": {"Simple": {"Subject": _utf8(message.subject), "Body": _bodies(message)}},
            "EmailTags": as_tags(message),
        }
        if envelope.reply_to:
            request["ReplyToAddresses"] = [envelope.reply_to.written()]
        if self._configuration_set:
            request["ConfigurationSetName"] = self._configuration_set
        try:
            return Receipt(str(self._sends.send_email(**request)["MessageId"]))
        except ConsoleError:  # it was not let out, or somebody between us and SES answered in its place
            raise
        except (BotoCoreError, ClientError) as failure:
            raise self._send_error(failure) from None
        except Exception as failure:
            # whatever broke while the answer was read: the request may have been done
            raise LostAnswer(
                "The mail service's answer was lost: the mail may have been sent.",
                service=SERVICE,
                operation="SendEmail",
                code=type(failure).__name__,
            ) from failure

    def limits(self) -> SenderLimits:
        account = self._account()
        quota = account["SendQuota"]
        return SenderLimits(
            per_second=float(quota.get("MaxSendRate", 0.0)),
            per_day=int(quota["Max24HourSend"]),
            used_today=int(quota.get("SentLast24Hours", 0)),
            sandbox=not account.get("ProductionAccessEnabled", False),
            enabled=bool(account.get("SendingEnabled", True)) and account.get("EnforcementStatus") != "SHUTDOWN",
            as_of=self._clock.now(),
        )

    def suppressed(self, addresses: Sequence[str]) -> dict[str, str]:
        wanted = {a.casefold(): a for a in addresses}
        reasons = self._suppression_list() if len(wanted) > FEW else None
        if reasons is None:
            reasons = {folded: self._suppression(address) for folded, address in wanted.items()}
        return {wanted[folded]: reasons[folded] for folded in wanted if reasons.get(folded)}

    def events(self) -> Sequence[DeliveryEvent]:
        return self._queue.receive() if self._queue else []

    def settle_events(self) -> None:
        if self._queue:
            self._queue.settle()

    def check(self, sender: str, *, need: int = 0) -> Sequence[Finding]:
        """Is `sender` usable for `need` mails (0 = unknown)? Raises no `NotThere`: an unknown identity is a finding."""
        account = self._account()
        try:
            mailbox = read_mailbox(sender)
        except BadInput as wrong:
            found = findings(sender, account, None, need=need, wrong=wrong.sentence)
        else:
            identity = self._identity(mailbox.address) or self._identity(mailbox.domain)
            found = findings(mailbox.address, account, identity, need=need)
        found.append(self._events_finding())
        return [replace(f, as_of=self._clock.now()) for f in found]

    def dkim_records(self, sender: str) -> Mapping[str, str]:
        """Those of the From domain: Easy DKIM's three, a CNAME each (identity-and-mail.md 4.1)."""
        mailbox = read_mailbox(sender)
        identity = self._identity(mailbox.domain) or self._identity(mailbox.address)
        if identity is None:
            return {}
        if "VerifiedForSendingStatus" not in identity:  # an answer without it would read as "signs nothing"
            raise odd_answer(SERVICE, SES.called, "GetEmailIdentity")
        tokens = [str(token) for token in identity.get("DkimAttributes", {}).get("Tokens") or ()]
        return {f"{token}._domainkey.{mailbox.domain}": f"{token}.dkim.amazonses.com" for token in tokens}

    def close(self) -> None:
        for client in (self._sends, self._reads):
            client.close()
        if self._queue:
            self._queue.close()

    # ---------------------------------------------------------------------------------------------------- reads

    def _account(self) -> dict[str, Any]:
        """What SES says of the account; without its quota it is no answer, and would read as a quota of nothing."""
        account = self._read("GetAccount")
        quota = account.get("SendQuota")
        if not isinstance(quota, dict) or "Max24HourSend" not in quota:
            raise odd_answer(SERVICE, SES.called, "GetAccount")
        return account

    def _suppression(self, address: str) -> str:
        try:
            found = self._read("GetSuppressedDestination", EmailAddress=address)
        except NotThere:
            return ""
        entry = found.get("SuppressedDestination")
        if not entry:  # it must not keep a mail back
            raise odd_answer(SERVICE, SES.called, "GetSuppressedDestination")
        return _reason(entry)

    def _suppression_list(self) -> dict[str, str] | None:
        """The account's whole list; None where the endpoint offers no such listing."""
        reasons: dict[str, str] = {}
        page: dict[str, Any] = {"PageSize": 1000}
        for _ in range(_PAGES):
            try:
                answer = self._read("ListSuppressedDestinations", **page)
            except NotThere:
                return None
            for entry in answer.get("SuppressedDestinationSummaries", []):
                reasons[str(entry.get("EmailAddress", "")).casefold()] = _reason(entry)
            token = answer.get("NextToken")
            if not token or token == page.get("NextToken"):
                break
            page["NextToken"] = token
        return reasons

    def _identity(self, name: str) -> dict[str, Any] | None:
        try:
            return self._read("GetEmailIdentity", EmailIdentity=name)
        except NotThere:
            return None

    def _events_finding(self) -> Finding:
        name = self._configuration_set
        if not name:
            return events_finding("", [])
        try:
            answer = self._read("GetConfigurationSetEventDestinations", ConfigurationSetName=name)
        except NotThere as missing:
            return events_finding(name, None, told=missing.code == "NotFoundException")
        return events_finding(name, answer.get("EventDestinations", []))

    def _read(self, operation: str, **request: Any) -> dict[str, Any]:
        method = self._reads.meta.method_to_api_mapping
        name = next(python for python, api in method.items() if api == operation)
        try:
            return getattr(self._reads, name)(**request)
        except (BotoCoreError, ClientError, *UNREADABLE) as failure:
            raise aws_error(
                failure, SES, operation, reads=True, renewal=self._access.renewal, profile=self._access.profile
            ) from None

    def _send_error(self, failure: Exception) -> ServiceError:
        """SES's own refusals on top of what any AWS service may say (identity-and-mail.md 4.1, Exceptions)."""
        code = failure.response.get("Error", {}).get("Code", "") if isinstance(failure, ClientError) else ""
        message = failure.response.get("Error", {}).get("Message", "") if isinstance(failure, ClientError) else ""
        access = self._access
        error = aws_error(
            failure, SES, "SendEmail", reads=False, at_most_once=True, renewal=access.renewal, profile=access.profile
        )
        where = {"service": SERVICE, "operation": "SendEmail", "code": code}
        if isinstance(error, LostAnswer):
            return error
        if code == "LimitExceededException":
            sentence = "The account's mail quota is used up; the rest is sent when AWS allows more."
            return Throttled(sentence, retry_after=3600.0, **where)
        if code in _STOPS:
            return AccessDenied(_STOPS[code], **where)
        if code == "MessageRejected" and "not verified" in message.lower():
            return AccessDenied(NOT_VERIFIED, **where)
        if isinstance(error, NotThere):
            return AccessDenied(_NO_SET.format(self._configuration_set), **where)
        if isinstance(error, Refused):
            return Refused(f"SES refused this mail: {message or code or 'the request is not valid'}"[:300], **where)
        return error


NOT_VERIFIED = (
    "SES refused an address that is not verified: verify the sender in SES, and while the account is in the sandbox "
    "ask AWS for production access."
)
_NO_SET = (
    "SES knows no configuration set {!r}: create it or correct the setting mail_configuration_set; nothing was sent."
)
_STOPS = {
    "AccountSuspendedException": "AWS has suspended this account's mail: its owner must write to AWS Support.",
    "SendingPausedException": "Sending is paused for this account or configuration set: resume it in the SES console.",
    "MailFromDomainNotVerifiedException": "The MAIL FROM domain is not verified: correct its DNS records in SES.",
}


def _speakable(envelope: Envelope) -> Envelope:
    """SES speaks no SMTPUTF8: what stands before an @-sign must be ASCII (identity-and-mail.md 4.1)."""
    where = {"service": SERVICE, "operation": "SendEmail", "code": "smtputf8"}
    senders = [mailbox.address for mailbox in (envelope.sender, envelope.reply_to) if mailbox]
    if not all(address.isascii() for address in senders):
        raise AccessDenied(NO_UNICODE_SENDER, **where)
    if not envelope.to.isascii():
        raise Refused(NO_UNICODE_RECIPIENT, **where)
    return envelope


NO_UNICODE_SENDER = (
    "Amazon SES sends from no address with letters like é before the @-sign: choose another one as “Sender of our "
    "mail” on the Set up page, or as `mail_from` and `mail_reply_to` in the settings."
)
NO_UNICODE_RECIPIENT = (
    "Amazon SES mails no address with letters like é before the @-sign: ask this person for another address."
)


def _bodies(message: Message) -> dict[str, Any]:
    bodies = {"Text": _utf8(message.text)}
    return bodies | ({"Html": _utf8(message.html)} if message.html else {})


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _reason(entry: dict[str, Any]) -> str:
    what = {"BOUNCE": "an earlier mail bounced", "COMPLAINT": "the person complained about an earlier mail"}
    return f"SES holds this address back: {what.get(entry.get('Reason', ''), 'it is on the suppression list')}."
