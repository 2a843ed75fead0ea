"""Tokens for Graph, from the practice Entra through the real MSAL."""

from collections.abc import Callable
from pathlib import Path

import pytest

from deepracer_admin.directory.entra_refusals import REFUSALS
from deepracer_admin.directory.msal_app import certificate_credential, rewriting_session
from deepracer_admin.directory.tokens import AppTokens, DelegatedTokens
from deepracer_admin.errors import (
    AccessDenied,
    BadSettings,
    CredentialsExpired,
    ServiceError,
    Unavailable,
    Unreachable,
)
from tests.practice import WorldHandle


def test_a_good_token_is_used_without_asking_again(sign_in: Callable, practice: WorldHandle) -> None:
    cupboard = sign_in("organizer")
    assert cupboard.tokens() == cupboard.tokens()
    assert "entra.Token.refresh_token" not in practice.counters()["by_operation"]


def test_many_calls_ask_entra_for_its_addresses_once(sign_in: Callable, practice: WorldHandle) -> None:
    cupboard = sign_in("organizer")
    practice.control("POST", "counters/reset")
    for _ in range(5):
        cupboard.tokens()
    assert practice.counters()["calls"] == {"entra": 1}


def test_who_signs_out_takes_the_tokens_along_at_once(sign_in: Callable) -> None:
    cupboard = sign_in("organizer")
    cupboard.tokens()
    kept, cupboard.kept = cupboard.kept, ""
    with pytest.raises(CredentialsExpired, match="Olivia Organizer must sign in again"):
        cupboard.tokens()
    cupboard.kept = kept
    assert cupboard.tokens()


def test_a_refused_token_is_renewed_and_the_new_refresh_token_is_kept(sign_in: Callable, practice: WorldHandle) -> None:
    cupboard = sign_in("organizer")
    before, first = cupboard.kept, cupboard.tokens()
    assert cupboard.tokens.refresh() != first
    assert cupboard.saves >= 1
    assert cupboard.kept != before
    assert practice.counters()["by_operation"]["entra.Token.refresh_token"] == 1


def test_a_dead_refresh_token_names_who_must_sign_in_again(sign_in: Callable, practice: WorldHandle) -> None:
    cupboard = sign_in("organizer")
    practice.arm("entra", "no_refresh")
    with pytest.raises(CredentialsExpired, match="Olivia Organizer must sign in again") as told:
        cupboard.tokens.refresh()
    assert told.value.code == "invalid_grant"


def test_without_a_sign_in_there_is_no_token(msal_app: Callable) -> None:
    tokens = DelegatedTokens(msal_app, lambda: "", lambda _: None, name="Olivia Organizer")
    with pytest.raises(CredentialsExpired, match="Olivia Organizer must sign in again"):
        tokens()


def test_the_account_of_another_person_is_not_used(sign_in: Callable, msal_app: Callable) -> None:
    cupboard = sign_in("organizer")
    tokens = DelegatedTokens(msal_app, lambda: cupboard.kept, lambda _: None, oid="somebody-else")
    with pytest.raises(CredentialsExpired):
        tokens()


@pytest.mark.parametrize("fault", ["down", "drop"])
def test_an_entra_that_does_not_answer_is_no_reason_to_sign_in_again(
    sign_in: Callable, practice: WorldHandle, fault: str
) -> None:
    cupboard = sign_in("organizer")
    practice.arm("entra", fault)
    with pytest.raises(Unreachable):
        cupboard.tokens.refresh()


@pytest.mark.parametrize("fault", ["error_5xx", "throttle"])
def test_an_entra_in_trouble_is_no_reason_to_sign_in_again(
    sign_in: Callable, practice: WorldHandle, fault: str
) -> None:
    cupboard = sign_in("organizer")
    practice.arm("entra", fault, operation="Token.refresh_token")
    practice.arm("entra", fault, operation="Token")
    with pytest.raises(Unavailable):
        cupboard.tokens.refresh()


def test_the_app_gets_its_own_token_and_keeps_it(msal_app: Callable, practice: WorldHandle) -> None:
    tokens = AppTokens(msal_app)
    first = tokens()
    assert tokens() == first
    assert practice.counters()["by_operation"]["entra.Token.client_credentials"] == 1
    tokens.refresh()
    assert practice.counters()["by_operation"]["entra.Token.client_credentials"] == 2


def test_a_dead_secret_is_for_an_administrator(msal_app: Callable) -> None:
    tokens = AppTokens(lambda: msal_app(secret="expired"))
    with pytest.raises(CredentialsExpired, match="must add a new one"):
        tokens()


@pytest.mark.parametrize("fault", ["error_5xx", "throttle"])
def test_an_entra_in_trouble_is_no_reason_to_renew_the_secret(
    msal_app: Callable, practice: WorldHandle, fault: str
) -> None:
    tokens = AppTokens(msal_app)
    practice.arm("entra", fault, operation="Token.client_credentials")
    practice.arm("entra", fault, operation="Token")
    with pytest.raises(Unavailable):
        tokens()


def test_an_app_without_permissions_says_what_to_grant(msal_app: Callable) -> None:
    tokens = AppTokens(msal_app, ["https://other.example/.default"])
    with pytest.raises(AccessDenied, match=r"docs/permissions\.md"):
        tokens()


def test_practice_requests_never_leave_this_machine() -> None:
    with pytest.raises(BadSettings, match="is not this computer, but a rehearsal never leaves it"):
        rewriting_session("https://login.practice.example", "https://elsewhere.example")


def test_a_missing_certificate_file_is_a_setting_to_correct(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match=r"console\.pfx does not exist"):
        certificate_credential(str(tmp_path / "console.pfx"))


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (7000222, AccessDenied),
        (7000215, AccessDenied),
        (700024, AccessDenied),
        (700016, AccessDenied),
        (65001, AccessDenied),
        (50105, CredentialsExpired),
        (50057, CredentialsExpired),
        (50076, CredentialsExpired),
        (53003, CredentialsExpired),
        (50173, CredentialsExpired),
    ],
)
def test_why_a_sign_in_is_not_renewed_is_told_with_who_mends_it(
    sign_in: Callable, practice: WorldHandle, code: int, expected: type[ServiceError]
) -> None:
    """A secret that has expired is no reason for anybody to sign in again: nothing would come of it."""
    cupboard = sign_in("organizer")
    practice.arm("entra", "refuse", operation="Token", params={"code": code})
    with pytest.raises(expected) as raised:
        cupboard.tokens.refresh()
    assert REFUSALS[code].told in raised.value.sentence
    assert ("must sign in again" in raised.value.sentence) == (expected is CredentialsExpired)


@pytest.mark.parametrize("code", [7000222, 7000215, 700027, 700024, 700016, 90002])
def test_why_the_app_gets_no_token_is_told_with_who_mends_it(
    msal_app: Callable, practice: WorldHandle, code: int
) -> None:
    tokens = AppTokens(msal_app)
    practice.arm("entra", "refuse", operation="Discovery" if code == 90002 else "Token", params={"code": code})
    with pytest.raises((AccessDenied, CredentialsExpired)) as raised:
        tokens()
    assert raised.value.sentence == REFUSALS[code].told
