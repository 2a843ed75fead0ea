"""What is watched beside money and slots: from which number on somebody is called, and never with a name in it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from deepracer_admin.model import AuditEntry, Delivery, Event, Quota, Race, RaceDraft, Sending, State, Step, UsageSample
from deepracer_admin.rules.alarms import AMBER, RED, Alarm, after_look, live
from deepracer_admin.rules.watched import (
    WORKER_SILENT,
    bounces,
    credential,
    denied,
    refusals,
    rush,
    seen_since,
    silent_worker,
    waiting_work,
)

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
EVENT = Event("ev-1", "Cup", NOW, NOW + 5 * DAY, "UTC", 9, 100.0, Quota(60, 1), slots=2)


def test_work_that_waits_calls_after_five_minutes_and_a_sign_in_after_one() -> None:
    since = seen_since({"mail": NOW}, ["mail", "group"], NOW + MINUTE)
    assert since == {"mail": NOW, "group": NOW + MINUTE}
    assert seen_since(since, [], NOW) == {}
    assert waiting_work(since, {}, NOW + 4 * MINUTE) == []
    assert [alarm.key for alarm in waiting_work(since, {}, NOW + 5 * MINUTE)] == ["waits/mail"]
    signing = waiting_work(since, {"mail": "CredentialsExpired"}, NOW + MINUTE)
    assert [(alarm.key, alarm.level) for alarm in signing] == [("signin/mail", RED)]


def mails(sent: int, **news: int) -> list[Delivery]:
    told = [word for word, count in news.items() for _ in range(count)]
    told += [""] * (sent - len(told))
    return [Delivery(f"at-{n}", "access", 1, Sending.SENT, delivered=word) for n, word in enumerate(told)]


def test_mails_that_come_back_call_from_five_in_a_hundred_on() -> None:
    assert bounces(mails(19, bounced=19)) is None
    assert bounces(mails(100, bounced=4)) is None
    found = bounces(mails(100, bounced=5))
    assert found is not None
    assert (found.level, found.title) == (AMBER, "Too many mails come back")
    red = bounces(mails(100, bounced=10))
    assert red is not None
    assert red.level == RED
    assert bounces(mails(1000, complained=1)) is None
    assert bounces(mails(1000, complained=2)) is not None


def test_a_credential_calls_two_weeks_before_its_end() -> None:
    assert credential(EVENT, None, NOW) is None
    assert credential(EVENT, NOW + 15 * DAY, NOW) is None
    assert [found.level for days in (13, 5, -1) if (found := credential(EVENT, NOW + days * DAY, NOW))] == [
        AMBER,
        RED,
        RED,
    ]


def test_a_queue_longer_than_the_race_is_open_calls_in_its_last_hours() -> None:
    race = Race("r-1", RaceDraft("Final", "t", NOW - DAY, NOW + 60 * MINUTE))
    sample = UsageSample(NOW, 3, 3, 100.0, 121.0, 0, 3)
    assert rush(EVENT, [race], replace(sample, minutes_queued=120.0), NOW) == []
    [found] = rush(EVENT, [race], sample, NOW)
    assert found.subject == "r-1"
    assert rush(EVENT, [race], replace(sample, minutes_waiting=20.0), NOW) == [], "who waits starts nothing by itself"
    assert rush(EVENT, [race], sample, NOW - 3 * timedelta(hours=1)) == []
    assert rush(EVENT, [race], replace(sample, at=NOW - DAY), NOW) == []
    assert rush(EVENT, [race], None, NOW) == []


def test_refusals_call_when_they_are_no_single_cases() -> None:
    def of(refused: int, done: int) -> list[Alarm]:
        return refusals({Step.GROUP: {State.REFUSED: refused, State.DONE: done}})

    assert of(4, 0) == []
    assert of(5, 200) == []
    assert [alarm.subject for alarm in of(10, 100)] == ["group"]


def test_many_refused_acts_within_minutes_call() -> None:
    entry = AuditEntry(1, NOW, "", "o", "Olivia", "", "signin", "console", 1, allowed=False)
    assert denied([entry] * 9, NOW) is None
    assert denied([entry] * 10, NOW) is not None
    assert denied([entry] * 10, NOW + 11 * MINUTE) is None
    assert denied([replace(entry, allowed=True)] * 20, NOW) is None


def test_a_worker_is_silent_once_its_lease_is_long_over() -> None:
    assert silent_worker(NOW, NOW - DAY, NOW + WORKER_SILENT - MINUTE / 60) is None
    assert silent_worker(NOW, NOW - DAY, NOW + WORKER_SILENT) is not None
    assert silent_worker(NOW - DAY, NOW, NOW) is None, "it may just be starting"
    assert silent_worker(None, NOW - DAY, NOW) is not None


def test_a_count_that_goes_to_and_fro_is_one_alarm() -> None:
    alarm = Alarm("rush", "T", "S.", "F.", "Races")
    rows: dict[str, Alarm] = {}
    for minute in range(40):
        seen = [alarm] if minute < 30 and minute % 3 else []
        changes = after_look(rows, ("rush",), seen, NOW + minute * MINUTE, linger=10 * MINUTE)
        rows = {key: row for key, row in {**rows, **changes}.items() if row is not None}
        assert len(live(rows)) == (0 < minute < 40)
        assert all(row.number == 1 for row in rows.values())
    changes = after_look(rows, ("rush",), [], NOW + 41 * MINUTE, linger=10 * MINUTE)
    assert [row.cleared_at for row in changes.values() if row] == [NOW + 41 * MINUTE]
