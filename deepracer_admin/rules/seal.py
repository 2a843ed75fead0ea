"""A seal on a text file: any byte that is changed later is found, and the line where it stands is named. Pure.

The last line of the file carries the seal, in the form that its kind of file allows: the last member of a JSON object,
a comment of an HTML page, a last row of a CSV table. It holds the SHA-256 of everything before it, a short digest of
each line, and an Ed25519 signature over all that (docs/certificate.md says it byte by byte, for whoever checks without
this program). Who signed is told by the key's fingerprint alone, and only to somebody who got that another way.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from difflib import SequenceMatcher
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from deepracer_admin.clock import iso

__all__ = ["CERTIFICATE", "EXPORT", "Checked", "check", "fingerprint_of", "json_body", "seal"]

FORMAT = "deepracer-console-seal-1"
CERTIFICATE, EXPORT = "close-out certificate", "audit export"
_FIELDS = {"algorithm", "format", "kind", "lines", "public_key", "sha256", "signature", "signed_at"}
_LINE = 16  # hexadecimal digits of a line's digest: enough to name it; the whole is held by `sha256`
_SHOWN = 200  # characters of a changed line that are shown
_COMPARED = 4_000  # lines between the first and the last change that are compared one by one


@dataclass(frozen=True, slots=True)
class _Form:
    """How the seal stands in a kind of file: `before`, its JSON (quotes doubled in a table), `after`."""

    before: bytes
    after: bytes
    doubled: bool = False

    def write(self, found: dict[str, Any]) -> bytes:
        text = canonical(found)
        return self.before + (text.replace(b'"', b'""') if self.doubled else text) + self.after


_FORMS = {
    "json": _Form(b'"seal": ', b"\n}\n"),
    "html": _Form(b"<!-- seal ", b" -->\n"),
    "csv": _Form(b'"seal","', b'"\r\n', doubled=True),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """`whole`: every byte is as it was when it was sealed. `changes`: a sentence for each place that is not, else ().

    `fingerprint` and `signed_at` are what the seal says of itself; believed only where `whole`. `asked`: a fingerprint
    was given to compare with; without one nobody knows whose key it is.
    """

    whole: bool
    changes: tuple[str, ...] = ()
    kind: str = ""
    fingerprint: str = ""
    signed_at: str = ""
    asked: bool = False


def canonical(value: Any) -> bytes:
    """JSON in one form only: keys in order, no blanks, ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False).encode()


def fingerprint_of(public_key: bytes) -> str:
    """SHA-256 of the 32 bytes of a public key, in eight groups of eight digits, to be read out or printed."""
    digits = hashlib.sha256(public_key).hexdigest()
    return " ".join(digits[at : at + 8] for at in range(0, 64, 8))


def json_body(document: Mapping[str, Any]) -> bytes:
    """A document to seal, UTF-8: one line for each member, and for each element of a list, so that a change is named
    closely."""
    lines = ["{"]
    for name, value in document.items():
        if isinstance(value, list) and value:
            lines += [f"{json.dumps(name)}: ["]
            lines += [f"{_line(each)}," for each in value[:-1]] + [_line(value[-1]), "],"]
        else:
            lines.append(f"{json.dumps(name)}: {_line(value)},")
    return ("\n".join(lines) + "\n").encode()


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)


def seal(body: bytes, form: str, *, kind: str, key: Ed25519PrivateKey, at: datetime) -> bytes:
    """The file: `body` with its seal. `form`: "json", "html" or "csv"; `at`: real time.

    A JSON body ends after the comma of its last member: the seal closes the object. Raises ValueError when the body
    does not end with a line break.
    """
    if not body.endswith(b"\n"):
        raise ValueError("what is sealed ends with a line break")
    found: dict[str, Any] = {
        "algorithm": "Ed25519",
        "format": FORMAT,
        "kind": kind,
        "lines": "".join(_digests(body)),
        "public_key": key.public_key().public_bytes_raw().hex(),
        "sha256": hashlib.sha256(body).hexdigest(),
        "signed_at": iso(at),
    }
    found["signature"] = key.sign(canonical(found)).hex()
    return body + _FORMS[form].write(found)


