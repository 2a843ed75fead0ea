"""What mails are called, and the keys of announcements."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.letters import shipped_templates
from deepracer_admin.rules.mail_names import check_title, is_announcement, mail_names, new_key
from deepracer_admin.rules.portal_mails import MAILS
from deepracer_admin.rules.templates import Template


def test_every_mail_has_a_name_that_is_no_key() -> None:
    pizza = Template("note-pizza", "en", 1, "Pizza", "At noon.", "Pizza at noon")
    names = mail_names([*shipped_templates().values(), pizza])
    assert {key for key, _ in shipped_templates()} | {*MAILS} | {"note-pizza"} == names.keys()
    assert names["note-pizza"] == "Pizza at noon"
    assert not [key for key, name in names.items() if key == name]


@pytest.mark.parametrize("title", ["", "  ", "ab", "x" * 41, "???", "abc\u202edef", "abc\x00"])
def test_a_title_that_nobody_could_read_is_refused(title: str) -> None:
    with pytest.raises(BadInput, match="Title: "):
        check_title(title)


def test_a_title_is_one_line() -> None:
    assert check_title("  Pizza \n at   noon ") == "Pizza at noon"


@pytest.mark.parametrize(
    ("title", "key"), [("Pizza at noon!", "note-pizza-at-noon"), ("Però, è così", "note-pero-e-cosi")]
)
def test_a_key_is_made_of_the_title(title: str, key: str) -> None:
    assert new_key(title) == key


def test_titles_in_other_scripts_have_keys_of_their_own() -> None:
    assert len({new_key(title) for title in ("日本 1", "中文 1", "Ürün 1", "1st", "日本 2")}) == 5


@given(st.text(min_size=3, max_size=40))
def test_a_key_travels_with_a_mail_whatever_the_title_is(title: str) -> None:
    key = new_key(title)
    assert re.fullmatch(r"note-[a-z0-9-]*", key)
    assert is_announcement(key)
    assert len(key) < 200
