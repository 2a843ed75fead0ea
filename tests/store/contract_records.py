"""What every EventStore must do with documents, readings and tables."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

import pytest

from deepracer_admin.errors import LeaseLost, Missing
from deepracer_admin.model import Lease, Quota
from deepracer_admin.store import EventStore
from deepracer_admin.store.documents import Document, Reading, Table
from tests.store.people import NOW, a_person, after, an_event, people


class Weather(StrEnum):
    SUNNY = "sunny"
    RAIN = "rain"


@dataclass(frozen=True, slots=True)
class Picnic:
    guests: tuple[str, ...] = ()
    weather: Weather = Weather.SUNNY
    starts_at: datetime | None = None
    limits: Mapping[str, Quota] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forecast:
    at: datetime
    by_weather: Mapping[Weather, int]


@dataclass(frozen=True, slots=True)
class Basket:
    apples: int = 0


PICNIC = Document("picnic", Picnic, Picnic(), personal=True)
NOTES = Document("notes", Mapping[str, tuple[str, ...]], {}, personal=False, of_event=False)
FORECAST: Reading[Forecast | None] = Reading("forecast", Forecast | None, None, personal=False)
BASKETS = Table("baskets", Basket, "campaign", personal=False)
OWN_BASKETS = Table("own_baskets", Basket, "attendee", personal=True)


def lost() -> Lease:
    return Lease("worker", "nobody", 1, after(60))


def invites(name: str) -> Callable[[Picnic], Picnic]:
    return lambda picnic: replace(picnic, guests=(*picnic.guests, name))


def adds(apples: int, *names: str) -> Callable[[Mapping[str, Basket]], Mapping[str, Basket | None]]:
    return lambda baskets: {name: Basket(baskets.get(name, Basket()).apples + apples) for name in names}


class DocumentsContract:
    def test_a_document_is_empty_until_it_is_changed(self, store: EventStore) -> None:
        assert store.read("spring", PICNIC) == Picnic()
        changed = store.update("spring", PICNIC, invites("Ada"))
        assert changed == store.read("spring", PICNIC) == Picnic(("Ada",))
        assert store.read("autumn", PICNIC) == Picnic()

    def test_a_document_keeps_its_types(self, store: EventStore) -> None:
        kept = Picnic(("Ada", "Łucja"), Weather.RAIN, NOW, {"office:Milano": Quota(-1, 5)})
        store.update("spring", PICNIC, lambda _: kept)
        assert store.read("spring", PICNIC) == kept
        assert store.read("spring", PICNIC).weather is Weather.RAIN

    def test_rows_are_counted_without_being_read(self, store: EventStore) -> None:
        assert store.count("spring", BASKETS) == 0
        for name in ("a", "b", "c"):
            store.change_rows("spring", BASKETS, lambda _, name=name: {name: Basket()}, keys=[name])
        store.change_rows("spring", BASKETS, lambda _: {"b": None}, keys=["b"])
        assert store.count("spring", BASKETS) == len(store.rows("spring", BASKETS)) == 2
        with pytest.raises(ValueError, match="belongs to an event"):
            store.count("", BASKETS)

    def test_a_document_of_the_installation_belongs_to_no_event(self, store: EventStore) -> None:
        store.update("", NOTES, lambda notes: {**notes, "a": ("b", "c")})
        assert store.read("", NOTES) == {"a": ("b", "c")}
        with pytest.raises(ValueError, match="belongs to the installation"):
            store.read("spring", NOTES)
        with pytest.raises(ValueError, match="belongs to an event"):
            store.update("", PICNIC, invites("Ada"))

    def test_a_change_that_changes_nothing_writes_nothing(self, store: EventStore) -> None:
        store.update("spring", PICNIC, invites("Ada"))
        before = store.revision("spring")
        assert store.update("spring", PICNIC, lambda picnic: replace(picnic)) == Picnic(("Ada",))
        assert store.revision("spring") == before
        store.update("spring", PICNIC, invites("Grace"))
        assert store.revision("spring") > before

    def test_a_change_that_raises_changes_nothing(self, store: EventStore) -> None:
        store.update("spring", PICNIC, invites("Ada"))
        with pytest.raises(Missing):
            store.update("spring", PICNIC, _refuse)
        assert store.read("spring", PICNIC) == Picnic(("Ada",))

    def test_a_change_under_a_lost_lease_is_refused(self, store: EventStore) -> None:
        with pytest.raises(LeaseLost):
            store.update("spring", PICNIC, invites("Ada"), lease=lost())
        with pytest.raises(LeaseLost):
            store.keep("spring", FORECAST, Forecast(NOW, {}), lease=lost())
        with pytest.raises(LeaseLost):
            store.change_rows("spring", BASKETS, adds(1, "red"), lease=lost())
        assert store.read("spring", PICNIC) == Picnic()
        assert store.read("spring", FORECAST) is None
        assert store.rows("spring", BASKETS) == {}

    def test_what_is_under_a_lost_lease_cannot_be_forgotten(self, store: EventStore) -> None:
        store.update("spring", PICNIC, invites("Ada"))
        with pytest.raises(LeaseLost):
            store.forget("spring", PICNIC, lease=lost())
        assert store.read("spring", PICNIC) == Picnic(("Ada",))

    def test_a_reading_is_replaced_whole(self, store: EventStore) -> None:
        store.keep("spring", FORECAST, Forecast(NOW, {Weather.RAIN: 80}))
        store.keep("spring", FORECAST, Forecast(after(60), {Weather.SUNNY: 10}))
        assert store.read("spring", FORECAST) == Forecast(after(60), {Weather.SUNNY: 10})
        before = store.revision("spring")
        store.keep("spring", FORECAST, Forecast(after(60), {Weather.SUNNY: 10}))
        assert store.revision("spring") == before

    def test_a_document_is_not_kept_whole_and_a_reading_not_updated(self, store: EventStore) -> None:
        with pytest.raises(TypeError, match="not a reading"):
            store.keep("spring", PICNIC, Picnic())  # pyright: ignore[reportArgumentType]
        with pytest.raises(TypeError, match="is a reading"):
            store.update("spring", FORECAST, lambda seen: seen)  # pyright: ignore[reportArgumentType]

    def test_what_was_forgotten_was_never_written(self, store: EventStore) -> None:
        store.update("spring", PICNIC, invites("Ada"))
        store.update("autumn", PICNIC, invites("Ada"))
        store.change_rows("spring", BASKETS, adds(1, "red", "green"))
        store.forget("spring", PICNIC)
        store.forget("spring", BASKETS)
        assert store.read("spring", PICNIC) == Picnic()
        assert store.rows("spring", BASKETS) == {}
        assert store.read("autumn", PICNIC) == Picnic(("Ada",))
        before = store.revision("spring")
        store.forget("spring", PICNIC)
        assert store.revision("spring") == before


class TablesContract:
    def test_rows_come_in_the_order_in_which_they_were_first_written(self, store: EventStore) -> None:
        store.change_rows("spring", BASKETS, adds(1, "red", "blue"))
        store.change_rows("spring", BASKETS, adds(2, "amber", "red"))
        assert [*store.rows("spring", BASKETS).items()] == [
            ("red", Basket(3)),
            ("blue", Basket(1)),
            ("amber", Basket(2)),
        ]
        assert store.row("spring", BASKETS, "amber") == Basket(2)
        assert store.row("spring", BASKETS, "grey") is None
        assert store.rows("spring", BASKETS, ("amber", "grey")) == {"amber": Basket(2)}
        assert store.rows("autumn", BASKETS) == {}

    def test_only_the_rows_that_changed_are_answered(self, store: EventStore) -> None:
        store.change_rows("spring", BASKETS, adds(1, "red", "blue", "green"))
        answer = {"red": Basket(1), "blue": None, "green": Basket(7), "grey": None}
        assert store.change_rows("spring", BASKETS, lambda _: answer) == {"blue": None, "green": Basket(7)}
        assert store.rows("spring", BASKETS) == {"red": Basket(1), "green": Basket(7)}

    def test_a_change_that_changes_no_row_writes_nothing(self, store: EventStore) -> None:
        store.change_rows("spring", BASKETS, adds(1, "red"))
        before = store.revision("spring")
        assert store.change_rows("spring", BASKETS, lambda rows: rows) == {}
        assert store.revision("spring") == before
        assert store.change_rows("spring", BASKETS, adds(1, "red")) == {"red": Basket(2)}
        assert store.revision("spring") > before

    def test_a_change_sees_and_writes_the_asked_rows_alone(self, store: EventStore) -> None:
        store.change_rows("spring", BASKETS, adds(1, "red", "blue"))
        seen: list[Mapping[str, Basket]] = []

        def look(rows: Mapping[str, Basket]) -> Mapping[str, Basket | None]:
            seen.append(dict(rows))
            return {"blue": None}

        with pytest.raises(ValueError, match="changed unseen"):
            store.change_rows("spring", BASKETS, look, keys=["red", "grey"])
        assert seen[0] == {"red": Basket(1)}
        assert [*store.rows("spring", BASKETS)] == ["red", "blue"]

    def test_a_change_of_rows_that_raises_changes_nothing(self, store: EventStore) -> None:
        store.change_rows("spring", BASKETS, adds(1, "red"))
        with pytest.raises(Missing):
            store.change_rows("spring", BASKETS, _refuse)
        assert store.rows("spring", BASKETS) == {"red": Basket(1)}

    def test_a_persons_row_goes_with_the_person(self, store: EventStore) -> None:
        store.save_attendees("spring", people(2))
        store.change_rows("spring", OWN_BASKETS, adds(1, "a00000", "a00001"))
        store.save_attendees("spring", [a_person(1, name="Renamed")])
        store.delete_attendees("spring", ["a00000"])
        assert store.rows("spring", OWN_BASKETS) == {"a00001": Basket(1)}

    def test_nobody_who_was_deleted_comes_back_through_a_row(self, store: EventStore) -> None:
        store.save_attendees("spring", people(1))
        assert store.change_rows("spring", OWN_BASKETS, adds(1, "a00000", "a00009")) == {"a00000": Basket(1)}
        assert store.rows("spring", OWN_BASKETS) == {"a00000": Basket(1)}

    def test_the_same_names_of_two_events_are_two_rows(self, store: EventStore) -> None:
        store.change_rows("spring", BASKETS, adds(1, "red"))
        store.change_rows("autumn", BASKETS, adds(5, "red"))
        store.change_rows("autumn", BASKETS, lambda _: {"red": None})
        assert store.rows("spring", BASKETS) == {"red": Basket(1)}


class AmendedEventsContract:
    def test_an_event_is_amended_as_it_stands_in_the_store(self, store: EventStore) -> None:
        store.save_event(an_event())
        store.amend_event("spring", lambda event: replace(event, closed_at=after(5)))
        now = store.amend_event("spring", lambda event: replace(event, name="Summer Cup"))
        assert now == store.event("spring") == an_event(name="Summer Cup", closed_at=after(5))

    def test_an_unchanged_event_writes_nothing(self, store: EventStore) -> None:
        store.save_event(an_event())
        before = store.revision("spring")
        assert store.amend_event("spring", lambda event: event) == an_event()
        assert store.revision("spring") == before

    def test_a_missing_event_is_not_amended(self, store: EventStore) -> None:
        with pytest.raises(Missing, match="no such event"):
            store.amend_event("nowhere", lambda event: event)

    def test_an_event_amended_under_a_lost_lease_is_refused(self, store: EventStore) -> None:
        store.save_event(an_event())
        with pytest.raises(LeaseLost):
            store.amend_event("spring", lambda event: replace(event, name="late"), lease=lost())
        assert store.event("spring") == an_event()

    def test_an_event_never_becomes_another(self, store: EventStore) -> None:
        store.save_event(an_event())
        with pytest.raises(ValueError, match="keeps its id"):
            store.amend_event("spring", lambda event: replace(event, id="autumn"))

    def test_two_who_amend_one_event_lose_nothing(self, store: EventStore) -> None:
        store.save_event(an_event(head_count=0))

        def count() -> None:
            for _ in range(40):
                store.amend_event("spring", lambda event: replace(event, head_count=event.head_count + 1))

        threads = [threading.Thread(target=count) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert store.event("spring").head_count == 80


def _refuse(_: object) -> Any:
    raise Missing("gone")
