"""The practice company's invented people: who exists, under which addresses, and attendee lists of them.

Everybody at example.com, example.org and below exists: a person is made when first looked up, with an id that depends
on the address alone. What an address begins with tells who is special:

- ``unknown.`` nobody · ``disabled.`` may not sign in · ``twice.`` two people with this mail
- ``guest.`` only by invitation · ``nameless.`` without first and last name
- ``alias.ada@`` another address of ada@ · ``other.ada@`` a private address that ada@ gave
- ``upn.ada@`` the sign-in name of somebody without mail
"""

import csv
import io
import random
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

NAMESPACE = uuid.UUID("0d1ceb57-76a1-5b6e-9a9f-3e9ad8f1f6c2")
COMPANY_DOMAINS = ("example.com", "example.org")

GIVEN_NAMES = """
Ada Amara Anders Anika Arjun Aylin Bashir Bianca Björn Camille Carlos Chidi Chloé Dalia Daniel Diego Dinah Edda
Elif Emeka Emil Esra Fatima Felix Fiona Gianna Goran Grace Hana Hassan Helga Hugo Ilse Imani Ingrid Ivan Jada
Jakub Jamal Jana João Jonas Julia Kaito Karim Katya Kenji Khadija Lars Laila Leon Lina Luca Mads Maja Malik
Marta Mei Mia Milan Nadia Naoki Nia Nils Noor Nuno Olga Omar Oskar Paula Pavel Pedro Petra Priya Quentin Rafael
Ragna Rania Renée Rosa Ruben Saida Samir Sanna Santiago Selma Simone Sofia Soren Tamar Tariq Thea Tomas Uma
Valeria Viktor Wanda Wei Ximena Yara Yusuf Zahra Zoë
"""
FAMILY_NAMES = """
Abara Acosta Adeyemi Ahmadi Almeida Andersen Aoki Arslan Bakker Banerjee Baptiste Bauer Becker Berg Bianchi
Blanco Boateng Bondar Bose Brandt Campos Castillo Chowdhury Costa Danso Demir Dietrich Dubois Duarte Eriksen
Fischer Fofana Fonseca Fujita Gallo Garcia Gebre Gupta Haddad Hagen Hansen Hernández Hoffmann Horvat Ibrahim
Ito Ivanova Jansen Jensen Jovanović Kamara Kaya Keller Khan Kim Kowalski Krüger Kuznetsov Laine Larsen Lehmann
Lindqvist Lopes Mancini Marković Martens Mbeki Mehta Mensah Meyer Molnár Moreau Moreno Müller Nakamura Ndiaye
Nguyen Novak Nowak O'Brien Okafor Olsen Osei Öztürk Park Patel Pereira Petrov Popescu Rahman Ramos Reyes Ricci
Rossi Sato Schneider Schulz Silva Singh Sørensen Suzuki Tanaka Torres Traoré Usman Varga Vasquez Virtanen Vogel
Wagner Walker Weber Wójcik Yamada Yilmaz Zhang Zimmermann
"""
OFFICES = ("Berlin", "Chicago", "Lagos", "Lisbon", "Nairobi", "Osaka", "São Paulo", "Warsaw")
PLAIN = str.maketrans(
    {
        "ö": "oe",
        "ü": "ue",
        "ä": "ae",
        "ø": "o",
        "é": "e",
        "ã": "a",
        "á": "a",
        "ć": "c",
        "ë": "e",
        "ó": "o",
        "'": "",
        "Ö": "Oe",
    }
)


@dataclass
class Person:
    """A directory user. Addresses are lower-case; `also` are further addresses of the mailbox, `other` private ones."""

    id: str
    mail: str | None
    upn: str
    given: str | None
    family: str | None
    shown: str
    enabled: bool = True
    guest: bool = False
    accepted: bool = True
    also: tuple[str, ...] = ()
    other: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    office: str = ""


def _staff(key: str, given: str, family: str, *roles: str) -> tuple[str, Person]:
    mail = f"{given}.{family}@example.com".lower()
    return key, Person(person_id(mail), mail, mail, given, family, f"{given} {family}", roles=roles, office="Berlin")


def person_id(address: str, which: str = "") -> str:
    return str(uuid.uuid5(NAMESPACE, f"{address.lower()}{which}"))


STAFF: dict[str, Person] = dict(
    (
        _staff("organizer", "Olivia", "Organizer", "Organizer"),
        _staff("facilitator", "Fabio", "Facilitator", "Facilitator"),
        _staff("viewer", "Vera", "Viewer", "Viewer"),
        _staff("norole", "Nora", "Norole"),
    )
)
"""Who can be chosen on the practice sign-in page, by `login_as`. The roles are the app roles of the console."""


