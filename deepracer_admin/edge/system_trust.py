"""botocore trusts what this computer trusts, as every other connection of the console does.

botocore checks certificates against a bundle that comes with it, which does not know the root certificate of a company
that inspects TLS. It has no setting for the system's own store, so two functions of its HTTP module are replaced, once
and for all of its clients, also those that it makes by itself to renew credentials. A bundle that somebody named
(AWS_CA_BUNDLE, `ca_bundle`) counts in addition.
"""

from __future__ import annotations

import ssl
from typing import Any

import botocore.httpsession
import truststore

__all__ = ["trust_the_system"]


def trust_the_system() -> None:
    """For clients that are made from now on. Harmless to repeat."""
    botocore.httpsession.create_urllib3_context = _context
    botocore.httpsession.get_cert_path = _bundle


def _context(*_: Any, **__: Any) -> ssl.SSLContext:
    """It checks names, too; botocore's own leaves that to urllib3, which on Windows and macOS would see no names of a
    certificate that the system has checked in its place."""
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _bundle(verify: Any) -> Any:
    return None if verify is True else verify
