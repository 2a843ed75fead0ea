"""Large lists are judged in bulk, small ones address by address: the verdicts are the same."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.rules.roster import even_tables
from deepracer_admin.rules.roster.check import check
from deepracer_admin.rules.roster.findings import RosterCheck

ADDRESSES = [
    "a@example.com", "A@EXAMPLE.COM ", "b@example.com", "b@example.com", "'c@example.com", "Bo <b@example.com>",
    "nobody@", "two@@example.com", "dot..dot@example.com", ".a@example.com", "a@-x.example", "a@x", "a@localhost", "",
    "=1+1",
    "x#EXT#@example.onmicrosoft.com", "a" * 65 + "@example.com", "a@" + "b" * 190 + ".com", "a@" + "b." * 90 + "com",
    "o'brien@example.com", "a/b@example.com", "a@xn--bcher-kva.example", "a@example.com; b@example.com",
    "a b@example.com",
]  # fmt: skip
cells = st.sampled_from(ADDRESSES)


def checked(rows: list[tuple[str, str]], size: int) -> RosterCheck:
    raw = "Email\tFirst name\tLast name\n" + "".join(f"{email}\t{name}\tRossi\n" for email, name in rows)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(even_tables, "LARGE", size)
        patch.setattr(even_tables, "_LARGE_QUOTED", 10**9)
        found = check(raw.encode(), filename="x", delimiter="\t", service_rule="on_aws")
    return replace(found, accepted=list(found.accepted))


@given(st.lists(st.tuples(cells, st.sampled_from(["Anna", "", "Zoë", " Bo  B "])), min_size=1, max_size=30))
def test_a_list_in_bulk_gives_what_it_gives_address_by_address(rows: list[tuple[str, str]]) -> None:
    assert checked(rows, 0) == checked(rows, 10**9)


def test_without_room_for_a_thread_a_large_list_is_read_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    rows = [("a@example.com", "Anna"), ("b@example.com", "Bo")]
    expected = checked(rows, 10**9)
    monkeypatch.setattr(threading.Thread, "start", no_room)
    assert checked(rows, 0) == expected


def test_addresses_beyond_ascii_are_judged_one_by_one_and_give_the_same() -> None:
    rows = [("anna@bücher.example", "Anna"), ("anna@xn--bcher-kva.example", "Anna"), ("é@example.com", "É")]
    found = checked(rows, 0)
    assert found == checked(rows, 10**9)
    assert [again.row for again in found.duplicates] == [3]
