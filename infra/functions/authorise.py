"""AppSync's authoriser: who may ask for what, and what stands in the form. Decision 9 in docs/decisions says why so.

    page                      anybody: what the portal shows, nothing else
    register.<seconds>.<nonce>  a form for the address that the proof of work is bound to (proof.py), nothing else
    link.<token>              the holder of a mailed link: their own place and their own buttons, nothing else

The token of a link never leaves this function: resolvers get its hash. The form is judged here by the rules of the
console (rules/registration.py), so that resolvers need none of their own. No address is ever logged.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from deepracer_admin.model.registrations import Portal
from deepracer_admin.rules.portal_tokens import token_shape
from deepracer_admin.rules.registration import TRAP, check_submission
from deepracer_admin.rules.roster.addresses import normalise_email
from deepracer_admin.store.codec import decode
from infra.functions.proof import is_proven

__all__ = ["PortalRules", "authorise", "form_fields", "handler"]

ALL = frozenset({"Query.portal", "Query.place", "Mutation.register", "Mutation.confirm", "Mutation.leave"})
MAY = {
    "page": frozenset({"Query.portal"}),
    "register": frozenset({"Mutation.register"}),
    "link": frozenset({"Query.place", "Mutation.confirm", "Mutation.leave"}),
}
NOBODY = {"isAuthorized": False}
RULES_KEPT_S = 30.0

PortalRules = tuple[Portal, str | None]
"""The event's portal settings, and the racing service's rule about addresses."""


def authorise(
    event: Mapping[str, Any], *, event_id: str, bits: int, now: float, rules: Callable[[], PortalRules | None]
) -> dict[str, Any]:
    """AppSync's answer. `now`: epoch seconds; `rules`: None where no portal was published yet."""
    token = str(event.get("authorizationToken") or "")
    scope, _, rest = token.partition(".")
    if scope == token == "page":
        return _may(scope, {})
    if scope == "link":
        return _may(scope, {"key": hashlib.sha256(rest.encode()).hexdigest(), "shape": token_shape(rest).value})
    if scope == "register":
        return _judged(event, rest, event_id, bits, now, rules)
    return NOBODY


def _judged(
    event: Mapping[str, Any], rest: str, event_id: str, bits: int, now: float, rules: Callable[[], PortalRules | None]
) -> dict[str, Any]:
    seconds, _, nonce = rest.partition(".")
    form = (event.get("requestContext") or {}).get("variables", {}).get("form")
    if not isinstance(form, Mapping) or not isinstance(form.get("email"), str) or not seconds.isdecimal():
        return NOBODY
    email = normalise_email(form["email"][:600])
    if not is_proven(event_id, email, int(seconds[:12]), nonce, bits=bits, now=int(now)):
        return NOBODY
    known = rules()
    problems: Mapping[str, str] = {}
    if known is not None:
        portal, rule = known
        at = datetime.fromtimestamp(now, UTC)
        problems = check_submission(portal, form_fields(form), language="en", at=at, service_rule=rule).problems
    told = [{"field": field, "problem": str(problem)} for field, problem in problems.items()]
    key = hashlib.sha256(email.encode()).hexdigest()
    return _may("register", {"email": email, "key": key, "problems": json.dumps(told)})


def form_fields(form: Mapping[str, Any]) -> dict[str, str]:
    """The API's form as rules.registration.check_submission takes one. What is no text is left out."""
    given = {
        "email": form.get("email"),
        "name": form.get("name"),
        "racer_name": form.get("racerName"),
        "new_to_ml": form.get("newToMl"),
        "new_to_aws": form.get("newToAws"),
        "consent": form.get("consent"),
        TRAP: form.get("website"),
    }
    answers = form.get("answers") if isinstance(form.get("answers"), list) else []
    for each in answers[:50] if isinstance(answers, list) else []:
        if isinstance(each, Mapping):
            given[f"q-{each.get('question')}"] = each.get("answer")
    return {name: value for name, value in given.items() if isinstance(value, str)}


def _may(scope: str, told: Mapping[str, str]) -> dict[str, Any]:
    return {
        "isAuthorized": True,
        "resolverContext": {"scope": scope, **told},
        "deniedFields": sorted(ALL - MAY[scope]),
        "ttlOverride": 0,  # AppSync would keep an answer by the token alone, whatever the form
    }


class PublishedRules:
    """The rules as the functions published them (outlet.py), read at most every 30 s."""

    def __init__(self, dynamodb: Any, table: str, event_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._dynamodb, self._table, self._event_id, self._clock = dynamodb, table, event_id, clock
        self._read_at = -RULES_KEPT_S
        self._known: PortalRules | None = None

    def __call__(self) -> PortalRules | None:
        if self._clock() - self._read_at >= RULES_KEPT_S or self._known is None:
            key = {"pk": {"S": f"EVENT#{self._event_id}"}, "sk": {"S": "PORTAL"}}
            item = self._dynamodb.get_item(TableName=self._table, Key=key).get("Item")
            rule = item["rule"]["S"] if item else ""
            self._known = (decode(Portal, item["rules"]["S"]), rule or None) if item else None
            self._read_at = self._clock()
        return self._known


@cache
def _published() -> PublishedRules:
    import boto3

    return PublishedRules(boto3.client("dynamodb"), os.environ["TABLE"], os.environ["EVENT_ID"])


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    return authorise(
        event,
        event_id=os.environ["EVENT_ID"],
        bits=int(os.environ["PROOF_BITS"]),
        now=time.time(),
        rules=lambda: _published()(),
    )
