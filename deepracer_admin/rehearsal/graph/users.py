"""Users of the practice Graph: look-ups, selection, pages, invitations (identity-and-mail.md 1.1, 1.6)."""

from __future__ import annotations

import base64
import secrets
import uuid
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import Person

from .calls import Call, GraphError, Reply, bad_request, denied, not_found
from .filters import matching

DEFAULT_PAGE, LARGEST_PAGE = 100, 999
LONGEST_ADVANCED_URL = 2048
TENANT_DOMAIN = "practice.example"
BASIC = ("id", "displayName", "givenName", "surname", "mail", "userPrincipalName")
"""What ``User.ReadBasic.All`` shows; everything else is null with it (identity-and-mail.md 1.3, 1.7)."""
DEFAULT = (*BASIC, "businessPhones", "jobTitle", "mobilePhone", "officeLocation", "preferredLanguage")
USER_RIGHTS = ("User.ReadBasic.All", "User.Read.All")


def resource(person: Person) -> dict[str, Any]:
    """All properties of a user that the practice Graph knows."""
    addresses = [f"SMTP:{person.mail}"] if person.mail else []
    return {
        "id": person.id,
        "displayName": person.shown,
        "givenName": person.given,
        "surname": person.family,
        "mail": person.mail,
        "userPrincipalName": person.upn,
        "businessPhones": [],
        "jobTitle": None,
        "mobilePhone": None,
        "officeLocation": person.office or None,
        "preferredLanguage": None,
        "accountEnabled": person.enabled,
        "userType": "Guest" if person.guest else "Member",
        "proxyAddresses": [*addresses, *(f"smtp:{address}" for address in person.also)],
        "otherMails": list(person.other),
        "creationType": "Invitation" if person.guest else None,
        "externalUserState": ("Accepted" if person.accepted else "PendingAcceptance") if person.guest else None,
        "onPremisesSyncEnabled": None,
    }


def selected(person: Person, call: Call) -> dict[str, Any]:
    """The properties that were asked for and may be seen. Raises GraphError for a property that does not exist."""
    whole = resource(person)
    names = [name.strip() for name in call.query["$select"].split(",")] if call.query.get("$select") else DEFAULT
    for name in names:
        if name not in whole:
            raise GraphError(
                400,
                "BadRequest",
                "Parsing OData Select and Expand failed: "
                f"Could not find a property named '{name}' on type 'microsoft.graph.user'.",
            )
    if call.caller.has("User.Read.All") or call.caller.person_id == person.id:
        visible: Iterable[str] = whole
    else:
        visible = BASIC if call.caller.has("User.ReadBasic.All") else ("id",)
    return {name: whole[name] if name in visible else None for name in names}


def page_size(call: Call) -> int:
    text = call.query.get("$top", str(DEFAULT_PAGE))
    if not text.isdigit() or not 1 <= int(text) <= LARGEST_PAGE:
        raise bad_request(f"Invalid page size specified: '{text}'. Must be between 1 and {LARGEST_PAGE} inclusive.")
    return int(text)


def position(call: Call) -> int:
    """Where the page begins; raises GraphError for a token that was not given out."""
    token = call.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("after-"))
    except ValueError:
        raise bad_request("The skip token is not valid.") from None


def next_link(base: str, call: Call, after: int) -> str:
    token = base64.urlsafe_b64encode(f"after-{after}".encode()).decode()
    return f"{base}{call.path}?{urlencode({**call.query, '$skiptoken': token}, safe='$,')}"


