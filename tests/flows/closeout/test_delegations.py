"""When an event is closed the console acts for nobody of it any more; but for what is left in the directory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deepracer_admin.errors import BadSettings
from deepracer_admin.flows.closeout.run import CloseoutHandler
from deepracer_admin.flows.closeout.steps import STEPS, Told
from deepracer_admin.model import JobState
from deepracer_admin.records.closing import ENDING, Leftover
from tests.flows.closeout.deaf_service import EVENT, DeafService, House, house


@pytest.fixture
def at(tmp_path: Path) -> Iterator[House]:
    made = house(tmp_path, DeafService("on_aws"))
    lent = {"oid-1"}
    made.ports.drop_delegation = lambda oid: oid in lent and (lent.discard(oid) or True)
    made.ports.has_delegation = lent.__contains__
    yield made
    made.close()


def close(at: House, *left: str) -> JobState:
    """With something left at these steps."""
    handler = CloseoutHandler()
    handler._steps |= {step.key: (lambda *_: "Done.") for step in STEPS}
    handler._steps |= {key: (lambda *_: Told("Not all.", (Leftover("things"),))) for key in left}
    job = at.job("closeout", tuple(step.key for step in STEPS))
    return at.until_it_ends(job, {"closeout": handler}, hours=1).state


@pytest.mark.parametrize(("left", "kept"), [((), 0), (("models",), 0), (("group",), 1), (("models", "group"), 1)])
def test_it_is_ended_with_the_event_and_kept_only_for_the_directory(
    at: House, left: tuple[str, ...], kept: int
) -> None:
    assert close(at, *left) is JobState.DONE
    ending = at.store.read(EVENT, ENDING)
    assert ending is not None
    assert (ending.dropped, ending.kept) == (1 - kept, kept)


def test_a_certificate_that_cannot_be_kept_does_not_keep_the_event_open(at: House) -> None:
    def fails(event: str) -> None:
        raise BadSettings("The key cannot be read.")

    at.ports.keep_certificate = fails
    assert close(at) is JobState.DONE
    assert at.store.event(EVENT).closed_at is not None
