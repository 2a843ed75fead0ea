"""The console's own signing key (Ed25519): made once in the data folder, for this account alone.

Whoever holds the data folder can sign as this console; who does not, cannot. A lost key is no loss of evidence: what
was signed stays verifiable with its public key, and a new key signs what follows, under another fingerprint.
"""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from deepracer_admin.errors import BadSettings
from deepracer_admin.private import secret_file
from deepracer_admin.settings import Settings

__all__ = ["FILE", "open_signing_key"]

FILE = "certificate-key"


def open_signing_key(settings: Settings) -> Ed25519PrivateKey:
    """The key of the data folder; made at first use, 0600, and never in place of one that is there.

    Raises BadSettings when the file holds no key or cannot be read.
    """
    path = settings.home / FILE
    secret_file(path, lambda: Ed25519PrivateKey.generate().private_bytes_raw().hex().encode() + b"\n")
    try:
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(path.read_text("ascii").strip()))
    except (OSError, ValueError):
        raise BadSettings(
            f"{path} cannot be read as a key: put it back from a backup, or move it away; certificates are then signed "
            "with a new key, whose fingerprint is another."
        ) from None
