"""The account's quotas are read by a job, and now and then by itself; where no credentials are named, the job says what
to do instead.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import BadInput, Unreachable
from deepracer_admin.flows.setup.slot_quotas import AccountQuotas, SlotQuotasHandler
from deepracer_admin.racing.service_quotas import InstanceQuotas
from deepracer_admin.records.capacity import ACCOUNT_QUOTAS, SLOT_QUOTAS
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


class Silent:
    """An account that does not answer."""

    def read(self) -> InstanceQuotas:
        raise Unreachable("Service Quotas does not answer.", service="service-quotas")


def test_a_new_event_begins_with_what_the_account_allows(stage: Stage) -> None:
    events, lease = (
        stage.console.first.events,
        stage.store.acquire("elsewhere", "test", ttl_s=600, now=stage.console.clock.now()),
    )
    assert lease
    assert events.template(ORGANIZER, "day").slots == 8, "not read yet"
    ports = replace(stage.ports, slot_quotas=lambda: Told(), rehearsal=False)
    quotas = AccountQuotas(ports)
    quotas.run(lease)
    assert events.template(ORGANIZER, "day").slots == 62, "the lower one counts"
    assert quotas.pause_s == 3600
    seen = stage.console.first.capacity.account_quotas(ORGANIZER)
    assert seen
    assert (seen.slots, seen.region) == (62, "eu-west-1")
    quotas.ports = replace(ports, slot_quotas=lambda: Silent())
    with pytest.raises(Unreachable):
        quotas.run(lease)
    assert quotas.pause_s == 600, "it is asked again sooner"
    assert events.template(ORGANIZER, "day").slots == 62
    quotas.ports = replace(ports, slot_quotas=None)
    quotas.run(lease)


def test_the_practice_account_is_read_in_a_rehearsal(stage: Stage) -> None:
    lease = stage.store.acquire("elsewhere", "test", ttl_s=600, now=stage.console.clock.now())
    assert lease
    AccountQuotas(stage.ports).run(lease)
    seen = stage.store.read("", ACCOUNT_QUOTAS)
    assert (seen.slots, stage.console.first.events.template(ORGANIZER, "day").slots) == (100, 100)
