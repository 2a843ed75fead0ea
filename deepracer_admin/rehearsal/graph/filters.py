"""``$filter`` for users: the part of OData that Graph offers without an advanced query, and its limit of 15 clauses."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deepracer_admin.rehearsal.shared.people import Company, Person

from .calls import GraphError

MOST_CLAUSES = 15
TOKEN = re.compile(r"\s*('(?:[^']|'')*'|[(),:]|[A-Za-z_][\w./-]*)")
COLLECTIONS = frozenset({"proxyAddresses", "otherMails"})
ADDRESSES = frozenset({"mail", "userPrincipalName", "id"})
OTHERS = frozenset({"displayName", "givenName", "surname", "userType", "accountEnabled"})


@dataclass(frozen=True)
class Clause:
    """One property compared with one or more values: equal to any of them."""

    name: str
    values: tuple[str, ...]

    def clauses(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Joined:
    """Conditions joined by ``and`` or ``or``."""

    word: str
    parts: tuple["Clause | Joined", ...]

    def clauses(self) -> int:
        return sum(part.clauses() for part in self.parts)


Condition = Clause | Joined


def matching(company: Company, text: str, *, advanced: bool) -> list[Person]:
    """The people whom the filter lets through. Raises GraphError as Graph does for what it refuses."""
    condition = _Parser(text).parse()
    found = condition.clauses()
    if found > MOST_CLAUSES and not advanced:
        raise GraphError(
            400,
            "Request_UnsupportedQuery",
            "Too many child clauses specified in search filter expression containing 'OR' operators: "
            f"{found}. Max allowed: {MOST_CLAUSES}.",
        )
    return list(_people(company, condition).values())


def _people(company: Company, condition: Condition) -> dict[str, Person]:
    if isinstance(condition, Clause):
        return {person.id: person for value in condition.values for person in _one(company, condition.name, value)}
    sets = [_people(company, part) for part in condition.parts]
    if condition.word == "or":
        return {key: person for some in sets for key, person in some.items()}
    return {key: person for key, person in sets[0].items() if all(key in other for other in sets[1:])}


def _one(company: Company, name: str, value: str) -> list[Person]:
    if name == "mail":
        return company.by_mail(value)
    if name == "userPrincipalName":
        return company.by_upn(value)
    if name == "id":
        person = company.by_id(value)
        return [person] if person else []
    if name == "proxyAddresses":
        kind, _, address = value.partition(":")
        return company.by_proxy(address) if kind.lower() == "smtp" else []
    if name == "otherMails":
        return company.by_other(value)
    return [person for person in company.everybody() if _plain(person, name).lower() == value.lower()]


def _plain(person: Person, name: str) -> str:
    return {
        "displayName": person.shown,
        "givenName": person.given or "",
        "surname": person.family or "",
        "userType": "Guest" if person.guest else "Member",
        "accountEnabled": str(person.enabled),
    }[name]


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0

    def parse(self) -> Condition:
        condition = self._either()
        if self._at < len(self._tokens):
            raise _malformed(f"Syntax error at '{self._tokens[self._at]}'.")
        return condition

    def _either(self) -> Condition:
        return self._joined("or", self._all)

    def _all(self) -> Condition:
        return self._joined("and", self._single)

    def _joined(self, word: str, read) -> Condition:  # type: ignore[no-untyped-def]
        parts = [read()]
        while self._peek() == word:
            self._next()
            parts.append(read())
        return parts[0] if len(parts) == 1 else Joined(word, tuple(parts))

    def _single(self) -> Condition:
        if self._peek() == "(":
            self._next()
            inner = self._either()
            self._expect(")")
            return inner
        path = self._next()
        collection, _, quantifier = path.partition("/")
        if quantifier == "any" and collection in COLLECTIONS:
            return self._any(collection)
        if path not in ADDRESSES | OTHERS:
            raise _unsupported(path)
        comparison = self._next()
        if comparison == "in":
            return Clause(path, self._values())
        if comparison == "eq":
            return Clause(path, (self._value(),))
        raise _unsupported(path)

    def _any(self, collection: str) -> Clause:
        self._expect("(")
        variable = self._next()
        self._expect(":")
        self._expect(variable)
        if self._next() != "eq":
            raise _unsupported(collection)
        value = self._value()
        self._expect(")")
        return Clause(collection, (value,))

    def _values(self) -> tuple[str, ...]:
        self._expect("(")
        values = [self._value()]
        while self._peek() == ",":
            self._next()
            values.append(self._value())
        self._expect(")")
        return tuple(values)

    def _value(self) -> str:
        token = self._next()
        if token.startswith("'"):
            return token[1:-1].replace("''", "'")
        if token in ("true", "false"):
            return token
        raise _malformed(f"'{token}' is not a literal.")

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise _malformed("Expression expected at the end.")
        self._at += 1
        return token

    def _expect(self, wanted: str) -> None:
        found = self._next()
        if found != wanted:
            raise _malformed(f"'{wanted}' expected instead of '{found}'.")


def _tokens(text: str) -> Iterator[str]:
    at, text = 0, text.rstrip()
    while at < len(text):
        match = TOKEN.match(text, at)
        if match is None:
            raise _malformed(f"Syntax error at position {at} in '{text}'.")
        yield match[1]
        at = match.end()


def _malformed(why: str) -> GraphError:
    return GraphError(400, "BadRequest", f"Invalid filter clause: {why}")


def _unsupported(name: str) -> GraphError:
    message = f"Unsupported or invalid query filter clause specified for property '{name}' of resource 'User'."
    return GraphError(400, "Request_UnsupportedQuery", message)
