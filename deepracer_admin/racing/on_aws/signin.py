"""Signing the console in: user pool, then identity pool, then AWS credentials (deepracer-on-aws.md 1.2).

botocore makes the calls (unsigned, with its own retries), our HTTP client carries them, and no secret leaves this
module: credentials are handed to the signer only. Tokens and credentials are renewed five minutes before they end; the
refresh token lives one day, after which the password signs in again. A refused password is not tried again for ten
minutes, for Cognito locks users out.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from botocore import UNSIGNED
from botocore.config import Config
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError, ClientError

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.boto_http import carry
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import AccessDenied, CredentialsExpired, Refused, Throttled
from deepracer_admin.racing.on_aws.signin_errors import ADMINISTRATORS, breakdown_of, odd_answer, refusal_of
from deepracer_admin.racing.on_aws.site import SERVICE, Site

__all__ = ["Identity", "SignIn"]

_MARGIN = timedelta(minutes=5)
_PASSWORD_PAUSE_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the console is signed in as, from the ID token's claims (deepracer-on-aws.md 1.2, step 3)."""

    profile_id: str
    email: str
    groups: tuple[str, ...]


@dataclass(slots=True)
class _Tokens:
    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    ends_at: datetime


@dataclass(slots=True)
class _Keys:
    credentials: ReadOnlyCredentials = field(repr=False)
    ends_at: datetime


