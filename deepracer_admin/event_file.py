"""One event in one file, to be put into another data folder: what is in it, how it is sealed (docs/backups.md). Pure.

JSON, compressed, or the same sealed with a passphrase: scrypt makes the key, AES-256-GCM encrypts and authenticates, so
a changed byte anywhere is noticed before anything is read.
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from deepracer_admin.errors import BadInput

__all__ = ["FORMAT", "is_sealed", "open_sealed", "pack", "seal", "unpack"]

FORMAT = 2
READABLE = (1, FORMAT)
"""1 had leaderboards row by row (store/standings_rows.py)."""
MAGIC = b"DEEPRACER-EVENT-1\n"
N, R, P = 2**15, 8, 1
"""scrypt's cost: 32 MB and about a tenth of a second (RFC 7914, 2)."""
MOST_N = 2**20
LONGEST_LINE = 400
LARGEST = 2_000_000_000
"""Bytes of all that is in a file, unpacked: more is no event of ours."""
NOT_OURS = "This file is not a backup of an event, or it was cut off: choose the file that `backup` wrote."
CHANGED = "This backup was changed or damaged after it was made, so nothing was restored: take another copy."


def pack(parts: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """A line of JSON with the SHA-256 of what follows: gzip of JSON with `parts` and `files` (in base64)."""
    told = {**parts, "files": {name: _text(body) for name, body in files.items()}}
    body = gzip.compress(json.dumps(told, ensure_ascii=False).encode(), 6, mtime=0)
    return json.dumps({"format": FORMAT, "sha256": hashlib.sha256(body).hexdigest()}).encode() + b"\n" + body


def unpack(packed: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """(parts, files). Raises BadInput for anything that was not written by `pack`, or was changed since."""
    line, _, body = packed.partition(b"\n")
    try:
        told = json.loads(line) if len(line) < LONGEST_LINE else None
        if not isinstance(told, dict) or {*told} != {"format", "sha256"}:
            raise BadInput(NOT_OURS)
        if told["format"] not in READABLE:
            raise BadInput("This backup was written by another version of the console: restore it with that version.")
        if hashlib.sha256(body).hexdigest() != told["sha256"]:
            raise BadInput(CHANGED)
        unpacking = zlib.decompressobj(wbits=31)
        parts = json.loads(unpacking.decompress(body, LARGEST))
        files = {name: base64.b64decode(each) for name, each in parts.pop("files").items()}
    except (zlib.error, KeyError, ValueError, AttributeError, TypeError, RecursionError) as error:
        raise BadInput(NOT_OURS) from error
    return parts, files


def seal(packed: bytes, passphrase: str) -> bytes:
    """Encrypt: the magic line, a header line of JSON, then the cipher text; the header is authenticated too."""
    salt, nonce = os.urandom(16), os.urandom(12)
    told = {
        "kdf": "scrypt",
        "n": N,
        "r": R,
        "p": P,
        "salt": _text(salt),
        "cipher": "AES-256-GCM",
        "nonce": _text(nonce),
    }
    header = MAGIC + json.dumps(told).encode() + b"\n"
    return header + AESGCM(_key(passphrase, salt, N, R, P)).encrypt(nonce, packed, header)


def is_sealed(content: bytes) -> bool:
    """Does it need a passphrase?"""
    return content.startswith(MAGIC)


def open_sealed(content: bytes, passphrase: str) -> bytes:
    """The inverse of `seal`. Raises BadInput: a wrong passphrase, or a byte that was changed, which look the same."""
    end = content.find(b"\n", len(MAGIC)) + 1
    try:
        told = json.loads(content[len(MAGIC) : end])
        n, r, p = int(told["n"]), int(told["r"]), int(told["p"])
        salt, nonce = base64.b64decode(told["salt"]), base64.b64decode(told["nonce"])
        if not (end and n <= MOST_N and r <= 32 and p <= 16):  # what a hostile header may cost us
            raise ValueError("cost")
        return AESGCM(_key(passphrase, salt, n, r, p)).decrypt(nonce, content[end:], content[:end])
    except InvalidTag:
        raise BadInput(
            "The passphrase is wrong, or the backup was changed after it was made: nothing was restored."
        ) from None
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(NOT_OURS) from error


def _key(passphrase: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    return Scrypt(salt=salt, length=32, n=n, r=r, p=p).derive(passphrase.encode())


def _text(value: bytes) -> str:
    return base64.b64encode(value).decode()
