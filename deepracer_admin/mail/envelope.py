"""Who a mail is from and to, as mail wants it, judged in one place for every sender.

A From address that cannot be used concerns every mail and stops the campaign; a recipient's concerns that one mail.
Nothing of a mail's head may hold a line break: what follows it would be a header of its own (RFC 5322 2.2).
"""

from __future__ import annotations

from dataclasses import dataclass

from deepracer_admin.errors import AccessDenied, BadInput, Refused
from deepracer_admin.model import Mailbox, Message, ascii_address, has_hidden, read_mailbox

__all__ = ["Envelope", "envelope_of"]


@dataclass(frozen=True, slots=True)
class Envelope:
    """`to` has its domain in Punycode."""

    sender: Mailbox
    to: str
    reply_to: Mailbox | None = None

    @property
    def is_ascii(self) -> bool:
        """False when a part before an @-sign is not, which only SMTPUTF8 carries (RFC 6531)."""
        return self.sender.address.isascii() and self.to.isascii()


def envelope_of(message: Message, service: str) -> Envelope:
    """Raises AccessDenied for a From or Reply-To address, Refused for a recipient or subject."""
    where = {"service": service, "operation": "send", "code": "head"}
    found: dict[str, Mailbox] = {}
    for called, text in (("Sender", message.sender), ("Reply-To", message.reply_to)):
        if not text and called == "Reply-To":
            continue
        try:
            found[called] = read_mailbox(text)
        except BadInput as wrong:
            place = (
                "`mail_reply_to` in the settings" if called == "Reply-To" else "“Sender of our mail” on the Set up page"
            )
            raise AccessDenied(f"No mail goes out: correct {place}; {wrong.sentence}", **where) from None
    if has_hidden(message.to) or any(each.isspace() for each in message.to) or "@" not in message.to:
        raise Refused("The address of this person is none that mail can go to: correct it.", **where)
    if has_hidden(message.subject):
        raise Refused("The subject of this mail holds a line break or a character that nobody sees.", **where)
    return Envelope(found["Sender"], ascii_address(message.to), found.get("Reply-To"))


_PLACES = {
    "Sender": "“Sender of our mail” on the Set up page",
    "Reply-To": "`mail_reply_to` in the settings",
}
