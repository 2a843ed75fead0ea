"""Tokens at rest: sealed with the installation's own key (identity-and-mail.md 2.4)."""

from __future__ import annotations

import hashlib

from cryptography.fernet import Fernet, InvalidToken

from deepracer_admin.errors import BadSettings
from deepracer_admin.private import secret_file
from deepracer_admin.settings import Settings

__all__ = ["Vault", "open_vault"]


class Vault:
    """Encrypts tokens at rest. The key is the installation's own; a lost key only signs people out."""

    def __init__(self, key: bytes) -> None:
        self.key = key
        self._fernet = Fernet(key)

    @property
    def key_print(self) -> str:
        """Tells whether two installations have the same key, and nothing else about it."""
        return hashlib.sha256(b"deepracer console, print of the key: " + self.key).hexdigest()[:16]

    def seal(self, text: str) -> bytes:
        """Encrypt and authenticate."""
        return self._fernet.encrypt(text.encode())

    def open(self, sealed: bytes) -> str:
        """The text, or "" when it was sealed with another key (then its owner signs in again)."""
        try:
            return self._fernet.decrypt(sealed).decode() if sealed else ""
        except InvalidToken:
            return ""


def open_vault(settings: Settings) -> Vault:
    """The key from the settings, else from the file `key` of the data folder (made 0600 at first use)."""
    given = settings.secret_key.get_secret_value()
    if given:
        try:
            return Vault(given.encode())
        except ValueError:
            raise BadSettings(
                "`secret_key` must be a Fernet key: 32 random bytes, URL-safe base64 (44 characters)."
            ) from None
    path = settings.home / "key"
    secret_file(path, Fernet.generate_key)
    try:
        return Vault(path.read_bytes().strip())
    except (OSError, ValueError):
        raise BadSettings(f"{path} cannot be read as a key; move it away, and everybody signs in again.") from None
