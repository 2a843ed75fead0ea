"""The shipped policies allow exactly what the adapters call: no action less, no action more."""

import ast
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

import deepracer_admin
from deepracer_admin.directory.cognito import CognitoPool
from deepracer_admin.directory.iam_rights import IamRights
from deepracer_admin.directory.identity_center import IdentityCenter
from deepracer_admin.directory.pool import UserPool
from deepracer_admin.directory.proof import AccessProof
from deepracer_admin.directory.tokens import DELEGATED_SCOPES, GUEST_SCOPE
from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import ServiceError
from deepracer_admin.mail import Mailer
from deepracer_admin.mail.ses import Ses
from deepracer_admin.model import Invitee
from deepracer_admin.racing.bill import Bills
from deepracer_admin.racing.price_list import PriceLists
from deepracer_admin.racing.service_quotas import ServiceQuotas
from deepracer_admin.store.dynamodb import open_shared_store
from deepracer_admin.store.dynamodb.table_facts import findings
from tests.mail.conftest import Script, a_message, script
from tests.practice import WorldHandle
from tests.store.people import NOW
from tests.store.table_server import TableServer, a_table
from tests.store.test_shared_copies import everything

__all__ = ["script"]

PACKAGE = Path(deepracer_admin.__file__).parent
POLICIES = PACKAGE / "policies"
PERMISSIONS = PACKAGE.parent / "docs" / "permissions.md"

IAM_NAMES = {
    "sesv2": "ses",
    "sqs": "sqs",
    "dynamodb": "dynamodb",
    "deepracer": "deepracer",
    "identitystore": "identitystore",
    "sso-admin": "sso",
    "cognito-idp": "cognito-idp",
    "service-quotas": "servicequotas",
    "pricing": "pricing",
    "ce": "ce",
    "iam": "iam",
    "sts": "sts",
}
IAM_ACTIONS = {"sqs:DeleteMessageBatch": "sqs:DeleteMessage"}  # the batch is authorised entry by entry
TRANSACTION = "dynamodb:TransactWriteItems"  # authorised by what is in it
IN_TRANSACTIONS = {"Put": "PutItem", "Update": "UpdateItem", "ConditionCheck": "ConditionCheckItem"}
REHEARSALS = {"CreateTable", "UpdateTimeToLive", "UpdateContinuousBackups"}  # `store create`; in live the template does
UNSIGNED = {"cognito-identity"}  # signing in as a racer does: no AWS credentials, so no policy
FOR_KEYS = {"sts", "sso", "sso-oidc"}  # what botocore itself asks for the keys of a profile
# Racers in the pool of the deployment that serves the event, never people of the company's directory.
MAY_DELETE = {("cognito-user-pool.json", "cognito-idp:AdminDeleteUser")}


