"""Is this ID token ours, genuine, and of the one tenant that may sign in?

MSAL checks nonce and state, but since 1.38 neither signature nor issuer (identity-and-mail.md 0.4 and 2.1): that is
done here with PyJWT against the tenant's published keys. People are keyed on oid and tid, never on an address.
"""

from __future__ import annotations

import ssl
import threading
import time
from typing import Any

import httpx
import jwt
import truststore

from deepracer_admin.edge.answers import is_page, stopped_between
from deepracer_admin.edge.bounded_http import bounded_client
from deepracer_admin.edge.http import is_untrusted, not_trusted
from deepracer_admin.edge.reach import ENTRA, Reach
from deepracer_admin.errors import AccessDenied, Refused, ServiceError, Unreachable
from deepracer_admin.rules.roster.addresses import ADDRESS_CELL, normalise_email

__all__ = ["Keys", "own_address", "verify_id_token"]

LEEWAY_S = 120
KEYS_FOR_S = 3600.0
AGAIN_AFTER_S = 10.0


class Keys:
    """The tenant's signing keys, fetched when needed and again when an unknown key id turns up (key roll-over).

    Raises BadSettings for an address out of `reach`.
    """

    def __init__(self, url: str, reach: Reach = Reach.LIVE) -> None:
        self._url = reach.admit(url, ENTRA)
        self._reach = reach
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = float("-inf")

    def find(self, kid: str) -> jwt.PyJWK:
        """Raises Refused for an unknown key, Unreachable when the keys cannot be fetched."""
        with self._lock:
            age = time.monotonic() - self._fetched
            if age > KEYS_FOR_S or (kid not in self._keys and age > AGAIN_AFTER_S):
                self._keys = self._fetch()
                self._fetched = time.monotonic()
            if kid not in self._keys:
                raise Refused("The sign-in was signed with a key that your tenant does not publish.", service="entra")
            return self._keys[kid]

    def _fetch(self) -> dict[str, jwt.PyJWK]:
        trust = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            with bounded_client(timeout=10.0, trust_env=self._reach is Reach.LIVE, verify=trust) as http:
                answer = http.get(self._url)
            self._reach.believe(answer.headers, ENTRA, "keys")
            if is_page(answer.status_code, answer.headers, answer.content):
                raise stopped_between(ENTRA.name, "keys", answer.status_code)
            answer.raise_for_status()
            found = jwt.PyJWKSet.from_dict(answer.json())
        except (httpx.HTTPError, ValueError, TypeError, AttributeError, jwt.PyJWTError) as error:
            if is_untrusted(error):
                raise Unreachable(not_trusted(ENTRA.name), service="entra", operation="keys", code="tls") from None
            raise Unreachable(
                "Microsoft's signing keys cannot be fetched; check the network and proxy, then sign in again.",
                service="entra",
                operation="keys",
                code=type(error).__name__,
            ) from None
        return {key.key_id: key for key in found.keys if key.key_id}


def verify_id_token(token: str, keys: Keys, *, client_id: str, issuer: str, tenant: str) -> dict[str, Any]:
    """The claims of a genuine ID token. Raises Refused or AccessDenied with what the person can do."""
    try:
        header = jwt.get_unverified_header(token)
        key = keys.find(str(header.get("kid", "")))
        claims = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=client_id,
            issuer=issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iat", "oid", "tid", "sub"]},
        )
    except ServiceError:
        raise
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError):
        raise Refused(
            "The clocks of this computer and of Microsoft differ by more than two minutes; set this computer's clock "
            "to automatic time, then sign in again.",
            service="entra",
            code="clock",
        ) from None
    except jwt.InvalidIssuerError:
        raise AccessDenied(_TENANT, service="entra", code="tenant") from None
    except jwt.PyJWTError as error:
        raise Refused(
            "The answer of the sign-in could not be verified; try again, and tell your administrator if it stays so.",
            service="entra",
            code=type(error).__name__,
        ) from None
    if claims["tid"] != tenant:
        raise AccessDenied(_TENANT, service="entra", code="tenant")
    return claims


def own_address(claims: dict[str, Any]) -> str:
    """Where mail to the person themselves goes: the claim `email` where the app registration asks for it, else the
    sign-in name where that is an address (a guest's is not); "" when neither is. It proves nothing about who they are.
    """
    for name in ("email", "preferred_username"):
        address = normalise_email(str(claims.get(name) or ""))
        if ADDRESS_CELL.fullmatch(address) and not {*"#:"} & {*address}:
            return address
    return ""


_TENANT = "This account belongs to another organization's directory; sign in with your company account."
