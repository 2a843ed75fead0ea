"""Over whole rehearsals, at every minute: nobody uses a slot that is not there, nor a minute that was not allowed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from deepracer_admin.rehearsal.deepracer.capacity import Quotas
from deepracer_admin.rehearsal.deepracer.ledger import describe_capacity, list_books
from deepracer_admin.rehearsal.deepracer.state import Job
from deepracer_admin.rehearsal.world import World

from .crowds import START, aws_of, crowded_world, live_through, managed_of

LIMIT = 180.0
HOURS = 9
SLOTS = 6


@dataclass
class Auditor:
    """Looks at the jobs of every minute, and keeps books of its own that know nothing of the service's."""

    world: World
    asked: dict[str, dict[str, float]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(float)))
    known: dict[str, Job] = field(default_factory=dict)
    running: set[str] = field(default_factory=set)
    slot_minutes: float = 0.0
    checks: int = 0

    def look(self) -> None:
        site = aws_of(self.world).site
        compute, now = site.compute, self.world.ticked_to.timestamp()
        running = {job.job_id for job in site.state.jobs.values() if job.state != "QUEUED"}
        slots = compute.capacity.quotas(now).slots
        assert len(running) == compute.queue.busy
        assert len(running) <= slots or running <= self.running, "a slot that was lost ends no job and starts none"
        self.running = running
        self.slot_minutes += max(slots, len(running))
        for job in site.state.jobs.values():
            if job.job_id not in self.known:
                kind = "submission" if job.kind == "submission" else "trained"
                self.asked[job.profile_id][kind] += job.asked
                self.known[job.job_id] = job
            assert job.runs <= job.asked
            assert job.due is None or job.due - job.queued_at >= 4.0 + 30.0
        used = sum(profile.used for profile in site.state.profiles.values())
        assert used <= compute.queue.slot_seconds / 60 <= self.slot_minutes
        for profile in site.state.profiles.values():
            requested = self.asked[profile.profile_id]
            ran = compute.ran.get(profile.profile_id, {})
            trained = ran.get("training", 0) + ran.get("evaluation", 0)
            assert profile.used == pytest.approx(sum(ran.values()))
            assert trained <= min(LIMIT, requested["trained"])
            assert ran.get("submission", 0) <= requested["submission"]
            assert profile.used <= LIMIT + requested["submission"]
            assert profile.used + profile.queued <= LIMIT + requested["submission"] + 1e-6
        self.checks += 1

    def watch(self, hours: float) -> None:
        for _ in range(round(hours * 60)):
            live_through(self.world, 1 / 60)
            self.look()


@pytest.fixture(scope="module", params=["1.2.5", "1.3.1"])
def audited(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Auditor:
    """An event through few slots: some of them are lost in its middle, and the world is restarted with more."""
    home: Path = tmp_path_factory.mktemp("event")
    world = crowded_world(home, racers=50, slots=SLOTS, minutes=LIMIT, hours=HOURS, version=request.param)
    auditor = Auditor(world)
    auditor.watch(4)
    aws_of(world).site.compute.capacity.change(world.ticked_to.timestamp(), Quotas(SLOTS, 4, 1))
    auditor.watch(3)
    world.save()
    auditor.world = World(home, speed=0, slots=SLOTS + 4, version=request.param)
    auditor.watch(HOURS - 7)
    return auditor


def test_at_every_minute_of_a_whole_event_slots_and_minutes_are_kept(audited: Auditor) -> None:
    assert audited.checks == HOURS * 60
    site = aws_of(audited.world).site
    counted = describe_capacity(site)
    assert counted["most_slots_used"] >= SLOTS
    assert counted["slot_hours"] <= audited.slot_minutes / 60
    assert sum(profile.used for profile in site.state.profiles.values()) / 60 > 0.5 * counted["slot_hours"]


def test_what_happens_without_a_slot_is_that_of_the_version(audited: Auditor) -> None:
    site = aws_of(audited.world).site
    tally = site.compute.tally
    assert tally["lacked.submission"] > 0
    if site.version < (1, 3):
        assert (tally["lacked.training"], tally["retries"]) == (0, 0)
        assert site.compute.queue.waiting > 0
    else:
        assert tally["retries"] > tally["retries_in_vain"] > 0
        assert describe_capacity(site)["waiting_for_capacity"] > 0
        assert site.compute.queue.waiting == 0, "the queue is through within minutes, whoever waits"


def test_the_books_say_who_waits_and_for_how_much(audited: Auditor) -> None:
    site = aws_of(audited.world).site
    drift = 0.0
    for row in list_books(site):
        assert row["used"] == pytest.approx(sum(row["ran"].values()))
        drift += row["queued"] - row["waiting"] - row["under_way"]
    unreleased = sum(each.status == "FAILED" for each in site.state.evaluations.values()) * 10
    assert abs(drift) <= unreleased + 20 * len(site.state.submissions)


def test_the_managed_service_keeps_its_slots_too(audited: Auditor) -> None:
    managed = managed_of(audited.world)
    running = [job for job in managed.account.jobs.values() if job.phase == "IN_PROGRESS" and job.kind == "training"]
    assert len(running) <= SLOTS + 4
    hours = (audited.world.ticked_to - START).total_seconds() / 3600
    trained = sum(user.minutes_used for user in managed.account.users.values()) / 60
    assert 0 < trained <= (SLOTS + 4 + 100) * hours
