"""Verify a close-out certificate or audit export of the DeepRacer Organizer Console, without the console.

    python verify_certificate.py FILE [FINGERPRINT]

Needs Python 3.9 or later and one package, `cryptography`. FINGERPRINT is that of the organizer's key, which you got
another way than with the file: on paper, by telephone, from the company's own pages. Without it this program tells
whether the file changed since it was sealed, and not by whom it was sealed.

Answers 0 when every byte is as it was sealed, 1 when not (each changed place is named), 2 when the file cannot be read.
The format is written down in certificate.md beside this file.
"""

import hashlib
import json
import re
import sys
from difflib import SequenceMatcher

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "deepracer-console-seal-1"
FIELDS = {"algorithm", "format", "kind", "lines", "public_key", "sha256", "signature", "signed_at"}
FORMS = ((b'"seal": ', b"\n}\n", False), (b"<!-- seal ", b" -->\n", False), (b'"seal","', b'"\r\n', True))


def canonical(value):
    """JSON in one form only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def split(file):
    """(text before the seal, the seal, is the last line written in the one form) or None when there is no seal."""
    for before, after, doubled in FORMS:
        start = file.rfind(b"\n" + before) + 1
        if not start:
            continue
        text = file[start + len(before) :].decode("ascii", errors="replace")
        try:
            seal, _ = json.JSONDecoder().raw_decode(text.replace('""', '"') if doubled else text)
        except (ValueError, RecursionError):
            continue
        if isinstance(seal, dict):
            written = canonical(seal)
            written = before + (written.replace(b'"', b'""') if doubled else written) + after
            return file[:start], seal, file[start:] == written
    return None


def fingerprint(seal):
    """SHA-256 of the public key, in hexadecimal; "" when it cannot be read."""
    key = str(seal.get("public_key", ""))
    return hashlib.sha256(bytes.fromhex(key)).hexdigest() if re.fullmatch("[0-9a-f]{64}", key) else ""


def signed(seal):
    """Does the signature fit the key that the seal names, over every other field of it?"""
    signature = str(seal.get("signature", ""))
    if set(seal) != FIELDS or seal["format"] != FORMAT or seal["algorithm"] != "Ed25519":
        return False
    if not fingerprint(seal) or not re.fullmatch("[0-9a-f]{128}", signature):
        return False
    rest = canonical({name: value for name, value in seal.items() if name != "signature"})
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(seal["public_key"])).verify(bytes.fromhex(signature), rest)
    except (InvalidSignature, ValueError):
        return False
    return True


def changed_lines(body, seal):
    """A sentence for each run of lines that is not as it was sealed."""
    sealed = re.findall(".{16}", str(seal.get("lines", "")))
    lines = re.findall(rb"[^\n]*\n|[^\n]+", body)
    now = [hashlib.sha256(line).hexdigest()[:16] for line in lines]
    head = 0
    while head < min(len(sealed), len(now)) and sealed[head] == now[head]:
        head += 1
    tail = 0
    while tail < min(len(sealed), len(now)) - head and sealed[-1 - tail] == now[-1 - tail]:
        tail += 1
    was, found = sealed[head : len(sealed) - tail], now[head : len(now) - tail]
    if len(was) + len(found) > 8000:
        return [f"Lines {head + 1} to {head + len(found)} were changed."]
    told = []
    for what, old, old_end, new, new_end in SequenceMatcher(None, was, found, autojunk=False).get_opcodes():
        first, last = head + new + 1, head + new_end
        if what == "delete":
            told.append(f"Before line {first}, {old_end - old} line(s) were taken out.")
        elif what != "equal":
            word = "put in" if what == "insert" else "changed"
            text = lines[first - 1].decode("utf-8", errors="replace").strip()[:100]
            told.append(
                f"Line {first} was {word}: {text}" if first == last else f"Lines {first} to {last} were {word}."
            )
    return told


def chain(body):
    """Sentences about entries of the audit, in an export or a certificate, whose digest does not fit what they say."""
    try:
        document = json.loads(body.rstrip().rstrip(b",") + b"}")
    except (ValueError, RecursionError):
        return []  # a page or a table: the seal alone holds it
    told, before, entries = [], "", document.get("entries", []) + document.get("acts", [])
    left = {}  # an erased person is taken out of entries; a later entry holds what is left of each
    for entry in entries:
        if entry.get("action") == "audit.redact":
            left.update((entry.get("after") or {}).get("left") or {})
    for entry in entries:
        covered = {name: value for name, value in entry.items() if name != "digest"}
        text = json.dumps(covered, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        joined = "entries" not in document or entry.get("previous") == before
        now = hashlib.sha256(text.encode()).hexdigest()
        if now not in (entry.get("digest"), left.get(str(entry.get("seq")))) or not joined:
            told.append(f"Audit entry {entry.get('seq')} is not as it was written, before this file was sealed.")
        before = entry.get("digest")
    return told


def main(arguments):
    try:
        with open(arguments[0], "rb") as handle:
            file = handle.read()
    except (IndexError, OSError) as error:
        print(__doc__ if isinstance(error, IndexError) else f"The file cannot be read: {error.strerror}.")
        return 2
    found = split(file)
    if found is None:
        print("CHANGED: the last line is no seal: it was changed or cut off, or this file was never sealed.")
        return 1
    body, seal, exact = found
    told = chain(body)
    if hashlib.sha256(body).hexdigest() != seal.get("sha256"):
        told += changed_lines(body, seal) or ["The text before the seal was changed."]
    if not exact or not signed(seal):
        told.append(f"Line {body.count(10) + 1}, the seal, was changed or made without the key that it names.")
    key, wanted = fingerprint(seal), re.sub("[^0-9a-f]", "", "".join(arguments[1:]).lower())
    if wanted and wanted != key:
        told.append(f"The seal was made with another key than the one you gave: {key or 'unreadable'}.")
    print("\n".join(f"CHANGED: {each}" for each in told) or f"WHOLE: {seal['kind']}, sealed {seal['signed_at']}.")
    print(f"Key: {key or 'unreadable'}" + ("" if wanted else " (compare it with the one that the organizer tells you)"))
    return 1 if told else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
