"""Asking IAM what the console's credentials may do: whose rights, on which resources, and what an odd answer means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import ANY, Stubber

from deepracer_admin.directory.iam_rights import PLACEHOLDERS, IamRights, statements_of
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.errors import AccessDenied, Unavailable, Unsupported
from deepracer_admin.model import Event, Quota
from deepracer_admin.rights_access import identities_of
from deepracer_admin.settings import Settings

ACCOUNT = "123456789012"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/aws-reserved/sso.amazonaws.com/console"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
EVENT = Event("ev-1", "Cup", NOW, NOW, "UTC", 9, 0.0, Quota(60, 1), sender="Race <race@mail.example.org>")


class Asked:
    """IAM and STS as a script."""

    def __init__(self, arn: str = f"arn:aws:sts::{ACCOUNT}:assumed-role/console/session") -> None:
        access = AwsAccess(region="eu-west-1", access_key_id="AKIAEXAMPLE", secret_access_key="secret")
        self.rights = IamRights(access)
        self.who, self.iam = Stubber(self.rights._sts), Stubber(self.rights._iam)
        self.who.add_response("get_caller_identity", {"Account": ACCOUNT, "Arn": arn, "UserId": "x"})
        self.who.activate()
        self.iam.activate()

    def role(self) -> None:
        role = {"RoleName": "console", "RoleId": "AROAEXAMPLEEXAMPLE", "Path": "/x/", "CreateDate": NOW, "Arn": ROLE}
        self.iam.add_response("get_role", {"Role": role}, {"RoleName": "console"})

    def says(self, *decisions: tuple[str, str], marker: str = "", **expected: Any) -> None:
        results = [{"EvalActionName": action, "EvalDecision": decision} for action, decision in decisions]
        more = {"IsTruncated": bool(marker)} | ({"Marker": marker} if marker else {})
        wanted = {"PolicySourceArn": ANY, "ActionNames": ANY, "ResourceArns": ANY, "ContextEntries": ANY} | expected
        self.iam.add_response("simulate_principal_policy", {"EvaluationResults": results, **more}, wanted)


@pytest.fixture
def asked() -> Iterator[Asked]:
    made = Asked()
    made.role()
    yield made
    made.iam.assert_no_pending_responses()
    made.rights.close()


def test_a_session_is_asked_about_as_its_role_on_the_accounts_own_names(asked: Asked) -> None:
    pool = f"arn:aws:cognito-idp:eu-west-1:{ACCOUNT}:userpool/eu-west-1_abc"
    for _ in range(2):
        asked.says(PolicySourceArn=ROLE, ResourceArns=[pool])
    asked.says(("cognito-idp:AdminDeleteUser", "explicitDeny"), PolicySourceArn=ROLE, ResourceArns=[pool])
    found = asked.rights.denied(["cognito-user-pool.json"], {"USER_POOL_ID": "eu-west-1_abc"})
    assert found == ("cognito-idp:AdminDeleteUser",)


def test_conditions_are_asked_with_the_values_under_which_the_console_calls(asked: Asked) -> None:
    names = {"deepracer@example.com": "race@mail.example.org", "example.com": "mail.example.org"}
    entry = {
        "ContextKeyName": "ses:FromAddress",
        "ContextKeyValues": ["race@mail.example.org"],
        "ContextKeyType": "string",
    }
    identity = f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/mail.example.org"
    asked.says(
        ("ses:SendEmail", "implicitDeny"),
        ContextEntries=[entry],
        ResourceArns=[identity],
        ActionNames=["ses:SendEmail"],
    )
    asked.says(ResourceArns=[f"arn:aws:ses:eu-west-1:{ACCOUNT}:identity/*"])
    asked.says(("ses:GetAccount", "allowed"), ResourceArns=["*"])
    assert asked.rights.denied(["mail-ses.json"], names) == ("ses:SendEmail",), (
        "without a configuration set: not of one"
    )


def test_pages_of_an_answer_are_followed(asked: Asked) -> None:
    asked.says(("servicequotas:GetServiceQuota", "implicitDeny"), marker="more")
    asked.says(("servicequotas:GetAWSDefaultServiceQuota", "implicitDeny"), Marker="more")
    assert len(asked.rights.denied(["service-quotas-read.json"], {})) == 2


def test_where_iam_may_not_be_asked_the_policy_is_named() -> None:
    asked = Asked()
    asked.iam.add_client_error("get_role", "AccessDenied", http_status_code=403)
    with pytest.raises(AccessDenied, match=r"iam-simulate\.json"):
        asked.rights.denied(["mail-ses.json"], {})


@pytest.mark.parametrize(
    ("arn", "found"),
    [
        (f"arn:aws:iam::{ACCOUNT}:root", ()),
        (f"arn:aws:sts::{ACCOUNT}:federated-user/x", Unsupported),
        ("an answer that is no ARN at all", Unavailable),
    ],
)
def test_who_is_no_role(arn: str, found: Any) -> None:
    asked = Asked(arn)
    if found == ():
        assert asked.rights.denied(["mail-ses.json"], {}) == ()
        return
    with pytest.raises(found):
        asked.rights.denied(["mail-ses.json"], {})


def test_a_user_is_asked_about_as_such() -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:user/console"
    asked = Asked(arn)
    asked.says(PolicySourceArn=arn)
    assert asked.rights.denied(["service-quotas-read.json"], {}) == ()


def test_every_placeholder_of_the_policies_that_are_asked_about_is_known(tmp_path: Path) -> None:
    live = Settings(
        mode="live", home=tmp_path, deepracer_user_pool="p", mail_events_queue="https://sqs.eu-west-1.amazonaws.com/1/q",
        mail_configuration_set="set",
    )  # fmt: skip
    for settings in (live, live.model_copy(update={"racing": "managed"})):
        identities = [*identities_of(settings, EVENT)]
        assert len(identities) == 2
        for _, policies, names in identities:
            known = {*names, "REGION", "ACCOUNT_ID"}
            text = str([statements_of(policy) for policy in policies])
            assert {name for name in PLACEHOLDERS if name in text} <= known
    assert [*identities_of(live.model_copy(update={"mode": "rehearsal"}), EVENT)] == []
    smtp = live.model_copy(update={"mailer": "smtp", "deepracer_user_pool": ""})
    assert [*identities_of(smtp, EVENT)] == []
