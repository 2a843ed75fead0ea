"""Who may do what: default deny, one table."""

from __future__ import annotations

import pytest

from deepracer_admin.model import Actor, Role
from deepracer_admin.rules.access import ACTIONS, allowed, explain


def actor(*roles: Role, behalf: str = "") -> Actor:
    return Actor("o", "t", "Somebody", frozenset(roles), on_behalf_of=behalf)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_the_organizer_may_everything_and_nobody_without_a_role_anything(action: str) -> None:
    assert allowed(actor(Role.ORGANIZER), action)
    assert not allowed(actor(), action)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_viewer_changes_nothing_and_may_no_more_than_a_facilitator(action: str) -> None:
    viewer = allowed(actor(Role.VIEWER), action)
    assert not (viewer and ACTIONS[action].writes)
    assert not viewer or allowed(actor(Role.FACILITATOR), action)


@pytest.mark.parametrize(
    "word", ["import", "export", "erase", "delete", "remove", "closeout", "quota", "messages.send", "pause"]
)
def test_a_facilitator_does_nothing_in_bulk_and_deletes_nothing(word: str) -> None:
    named = [name for name in ACTIONS if word in name and name != "boards.export"]
    assert named
    assert not any(allowed(actor(Role.FACILITATOR), name) for name in named)


def test_an_unknown_action_is_denied_to_all() -> None:
    assert not allowed(actor(*Role, behalf="oid"), "attendees.vanish")


def test_the_worker_acts_only_for_a_recorded_person() -> None:
    assert allowed(actor(Role.SYSTEM, behalf="oid"), "closeout.run")
    assert not allowed(actor(Role.SYSTEM), "closeout.run")


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_refusal_says_what_and_who_may(action: str) -> None:
    sentence = explain(actor(), action)
    assert sentence.startswith(f"You may not {ACTIONS[action].title}")
    assert "Organizer" in sentence
    assert "no role" in sentence
