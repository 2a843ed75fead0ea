"""Who may ask the portal's API for what; and that the form is judged by the console's own rules."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from deepracer_admin.model.registrations import Portal, Question, QuestionKind
from deepracer_admin.rules.portal_tokens import token_of
from infra.functions.authorise import ALL, authorise
from infra.functions.proof import prove

NOW = 1_795_953_600
PORTAL = Portal(open=True, domains=("example.com",), questions=(Question("office", QuestionKind.TEXT, "Office"),))
EMAIL = "ada@example.com"


def ask(token: str, form: Any = None, *, rules: Any = (PORTAL, "on_aws"), now: float = NOW) -> dict[str, Any]:
    event = {"authorizationToken": token, "requestContext": {"variables": {"form": form} if form else {}}}
    return authorise(event, event_id="spring", bits=10, now=now, rules=lambda: rules)


def proven(email: str, at: int = NOW) -> str:
    return f"register.{at}.{prove('spring', email, at, bits=10)}"


def form(**changed: Any) -> dict[str, Any]:
    return {"email": EMAIL, "newToMl": "yes", "newToAws": "no", "language": "en", "consent": "0", **changed}


def may(answer: dict[str, Any]) -> set[str]:
    return set(ALL) - {*answer["deniedFields"]}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "page.",
        "page.x",
        "admin",
        "Bearer x",
        "register",
        "register.1",
        "register.x.1",
        "PAGE",
        "register.1.2.3",
        "register.²³.1",
    ],
)
def test_whatever_is_no_permit_opens_nothing(token: str) -> None:
    assert ask(token, form()).get("isAuthorized") is False


def test_each_permit_opens_its_own_fields_alone() -> None:
    assert may(ask("page")) == {"Query.portal"}
    assert may(ask(proven(EMAIL), form())) == {"Mutation.register"}
    assert may(ask("link." + token_of("s" * 43))) == {"Query.place", "Mutation.confirm", "Mutation.leave"}


def test_no_answer_is_kept_by_the_token_because_the_form_is_not_part_of_it() -> None:
    for answer in (ask("page"), ask(proven(EMAIL), form()), ask("link." + token_of("s" * 43))):
        assert answer["ttlOverride"] == 0


def test_a_proof_is_for_one_address_and_for_ten_minutes() -> None:
    permit = proven(EMAIL)
    assert ask(permit, form())["isAuthorized"]
    assert ask(permit, form(email=" ADA@Example.com"))["isAuthorized"]
    assert not ask(permit, form(email="eve@example.com"))["isAuthorized"]
    assert not ask(permit, form(), now=NOW + 601)["isAuthorized"]
    assert not ask(permit, None)["isAuthorized"]
    assert not ask(permit, {"email": ["ada@example.com"]})["isAuthorized"]


def test_a_link_is_passed_on_as_its_hash_alone() -> None:
    token = token_of("s" * 43)
    told = ask(f"link.{token}")["resolverContext"]
    assert told == {"scope": "link", "shape": "whole", "key": hashlib.sha256(token.encode()).hexdigest()}
    assert ask(f"link.{token[:-6]}")["resolverContext"]["shape"] == "cut"
    assert ask("link.<script>")["resolverContext"]["shape"] == "odd"


@pytest.mark.parametrize(
    ("changed", "problems"),
    [
        ({}, {}),
        ({"email": "ada@evil.example"}, {"email": "foreign_domain"}),
        ({"email": "ada@example.com.evil.example"}, {"email": "foreign_domain"}),
        ({"email": "ada@exampl\u0435.com"}, {"email": "foreign_domain"}),
        ({"email": "o'brien@example.com"}, {"email": "service_refuses"}),
        ({"email": "nobody"}, {"email": "not_an_address"}),
        ({"name": "n" * 500}, {"name": "too_long"}),
        ({"racerName": "<script>"}, {"racer_name": "racer_name_form"}),
        ({"newToMl": None}, {"new_to_ml": "missing"}),
        ({"newToAws": True}, {"new_to_aws": "missing"}),
        ({"consent": "7"}, {"consent": "consent"}),
        ({"answers": [{"question": "office", "answer": "o" * 301}]}, {"q-office": "too_long"}),
        ({"answers": "none"}, {}),
    ],
    ids=str,
)
def test_a_form_is_judged_by_the_rules_of_the_console(changed: dict[str, Any], problems: dict[str, str]) -> None:
    given = form(**changed)
    from deepracer_admin.rules.roster.addresses import normalise_email

    told = ask(proven(normalise_email(given["email"])), given)
    found = {each["field"]: each["problem"] for each in json.loads(told["resolverContext"]["problems"])}
    assert found == problems


def test_before_the_portal_is_published_the_form_meets_a_closed_portal_not_an_error() -> None:
    assert ask(proven(EMAIL), form(), rules=None)["resolverContext"]["problems"] == "[]"