def check(file: bytes, *, fingerprint: str = "") -> Checked:
    """Is every byte as it was sealed, and, where a `fingerprint` is given, by that key? Names each place that is not.

    Never raises for what stands in the file.
    """
    split = _split(file)
    if split is None:
        said = "The last line is no seal: it was changed or cut off, or this file was never sealed."
        return Checked(False, (said,))
    body, found, is_exact = split
    asked = re.sub(r"[^0-9a-f]", "", fingerprint.lower())
    trusted = is_exact and _is_signed(found)
    named = _changed_lines(body, found) if _digest_list(found) else []
    changes: list[str] = []
    if hashlib.sha256(body).hexdigest() != found.get("sha256"):
        changes += named or ["The text before the seal was changed; where, its seal does not tell."]
    if not trusted:
        number = body.count(b"\n") + 1
        changes.append(f"Line {number:,}, the seal itself, was changed or made without the key that it names.")
    made_by = _fingerprint(found)
    if asked and made_by.replace(" ", "") != asked:
        changes.append(f"The seal was made with another key ({made_by or 'unreadable'}) than the one you gave.")
    kind, signed_at = (str(found.get(each, "")) for each in ("kind", "signed_at"))
    return Checked(not changes, tuple(changes), kind, made_by, signed_at, asked=bool(asked))


def _split(file: bytes) -> tuple[bytes, dict[str, Any], bool] | None:
    """(body, seal, is it written exactly as we write it) of a sealed file; None when no seal is found."""
    for form in _FORMS.values():
        at = file.rfind(b"\n" + form.before) + 1
        if not at:
            continue
        text = file[at + len(form.before) :].decode("ascii", errors="replace")
        try:
            found, _ = json.JSONDecoder().raw_decode(text.replace('""', '"') if form.doubled else text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict):
            return file[:at], found, file[at:] == form.write(found)
    return None


def _is_signed(found: dict[str, Any]) -> bool:
    """By the key that it names, over every field; written in the one way."""
    public, signature = str(found.get("public_key", "")), str(found.get("signature", ""))
    if {*found} != _FIELDS or found["format"] != FORMAT or found["algorithm"] != "Ed25519":
        return False
    if not re.fullmatch(r"[0-9a-f]{64}", public) or not re.fullmatch(r"[0-9a-f]{128}", signature):
        return False
    signed = canonical({name: value for name, value in found.items() if name != "signature"})
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), signed)
    except (InvalidSignature, ValueError):
        return False
    return True


def _fingerprint(found: dict[str, Any]) -> str:
    public = str(found.get("public_key", ""))
    return fingerprint_of(bytes.fromhex(public)) if re.fullmatch(r"[0-9a-f]{64}", public) else ""


def _digests(body: bytes) -> list[str]:
    return [hashlib.sha256(line).hexdigest()[:_LINE] for line in _lines(body)]


def _lines(body: bytes) -> list[bytes]:
    """With their line breaks; only `\\n` ends one."""
    lines = body.split(b"\n")
    return [*(line + b"\n" for line in lines[:-1]), *([lines[-1]] if lines[-1] else [])]


def _digest_list(found: dict[str, Any]) -> list[str]:
    text = str(found.get("lines", ""))
    return [text[at : at + _LINE] for at in range(0, len(text), _LINE)]


def _changed_lines(body: bytes, found: dict[str, Any]) -> list[str]:
    """A sentence for each run of lines that differs. A shared head and tail is cut off first, for speed."""
    sealed, lines = _digest_list(found), _lines(body)
    now = _digests(body)
    head = 0
    while head < min(len(sealed), len(now)) and sealed[head] == now[head]:
        head += 1
    tail = 0
    while tail < min(len(sealed), len(now)) - head and sealed[-1 - tail] == now[-1 - tail]:
        tail += 1
    before, after = sealed[head : len(sealed) - tail], now[head : len(now) - tail]
    if len(before) + len(after) > 2 * _COMPARED:
        return [_told("replace", head, head + len(after), lines, len(before))]
    blocks = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    return [
        _told(what, head + start, head + end, lines, old_end - old_start)
        for what, old_start, old_end, start, end in blocks
        if what != "equal"
    ]


def _told(what: str, start: int, end: int, lines: Sequence[bytes], sealed: int) -> str:
    where = f"Line {start + 1:,}" if end - start <= 1 else f"Lines {start + 1:,} to {end:,}"
    if what == "delete":
        gone = "a line was" if sealed == 1 else f"{sealed:,} lines were"
        return f"Before line {start + 1:,} {gone} taken out."
    text = lines[start].decode("utf-8", errors="replace").strip()
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    was = "was put in" if what == "insert" else "was changed"
    was = was if end - start <= 1 else was.replace("was", "were", 1)
    return f"{where} {was}: {shown}"
