"""No request of ours can delete a person: there is no address for it."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.directory.graph_urls import check_write, group_url, guid, membership_url

GROUP, PERSON = "6f9b1d0e-3c52-4a8e-9d17-2b5c8e4f7a10", "c1a7e2d4-58b3-4f60-8e92-7d3a6b9f0c25"


@given(st.text(max_size=60), st.text(max_size=60))
def test_whatever_is_put_in_only_a_membership_is_ever_deleted(group: str, person: str) -> None:
    try:
        url = membership_url(group, person)
    except ValueError:
        return
    assert url.endswith("/$ref")


@given(st.uuids(), st.uuids())
def test_the_address_of_a_membership_names_the_group_and_the_person(group: uuid.UUID, person: uuid.UUID) -> None:
    assert membership_url(str(group), str(person).upper()) == f"/groups/{group}/members/{person}/$ref"


@pytest.mark.parametrize(
    "url",
    [
        f"/groups/{GROUP}/members/{PERSON}",
        f"/users/{PERSON}",
        f"/directoryObjects/{PERSON}",
        f"/groups/{GROUP}",
        f"/groups/{GROUP}/members/{PERSON}/$ref?x=/../..",
        f"/groups/{GROUP}/members/../../users/{PERSON}/$ref",
        f"/groups/{GROUP}/owners/{PERSON}/$ref",
        f"https://graph.microsoft.com/v1.0/users/{PERSON}",
    ],
)
def test_every_other_delete_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="never sends DELETE"):
        check_write("DELETE", url)


@given(st.sampled_from(["POST", "PUT", "PATCH", "DELETE"]), st.text(max_size=80))
def test_no_made_up_write_passes(method: str, url: str) -> None:
    with pytest.raises(ValueError, match="never sends"):
        check_write(method, url)


@pytest.mark.parametrize("value", ["", "me", f"{GROUP}/members", f"{GROUP}\n", "../users", "0" * 36, f" {GROUP}"])
def test_only_a_guid_enters_an_address(value: str) -> None:
    with pytest.raises(ValueError, match="GUID"):
        guid(value)
    with pytest.raises(ValueError, match="GUID"):
        group_url(value)
