"""Tokens for Microsoft Graph: on behalf of the organizer (the default), or as the app itself (opt-in).

Both are callables that give a bearer token, with `refresh()` for the one retry after a 401 (graph_client.py).
MSAL keeps tokens in its cache and renews them with the refresh token (identity-and-mail.md 2.1, 2.4).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msal
import requests
from msal.exceptions import MsalServiceError

from deepracer_admin.directory.entra_refusals import EntraRefusal, refusal_in
from deepracer_admin.edge.http import is_untrusted, not_trusted
from deepracer_admin.edge.reach import ENTRA
from deepracer_admin.errors import AccessDenied, CredentialsExpired, ServiceError, Unavailable, Unreachable

__all__ = ["APP_SCOPES", "DELEGATED_SCOPES", "GUEST_SCOPE", "AppTokens", "DelegatedTokens", "WiderTokens"]

DELEGATED_SCOPES = ("User.Read.All", "GroupMember.ReadWrite.All")
GUEST_SCOPE = "User.Invite.All"  # only where the company lets the console invite guests
APP_SCOPES = ("https://graph.microsoft.com/.default",)

SERVICE = "entra"
BUSY = frozenset({"temporarily_unavailable", "server_error"})
T = TypeVar("T")
AppFactory = Callable[[msal.SerializableTokenCache], msal.ClientApplication]


class DelegatedTokens:
    """Acts as one person with the refresh token of their last sign-in.

    `msal_app_factory` makes the application around a token cache; `load_cache` gives the serialised cache ("" = none)
    and `save_cache` takes it whenever MSAL changed it (refresh tokens rotate). `name` is who must sign in again, `oid`
    picks their account when the cache holds several.
    """

    def __init__(
        self,
        msal_app_factory: AppFactory,
        load_cache: Callable[[], str],
        save_cache: Callable[[str], None],
        *,
        name: str = "The organizer",
        oid: str = "",
        scopes: Sequence[str] = DELEGATED_SCOPES,
    ) -> None:
        self._make_app = msal_app_factory
        self._load = load_cache
        self._save = save_cache
        self._name = name
        self._oid = oid
        self._scopes = list(scopes)
        self._cache = msal.SerializableTokenCache()
        self._kept = ""
        self._app: msal.ClientApplication | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        return self._acquire(force=False)

    def refresh(self) -> str:
        """A new token even when the old one looks good: Graph has just refused it."""
        return self._acquire(force=True)

    def claims(self) -> dict[str, Any]:
        """What Entra says about the person now (`roles` among it): the ID token that comes with renewed tokens.

        It came straight from Entra over TLS in answer to the app's own credential, which is what OpenID Connect asks
        where no signature is checked (Core 1.0, 3.1.3.7). Raises as a call does; {} where no ID token came along.
        """
        return self._renewed(force=True).get("id_token_claims") or {}

    def rights(self) -> frozenset[str]:
        """The scopes that Entra granted for this person, asked now. Raises as a call does."""
        return frozenset(str(self._renewed(force=True).get("scope") or "").split())

    def also(self, scope: str) -> WiderTokens:
        """Tokens of the same person that hold one right more, asked for only where that right is used."""
        return WiderTokens(lambda force: self._acquire(scope, force=force))

    def _acquire(self, further: str = "", *, force: bool) -> str:
        return self._renewed(further, force=force)["access_token"]

    def _renewed(self, further: str = "", *, force: bool) -> dict[str, Any]:
        """MSAL's answer with an access token. Raises `CredentialsExpired` when nothing in the cache works any more,
        `AccessDenied` when the `further` scope was never consented to, `Unreachable` without Entra."""
        with self._lock:  # two threads would redeem the same refresh token
            kept = self._load()
            if kept != self._kept:  # signed in again, signed out, or renewed by another process
                self._cache.deserialize(kept or "{}")
                self._kept = kept
            app = self._app or _reach(lambda: self._make_app(self._cache))
            self._app = app
            account = self._account(app)
            wanted = [*self._scopes, further] if further else self._scopes
            result = _reach(lambda: app.acquire_token_silent_with_error(wanted, account, force_refresh=force))
            if self._cache.has_state_changed:
                self._kept = self._cache.serialize()
                self._save(self._kept)
        if not result or "access_token" not in result:
            raise _not_consented(further, result) if further and _lacks_consent(result) else self._expired(result)
        return result

    def _account(self, app: msal.ClientApplication) -> dict[str, Any] | None:
        accounts = app.get_accounts()
        own = [a for a in accounts if a.get("local_account_id") == self._oid] if self._oid else accounts
        return own[0] if own else None

    def _expired(self, result: dict[str, Any] | None) -> ServiceError:
        code = str((result or {}).get("error", ""))
        if code in BUSY:
            return _busy(code)
        known = _known(result)
        if known is not None and not known.concerns_the_person:  # their sign-in is as good as it was
            return AccessDenied(known.told, service=SERVICE, operation="token", code=code)
        why = f" Microsoft says: {known.told}" if known else ""
        return CredentialsExpired(
            f"{self._name} must sign in again: Microsoft no longer gives the console access on their behalf.{why}",
            service=SERVICE,
            operation="token",
            code=code,
        )


class WiderTokens:
    """A person's tokens with a further scope (`DelegatedTokens.also`)."""

    def __init__(self, acquire: Callable[[bool], str]) -> None:
        self._acquire = acquire

    def __call__(self) -> str:
        return self._acquire(False)

    def refresh(self) -> str:
        return self._acquire(True)