class Company:
    """The people of the practice company, found by id and by every kind of address without a scan."""

    def __init__(self) -> None:
        self._people: dict[str, Person] = {}
        self._gone: set[str] = set()
        self._index: dict[str, dict[str, list[str]]] = {kind: {} for kind in ("mail", "upn", "proxy", "other")}
        for person in STAFF.values():
            self._add(replace(person))

    def __len__(self) -> int:
        return len(self._people)

    def everybody(self) -> list[Person]:
        """All who were looked up so far, in that order."""
        return list(self._people.values())

    def by_id(self, wanted: str) -> Person | None:
        return self._people.get(wanted.lower())

    def by_mail(self, address: str) -> list[Person]:
        return self._found("mail", address)

    def by_upn(self, address: str) -> list[Person]:
        return self._found("upn", address)

    def by_proxy(self, address: str) -> list[Person]:
        """Who has this address in the mailbox, as the first or a further one."""
        return self._found("proxy", address)

    def by_other(self, address: str) -> list[Person]:
        return self._found("other", address)

    def invite(self, address: str, shown: str | None, tenant_domain: str) -> Person:
        """A guest for an address that nobody has (identity-and-mail.md 1.6)."""
        address = address.lower()
        upn = f"{address.replace('@', '_')}#EXT#@{tenant_domain}"
        person = Person(
            person_id(address), address, upn, None, None, shown or address, guest=True, accepted=False, other=(address,)
        )
        self._gone.discard(person.id)
        self._add(person)
        return person

    def delete(self, wanted: str) -> None:
        """Raises KeyError when there is no such person. Who was deleted is not made again."""
        person = self._people.pop(wanted.lower())
        self._gone.add(person.id)
        for kind, address in _addresses(person):
            self._index[kind][address].remove(person.id)

    def _found(self, kind: str, address: str) -> list[Person]:
        address = address.lower()
        if address not in self._index[kind]:
            for person in made_for(address):
                if person.id not in self._people and person.id not in self._gone:
                    self._add(person)
        return [self._people[found] for found in self._index[kind].get(address, ())]

    def _add(self, person: Person) -> None:
        self._people[person.id] = person
        for kind, address in _addresses(person):
            self._index[kind].setdefault(address, []).append(person.id)

    def snapshot(self) -> dict[str, Any]:
        return {"people": [dict(vars(person)) for person in self._people.values()], "gone": sorted(self._gone)}

    def restore(self, state: dict[str, Any]) -> None:
        self._people.clear()
        for index in self._index.values():
            index.clear()
        for stored in state["people"]:
            tuples = {name: tuple(stored[name]) for name in ("also", "other", "roles")}
            self._add(Person(**{**stored, **tuples}))
        self._gone = set(state["gone"])


def _addresses(person: Person) -> Iterable[tuple[str, str]]:
    if person.mail:
        yield "mail", person.mail
        yield "proxy", person.mail
    yield "upn", person.upn.lower()
    for address in person.also:
        yield "proxy", address
    for address in person.other:
        yield "other", address


def made_for(address: str) -> list[Person]:
    """The people whom the company has because of this address, by the rules at the top."""
    local, _, domain = address.partition("@")
    if not local or not any(domain == own or domain.endswith(f".{own}") for own in COMPANY_DOMAINS):
        return []
    first, _, rest = local.partition(".")
    if first in ("unknown", "guest") and rest:
        return []
    if first == "upn" and rest:
        mailless = _ordinary(address)
        mailless.mail, mailless.also, mailless.other = None, (), ()
        return [mailless]
    if first in ("alias", "other") and rest:
        return [_ordinary(f"{rest}@{domain}")]
    if first == "twice" and rest:
        second = _ordinary(address)
        second.id, second.upn, second.shown = person_id(address, "#2"), f"second.{address}", f"{second.shown} (2)"
        return [_ordinary(address), second]
    return [_ordinary(address)]


def _ordinary(address: str) -> Person:
    local = address.partition("@")[0]
    first, _, rest = local.partition(".")
    given, family = (
        (rest or local).partition(".")[::2] if first in ("disabled", "twice", "nameless", "upn") else (first, rest)
    )
    given, family = given.replace(".", " ").title(), family.replace(".", " ").title()
    shown = f"{given} {family}".strip()
    nameless = first == "nameless"
    return Person(
        id=person_id(address),
        mail=address,
        upn=address,
        given=None if nameless else given,
        family=None if nameless else family or None,
        shown=shown,
        enabled=first != "disabled",
        also=(f"alias.{address}",),
        other=(f"other.{address}",),
        office=OFFICES[person_id(address).encode()[0] % len(OFFICES)],
    )


def attendee_csv(people: int, seed: int) -> str:
    """An attendee list as a company would export it; every practice service knows and accepts all `people` in it."""
    chance = random.Random(f"people-{seed}")
    text = io.StringIO(newline="")
    sheet = csv.writer(text, lineterminator="\r\n")
    sheet.writerow(["Last name", "First name", "Email address", "Office", "Cost centre", "New to AI/ML", "New to AWS"])
    first_names, last_names = GIVEN_NAMES.split(), FAMILY_NAMES.split()
    used: set[str] = set()
    while len(used) < people:
        given, family = chance.choice(first_names), chance.choice(last_names)
        local = f"{given}.{family}".translate(PLAIN).lower()
        if local in used:
            local = f"{local}{chance.randint(2, 9999)}"
            if local in used:
                continue
        used.add(local)
        office, centre = chance.choice(OFFICES), f"CC-{chance.randint(100, 180)}0"
        yes_no = [chance.choices(("yes", "no"), (7, 3))[0], chance.choices(("yes", "no"), (4, 6))[0]]
        sheet.writerow([family, given, f"{local}@example.com", office, centre, *yes_no])
    return text.getvalue()
