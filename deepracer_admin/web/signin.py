"""Sign-in with Microsoft Entra ID: auth-code flow with PKCE, query response mode, in plain HTTP routes.

The flow (state, nonce, code verifier) waits on the server under the hash of a second, short-lived cookie, so that it is
bound to this browser and works once; each sign-in has its own, so several tabs may sign in at once. Every way it can
fail is a plain page that says what to do.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
import warnings
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs

import msal
import requests
from msal.exceptions import MsalServiceError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from deepracer_admin.compose import Console
from deepracer_admin.directory.entra_refusals import REFUSALS, refusal_in
from deepracer_admin.directory.tokens import DELEGATED_SCOPES, GUEST_SCOPE
from deepracer_admin.entra_access import SignInSettings
from deepracer_admin.errors import AccessDenied, Refused
from deepracer_admin.model import Actor, AuditEntry, Role
from deepracer_admin.rules.access import roles_in
from deepracer_admin.web.identity import Keys, own_address, verify_id_token
from deepracer_admin.web.keeper import ABSOLUTE, FLOW_FOR, SessionKeeper, cookie_names, hash_id
from deepracer_admin.web.plain import SECURITY_HEADERS, page
from deepracer_admin.web.welcome import AGAIN, SIGN_OUT, Answer, in_a_thread, internal, login_link

__all__ = ["SignIn"]

MOST_SIGN_INS = 4  # under way in one browser at once; older ones are forgotten
LONGEST_FORM = 1_000  # bytes of what the sign-out page sends
ON_BEHALF = "on-behalf"
"""The box of the sign-out page: end what the console does on this person's behalf, too."""
AWAY = (ValueError, KeyError, TypeError, AttributeError, RuntimeError, requests.RequestException, MsalServiceError)
"""What MSAL raises when Entra gives no answer, one of 500 and more, or one that makes no sense."""


