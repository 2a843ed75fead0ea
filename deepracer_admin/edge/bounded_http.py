"""httpx, bounded: the one place where the console makes an HTTP client of its own.

httpcore takes the network it runs on as a parameter, httpx does not hand it on: so the network of a finished client is
exchanged, that of each of its ways through proxies too. What crosses the wire packed is counted as it is unpacked, for
a megabyte may hold a gigabyte.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpcore
import httpx

from deepracer_admin.edge.bounds import bounded, within_size

__all__ = ["bounded_client"]


def bounded_client(**options: Any) -> httpx.Client:
    """An httpx client with these options, whose every answer ends (bounds.py)."""
    client = httpx.Client(**options)
    client.event_hooks["response"].append(_unpack)
    for transport in (client._transport, *client._mounts.values()):
        if isinstance(transport, httpx.HTTPTransport):
            pool = transport._pool
            pool._network_backend = _Network(pool._network_backend)
    return client


def _unpack(response: httpx.Response) -> None:
    """Read a packed answer here, where httpx would read it whole. Raises httpx.ReadError for one that is too large."""
    if "content-encoding" not in response.headers:
        return
    try:
        response._content = b"".join(within_size(response.iter_bytes()))
    except ConnectionAbortedError as endless:
        raise httpx.ReadError(str(endless), request=response.request) from endless


class _Network(httpcore.NetworkBackend):
    def __init__(self, usual: httpcore.NetworkBackend) -> None:
        self._usual = usual

    def connect_tcp(self, host: str, port: int, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return _Stream(self._usual.connect_tcp(host, port, *args, **options))


class _Stream(httpcore.NetworkStream):
    """httpcore's own stream, over a bounded socket."""

    def __init__(self, usual: httpcore.NetworkStream) -> None:
        sock = usual.get_extra_info("socket")
        bound = bounded(sock)  # TLS stays the socket that it is; below other TLS, it is bounded already
        over: Any = type(usual)
        self._usual = usual if bound is sock else over(bound)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._usual.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._usual.write(buffer, timeout)

    def close(self) -> None:
        self._usual.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._usual.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._usual.get_extra_info(info)
