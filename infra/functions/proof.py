"""The short-lived proof that a form's sender gives instead of a key: work, bound to event, address and time.

A bare API key would be in everybody's hands; a sign-in is what the form is there to get. So a browser spends a third of
a second on a number that fits (`portal/proof.js` does the same), and whoever wants to send 10,000 forms spends an hour.
It proves no identity: nobody is on any list before the button behind the mailed link is pressed.
"""

from __future__ import annotations

import hashlib

__all__ = ["VALID_S", "is_proven", "prove"]

VALID_S = 600
"""So long a proof holds, and so far a visitor's clock may be wrong."""


def is_proven(event: str, email: str, at: int, nonce: str, *, bits: int, now: int) -> bool:
    """Does `nonce` fit? `at`, `now`: epoch seconds; `bits`: leading zero bits of the SHA-256 of the joined text."""
    if abs(now - at) > VALID_S or len(nonce) > 20:
        return False
    return _zero_bits(event, email, at, nonce) >= bits


def prove(event: str, email: str, at: int, *, bits: int) -> str:
    """Find a nonce, as the page does; for tests and benchmarks."""
    for number in range(1 << (bits + 8)):
        if _zero_bits(event, email, at, str(number)) >= bits:
            return str(number)
    raise ValueError(f"No nonce was found for {bits} bits.")


def _zero_bits(event: str, email: str, at: int, nonce: str) -> int:
    digest = hashlib.sha256(f"{event}\n{email}\n{at}\n{nonce}".encode()).digest()
    return 256 - int.from_bytes(digest, "big").bit_length()
