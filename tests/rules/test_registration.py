"""A form of the portal: what is fit, what is not and why; and who gets a place, who waits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deepracer_admin.model.registrations import (
    Consent,
    Portal,
    Question,
    QuestionKind,
    Registration,
    RegistrationState,
    registration_id,
)
from deepracer_admin.rules.portal_tokens import TokenShape, token_of, token_shape
from deepracer_admin.rules.registration import (
    MAIL_PAUSE,
    MAILS_AT_MOST,
    MOVES,
    Checked,
    Problem,
    check_submission,
    is_trap,
    may_mail,
    places_left,
    settle,
    waiting_place,
    waiting_places,
    with_attendees,
)

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
ASKED, VERIFIED, ACCEPTED, WAITING = (
    RegistrationState.ASKED,
    RegistrationState.VERIFIED,
    RegistrationState.ACCEPTED,
    RegistrationState.WAITING,
)
PORTAL = Portal(
    open=True,
    domains=("example.com", "xn--mnchen-3ya.example"),
    questions=(
        Question("size", QuestionKind.CHOICE, "T-shirt size", ("S", "M"), required=True),
        Question("there", QuestionKind.YES_NO, "Will you be there?"),
        Question("eat", QuestionKind.TEXT, "Anything you cannot eat?"),
    ),
)
FIT = {
    "email": "ada@example.com",
    "new_to_ml": "yes",
    "new_to_aws": "no",
    "q-size": "M",
    "consent": "0",
}


def checked(**fields: str) -> Checked:
    given_fields = {**FIT, **{name.replace("q_", "q-"): value for name, value in fields.items()}}
    return check_submission(PORTAL, given_fields, language="en", at=NOW, service_rule="on_aws")


def test_a_fit_form_is_kept_as_it_is_meant() -> None:
    asked = checked(email=" Ada@Example.COM ", name="  Ada\tLovelace ", racer_name="Turbo-7", q_there="yes").asked
    assert asked is not None
    assert (asked.email, asked.name, asked.racer_name) == ("ada@example.com", "Ada Lovelace", "Turbo-7")
    assert (asked.new_to_ml, asked.new_to_aws, asked.answers) == (True, False, {"size": "M", "there": "yes"})
    assert (asked.at, asked.language, asked.consent) == (NOW, "en", 0)


@pytest.mark.parametrize(
    ("email", "problem"),
    [
        ("", Problem.MISSING),
        ("   ", Problem.MISSING),
        ("ada", Problem.NOT_AN_ADDRESS),
        ("a" * 300 + "@example.com", Problem.NOT_AN_ADDRESS),
        ("a" * 5_000_000, Problem.NOT_AN_ADDRESS),
        ("Ada <ada@example.com>", Problem.NOT_AN_ADDRESS),
        ("ada@evil.example@example.com", Problem.NOT_AN_ADDRESS),
        ("ada%evil.example@example.com", Problem.NOT_AN_ADDRESS),
        ('"ada b"@example.com', Problem.NOT_AN_ADDRESS),
        ("ada@example.com\r\nBcc: all@example.com", Problem.NOT_AN_ADDRESS),
        ("ada@example.com,bob@example.com", Problem.NOT_AN_ADDRESS),
        ("ada@[127.0.0.1]", Problem.NOT_AN_ADDRESS),
        ("ada@example.org", Problem.FOREIGN_DOMAIN),
        ("ada@sub.example.com", Problem.FOREIGN_DOMAIN),
        ("ada@example.com.evil.example", Problem.FOREIGN_DOMAIN),
        ("ada@notexample.com", Problem.FOREIGN_DOMAIN),
        ("ada@exаmple.com", Problem.FOREIGN_DOMAIN),  # a Cyrillic letter
        ("ada@münchen.test.example", Problem.FOREIGN_DOMAIN),
        ("o'brien@example.com", Problem.SERVICE_REFUSES),
    ],
)
def test_an_address_that_is_not_taken_is_told_why(email: str, problem: Problem) -> None:
    assert checked(email=email).problems == {"email": problem}


@pytest.mark.parametrize("email", ["ada@MÜNCHEN.example", "ada@münchen.example", "ada@xn--mnchen-3ya.example"])
def test_a_domain_is_compared_after_idna(email: str) -> None:
    asked = checked(email=email).asked
    assert asked is not None
    assert asked.email == "ada@xn--mnchen-3ya.example"


def test_full_width_letters_are_the_same_domain() -> None:
    asked = checked(email="ada@ｅｘａｍｐｌｅ.com").asked
    assert asked is not None
    assert asked.email == "ada@example.com"


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("name", "x" * 500, Problem.TOO_LONG),
        ("racer_name", "ab", Problem.RACER_NAME_FORM),
        ("racer_name", "x" * 21, Problem.RACER_NAME_FORM),
        ("racer_name", "<script>", Problem.RACER_NAME_FORM),
        ("racer_name", "-turbo-", Problem.RACER_NAME_FORM),
        ("racer_name", "Rаcer", Problem.RACER_NAME_FORM),  # a Cyrillic letter
        ("racer_name", "ada", Problem.RACER_NAME_TELLS),
        ("new_to_ml", "", Problem.MISSING),
        ("new_to_aws", "perhaps", Problem.NOT_AN_OPTION),
        ("q_size", "", Problem.MISSING),
        ("q_size", "XXL", Problem.NOT_AN_OPTION),
        ("q_there", "<b>", Problem.NOT_AN_OPTION),
        ("q_eat", "x" * 301, Problem.TOO_LONG),
        ("q_eat", "x" * 1_000_000, Problem.TOO_LONG),
        ("consent", "", Problem.CONSENT),
        ("consent", "1", Problem.CONSENT),
    ],
)
def test_a_field_that_is_not_taken_is_told_why(field: str, value: str, problem: Problem) -> None:
    assert checked(**{field: value}).problems == {field.replace("q_", "q-"): problem}


def test_script_in_an_answer_is_kept_as_text_and_turns_nothing_round() -> None:
    asked = checked(name="<script>\u202e\x00x</script>", q_eat="'; DROP TABLE x; --").asked
    assert asked is not None
    assert asked.name == "<script>x</script>"
    assert asked.answers["eat"] == "'; DROP TABLE x; --"


def test_what_the_form_does_not_ask_is_not_kept() -> None:
    asked = checked(q_other="x", state="accepted", id="reg-1").asked
    assert asked is not None
    assert asked.answers == {"size": "M"}


def test_the_consent_that_counts_is_the_one_in_force() -> None:
    newer = replace(PORTAL, consents=(Consent(1, {"en": "One"}), Consent(2, {"en": "Two"})))
    old = check_submission(newer, {**FIT, "consent": "1"}, language="en", at=NOW, service_rule=None)
    assert old.problems == {"consent": Problem.CONSENT}
    assert check_submission(newer, {**FIT, "consent": "2"}, language="en", at=NOW, service_rule=None).asked


@given(fields=st.dictionaries(st.sampled_from([*FIT, "name", "racer_name", "q-there", "q-eat"]), st.text(max_size=400)))
def test_whatever_is_sent_is_either_fit_or_told_why_and_never_of_a_foreign_domain(fields: dict[str, str]) -> None:
    result = check_submission(PORTAL, fields, language="en", at=NOW, service_rule="on_aws")
    assert (result.asked is None) is bool(result.problems)
    if result.asked:
        assert result.asked.email.rpartition("@")[2] in PORTAL.domains
        assert len(result.asked.name) <= 100
        assert "\n" not in result.asked.name


@given(local=st.text(max_size=70), domain=st.text(max_size=70))
def test_no_spelling_of_another_domain_gets_in(local: str, domain: str) -> None:
    asked = checked(email=f"{local}@{domain}").asked
    assert asked is None or asked.email.rpartition("@")[2] in PORTAL.domains


def test_a_program_fills_in_what_people_do_not_see() -> None:
    assert is_trap({"website": "http://spam.example"})
    assert not is_trap({"website": "  "})


# ------------------------------------------------------------------------------------------------------ places


def registration(number: int, state: RegistrationState = VERIFIED, **values: object) -> Registration:
    email = f"r{number}@example.com"
    at = NOW + timedelta(minutes=number)
    made = Registration(registration_id(email), email, state, at, verified_at=at)
    return replace(made, **values)  # type: ignore[arg-type]


def settled(
    portal: Portal,
    rows: list[Registration],
    *,
    taken: int = 0,
    on_list: tuple[str, ...] = (),
    out: tuple[str, ...] = (),
) -> list[str]:
    moved = settle(portal, rows, on_list=on_list, taken=taken, taken_out=out)
    return [moved[row.id].value if row.id in moved else "-" for row in rows]


def test_whoever_confirms_gets_a_place_while_there_is_one_and_waits_then() -> None:
    rows = [registration(3), registration(1), registration(2), registration(4, ASKED)]
    assert settled(replace(PORTAL, places=12), rows, taken=10) == ["waiting", "accepted", "accepted", "-"]
    assert settled(PORTAL, rows, taken=10_000) == ["accepted", "accepted", "accepted", "-"]


def test_who_waits_is_served_before_who_comes() -> None:
    rows = [registration(1), registration(5, WAITING), registration(4, WAITING)]
    assert settled(replace(PORTAL, places=11), rows, taken=10) == ["waiting", "-", "accepted"]
    assert [waiting_place(rows, row) for row in rows[1:]] == [2, 1]
    assert waiting_places(rows) == {rows[1].id: 2, rows[2].id: 1}


def test_who_is_on_the_list_already_takes_no_place_of_others() -> None:
    rows = [registration(1), registration(2)]
    assert settled(replace(PORTAL, places=10), rows, taken=10, on_list=("r2@example.com",)) == ["waiting", "accepted"]


def test_an_organizer_who_accepts_by_hand_is_waited_for() -> None:
    rows = [registration(1), registration(2, approved=True), registration(3, approved=True)]
    assert settled(replace(PORTAL, by_hand=True), rows) == ["-", "accepted", "accepted"]
    assert settled(replace(PORTAL, by_hand=True, places=1), rows) == ["-", "accepted", "waiting"]


def test_whom_an_organizer_took_off_the_list_an_organizer_lets_in_again() -> None:
    rows = [registration(1), registration(2, approved=True)]
    assert settled(PORTAL, rows, out=("r1@example.com", "r2@example.com")) == ["-", "accepted"]


@given(
    places=st.integers(0, 12),
    taken=st.integers(0, 12),
    states=st.lists(st.sampled_from([*RegistrationState]), max_size=20),
)
def test_no_more_are_let_in_than_there_are_places_and_each_move_is_one_that_is_drawn(
    places: int, taken: int, states: list[RegistrationState]
) -> None:
    rows = [registration(number, state) for number, state in enumerate(states)]
    portal = replace(PORTAL, places=places)
    moved = settle(portal, rows, on_list=(), taken=taken)
    left = places_left(portal, taken)
    let_in = sum(state is ACCEPTED for state in moved.values())
    assert left is None or let_in <= left
    assert all(moved[row.id] in MOVES[row.state] for row in rows if row.id in moved)
    again = [replace(row, state=moved.get(row.id, row.state)) for row in rows]
    assert settle(portal, again, on_list=(), taken=taken + let_in) == {}


def test_whose_person_left_the_list_has_withdrawn() -> None:
    rows = [registration(1, ACCEPTED, attendee="at-1"), registration(2, ACCEPTED, attendee="at-2"), registration(3)]
    assert with_attendees(rows, ["at-1"]) == [rows[1].id]


def test_mails_for_a_form_are_bounded() -> None:
    asked = registration(1, ASKED)
    assert may_mail(asked, NOW)
    assert not may_mail(replace(asked, mails=1, mailed_at=NOW), NOW + MAIL_PAUSE - timedelta(seconds=1))
    assert may_mail(replace(asked, mails=1, mailed_at=NOW), NOW + MAIL_PAUSE)
    assert not may_mail(replace(asked, mails=MAILS_AT_MOST, mailed_at=NOW), NOW + timedelta(days=3))
    assert not may_mail(replace(asked, state=RegistrationState.REFUSED), NOW)


# ------------------------------------------------------------------------------------------------------ tokens


@given(secret=st.text(alphabet="abcXYZ019_-", min_size=43, max_size=43), cut=st.integers(1, 47))
def test_a_link_that_was_cut_is_told_from_a_whole_one(secret: str, cut: int) -> None:
    token = token_of(secret)
    assert token_shape(token) is TokenShape.WHOLE
    assert token_shape(token[:-cut]) is TokenShape.CUT
    assert token_shape(token + "x") is TokenShape.ODD
    other = ("a" if token[0] != "a" else "b") + token[1:]
    assert token_shape(other) is TokenShape.ODD


@pytest.mark.parametrize("token", ["", "<script>", "../../etc", "x" * 5000, "é" * 48])
def test_what_is_no_link_of_ours_is_never_whole(token: str) -> None:
    assert token_shape(token) is not TokenShape.WHOLE
