"""What an app registration and a group are set up for: reads of Microsoft Graph that only a pre-flight asks.

Nothing is written, and no right is tried by using it: what the app or the person may do is what Entra says that it
granted (identity-and-mail.md 2.1).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from deepracer_admin.clock import parse_iso
from deepracer_admin.directory.graph_client import Graph, Patience, odd_answer
from deepracer_admin.directory.graph_urls import group_url
from deepracer_admin.directory.tokens import GUEST_SCOPE, AppTokens, DelegatedTokens
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, BadSettings, NotThere
from deepracer_admin.model.readiness import AppCredential, GroupOwners

__all__ = ["EntraSetup", "certificate_ends"]

PAGE = 100
_NOT_TOLD = (
    "Entra does not tell the console when its client secret ends: that takes the application permission "
    "Application.Read.All."
)


class EntraSetup:
    """`app` are tokens of the app itself; `acting` those with which the directory is spoken to for this event."""

    def __init__(
        self,
        base_url: str,
        *,
        issuer: str,
        client_id: str,
        certificate: Path | None,
        passphrase: str,
        app: AppTokens,
        acting: Callable[[], AppTokens | DelegatedTokens],
        reach: Reach = Reach.LIVE,
        patience: Patience | None = None,
    ) -> None:
        self._base_url, self._reach, self._patience = base_url, reach, patience
        self._issuer, self._client_id = issuer, client_id
        self._certificate, self._passphrase = certificate, passphrase
        self._app, self._acting = app, acting

    def credential(self) -> AppCredential:
        """Is it accepted, and until when? Raises CredentialsExpired, AccessDenied, BadSettings, Unreachable."""
        self._app.refresh()  # a token from before would say nothing about the credential now
        if self._certificate is not None:
            ends = certificate_ends(self._certificate, self._passphrase)
            return AppCredential(self._issuer, "certificate", ends)
        try:
            ends, told = self._secret_ends(), ""
        except (AccessDenied, NotThere):
            ends, told = None, _NOT_TOLD
        return AppCredential(self._issuer, "secret", ends, told)

    def rights(self) -> frozenset[str]:
        """What Entra granted: delegated scopes of the person, or permissions of the app."""
        acting = self._acting()
        return acting.rights() if isinstance(acting, DelegatedTokens) else _roles(acting.refresh())

    def may_invite(self) -> bool:
        """Is there consent to invite guests? Of a person it is asked for apart (`DelegatedTokens.also`)."""
        acting = self._acting()
        if not isinstance(acting, DelegatedTokens):
            return GUEST_SCOPE in _roles(acting.refresh())
        try:
            return bool(acting.also(GUEST_SCOPE).refresh())
        except AccessDenied:
            return False

    def owners(self, group_id: str) -> GroupOwners:
        """Who owns the group. Raises NotThere, AccessDenied."""
        with_token = self._graph(self._acting())
        try:
            url = f"{group_url(group_id)}/owners?$select=id&$top={PAGE}"
            rows = [row for page in with_token.pages(url, "group") for row in page]
        finally:
            with_token.close()
        return GroupOwners(frozenset(str(row.get("id") or "").lower() for row in rows))

    def _secret_ends(self) -> datetime | None:
        graph = self._graph(self._app)
        try:
            url = f"/applications(appId='{quote(self._client_id)}')?$select=appId,passwordCredentials"
            found = graph.get(url, "application")
        finally:
            graph.close()
        rows = found.get("passwordCredentials")
        if not isinstance(rows, list):
            raise odd_answer("application")
        ends = [parse_iso(str(row["endDateTime"])) for row in rows if isinstance(row, dict) and row.get("endDateTime")]
        return max(ends, default=None)  # which of several is in use is not told: the last to end counts

    def _graph(self, token: Callable[[], str]) -> Graph:
        return Graph(self._base_url, token, reach=self._reach, patience=self._patience)


def certificate_ends(file: Path, passphrase: str = "") -> datetime:
    """When the certificate in a .pfx or .pem file ends. Raises BadSettings when there is none in it."""
    try:
        data = file.read_bytes()
        if file.suffix.lower() in (".pfx", ".p12"):
            found = pkcs12.load_key_and_certificates(data, passphrase.encode() or None)[1]
        else:
            found = x509.load_pem_x509_certificate(data[data.index(b"-----BEGIN CERTIFICATE-----") :])
    except (OSError, ValueError):
        found = None
    if found is None:
        raise BadSettings(f"{file.name} holds no readable certificate: correct its path or its password.")
    return found.not_valid_after_utc.astimezone(UTC)


def _roles(token: str) -> frozenset[str]:
    """Permissions of the app as its token names them. It came straight from Entra: no signature is asked for."""
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        raise odd_answer("token") from None
    return frozenset(str(role) for role in claims.get("roles") or ())
