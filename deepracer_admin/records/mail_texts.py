"""The texts of an event's mails that differ from those that come with the console."""

from __future__ import annotations

from deepracer_admin.rules.templates import Template
from deepracer_admin.store.documents import Table

__all__ = ["MAIL_TEXTS", "text_key"]

MAIL_TEXTS = Table("templates", Template, "template", personal=False)
"""`text_key` -> the event's own text, newest version. Written by organizers (Messages); read whenever a mail is
written."""


def text_key(template: Template) -> str:
    """E.g. "access.en"."""
    return f"{template.key}.{template.language}"
