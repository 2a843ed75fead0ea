"""One normal form, one judge, and the racing service's own rule."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from deepracer_admin.rules.roster import normalise_email, service_refusal
from deepracer_admin.rules.roster.addresses import AddressJudge, normalise_emails, service_refusals, unwrap
from deepracer_admin.rules.roster.check import check

ROSTERS = Path(__file__).parents[2] / "data" / "rosters"

LOCAL_LETTERS = "abz019.!#$%&'*+/=?^_`{|}~-@ \"\\(),:;<>[]é\u0301ß"
DOMAIN_LETTERS = "abz019-._ @é"
near_addresses = st.builds(
    lambda local, domain: f"{local}@{domain}",
    st.text(LOCAL_LETTERS, min_size=0, max_size=70),
    st.one_of(
        st.text(DOMAIN_LETTERS, max_size=70),
        st.lists(st.text("abz019-", max_size=65), min_size=1, max_size=6).map(".".join),
        st.sampled_from(
            [
                "example.com",
                "example.org",
                "corp.example.com",
                "local",
                "x.test",
                "a.invalid",
                "xn--bcher-kva.example",
                "a-.com",
                "1.2",
                "a.b",
            ]
        ),
    ),
)


def library_accepts(email: str) -> bool:
    try:
        validate_email(email, check_deliverability=False, strict=True)
    except EmailNotValidError:
        return False
    return True


@given(near_addresses)
@example("a" * 64 + "@example.com")
@example("a" * 65 + "@example.com")
@example("a@" + ".".join(["b" * 63] * 4))
@example("aaaa@" + "b" * 60 + "." + ".".join(["b" * 62] * 3) + ".com")
@example("a@example.com\n")
@example("a@ex--ample.com")
@example("a@a..com")
def test_the_short_way_never_accepts_what_the_library_refuses(text: str) -> None:
    email = normalise_email(text)
    if AddressJudge().plain([email]) == [True]:
        assert library_accepts(email)


@given(near_addresses)
@example("=a@example.com")
def test_the_judge_agrees_with_the_library_except_for_formulas(text: str) -> None:
    email = normalise_email(text)
    problem = AddressJudge().problem(email)
    if problem is not None and problem.rule == "e-mail is a formula":
        assert email[0] in "=＝+-@＋－＠"
    else:
        assert (problem is None) == library_accepts(email)


@given(st.lists(near_addresses, max_size=8))
def test_a_column_is_judged_like_its_addresses_one_by_one(texts: list[str]) -> None:
    emails = normalise_emails(texts)
    assert emails == [normalise_email(text) for text in texts]
    assert AddressJudge().plain(emails) == [AddressJudge().plain([email])[0] for email in emails]


def test_ordinary_addresses_take_the_short_way() -> None:
    emails = ["priya.strau@partner.example.org", "o'brien+race@corp.example.com", "a_b-c@example.com"]
    assert AddressJudge().plain(emails) == [True, True, True]


@given(st.text(max_size=60))
def test_the_normal_form_is_stable(text: str) -> None:
    email = normalise_email(text)
    assert normalise_email(email) == email
    assert unicodedata.is_normalized("NFC", email)


@pytest.mark.parametrize(
    "written",
    [" Anna@Example.COM ", "\u200banna@example.com\ufeff", "anna@example.com\u00a0", "ANNA@EXAMPLE.COM\r\n"],
)
def test_addresses_that_look_alike_are_one(written: str) -> None:
    assert normalise_email(written) == "anna@example.com"


def test_composed_and_decomposed_accents_are_one_address() -> None:
    assert normalise_email("zoe\u0308@example.com") == normalise_email("ZOË@example.com") == "zoë@example.com"


@pytest.mark.parametrize(
    ("cell", "address", "name"),
    [
        ("Anna Rossi <anna@example.com>", "anna@example.com", "Anna Rossi"),
        ('"Rossi, Anna" <anna@example.com>', "anna@example.com", "Rossi, Anna"),
        ("<anna@example.com>", "anna@example.com", ""),
        ("mailto:anna@example.com?subject=x", "anna@example.com", ""),
        ("anna@example.com;", "anna@example.com", ""),
        ("< anna@example.com > ;", "anna@example.com", ""),
        ("Anna <>", "", "Anna"),
        (" " * 200_000 + "x", "x", ""),
        ("anna@example.com", "anna@example.com", ""),
    ],
)
def test_the_address_is_taken_out_of_what_mail_programs_copy(cell: str, address: str, name: str) -> None:
    assert unwrap(cell) == (address, name)


@pytest.mark.parametrize(
    ("email", "rule", "words"),
    [
        ("", "e-mail missing", "There is no e-mail address in this row"),
        ('=hyperlink("mailto:a@example.com")', "e-mail is a formula", "formula"),
        ("=a@example.com", "e-mail is a formula", "formula"),
        ("＝a@example.com", "e-mail is a formula", "formula"),
        ("n/a", "e-mail invalid", "no @-sign"),
        ("two@@example.com", "e-mail invalid", "has more"),
        ("@example.com", "e-mail invalid", "before the @-sign"),
        ("nobody@", "e-mail invalid", "after the @-sign"),
        ("space in@example.com", "e-mail invalid", "no spaces"),
        ("dot..dot@example.com", "e-mail invalid", "two dots"),
        ("a@localhost", "e-mail invalid", "period"),
        ("a" * 5_000 + "@example.com", "e-mail invalid", "at most 254"),
        ("a@" + "b." * 2_000 + "com", "e-mail invalid", "at most 254"),
    ],
)
def test_a_refusal_names_the_rule_and_says_what_to_do(email: str, rule: str, words: str) -> None:
    problem = AddressJudge().problem(email)
    assert problem is not None
    assert problem.rule == rule
    assert words in problem.reason
    assert problem.reason.endswith(("delete the row.", "as a value."))


def test_deepracer_on_aws_refuses_117_of_the_2000_and_they_stay_accepted() -> None:
    found = check((ROSTERS / "hr-2000.csv").read_bytes(), filename="hr-2000.csv", service_rule="on_aws")
    expected = json.loads((ROSTERS / "hr-2000.csv.expected.json").read_text(encoding="utf-8"))

    assert len(found.accepted) == len(expected["accepted"]) == 2000
    assert found.refused_by_service == 117
    refused = [row for row in found.accepted if row.service_refusal]
    assert all("'" in row.email for row in refused)
    assert refused[0].service_refusal == (
        "DeepRacer on AWS refuses addresses with ' before the @-sign: ask for another address of this person, "
        "correct the row and import the list again."
    )


def test_the_service_rule_also_names_a_domain_that_it_refuses() -> None:
    assert "the domain bücher.example" in (service_refusal("anna@bücher.example") or "")


def test_a_service_without_a_rule_refuses_nobody_and_an_unknown_rule_is_a_mistake() -> None:
    assert service_refusal("o'brien@example.com", None) is None
    with pytest.raises(ValueError, match="no address rule named 'pigeon'"):
        service_refusal("a@example.com", "pigeon")


@given(st.lists(st.one_of(near_addresses, st.sampled_from(["", "o'neil@example.com", "a@b.c1", "ü@example.com"]))))
@example([])
@example([""])
@example(["", ""])
@example(["a@example.com", ""])
@example(["o'neil@example.com", "a@example.com", "a@example.com\nb@example.com"])
def test_what_a_service_refuses_of_a_whole_list_is_what_it_refuses_of_each(emails: list[str]) -> None:
    each = {email: refusal for email in emails if (refusal := service_refusal(email))}
    assert service_refusals(emails, "on_aws") == each
    assert service_refusals(emails, None) == {}
