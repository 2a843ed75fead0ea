"""The practice Entra tenant: OpenID Connect and OAuth 2.0 as MSAL speaks it (identity-and-mail.md 2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import secrets
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal import entra_pages as pages
from deepracer_admin.rehearsal.entra_refusal import Refusal
from deepracer_admin.rehearsal.entra_tokens import GRAPH, HOST, LIFETIME_S, OPENID_SCOPES, RefreshTokens, Signer
from deepracer_admin.rehearsal.people import STAFF, Person

if TYPE_CHECKING:
    from deepracer_admin.rehearsal.world import World

CODE_LIFETIME_S = 600
REDIRECT = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?/signin/callback")
AFTER_LOGOUT = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?(/[^\s]*)?")
VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
DELEGATED = frozenset(
    {
        "User.Read", "User.ReadBasic.All", "User.Read.All", "User.Invite.All", "GroupMember.Read.All",
        "GroupMember.ReadWrite.All", "Synchronization.Read.All",
    }
)  # fmt: skip
"""What an administrator of the practice tenant has consented to for the console, on behalf of people."""
APPLICATION = ("GroupMember.ReadWrite.All", "User.Read.All", "User.Invite.All", "Synchronization.Read.All")
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


class Entra:
    """Own faults: `wrong_tenant` (the ID token is of another tenant), `no_refresh` (refresh tokens have died), `skew`
    (tokens from the future, params.seconds), `short_lived` (access tokens, params.seconds), `withhold_scopes`
    (params.scopes is not consented to)."""

    name = "entra"

    def __init__(self, world: World) -> None:
        self._world = world
        self._tenant, self._client = world.secrets["tenant"], world.secrets["client_id"]
        self.signer = Signer(self._tenant, self._client)
        self._codes: dict[str, Code] = {}
        self._refresh = RefreshTokens()

    def routes(self) -> list[Route]:
        base = "/entra/{tenant}"
        return [
            Route("/entra/redeem", self.redeem, name="Redeem"),
            Route(f"{base}/v2.0/.well-known/openid-configuration", self.discovery, name="Discovery"),
            Route(f"{base}/discovery/v2.0/keys", self.keys, name="Keys"),
            Route(f"{base}/oauth2/v2.0/authorize", self.authorize, name="Authorize"),
            Route(f"{base}/oauth2/v2.0/token", self.token, methods=["POST"], name="Token"),
            Route(f"{base}/oauth2/v2.0/logout", self.logout, name="Logout"),
        ]

    def fault_response(self, name: str, operation: str) -> Response:
        if name == "throttle":
            refusal = Refusal(
                "temporarily_unavailable", 90055, "The request was throttled due to too many requests.", 429
            )
            return JSONResponse(refusal.body(), 429, {"Retry-After": "2"})
        refusal = Refusal("server_error", 90033, "A transient error has occurred. Please try again.", 503)
        return JSONResponse(refusal.body(), 503)

    # --- what MSAL reads first

    async def discovery(self, request: Request) -> Response:
        """Machines are sent to the https authority, which the client's transport takes to loopback; browsers cannot do
        that, so what a browser opens is named on loopback at once."""
        if request.path_params["tenant"] != self._tenant:
            return self._unknown_tenant(request)
        machine, browser = f"{HOST}/{self._tenant}", f"{self._world.url}/entra/{self._tenant}"
        return JSONResponse(
            {
                "issuer": self.signer.issuer,
                "authorization_endpoint": f"{browser}/oauth2/v2.0/authorize",
                "token_endpoint": f"{machine}/oauth2/v2.0/token",
                "jwks_uri": f"{machine}/discovery/v2.0/keys",
                "end_session_endpoint": f"{browser}/oauth2/v2.0/logout",
                "userinfo_endpoint": f"{GRAPH}/oidc/userinfo",
                "response_types_supported": ["code"],
                "response_modes_supported": ["query"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "scopes_supported": sorted(OPENID_SCOPES),
                "claims_supported": [
                    "sub",
                    "iss",
                    "aud",
                    "exp",
                    "iat",
                    "nonce",
                    "tid",
                    "oid",
                    "name",
                    "preferred_username",
                ],
                "tenant_region_scope": "PRACTICE",
            }
        )

    async def keys(self, request: Request) -> Response:
        if request.path_params["tenant"] != self._tenant:
            return self._unknown_tenant(request)
        return JSONResponse(self.signer.jwks())

    # --- the browser

    async def authorize(self, request: Request) -> Response:
        query = dict(request.query_params)
        if request.path_params["tenant"] != self._tenant:
            return pages.refusal_page(90002, f"Tenant '{request.path_params['tenant']}' not found.")
        if query.get("client_id") != self._client:
            return pages.refusal_page(
                700016, f"Application with identifier '{query.get('client_id', '')}' was not found in the directory."
            )
        redirect_uri = query.get("redirect_uri", "")
        if not REDIRECT.fullmatch(redirect_uri):
            return pages.refusal_page(
                50011,
                f"The redirect URI '{redirect_uri}' specified in the request does not match the redirect URIs "
                f"configured for the application '{self._client}'.",
            )
        try:
            scopes = self._checked(query)
            person = self._chosen(query)
        except Refusal as refusal:
            return self._back(query, {"error": refusal.error, "error_description": refusal.body()["error_description"]})
        if person is None:
            return pages.sign_in_page(request.url.path, request.query_params.multi_items())
        code = f"1.{secrets.token_urlsafe(40)}"
        self._codes[code] = Code(
            person.id, redirect_uri, query["code_challenge"], query.get("nonce"), scopes, time.monotonic()
        )
        return self._back(query, {"code": code, "session_state": str(uuid.uuid4())})

    def _checked(self, query: Mapping[str, str]) -> tuple[str, ...]:
        """The granted scopes of a proper request; raises Refusal for what Entra sends back to the app as an error."""
        if query.get("response_type") != "code":
            raise Refusal("unsupported_response_type", 700054, "response_type must be 'code' for the application.")
        if query.get("response_mode", "query") != "query":
            raise Refusal("invalid_request", 90023, "The practice tenant answers with response_mode 'query' only.")
        if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
            raise Refusal("invalid_request", 9002325, "Proof Key for Code Exchange (S256) is required.")
        return self._granted(query.get("scope", ""))

    def _granted(self, scope: str) -> tuple[str, ...]:
        asked = [name.removeprefix(f"{GRAPH}/") for name in scope.split()]
        if not asked:
            raise Refusal("invalid_request", 900144, "The request body must contain the following parameter: 'scope'.")
        held_back = self._world.faults.armed(self.name, "withhold_scopes")
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

    def _chosen(self, query: Mapping[str, str]) -> Person | None:
        """Who signs in, or None for the page that asks; raises Refusal when the person presses Cancel."""
        choice = query.get("login_as")
        if choice == "cancel":
            raise Refusal("access_denied", 65004, "User declined to consent to access the app.")
        if choice is not None:
            if choice not in STAFF:
                raise Refusal("invalid_request", 90014, f"Nobody here is called '{choice}'.")
            return STAFF[choice]
        hint = query.get("login_hint", "")
        if hint and query.get("prompt") not in ("select_account", "login"):
            people = [p for p in self._world.company.by_upn(hint) if p.enabled]
            if people:
                return people[0]
        if query.get("prompt") == "none":
            raise Refusal("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
        return None

    def _back(self, query: Mapping[str, str], answer: dict[str, str]) -> Response:
        if "state" in query:
            answer["state"] = query["state"]
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(answer)}", 302, {"Cache-Control": "no-store"})

    async def logout(self, request: Request) -> Response:
        target = request.query_params.get("post_logout_redirect_uri", "")
        if AFTER_LOGOUT.fullmatch(target):
            return RedirectResponse(target, 302)
        return pages.signed_out_page()

    async def redeem(self, request: Request) -> Response:
        """A guest follows the link of an invitation."""
        guest = self._world.company.by_id(request.query_params.get("rd", ""))
        if guest is None or not guest.guest:
            return pages.refusal_page(90100, "This invitation is not valid.")
        guest.accepted = True
        self._world.touch()
        return pages.page("Invitation accepted", f"<p>Welcome, {pages.escape(guest.shown)}.</p>")

    # --- tokens

    async def token(self, request: Request) -> Response:
        if request.path_params["tenant"] != self._tenant:
            return self._unknown_tenant(request)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        grant = form.get("grant_type", "")
        request.state.operation = f"Token.{grant}" if grant else "Token"
        try:
            self._check_client(form, request.headers.get("authorization", ""))
            if grant == "authorization_code":
                answer = self._redeem_code(form)
            elif grant == "refresh_token":
                answer = self._redeem_refresh(form)
            elif grant == "client_credentials":
                answer = self._for_app(form)
            else:
                raise Refusal(
                    "unsupported_grant_type", 70003, f"The app requested an unsupported grant type '{grant}'."
                )
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status, {"Cache-Control": "no-store"})
        return JSONResponse(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

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
        if not hmac.compare_digest(form["client_secret"].encode(), self._world.secrets["client_secret"].encode()):
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
        if time.monotonic() - code.issued_at > CODE_LIFETIME_S:
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
        if self._world.faults.armed(self.name, "no_refresh"):
            raise Refusal(
                "invalid_grant",
                700082,
                "The refresh token has expired due to inactivity. The token was issued some time ago and was inactive "
                "for 90.00:00:00.",
            )
        scopes = self._granted(form["scope"]) if form.get("scope") else grant.scopes
        return self._tokens(self._person(grant.person_id), scopes, grant.scopes, None)

    def _person(self, person_id: str) -> Person:
        person = self._world.company.by_id(person_id)
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
            "access_token": self.signer.person_token(person, graph_scopes or ["User.Read"], lifetime),
            "client_info": self.signer.client_info(person),
        }
        if "offline_access" in scopes:
            answer["refresh_token"] = self._refresh.issue(person.id, dict.fromkeys((*consented, *scopes)))
        if "openid" in scopes:
            elsewhere = self._world.faults.take(self.name, names=("wrong_tenant",))
            skew = self._world.faults.take(self.name, names=("skew",))
            answer["id_token"] = self.signer.id_token(
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
        held_back = self._world.faults.armed(self.name, "withhold_scopes")
        missing = held_back.params.get("scopes", ()) if held_back else ()
        lifetime = self._lifetime()
        token = self.signer.app_token([role for role in APPLICATION if role not in missing], lifetime)
        return {"token_type": "Bearer", "expires_in": lifetime, "ext_expires_in": lifetime, "access_token": token}

    def _lifetime(self) -> int:
        short = self._world.faults.armed(self.name, "short_lived")
        return int(short.params.get("seconds", 60)) if short else LIFETIME_S

    def _unknown_tenant(self, request: Request) -> Response:
        tenant = request.path_params["tenant"]
        refusal = Refusal(
            "invalid_tenant",
            90002,
            f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
            "correct cloud.",
        )
        return JSONResponse(refusal.body(), 400)

    # --- keeping

    def snapshot(self) -> dict[str, Any]:
        return {"key": self.signer.pem(), "refresh": self._refresh.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        self.signer.restore(state["key"])
        self._refresh.restore(state["refresh"])

    def tick(self, now: datetime) -> None:
        old = [code for code, kept in self._codes.items() if time.monotonic() - kept.issued_at > 2 * CODE_LIFETIME_S]
        for code in old:
            del self._codes[code]

    def truth(self) -> dict[str, Any]:
        return {}
