"""ID tokens: genuine ones pass, and each way of not being one is refused for its own reason."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, ConsoleError, Refused, Unreachable
from deepracer_admin.model import Role
from deepracer_admin.rules.access import roles_in
from deepracer_admin.web.identity import Keys, verify_id_token

ISSUER = "https://login.example.com/tenant-1/v2.0"
OURS = rsa.generate_private_key(public_exponent=65537, key_size=2048)
THEIRS = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwks(**keys: rsa.RSAPrivateKey) -> dict[str, Any]:
    return {
        "keys": [
            {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": kid, "use": "sig"} for kid, key in keys.items()
        ]
    }


class Published(Keys):
    """Keys as a tenant publishes them, without its server."""

    def __init__(self, **keys: rsa.RSAPrivateKey) -> None:
        super().__init__("http://127.0.0.1:9/keys", Reach.PRACTICE)
        self.published = jwks(**keys)
        self.asked = 0

    def _fetch(self) -> dict[str, jwt.PyJWK]:
        self.asked += 1
        return {key.key_id: key for key in jwt.PyJWKSet.from_dict(self.published).keys if key.key_id}


def token(key: Any = OURS, *, kid: str = "one", algorithm: str = "RS256", **changes: Any) -> str:
    """A genuine token but for the changes; a claim set to None is left out."""
    now = int(time.time())
    claims = {"iss": ISSUER, "aud": "client-1", "iat": now, "nbf": now, "exp": now + 3600, "sub": "s", "name": "Ada"}
    claims |= {"oid": "oid-1", "tid": "tenant-1", "roles": ["Organizer"]}
    kept = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(kept, key, algorithm=algorithm, headers={"kid": kid})


def verify(given: str, keys: Keys | None = None) -> dict[str, Any]:
    return verify_id_token(given, keys or Published(one=OURS), client_id="client-1", issuer=ISSUER, tenant="tenant-1")


def test_a_genuine_token_gives_its_claims() -> None:
    claims = verify(token())
    assert (claims["oid"], claims["tid"], roles_in(claims)) == ("oid-1", "tenant-1", {Role.ORGANIZER})


def ago(minutes: float) -> int:
    return int(time.time() - 60 * minutes)


WRONG: dict[str, tuple[Callable[[], str], type[ConsoleError], str]] = {
    "signed by somebody else": (lambda: token(THEIRS), Refused, "could not be verified"),
    "signed with a key nobody published": (lambda: token(THEIRS, kid="two"), Refused, "does not publish"),
    "not signed": (lambda: token(None, algorithm="none"), Refused, "could not be verified"),
    "signed with the public key as a secret": (
        lambda: token("a shared secret of thirty-two bytes!", algorithm="HS256"),
        Refused,
        "could not be verified",
    ),
    "for another application": (lambda: token(aud="client-2"), Refused, "could not be verified"),
    "of another issuer": (lambda: token(iss="https://login.example.com/x/v2.0"), AccessDenied, "another organization"),
    "of another tenant": (lambda: token(tid="tenant-2"), AccessDenied, "another organization"),
    "expired": (lambda: token(exp=ago(3)), Refused, "clocks"),
    "from the future": (lambda: token(nbf=ago(-3), iat=ago(-3)), Refused, "clocks"),
    "without a person": (lambda: token(oid=None), Refused, "could not be verified"),
    "without a tenant": (lambda: token(tid=None), Refused, "could not be verified"),
    "without an end": (lambda: token(exp=None), Refused, "could not be verified"),
    "no token at all": (lambda: "nonsense", Refused, "could not be verified"),
    "empty": (lambda: "", Refused, "could not be verified"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_token_is_refused_for_its_own_reason(name: str) -> None:
    make, kind, words = WRONG[name]
    with pytest.raises(kind, match=words):
        verify(make())


def test_two_minutes_of_difference_are_forgiven() -> None:
    assert verify(token(exp=ago(1.9)))
    assert verify(token(nbf=ago(-1.9), iat=ago(-1.9)))


def test_a_key_that_rolls_over_is_fetched_once_more_but_not_for_every_forgery(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = [1000.0]
    monkeypatch.setattr("deepracer_admin.web.identity.time.monotonic", lambda: at[0])
    keys = Published(one=OURS)
    assert verify(token(), keys)
    keys.published = jwks(two=THEIRS)
    for _ in range(5):
        with pytest.raises(Refused, match="does not publish"):
            verify(token(THEIRS, kid="two"), keys)
    assert keys.asked == 1, "within ten seconds nobody makes us ask again"
    at[0] += 11
    assert verify(token(THEIRS, kid="two"), keys)
    assert keys.asked == 2
    with pytest.raises(Refused):
        verify(token(), keys)


def test_keys_that_cannot_be_fetched_say_what_to_check() -> None:
    with pytest.raises(Unreachable, match="check the network and proxy"):
        Keys("http://127.0.0.1:9/keys", Reach.PRACTICE).find("one")


@pytest.mark.parametrize(
    ("given", "roles"),
    [
        (["Organizer", "Viewer"], {Role.ORGANIZER, Role.VIEWER}),
        (["organizer", "System", "Administrator"], set()),
        ([], set()),
        (None, set()),
    ],
)
def test_only_the_consoles_own_roles_count(given: Any, roles: set[Role]) -> None:
    assert roles_in({"roles": given}) == roles
