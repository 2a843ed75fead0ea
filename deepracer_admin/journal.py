"""The log: one file in the data folder and the terminal; no e-mail, token or password is ever written to it."""

from __future__ import annotations

import hashlib
import logging
import logging.handlers
import os
from io import TextIOWrapper
from typing import cast

from deepracer_admin.private import open_private
from deepracer_admin.settings import Settings

__all__ = ["person_hash", "set_up_logging"]


def person_hash(email: str) -> str:
    """How a person appears in the log: the first 10 hex digits of the SHA-256 of their address."""
    return hashlib.sha256(email.strip().lower().encode()).hexdigest()[:10]


class _SharedLog(logging.handlers.RotatingFileHandler):
    """For this account alone. Grows on where the file cannot be renamed: on Windows, while a console and a worker both
    have it open.
    """

    def _open(self) -> TextIOWrapper:
        return cast(TextIOWrapper, open(self.baseFilename, self.mode, encoding=self.encoding, opener=open_private))

    def doRollover(self) -> None:
        if self.stream:
            self.stream.close()
        aside = f"{self.baseFilename}.turning"
        try:
            os.rename(self.baseFilename, aside)
            os.rename(aside, self.baseFilename)
        except OSError:
            self.stream = self._open()
            return
        super().doRollover()


def set_up_logging(settings: Settings) -> None:
    """Log to `console.log` in the data folder (5 files of 2 MB) and to standard error. Safe to call again."""
    root = logging.getLogger("deepracer_admin")
    if root.handlers:
        return
    form = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    file = _SharedLog(settings.home / "console.log", maxBytes=2_000_000, backupCount=5, encoding="utf-8")
    terminal = logging.StreamHandler()
    for handler in (file, terminal):
        handler.setFormatter(form)
        root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    for name in ("httpx", "httpcore"):  # they would write whole addresses, and a chat's is a secret
        logging.getLogger(name).setLevel(logging.WARNING)
    terminal.setLevel(logging.WARNING)
