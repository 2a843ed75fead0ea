"""botocore's calls over our own outbound HTTP client.

botocore checks certificates against a bundle of its own, which does not know the root certificate of a company that
inspects TLS. Carried by our client (http.py), its calls trust what the system trusts, keep to the list of hosts and
take the same way through proxies. botocore still builds, retries and reads them.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import httpx
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)

from deepracer_admin.edge.http import is_untrusted

__all__ = ["carry"]


def carry(client: Any, http: httpx.Client) -> None:
    """Let `http` carry the calls of this botocore client. Errors stay those that botocore raises and retries on."""

    def send(request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        try:
            reply = http.request(
                request.method,
                request.url,
                content=_as_bytes(request.body),
                headers={name: _as_text(value) for name, value in request.headers.items()},
            )
        except httpx.RequestError as error:
            raise _as_botocore(error, request.url) from error
        return AWSResponse(request.url, reply.status_code, dict(reply.headers), _Raw(reply.content))

    client.meta.events.register("before-send", send)


class _Raw(io.BytesIO):
    """The body in the form in which botocore asks for it."""

    def stream(self, amt: int = 65536, **_: Any) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


def _as_botocore(error: httpx.RequestError, url: str) -> BotoCoreError:
    if is_untrusted(error):
        return SSLError(endpoint_url=url, error=error)
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return ConnectTimeoutError(endpoint_url=url, error=error)
    if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
        return ReadTimeoutError(endpoint_url=url, error=error)
    if isinstance(error, httpx.ProxyError):
        return ProxyConnectionError(proxy_url="", error=error)
    if isinstance(error, httpx.ConnectError):
        return EndpointConnectionError(endpoint_url=url, error=error)
    return ConnectionClosedError(endpoint_url=url, error=error)


def _as_bytes(body: Any) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else bytes(body)


def _as_text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)
