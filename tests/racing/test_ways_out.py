"""What a failure says to do is what helps: over real HTTP against a scripted deployment."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deepracer_admin.errors import NotThere
from deepracer_admin.model import Invitee, State
from deepracer_admin.racing.on_aws.bulk_results import _FAILED
from deepracer_admin.racing.on_aws.sentences import _EXACT
from tests.racing.scripted import Reply, adapter, scripted

ADA = Invitee("a1", "ada@example.com", "Ada-B")
PRACTICE = Path(__file__).resolve().parents[2] / "deepracer_admin/rehearsal/deepracer"
BY_ITSELF = re.compile(r"\b(?:console|it) (?:tries|looks|asks)(?: \w+)? again|\bconsole asks once more")


@pytest.mark.parametrize(
    "message", ["Unable to register racer. Please try again.", "Unable to add user to Group. Please try again."]
)
def test_a_racer_who_could_not_be_registered_is_told_when_the_console_asks_once_more(message: str) -> None:
    """Each attempt may leave a row without an account, so it is an hour, or never (flows/access)."""
    with scripted() as deployment, adapter(deployment) as service:
        headers = {"x-amzn-errortype": "InternalFailure"}
        deployment.on("POST", "/race-management/users", Reply(500, {"message": message}, headers))
        (outcome,) = service.invite([ADA], token="t")
    assert (outcome.state, outcome.retry_after) == (State.RETRY, 3600.0)
    assert "asks once more after an hour, unless a row without an account was left" in outcome.sentence
    assert "“Retry them” on the Onboarding page" in outcome.sentence
    assert "tries again" not in outcome.sentence


def test_who_has_no_account_is_no_case_for_removing_the_profile() -> None:
    """Removing does nothing to a row without an account: only the deployment's operator can delete it."""
    message = "User account not found. The user may have been deleted externally."
    with scripted() as deployment, adapter(deployment) as service:
        reply = Reply(404, {"message": message}, {"x-amzn-errortype": "NotFoundError"})
        deployment.on("POST", f"/profiles/{'A' * 15}/resendInvite", reply)
        with pytest.raises(NotThere) as told:
            service.resend_invite("A" * 15)
    assert "operator must remove its row from the table of profiles" in told.value.sentence
    assert "remove the profile" not in told.value.sentence


@pytest.mark.parametrize("message", [each for each, told in _EXACT.items() if BY_ITSELF.search(told)])
def test_what_is_said_to_be_tried_again_is_a_failure_of_the_service(message: str) -> None:
    """A refusal (4xx) would be refused again. The practice deployment says which of them each message is."""
    sources = "".join(path.read_text("utf-8") for path in PRACTICE.glob("*.py"))
    raised = re.findall(rf'(\w+)\(\s*"{re.escape(message)}"', sources)
    assert set(raised) == {"internal"}


@pytest.mark.parametrize("reason", _FAILED)
def test_a_result_says_that_it_is_tried_again_just_when_it_is(reason: str) -> None:
    state, after, _, sentence = _FAILED[reason]
    assert bool(BY_ITSELF.search(sentence)) == (state is State.RETRY)
    assert (after is not None) == (state is State.RETRY)
