"""The keys and tokens of the practice Entra tenant: ID, access and refresh tokens."""

import base64
import hashlib
import json
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from deepracer_admin.rehearsal.shared import keys
from deepracer_admin.rehearsal.shared.people import Person

HOST = "https://login.practice.example"
"""The authority that clients are configured with. MSAL insists on https; clients send this host to loopback."""
GRAPH = "https://graph.microsoft.com"
LIFETIME_S = 3599
REFRESH_LIFETIME_S = 90 * 86_400
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True)
class Grant:
    """What a refresh token stands for."""

    person_id: str
    scopes: tuple[str, ...]
    issued_at: float


class Signer:
    """One RSA key, and everything that is signed with it. `now` and all times are real Unix seconds."""

    def __init__(self, tenant: str, client_id: str, now: Callable[[], float]) -> None:
        self.tenant, self.client_id, self._now = tenant, client_id, now
        self.issuer = f"{HOST}/{tenant}/v2.0"
        self._made: rsa.RSAPrivateKey | None = None

    @property
    def _key(self) -> rsa.RSAPrivateKey:
        """Made when first needed: it takes a while, and not every world is signed in to."""
        if self._made is None:
            self._made = keys.new_key()
        return self._made

    @property
    def key_id(self) -> str:
        spki = serialization.PublicFormat.SubjectPublicKeyInfo
        public = self._key.public_key().public_bytes(serialization.Encoding.DER, spki)
        return base64.urlsafe_b64encode(hashlib.sha256(public).digest())[:27].decode()

    def jwks(self) -> dict[str, Any]:
        public = RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{**public, "use": "sig", "kid": self.key_id, "alg": "RS256", "issuer": self.issuer}]}

    def id_token(self, person: Person, nonce: str | None, *, tenant: str | None = None, skew_s: float = 0) -> str:
        """An ID token (identity-and-mail.md 2.1). `tenant` and `skew_s` make it wrong on purpose."""
        tid = tenant or self.tenant
        issued = int(self._now() + skew_s)
        claims = {
            "ver": "2.0",
            "aud": self.client_id,
            "iss": f"{HOST}/{tid}/v2.0",
            "iat": issued,
            "nbf": issued,
            "exp": issued + LIFETIME_S,
            "oid": person.id,
            "tid": tid,
            "sub": self._pairwise(person),
            "name": person.shown,
            "preferred_username": person.upn,
            "uti": secrets.token_urlsafe(16),
        }
        if nonce:
            claims["nonce"] = nonce
        if person.roles:
            claims["roles"] = list(person.roles)
        return self._signed(claims)

    def person_token(self, person: Person, scopes: Iterable[str], lifetime_s: int) -> str:
        """A delegated access token for Graph."""
        claims = {"idtyp": "user", "scp": " ".join(scopes), "oid": person.id, "upn": person.upn, "name": person.shown}
        return self._access_token(claims, lifetime_s)

    def app_token(self, roles: Iterable[str], lifetime_s: int) -> str:
        """An access token for Graph of the app alone."""
        return self._access_token({"idtyp": "app", "roles": list(roles), "oid": self.client_id}, lifetime_s)

    def _access_token(self, claims: dict[str, Any], lifetime_s: int) -> str:
        now = int(self._now())
        return self._signed(
            {
                "aud": GRAPH,
                "iss": self.issuer,
                "iat": now,
                "nbf": now,
                "exp": now + lifetime_s,
                "appid": self.client_id,
                "tid": self.tenant,
                "ver": "1.0",
                "uti": secrets.token_urlsafe(16),
                **claims,
            }
        )

    def read_access_token(self, token: str) -> dict[str, Any]:
        """The claims of a good access token for Graph; raises the jwt exceptions that say what is wrong with it."""
        claims: dict[str, Any] = jwt.decode(  # without times: PyJWT would ask the machine's clock
            token,
            self._key.public_key(),
            algorithms=["RS256"],
            audience=GRAPH,
            issuer=self.issuer,
            options={"require": ["exp", "iat", "tid"], "verify_exp": False, "verify_iat": False, "verify_nbf": False},
        )
        if claims["exp"] <= self._now():
            raise jwt.ExpiredSignatureError("Signature has expired")
        return claims

    def _pairwise(self, person: Person) -> str:
        digest = hashlib.sha256(f"{self.client_id}{person.id}".encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    def _signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def client_info(self, person: Person) -> str:
        text = json.dumps({"uid": person.id, "utid": self.tenant}, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def pem(self) -> str | None:
        if self._made is None:
            return None
        pkcs8, bare = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        return self._made.private_bytes(serialization.Encoding.PEM, pkcs8, bare).decode()

    def restore(self, pem: str | None) -> None:
        if pem is None:
            return
        key = serialization.load_pem_private_key(pem.encode(), None)
        if not isinstance(key, rsa.RSAPrivateKey):
            raise TypeError("The saved key of the practice tenant is not an RSA key.")
        self._made = key


class RefreshTokens:
    """Refresh tokens, kept as hashes. A new one is given at every use and the old ones stay valid, as with Entra."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._grants: dict[str, Grant] = {}

    def issue(self, person_id: str, scopes: Iterable[str]) -> str:
        token = f"1.{secrets.token_urlsafe(48)}"
        self._grants[_hash(token)] = Grant(person_id, tuple(scopes), self._now())
        return token

    def find(self, token: str) -> Grant | None:
        grant = self._grants.get(_hash(token))
        return grant if grant and self._now() - grant.issued_at < REFRESH_LIFETIME_S else None

    def snapshot(self) -> dict[str, Any]:
        return {key: [grant.person_id, list(grant.scopes), grant.issued_at] for key, grant in self._grants.items()}

    def restore(self, state: dict[str, Any]) -> None:
        self._grants = {key: Grant(who, tuple(scopes), at) for key, (who, scopes, at) in state.items()}


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
