"""Fractional positions of a queue: a key between any two keys, compared bytewise (deepracer-on-aws.md 1.7).

A key is an integer part and a fraction. The first letter of the integer part tells its length: `a0` to `az` have one
digit, `b00` two, and so on; `Zz` down to `Z0` lie before `a0`, `Yzz` before those. Digits are base 62 in ASCII order.
"""

from __future__ import annotations

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def position_between(before: str | None, after: str | None) -> str:
    """A key above `before` and below `after`; None is the open end."""
    if before is None and after is None:
        return "a0"
    if before is None:
        head, rest = _split(after or "")
        return head if rest else _step(head, -1)
    head, rest = _split(before)
    if after is None:
        return _step(head, 1)
    after_head, after_rest = _split(after)
    if head == after_head:
        return head + _midpoint(rest, after_rest)
    following = _step(head, 1)
    return following if following < after else head + _midpoint(rest, None)


def _split(key: str) -> tuple[str, str]:
    letter = key[0]
    length = ord(letter) - ord("a") + 2 if letter >= "a" else ord("Z") - ord(letter) + 2
    return key[:length], key[length:]


def _step(head: str, by: int) -> str:
    """The integer part next to `head`, one up or one down."""
    letter, digits = head[0], [_DIGITS.index(digit) for digit in head[1:]]
    for index in reversed(range(len(digits))):
        digits[index] += by
        if 0 <= digits[index] < len(_DIGITS):
            return letter + "".join(_DIGITS[digit] for digit in digits)
        digits[index] = 0 if by > 0 else len(_DIGITS) - 1
    if by > 0:
        if letter == "Z":
            return "a0"
        grown = chr(ord(letter) + 1)
        return grown + "0" * (len(digits) + 1 if grown > "a" else len(digits) - 1)
    if letter == "a":
        return "Zz"
    shrunk = chr(ord(letter) - 1)
    return shrunk + "z" * (len(digits) + 1 if shrunk < "Z" else len(digits) - 1)


def _midpoint(low: str, high: str | None) -> str:
    """A fraction strictly between two fractions, without trailing zeros."""
    if high is not None:
        shared = 0
        while shared < len(high) and (low[shared] if shared < len(low) else "0") == high[shared]:
            shared += 1
        if shared:
            return high[:shared] + _midpoint(low[shared:], high[shared:])
    first = _DIGITS.index(low[0]) if low else 0
    last = _DIGITS.index(high[0]) if high else len(_DIGITS)
    if last - first > 1:
        return _DIGITS[(first + last) // 2]
    if high is not None and len(high) > 1:
        return high[0]
    return _DIGITS[first] + _midpoint(low[1:], None)