def actions(name: str) -> set[str]:
    """What a policy allows."""
    document = json.loads((POLICIES / name).read_text())
    allowed = [s["Action"] for s in document["Statement"] if s["Effect"] == "Allow"]
    return {a for entry in allowed for a in (entry if isinstance(entry, list) else [entry])}


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The IAM actions of every request that a client of `AwsAccess` builds, collected by a botocore hook."""
    seen: set[str] = set()
    open_client = AwsAccess.client

    def watched(self: AwsAccess, service: str, **options: Any) -> Any:
        client = open_client(self, service, **options)

        def note(model: Any, **_: Any) -> None:
            action = f"{IAM_NAMES[service]}:{model.name}"
            if action != TRANSACTION:
                seen.add(IAM_ACTIONS.get(action, action))

        def look_inside(params: dict[str, Any], **_: Any) -> None:
            seen.update(f"dynamodb:{IN_TRANSACTIONS[next(iter(item))]}" for item in params["TransactItems"])

        client.meta.events.register("before-call.*.*", note)
        client.meta.events.register("provide-client-params.dynamodb.TransactWriteItems", look_inside)
        return client

    monkeypatch.setattr(AwsAccess, "client", watched)
    return seen


def use_everything(ses: Ses, script: Script) -> None:
    """Call every method of the Mailer port, and both ways of looking up suppressed addresses."""
    missing = {"message": "no"}
    quota = {"Max24HourSend": 200.0, "MaxSendRate": 1.0, "SentLast24Hours": 0.0}
    script.says(200, {"MessageId": "1"})
    ses.send(a_message())
    script.says(200, {"SendQuota": quota})
    ses.limits()
    script.says(404, missing, "NotFoundException")
    ses.suppressed(["a@example.com"])
    script.says(200, {"SuppressedDestinationSummaries": []})
    ses.suppressed([f"a{n}@example.com" for n in range(30)])
    script.says(200, {"SendQuota": quota})
    script.says(404, missing, "NotFoundException")
    script.says(404, missing, "NotFoundException")
    script.says(200, {"EventDestinations": []})
    ses.check("deepracer@example.com")
    script.says(200, {"VerifiedForSendingStatus": True, "DkimAttributes": {"Tokens": ["abc"]}})
    assert ses.dkim_records("deepracer@example.com") == {"abc._domainkey.example.com": "abc.dkim.amazonses.com"}


def test_sending_needs_exactly_the_mail_policy(called: set[str], script: Script) -> None:
    ses = Ses(script.access, configuration_set="race")
    use_everything(ses, script)
    ses.close()
    assert script.answers == []
    assert called == actions("mail-ses.json")


def test_the_mail_policy_was_tried_with_every_method_of_the_port() -> None:
    tried = {"send", "limits", "suppressed", "check", "dkim_records", "events", "settle_events", "close"}
    assert {name for name in vars(Mailer) if not name.startswith("_")} == tried


def test_reading_events_needs_exactly_the_events_policy(called: set[str]) -> None:
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    with mock_aws():
        sqs = boto3.client("sqs", "us-east-1", **keys)
        url = sqs.create_queue(QueueName="race")["QueueUrl"]
        sqs.send_message(QueueUrl=url, MessageBody="{}")
        ses = Ses(AwsAccess(access_key_id="testing", secret_access_key="testing"), events_queue_url=url)
        ses.events()
        ses.settle_events()
        ses.close()
    assert called == actions("events-sqs.json")


def test_sharing_the_store_needs_exactly_the_store_policy(called: set[str], tmp_path: Path) -> None:
    server = TableServer().start()
    table = a_table(server.url, "console")
    called -= {f"dynamodb:{name}" for name in REHEARSALS}
    store = open_shared_store(tmp_path, table, "rehearsal", follow_every_s=0)
    everything(store)  # an erasure too, with its image
    store.take_tokens("mail", 1, rate=1.0, burst=1, now=NOW)
    store.release(store.leases()[0])
    assert {finding.level for finding in findings(table)} == {"green"}
    store.close()
    server.stop()
    assert called == actions("store-dynamodb.json")


def test_the_store_policy_names_one_table_and_cannot_delete_it() -> None:
    document = json.loads((POLICIES / "store-dynamodb.json").read_text())
    assert {statement["Resource"] for statement in document["Statement"]} == {
        "arn:aws:dynamodb:REGION:ACCOUNT_ID:table/TABLE"
    }
    assert not {"dynamodb:Scan", "dynamodb:DeleteTable", "dynamodb:CreateTable"} & actions("store-dynamodb.json")


def practice_access(practice: WorldHandle, address: str) -> AwsAccess:
    aws = practice.endpoints["aws"]
    keys = {name: aws[name] for name in ("region", "access_key_id", "secret_access_key")}
    return AwsAccess(endpoint_url=aws[address], **keys, reach=Reach.PRACTICE)


def port_methods(port: type) -> set[str]:
    return {name for name in vars(port) if not name.startswith("_")}


def test_proving_access_needs_exactly_the_identity_center_policy(called: set[str], practice: WorldHandle) -> None:
    """By names, which asks for more than ids do, and with a member, so that users are listed too."""
    aws = practice.endpoints["aws"]
    center = IdentityCenter(
        practice_access(practice, "identity_center_url"),
        aws["identity_store_id"],
        aws["identity_instance_arn"],
        aws["identity_group"],
        aws["identity_permission_set"],
        aws["account_id"],
    )
    assert center.assignment().ok
    assert center.permission_set().relay_state
    center.arrived(["ada.byron@example.com"])
    assert center.practice_world
    center.close()
    assert called == actions("identity-center-read.json")
    assert port_methods(AccessProof) == {"limits", "assignment", "permission_set", "arrived"}


def test_the_identity_center_policy_only_reads() -> None:
    assert all(re.search(r":(Get|List|Describe)", action) for action in actions("identity-center-read.json"))


def test_the_user_pool_needs_exactly_its_policy(called: set[str], practice: WorldHandle) -> None:
    access = practice_access(practice, "cognito_idp_url")
    pool = CognitoPool(access, practice.endpoints["aws"]["user_pool_id"])
    ada = Invitee("a1", "ada.byron@example.com", "Ada-B")
    username = pool.create(ada).username
    assert pool.create(ada).existed
    pool.fresh_password(username)
    pool.disable(username)
    pool.enable(username)
    list(pool.users())
    list(pool.racers())
    assert pool.groups(username) == {"dr-racers"}
    assert dict(pool.staff())
    assert pool.find(ada.email)
    assert pool.account(username)
    pool.delete(username)
    assert pool.practice_world
    pool.close()
    assert called == actions("cognito-user-pool.json")
    tried = {
        "limits",
        "users",
        "find",
        "account",
        "groups",
        "staff",
        "create",
        "fresh_password",
        "disable",
        "enable",
        "delete",
    }
    assert port_methods(UserPool) == tried


def test_reading_the_quotas_needs_exactly_its_policy(called: set[str]) -> None:
    quotas = ServiceQuotas(AwsAccess(access_key_id="testing", secret_access_key="testing"))
    with Stubber(quotas._client) as answers:
        for _ in range(2):
            answers.add_client_error("get_service_quota", "NoSuchResourceException", http_status_code=400)
            answers.add_response("get_aws_default_service_quota", {"Quota": {"Value": 8.0}})
        found = quotas.read()
    quotas.close()
    assert (found.per_type, found.total) == (8, 8)
    assert called == actions("service-quotas-read.json")


def test_reading_prices_and_the_bill_needs_exactly_their_policies(called: set[str], practice: WorldHandle) -> None:
    """Two policies, since the bill is optional and shows the whole account's."""
    prices = PriceLists(practice_access(practice, "pricing_url"))
    assert prices.read("us-east-1").per_hour > 0
    prices.close()
    assert called == actions("price-list-read.json")
    called.clear()
    bills = Bills(practice_access(practice, "cost_explorer_url"), "Project=DeepRacer")
    assert len(bills.read(date(2026, 11, 1), date(2026, 11, 3))) == 3
    bills.close()
    assert called == actions("bill-read.json")


