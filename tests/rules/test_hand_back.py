"""Whose entry is handed back to whoever made the list."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from deepracer_admin.model import Attendee, Delivery, Sending, State, Step, StepRow
from deepracer_admin.rules.hand_back import to_correct

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
ADA = Attendee("at-1", "ada@example.com", "Ada", added_at=NOW)


def step(of: Step, state: State, sentence: str = "") -> dict[Step, StepRow]:
    return {of: StepRow("at-1", of, state, "few", sentence)}


def mail(number: int = 1, state: Sending = Sending.SENT, delivered: str = "", **more: object) -> Delivery:
    return Delivery("at-1", str(more.pop("template", "access")), number, state, delivered=delivered, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("person", "steps", "mails", "wrong", "do"),
    [
        (replace(ADA, refusal="No mailbox."), {}, [], "No mailbox.", "Correct the entry"),
        (ADA, step(Step.PROFILE, State.REFUSED, "Two accounts."), [], "Two accounts.", "Correct the entry"),
        (ADA, step(Step.MAIL, State.REFUSED, "Refused."), [], "Refused.", "Correct the entry"),
        (ADA, {}, [mail(delivered="bounced")], "came back", "Correct the address"),
        (ADA, {}, [mail(delivered="complained")], "unwanted", "whether they want"),
        (ADA, {}, [mail(state=Sending.FAILED, sentence="Too long.")], "Too long.", "Correct the address"),
        (ADA, {}, [mail(), mail(template="thanks", delivered="bounced")], "came back", "Correct"),
    ],
)
def test_who_is_handed_back_and_why(person, steps, mails, wrong, do) -> None:
    found = to_correct(person, steps, mails)
    assert found is not None
    assert wrong in found[0]
    assert do in found[1]


@pytest.mark.parametrize(
    ("person", "steps", "mails"),
    [
        (ADA, {}, []),
        (ADA, step(Step.PROFILE, State.RETRY), []),
        (ADA, step(Step.ACCESS, State.UNKNOWN), []),
        (ADA, {}, [mail(delivered="delivered")]),
        (ADA, {}, [mail(delivered="bounced"), mail(2, delivered="delivered")]),
        (ADA, {}, [mail(state=Sending.FAILED, next_try_at=NOW)]),
        (replace(ADA, refusal="No mailbox.", wanted=False), {}, [mail(delivered="bounced")]),
    ],
)
def test_who_is_not(person, steps, mails) -> None:
    assert to_correct(person, steps, mails) is None
