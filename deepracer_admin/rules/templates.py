"""Mail templates with a closed list of placeholders; no template language.

A template is a subject and a body text with placeholders in braces, e.g. `{name}`. The HTML part is made from the same
body: paragraphs at blank lines, addresses that stand alone as links. Values are escaped by context: line breaks never
reach the subject, HTML gets escaped text, links only http(s) addresses. What people say of themselves (their name)
becomes no link, neither by us nor by the program that shows the mail.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from deepracer_admin.errors import BadInput

__all__ = [
    "PASSWORD_NOTE",
    "PLACEHOLDERS",
    "Rendered",
    "Template",
    "check_template",
    "mask_password",
    "render",
    "unlinked",
]

PASSWORD_NOTE = "password_note"  # noqa: S105 - a placeholder
MASK = "••••••••"

PLACEHOLDERS: dict[str, str] = {
    "name": "the person's name, or the part of the address before @",
    "event": "the event's name",
    "portal_link": "where to sign in",
    "race_links": "the links of the event's races, one a line",
    "alias": "the person's racer name",
    "address": "the address to sign in with",
    "starts": "start in the event's zone",
    "ends": "end in the event's zone",
    "hours": "training hours the person may use",
    "models": "number of models the person may make",
    "password_note": "how the first password comes, or that password itself where our mail carries it",
    "material_link": "link to the event's material",
    "results": "the person's place and time in each race whose result is final, one a line",
    "guest_note": "a guest's own link to accept the invitation",
}
_WRITE_IT = {"portal_link": ": write the portal link on the Set up page, under “Access, mail and links”"}
REQUIRED = frozenset({"name", "event", "portal_link", "alias", "address", "starts", "ends", "hours"})
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SAID_BY_PEOPLE = frozenset({"name", "alias"})
_LINKED_BY_PROGRAMS = (
    (
        re.compile(r"(?<=\w)([.\u3002\uff0e\uff61])(?=\w)"),
        r"\1 ",
    ),  # the dots of domains, also in Unicode (RFC 3490 3.1)
    (re.compile(r"(?<=\S)(?=@\S)"), " "),
    (re.compile(r"(?<=\S)(?=//)|(?<=\\)(?=\\)|(?<=/)(?=/)"), " "),  # Outlook links \\\\server\\share, too
)
_LINK = re.compile(r"https?://[^\s<>\"']+")


@dataclass(frozen=True, slots=True)
class Template:
    """One template in one language. `version` grows with every edit: an edit is a new mail, never a silent change.

    `title`: what an organizer called an announcement of their own; "" for the mails that come with the console.
    """

    key: str
    language: str
    version: int
    subject: str
    body: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's three parts."""

    subject: str
    text: str
    html: str


def check_template(template: Template, *, own: Collection[str] = ()) -> list[str]:
    """The placeholders in use; `own` ones are allowed beside those for everybody.

    Raises BadInput for an unknown one, an empty part or an overlong subject.
    """
    if not template.subject.strip():
        raise BadInput("Subject: write one; people do not open mail without it.")
    if "{" + PASSWORD_NOTE + "}" in template.subject:
        raise BadInput("Subject: {password_note} may hold a password, so it belongs in the text.")
    if len(template.subject) > 200 or "\n" in template.subject or "\r" in template.subject:
        raise BadInput("Subject: one line of at most 200 characters.")
    if not template.body.strip():
        raise BadInput("Text: the mail has no text.")
    if len(template.body) > 20_000:
        raise BadInput("Text: at most 20,000 characters.")
    used = []
    for part, text in (("Subject", template.subject), ("Text", template.body)):
        for name in _PLACEHOLDER.findall(text):
            if name not in PLACEHOLDERS and name not in own:
                known = ", ".join("{" + entry + "}" for entry in PLACEHOLDERS)
                raise BadInput(f"{part}: {{{name}}} is no placeholder; these are: {known}.")
            used.append(name)
    return used


def render(template: Template, values: Mapping[str, str], *, mark: str = "", own: Collection[str] = ()) -> Rendered:
    """The mail for one person. `mark` goes before the subject (rehearsal); `own` as of `check_template`.

    Raises BadInput naming the placeholder when a value is missing; optional ones (`race_links`, `models`,
    `password_note`, `material_link`, `results`, `guest_note`) may be empty, their lines are left out.
    """
    for name in check_template(template, own=own):
        if name not in values or (not values[name].strip() and name in REQUIRED):
            raise BadInput(f"there is no value for {{{name}}}{_WRITE_IT.get(name, '')}")
    values = {name: unlinked(value) if name in _SAID_BY_PEOPLE else value for name, value in values.items()}
    subject = " ".join(_fill(template.subject, values).split())
    lines = [_fill(line, values) for line in template.body.strip().splitlines() if not _is_empty_optional(line, values)]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"
    return Rendered(subject=mark + subject, text=text, html=_html(text))


def unlinked(text: str) -> str:
    """The text with a space wherever a mail program would see an address in it: after a dot, before @ and //.

    Programs make links of bare words such as evil.example, too. "Dr.Rossi" only becomes "Dr. Rossi".
    """
    for pattern, with_space in _LINKED_BY_PROGRAMS:
        text = pattern.sub(with_space, text)
    return text


def mask_password(text: str, note: str) -> str:
    """The text (or HTML) of a mail with the password hidden that stands where `note` has `{password}`."""
    before = note.partition("{password}")[0].rpartition("\n")[2]
    if not before.strip():
        return text
    # no password begins with a bracket; what stands in its place in a preview does
    return re.sub(rf"((?:{re.escape(before)}|{re.escape(html.escape(before))}))[^\s<(][^\s<]*", rf"\1{MASK}", text)


def _is_empty_optional(line: str, values: Mapping[str, str]) -> bool:
    names = _PLACEHOLDER.findall(line)
    return any(not values.get(name, "").strip() and name not in REQUIRED for name in names)


def _fill(text: str, values: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: values[match.group(1)], text)


def _html(text: str) -> str:
    paragraphs = []
    for block in text.strip().split("\n\n"):
        lines = "<br>\n".join(_linked(line) for line in block.splitlines())
        paragraphs.append(f'<p style="margin:0 0 1em">{lines}</p>')
    body = "\n".join(paragraphs)
    return (
        '<!doctype html>\n<html><head><meta charset="utf-8"></head>'
        '<body style="font-family:Segoe UI,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;color:#1b2733">\n'
        f"{body}\n</body></html>\n"
    )


def _linked(line: str) -> str:
    parts, end = [], 0
    for match in _LINK.finditer(line):
        parts.append(html.escape(line[end : match.start()]))
        address = html.escape(match.group(0).rstrip(".,;)"), quote=True)
        parts.append(f'<a href="{address}">{address}</a>')
        end = match.start() + len(match.group(0).rstrip(".,;)"))
    parts.append(html.escape(line[end:]))
    return "".join(parts)
