"""The invented people of the practice company."""

import csv
import io
from datetime import datetime

from deepracer_admin.rehearsal.shared.people import Company, attendee_csv
from tests.practice import WorldHandle


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_ten_thousand_different_people_can_be_invented() -> None:
    rows = list(csv.DictReader(io.StringIO(attendee_csv(10_000, 1))))
    addresses = {row["Email address"] for row in rows}
    assert len(addresses) == 10_000
    assert all(address.isascii() and address == address.lower() for address in addresses)
    company = Company()
    assert all(len(company.by_mail(address)) == 1 for address in addresses)


def test_a_person_has_the_same_id_in_every_world() -> None:
    [one], [other] = Company().by_mail("ada@example.com"), Company().by_mail("ADA@example.com")
    assert one.id == other.id
    assert Company().by_mail("bo@example.com")[0].id != one.id


def test_the_company_is_the_same_after_it_was_kept() -> None:
    company = Company()
    company.by_mail("ada@example.com")
    company.by_mail("twice.bo@example.com")
    guest = company.invite("Greta@partner.example.net", "Greta", "practice.example")
    company.delete(company.by_mail("cy@example.com")[0].id)
    again = Company()
    again.restore(company.snapshot())
    assert again.everybody() == company.everybody()
    assert again.by_mail("greta@partner.example.net") == [guest]
    assert again.by_mail("cy@example.com") == []
