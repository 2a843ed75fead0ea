"""Our key and tags in the form that SES takes: `[A-Za-z0-9_-]`, at most 256 characters.

The key is kept reversibly (base64url without padding), because delivery events are matched by it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence

from deepracer_admin.errors import Refused
from deepracer_admin.model import Message

__all__ = ["KEY_TAG", "as_tags", "key_from_tags"]

KEY_TAG = "key"
LONGEST = 256
_NOT_ALLOWED = re.compile(r"[^A-Za-z0-9_-]")


def as_tags(message: Message) -> list[dict[str, str]]:
    """The tags of a message, the key among them. Raises `Refused` for a key that SES cannot hold."""
    encoded = base64.urlsafe_b64encode(message.key.encode()).decode().rstrip("=")
    if not encoded or len(encoded) > LONGEST:
        raise Refused("This mail's key is too long for SES; shorten the template's name.", service="sesv2")
    tags = {KEY_TAG: encoded}
    tags |= {_plain(name): _plain(value) for name, value in message.tags.items() if name != KEY_TAG and value}
    return [{"Name": name, "Value": value} for name, value in tags.items()]


def key_from_tags(tags: Mapping[str, Sequence[str]]) -> str:
    """The key in an event's tags, "" when the mail was none of ours."""
    encoded = next(iter(tags.get(KEY_TAG, ())), "")
    try:
        return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode()
    except (binascii.Error, ValueError):
        return ""


def _plain(text: str) -> str:
    return _NOT_ALLOWED.sub("-", text)[:LONGEST]
