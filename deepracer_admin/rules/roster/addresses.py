"""E-mail addresses: one normal form, one judge, and what the racing service refuses."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import NamedTuple

from deepracer_admin.model import ascii_domain
from deepracer_admin.rules.roster.lazy_column import LazyColumn

__all__ = [
    "ADDRESS_CELL",
    "GUEST",
    "AddressJudge",
    "Problem",
    "home_address",
    "normalise_email",
    "normalise_emails",
    "problem_of",
    "service_refusal",
    "service_refusals",
    "unwrap",
]

# Characters that copying leaves around an address and that nobody sees.
_UNSEEN = "\u00ad\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff"
_EDGE = " \t\r\n\v\f\x1c\x1d\x1e\x1f\x85\xa0\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))

# A cell that is meant as one address; looser than the judge, and blind to the separators of lists.
ADDRESS_CELL = re.compile(r"\s*(?:mailto:)?[^@\s,;|<>\"]+@[^@\s,;|<>\"]+\.[^@\s,;|<>\".]+\s*", re.IGNORECASE)

# A plain address in normal form: a dot-atom of at most 64 characters (RFC 5322 3.2.3, RFC 5321 4.5.3.1) without "=", as
# that begins formulas, and a domain so short that the whole is never too long. Possessive: no line is read twice.
_ATOM = r"[a-z0-9!#$%&'*+/?^_`{|}~-]++"
_PLAIN_LINES = re.compile(rf"(?:(?!')(?=[^@\n]{{1,64}}@){_ATOM}(?:\.{_ATOM})*+@[a-z0-9.-]{{1,189}}+(?:\n|\Z))*+")
_PLAIN_DOMAIN = re.compile(r"[a-z0-9.-]+")
_CORRECT = "correct the address, or delete the row"
_LONGEST_JUDGED = 1_000  # characters; what is longer is no address, and not worth the library's time
GUEST = "#ext#"  # in normal form; Entra names a guest anna_partner.example#EXT#@tenant.onmicrosoft.com
_ADDRESS_LENGTH = 254  # characters (RFC 5321 4.5.3.1)

_AROUND = _EDGE + _UNSEEN + ";,"

# deepracer-on-aws.md 1.7, CreateProfile: anything else gets 400 "Invalid email address format."
_ON_AWS = re.compile(r"[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}")
_ON_AWS_LINES = re.compile(rf"(?:{_ON_AWS.pattern}(?:\n|\Z))*+")
_ON_AWS_LETTERS = b"@abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._%+-"
_ON_AWS_DOMAIN = re.compile(r"[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}")
_ACCEPTED = {"on_aws": f"^{_ON_AWS.pattern}$", "ses": r"^[\x00-\x7f]*$"}  # for RE2
_ON_AWS_LOCAL = re.compile(r"[a-zA-Z0-9._%+-]")
_WAY_OUT = "ask for another address of this person, correct the row and import the list again"


class Problem(NamedTuple):
    """Why an address is rejected: `rule` is a stable word, `reason` a sentence with what to do."""

    rule: str
    reason: str


def normalise_email(value: str) -> str:
    """Trimmed, lower case, NFC, the domain in ASCII: the form in which addresses are stored and compared everywhere.

    Idempotent. Makes no statement about validity.
    """
    trimmed = value.strip()
    if trimmed.isascii():
        return trimmed.lower()
    trimmed = trimmed.strip(_EDGE + _UNSEEN)
    # Lower-casing may undo a composition and composing may yield a capital's remainder, so go on until nothing moves.
    while (folded := unicodedata.normalize("NFC", trimmed.lower()).strip(_EDGE + _UNSEEN)) != trimmed:
        trimmed = folded
    local, at, domain = trimmed.rpartition("@")
    return f"{local}@{ascii_domain(domain)}" if at else trimmed


def normalise_emails(values: Sequence[str]) -> list[str]:
    """`normalise_email` of a whole column."""
    emails = list(map(str.lower, map(str.strip, values)))
    if "".join(values).isascii():
        return emails
    return [email if value.isascii() else normalise_email(value) for email, value in zip(emails, values, strict=True)]


def unwrap(value: str) -> tuple[str, str]:
    """(address, name) of `Name <address>`, `"Last, First" <address>`, `mailto:address` or a bare address."""
    # Plain string work: a pattern with this many optional parts would take forever on a cell full of spaces.
    text, name = value.strip(_AROUND), ""
    start = text.rfind("<")
    if text.endswith(">") and start >= 0:
        name = text[:start].strip(_AROUND + "\"'")
        text = text[start + 1 : -1].strip(_AROUND)
    if text[:7].lower() == "mailto:":
        text = text[7:].partition("?")[0].strip(_AROUND)
    return text, name


class AddressJudge:
    """Judges addresses by email-validator, without DNS. Plain ASCII addresses take a short way with the same verdict.

    A list of 10,000 people has a handful of domains: the library judges each domain once, a pattern the part before
    the @-sign (dot-atom, RFC 5322 3.2.3); everything else goes to the library whole.
    """

    def __init__(self) -> None:
        self._domains: dict[str, bool] = {}
        self._problems: dict[str, Problem | None] = {}

    def plain(self, emails: Sequence[str]) -> list[bool]:
        """For each normalised address: True when it is plain and certainly valid; False says nothing.

        The pattern runs over the whole list at once; of the domains only distinct ones are judged.
        """
        verdicts = [True] * len(emails)
        if GUEST in "\n".join(emails):
            verdicts = [GUEST not in email for email in emails]
        for place in _unmatched(_PLAIN_LINES, emails):
            verdicts[place] = False
        domains = {email.rpartition("@")[2] for email in compress(emails, verdicts)}
        refused = tuple(f"@{domain}" for domain in domains if not self.accepts_domain(domain))
        if not refused:
            return verdicts
        return [plain and not email.endswith(refused) for plain, email in zip(verdicts, emails, strict=True)]

    def accepts_domain(self, domain: str) -> bool:
        """Whether the library accepts a domain that needs no second look."""
        verdict = self._domains.get(domain)
        if verdict is None:
            # An internationalised domain may grow when it is shown, so it never takes the short way.
            plain = (
                len(domain) < _ADDRESS_LENGTH and _PLAIN_DOMAIN.fullmatch(domain) is not None and "xn--" not in domain
            )
            verdict = self._domains[domain] = plain and _library_refusal(f"a@{domain}") is None
        return verdict

    def problem(self, email: str) -> Problem | None:
        """None for a valid address, else what is wrong with it and what to do. `email` is normalised."""
        if email not in self._problems:
            self._problems[email] = problem_of(email)
        return self._problems[email]


def problem_of(email: str) -> Problem | None:
    if not email:
        return Problem("e-mail missing", "There is no e-mail address in this row: fill it in, or delete the row.")
    if email[0] in "=＝" or (email[0] in "+-@＋－＠" and "(" in email):
        return Problem(
            "e-mail is a formula", "A formula stands where the address should be: paste the address itself as a value."
        )
    if GUEST in email:
        home = home_address(email)
        likely = f", which probably is {home}" if home else ""
        return Problem(
            "e-mail is a directory's name",
            f"This is the directory's own name of a guest (#EXT#), not a mailbox: give the guest's address{likely}.",
        )
    if len(email) > _LONGEST_JUDGED:
        return Problem(
            "e-mail invalid", "An address has at most 254 characters: correct the address, or delete the row."
        )
    refusal = _library_refusal(email)
    if refusal is None:
        return None
    return Problem("e-mail invalid", f"{_what_is_wrong(email, refusal)}: {_CORRECT}.")


def home_address(email: str) -> str:
    """The address that a directory made a guest's name of: `bo_partner.example#ext#@tenant` -> `bo@partner.example`.

    "" when it cannot be told. An underscore may have been one before, so this is a likelihood and no more.
    """
    local, at, domain = email.partition(GUEST)[0].rpartition("_")
    found = f"{local}@{domain}" if at and local and "." in domain else ""
    return found if found and _library_refusal(found) is None else ""


def _unmatched(pattern: re.Pattern[str], values: Sequence[str]) -> Iterator[int]:
    """Places of the values that are no line of `pattern`, which matches as many whole lines as it can."""
    text = "\n".join(values)
    if text.count("\n") != max(len(values) - 1, 0):  # a value of two lines
        yield from (place for place, value in enumerate(values) if "\n" in value or not pattern.fullmatch(value))
        return
    place = start = 0
    while (found := pattern.match(text, start)) and (end := found.end()) < len(text):
        place += text.count("\n", start, end)
        yield place
        place += 1
        start = text.find("\n", end) + 1
        if not start:
            return
    if values and not values[-1] and (not text or text.endswith("\n")):
        yield len(values) - 1  # an empty last value leaves nothing to match


def _library_refusal(email: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email  # a fifth of a reader's start: only for an address

    try:
        validate_email(email, check_deliverability=False, strict=True)
    except EmailNotValidError as refusal:
        return str(refusal)
    return None


def _what_is_wrong(email: str, refusal: str) -> str:
    local, at, domain = email.rpartition("@")
    if not at:
        return "This is not an e-mail address, as it has no @-sign"
    if "@" in local:
        return "An address has one @-sign, this has more"
    if not local:
        return "The part before the @-sign is missing"
    if not domain:
        return "The part after the @-sign is missing"
    if re.search(r"\s", email):
        return "An address holds no spaces"
    if ".." in email:
        return "An address has no two dots in a row"
    return refusal.rstrip(". ")


def service_refusal(email: str, rule: str | None = "on_aws") -> str | None:
    """Why the connected racing service will not take a valid address, with the way out; None when it will.

    `rule` "on_aws" is DeepRacer on AWS (deepracer-on-aws.md 1.7, CreateProfile); "ses" is any other service, where
    Amazon SES carries the mail (identity-and-mail.md 4.1); None is a service without such a rule. Raises ValueError for
    a rule of another name.
    """
    if rule is None or (rule == "ses" and email.isascii()):
        return None
    if rule == "ses":
        return f"Amazon SES mails no address with {' '.join(_beyond_ascii(email))} in it: {_WAY_OUT}."
    if rule != "on_aws":
        raise ValueError(f"There is no address rule named {rule!r}.")
    if _ON_AWS.fullmatch(email):
        return None
    local, _, domain = email.rpartition("@")
    odd = sorted({letter for letter in local if not _ON_AWS_LOCAL.fullmatch(letter)})
    cause = f"{' '.join(odd)} before the @-sign" if odd else f"the domain {_short(domain)}"
    return f"DeepRacer on AWS refuses addresses with {cause}: {_WAY_OUT}."


def service_refusals(emails: Sequence[str], rule: str | None) -> dict[str, str]:
    """`service_refusal` of a whole list, for those alone that the service will not take. Raises as it does."""
    if rule is None:
        return {}
    if isinstance(emails, LazyColumn) and rule in _ACCEPTED:
        odd: Iterable[str] = () if _are_surely_on_aws(emails) else emails.unlike(_ACCEPTED[rule])
    else:
        odd = (emails[place] for place in _unmatched(_ON_AWS_LINES, emails)) if rule == "on_aws" else emails
    return {email: refusal for email in odd if (refusal := service_refusal(email, rule)) is not None}


def _are_surely_on_aws(emails: LazyColumn) -> bool:
    """Whether nothing stands in accepted addresses that either service refuses: told by their letters, all at once."""
    return emails.holds_only(_ON_AWS_LETTERS) and all(map(_ON_AWS_DOMAIN.fullmatch, emails.domains()))


def _beyond_ascii(text: str) -> list[str]:
    return sorted({letter for letter in text if not letter.isascii()})[:5]


def _short(domain: str) -> str:
    return domain if len(domain) <= 40 else domain[:39] + "…"
