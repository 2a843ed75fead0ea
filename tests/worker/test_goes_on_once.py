"""An event is copied in the middle of its work and put into another data folder: nobody is mailed twice."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from deepracer_admin.__main__ import main
from deepracer_admin.model import JobState, Sending, Step
from deepracer_admin.worker import EventRuntime, Worker
from tests.flows.conftest import ORGANIZER, Stage, make_console, no_rest_between_listings, real_time, stage, world
from tests.flows.fake_time import RealTime

__all__ = ["no_rest_between_listings", "real_time", "stage", "world"]
BUT_MAIL = ("invitations", "onboarding", "group", "proof", "signed in")


def mailed(stage: Stage) -> Counter[str]:
    return Counter(mail["to"] for mail in stage.world.outbox())


def test_a_copy_waits_and_then_sends_what_was_left_and_no_more(
    stage: Stage,
    tmp_path: Path,
    real_time: RealTime,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    first = stage.crowd(2)
    stage.start()
    stage.rounds(lambda: mailed(stage).total() == 2)
    late = stage.add("racer.no7@example.com", "racer.no8@example.com")
    for _ in range(150):
        stage.worker.run_once(BUT_MAIL)
        if stage.done(Step.ACCESS) == 4:
            break
        stage.rest(0.25)
    check = stage.console.first.events.run_check(ORGANIZER)
    assert (stage.done(Step.ACCESS), mailed(stage).total()) == (4, 2)
    stage.worker.stop()

    monkeypatch.setenv("DEEPRACER_ADMIN_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert main(["backup", "cup.backup"]) == 0
    there = tmp_path / "there"
    there.mkdir()
    shutil.copy(tmp_path / "practice.json", there)
    monkeypatch.setenv("DEEPRACER_ADMIN_HOME", str(there))
    assert main(["restore", "cup.backup"]) == 0
    assert "It waits: nothing is sent" in capsys.readouterr().out

    monkeypatch.setattr(EventRuntime, "start", lambda self: self.lead.beat())
    console = make_console(there, real_time)
    worker = Worker(console, holder="there")
    asked, revision = stage.calls(), console.store.revision("ev-1")

    def go_round(times: int) -> None:
        for _ in range(times):
            worker.look()
            for runtime in [*worker.runtimes.values()]:
                runtime.jobs._not_before.clear()
                runtime.run_once()
            stage.rest(0.25)

    go_round(10)
    worker.own.run_once(("erasure", "roles"))
    assert worker.runtimes == {}
    assert stage.calls() == asked, "no service was asked for anything"
    assert (mailed(stage).total(), console.store.revision("ev-1")) == (2, revision)
    assert console.store.job(check.id).state is JobState.PLANNED

    waiting = console.first.restored.view(ORGANIZER)
    assert waiting is not None
    assert (waiting.onboarding, waiting.jobs) == (True, ["check"])
    assert {*waiting.people} == {person.name for person in late}
    console.first.restored.go_on(ORGANIZER, typed_name="Autumn Cup")
    for _ in range(150):
        go_round(1)
        if console.store.delivery_counts("ev-1")[Sending.SENT] == 4:
            break
    go_round(5)
    assert mailed(stage) == {person.email: 1 for person in [*first, *late]}
    assert stage.calls()["ses.SendEmail"] == 4
    worker.stop()
    console.close()
