"""Mail as SES takes it: simple, raw or from a template; and the events that follow it (identity-and-mail.md 4.1)."""

import base64
import binascii
import email
import email.policy
import json
import re
from dataclasses import dataclass, field
from email.header import decode_header, make_header
from email.utils import getaddresses
from typing import Any

PLACE = re.compile(r"\{\{\s*([A-Za-z_][\w.-]*)\s*\}\}")
NAME = re.compile(r'(?:"(?:[^"\\]|\\.)*"|[^\x00-\x1f",;:@<>\[\]\\])*')
LOCAL = re.compile(r'"[^"]*"|[^()<>,;:\\"\[\]@]+')
DOMAIN = re.compile(r"[A-Za-z0-9.-]+")
TAG_NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
TAG_VALUE = re.compile(r"[A-Za-z0-9_.@-]{1,256}")


class Wrong(Exception):
    """The request is not a proper mail; the text is what SES answers."""


class Unrendered(Exception):
    """A template names something that its data does not have: accepted by SES, but never delivered."""


@dataclass
class Mail:
    """What arrives with a reader. Without a subject and a text it could not be rendered (`failure` says why)."""

    sender: str
    subject: str | None = None
    text: str | None = None
    html: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    template: str | None = None
    failure: str | None = None


def rendered(text: str, values: dict[str, Any]) -> str:
    """The text with ``{{name}}`` replaced. Raises Unrendered for a name without a value."""

    def value(match: re.Match[str]) -> str:
        found: Any = values
        for step in match[1].split("."):
            if not isinstance(found, dict) or step not in found:
                raise Unrendered(f"Attribute '{match[1]}' is not present in the rendering data.")
            found = found[step]
        return str(found)

    return PLACE.sub(value, text)


