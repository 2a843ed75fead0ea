"""A resolver that asks nobody."""

import socket
from typing import Any

import pytest

from tests.edge.addresses import THIS_MACHINE_BY_NAME


@pytest.fixture(autouse=True)
def resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    """One name leads here, by its second address; every other leads elsewhere; numbers stay as they are."""
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *rest: Any, **options: Any) -> Any:
        kind = socket.SOCK_STREAM
        if host == THIS_MACHINE_BY_NAME:
            return [
                (socket.AF_INET, kind, 6, "", ("203.0.113.7", 0)),
                (socket.AF_INET6, kind, 6, "", ("::ffff:127.0.0.1", 0, 0, 0)),
            ]
        if isinstance(host, str) and host.strip(".").rpartition(".")[2].isalpha() and host != "localhost":
            return [(socket.AF_INET, kind, 6, "", ("203.0.113.7", 0))]
        return real(host, port, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
