"""The book of armed faults."""

from datetime import datetime

from deepracer_admin.rehearsal.shared.faults import Faults
from tests.practice import WorldHandle


def moment(handle: WorldHandle) -> datetime:
    return datetime.fromisoformat(handle.control("GET", "status")["now"])


def test_a_service_takes_its_own_faults_and_leaves_the_generic_ones() -> None:
    faults = Faults(1)
    faults.arm("ses", "drop")
    assert faults.take("ses", "SendEmail") is None
    faults.arm("ses", "strange", operation="SendEmail", count=1)
    assert faults.take("ses", "GetAccount") is None
    taken = faults.take("ses", "SendEmail")
    assert taken is not None
    assert taken.name == "strange"
    assert faults.take("ses", "SendEmail") is None


def test_a_fault_for_all_services_hits_each() -> None:
    faults = Faults(1)
    faults.arm("*", "latency")
    assert faults.take("graph", "ListUsers", names=("latency",)) is not None
    assert faults.take("ses", "SendEmail", names=("latency",)) is not None
