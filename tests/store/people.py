"""Invented people, events and times for the tests of the stores."""

from datetime import UTC, datetime, timedelta

from deepracer_admin.model import Attendee, Event, Quota

NOW = datetime(2026, 11, 2, 9, 30, 0, 123000, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def an_event(id: str = "spring", **values: object) -> Event:
    given = {
        "id": id,
        "name": "Spring Cup",
        "starts_at": NOW,
        "ends_at": after(86400),
        "zone": "Europe/Rome",
        "head_count": 10_000,
        "budget_usd": 25_000.0,
        "quota": Quota(600, 5),
        "cohort_quotas": {"office:Milano": Quota(-1, 10)},
        "created_at": NOW,
    }
    return Event(**(given | values))  # type: ignore[arg-type]


def a_person(number: int, **values: object) -> Attendee:
    given = {
        "id": f"a{number:05d}",
        "email": f"person{number}@example.com",
        "name": f"Person {number}",
        "alias": f"racer-{number}",
        "office": "Milano",
        "extra": {"T-shirt": "L"},
        "added_at": NOW,
    }
    return Attendee(**(given | values))  # type: ignore[arg-type]


def people(count: int) -> list[Attendee]:
    return [a_person(number) for number in range(count)]
