"""What Cognito's failures mean (transcripts/signin.json). Its messages are matched, never shown."""

from __future__ import annotations

from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from deepracer_admin.edge.answers import by_proxy
from deepracer_admin.edge.aws_errors import CODES, Meaning, proxy_status
from deepracer_admin.errors import (
    AccessDenied,
    CredentialsExpired,
    NotThere,
    Refused,
    ServiceError,
    Throttled,
    Unavailable,
    Unreachable,
)
from deepracer_admin.racing.on_aws.site import SERVICE, Site

__all__ = ["ADMINISTRATORS", "breakdown_of", "odd_answer", "refusal_of"]

ADMINISTRATORS = "dr-admins"
_PASSWORD_RULE = "at least 8 characters with upper and lower case, a digit and a symbol"  # noqa: S105 - not a secret
_NO_ANSWER = (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    OSError,
)


def refusal_of(operation: str, error: ClientError, site: Site) -> ServiceError:
    """The typed error for an answer of the user pool or the identity pool."""
    code = error.response.get("Error", {}).get("Code", "")
    message = error.response.get("Error", {}).get("Message", "").lower()
    where = {"service": SERVICE, "operation": operation, "code": code}
    if CODES.get(code) in (Meaning.THROTTLED, Meaning.EXHAUSTED) or "attempts" in message:
        return Throttled(
            "Cognito wants fewer sign-ins at the moment: the console waits and tries again.", **where, retry_after=60.0
        )
    if operation in ("GetId", "GetCredentialsForIdentity") and code == "NotAuthorizedException":
        return AccessDenied(
            f"The console's user has no role in DeepRacer on AWS: put it into the group {ADMINISTRATORS}, then sign "
            "the console in again.",
            **where,
        )
    if code == "NotAuthorizedException" and "temporary password" in message:
        return CredentialsExpired(
            "The temporary password of the console's user is too old: have an administrator invite it again.", **where
        )
    if code == "NotAuthorizedException" and "disabled" in message:
        return CredentialsExpired("The console's user is disabled in Cognito: enable it, or use another one.", **where)
    if code in ("NotAuthorizedException", "UserNotFoundException", "UserNotConfirmedException"):
        return CredentialsExpired(
            "DeepRacer on AWS does not accept the console's e-mail and password: enter them again in set-up.", **where
        )
    if code == "PasswordResetRequiredException":
        return CredentialsExpired(
            f"The console's user must set a new password: do that at {site.address}, then enter it in set-up.", **where
        )
    if code in ("InvalidPasswordException", "InvalidParameterException") and operation == "RespondToAuthChallenge":
        return Refused(f"The new password is too simple: it needs {_PASSWORD_RULE}.", **where)
    if code == "ResourceNotFoundException":
        return NotThere(
            f"The user pool named by {site.address} is gone: check that the deployment still exists.", **where
        )
    if code == "InvalidParameterException":
        return AccessDenied(
            "The deployment does not allow sign-in with a password: enable ALLOW_USER_PASSWORD_AUTH on its app client.",
            **where,
        )
    return Unavailable("Cognito cannot sign the console in at the moment: it tries again later.", **where)


def odd_answer(operation: str) -> Unavailable:
    """For an answer without the members that it must have."""
    return Unavailable(
        "Cognito answered in a way the console does not understand: it tries again later.",
        service=SERVICE,
        operation=operation,
        code="odd_answer",
    )


def breakdown_of(operation: str, error: Exception) -> ServiceError:
    """The typed error for a call that got no answer."""
    where = {"service": SERVICE, "operation": operation, "code": type(error).__name__}
    if isinstance(error, ProxyConnectionError) and (told := proxy_status(error)):
        return by_proxy("Amazon Cognito", operation, told)
    if isinstance(error, SSLError):
        return Unreachable(
            "The connection to Cognito is not trusted: add the company's root certificate to this computer.", **where
        )
    if isinstance(error, _NO_ANSWER):
        return Unreachable("Cognito cannot be reached: check the network and the company proxy.", **where)
    return Unavailable("Cognito cannot sign the console in at the moment: it tries again later.", **where)
