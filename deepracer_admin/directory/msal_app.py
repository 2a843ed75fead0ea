"""One way to make the MSAL application, for the sign-in pages and for the worker.

MSAL takes https authorities only. In rehearsal the practice Entra listens on plain loopback, so the authority keeps an
https name that exists nowhere (`PRACTICE_LOGIN`) and the session below sends those requests to loopback
(identity-and-mail.md 2.1, test seam). Everything else is the code that talks to Microsoft.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msal
import requests
import truststore
from requests.adapters import HTTPAdapter

from deepracer_admin.edge.answers import is_page, stopped_between
from deepracer_admin.edge.bounded_pools import POOLS
from deepracer_admin.edge.bounds import within_size
from deepracer_admin.edge.reach import ENTRA, Reach
from deepracer_admin.errors import BadSettings

__all__ = ["PRACTICE_LOGIN", "build_app", "certificate_credential", "rewriting_session", "system_session"]

PRACTICE_LOGIN = "https://login.practice.example"
TIMEOUT_S = 20.0

Credential = str | dict[str, Any] | None


def build_app(
    authority: str,
    client_id: str,
    credential: Credential,
    *,
    loopback: str | None = None,
    cache: msal.TokenCache | None = None,
) -> msal.ConfidentialClientApplication:
    """The application. `authority` is "https://login.microsoftonline.com/{tenant}" or, in rehearsal,
    `PRACTICE_LOGIN + "/{tenant}"` with `loopback` = the practice Entra's base ("http://127.0.0.1:PORT/entra").

    The authority's host is asked for its endpoints here, so this raises ValueError when it cannot be reached.
    """
    root = "{0.scheme}://{0.netloc}".format(urlsplit(authority))
    return msal.ConfidentialClientApplication(
        client_id,
        client_credential=credential,
        authority=authority,
        token_cache=cache,
        http_client=rewriting_session(root, loopback) if loopback else system_session(),
        instance_discovery=False if loopback else None,
    )


def certificate_credential(path: str, passphrase: str = "") -> dict[str, Any]:
    """MSAL's form of a certificate file: .pfx, or a .pem that holds key and certificate (identity-and-mail.md 2.1).

    Raises `BadSettings` when there is no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise BadSettings(f"The certificate file {file.name} does not exist: correct its path in the settings.")
    if file.suffix.lower() in (".pfx", ".p12"):
        credential: dict[str, Any] = {"private_key_pfx_path": str(file)}
    else:
        text = file.read_text(encoding="utf-8-sig", errors="replace")  # whatever stands around the PEM blocks
        credential = {"private_key": text, "public_certificate": text}
    return credential | ({"passphrase": passphrase} if passphrase else {})


def rewriting_session(fake_host: str, loopback: str) -> requests.Session:
    """A session that sends what is meant for `fake_host` to `loopback`, past every proxy.

    Raises BadSettings when `loopback` is not on this machine: a practice secret must not leave it.
    """
    return _Rewriting(fake_host, loopback)


def system_session() -> requests.Session:
    """A session that trusts what this computer trusts, and uses its proxies."""
    return _Guarded(Reach.LIVE)


class _Guarded(requests.Session):
    """Asks for every request, redirects and addresses that Entra itself gave included, whether it may leave."""

    def __init__(self, reach: Reach) -> None:
        super().__init__()
        self._reach = reach
        self.trust_env = reach is Reach.LIVE
        self.mount("https://", _SystemTrust())
        self.mount("http://", _SystemTrust())

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        kwargs.setdefault("timeout", TIMEOUT_S)
        return super().request(method, url, *args, **kwargs)

    def send(self, request: requests.PreparedRequest, **kwargs: Any) -> requests.Response:
        try:
            self._reach.admit(str(request.url), ENTRA)
        except BadSettings as refused:  # as MSAL's callers expect a request that came to nothing
            raise requests.exceptions.InvalidURL(refused.sentence) from None
        # Entra has no redirects; a sign-in page has
        answer = _read(super().send(request, **{**kwargs, "allow_redirects": False, "stream": True}))
        self._reach.believe(answer.headers, ENTRA, "token")
        if is_page(answer.status_code, answer.headers, answer.content):
            raise stopped_between(ENTRA.name, "token", answer.status_code)
        return answer


def _read(answer: requests.Response) -> requests.Response:
    """The whole answer, where requests would unpack one of any size. Raises requests' ConnectionError."""
    try:
        answer._content = b"".join(within_size(answer.iter_content(65536)))
    except ConnectionAbortedError as endless:
        raise requests.exceptions.ConnectionError(str(endless), request=answer.request) from endless
    finally:
        answer.close()  # which gives a connection back that was read to its end
    return answer


class _Rewriting(_Guarded):
    def __init__(self, fake_host: str, loopback: str) -> None:
        super().__init__(Reach.PRACTICE)
        Reach.PRACTICE.admit(loopback, ENTRA)
        self._fake_host = fake_host.rstrip("/")
        self._loopback = loopback.rstrip("/")

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        address = url.decode() if isinstance(url, bytes) else url
        if address.startswith(self._fake_host + "/"):
            address = self._loopback + address.removeprefix(self._fake_host)
        return super().request(method, address, *args, **kwargs)


class _SystemTrust(HTTPAdapter):
    """Connections that trust what this computer trusts, and whose every answer ends."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, ssl_context=_context(), **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        manager = super().proxy_manager_for(*args, ssl_context=_context(), **kwargs)
        manager.pool_classes_by_scheme = POOLS
        return manager


def _context() -> truststore.SSLContext:
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
