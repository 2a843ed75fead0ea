"""What the template promises, asked of the template itself: protection, limits, who may what, what is left behind."""

from __future__ import annotations

import importlib
import json
import re
from typing import Any

import pytest

from infra.local.resolvers import RESOLVERS
from infra.local.template import TEMPLATE, deployed, read_template

RESOURCES: dict[str, dict[str, Any]] = read_template()["Resources"]
FUNCTIONS = {
    name: each["Properties"] for name, each in RESOURCES.items() if each["Type"] == "AWS::Serverless::Function"
}
EVERYTHING_MAY_NAME = {  # actions that AWS knows no resource for
    "dynamodb:ListStreams", "ses:GetAccount", "ses:GetSuppressedDestination", "ses:ListSuppressedDestinations",
}  # fmt: skip


def of_type(kind: str) -> dict[str, Any]:
    return {name: each.get("Properties", {}) for name, each in RESOURCES.items() if each["Type"] == kind}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for policy in role["Policies"]:
        for each in policy["PolicyDocument"]["Statement"]:
            found.append(each["Fn::If"][1] if "Fn::If" in each else each)
    return found


def actions(statement: dict[str, Any]) -> list[str]:
    given = statement["Action"]
    return given if isinstance(given, list) else [given]


def test_the_table_is_protected_and_can_be_restored() -> None:
    table = of_type("AWS::DynamoDB::Table")["Table"]
    assert table["DeletionProtectionEnabled"] == {"Fn::If": ["KeepsData", True, False]}
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEEnabled"] is True
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}
    assert [(each["AttributeName"], each["KeyType"]) for each in table["KeySchema"]] == [
        ("pk", "HASH"),
        ("sk", "RANGE"),
    ]


def test_the_api_has_no_key_and_asks_the_authoriser_each_time() -> None:
    api = of_type("AWS::AppSync::GraphQLApi")["Api"]
    assert api["AuthenticationType"] == "AWS_LAMBDA"
    assert api["LambdaAuthorizerConfig"]["AuthorizerResultTtlInSeconds"] == 0
    assert "AdditionalAuthenticationProviders" not in api
    assert of_type("AWS::AppSync::ApiKey") == {}
    assert api["IntrospectionConfig"] == "DISABLED"
    assert api["ResolverCountLimit"] == 1  # one field a request: no hundred forms behind one proof
    assert api["LogConfig"]["ExcludeVerboseContent"] is True  # headers and variables hold addresses and links


def test_what_passes_as_a_permit_is_only_what_the_authoriser_knows() -> None:
    pattern = of_type("AWS::AppSync::GraphQLApi")["Api"]["LambdaAuthorizerConfig"]["IdentityValidationExpression"]
    for good in ("page", "register.1795953600.123", "link." + "A-_9" * 12):
        assert re.fullmatch(pattern, good)
    for bad in ("", "Bearer x", "page\n", "link.<script>", "link." + "x" * 101, "admin"):
        assert not re.fullmatch(pattern, bad)


def test_each_field_of_the_schema_has_its_resolver_and_each_file_is_deployed() -> None:
    found = deployed()
    fields = set(
        re.findall(r"^  (\w+)(?:\(.*\))?: ", found.schema.split("schema {")[0].split("input ")[0], re.MULTILINE)
    )
    assert {name.partition(".")[2] for name in found.resolvers} == fields
    used = {each.code for each in found.resolvers.values()} | {
        code for each in found.resolvers.values() for code in each.functions
    }
    assert used == {path.name for path in RESOLVERS.glob("*.js")}


def test_the_stream_is_read_as_decided() -> None:
    stream = deployed().stream
    assert (stream.batch, stream.retries, stream.oldest) == (20, 5, 3600)
    assert stream.bisects
    assert stream.partial
    events = FUNCTIONS["Registrations"]["Events"]["Stream"]["Properties"]
    assert events["StartingPosition"] == "TRIM_HORIZON"  # LATEST can lose forms at a deployment
    assert events["ParallelizationFactor"] == 1
    assert events["DestinationConfig"]["OnFailure"] == {
        "Type": "S3",
        "Destination": {"Fn::GetAtt": ["Failures", "Arn"]},
    }


