"""The practice Entra tenant: OpenID Connect and OAuth 2.0 as MSAL speaks it (identity-and-mail.md 2)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from deepracer_admin.rehearsal.shared.ground import Ground
from deepracer_admin.rehearsal.shared.people import STAFF, Person

from . import pages
from .grants import Grants
from .refusal import Refusal
from .tokens import GRAPH, HOST, OPENID_SCOPES, Signer

REDIRECT = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?/signin/callback")
AFTER_LOGOUT = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d{1,5})?(/[^\s]*)?")


class Entra:
    """Own faults: `wrong_tenant` (the ID token is of another tenant), `no_refresh` (refresh tokens have died), `skew`
    (tokens from the future, params.seconds), `short_lived` (access tokens, params.seconds), `withhold_scopes`
    (params.scopes is not consented to), `refuse` (params.code, as at `operation`: Authorize, Token or Discovery; at
    Authorize with params.page on Entra's own page, from which no browser comes back)."""

    name = "entra"

    def __init__(self, ground: Ground, guest_with: Callable[[str], Person | None]) -> None:
        """`guest_with` knows whose ticket of an invitation this is."""
        self._ground, self._guest_with = ground, guest_with
        self._tenant, self._client = ground.secrets["tenant"], ground.secrets["client_id"]
        self.signer = Signer(self._tenant, self._client, ground.clock.unix)
        self._grants = Grants(ground, self.signer)

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
        if refusal := self._armed("Discovery"):
            return JSONResponse(refusal.body(), refusal.status)
        machine, browser = f"{HOST}/{self._tenant}", f"{self._ground.url}/entra/{self._tenant}"
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
        fault = self._ground.faults.armed("entra", "refuse", "Authorize")
        if fault is not None and fault.params.get("page"):
            refused = Refusal.armed(int(fault.params["code"]))
            return pages.refusal_page(refused.code, refused.message)
        try:
            if refusal := self._armed("Authorize"):
                raise refusal
            scopes = self._checked(query)
            person = self._chosen(query)
        except Refusal as refusal:
            return self._back(query, {"error": refusal.error, "error_description": refusal.body()["error_description"]})
        if person is None:
            return pages.sign_in_page(request.url.path, request.query_params.multi_items())
        code = self._grants.issue_code(person, redirect_uri, query, scopes)
        return self._back(query, {"code": code, "session_state": str(uuid.uuid4())})

    def _checked(self, query: Mapping[str, str]) -> tuple[str, ...]:
        """The granted scopes of a proper request; raises Refusal for what Entra sends back to the app as an error."""
        if query.get("response_type") != "code":
            raise Refusal("unsupported_response_type", 700054, "response_type must be 'code' for the application.")
        if query.get("response_mode", "query") != "query":
            raise Refusal("invalid_request", 90023, "The practice tenant answers with response_mode 'query' only.")
        if query.get("code_challenge_method") != "S256" or len(query.get("code_challenge", "")) != 43:
            raise Refusal("invalid_request", 9002325, "Proof Key for Code Exchange (S256) is required.")
        return self._grants.granted(query.get("scope", ""))

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
            people = [p for p in self._ground.company.by_upn(hint) if p.enabled]
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
        guest = self._guest_with(request.query_params.get("rd", ""))
        if guest is None or not guest.guest:
            return pages.refusal_page(90100, "This invitation is not valid.")
        guest.accepted = True
        self._ground.touch()
        return pages.page("Invitation accepted", f"<p>Welcome, {pages.escape(guest.shown)}.</p>")

    # --- tokens

    async def token(self, request: Request) -> Response:
        if request.path_params["tenant"] != self._tenant:
            return self._unknown_tenant(request)
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))
        grant = form.get("grant_type", "")
        request.state.operation = f"Token.{grant}" if grant else "Token"
        try:
            if refusal := self._armed("Token"):
                raise refusal
            answer = self._grants.tokens(form, request.headers.get("authorization", ""))
        except Refusal as refusal:
            return JSONResponse(refusal.body(), refusal.status, {"Cache-Control": "no-store"})
        return JSONResponse(answer, headers={"Cache-Control": "no-store", "Pragma": "no-cache"})

    def _armed(self, operation: str) -> Refusal | None:
        fault = self._ground.faults.armed("entra", "refuse", operation)
        return Refusal.armed(int(fault.params["code"])) if fault is not None else None

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
        return {"key": self.signer.pem(), "refresh": self._grants.snapshot()}

    def restore(self, state: dict[str, Any]) -> None:
        self.signer.restore(state["key"])
        self._grants.restore(state["refresh"])

    def tick(self, now: datetime) -> None:
        self._grants.forget_old_codes()

    def truth(self) -> dict[str, Any]:
        return {}
