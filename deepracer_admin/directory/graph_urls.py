"""Every Microsoft Graph address the console may ask for, built and judged in one place.

A `DELETE` that loses its `/$ref` deletes the person, not the membership (identity-and-mail.md 1.3). So addresses that
write are built here only, and `check_write` refuses any other before it leaves, alone or inside a batch.
"""

from __future__ import annotations

import re
from urllib.parse import quote

__all__ = [
    "check_write",
    "directory_object",
    "find_guid",
    "group_url",
    "guid",
    "members_url",
    "membership_url",
    "new_member_url",
]

_GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_IS_GUID = re.compile(_GUID)

_WRITES = {
    "POST": re.compile(rf"/\$batch|/invitations|/groups/{_GUID}/members/\$ref"),
    "PATCH": re.compile(rf"/groups/{_GUID}"),
    "DELETE": re.compile(rf"/groups/{_GUID}/members/{_GUID}/\$ref"),
}


def guid(value: str) -> str:
    """`value` in lower case when it is a GUID. Raises ValueError otherwise: nothing else may enter an address."""
    lowered = value.lower()
    if not _IS_GUID.fullmatch(lowered):
        raise ValueError("a directory id is a GUID")
    return lowered


def find_guid(text: str) -> str:
    """The first GUID in a sentence of Graph's, "" without one."""
    found = _IS_GUID.search(text.lower())
    return found[0] if found else ""


def check_write(method: str, url: str) -> None:
    """Raise ValueError for a write that is not on the short list; reads always pass."""
    if method == "GET":
        return
    allowed = _WRITES.get(method)
    if allowed is None or not allowed.fullmatch(url):
        raise ValueError(f"the console never sends {method} to such a directory address")


def group_url(group_id: str) -> str:
    return f"/groups/{guid(group_id)}"


def members_url(group_id: str, select: str, page: int) -> str:
    """Users among the members; a service principal or device in the group is not asked for."""
    return f"{group_url(group_id)}/members/microsoft.graph.user?$select={quote(select, safe=',')}&$top={page}"


def new_member_url(group_id: str) -> str:
    return f"{group_url(group_id)}/members/$ref"


def membership_url(group_id: str, person_id: str) -> str:
    """The membership (never the person): the one address that is ever deleted."""
    url = f"{group_url(group_id)}/members/{guid(person_id)}/$ref"
    check_write("DELETE", url)
    return url


def directory_object(base_url: str, person_id: str) -> str:
    """The reference that adds a person to a group (identity-and-mail.md 1.2)."""
    return f"{base_url}/directoryObjects/{guid(person_id)}"
