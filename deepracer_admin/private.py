"""Files of this account alone: what the data folder holds is people's names, addresses, tokens and a key.

New files and folders are made 0600 and 0700 (`make_private` for the whole process, `open_private` for a single file);
what is there already, from an earlier version or a copy, is tightened when it is opened. Windows keeps a person's
folder private by itself and knows no such modes.
"""

from __future__ import annotations

import logging
import os
import secrets
import stat
from collections.abc import Callable
from fnmatch import fnmatch
from pathlib import Path

__all__ = [
    "FOLDERS",
    "OURS",
    "make_private",
    "open_private",
    "private_folder",
    "secret_file",
    "tighten",
    "tighten_folder",
]

log = logging.getLogger(__name__)

OURS = (
    "*.sqlite",
    "*.sqlite-wal",
    "*.sqlite-shm",
    "*.sqlite-journal",
    "key",
    ".key-*",
    "certificate-key",
    ".certificate-key-*",
    ".writable",
    "console*.log*",
    "practice*.log*",
    "practice*.json*",
)
"""Names of files in a data folder."""
FOLDERS = ("exports", "logs", "backups", "alive")
"""Its folders; everything in them is ours."""


def make_private() -> None:
    """What this process makes from now on, and whatever it starts, is for its own account alone."""
    os.umask(0o077)


def open_private(path: str, flags: int) -> int:
    """An `opener` for `open()`: a new file is 0600 and an old one becomes so."""
    descriptor = os.open(path, flags, 0o600)
    tighten(Path(path))
    return descriptor


def secret_file(path: Path, make: Callable[[], bytes]) -> None:
    """A file of a secret that is made once, whole, 0600; another process that makes it meanwhile wins. Raises OSError.

    What if it dies here? A part of it is left beside it, under a name of its own, and the next start makes the file.
    """
    if not path.exists():
        part = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(make())
        try:
            os.link(part, path)  # never replaces a secret that another process made meanwhile
        except FileExistsError:
            pass
        except OSError:
            part.replace(path)
        part.unlink(missing_ok=True)
    tighten(path)


def private_folder(path: Path) -> None:
    """Make a folder 0700, with those above it that are missing. Raises OSError."""
    for folder in reversed([each for each in (path, *path.parents) if not each.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)


def tighten(path: Path) -> None:
    """Take away what others may do with a file or folder of ours. What is not there, or not ours, stays as it is."""
    if os.name != "posix":
        return
    try:
        found = path.lstat()
        if stat.S_IMODE(found.st_mode) & 0o077 and not stat.S_ISLNK(found.st_mode):
            path.chmod(stat.S_IMODE(found.st_mode) & 0o700)
    except OSError as error:
        log.info("%s keeps its permissions (%s)", path.name, error.strerror)


def tighten_folder(home: Path) -> None:
    """A data folder with what is in it. One that also holds other things keeps its own mode: it is not ours alone."""
    try:
        entries = list(home.iterdir())
    except OSError:
        return
    alone = True
    for entry in entries:
        if entry.name in FOLDERS and entry.is_dir():
            for path in (entry, *entry.rglob("*")):
                tighten(path)
        elif any(fnmatch(entry.name, name) for name in OURS):
            tighten(entry)
        else:
            alone = False
    if alone:
        tighten(home)
