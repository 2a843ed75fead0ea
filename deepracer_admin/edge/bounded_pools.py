"""urllib3, bounded: what carries botocore's calls, and those of requests under MSAL.

botocore has no setting for its connections, so the class that its pools make them of is replaced, once and for all of
its clients, also those that it makes by itself to renew credentials (as in system_trust.py). requests is given pools.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any, cast

from botocore.awsrequest import AWSHTTPConnection, AWSHTTPConnectionPool, AWSHTTPSConnection, AWSHTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from deepracer_admin.edge.bounds import bounded

__all__ = ["POOLS", "bound_botocore"]

_Connection = HTTPConnection if TYPE_CHECKING else object


def bound_botocore() -> None:
    """For pools that are made from now on. Harmless to repeat."""
    AWSHTTPConnectionPool.ConnectionCls = cast(Any, _AwsPlain)
    AWSHTTPSConnectionPool.ConnectionCls = cast(Any, _AwsTls)


class _Bounded(_Connection):
    """Bounded from the first byte: a proxy's answer to CONNECT may trickle, too."""

    def _new_conn(self) -> socket.socket:
        return bounded(super()._new_conn())

    def connect(self) -> None:
        super().connect()
        if isinstance(self.sock, socket.socket):  # else TLS within TLS, over a socket that is bounded
            self.sock = bounded(self.sock)


class _BoundedTls(_Bounded):
    def _connect_tls_proxy(self, *args: Any, **options: Any) -> ssl.SSLSocket:
        return bounded(super()._connect_tls_proxy(*args, **options))  # type: ignore[misc]


class _AwsPlain(_Bounded, AWSHTTPConnection):
    pass


class _AwsTls(_BoundedTls, AWSHTTPSConnection):
    pass


class _Plain(_Bounded, HTTPConnection):
    pass


class _Tls(_BoundedTls, HTTPSConnection):
    pass


class _PlainPool(HTTPConnectionPool):
    ConnectionCls = cast(Any, _Plain)


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = cast(Any, _Tls)


POOLS = {"http": _PlainPool, "https": _TlsPool}
"""By scheme, as a manager of pools takes them."""
