"""What the mails are called, and how an announcement of an event's own is named. Pure."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping

from deepracer_admin.errors import BadInput
from deepracer_admin.rules.portal_mails import MAILS
from deepracer_admin.rules.templates import Template

__all__ = ["LONGEST", "check_title", "is_announcement", "mail_names", "new_key"]

SHIPPED: Mapping[str, str] = {
    "access": "Access",
    "races": "Race links",
    "reminder": "Reminder",
    "result": "Result",
    "turn": "Your turn",
}
SHORTEST, LONGEST = 3, 40
_NOTE = "note-"


def mail_names(templates: Iterable[Template]) -> dict[str, str]:
    """What each mail is called, by its key: those that come with the console, the portal's, the event's own."""
    own = {each.key: each.title for each in templates if each.title}
    return {**MAILS, **SHIPPED, **own}


def is_announcement(key: str) -> bool:
    """Is it the key of a mail that an organizer made?"""
    return key.startswith(_NOTE)


def check_title(title: str) -> str:
    """The title of an announcement as it is kept: one line, spaces trimmed. Raises BadInput."""
    title = " ".join(title.split())
    if not SHORTEST <= len(title) <= LONGEST:
        raise BadInput(f"Title: {SHORTEST} to {LONGEST} characters; the list of mails shows it.")
    if not title.isprintable() or not any(letter.isalnum() for letter in title):
        raise BadInput("Title: write it in letters and digits that can be seen.")
    return title


def new_key(title: str) -> str:
    """The key of a new announcement: letters, digits and "-", because senders take no others in what travels with a
    mail (identity-and-mail.md 4.4). Titles that differ in more than case and marks have different keys."""
    plain = unicodedata.normalize("NFKD", title.casefold())
    slug = re.sub(r"[^a-z0-9]+", "-", plain.encode("ascii", "ignore").decode()).strip("-")
    if any(letter.isalnum() and not letter.isascii() for letter in plain):  # another script, which the slug lacks
        slug = f"{slug}-{hashlib.sha256(plain.encode()).hexdigest()[:8]}".strip("-")
    return f"{_NOTE}{slug}"
