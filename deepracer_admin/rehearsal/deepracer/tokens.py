"""The tokens of the user pool: RS256 JWTs and opaque refresh tokens. All in real time."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from deepracer_admin.rehearsal.shared import keys

from .state import User

TOKEN_SECONDS = 3600
REFRESH_SECONDS = 86_400


class TokenError(Exception):
    """The token is not one of this pool's, or not any more; the text is Cognito's."""


class TokenMint:
    """Signs and reads the pool's tokens. The key is made at first use, once per world, and saved with it."""

    def __init__(self, issuer: str, client_id: str) -> None:
        self.issuer = issuer
        self.client_id = client_id
        self._made: rsa.RSAPrivateKey | None = None
        self._refresh: dict[str, tuple[str, float]] = {}

    @property
    def _key(self) -> rsa.RSAPrivateKey:
        if self._made is None:
            self._made = keys.new_key()
        return self._made

    def _numbers(self) -> dict[str, str]:
        numbers = self._key.public_key().public_numbers()
        return {"n": _base64url(numbers.n), "e": _base64url(numbers.e)}

    @property
    def key_id(self) -> str:
        return hashlib.sha256(self._numbers()["n"].encode()).hexdigest()[:24]

    def key_set(self) -> dict[str, Any]:
        return {"keys": [{"alg": "RS256", "kty": "RSA", "use": "sig", "kid": self.key_id, **self._numbers()}]}

    def issue(self, user: User, now: float, *, auth_time: float | None = None) -> dict[str, Any]:
        """IdToken and AccessToken of one hour, from the groups that the user is in now."""
        shared = {
            "sub": user.sub,
            "iss": self.issuer,
            "origin_jti": str(uuid.uuid4()),
            "event_id": str(uuid.uuid4()),
            "auth_time": int(auth_time or now),
            "iat": int(now),
            "exp": int(now) + TOKEN_SECONDS,
        }
        groups = {"cognito:groups": list(user.groups)} if user.groups else {}
        identity = {
            **shared,
            **groups,
            "aud": self.client_id,
            "token_use": "id",
            "jti": str(uuid.uuid4()),
            "cognito:username": user.username,
            "email": user.email,
            "email_verified": user.attributes.get("email_verified", "true") == "true",
        }
        access = {
            **shared,
            **groups,
            "client_id": self.client_id,
            "token_use": "access",
            "scope": "aws.cognito.signin.user.admin",
            "jti": str(uuid.uuid4()),
            "username": user.username,
        }
        return {
            "AccessToken": self._sign(access),
            "ExpiresIn": TOKEN_SECONDS,
            "TokenType": "Bearer",
            "IdToken": self._sign(identity),
        }

    def issue_refresh(self, user: User, now: float) -> str:
        token = (
            base64.urlsafe_b64encode(uuid.uuid4().bytes + uuid.uuid4().bytes + uuid.uuid4().bytes).decode().rstrip("=")
        )
        self._refresh = {key: row for key, row in self._refresh.items() if row[1] > now - REFRESH_SECONDS}
        self._refresh[_digest(token)] = (user.sub, now)
        return token

    def redeem(self, token: str, now: float) -> tuple[str, float]:
        """The `sub` behind a refresh token and when it was issued. Raises `TokenError`."""
        row = self._refresh.get(_digest(token))
        if row is None:
            raise TokenError("Invalid Refresh Token.")
        if now >= row[1] + REFRESH_SECONDS:
            raise TokenError("Refresh Token has expired.")
        return row

    def read_identity(self, token: str, now: float) -> dict[str, Any]:
        """The claims of a valid ID token of this pool and client. Raises `TokenError`."""
        try:
            claims = jwt.decode(
                token, self._key.public_key(), algorithms=["RS256"], audience=self.client_id, issuer=self.issuer,
                options={"verify_exp": False, "verify_iat": False},
            )  # fmt: skip
        except jwt.PyJWTError:
            raise TokenError("Invalid login token. Not a valid OpenId Connect identity token.") from None
        if claims.get("token_use") != "id":
            raise TokenError("Invalid login token. Not an identity token.")
        if now >= claims["exp"]:
            raise TokenError(f"Invalid login token. Token expired: {claims['exp']} >= {int(now)}")
        return claims

    def _sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self.key_id})

    def dump(self) -> dict[str, Any]:
        encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
        made = self._made and self._made.private_bytes(encoding, form, serialization.NoEncryption()).decode()
        return {"key": made, "refresh": json.loads(json.dumps(self._refresh))}

    def load(self, rows: dict[str, Any]) -> None:
        if rows["key"] is not None:
            key = serialization.load_pem_private_key(rows["key"].encode(), password=None)
            if not isinstance(key, rsa.RSAPrivateKey):
                raise TypeError("The saved token key is not an RSA key.")
            self._made = key
        self._refresh = {token: (row[0], row[1]) for token, row in rows["refresh"].items()}


def _base64url(number: int) -> str:
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
