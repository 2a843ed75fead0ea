"""What goes wrong in a bulk invitation (deepracer-on-aws-1.3.md 4.1): rows, results, the run as a whole."""

from typing import Any

import pytest

from deepracer_admin.rehearsal.deepracer import DeepRacer
from deepracer_admin.rehearsal.deepracer.bulk_invite import EXECUTION_SECONDS

from .person import Deployed, Person
from .test_people import finished, profile_of, profiles


def start(organizer: Person, *addresses: str) -> str:
    entries = [{"emailAddress": address} for address in addresses]
    return organizer.call("POST", "/profiles/bulkInvite", {"profiles": entries}).body["jobId"]


def groups_of(deployed: Deployed, email: str) -> list[str]:
    listed = deployed.admin("AdminListGroupsForUser", Username=email).body["Groups"]
    return [group["GroupName"] for group in listed]


def by_address(job: dict[str, Any]) -> dict[str, str | None]:
    return {row["emailAddress"]: row.get("reason") for row in job["results"]}


def test_a_run_ends_after_twenty_minutes_with_what_it_has(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "invite_pace", params={"seconds": 500})
    job_id = start(organizer, *(f"r{n}@example.com" for n in range(4)))
    service = deployed.world.world.services["deepracer"]
    assert isinstance(service, DeepRacer)
    job = service.site.state.invite_jobs[job_id]
    job.created_real -= EXECUTION_SECONDS - 1
    job.updated_real -= EXECUTION_SECONDS - 1
    running = organizer.call("GET", f"/profiles/bulkInvite/{job_id}").body
    assert (running["status"], running["processedCount"]) == ("PROCESSING", 2)
    job.created_real -= 1
    ended = organizer.call("GET", f"/profiles/bulkInvite/{job_id}").body
    assert (ended["status"], ended["processedCount"], len(ended["results"])) == ("FAILED", 2, 2)
    assert "20 minutes" in ended["errorMessage"]
    (row,) = organizer.call("GET", "/profiles/bulkInvite").body["jobs"]
    assert (row["status"], row["totalEntries"], row["createdCount"]) == ("FAILED", 4, 2)
    assert len(profiles(organizer)) == 4


def test_a_run_that_fails_keeps_its_partial_results_and_says_why(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "bulk_fails", count=1, params={"after": 2, "cause": "Lambda.Unknown"})
    job = finished(organizer, start(organizer, "a@example.com", "b@example.com", "c@example.com"))
    assert (job["status"], job["errorMessage"], job["createdCount"]) == ("FAILED", "Lambda.Unknown", 2)
    assert list(by_address(job)) == ["a@example.com", "b@example.com"]
    again = finished(organizer, start(organizer, "a@example.com", "b@example.com", "c@example.com"))
    assert (again["status"], again["skippedCount"], again["createdCount"]) == ("COMPLETED", 2, 1)


def test_a_result_that_is_lost_belongs_to_an_account_that_exists(deployed: Deployed, organizer: Person) -> None:
    deployed.world.arm("deepracer", "result_lost", count=1)
    job = finished(organizer, start(organizer, "a@example.com", "b@example.com"))
    assert (job["status"], job["totalEntries"], job["processedCount"], job["createdCount"]) == ("COMPLETED", 2, 1, 1)
    assert list(by_address(job)) == ["b@example.com"]
    assert groups_of(deployed, "a@example.com") == ["dr-racers"]


@pytest.mark.parametrize(
    ("reason", "account", "groups"),
    [
        ("Failed to process entry", False, []),
        ("Failed to create the account", False, []),
        ("Email delivery quota exceeded — configure SES", False, []),
        ("Failed to assign the racer group", False, []),
        (
            "Account created but group assignment failed and could not be rolled back; requires manual cleanup",
            True,
            [],
        ),
        ("Concurrent creation in progress — re-import to complete", False, []),
    ],
)
def test_every_reason_of_a_failed_row_leaves_what_it_says(
    deployed: Deployed, organizer: Person, reason: str, account: bool, groups: list[str]
) -> None:
    deployed.world.arm("deepracer", "row_fails", count=1, params={"reason": reason})
    job = finished(organizer, start(organizer, "organizer@example.com", "a@example.com", "b@example.com"))
    failed = "organizer@example.com" if reason == "Failed to process entry" else "a@example.com"
    assert by_address(job)[failed] == reason
    assert (job["failedCount"], job["processedCount"]) == (1, 3)
    if failed == "a@example.com":
        found = deployed.admin("AdminGetUser", Username="a@example.com").status == 200
        assert found is account
    if account:
        assert groups_of(deployed, "a@example.com") == groups
        assert profile_of(organizer, "a@example.com")
    assert groups_of(deployed, "b@example.com") == ["dr-racers"]


def test_an_account_that_is_there_may_stay_out_of_the_racer_group(deployed: Deployed, organizer: Person) -> None:
    reason = "User exists but group assignment failed; requires manual cleanup"
    deployed.world.arm("deepracer", "row_fails", count=1, params={"reason": reason})
    job = finished(organizer, start(organizer, "a@example.com", "organizer@example.com"))
    assert by_address(job) == {"a@example.com": None, "organizer@example.com": reason}
    assert groups_of(deployed, "organizer@example.com") == ["dr-admins"]