def template_data(text: Any) -> dict[str, Any]:
    """Raises Wrong when the data is not a JSON object."""
    try:
        found = json.loads(text) if text else {}
    except (TypeError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise Wrong("Template rendering data is invalid")
    return found


def from_template(sender: str, name: str | None, parts: dict[str, Any], values: dict[str, Any]) -> Mail:
    if not parts.get("Subject") or not (parts.get("Text") or parts.get("Html")):
        raise Wrong("The template needs a subject and a text or html part.")
    mail = Mail(sender, template=name)
    try:
        mail.subject = rendered(parts["Subject"], values)
        mail.text = rendered(parts["Text"], values) if parts.get("Text") else None
        mail.html = rendered(parts["Html"], values) if parts.get("Html") else None
    except Unrendered as failure:
        return Mail(sender, template=name, failure=str(failure))
    return mail


def from_simple(sender: str, content: dict[str, Any]) -> Mail:
    def data(part: Any) -> str | None:
        return part.get("Data") if isinstance(part, dict) else None

    body = content.get("Body") or {}
    mail = Mail(sender, data(content.get("Subject")), data(body.get("Text")), data(body.get("Html")))
    if mail.subject is None or (mail.text is None and mail.html is None):
        raise Wrong("Missing final content: a subject and a text or html body are required.")
    mail.headers = {header["Name"]: header["Value"] for header in content.get("Headers") or ()}
    for value in (mail.subject, *mail.headers.values()):
        one_line(value)
    return mail


def from_raw(sender: str | None, content: dict[str, Any]) -> tuple[Mail, list[str], dict[str, str]]:
    """The mail, the recipients and the tags that its own headers name."""
    try:
        message = email.message_from_bytes(
            base64.b64decode(content.get("Data", ""), validate=True), policy=email.policy.default
        )
    except (binascii.Error, TypeError):
        raise Wrong("Raw data is not valid base64.") from None
    sender = sender or str(message.get("From", ""))
    if not sender:
        raise Wrong("Missing required header 'From'.")
    fields = [str(value) for name in ("To", "Cc", "Bcc") for value in message.get_all(name, [])]
    recipients = [address for _, address in getaddresses(fields) if address]
    tags = {}
    for part in str(message.get("X-SES-MESSAGE-TAGS", "")).split(","):
        name, equals, value = part.strip().partition("=")
        if equals:
            tags[name] = value

    def text_of(kind: str) -> str | None:
        part = message.get_body((kind,))  # type: ignore[attr-defined]
        return None if part is None else part.get_content()

    headers = {name: str(value) for name, value in message.items()}
    return Mail(sender, str(message.get("Subject", "")), text_of("plain"), text_of("html"), headers), recipients, tags


def checked_tags(entries: Any) -> dict[str, str]:
    """Tags as SES allows them: letters, digits, ``_ -`` and in values also ``. @``. Raises Wrong."""
    tags = {}
    for entry in entries or ():
        name, value = str(entry.get("Name", "")), str(entry.get("Value", ""))
        if not TAG_NAME.fullmatch(name):
            raise Wrong(f"Invalid tag name <{name}>: only alphanumeric ASCII characters, '_', and '-' are allowed.")
        if not TAG_VALUE.fullmatch(value):
            raise Wrong(
                f"Invalid tag value <{value}>: only alphanumeric ASCII characters, '_', '-', '.', and '@' are allowed."
            )
        tags[name] = value
    return tags


def bare(address: str) -> str:
    """``Ada <ada@example.com>`` as ``ada@example.com``; raises Wrong in the words of SES.

    SES takes ASCII addresses alone (domains in Punycode; it does not speak SMTPUTF8), and a name that holds commas or
    other marks of the syntax only in quotes. Its sentences are those of JavaMail's parser, as clients have reported
    them. A name beyond ASCII passes, but is not what arrives (`shown`).
    """
    name, angle, rest = address.strip().rpartition("<")
    found = rest.removesuffix(">") if angle else rest
    if not NAME.fullmatch(name) or bool(angle) != rest.endswith(">"):
        raise Wrong("Illegal address")
    local, at, domain = found.rpartition("@")
    if not at:
        raise Wrong("Missing final '@domain'")
    if not local or not domain:
        raise Wrong("Missing domain" if local else "Missing local name")
    for part, text, allowed in (("Local address", local, LOCAL), ("Domain", domain, DOMAIN)):
        if not all("!" <= character <= "~" for character in text):
            raise Wrong(f"{part} contains control or whitespace")
        if not allowed.fullmatch(text):
            raise Wrong(f"{part} contains illegal character")
    if ".." in domain:
        raise Wrong("Domain contains dot-dot")
    if domain.startswith(".") or "." not in domain:
        raise Wrong("Domain starts with dot" if "." in domain else "Illegal address")
    return found.lower()


def shown(address: str) -> str:
    """What a reader's program makes of a From header: encoded words are decoded (RFC 2047); of a name that is not
    encoded SES drops what is not ASCII (https://github.com/aws/aws-sdk-js/issues/1585)."""
    name, angle, rest = address.strip().rpartition("<")
    name = name.strip().encode("ascii", "ignore").decode()
    if name.startswith('"'):
        return re.sub(r"\\(.)", r"\1", name[1:].removesuffix('"')) + f" <{rest}"
    return f"{make_header(decode_header(name))} <{rest}" if angle else address


def one_line(text: str | None) -> None:
    """Raises Wrong for a header value of several lines (the words are ours: SES's own are not known)."""
    if text is not None and re.search(r"[\x00-\x08\x0a-\x1f\x7f]", text):
        raise Wrong("Header value contains a line break or a control character.")


def event(kind: str, entry: dict[str, Any], at: str, account: str, details: dict[str, Any]) -> dict[str, Any]:
    """An event in the JSON form that SES publishes. `entry` is the mail's entry in the outbox."""
    tags = {name: [value] for name, value in entry["tags"].items()}
    if entry["configuration_set"]:
        tags["ses:configuration-set"] = [entry["configuration_set"]]
    tags["ses:operation"] = [entry["operation"]]
    sender = bare(entry["from"])
    return {
        "eventType": kind,
        "mail": {
            "timestamp": entry["at"],
            "source": entry["from"],
            "sourceArn": f"arn:aws:ses:us-east-1:{account}:identity/{sender}",
            "sendingAccountId": account,
            "messageId": entry["message_id"],
            "destination": [entry["to"]],
            "headersTruncated": False,
            "headers": [{"name": name, "value": value} for name, value in entry["headers"].items()],
            "commonHeaders": {
                "from": [entry["from"]],
                "to": [entry["to"]],
                "messageId": entry["message_id"],
                "subject": entry["subject"],
            },
            "tags": tags,
        },
        **event_part(kind, entry, at, details),
    }


def event_part(kind: str, entry: dict[str, Any], at: str, details: dict[str, Any]) -> dict[str, Any]:
    if kind == "Delivery":
        return {
            "delivery": {
                "timestamp": at,
                "processingTimeMillis": 900,
                "recipients": [entry["to"]],
                "smtpResponse": "250 2.6.0 Message received",
                "reportingMTA": "practice.example",
            }
        }
    if kind == "Bounce":
        return {
            "bounce": {
                "feedbackId": f"feedback-{entry['message_id']}",
                "bounceType": "Permanent",
                "bounceSubType": details["sub_type"],
                "bouncedRecipients": [
                    {
                        "emailAddress": entry["to"],
                        "action": "failed",
                        "status": "5.1.1",
                        "diagnosticCode": details["diagnostic"],
                    }
                ],
                "timestamp": at,
                "reportingMTA": "dns; practice.example",
            }
        }
    if kind == "Complaint":
        return {
            "complaint": {
                "feedbackId": f"feedback-{entry['message_id']}",
                "complainedRecipients": [{"emailAddress": entry["to"]}],
                "complaintFeedbackType": "abuse",
                "timestamp": at,
            }
        }
    if kind == "Rendering Failure":
        return {"failure": {"templateName": entry["template"] or "inline", "errorMessage": entry["failure"]}}
    return {"send": {}}
