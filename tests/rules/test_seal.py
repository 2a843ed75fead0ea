"""A changed byte of what was sealed is found wherever it stands, and its place is named."""

from __future__ import annotations

import json
import random
import re
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from deepracer_admin.rules.seal import CERTIFICATE, check, fingerprint_of, seal

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
PRINT = fingerprint_of(KEY.public_key().public_bytes_raw())
BODIES = {
    "json": b'{\n"one": 1,\n"names": [\n"Zo\xc3\xab",\n"b"\n],\n',
    "html": b"<!doctype html>\n<p>one</p>\n<p>two</p>\n",
    "csv": b'\xef\xbb\xbf"No","Who"\r\n"1","a ""b"" c"\r\n"2","two\r\nlines"\r\n',
}


def sealed(form: str, body: bytes | None = None, key: Ed25519PrivateKey = KEY) -> bytes:
    return seal(BODIES[form] if body is None else body, form, kind=CERTIFICATE, key=key, at=AT)


@pytest.mark.parametrize("form", BODIES)
def test_what_was_not_touched_is_whole_and_says_whose_and_when(form: str) -> None:
    found = check(sealed(form), fingerprint=PRINT)
    assert (found.whole, found.changes, found.asked) == (True, (), True)
    assert (found.kind, found.fingerprint, found.signed_at) == (CERTIFICATE, PRINT, "2026-11-23T09:00:00.000Z")


def test_a_sealed_json_file_is_json() -> None:
    assert json.loads(sealed("json"))["names"] == ["Zoë", "b"]


@pytest.mark.parametrize("form", BODIES)
def test_every_single_byte_counts(form: str) -> None:
    whole = sealed(form)
    for at in range(len(whole)):
        for byte in (whole[at] ^ (1 if at % 2 else 32),):
            found = check(whole[:at] + bytes([byte]) + whole[at + 1 :])
            assert not found.whole, (at, byte)
            line = whole.count(b"\n", 0, at) + 1
            last = whole.count(b"\n", 0, whole.rindex(b"seal")) + 1
            told = " ".join(found.changes)
            if line < last and whole[at] != 10 and byte != 10:
                assert re.search(rf"\bLine {line:,} was changed", told), (at, told)
            assert told


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(BODIES)), st.data())
def test_taken_out_put_in_and_cut_off_are_found_too(form: str, data: st.DataObject) -> None:
    whole = sealed(form)
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, len(whole)))
    changed = whole[:start] + data.draw(st.binary(max_size=9)) + whole[end:]
    found = check(changed)
    assert found.whole is (changed == whole)
    assert bool(found.changes) is (changed != whole)


def test_lines_that_were_taken_out_or_put_in_are_named_as_such() -> None:
    whole = sealed("html")
    assert check(whole.replace(b"<p>one</p>\n", b"")).changes == ("Before line 2 a line was taken out.",)
    assert check(whole.replace(b"<p>two", b"<p>x</p>\n<p>two")).changes == ("Line 3 was put in: <p>x</p>",)
    both = whole.replace(b"one", b"1").replace(b"two", b"2")
    assert check(both).changes == ("Lines 2 to 3 were changed: <p>1</p>",)


def test_whoever_seals_anew_is_found_by_the_fingerprint_alone() -> None:
    forged = sealed("json", BODIES["json"].replace(b"1", b"2"), OTHER)
    assert check(forged).whole, "without a fingerprint nobody knows whose key it is"
    found = check(forged, fingerprint=PRINT)
    assert not found.whole
    assert "another key" in found.changes[0]


ODD = [b"", b"\n", b"%PDF", b"\xff" * 99, b'{}\n"seal": {}\n}\n', b'x\n"seal": ' + b"[" * 99_999]


@pytest.mark.parametrize("file", ODD)
def test_anything_else_is_said_to_be_no_sealed_file(file: bytes) -> None:
    found = check(file)
    assert not found.whole
    assert found.changes


def test_a_long_file_with_many_changes_is_compared_in_time() -> None:
    body = b"".join(b"line %d\n" % number for number in range(30_000))
    whole = sealed("csv", body)
    picks = random.Random(5).sample(range(100, 29_900), 5_000)
    lines = whole.split(b"\n")
    for pick in picks:
        lines[pick] += b"x"
    found = check(b"\n".join(lines))
    assert not found.whole
    assert found.changes[0].startswith("Lines ")
