"""Who may send which test where: the permission over its arguments."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest

from deepracer_admin.compose import Console
from deepracer_admin.errors import BadInput, Missing, NotAllowed
from deepracer_admin.model import Event, Role
from deepracer_admin.services.mail.messages import MessagesService
from tests.pages.conftest import ROLES, actor_of

SAMPLES = ["", "at-1"]
MAY = {(Role.ORGANIZER, ""), (Role.ORGANIZER, "at-1"), (Role.FACILITATOR, "")}


def test_no_caller_can_name_an_address() -> None:
    assert [*inspect.signature(MessagesService.test_to_myself).parameters] == ["self", "actor", "key", "sample"]


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("role", ROLES)
def test_a_test_goes_to_the_actor_alone_and_only_an_organizer_chooses_whose_data(
    console: Console, event: Event, people: object, role: Role, sample: str
) -> None:
    who = replace(actor_of(role), email=f"{role.value.lower()}@example.org")
    messages = console.of(event.id).messages
    if (role, sample) in MAY:
        job = messages.test_to_myself(who, "access", sample=sample)
        assert job.plan == {"template": "access", "address": who.email, "sample": sample}
        return
    with pytest.raises(NotAllowed):
        messages.test_to_myself(who, "access", sample=sample)
    refusal = console.store.audit(event.id)[0]
    assert (refusal.allowed, refusal.actor) == (False, who.oid)
    assert console.store.jobs(event.id) == []


def test_somebody_whose_sign_in_told_no_address_is_told_what_to_do(
    console: Console, event: Event, people: object
) -> None:
    with pytest.raises(BadInput, match="sign out and in again"):
        console.of(event.id).messages.test_to_myself(actor_of(Role.ORGANIZER), "access")


def test_a_person_of_another_list_is_nobody_s_sample(console: Console, event: Event, people: object) -> None:
    who = replace(actor_of(Role.ORGANIZER), email="organizer@example.org")
    with pytest.raises(Missing):
        console.of(event.id).messages.test_to_myself(who, "access", sample="at-99")


def test_the_address_stands_in_no_log_and_no_audit(
    console: Console, event: Event, people: object, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    who = replace(actor_of(Role.FACILITATOR), email="facilitator@example.org")
    console.of(event.id).messages.test_to_myself(who, "access")
    assert who.email not in repr(who)
    assert who.email not in repr(console.store.audit(event.id))
    assert who.email not in caplog.text
