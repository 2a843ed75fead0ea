"""Who is this address? Three passes over Microsoft Graph (identity-and-mail.md 1.1).

By mail, fifteen addresses a filter and twenty filters a batch: 300 people a call. What is left by sign-in name in the
same shape, and what is still left by alias (proxyAddresses, otherMails), one address a filter.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any
from urllib.parse import quote

from deepracer_admin.directory.graph_batch import BATCH, Part, Reply, send_batch
from deepracer_admin.directory.graph_client import IN_FLIGHT, Graph, odd_answer
from deepracer_admin.model import Found, Resolution

__all__ = ["judge", "resolve"]

FILTER = 15  # expressions in one default filter clause (identity-and-mail.md 1.1)
SELECT = "id,mail,userPrincipalName,displayName,givenName,surname,userType,accountEnabled,externalUserState"

User = Mapping[str, Any]


def resolve(graph: Graph, emails: Sequence[str]) -> dict[str, Resolution]:
    """A Resolution for each distinct address asked for. Raises `ServiceError` when a pass cannot be finished."""
    asked = list(dict.fromkeys(emails))
    found: dict[str, list[User]] = defaultdict(list)
    refused: dict[str, str] = {}
    with ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="graph") as pool:
        for attribute in ("mail", "userPrincipalName"):
            left = [e for e in asked if e.casefold() not in found]
            for user in _by_attribute(graph, pool, attribute, left, refused):
                found[str(user.get(attribute) or "").casefold()].append(user)
        left = [e for e in asked if e.casefold() not in found]
        for email, user in _by_alias(graph, pool, left):
            found[email.casefold()].append(user)
    return {e: judge(e, found.get(e.casefold(), ()), refused.get(e, "")) for e in asked}


def judge(email: str, users: Iterable[User], refusal: str = "") -> Resolution:
    """What the matches say about an address. More than one match is for a person to decide, so none is preferred."""
    matches = list({u["id"]: u for u in users}.values())
    if not matches:
        return Resolution(email, Found.NONE, sentence=refusal or NOBODY)
    if len(matches) > 1:
        names = tuple(sorted(str(u.get("userPrincipalName") or u["id"]) for u in matches))
        sentence = (
            f"{len(matches)} people in the directory have this address ({', '.join(names)}): ask the directory's "
            "administrator to leave it with one of them."
        )
        return Resolution(email, Found.SEVERAL, candidates=names, sentence=sentence)
    user = matches[0]
    guest = user.get("userType") == "Guest"
    lacks = _missing_names(user)
    found, sentence = Found.ONE, lacks
    if user.get("accountEnabled") is False:
        found, sentence = Found.DISABLED, DISABLED
    elif guest and user.get("externalUserState") == "PendingAcceptance":
        found, sentence = Found.GUEST_PENDING, PENDING
    shown = str(user.get("displayName") or "")
    return Resolution(email, found, str(user["id"]).lower(), shown, guest, sentence=sentence, lacks=lacks)


NOBODY = "Nobody in the directory has this address: check the spelling, or invite the person as a guest."
DISABLED = (
    "This person's account is disabled: ask the directory's administrator to enable it, or take them off the list."
)
PENDING = "This guest has not accepted the invitation yet: access works once they have opened its link."


def _missing_names(user: User) -> str:
    """Identity Center takes nobody without these (identity-and-mail.md 3.5)."""
    named = {"first name": "givenName", "last name": "surname", "display name": "displayName"}
    missing = [label for label, attribute in named.items() if not user.get(attribute)]
    if not missing:
        return ""
    return f"The directory has no {' and no '.join(missing)} for this person; IAM Identity Center would not take them."


def _by_attribute(
    graph: Graph, pool: ThreadPoolExecutor, attribute: str, emails: Sequence[str], refused: dict[str, str]
) -> list[User]:
    chunks = [emails[i : i + FILTER] for i in range(0, len(emails), FILTER)]
    users: list[User] = []
    alone: list[Sequence[str]] = []
    for chunk, reply in zip(chunks, _ask(graph, pool, [_any_of(attribute, c) for c in chunks]), strict=True):
        if reply.status == 400 and reply.is_final and len(chunk) > 1:
            alone += [[email] for email in chunk]  # one odd address must not hide fourteen good ones
        elif reply.status == 400 and reply.is_final:
            refused[chunk[0]] = _odd(reply)
        else:
            users += _users(graph, reply)
    for chunk, reply in zip(alone, _ask(graph, pool, [_any_of(attribute, c) for c in alone]), strict=True):
        if reply.status == 400 and reply.is_final:
            refused[chunk[0]] = _odd(reply)
        else:
            users += _users(graph, reply)
    return users


def _by_alias(graph: Graph, pool: ThreadPoolExecutor, emails: Sequence[str]) -> list[tuple[str, User]]:
    filters = [
        (email, lookup)
        for email in emails
        for lookup in (
            f"proxyAddresses/any(p:p eq {_literal('smtp:' + email)})",
            f"otherMails/any(m:m eq {_literal(email)})",
        )
    ]
    replies = _ask(graph, pool, [lookup for _, lookup in filters])
    return [
        (email, user)
        for (email, _), reply in zip(filters, replies, strict=True)
        if not (reply.status == 400 and reply.is_final)  # an address that no filter takes is nobody's
        for user in _users(graph, reply)
    ]


def _ask(graph: Graph, pool: ThreadPoolExecutor, filters: Sequence[str]) -> list[Reply]:
    parts = [Part("GET", f"/users?$filter={quote(f, safe=_PLAIN)}&$select={SELECT}") for f in filters]
    batches = [parts[i : i + BATCH] for i in range(0, len(parts), BATCH)]
    return list(chain.from_iterable(pool.map(lambda batch: send_batch(graph, batch, "resolve"), batches)))


def _users(graph: Graph, reply: Reply) -> list[User]:
    if not reply.ok:
        raise reply.error("resolve")
    rows = reply.found.get("value")
    if not isinstance(rows, list):
        raise odd_answer("resolve")  # an answer without a list would read as "nobody has this address"
    users = list(rows)
    if link := reply.found.get("@odata.nextLink"):
        users += chain.from_iterable(graph.pages(str(link), "resolve"))
    return [user for user in users if isinstance(user, Mapping) and user.get("id")]


_PLAIN = "'(),:/@"  # may stand in a query as they are; "+", "#" and "&" may not


def _any_of(attribute: str, emails: Sequence[str]) -> str:
    return f"{attribute} in ({','.join(map(_literal, emails))})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _odd(reply: Reply) -> str:
    reason = reply.message[:120] or "no reason given"
    return f"The directory cannot look this address up ({reason}): correct it on the list."