class AppTokens:
    """Acts as the app itself, with its client secret or certificate; companies opt in to this (docs/permissions.md)."""

    def __init__(
        self, msal_app_factory: Callable[[], msal.ConfidentialClientApplication], scopes: Sequence[str] = APP_SCOPES
    ) -> None:
        self._make_app = msal_app_factory
        self._scopes = list(scopes)
        self._app: msal.ConfidentialClientApplication | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        """Raises `CredentialsExpired` for a dead secret or certificate, `AccessDenied`, `Unreachable`."""
        with self._lock:
            app = self._app or _reach(self._make_app)
            self._app = app
            result = _reach(lambda: app.acquire_token_for_client(self._scopes))
        if result and "access_token" in result:
            return result["access_token"]
        raise _app_refused(str((result or {}).get("error", "")), _known(result))

    def refresh(self) -> str:
        """Forget the cached token and ask for a new one."""
        with self._lock:
            self._app = None
        return self()


def _lacks_consent(result: dict[str, Any] | None) -> bool:
    """Error 65001: neither the person nor an administrator has consented to a scope."""
    told = result or {}
    return told.get("error") == "consent_required" or "AADSTS65001" in str(told.get("error_description", ""))


def _not_consented(scope: str, result: dict[str, Any] | None) -> ServiceError:
    return AccessDenied(
        f"The console does not hold {scope}: ask an Entra administrator to grant it to the app, then "
        "press “Retry them” on the Onboarding page.",
        service=SERVICE,
        operation="token",
        code=str((result or {}).get("error", "")),
    )


def _known(result: dict[str, Any] | None) -> EntraRefusal | None:
    return refusal_in(str((result or {}).get("error_description", "")))


def _app_refused(code: str, known: EntraRefusal | None) -> ServiceError:
    if code in BUSY:
        return _busy(code)
    if known:
        kind = CredentialsExpired if code == "invalid_client" else AccessDenied
        return kind(known.told, service=SERVICE, operation="token", code=code)
    if code == "invalid_client":
        return CredentialsExpired(
            "Entra refused the app's secret or certificate: an administrator must renew it and put it in the settings.",
            service=SERVICE,
            operation="token",
            code=code,
        )
    return AccessDenied(
        "Entra gave the app no token: an administrator must grant its application permissions (docs/permissions.md).",
        service=SERVICE,
        operation="token",
        code=code,
    )


def _busy(code: str) -> Unavailable:
    return Unavailable(
        "Microsoft's sign-in has a problem of its own; we try again.", service=SERVICE, operation="token", code=code
    )


def _reach(call: Callable[[], T]) -> T:
    """Run an MSAL call; `Unavailable` for a 5xx, `Unreachable` for a broken network or an authority that is none."""
    try:
        return call()
    except (AttributeError, KeyError, TypeError) as odd:  # MSAL could not read what it was answered
        raise Unavailable(
            "Microsoft's sign-in answered in a way that the console does not understand; it tries again later.",
            service=SERVICE,
            operation="token",
            code=type(odd).__name__,
        ) from None
    except MsalServiceError as broken:
        raise _busy(str(broken)) from None
    except (requests.RequestException, ValueError, RuntimeError) as broken:  # the latter: no discovery document
        if known := refusal_in(f"{broken} {broken.__context__}"):  # of a tenant that does not exist
            raise AccessDenied(known.told, service=SERVICE, operation="token", code="discovery") from None
        if is_untrusted(broken):
            raise Unreachable(not_trusted(ENTRA.name), service=SERVICE, operation="token", code="tls") from None
        raise Unreachable(
            "Microsoft's sign-in cannot be reached; check the network, the proxy and the tenant in the settings.",
            service=SERVICE,
            operation="token",
            code=type(broken).__name__,
        ) from None