class SignIn:
    """The console's own sign-in to one deployment. Thread-safe; connects on first use.

    `now` is real time, corrected for a wrong clock; `monotonic` never goes back. Methods raise CredentialsExpired,
    AccessDenied, Throttled, Unreachable, Unavailable or NotThere, each with what to do.
    """

    def __init__(
        self,
        site: Site,
        user: str,
        password: str,
        *,
        http: httpx.Client,
        reach: Reach,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        cognito_idp_url: str | None = None,
        cognito_identity_url: str | None = None,
    ) -> None:
        self._site = site
        self._user = user.strip()
        self._password = password
        self._now = now
        self._monotonic = monotonic
        self._lock = threading.RLock()
        self._pool = _client("cognito-idp", site.region, cognito_idp_url, reach)
        self._identities = _client("cognito-identity", site.region, cognito_identity_url, reach)
        for client in (self._pool, self._identities):
            carry(client, http)
        self._tokens: _Tokens | None = None
        self._identity: Identity | None = None
        self._identity_id = ""
        self._keys: _Keys | None = None
        self._refused: tuple[float, CredentialsExpired | Throttled] | None = None  # until when, and what to say

    def __repr__(self) -> str:
        return f"SignIn({self._site.address})"

    def identity(self) -> Identity:
        """Who the console is; signs in when nobody is yet."""
        with self._lock:
            self._fresh_tokens()
            assert self._identity is not None  # noqa: S101 - set with the tokens
            return self._identity

    def credentials(self) -> ReadOnlyCredentials:
        """AWS credentials with at least five minutes to live."""
        with self._lock:
            if self._keys is None or self._keys.ends_at - _MARGIN <= self._now():
                self._keys = self._exchange(self._fresh_tokens())
            return self._keys.credentials

    def renew(self, used_access_key: str) -> None:
        """Forget the credentials of this access key, and the ID token with them: AWS no longer takes them.

        Another thread may have renewed them meanwhile; then nothing happens.
        """
        with self._lock:
            if self._keys is not None and self._keys.credentials.access_key == used_access_key:
                self._keys = None
                if self._tokens is not None:
                    self._tokens.ends_at = self._now()

    def choose_first_password(self, new_password: str) -> None:
        """Replace the temporary password of an invited user and sign in (deepracer-on-aws.md 1.2, step 2).

        The caller stores the new password. Raises Refused when it breaks the rules or no new one is asked for.
        """
        with self._lock:
            answer = self._ask("InitiateAuth", self._pool.initiate_auth, **self._password_call())
            if answer.get("ChallengeName") != "NEW_PASSWORD_REQUIRED":
                raise Refused(
                    "This user already has a password of its own: enter that one.",
                    service=SERVICE,
                    operation="InitiateAuth",
                    code="no_challenge",
                )
            answer = self._ask(
                "RespondToAuthChallenge",
                self._pool.respond_to_auth_challenge,
                ClientId=self._site.client,
                ChallengeName="NEW_PASSWORD_REQUIRED",
                Session=str(answer.get("Session") or ""),
                ChallengeResponses={
                    "USERNAME": answer.get("ChallengeParameters", {}).get("USER_ID_FOR_SRP")
                    or answer.get("ChallengeParameters", {}).get("USERNAME", self._user),
                    "NEW_PASSWORD": new_password,
                },
            )
            self._password, self._refused = new_password, None
            self._take(answer)

    @property
    def hosts(self) -> frozenset[str]:
        """The hosts that a sign-in calls."""
        return frozenset(urlsplit(each.meta.endpoint_url).hostname or "" for each in (self._pool, self._identities))

    def close(self) -> None:
        """Let connections and secrets go."""
        with self._lock:
            self._tokens = self._keys = None
            self._pool.close()
            self._identities.close()

    # -- tokens of the user pool

    def _fresh_tokens(self) -> _Tokens:
        tokens = self._tokens
        if tokens is None or (tokens.ends_at - _MARGIN <= self._now() and not self._refresh(tokens)):
            self._sign_in()
        assert self._tokens is not None  # noqa: S101 - either branch has set them
        return self._tokens

    def _refresh(self, tokens: _Tokens) -> bool:
        """True when the refresh token was still good for a new ID token."""
        try:
            answer = self._ask(
                "InitiateAuth",
                self._pool.initiate_auth,
                ClientId=self._site.client,
                AuthFlow="REFRESH_TOKEN_AUTH",
                AuthParameters={"REFRESH_TOKEN": tokens.refresh_token},
            )
        except (CredentialsExpired, AccessDenied):
            return False
        self._take(answer, tokens.refresh_token)
        return True

    def _sign_in(self) -> None:
        if self._refused and self._monotonic() < self._refused[0]:
            raise self._refused[1]
        self._refused = None
        try:
            answer = self._ask("InitiateAuth", self._pool.initiate_auth, **self._password_call())
        except CredentialsExpired as error:
            self._refused = (self._monotonic() + _PASSWORD_PAUSE_SECONDS, error)
            raise
        except Throttled as error:
            self._refused = (self._monotonic() + error.retry_after, error)
            raise
        challenge = answer.get("ChallengeName")
        if challenge == "NEW_PASSWORD_REQUIRED":
            error = CredentialsExpired(
                f"The console's user still has its temporary password: sign in once at {self._site.address}, or choose "
                "a new password on the Set up page.",
                service=SERVICE,
                operation="InitiateAuth",
                code="NEW_PASSWORD_REQUIRED",
            )
            self._refused = (self._monotonic() + _PASSWORD_PAUSE_SECONDS, error)
            raise error
        if challenge:
            raise AccessDenied(
                f"Cognito asks the console's user for more than a password ({challenge}): use a user without it.",
                service=SERVICE,
                operation="InitiateAuth",
                code=str(challenge),
            )
        self._take(answer)

    def _password_call(self) -> dict[str, Any]:
        return {
            "ClientId": self._site.client,
            "AuthFlow": "USER_PASSWORD_AUTH",
            "AuthParameters": {"USERNAME": self._user, "PASSWORD": self._password},
        }

    def _take(self, answer: dict[str, Any], refresh_token: str = "") -> None:
        try:
            result = answer["AuthenticationResult"]
            # The token comes from Cognito itself over TLS and is only read for display and for the role check.
            claims = jwt.decode(result["IdToken"], options={"verify_signature": False, "verify_exp": False})
            groups = tuple(str(group) for group in claims.get("cognito:groups") or ())
            lives = timedelta(seconds=int(result.get("ExpiresIn", 3600)))
        except (KeyError, TypeError, ValueError, AttributeError, jwt.InvalidTokenError) as error:
            raise odd_answer("InitiateAuth") from error
        if ADMINISTRATORS not in groups:
            held = ", ".join(groups) or "no group"
            raise AccessDenied(
                f"The console's user is in {held}, not in {ADMINISTRATORS}: a DeepRacer administrator must make it an "
                "administrator on the site's user page, then sign the console in again.",
                service=SERVICE,
                operation="InitiateAuth",
                code="role",
            )
        self._identity = Identity(
            profile_id=str(claims.get("cognito:username", "")),
            email=str(claims.get("email") or self._user).lower(),
            groups=groups,
        )
        self._tokens = _Tokens(
            id_token=result["IdToken"],
            refresh_token=result.get("RefreshToken") or refresh_token,
            ends_at=self._now() + lives,
        )
        self._keys = None

    # -- credentials of the identity pool

    def _exchange(self, tokens: _Tokens) -> _Keys:
        logins = {self._site.login_provider: tokens.id_token}
        if not self._identity_id:
            answer = self._ask("GetId", self._identities.get_id, IdentityPoolId=self._site.identity_pool, Logins=logins)
            self._identity_id = str(answer.get("IdentityId") or "")
            if not self._identity_id:
                raise odd_answer("GetId")
        answer = self._ask(
            "GetCredentialsForIdentity",
            self._identities.get_credentials_for_identity,
            IdentityId=self._identity_id,
            Logins=logins,
        )
        try:
            keys = answer["Credentials"]
            credentials = ReadOnlyCredentials(keys["AccessKeyId"], keys["SecretKey"], keys["SessionToken"])
        except KeyError as error:
            raise odd_answer("GetCredentialsForIdentity") from error
        ends_at = keys.get("Expiration") or self._now() + timedelta(hours=1)
        return _Keys(credentials, ends_at.astimezone(UTC))

    def _ask(self, operation: str, call: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
        try:
            return call(**parameters)
        except ClientError as error:
            raise refusal_of(operation, error, self._site) from None
        except (BotoCoreError, OSError) as error:
            raise breakdown_of(operation, error) from None
        except (AttributeError, KeyError, TypeError, ValueError):  # botocore could not read the answer
            raise odd_answer(operation) from None


def _client(name: str, region: str, url: str | None, reach: Reach) -> Any:
    access = AwsAccess(region=region, endpoint_url=url or "", reach=reach)
    return access.client(name, attempts=4, config=Config(signature_version=UNSIGNED))
