"""Tokens of mailed links: what one looks like, so that a link that a mail program broke is told without the store."""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

__all__ = ["TokenShape", "token_of", "token_shape"]


class TokenShape(StrEnum):
    """WHOLE: may be one of ours. CUT: the beginning of one, as mail programs break links. ODD: anything else."""

    WHOLE = "whole"
    CUT = "cut"
    ODD = "odd"


_SECRET, _CHECK = 43, 5  # characters: 256 random bits, and a check that tells a broken link without asking the store
_ALPHABET = re.compile(r"[A-Za-z0-9_-]*")


def token_of(secret: str) -> str:
    """A token of a random `secret` (43 characters of base64url), with its check."""
    return secret + _check(secret)


def token_shape(token: str) -> TokenShape:
    if not _ALPHABET.fullmatch(token):
        return TokenShape.ODD
    if len(token) == _SECRET + _CHECK and token[_SECRET:] == _check(token[:_SECRET]):
        return TokenShape.WHOLE
    return TokenShape.CUT if len(token) < _SECRET + _CHECK else TokenShape.ODD


def _check(secret: str) -> str:
    return hashlib.sha256(b"portal link " + secret.encode()).hexdigest()[:_CHECK]
