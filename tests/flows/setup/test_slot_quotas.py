"""The account's quotas are read by a job; where no credentials are named, the job says what to do instead."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.flows.setup.slot_quotas import SlotQuotasHandler
from deepracer_admin.racing.service_quotas import InstanceQuotas
from deepracer_admin.records.capacity import SLOT_QUOTAS
from tests.flows.conftest import ORGANIZER, Stage


class Told:
    """An account that names its quotas."""

    def read(self) -> InstanceQuotas:
        return InstanceQuotas(62, 80, "eu-west-1")


def test_without_credentials_the_job_says_what_to_do(stage: Stage) -> None:
    job = stage.console.first.capacity.read_quotas(ORGANIZER)
    lease = stage.store.acquire("elsewhere", "test", ttl_s=600, now=stage.console.clock.now())
    assert lease
    with pytest.raises(BadInput, match="type the quotas in"):
        SlotQuotasHandler().work(replace(stage.ports, slot_quotas=None), job, lease)
    assert stage.store.read(stage.event.id, SLOT_QUOTAS).as_of is None


def test_what_was_read_is_kept_with_its_time(stage: Stage) -> None:
    job = stage.console.first.capacity.read_quotas(ORGANIZER)
    lease = stage.store.acquire("elsewhere", "test", ttl_s=600, now=stage.console.clock.now())
    assert lease
    ports = replace(stage.ports, slot_quotas=lambda: Told())
    assert SlotQuotasHandler().work(ports, job, lease) == "62 of the instance type, 80 in all, in eu-west-1."
    seen = stage.store.read(stage.event.id, SLOT_QUOTAS)
    assert (seen.per_type, seen.total, seen.region) == (62, 80, "eu-west-1")
    assert seen.as_of
