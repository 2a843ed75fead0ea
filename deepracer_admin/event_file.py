"""One event in one file, to be put into another data folder: what is in it, how it is sealed (docs/backups.md). Pure.

A ZIP of JSON, or the same sealed with a passphrase: scrypt makes the key, AES-256-GCM encrypts and authenticates, so a
changed byte anywhere is noticed before anything is read.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from deepracer_admin.errors import BadInput

__all__ = ["FORMAT", "is_sealed", "open_sealed", "pack", "seal", "unpack"]

FORMAT = 1
MAGIC = b"DEEPRACER-EVENT-1\n"
N, R, P = 2**15, 8, 1
"""scrypt's cost: 32 MB and about a tenth of a second (RFC 7914, 2)."""
MOST_N = 2**20
LARGEST = 2_000_000_000
"""Bytes of all that is in a file, unpacked: more is no event of ours."""
NOT_OURS = "This file is not a backup of an event, or it was cut off: choose the file that `backup` wrote."
CHANGED = "This backup was changed or damaged after it was made, so nothing was restored: take another copy."


def pack(parts: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """`parts` as JSON, `files` as they are, and a manifest with the SHA-256 of each."""
    content = {f"{name}.json": json.dumps(part, ensure_ascii=False).encode() for name, part in parts.items()}
    content |= {f"exports/{name}": body for name, body in files.items()}
    manifest = {"format": FORMAT, "sha256": {name: hashlib.sha256(body).hexdigest() for name, body in content.items()}}
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", json.dumps(manifest))
        for name, body in content.items():
            archive.writestr(name, body)
    return out.getvalue()


def unpack(packed: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    """(parts, files). Raises BadInput for anything that was not written by `pack`, or was changed since."""
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            if sum(each.file_size for each in archive.infolist()) > LARGEST:
                raise BadInput(NOT_OURS)
            manifest = json.loads(archive.read("manifest.json"))
            if manifest.get("format") != FORMAT:
                raise BadInput(
                    "This backup was written by another version of the console: restore it with that version."
                )
            expected = manifest["sha256"]
            content = {name: archive.read(name) for name in expected}
            if {*archive.namelist()} != {*expected, "manifest.json"}:
                raise BadInput(CHANGED)
        for name, body in content.items():
            if hashlib.sha256(body).hexdigest() != expected[name]:
                raise BadInput(CHANGED)
        parts = {name.removesuffix(".json"): json.loads(body) for name, body in content.items() if "/" not in name}
    except (zipfile.BadZipFile, KeyError, ValueError, AttributeError, OSError, EOFError, NotImplementedError) as error:
        raise BadInput(NOT_OURS) from error
    return parts, {name.removeprefix("exports/"): body for name, body in content.items() if "/" in name}


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
