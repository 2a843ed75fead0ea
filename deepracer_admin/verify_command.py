"""`python -m deepracer_admin verify FILE`: is a certificate or an audit export as it was sealed? Asks no service.

Exit codes: 0 every byte is as it was sealed, 1 it is not, each changed place named, 2 it could not be read.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from deepracer_admin.rules.audit import REDACT
from deepracer_admin.rules.seal import check

__all__ = ["main", "verify"]

LARGEST = 1_000_000_000  # bytes


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m deepracer_admin verify", description=__doc__)
    parser.add_argument("file", type=Path, help="certificate.json, certificate.html, audit.json or audit.csv")
    parser.add_argument(
        "--key", default="", help="fingerprint of the organizer's key, got another way than with the file"
    )
    parser.add_argument("--audit", type=Path, help="a sealed audit export (JSON) in which the certificate must stand")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parsed = parser.parse_args([*argv])
    try:
        found = verify(_read(parsed.file), key=parsed.key, audit=_read(parsed.audit) if parsed.audit else None)
    except OSError as error:
        sys.stderr.write(f"{error.filename or parsed.file} cannot be read: {error.strerror}.\n")
        return 2
    if parsed.json:
        sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    else:
        _print(found)
    return 0 if found["whole"] else 1


def verify(file: bytes, *, key: str = "", audit: bytes | None = None) -> dict[str, Any]:
    """What the seal and the chain of the audit say; `changes` names each place. No personal data beside the changed
    lines themselves."""
    checked = check(file, fingerprint=key)
    document = _document(file)
    changes = [*checked.changes, *_altered(document)]
    if audit is not None:
        changes += [f"The audit export: {each}" for each in check(audit, fingerprint=key).changes]
        changes += _not_in(document, _document(audit))
    verdict = document.get("verdict")
    return {
        **asdict(checked),
        "whole": not changes,
        "changes": changes,
        "verdict": verdict if isinstance(verdict, dict) and not changes else None,
    }


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise OSError(27, "It is larger than any file of the console", str(path))
    return path.read_bytes()


def _document(file: bytes) -> Mapping[str, Any]:
    """A JSON file's content; {} for a page or a table, which the seal alone holds."""
    try:
        found = json.loads(file)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _altered(document: Mapping[str, Any]) -> Iterator[str]:
    """Audit entries whose digest is not that of what they say, or that do not follow from the one before. What was
    altered before the file was sealed shows here alone. An erased person is taken out of entries, and a later one holds
    the digest of what is left of each (rules/audit.py)."""
    entries = _list(document, "entries")
    every = [*entries, *_list(document, "acts")]
    left: dict[str, object] = {}
    for entry in every:
        told = entry.get("after")
        pinned = told.get("left") if entry.get("action") == REDACT and isinstance(told, dict) else None
        left |= pinned if isinstance(pinned, dict) else {}
    before = ""
    for entry in every:
        covered = {name: value for name, value in entry.items() if name != "digest"}
        text = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        follows = not entries or entry.get("previous") == before
        now = hashlib.sha256(text.encode()).hexdigest()
        if now not in (entry.get("digest"), left.get(str(entry.get("seq")))) or not follows:
            yield f"Audit entry {entry.get('seq')} is not as it was written."
        before = entry.get("digest")


def _not_in(certificate: Mapping[str, Any], export: Mapping[str, Any]) -> Iterator[str]:
    """Entries that the certificate names and the export does not hold."""
    held = {(entry.get("seq"), entry.get("digest")) for entry in _list(export, "entries")}
    chain = certificate.get("chain")
    named = [(entry.get("seq"), entry.get("digest")) for entry in _list(certificate, "acts")]
    if isinstance(chain, dict):
        named.append((chain.get("last_number"), chain.get("last_digest")))
    for number, digest in named:
        if (number, digest) not in held:
            yield f"Audit entry {number}, which the certificate names, does not stand so in the export."


def _list(document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = document.get(name)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _print(found: Mapping[str, Any]) -> None:
    for change in found["changes"]:
        sys.stdout.write(f"CHANGED: {change}\n")
    if found["whole"]:
        sys.stdout.write(f"WHOLE: {found['kind']}, sealed {found['signed_at']}; no byte changed since.\n")
    if found["fingerprint"]:
        sys.stdout.write(f"Key: {found['fingerprint']}\n")
    if not found["asked"]:
        sys.stdout.write("Whose key that is, the file cannot tell: ask the organizer, and give it with --key.\n")
    if found["verdict"]:
        sys.stdout.write(f"It says: {found['verdict']['sentence']}\n")
        for each in found["verdict"]["because"]:
            sys.stdout.write(f"  - {each}\n")