def test_asking_what_is_allowed_needs_exactly_its_policy(called: set[str]) -> None:
    rights = IamRights(AwsAccess(access_key_id="testing", secret_access_key="testing"))
    arn = "arn:aws:sts::123456789012:assumed-role/console/session"
    with Stubber(rights._sts) as who, Stubber(rights._iam) as answers:
        who.add_response("get_caller_identity", {"Account": "123456789012", "Arn": arn, "UserId": "x"})
        role = {"RoleName": "console", "RoleId": "AROAEXAMPLEEXAMPLE", "Path": "/x/", "CreateDate": NOW}
        answers.add_response("get_role", {"Role": {**role, "Arn": "arn:aws:iam::123456789012:role/x/console"}})
        answers.add_response("simulate_principal_policy", {"EvaluationResults": [], "IsTruncated": False})
        assert rights.denied(["service-quotas-read.json"], {}) == ()
    rights.close()
    assert called - {"sts:GetCallerIdentity"} == actions("iam-simulate.json"), "everybody may ask who they are"


def test_the_user_pool_policy_names_one_pool() -> None:
    document = json.loads((POLICIES / "cognito-user-pool.json").read_text())
    resources = {statement["Resource"] for statement in document["Statement"]}
    assert resources == {"arn:aws:cognito-idp:REGION:ACCOUNT_ID:userpool/USER_POOL_ID"}


