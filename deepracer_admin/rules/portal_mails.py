"""The portal's mails: which there are, and what the organizers' own words for one may hold. Pure.

The first goes to whatever address somebody typed, so nothing that they typed stands in it: nobody sends words of their
own in the organizers' name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from deepracer_admin.errors import BadInput
from deepracer_admin.model.registrations import PortalMail
from deepracer_admin.rules.templates import Template, check_template

__all__ = [
    "ACCEPTED",
    "AGAIN",
    "CONFIRM",
    "MAILS",
    "OWN_PAGE",
    "REFUSED",
    "WAITING",
    "check_mail",
    "mail_id",
    "placeholders",
]

CONFIRM, AGAIN = "register_confirm", "register_again"
WAITING, ACCEPTED, REFUSED = "register_waiting", "register_accepted", "register_refused"
OWN_PAGE = "own_page"
"""The placeholder of the person's own link: in every mail, for without it the mail leads nowhere."""

MAILS: Mapping[str, str] = {
    CONFIRM: "Confirm your address",
    AGAIN: "Registered already",
    WAITING: "On the waiting list",
    ACCEPTED: "A place, later than confirmed",
    REFUSED: "No place",
}
"""By key, in the order in which people meet them, what each says."""
_OF_THE_EVENT = ("event", "starts", "ends", OWN_PAGE)
_ID = re.compile(r"(?P<key>[a-z_]+)\.(?P<language>[a-z]{2})")


def mail_id(key: str, language: str) -> str:
    """E.g. "register_confirm.en"."""
    return f"{key}.{language}"


def placeholders(key: str) -> tuple[str, ...]:
    """What may stand in braces in this mail."""
    return _OF_THE_EVENT if key in (CONFIRM, AGAIN) else ("name", *_OF_THE_EVENT)


def check_mail(which: str, mail: PortalMail) -> PortalMail:
    """The mail in its normal form. `which` as of `mail_id`. Raises BadInput with what to mend."""
    found = _ID.fullmatch(which)
    if found is None or found["key"] not in MAILS:
        raise BadInput("There is no such mail of the portal; open the page anew and choose one.")
    subject, body = mail.subject.strip(), mail.body.replace("\r\n", "\n").strip()
    allowed = placeholders(found["key"])
    for name in check_template(Template(found["key"], found["language"], 1, subject, body), own=(OWN_PAGE,)):
        if name not in allowed:
            known = ", ".join("{" + each + "}" for each in allowed)
            raise BadInput(f"{{{name}}} cannot stand in this mail; these can: {known}.")
    if "{" + OWN_PAGE + "}" not in body:
        raise BadInput("Text: {own_page} is missing, the person's own link; without it the mail leads nowhere.")
    if "{" + OWN_PAGE + "}" in subject:
        raise BadInput("Subject: {own_page} is a link for its holder alone, so it belongs in the text.")
    return PortalMail(subject, body)
