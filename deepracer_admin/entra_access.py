"""How this console meets Microsoft Entra ID: sign-in for people, and the directory on behalf of one of them.

In rehearsal both lead to the practice tenant on loopback, through the same MSAL code.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msal

from deepracer_admin.clock import Clock
from deepracer_admin.directory import Directory
from deepracer_admin.directory.entra import Entra
from deepracer_admin.directory.entra_setup import EntraSetup
from deepracer_admin.directory.msal_app import PRACTICE_LOGIN, build_app, certificate_credential
from deepracer_admin.directory.tokens import GUEST_SCOPE, AppTokens, DelegatedTokens
from deepracer_admin.edge.reach import ENTRA, Reach
from deepracer_admin.errors import BadSettings, CredentialsExpired
from deepracer_admin.settings import Settings, read_practice
from deepracer_admin.store import SavedSession, Sessions
from deepracer_admin.vault import Vault

__all__ = ["SignInSettings", "claims_of", "directories", "entra_setup", "sign_in_settings"]


@dataclass(frozen=True, slots=True)
class SignInSettings:
    """What the sign-in routes need to know."""

    authority: str  # with the tenant, as MSAL takes it
    tenant: str
    client_id: str
    issuer: str  # exact `iss` of ID tokens
    keys_url: str  # JWKS, as reached from here
    app: Callable[[msal.SerializableTokenCache | None], msal.ConfidentialClientApplication]


def sign_in_settings(settings: Settings) -> SignInSettings:
    """What the mode says about sign-in. Raises BadSettings when something is missing."""
    practice = read_practice(settings.home) if settings.rehearsal else None
    if practice:
        tenant, base = practice.entra["tenant"], practice.entra["authority"].rstrip("/")
        authority = f"{PRACTICE_LOGIN}/{tenant}"
        return SignInSettings(
            authority=authority,
            tenant=tenant,
            client_id=practice.entra["client_id"],
            issuer=f"{authority}/v2.0",
            keys_url=f"{base}/{tenant}/discovery/v2.0/keys",
            app=lambda cache: build_app(
                authority, practice.entra["client_id"], practice.entra["client_secret"], loopback=base, cache=cache
            ),
        )
    if not (settings.entra_tenant and settings.entra_client_id):
        raise BadSettings(
            "Sign-in is not set up: set DEEPRACER_ADMIN_ENTRA_TENANT and DEEPRACER_ADMIN_ENTRA_CLIENT_ID "
            "(docs/permissions.md says what the administrator registers)."
        )
    authority = Reach.LIVE.admit(f"{settings.entra_authority.rstrip('/')}/{settings.entra_tenant}", ENTRA)
    if settings.entra_certificate:
        credential = certificate_credential(
            str(settings.entra_certificate), settings.entra_certificate_password.get_secret_value()
        )
    elif settings.entra_client_secret.get_secret_value():
        credential = settings.entra_client_secret.get_secret_value()
    else:
        raise BadSettings("Sign-in has no credential: set ENTRA_CERTIFICATE (preferred) or ENTRA_CLIENT_SECRET.")
    return SignInSettings(
        authority=authority,
        tenant=settings.entra_tenant,
        client_id=settings.entra_client_id,
        issuer=f"{authority}/v2.0",
        keys_url=f"{authority}/discovery/v2.0/keys",
        app=lambda cache: build_app(authority, settings.entra_client_id, credential, cache=cache),
    )


def claims_of(settings: Settings, sessions: Sessions, vault: Vault) -> Callable[[SavedSession], dict[str, Any]]:
    """What Entra says now about the person of a session, asked with the tokens of their own sign-in.

    Raises CredentialsExpired when Entra gives that sign-in nothing any more, Unreachable or Unavailable without Entra.
    """

    def claims(saved: SavedSession) -> dict[str, Any]:
        def load() -> str:
            found = sessions.lookup(saved.id_hash)
            return vault.open(found.token_cache) if found and found.token_cache else ""

        def save(text: str) -> None:
            sessions.save_token_cache(saved.id_hash, vault.seal(text))

        return DelegatedTokens(sign_in_settings(settings).app, load, save, name=saved.name, oid=saved.oid).claims()

    return claims


def directories(settings: Settings, sessions: Sessions, vault: Vault, clock: Clock) -> Callable[[str], Directory]:
    """Entra as the recorded person (delegated, the default) or as the app itself (opt-in); one client per person."""
    made: dict[str, Directory] = {}
    lock = threading.Lock()

    def directory(oid: str) -> Directory:
        key = "" if settings.entra_app_only else oid
        with lock:
            if key not in made:
                made[key] = _entra(settings, sessions, vault, clock, key)
            return made[key]

    return directory


def _entra(settings: Settings, sessions: Sessions, vault: Vault, clock: Clock, oid: str) -> Directory:
    practice = read_practice(settings.home) if settings.rehearsal else None
    base = practice.graph["url"] if practice else settings.graph_url
    if settings.entra_app_only:
        app = sign_in_settings(settings).app
        return Entra(base, AppTokens(lambda: app(None)), reach=settings.reach)
    tokens = _tokens_of(settings, sessions, vault, clock, oid)
    return Entra(base, tokens, invite_token=tokens.also(GUEST_SCOPE), reach=settings.reach)


def entra_setup(settings: Settings, sessions: Sessions, vault: Vault, clock: Clock) -> Callable[[str], EntraSetup]:
    """What a pre-flight reads about the app and the group, for the recorded person (object id) or as the app itself."""

    def setup(oid: str) -> EntraSetup:
        practice = read_practice(settings.home) if settings.rehearsal else None
        signing = sign_in_settings(settings)
        app = AppTokens(lambda: signing.app(None))
        return EntraSetup(
            practice.graph["url"] if practice else settings.graph_url,
            issuer=signing.issuer,
            client_id=signing.client_id,
            certificate=None if practice else settings.entra_certificate,
            passphrase=settings.entra_certificate_password.get_secret_value(),
            app=app,
            acting=lambda: app if settings.entra_app_only else _tokens_of(settings, sessions, vault, clock, oid),
            reach=settings.reach,
        )

    return setup


def _tokens_of(settings: Settings, sessions: Sessions, vault: Vault, clock: Clock, oid: str) -> DelegatedTokens:
    """Tokens on behalf of this person. Raises CredentialsExpired when nobody's sign-in is kept."""
    app = sign_in_settings(settings).app
    saved = sessions.delegation(oid)
    if saved is None:
        raise CredentialsExpired(
            "Nobody's sign-in is kept for the directory; an organizer must sign in, then press “Resume” or "
            "“Start onboarding” on the Onboarding page.",
            service="entra",
            operation="token",
        )
    name = saved[1]

    def load() -> str:
        found = sessions.delegation(oid)
        return vault.open(found[0]) if found else ""

    def save(text: str) -> None:
        sessions.renew_delegation(oid, vault.seal(text), at=clock.now())  # never one that was dropped meanwhile

    return DelegatedTokens(app, load, save, name=name, oid=oid)
