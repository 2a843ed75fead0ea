"""A mailbox as people write it and as mail wants it: `Name <address>`.

People write "Café, Torino <race@bücher.example>". Mail wants a name that holds marks of its syntax in quotes (RFC 5322
3.4), one beyond ASCII in encoded words of at most 75 characters (RFC 2047 2 and 5), and a domain in Punycode (RFC
5891). Amazon SES asks for just that, and speaks no SMTPUTF8 (identity-and-mail.md 4.1).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from email.errors import HeaderParseError
from email.header import Header, decode_header, make_header

import idna

from deepracer_admin.errors import BadInput

__all__ = ["Mailbox", "ascii_address", "ascii_domain", "has_hidden", "read_mailbox"]

LONGEST_NAME = 100
_LONGEST_DOMAIN = 254  # characters; longer is none, and not worth the library's time
_ATOMS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/?^_`{|}~ -]*"
)  # without "=": two of them and question marks are an encoded word
_LOCAL = re.compile(r"[^\s()<>,;:\\\"\[\]@]+")
_DOMAIN = re.compile(r"(?!-)[A-Za-z0-9-]+(\.(?!-)[A-Za-z0-9-]+)+")
_ENCODED_WORD = re.compile(r"=\?[^?\s]+\?[bqBQ]\?[^?\s]*\?=")
_HIDDEN = frozenset({"Cc", "Cs", "Zl", "Zp"})
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # the direction of what follows


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name ("" = none) and an address, whose domain is ASCII where it can be."""

    name: str
    address: str

    @property
    def domain(self) -> str:
        return self.address.rpartition("@")[2]

    def written(self) -> str:
        """As a header holds it, in ASCII but for a local part that is not; long names have spaces to fold at."""
        if not self.name:
            return self.address
        return f"{_phrase(self.name)} <{self.address}>"


def read_mailbox(text: str) -> Mailbox:
    """The mailbox that `text` names. Raises BadInput with what is wrong about it.

    The name needs no quotes; quotes around the whole, and encoded words that somebody wrote, are understood.
    """
    if has_hidden(text) or _TURNING & {*text}:
        raise BadInput("it holds a line break or another character that nobody sees; type it anew.")
    text = text.strip()
    name, angle, rest = text.rpartition("<")
    address = rest.removesuffix(">").strip() if angle else text
    if bool(angle) != text.endswith(">"):
        raise BadInput("a < or > is missing; write an address, or Name <address>.")
    local, at, domain = address.rpartition("@")
    domain = ascii_domain(domain)
    if not at or not _LOCAL.fullmatch(local) or not _DOMAIN.fullmatch(domain):
        raise BadInput(f"{address[:80]!r} is no e-mail address; write one address, or Name <address>.")
    if len(name := _plain(name)) > LONGEST_NAME:
        raise BadInput(f"the name before the address has more than {LONGEST_NAME} characters; shorten it.")
    return Mailbox(name, f"{local}@{domain}")


def ascii_address(address: str) -> str:
    """The address with its domain in Punycode; as it is where that cannot be."""
    local, at, domain = address.rpartition("@")
    return f"{local}@{ascii_domain(domain)}" if at else address


def ascii_domain(domain: str) -> str:
    """One mailbox is one person, in Unicode and in punycode; services and mail servers want the latter (RFC 5891)."""
    if domain.isascii() or len(domain) > _LONGEST_DOMAIN:
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return domain


def has_hidden(text: str) -> bool:
    """True for line breaks, control characters and halves of characters."""
    return any(unicodedata.category(each) in _HIDDEN for each in text)


def _plain(name: str) -> str:
    name = " ".join(name.split())
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1]).strip()
    if _ENCODED_WORD.search(name):
        try:
            decoded = str(make_header(decode_header(name)))
        except (HeaderParseError, LookupError, UnicodeError, ValueError):
            return name
        name = name if has_hidden(decoded) else decoded
    return name


def _phrase(name: str) -> str:
    if _ATOMS.fullmatch(name):
        return name
    if name.isascii() and "=?" not in name:
        return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return Header(name, "utf-8", maxlinelen=75).encode(linesep="\n").replace("\n ", " ")
