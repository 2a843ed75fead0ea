"""Words and numbers as people read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from deepracer_admin.ui.kit.words import as_of, count, hours, level, money, plain, span, state_mark, table_height, when

AT = datetime(2026, 3, 1, 13, 5, 9, tzinfo=UTC)


def test_an_instant_is_told_in_the_zone_of_the_event_with_its_name() -> None:
    assert when(AT, "Europe/Rome") == "Sun 01 Mar 2026, 14:05 (Europe/Rome)"
    assert when(None, "Europe/Rome") == "not yet"


def test_a_number_of_another_day_says_the_day() -> None:
    assert as_of(AT, "service", "Europe/Rome") == "as of 01 Mar 14:05:09 Europe/Rome (service)"
    assert as_of(None, "service") == "not read yet (service)"


def test_a_number_of_today_says_only_the_time() -> None:
    noon = datetime.now(UTC).replace(hour=12, minute=0, second=1, microsecond=0)
    assert as_of(noon, "roster") == "as of 12:00:01 UTC (roster)"


@pytest.mark.parametrize(
    ("usd", "said"),
    [(0, "0.00 USD"), (12.345, "12.35 USD"), (1234.5, "1,234 USD"), (float("inf"), "no upper limit")],
)
def test_money_never_uses_a_sign_that_starts_a_formula(usd: float, said: str) -> None:
    assert money(usd) == said
    assert "$" not in money(usd)


def test_hours_say_their_unit_and_unlimited() -> None:
    assert [hours(2.25), hours(1234), hours(-1)] == ["2.2 h", "1,234 h", "unlimited"]
    assert hours(-1 / 60) == "unlimited", "UNLIMITED minutes, as hours"


def test_a_span_names_its_two_largest_units() -> None:
    assert span(timedelta(days=2, hours=4, minutes=9)) == "2 d 4 h"
    assert span(timedelta(seconds=12)) == "12 s"
    assert span(timedelta(seconds=-3)) == "0 s"


def test_one_is_singular_and_the_rest_plural() -> None:
    assert [count(1, "person", "people"), count(1974, "person", "people"), count(0, "race")] == [
        "1 person",
        "1,974 people",
        "0 races",
    ]


@pytest.mark.parametrize(
    "name",
    ["*bold*", "[link](http://x)", "$a$ and $b$", "<b>x</b>", "`code`", "# head", "~~gone~~", "a|b", "!image", "&amp;"],
)
def test_markdown_in_a_name_is_escaped(name: str) -> None:
    shown = plain(name)
    for place, character in enumerate(shown):
        if character in "*[]()$<>`#~|!&_":
            assert shown[place - 1] == "\\"


@pytest.mark.parametrize("name", [":red[alarm]", ":material/flag:", ":smile:", "https://example.com"])
def test_no_directive_icon_or_link_survives_in_a_name(name: str) -> None:
    assert ":\u2060" in plain(name)


def test_a_name_stays_on_one_line() -> None:
    assert plain("Ada\n\n# Lovelace") == "Ada \\# Lovelace"


@pytest.mark.parametrize("name", ["green", "amber", "red"])
def test_a_level_is_a_word_and_an_icon_never_colour_alone(name: str) -> None:
    word, icon, colour = level(name)
    assert word
    assert icon.startswith(":material/")
    assert colour in ("green", "orange", "red")


def test_a_state_has_a_sign_and_a_word() -> None:
    assert state_mark("refused") == "✗ refused"
    assert state_mark("new-to-us") == "new-to-us"


@pytest.mark.parametrize("text", ["ada@example.com", "see www.example.com", "https://example.com"])
def test_an_address_in_a_text_becomes_no_link(text: str) -> None:
    assert plain(text).replace("\\", "").replace("\u2060", "") == text
    assert "\u2060" in plain(text)


def test_a_short_table_is_as_high_as_its_rows_and_a_long_one_scrolls() -> None:
    assert table_height(3) == "content"
    assert table_height(1_000) == table_height(2_000) == 38 + 35 * 12
