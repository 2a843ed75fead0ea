"""Settings of the portal: domains, questions, material."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deepracer_admin.errors import BadInput
from deepracer_admin.model.registrations import Portal, PortalLinkOut, PortalText, Question, QuestionKind
from deepracer_admin.rules.portal import check_portal, normalise_domain, question_id, readable

PORTAL = Portal(domains=("example.com",))


@pytest.mark.parametrize(
    ("typed", "domain"),
    [
        ("Example.COM", "example.com"),
        (" @example.com. ", "example.com"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("ｅｘａｍｐｌｅ.com", "example.com"),
    ],
)
def test_a_domain_is_kept_as_it_is_compared(typed: str, domain: str) -> None:
    assert normalise_domain(typed) == domain


@pytest.mark.parametrize(
    "typed", ["", "*.example.com", "com", "a b.com", "example.com/x", "ada@example.com", "-x-.com"]
)
def test_what_is_no_whole_domain_is_refused(typed: str) -> None:
    with pytest.raises(BadInput, match="Domains"):
        normalise_domain(typed)


def test_a_portal_without_domains_does_not_open() -> None:
    with pytest.raises(BadInput, match="name at least one"):
        check_portal(Portal(open=True))


def question(title: str, kind: QuestionKind = QuestionKind.TEXT, *options: str) -> Question:
    return Question(question_id(title), kind, title, options)


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        ([question(f"Question {n}") for n in range(11)], "at most 10"),
        ([question("Size?"), question("size?")], "the same words"),
        ([question("Size?", QuestionKind.CHOICE, "S")], "2 to 20"),
        ([question("Size?", QuestionKind.CHOICE, "S", "s" * 81)], "at most 80"),
        ([question(" ")], "words of its own"),
        ([question("x" * 81)], "at most 80"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused(questions: list[Question], told: str) -> None:
    with pytest.raises(BadInput, match=told):
        check_portal(replace(PORTAL, questions=tuple(questions)))


def test_questions_are_kept_in_their_normal_form() -> None:
    asked = replace(
        PORTAL,
        questions=(
            replace(question("  T-shirt  size", QuestionKind.CHOICE, " S", "M ", "M"), choices={"it": ("P",)}),
            replace(question("There?", QuestionKind.YES_NO), options=("x",)),
        ),
    )
    size, there = check_portal(asked).questions
    assert (size.title, size.options, size.choices) == ("T-shirt size", ("S", "M"), {})
    assert there.options == ()


@pytest.mark.parametrize("address", ["javascript:alert(1)", "example.com", "https://x y", 'https://x"><b>', ""])
def test_material_links_to_web_addresses_alone(address: str) -> None:
    with pytest.raises(BadInput, match="Material"):
        check_portal(replace(PORTAL, material=(PortalLinkOut("How to", address),)))


def test_a_text_has_an_end() -> None:
    with pytest.raises(BadInput, match="Texts"):
        check_portal(replace(PORTAL, texts={"en": PortalText(welcome="x" * 5_001)}))


def test_an_empty_line_begins_a_paragraph() -> None:
    assert readable("One\r\nline\r\n \r\n\r\nTwo\n") == ["One\nline", "Two"]