class SignIn:
    """Everything under /signin but the first page (welcome.py)."""

    def __init__(self, console: Callable[[], Console]) -> None:
        self._console = console
        self._keys: dict[str, Keys] = {}
        self._lock = threading.Lock()

    def answers(self) -> Mapping[str, Answer]:
        """What answers at each address."""
        return {
            "/signin/codes": in_a_thread(self.codes),
            "/signin/login": in_a_thread(self.login),
            "/signin/guests": in_a_thread(self.grant),
            "/signin/callback": in_a_thread(self.callback),
            "/signin/out": in_a_thread(self.leave),
            SIGN_OUT: self._sign_out,
        }

    # ---------------------------------------------------------------------------------------------- routes

    def codes(self, _: Request) -> Response:
        """What Entra's codes mean: some it shows on its own page, from which nobody comes back here."""
        rows = [(f"AADSTS{each.code}", each.sentence) for each in sorted(REFUSALS.values(), key=lambda one: one.code)]
        sentence = "Look for the code that Microsoft showed; whoever is named in its sentence can mend it."
        return page("What Microsoft's codes mean", sentence, link=AGAIN, rows=rows)

    def login(self, request: Request) -> Response:
        """Begin: keep the flow on the server, send the browser to Entra."""
        return self._begin(request, DELEGATED_SCOPES)

    def grant(self, request: Request) -> Response:
        """Sign in and ask for the right to invite guests too, which no other sign-in asks for."""
        return self._begin(request, (*DELEGATED_SCOPES, GUEST_SCOPE))

    def _begin(self, request: Request, scopes: Sequence[str]) -> Response:
        console = self._console()
        settings = console.sign_in()
        following = internal(request.query_params.get("next", "/"))
        # MSAL advises form_post; that is a POST from another site, which a SameSite=Lax cookie does not accompany. The
        # code is bound to this browser by that cookie and by PKCE, and works once.
        warnings.filterwarnings("ignore", message="response_mode='form_post'", category=UserWarning)
        try:
            flow = settings.app(None).initiate_auth_code_flow(
                list(scopes), redirect_uri=_redirect_uri(console), response_mode="query"
            )
        except AWAY as away:
            return _entra_away((login_link(following), AGAIN[1]), away)
        console.sessions.purge(now=console.clock.now())
        ticket = secrets.token_urlsafe(32)
        sealed = console.vault.seal(json.dumps({"flow": flow, "next": following}))
        console.sessions.save_flow(
            hash_id(ticket), {"sealed": sealed.decode()}, expires_at=console.clock.now() + FLOW_FOR
        )
        response = RedirectResponse(flow["auth_uri"], status_code=302, headers=SECURITY_HEADERS)
        names = cookie_names(console.settings)
        for old in [name for name in request.cookies if name.startswith(names.sign_in)][: 1 - MOST_SIGN_INS]:
            _drop_cookie(response, console, old, path="/signin")
        own = names.of_sign_in(str(flow["state"]))
        _set_cookie(response, console, own, ticket, path="/signin", seconds=int(FLOW_FOR.total_seconds()))
        return response

    def callback(self, request: Request) -> Response:
        """Entra sends the browser back here: redeem, verify, require a role, start a session."""
        console = self._console()
        names = cookie_names(console.settings)
        own = names.of_sign_in(request.query_params.get("state", ""))
        ticket = request.cookies.get(own, "")
        kept = console.sessions.take_flow(hash_id(ticket), now=console.clock.now()) if ticket else None
        opened = console.vault.open(str(kept["sealed"]).encode()) if kept else ""
        if not opened:
            return page(
                "This sign-in is over",
                "It took longer than ten minutes, was used already, or began in another browser. Begin again.",
                link=AGAIN,
                status=400,
            )
        saved = json.loads(opened)
        again = (login_link(saved["next"]), AGAIN[1])
        settings = console.sign_in()
        cache = msal.SerializableTokenCache()
        try:
            app = settings.app(cache)
        except AWAY as away:
            return _entra_away(again, away)
        try:
            result = app.acquire_token_by_auth_code_flow(saved["flow"], dict(request.query_params))
        except json.JSONDecodeError:  # no word of Entra's, which always answers in JSON
            return _entra_away(again)
        except ValueError:
            return page("This sign-in does not match", "Begin again, in one tab.", link=again, status=400)
        except AWAY:
            return _entra_away(again)
        if "error" in result:
            return _entra_refused(str(result.get("error")), str(result.get("error_description", "")), again)
        try:
            claims = verify_id_token(
                result["id_token"],
                self._keys_of(settings),
                client_id=settings.client_id,
                issuer=settings.issuer,
                tenant=settings.tenant,
            )
        except (AccessDenied, Refused) as error:
            return page("Sign-in was refused", error.sentence, link=again, status=403)
        response = self._admit(console, claims, cache, saved["next"], request.cookies.get(names.session, ""))
        _drop_cookie(response, console, own, path="/signin")
        return response

    def _admit(
        self, console: Console, claims: dict[str, Any], cache: msal.SerializableTokenCache, to: str, former: str
    ) -> Response:
        """`former`: the session cookie of who was here before in this browser, whose session ends."""
        keeper = SessionKeeper(console.sessions, console.clock)
        roles = roles_in(claims)
        name = str(claims.get("name") or "Somebody without a name")[:120]
        if not roles:
            keeper.revoke(former)
            _audit(console, claims, name, "", allowed=False)
            return page(
                "You have no role here",
                "You are signed in, but nobody has given you a role. Ask your Entra administrator for the app role "
                "Organizer, Facilitator or Viewer of this console, then sign in again.",
                link=(login_link(to), AGAIN[1]),
                status=403,
            )
        value = keeper.admit(
            former,
            oid=claims["oid"],
            tid=claims["tid"],
            name=name,
            roles=roles,
            tokens=console.vault.seal(cache.serialize()),
            email=own_address(claims),
        )
        if Role.ORGANIZER in roles:
            console.sessions.save_delegation(
                claims["oid"], name, console.vault.seal(cache.serialize()), at=console.clock.now()
            )
        _audit(console, claims, name, ", ".join(sorted(role.value for role in roles)), allowed=True)
        response = RedirectResponse(internal(to), status_code=303, headers=SECURITY_HEADERS)
        name_of_cookie = cookie_names(console.settings).session
        _set_cookie(response, console, name_of_cookie, value, path="/", seconds=int(ABSOLUTE.total_seconds()))
        return response

    def leave(self, request: Request) -> Response:
        """Ask before signing out: a link can be followed by accident, a button is pressed."""
        console = self._console()
        who = _signed_in(console, request)
        label = (
            "Also end what the console does in the directory on my behalf (onboarding pauses until an organizer "
            "presses “Resume” on the Onboarding page)"
        )
        return page(
            "Sign out?",
            "Work that runs goes on without you.",
            post=(SIGN_OUT, "Sign out"),
            choice=(ON_BEHALF, label) if who and console.sessions.delegation(who.oid) else None,
            rehearsal=console.settings.rehearsal,
        )

    async def _sign_out(self, request: Request) -> Response:
        ticked = ON_BEHALF in await _fields_of(request)
        return await in_a_thread(lambda asked: self.logout(asked, on_behalf=ticked))(request)

    def logout(self, request: Request, *, on_behalf: bool = False) -> Response:
        """End the session; every open tab of it ends at its next refresh.

        `on_behalf`: first delete the person's delegation, with which the console works in the directory for them.
        """
        console = self._console()
        cookie = cookie_names(console.settings).session
        who = _signed_in(console, request)
        if on_behalf and who is None:
            return page(
                "You were signed out already",
                "So it is not known on whose behalf the console works, and what it does in the directory goes on: "
                "sign in again, then sign out and tick the box once more.",
                link=AGAIN,
                status=403,
            )
        if on_behalf and who is not None and console.sessions.drop_delegation(who.oid):
            _write_audit(console, who, "signout.on_behalf", target=who.oid)
        value = request.cookies.get(cookie, "")
        if value:
            SessionKeeper(console.sessions, console.clock).revoke(value)
        response = RedirectResponse("/signin", status_code=303, headers=SECURITY_HEADERS)
        _drop_cookie(response, console, cookie, path="/")
        return response

    def _keys_of(self, settings: SignInSettings) -> Keys:
        with self._lock:
            return self._keys.setdefault(settings.keys_url, Keys(settings.keys_url, self._console().settings.reach))


