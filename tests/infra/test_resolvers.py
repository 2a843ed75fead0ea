"""The resolver files, run in Node: what they ask the table for, and what they answer."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from deepracer_admin.rules.roster.addresses import normalise_email
from infra.local.resolvers import RESOLVERS, Answer, ResolverHost
from tests.infra.conftest import NOW

VECTORS = json.loads((RESOLVERS / "email_vectors.json").read_text(encoding="utf-8"))["vectors"]
OPEN = {"open": True, "domains": ["example.com"]}
KEY = hashlib.sha256(b"ada@example.com").hexdigest()
CONDITION = "DynamoDB:ConditionalCheckFailedException"


def form(**changed: Any) -> dict[str, Any]:
    plain = {"email": "ada@example.com", "name": "Ada", "racerName": "ada-1", "newToMl": "yes", "newToAws": "no"}
    return {**plain, "language": "it", "consent": "0", **changed}


def registering(
    host: ResolverHost, given: dict[str, Any], *, caller: dict[str, str] | None = None, portal: Any = OPEN
) -> Answer:
    said = {"scope": "register", "email": "ada@example.com", "key": KEY, "problems": "[]", **(caller or {})}
    context = {
        "args": {"form": given},
        "prev": {"result": portal},
        "identity": {"resolverContext": said},
        "env": {"EVENT_ID": "spring"},
    }
    return host.run("keep_form.js", "request", context)


def linked(host: ResolverHost, name: str, **caller: str) -> Answer:
    said = {"scope": "link", "key": "k" * 64, "shape": "whole", **caller}
    context = {"args": {}, "identity": {"resolverContext": said}, "env": {"EVENT_ID": "spring"}}
    return host.run(name, "request", context)


def answered(host: ResolverHost, name: str, result: Any, error: str = "") -> Answer:
    trouble = {"type": error, "message": "no"} if error else None
    return host.run(name, "response", {"result": result, "error": trouble})


def test_a_form_is_kept_once_under_the_hash_of_its_address(host: ResolverHost) -> None:
    asked = registering(host, form(answers=[{"question": "office", "answer": "Milano"}])).result
    assert asked["operation"] == "PutItem"
    assert asked["key"] == {"pk": {"S": "EVENT#spring"}, "sk": {"S": f"REG#{KEY}"}}
    assert asked["attributeValues"]["email"] == {"S": "ada@example.com"}
    assert asked["attributeValues"]["answers"] == {"M": {"office": {"S": "Milano"}}}
    assert asked["attributeValues"]["ttl"] == {"N": str(NOW + 7 * 24 * 3600)}
    assert asked["condition"]["expression"] == "attribute_not_exists(pk) OR #at < :earlier"


@pytest.mark.parametrize("error", ["", CONDITION])
def test_the_answer_is_the_same_for_who_is_new_and_who_asked_a_moment_ago(host: ResolverHost, error: str) -> None:
    assert answered(host, "keep_form.js", {"email": "ada@example.com"}, error).result == {
        "answer": "received",
        "problems": [],
    }


def test_a_form_asks_the_table_for_the_same_write_whoever_it_is_about(host: ResolverHost) -> None:
    """Nothing is read about anybody, so nothing can take another time for who is known, refused or new."""
    asked = []
    for email in ("known1@example.com", "refused@example.com", "nobody1@example.com"):
        key = hashlib.sha256(email.encode()).hexdigest()
        write = registering(host, form(email=email), caller={"email": email, "key": key}).result
        asked.append(json.dumps(write).replace(email, "?").replace(key, "?"))
    assert len({*asked}) == 1


def test_a_table_that_is_gone_is_one_sentence_and_nothing_is_kept(host: ResolverHost) -> None:
    for name in ("keep_form.js", "read_portal.js", "portal.js", "place.js", "confirm.js", "leave.js"):
        told = answered(host, name, None, "DynamoDB:ResourceNotFoundException").error
        assert told is not None
        assert told["type"] == "Unavailable", name
        assert told["message"].count("\n") == 0


@pytest.mark.parametrize("vector", VECTORS, ids=lambda each: ascii(each["typed"]))
def test_an_address_has_one_normal_form_in_python_and_in_the_resolver(
    host: ResolverHost, vector: dict[str, str]
) -> None:
    normal = normalise_email(vector["typed"])
    assert normal == vector["normal"]
    portal = {**OPEN, "domains": [normal.rpartition("@")[2]]}
    kept = registering(host, form(email=vector["typed"]), caller={"email": normal}, portal=portal)
    if vector.get("resolver") == "refuses":  # the page encodes a domain before it sends it
        assert kept.error is not None
        assert kept.error["type"] == "Unauthorized"
    elif "@" not in normal:
        assert kept.early
        assert kept.result["problems"] == [{"field": "email", "problem": "foreign_domain"}]
    else:
        assert kept.result["attributeValues"]["email"] == {"S": normal}


def test_nobody_registers_an_address_that_their_proof_is_not_for(host: ResolverHost) -> None:
    for caller in ({"email": "eve@example.com"}, {"scope": "page"}, {"scope": "link"}):
        told = registering(host, form(), caller=caller).error
        assert told is not None
        assert told["type"] == "Unauthorized"


def test_a_closed_portal_keeps_nothing(host: ResolverHost) -> None:
    for portal in (None, {**OPEN, "open": False}):
        told = registering(host, form(), portal=portal)
        assert told.early
        assert told.result == {"answer": "closed", "problems": []}


def test_what_the_authoriser_found_is_told_and_nothing_is_kept(host: ResolverHost) -> None:
    found = [{"field": "new_to_ml", "problem": "missing"}]
    told = registering(host, form(newToMl=""), caller={"problems": json.dumps(found)})
    assert told.early
    assert told.result == {"answer": "problems", "problems": found}


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "n" * 1001},
        {"answers": [{"question": "q", "answer": "a"}] * 11},
        {"language": "italian"},
        {"racerName": "r" * 5000},
    ],
    ids=["name", "answers", "language", "racer name"],
)
def test_a_form_that_is_too_large_is_not_kept(host: ResolverHost, changed: dict[str, Any]) -> None:
    told = registering(host, form(**changed))
    assert told.early
    assert told.result["problems"] == [{"field": "form", "problem": "too_long"}]


@pytest.mark.parametrize(
    "email", ["ada@evil.example", "ada@example.com.evil.example", "ada@sub.example.com", "@example.com"]
)
def test_a_domain_that_is_not_exactly_allowed_is_not_kept(host: ResolverHost, email: str) -> None:
    told = registering(host, form(email=email), caller={"email": email})
    assert told.early
    assert told.result["problems"] == [{"field": "email", "problem": "foreign_domain"}]


def test_a_robot_gets_the_same_write_under_a_key_that_nobody_reads(host: ResolverHost) -> None:
    robot, person = registering(host, form(website="http://spam.example")).result, registering(host, form()).result
    assert robot["key"]["sk"] == {"S": f"REFUSED#{KEY}"}
    assert robot["attributeValues"]["ttl"] == {"N": str(NOW + 3600)}
    assert {*robot} == {*person}
    assert {*robot["attributeValues"]} == {*person["attributeValues"]}


def test_opening_a_link_changes_nothing(host: ResolverHost) -> None:
    assert linked(host, "place.js").result["operation"] == "GetItem"


def test_the_button_confirms_once_and_before_it_expires(host: ResolverHost) -> None:
    asked = linked(host, "confirm.js").result
    assert asked["operation"] == "UpdateItem"
    assert asked["key"]["sk"] == {"S": "LINK#" + "k" * 64}
    assert asked["condition"]["expression"] == "#state = :open AND expires > :now"
    assert answered(host, "confirm.js", {"state": "confirmed"}).result["state"] == "confirmed"
    for item, state in ((None, "unknown"), ({"state": "open"}, "expired"), ({"state": "accepted"}, "used")):
        assert answered(host, "confirm.js", item, CONDITION).result["state"] == state


def test_a_place_is_given_back_once_and_only_by_who_has_one(host: ResolverHost) -> None:
    asked = linked(host, "leave.js").result
    assert (asked["operation"], asked["key"]["sk"]) == ("UpdateItem", {"S": "LINK#" + "k" * 64})
    assert asked["condition"]["expression"] == "may_leave = :yes AND #state IN (:verified, :accepted, :waiting)"
    assert asked["update"]["expressionValues"][":now"] == {"N": str(NOW)}
    assert answered(host, "leave.js", {"state": "leaving"}).result["state"] == "leaving"
    for item, state in ((None, "unknown"), ({"state": "open"}, "open"), ({"state": "leaving"}, "leaving")):
        assert answered(host, "leave.js", item, CONDITION).result["state"] == state


def test_a_link_that_is_cut_or_odd_asks_the_table_for_nothing(host: ResolverHost) -> None:
    for name in ("place.js", "confirm.js", "leave.js"):
        for shape, state in (("cut", "cut"), ("odd", "unknown")):
            told = linked(host, name, shape=shape)
            assert told.early
            assert told.result["state"] == state


def test_only_the_holder_of_a_link_reads_a_place(host: ResolverHost) -> None:
    for name in ("place.js", "confirm.js", "leave.js"):
        told = linked(host, name, scope="register").error
        assert told is not None
        assert told["type"] == "Unauthorized"


def test_a_link_shows_its_own_state(host: ResolverHost) -> None:
    assert answered(host, "place.js", None).result["state"] == "unknown"
    assert answered(host, "place.js", {"state": "open", "expires": NOW - 1}).result["state"] == "expired"
    found = answered(host, "place.js", {"state": "accepted", "expires": NOW - 1, "racer_name": "ada-1"}).result
    assert (found["state"], found["racerName"], found["races"]) == ("accepted", "ada-1", [])


def test_everybody_sees_the_same_portal(host: ResolverHost) -> None:
    assert answered(host, "portal.js", None).result == {"open": False, "full": False, "page": "{}"}
    item = {"open": True, "full": True, "page": "{}", "rules": "secret to the functions", "domains": ["example.com"]}
    assert answered(host, "portal.js", item).result == {"open": True, "full": True, "page": "{}"}
