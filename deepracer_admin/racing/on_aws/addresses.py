"""Which e-mail addresses the service takes (deepracer-on-aws.md 1.7, CreateProfile; 1.3 page, BulkInviteEntry)."""

from __future__ import annotations

import re

__all__ = ["refusal_of"]

_LONGEST = 254
_ACCEPTED = re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}")
_LOCAL = re.compile(r"[a-zA-Z0-9._%+-]")
_DOMAIN = re.compile(r"[a-zA-Z0-9.-]")
_WAY_OUT = "ask the person, or the mail administrator, for another address of the same mailbox"


def refusal_of(address: str) -> str:
    """Why the address cannot be invited, with the way out; "" when it can."""
    if len(address) > _LONGEST:
        return f"DeepRacer on AWS takes addresses of up to {_LONGEST} characters: {_WAY_OUT}."
    if _ACCEPTED.fullmatch(address):
        return ""
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or "@" in local:
        return "This is no e-mail address of the form name@company.example: correct it."
    unfit = sorted({each for each in local if not _LOCAL.fullmatch(each)})
    unfit += sorted({each for each in domain if not _DOMAIN.fullmatch(each)} - set(unfit))
    if unfit:
        shown = " ".join("a space" if each.isspace() else each for each in unfit[:5])
        return f"DeepRacer on AWS does not take this character in an address: {shown}; {_WAY_OUT}."
    return "DeepRacer on AWS takes only addresses whose domain ends in letters, such as company.example: correct it."