def test_mail_has_a_cap_and_what_fails_is_kept() -> None:
    nudge = FUNCTIONS["Mail"]["Events"]["Nudge"]["Properties"]
    assert nudge["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MailConcurrency"}}
    for queue in ("MailQueue", "BounceQueue"):
        assert RESOURCES[queue]["Properties"]["RedrivePolicy"]["maxReceiveCount"] >= 5
    visibility = RESOURCES["MailQueue"]["Properties"]["VisibilityTimeout"]
    assert visibility >= 6 * FUNCTIONS["Mail"]["Timeout"]  # as AWS asks for


def test_functions_run_a_runtime_that_lasts_on_arm() -> None:
    shared = read_template()["Globals"]["Function"]
    assert (shared["Runtime"], shared["Architectures"]) == ("python3.13", ["arm64"])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_handler_can_be_imported(name: str) -> None:
    module, _, attribute = FUNCTIONS[name]["Handler"].rpartition(".")
    assert callable(getattr(importlib.import_module(module), attribute))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_each_function_has_a_role_and_a_log_of_its_own(name: str) -> None:
    assert FUNCTIONS[name]["Role"] == {"Fn::GetAtt": [f"{name}Role", "Arn"]}
    assert FUNCTIONS[name]["LoggingConfig"]["LogGroup"] == {"Ref": f"{name}Logs"}
    assert "Policies" not in FUNCTIONS[name]
    assert RESOURCES[f"{name}Logs"]["Properties"]["RetentionInDays"] == {"Ref": "LogDays"}


@pytest.mark.parametrize("name", [name for name in RESOURCES if RESOURCES[name]["Type"] == "AWS::IAM::Role"])
def test_no_role_may_do_everything_or_everywhere(name: str) -> None:
    for statement in statements(RESOURCES[name]["Properties"]):
        assert not any("*" in action for action in actions(statement))
        if statement["Resource"] == "*":
            assert {*actions(statement)} <= EVERYTHING_MAY_NAME


def test_every_alarm_tells_somebody_and_every_function_has_one() -> None:
    alarms = of_type("AWS::CloudWatch::Alarm")
    assert all(each["AlarmActions"] == [{"Ref": "Alarms"}] for each in alarms.values())
    watched = {
        d["Value"]["Ref"] for each in alarms.values() if each["MetricName"] == "Errors" for d in each["Dimensions"]
    }
    assert watched == {*FUNCTIONS}
    failures = RESOURCES["Failures"]["Properties"]["NotificationConfiguration"]["TopicConfigurations"]
    assert failures == [{"Event": "s3:ObjectCreated:*", "Topic": {"Ref": "Alarms"}}]


def test_no_secret_stands_in_the_template() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert "SecretString" not in text
    assert "GenerateSecretString" not in text
    parameters = read_template()["Parameters"]
    assert not [name for name in parameters if re.search("password|token|apikey", name, re.IGNORECASE)]
    assert "secretsmanager" in parameters["SecretArn"]["AllowedPattern"]


def test_buckets_are_private_and_nothing_outlives_the_stack() -> None:
    for name, bucket in of_type("AWS::S3::Bucket").items():
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}, name
        assert "BucketEncryption" in bucket
    kept = {name for name, each in RESOURCES.items() if each.get("DeletionPolicy") == "Retain"}
    assert kept == set()


def test_the_page_may_load_nothing_from_elsewhere() -> None:
    policy = RESOURCES["SiteHeaders"]["Properties"]["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    text = policy["ContentSecurityPolicy"]["ContentSecurityPolicy"]["Fn::Sub"]
    assert "default-src 'none'" in text
    assert "unsafe" not in text


def test_every_path_of_the_portal_opens_the_page() -> None:
    """A mailed link is /register/<event>/me/<token>; no such file exists."""
    behaviour = RESOURCES["Site"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]
    assert behaviour["FunctionAssociations"] == [
        {"EventType": "viewer-request", "FunctionARN": {"Fn::GetAtt": ["SitePaths", "FunctionARN"]}}
    ]
    assert "/register/" in RESOURCES["SitePaths"]["Properties"]["FunctionCode"]


def test_the_resolvers_lock_names_no_registry() -> None:
    lock = json.loads((RESOLVERS / "package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, each in lock["packages"].items() if "resolved" in each] == []
