"""Signature Version 4, checked from the server's side and written without botocore.

The client signs with botocore; the practice world recomputes the signature from the bytes that arrived. Two independent
implementations must agree, so a mistake in one cannot hide in the other. Facts: deepracer-on-aws.md 1.2 and 1.4.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote_to_bytes

from starlette.requests import Request

SKEW = timedelta(minutes=5)
_ALGORITHM = "AWS4-HMAC-SHA256"
_STAMP = "%Y%m%dT%H%M%SZ"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key "
    "and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Credential:
    """One access key. `expires_at` is real time in epoch seconds, None for a key that never expires."""

    access_key_id: str
    secret_key: str
    session_token: str | None = None
    expires_at: float | None = None
    principal: str = ""


class Refusal(Exception):
    """The request is not acceptably signed. `error_type` is the AWS error name, `message` its text."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message


Lookup = Callable[[str], Credential | None]


def verify(request: Request, body: bytes, service: str, lookup: Lookup, *, region: str, now: datetime) -> Credential:
    """Return the credential that signed the request, or raise `Refusal`.

    The path and the query are taken raw, as sent. `now` is real time: signatures never run on the practice clock.
    """
    headers = _collect_headers(request.scope["headers"])
    given = _parse_authorization(headers.get("authorization"))
    access_key_id, date, scope_region, scope_service, terminator = _split_scope(given["Credential"])
    if terminator != "aws4_request":
        raise Refusal(
            "InvalidSignatureException", "Credential should be scoped with a valid terminator: 'aws4_request'. "
        )
    if scope_region != region:
        raise Refusal("InvalidSignatureException", "Credential should be scoped to a valid region. ")
    if scope_service != service:
        raise Refusal("InvalidSignatureException", f"Credential should be scoped to correct service: '{service}'. ")
    stamp = headers.get("x-amz-date", "")
    _check_skew(stamp, now)
    if not stamp.startswith(date):
        raise Refusal(
            "InvalidSignatureException", "Date in Credential scope does not match YYYYMMDD from ISO-8601 version."
        )
    signed = given["SignedHeaders"].split(";")
    if "host" not in signed:
        raise Refusal("InvalidSignatureException", "'Host' must be a 'SignedHeader' in the AWS Authorization.")
    unsigned = sorted(name for name in headers if name.startswith("x-amz-") and name not in signed)
    if unsigned:
        raise Refusal(
            "InvalidSignatureException", f"'{unsigned[0].title()}' must be a 'SignedHeader' in the AWS Authorization."
        )
    credential = lookup(access_key_id)
    if credential is None or (credential.session_token or "") != headers.get("x-amz-security-token", ""):
        raise Refusal("UnrecognizedClientException", "The security token included in the request is invalid.")
    if credential.expires_at is not None and now.timestamp() >= credential.expires_at:
        raise Refusal("ExpiredTokenException", "The security token included in the request is expired")
    canonical = "\n".join(
        [
            request.method,
            canonical_path(_raw_path(request)),
            canonical_query(request.scope["query_string"].decode("latin-1")),
            *[f"{name}:{headers.get(name, '')}" for name in signed],
            "",
            ";".join(signed),
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{date}/{region}/{service}/aws4_request"
    text = "\n".join([_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    expected = hmac.new(_derive_key(credential.secret_key, date, region, service), text.encode(), hashlib.sha256)
    if not hmac.compare_digest(expected.hexdigest(), given["Signature"]):
        raise Refusal("InvalidSignatureException", _MISMATCH)
    return credential


def canonical_path(raw: str) -> str:
    """The path as sent, dot segments and empty segments removed, each byte encoded once more (all services but S3)."""
    kept: list[str] = []
    for segment in raw.split("/"):
        if segment == "..":
            if kept:
                kept.pop()
        elif segment not in ("", "."):
            kept.append(segment)
    path = "/" + "/".join(kept)
    if raw.endswith("/") and kept:
        path += "/"
    return quote(path, safe="/-_.~")


def canonical_query(raw: str) -> str:
    """Names and values decoded (a plus is a space), encoded strictly, sorted by name and then value."""
    pairs = []
    for part in raw.split("&"):
        if part:
            name, _, value = part.partition("=")
            pairs.append((_reencode(name), _reencode(value)))
    return "&".join(f"{name}={value}" for name, value in sorted(pairs))


def _reencode(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe="-_.~")


def _raw_path(request: Request) -> str:
    raw = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    return raw.split(b"?")[0].decode("latin-1")


def _collect_headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    collected: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name = name_bytes.decode("latin-1").lower()
        value = re.sub(r"\s+", " ", value_bytes.decode("latin-1")).strip()
        collected[name] = f"{collected[name]},{value}" if name in collected else value
    return collected


def _parse_authorization(header: str | None) -> dict[str, str]:
    if not header:
        raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token")
    digest = base64.b64encode(hashlib.sha256(header.encode()).digest()).decode()
    about = f"(hashed with SHA-256 and encoded with Base64): '{digest}'."
    scheme, _, rest = header.partition(" ")
    fields: dict[str, str] = {}
    for part in (rest if scheme == _ALGORITHM else header.removeprefix("Bearer ")).split(","):
        name, equals, value = part.strip().partition("=")
        if not equals or scheme != _ALGORITHM:
            raise Refusal(
                "IncompleteSignatureException",
                f"Invalid key=value pair (missing equal-sign) in Authorization header {about}",
            )
        fields[name] = value
    for name in ("Credential", "SignedHeaders", "Signature"):
        if name not in fields:
            raise Refusal("IncompleteSignatureException", f"Authorization header requires '{name}' parameter. {about}")
    return fields


def _split_scope(credential: str) -> tuple[str, str, str, str, str]:
    parts = credential.split("/")
    if len(parts) != 5:
        raise Refusal(
            "IncompleteSignatureException",
            f"Credential must have exactly 5 slash-delimited elements, got {len(parts)}.",
        )
    return parts[0], parts[1], parts[2], parts[3], parts[4]


def _check_skew(stamp: str, now: datetime) -> None:
    try:
        sent = datetime.strptime(stamp, _STAMP).replace(tzinfo=UTC)
    except ValueError:
        raise Refusal(
            "IncompleteSignatureException",
            "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.",
        ) from None
    here, early, late = (moment.strftime(_STAMP) for moment in (now, now - SKEW, now + SKEW))
    if sent < now - SKEW:
        raise Refusal(
            "InvalidSignatureException", f"Signature expired: {stamp} is now earlier than {early} ({here} - 5 min.)"
        )
    if sent > now + SKEW:
        raise Refusal(
            "InvalidSignatureException",
            f"Signature not yet current: {stamp} is still later than {late} ({here} + 5 min.)",
        )


def _derive_key(secret: str, date: str, region: str, service: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for step in (date, region, service, "aws4_request"):
        key = hmac.new(key, step.encode(), hashlib.sha256).digest()
    return key
