"""Whom an alarm is told: once for each rise and once when it is over, whatever dies and whoever else is at it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model import Attendee, DeliveryEvent, Event, Lease, Quota
from deepracer_admin.rules.alarms import Alarm, after_look
from deepracer_admin.rules.calls import (
    ADDRESSES,
    AGED,
    CHAT,
    GIVE_UP,
    Post,
    PostState,
    Target,
    by_news,
    claimed,
    ends_seen,
    expired,
    in_order,
    mail_target,
    nameless,
    notice_of,
    planned,
    settled,
)
from deepracer_admin.ui.kit.page_table import PAGES

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
EVENT = Event("ev-1", "Cup", NOW, NOW + timedelta(days=1), "Europe/Rome", 9, 100.0, Quota(60, 1))
TEAM, OLIVIA = Target(CHAT), mail_target("olivia@example.com")
LEASE = Lease("worker/ev-1", "anna#1", 1, NOW + MINUTE)
NEXT = Lease("worker/ev-1", "anna#2", 2, NOW + MINUTE)
ALARM = Alarm("budget", "Half is used", "It is.", "Look.", "Usage", tab="Budget guard", level="red", since=NOW)


def changed(rows: Mapping[str, Post], changes: Mapping[str, Post | None]) -> dict[str, Post]:
    return {key: post for key, post in {**rows, **changes}.items() if post is not None}


def plan(
    rows: Mapping[str, Post], *alarms: Alarm, targets: tuple[Target, ...] = (TEAM,), at: datetime = NOW
) -> dict[str, Post]:
    return changed(rows, planned(rows, {alarm.key: alarm for alarm in alarms}, targets, now=at))


def told(rows: Mapping[str, Post]) -> dict[str, Post]:
    return {key: replace(post, state=PostState.SENT) for key, post in rows.items()}


def test_each_is_told_once_however_often_one_looks_and_once_more_when_it_is_over() -> None:
    rows = plan({}, ALARM, targets=(TEAM, OLIVIA))
    assert len(rows) == len({post.id for post in rows.values()}) == 2
    rows = plan(told(rows), replace(ALARM, sentence="Of it 60 %."), targets=(TEAM, OLIVIA))
    assert len(rows) == 2
    over = plan(rows, replace(ALARM, cleared_at=NOW + MINUTE), targets=(TEAM, OLIVIA))
    assert sorted(post.is_over for post in over.values()) == [False, False, True, True]
    assert plan(told(over), replace(ALARM, cleared_at=NOW + MINUTE), targets=(TEAM, OLIVIA)) == told(over)


def test_what_is_over_before_it_could_be_told_is_told_once_with_its_span() -> None:
    rows = plan(plan({}, ALARM), replace(ALARM, cleared_at=NOW + 5 * MINUTE))
    [skipped, over] = sorted(rows.values(), key=lambda post: post.is_over)
    assert (skipped.state, over.state) == (PostState.SKIPPED, PostState.PENDING)
    notice = notice_of(over, EVENT, "http://localhost:8501")
    assert notice.title == "Cup: over: Half is used"
    assert "from Mon 23 Nov 2026, 10:00 (Europe/Rome) to Mon 23 Nov 2026, 10:05" in notice.lines[0]


def test_what_rises_anew_while_nobody_looked_is_over_and_told_anew() -> None:
    again = replace(ALARM, since=NOW + MINUTE, number=2)
    rows = plan(told(plan({}, ALARM)), again)
    assert sorted((post.alarm.number, post.is_over) for post in rows.values()) == [(1, False), (1, True), (2, False)]


def test_two_rises_at_one_moment_of_a_clock_that_stands_are_two() -> None:
    rows = plan(told(plan({}, ALARM)), replace(ALARM, number=2))
    assert sum(not post.is_over for post in rows.values()) == 2


def test_an_old_reading_of_the_alarms_ends_nothing() -> None:
    newer = told(plan({}, replace(ALARM, since=NOW + MINUTE, number=2)))
    assert plan(newer, replace(ALARM, cleared_at=NOW)) == newer
    assert plan(newer) == newer


def test_who_was_taken_off_the_list_is_told_nothing_more() -> None:
    rows = plan(plan({}, ALARM, targets=(TEAM, OLIVIA)), ALARM)
    assert {post.state for post in rows.values() if post.way == "mail"} == {PostState.SKIPPED}


def test_an_alarm_that_ended_before_anybody_was_named_is_not_told() -> None:
    assert plan({}, replace(ALARM, cleared_at=NOW)) == {}


def test_an_alarm_that_rose_and_ended_while_nobody_looked_is_told_once_as_over() -> None:
    seen, ended = ends_seen({}, None, NOW), replace(ALARM, cleared_at=NOW + MINUTE)
    alarms = {ended.key: ended}
    rows = changed({}, planned({}, alarms, (TEAM, OLIVIA), now=NOW, seen=seen))
    assert [(post.is_over, post.alarm.cleared_at) for post in rows.values()] == [(True, NOW + MINUTE)] * 2
    assert planned(told(rows), alarms, (TEAM, OLIVIA), now=NOW, seen=seen) == {}, "the mark was not kept: not twice"
    assert planned({}, alarms, (TEAM,), now=NOW, seen=ends_seen(alarms, seen, NOW)) == {}, "forgotten, or named since"


def test_under_a_kill_at_each_message_and_ever_new_alarms_an_end_is_told_at_last() -> None:
    """Each process lives for one message, and finds a red alarm that rose since."""
    ended = replace(ALARM, kind="old", cleared_at=NOW)
    over = Post(ended, CHAT, "", is_over=True, planned_at=NOW)
    waiting, at, longest = [over], NOW, AGED + MINUTE
    while over in waiting:
        at += timedelta(seconds=10)
        assert at - NOW <= longest, "it starves"
        waiting.append(Post(replace(ALARM, kind=f"new-{at}", since=at), CHAT, "", planned_at=at))
        waiting.remove(in_order(waiting, at)[0])
    assert in_order([over, *waiting], at)[1].alarm.level == "red", "one alone goes before bad news"


def test_what_left_with_a_holder_that_died_is_never_sent_again() -> None:
    [post] = plan({}, ALARM).values()
    leaving = claimed(post, LEASE, NOW)
    assert leaving is not None
    assert claimed(leaving, NEXT, NOW) is None
    assert expired({"k": leaving}, [], LEASE, NOW) == {}
    [lost] = expired({"k": leaving}, [NEXT], NEXT, NOW).values()
    assert lost is not None
    assert lost.state is PostState.UNKNOWN
    assert claimed(lost, NEXT, NOW) is None
    assert settled(lost, NEXT, PostState.PENDING, now=NOW) is None
    known = settled(lost, LEASE, PostState.SENT, now=NOW)
    assert known is not None
    assert known.state is PostState.SENT, "who let it leave may still say what became of it"


def test_what_was_surely_not_delivered_is_tried_for_a_day_with_pauses_that_end() -> None:
    [post] = plan({}, ALARM).values()
    at, tries = NOW, 0
    while post.state is PostState.PENDING:
        after = settled(post, LEASE, PostState.PENDING, now=at, sentence="No way.")
        assert after is not None
        post, tries = after, tries + 1
        if post.next_try_at is not None:
            assert at < post.next_try_at <= at + 5 * MINUTE
            at = post.next_try_at
    assert post.state is PostState.FAILED
    assert 200 < tries < 400
    assert at - NOW >= GIVE_UP


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["tell", "die", "look"])), max_size=30))
def test_whatever_happens_no_message_is_let_leave_twice(steps: list[tuple[bool, str]]) -> None:
    alarms: dict[str, Alarm] = {}
    rows: dict[str, Post] = {}
    left: list[str] = []
    for minute, (is_on, act) in enumerate(steps):
        now = NOW + minute * MINUTE
        lease = replace(LEASE, epoch=minute)
        changes = after_look(alarms, ("budget",), [ALARM] if is_on else [], now)
        alarms = {key: row for key, row in {**alarms, **changes}.items() if row is not None}
        rows = changed(rows, expired(rows, [], lease, now))
        rows = changed(rows, planned(rows, alarms, (TEAM,), now=now))
        for key, post in [*rows.items()] if act != "look" else []:
            leaving = claimed(post, lease, now)
            if leaving is None:
                continue
            left.append(post.id)
            done = settled(leaving, lease, PostState.SENT, now=now)
            assert done is not None
            rows[key] = leaving if act == "die" else done
    assert len(left) == len({*left})
    assert all(post.state is not PostState.PENDING for post in rows.values()) or steps[-1][1] == "look"


def test_old_ones_are_forgotten_in_pairs_and_never_planned_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deepracer_admin.rules.calls.KEPT", 2)
    rows: dict[str, Post] = {}
    for number in range(1, 8):
        alarm = replace(ALARM, since=NOW + number * MINUTE, number=number)
        rows = told(plan(rows, alarm))
        rows = told(plan(rows, replace(alarm, cleared_at=alarm.since), at=NOW + number * MINUTE))
        rows = {key: replace(post, changed_at=post.changed_at or NOW + number * MINUTE) for key, post in rows.items()}
    kept = plan(rows, replace(ALARM, since=NOW + 7 * MINUTE, number=7, cleared_at=NOW + 7 * MINUTE))
    assert sorted((post.alarm.number, post.is_over) for post in kept.values()) == [
        (6, False), (6, True), (7, False), (7, True)
    ]  # fmt: skip


def test_news_of_a_mail_settle_what_nobody_knew_and_name_what_came_back() -> None:
    [post] = plan({}, ALARM, targets=(OLIVIA,)).values()
    unknown = replace(post, state=PostState.UNKNOWN)

    def after(kind: str, post: Post, key: str = "") -> list[PostState]:
        news = [DeliveryEvent(kind, "m-1", key or f"ev-1#alarm#{post.id}#1", NOW)]
        return [row.state for row in by_news({post.key: post}, news, NOW).values() if row]

    assert after("delivery", unknown) == [PostState.SENT]
    assert after("bounce", replace(post, state=PostState.SENT)) == [PostState.FAILED]
    assert after("delivery", replace(post, state=PostState.FAILED)) == []
    assert after("delivery", unknown, "ev-1#at-1#access#1") == after("delivery", unknown, "odd") == []


def test_the_words_say_what_to_do_and_where_and_the_link_opens_that_page() -> None:
    [post] = plan({}, ALARM).values()
    notice = notice_of(post, EVENT, "https://console.example.com/", mark="[REHEARSAL] ")
    assert notice.title == "[REHEARSAL] Cup: Half is used"
    assert notice.lines[1] == "What to do: Look. It stands at Usage, Budget guard."
    assert notice.link == "https://console.example.com/usage?event=ev-1"


def test_every_page_has_its_address() -> None:
    assert {page.title: page.address for page in PAGES} == ADDRESSES


@pytest.mark.parametrize(
    "sentence",
    ["Mail to Ada.Lovelace@example.com came back.", "ada lovelace asks.", "“Lovelace-7” leads.", "ADA LOVELACE"],
)
def test_nobodys_name_leaves_the_house(sentence: str) -> None:
    ada = Attendee("at-1", "ada.lovelace@example.com", "Ada Lovelace", "lovelace-7")
    [post] = plan({}, replace(ALARM, sentence=sentence)).values()
    notice = nameless(notice_of(post, EVENT, "http://localhost:8501"), EVENT, [ada])
    assert "lovelace" not in f"{notice.title} {notice.lines}".lower()
    assert notice.link.endswith("/usage?event=ev-1")


def test_a_name_inside_another_word_hides_nothing() -> None:
    [post] = plan({}, ALARM).values()
    notice = notice_of(post, EVENT, "http://localhost:8501")
    assert (
        nameless(notice, EVENT, [Attendee("at-1", "a@example.com", "Use", "half"), Attendee("at-2", "", "", "")]).title
        != notice.title
    )
    assert nameless(notice, EVENT, [Attendee("at-1", "b@example.com", "Alf Lo", "usedcar")]) == notice


def test_what_goes_wrong_now_leaves_before_what_is_over_and_the_worst_first() -> None:
    over = replace(ALARM, kind="a", cleared_at=NOW + MINUTE)
    amber, red = replace(ALARM, kind="b", level="amber"), replace(ALARM, kind="z", since=NOW + MINUTE)
    posts = [Post(over, CHAT, "", is_over=True), Post(amber, CHAT, ""), Post(red, CHAT, ""), Post(red, *("mail", "o"))]
    left = [(post.alarm.kind, post.way) for post in in_order(posts, NOW)]
    assert left == [("z", CHAT), ("z", "mail"), ("b", CHAT), ("a", CHAT)]


def test_a_former_end_leaves_before_the_same_thing_is_told_anew() -> None:
    ended, anew = replace(ALARM, cleared_at=NOW), replace(ALARM, since=NOW + MINUTE, number=2)
    later = replace(anew, cleared_at=NOW + 2 * MINUTE)
    posts = [Post(later, CHAT, "", is_over=True), Post(anew, CHAT, ""), Post(ended, CHAT, "", is_over=True)]
    assert [(post.alarm.number, post.is_over) for post in in_order(posts, NOW)] == [(1, True), (2, False), (2, True)]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 4), st.booleans(), st.sampled_from(["red", "info"]))))
def test_whatever_waits_each_message_leaves_and_no_end_before_its_own_beginning(
    made: list[tuple[str, int, bool, str]],
) -> None:
    posts = {
        post.key: post
        for kind, number, over, level in made
        for post in [Post(replace(ALARM, kind=kind, number=number, level=level), CHAT, "", is_over=over)]
    }
    left = in_order(posts.values(), NOW)
    assert {post.key for post in left} == {*posts}
    assert len(left) == len(posts)
    for first, second in itertools.pairwise(
        [
            post
            for kind in "abc"
            for post in left
            if post.alarm.kind == kind and (post.is_over or post.alarm.level == "red")
        ]
    ):
        if first.alarm.kind == second.alarm.kind:
            assert (first.alarm.number, first.is_over) < (second.alarm.number, second.is_over)