def _redirect_uri(console: Console) -> str:
    return f"{console.settings.console_url.rstrip('/')}/signin/callback"


def _set_cookie(response: Response, console: Console, name: str, value: str, *, path: str, seconds: int) -> None:
    names = cookie_names(console.settings)
    response.set_cookie(
        name, value, max_age=seconds, path=names.path(path), httponly=True, samesite="lax", secure=names.secure
    )


def _drop_cookie(response: Response, console: Console, name: str, *, path: str) -> None:
    names = cookie_names(console.settings)
    response.delete_cookie(name, path=names.path(path), httponly=True, samesite="lax", secure=names.secure)


def _entra_away(again: tuple[str, str], why: BaseException | None = None) -> Response:
    """`why`: what MSAL raised; among it may be Entra's own word, such as that there is no such tenant."""
    known = None
    while why is not None and known is None:
        known, why = refusal_in(str(why)), why.__cause__ or why.__context__
    if known:
        return page("Sign-in was refused", known.told, link=again, status=403)
    return page(
        "Microsoft Entra ID cannot be reached",
        "Check the network, the proxy settings and the tenant id, then try again; in rehearsal, start the practice "
        "world.",
        link=again,
        status=503,
    )


def _entra_refused(error: str, description: str, again: tuple[str, str]) -> Response:
    if known := refusal_in(description):
        return page("Sign-in was refused", known.told, link=again, status=403)
    code = re.search(r"AADSTS\d+", description)
    shown = f" ({code.group(0)})" if code else ""
    if error == "access_denied":
        return page("You did not sign in", f"The sign-in was cancelled or refused{shown}.", link=again, status=403)
    sentence = (
        f"Microsoft Entra ID refused the sign-in{shown}: sign in again, and if it stays, give that code to your Entra "
        "administrator."
    )
    return page("Sign-in was refused", sentence, link=again, status=403)


def _signed_in(console: Console, request: Request) -> Actor | None:
    """Whose session the browser's cookie names."""
    value = request.cookies.get(cookie_names(console.settings).session, "")
    return SessionKeeper(console.sessions, console.clock).find(value)


async def _fields_of(request: Request) -> dict[str, list[str]]:
    """The fields of a form of ours; none when more was sent than such a form holds, or no text."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            return {}
    try:
        return parse_qs(body.decode("ascii"))
    except ValueError:
        return {}


def _audit(console: Console, claims: dict[str, Any], name: str, role: str, *, allowed: bool) -> None:
    actor = Actor(oid=claims["oid"], tid=claims["tid"], name=name, roles=frozenset())
    _write_audit(console, actor, "signin", target="console", role=role, allowed=allowed)


def _write_audit(
    console: Console, who: Actor, action: str, *, target: str, role: str | None = None, allowed: bool = True
) -> None:
    """`role`: the words of the roles where `who` carries none."""
    console.store.append_audit(
        AuditEntry(
            seq=0,
            at=console.clock.now(),
            event="",
            actor=who.oid,
            actor_name=who.name,
            role=", ".join(sorted(each.value for each in who.roles)) if role is None else role,
            action=action,
            target=target,
            count=1,
            allowed=allowed,
        )
    )