def operations_of_managed() -> set[str]:
    """Every operation of the managed service that its adapter names."""
    model = next((PACKAGE / "racing" / "data").rglob("service-2.json"))
    known = set(json.loads(model.read_text())["operations"])
    return {text for text in strings_in(PACKAGE / "racing" / "managed.py") if text in known}


def test_managed_deepracer_needs_exactly_its_two_policies() -> None:
    read, write = actions("managed-deepracer-read.json"), actions("managed-deepracer-write.json")
    assert read | write == {f"deepracer:{name}" for name in operations_of_managed()}
    reading = re.compile(r"deepracer:(Admin)?(Get|List)")
    assert all(reading.match(action) for action in read)
    assert not any(reading.match(action) for action in write)


@pytest.mark.parametrize("policy", sorted(POLICIES.glob("*.json")), ids=lambda path: path.name)
def test_no_policy_holds_a_wildcard_action_or_deletes_people(policy: Path) -> None:
    allowed = actions(policy.name)
    assert allowed
    assert not [a for a in allowed if "*" in a]
    deleting = re.compile(r":(Admin)?Delete(User|EmailIdentity|ConfigurationSet|Queue|Model|Group|GroupMembership)$")
    assert not [a for a in allowed if deleting.search(a) and (policy.name, a) not in MAY_DELETE]


def test_every_aws_service_that_is_called_with_keys_has_a_policy() -> None:
    """A new adapter has to bring its policy with it."""
    services = {
        text
        for path in PACKAGE.rglob("*.py")
        if "rehearsal" not in path.relative_to(PACKAGE).parts
        for text in services_named_in(path)
    }
    assert {"sesv2", "sqs", "deepracer", "cognito-idp"} <= services
    with_policy = {IAM_NAMES[s] for s in services - UNSIGNED - FOR_KEYS}
    assert with_policy <= {a.partition(":")[0] for path in POLICIES.glob("*.json") for a in actions(path.name)}


def test_the_racing_adapters_use_the_user_pool_without_keys() -> None:
    """Signing in is open to everybody; what an administrator does to users is behind the user pool's own port."""
    calls = {
        node.attr
        for path in (PACKAGE / "racing").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Attribute)
    }
    assert not [name for name in calls if re.match(r"admin_(create|delete|disable|enable|add|set|reset|update)_", name)]


def test_the_permissions_page_explains_every_action_and_scope() -> None:
    page = PERMISSIONS.read_text("utf-8")
    wanted = {a for path in POLICIES.glob("*.json") for a in actions(path.name)} | {*DELEGATED_SCOPES, GUEST_SCOPE}
    missing = sorted(name for name in wanted if f"`{name}`" not in page)
    assert missing == []
    assert [path.name for path in POLICIES.glob("*.json") if path.name not in page] == []


def test_a_refused_action_names_a_policy_that_is_shipped(script: Script) -> None:
    ses = Ses(script.access)
    script.says(403, {"message": "no"}, "AccessDeniedException")
    with pytest.raises(ServiceError) as told:
        ses.limits()
    named = re.search(r"[\w-]+\.json", told.value.sentence)
    assert named is not None
    assert (POLICIES / named[0]).is_file()
    ses.close()


def strings_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {n.value for n in ast.walk(tree) if isinstance(n, ast.Constant) and isinstance(n.value, str)}


def services_named_in(path: Path) -> set[str]:
    """Names of AWS services in a module that opens boto clients."""
    text = path.read_text("utf-8")
    if "boto" not in text and "AwsAccess" not in text:
        return set()
    known = {"sesv2", "sqs", "sns", "s3", "dynamodb", "cognito-idp", "cognito-identity", "identitystore", "sso-admin"}
    return strings_in(path) & (
        known | {"deepracer", "ce", "budgets", "lambda", "service-quotas", "pricing", "cloudwatch", "sts"}
    )
