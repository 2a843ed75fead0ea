"""What the practice Entra tenant grants: consents, authorisation codes and tokens (identity-and-mail.md 2.1)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import Person

from .refusal import Refusal
from .tokens import GRAPH, LIFETIME_S, OPENID_SCOPES, RefreshTokens, Signer

CODE_LIFETIME_S = 600
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
DELEGATED = frozenset(
    {
        "User.Read", "User.ReadBasic.All", "User.Read.All", "User.Invite.All", "GroupMember.Read.All",
        "GroupMember.ReadWrite.All", "Synchronization.Read.All",
    }
)  # fmt: skip
"""What an administrator of the practice tenant has consented to for the console, on behalf of people."""
APPLICATION = (
    "GroupMember.ReadWrite.All",
    "User.Read.All",
    "User.Invite.All",
    "Synchronization.Read.All",
    "Application.Read.All",
)
"""What the console may do without a person."""


@dataclass
class Code:
    """An authorisation code: good once, for ten minutes."""

    person_id: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    scopes: tuple[str, ...]
    issued_at: float
    used: bool = False


class Grants:
    """What people and the app hold. Its faults are those of `Entra`, which owns it."""

    def __init__(self, ground: Ground, signer: Signer) -> None:
        self._ground, self._signer = ground, signer
        self._tenant, self._client = ground.secrets["tenant"], ground.secrets["client_id"]
        self._codes: dict[str, Code] = {}
        self._refresh = RefreshTokens(ground.clock.unix)

    def issue_code(self, person: Person, redirect_uri: str, query: Mapping[str, str], scopes: tuple[str, ...]) -> str:
        """A code for the answer to this authorisation request."""
        code = f"1.{secrets.token_urlsafe(40)}"
        self._codes[code] = Code(
            person.id, redirect_uri, query["code_challenge"], query.get("nonce"), scopes, self._ground.clock.monotonic()
        )
        return code

    def tokens(self, form: dict[str, str], authorization: str) -> dict[str, Any]:
        """The answer of the token endpoint; raises Refusal."""
        self._check_client(form, authorization)
        grant = form.get("grant_type", "")
        if grant == "authorization_code":
            return self._redeem_code(form)
        if grant == "refresh_token":
            return self._redeem_refresh(form)
        if grant == "client_credentials":
            return self._for_app(form)
        raise Refusal("unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'.")

    def forget_old_codes(self) -> None:
        now = self._ground.clock.monotonic()
        old = [code for code, kept in self._codes.items() if now - kept.issued_at > 2 * CODE_LIFETIME_S]
        for code in old:
            del self._codes[code]

    def snapshot(self) -> dict[str, Any]:
        return self._refresh.snapshot()

    def restore(self, state: dict[str, Any]) -> None:
        self._refresh.restore(state)

    def granted(self, scope: str) -> tuple[str, ...]:
        """The scopes of a request, as far as consented to; raises Refusal."""
        asked = [name.removeprefix(f"{GRAPH}/") for name in scope.split()]
        if not asked:
            raise Refusal("invalid_request", 900144, "The request body must contain the following parameter: 'scope'.")
        held_back = self._ground.faults.armed("entra", "withhold_scopes")
        missing = set(held_back.params.get("scopes", ())) if held_back else set()
        for name in asked:
            if name not in OPENID_SCOPES | DELEGATED | {".default"}:
                raise Refusal(
                    "invalid_scope", 70011, f"The provided request must include a valid scope. '{name}' is not."
                )
            if name in missing:
                raise Refusal(
                    "consent_required", 65001, "The user or administrator has not consented to use the application."
                )
        granted = [*asked, *sorted(DELEGATED - missing)] if ".default" in asked else asked
        return tuple(name for name in dict.fromkeys(granted) if name != ".default")

    def _check_client(self, form: dict[str, str], authorization: str) -> None:
        if authorization.lower().startswith("basic "):
            try:
                pair = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
            except ValueError:
                raise Refusal("invalid_client", 7000215, "Invalid client secret provided.", 401) from None
            form["client_id"], form["client_secret"] = unquote_plus(pair[0]), unquote_plus(pair[2])
        if form.get("client_id") != self._client:
            given = form.get("client_id", "")
            raise Refusal(
                "unauthorized_client", 700016, f"Application with identifier '{given}' was not found in the directory."
            )
        if not form.get("client_secret"):
            raise Refusal(
                "invalid_client",
                7000218,
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
                401,
            )
        if not hmac.compare_digest(form["client_secret"].encode(), self._ground.secrets["client_secret"].encode()):
            raise Refusal(
                "invalid_client",
                7000215,
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                f"value, not the client secret ID, for a secret added to app '{self._client}'.",
                401,
            )

    def _redeem_code(self, form: Mapping[str, str]) -> dict[str, Any]:
        code = self._codes.get(form.get("code", ""))
        if code is None:
            raise Refusal("invalid_grant", 70000, "The provided value for the input parameter 'code' is not valid.")
        if code.used:
            raise Refusal(
                "invalid_grant",
                54005,
                "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing "
                "refresh token.",
            )
        if self._ground.clock.monotonic() - code.issued_at > CODE_LIFETIME_S:
            raise Refusal("invalid_grant", 70008, "The provided authorization code or refresh token has expired.")
        if form.get("redirect_uri") != code.redirect_uri:
            raise Refusal(
                "invalid_grant", 500112, "The redirect URI does not match the one of the authorization request."
            )
        verifier = form.get("code_verifier", "")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        if not VERIFIER.fullmatch(verifier) or not hmac.compare_digest(challenge, code.challenge):
            raise Refusal(
                "invalid_grant",
                501481,
                "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
            )
        code.used = True
        return self._tokens(self._person(code.person_id), code.scopes, code.scopes, code.nonce)

    def _redeem_refresh(self, form: Mapping[str, str]) -> dict[str, Any]:
        grant = self._refresh.find(form.get("refresh_token", ""))
        if grant is None:
            raise Refusal("invalid_grant", 9002313, "Invalid request. Request is malformed or invalid.")
        if self._ground.faults.armed("entra", "no_refresh"):
            raise Refusal(
                "invalid_grant",
                700082,
                "The refresh token has expired due to inactivity. The token was issued some time ago and was inactive "
                "for 90.00:00:00.",
            )
        scopes = self.granted(form["scope"]) if form.get("scope") else grant.scopes
        return self._tokens(self._person(grant.person_id), scopes, grant.scopes, None)

    def _person(self, person_id: str) -> Person:
        person = self._ground.company.by_id(person_id)
        if person is None or not person.enabled:
            raise Refusal("invalid_grant", 50057, "The user account is disabled.")
        return person

    def _tokens(
        self, person: Person, scopes: tuple[str, ...], consented: tuple[str, ...], nonce: str | None
    ) -> dict[str, Any]:
        graph_scopes = [name for name in scopes if name not in OPENID_SCOPES]
        lifetime = self._lifetime()
        answer: dict[str, Any] = {
            "token_type": "Bearer",
            "scope": " ".join([*graph_scopes, *(name for name in ("openid", "profile", "email") if name in scopes)]),
            "expires_in": lifetime,
            "ext_expires_in": lifetime,
            "access_token": self._signer.person_token(person, graph_scopes or ["User.Read"], lifetime),
            "client_info": self._signer.client_info(person),
        }
        if "offline_access" in scopes:
            answer["refresh_token"] = self._refresh.issue(person.id, dict.fromkeys((*consented, *scopes)))
        if "openid" in scopes:
            elsewhere = self._ground.faults.take("entra", names=("wrong_tenant",))
            skew = self._ground.faults.take("entra", names=("skew",))
            answer["id_token"] = self._signer.id_token(
                person,
                nonce,
                tenant=str(uuid.uuid5(uuid.NAMESPACE_URL, self._tenant)) if elsewhere else None,
                skew_s=float(skew.params.get("seconds", 3600)) if skew else 0,
            )
        return answer

    def _for_app(self, form: Mapping[str, str]) -> dict[str, Any]:
        if form.get("scope") != f"{GRAPH}/.default":
            raise Refusal(
                "invalid_scope",
                1002012,
                f"The provided value for scope {form.get('scope', '')} is not valid. Client credential flows must have "
                "a scope value with /.default suffixed to the resource identifier (application ID URI).",
            )
        held_back = self._ground.faults.armed("entra", "withhold_scopes")
        missing = held_back.params.get("scopes", ()) if held_back else ()
        lifetime = self._lifetime()
        token = self._signer.app_token([role for role in APPLICATION if role not in missing], lifetime)
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _lifetime(self) -> int:
        short = self._ground.faults.armed("entra", "short_lived")
        return int(short.params.get("seconds", 60)) if short else LIFETIME_S