class Users:
    """The users of the tenant as Graph shows them. New guests can be hidden for a while (fault `replication_lag`)."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._hidden_until: dict[str, float] = {}
        self.deleted = 0
        self.mailed = 0
        self._tickets: dict[str, str] = {}

    @property
    def _base(self) -> str:
        return f"{self._ground.url}/graph/v1.0"

    def visible(self, person: Person | None) -> bool:
        return person is not None and self._hidden_until.get(person.id, 0) <= self._ground.clock.unix()

    def find(self, key: str) -> Person:
        """By id or user principal name; raises GraphError 404."""
        found = self._ground.company.by_id(key)
        candidates = [found] if found else self._ground.company.by_upn(key)
        for person in candidates:
            if self.visible(person):
                return person
        raise not_found(key)

    def list(self, call: Call) -> Reply:
        if not call.caller.has(*USER_RIGHTS):
            raise denied()
        if call.advanced and call.url_length > LONGEST_ADVANCED_URL:
            raise GraphError(414, "UriTooLong", f"The request URI is longer than {LONGEST_ADVANCED_URL} characters.")
        size, start = page_size(call), position(call)
        company = self._ground.company
        if call.query.get("$filter"):
            people = matching(company, call.query["$filter"], advanced=call.advanced)
        else:
            people = company.everybody()
        people = [person for person in people if self.visible(person)]
        page = people[start : start + size]
        body: dict[str, Any] = {"@odata.context": f"{self._base}/$metadata#users"}
        if call.query.get("$count") == "true":
            body["@odata.count"] = len(people)
        if start + size < len(people):
            body["@odata.nextLink"] = next_link(self._base, call, start + size)
        body["value"] = [selected(person, call) for person in page]
        return Reply(200, body)

    def get(self, call: Call) -> Reply:
        if not call.caller.has(*USER_RIGHTS):
            raise denied()
        person = self.find(call.parts["user"])
        return Reply(200, {"@odata.context": f"{self._base}/$metadata#users/$entity", **selected(person, call)})

    def me(self, call: Call) -> Reply:
        if call.caller.person_id is None:
            raise GraphError(400, "BadRequest", "/me request is only valid with delegated authentication flow.")
        person = self.find(call.caller.person_id)
        return Reply(200, {"@odata.context": f"{self._base}/$metadata#users/$entity", **selected(person, call)})

    def refuse_delete(self, call: Call) -> Reply:
        """Deleting people takes a right that the console never asks for."""
        raise denied()

    def invite(self, call: Call) -> Reply:
        """Make a guest (identity-and-mail.md 1.6)."""
        if not call.caller.has("User.Invite.All"):
            raise denied()
        body = call.body if isinstance(call.body, dict) else {}
        address, redirect = body.get("invitedUserEmailAddress"), body.get("inviteRedirectUrl")
        if not isinstance(address, str) or "@" not in address or not address.isascii() or " " in address:
            raise GraphError(400, "BadRequest", "The invited user email address is missing or not valid.")
        if not isinstance(redirect, str) or not redirect.startswith(("https://", "http://")):
            raise GraphError(400, "BadRequest", "The invite redirect URL is missing or not valid.")
        company = self._ground.company
        known = company.by_mail(address)
        if known and not known[0].guest:
            raise GraphError(
                400,
                "BadRequest",
                f"The invited user already exists in the directory as object ID: {known[0].id}. They can use that "
                "account to sign in to shared apps and resources.",
            )
        guest = known[0] if known else company.invite(address, body.get("invitedUserDisplayName"), TENANT_DOMAIN)
        lag = self._ground.faults.armed("graph", "replication_lag")
        if lag is not None and not known:
            lag_s = float(lag.params.get("users_s", lag.params.get("seconds", 10)))
            self._hidden_until[guest.id] = self._ground.clock.unix() + lag_s
        ticket = secrets.token_urlsafe(24)
        self._tickets[ticket] = guest.id
        self.mailed += bool(body.get("sendInvitationMessage", False))
        invitation = {
            "@odata.context": f"{self._base}/$metadata#invitations/$entity",
            "id": str(uuid.uuid4()),
            "inviteRedeemUrl": f"{self._ground.url}/entra/redeem?rd={ticket}",
            "invitedUserDisplayName": body.get("invitedUserDisplayName"),
            "invitedUserType": "Guest",
            "invitedUserEmailAddress": address,
            "sendInvitationMessage": bool(body.get("sendInvitationMessage", False)),
            "resetRedemption": bool(body.get("resetRedemption", False)),
            "inviteRedirectUrl": redirect,
            "status": "PendingAcceptance",
            "invitedUser": {"id": guest.id},
        }
        return Reply(201, invitation)

    def invited_with(self, ticket: str) -> Person | None:
        """Whose link this is. Every invitation has its own, and all of a guest's links lead to that guest."""
        return self._ground.company.by_id(self._tickets.get(ticket, ""))

    def delete(self, person_id: str) -> None:
        self._ground.company.delete(person_id)
        self.deleted += 1

    def snapshot(self) -> dict[str, Any]:
        return {
            "deleted": self.deleted,
            "hidden_until": self._hidden_until,
            "mailed": self.mailed,
            "tickets": self._tickets,
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.deleted = state["deleted"]
        self._hidden_until = dict(state["hidden_until"])
        self.mailed = state.get("mailed", 0)
        self._tickets = dict(state.get("tickets", {}))
