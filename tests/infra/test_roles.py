"""Each function's role against what its code really asks AWS for: no action less, no action more.

DynamoDB and SES stand in test_chain.py, where the whole path runs; here is what that story does not come to: the user
pool of the second way in, the queue, the secret, the role in another account.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from moto import mock_aws

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.flows.closeout.live_accounts import accounts_of
from deepracer_admin.model import Step
from deepracer_admin.records.closing import Deletion
from infra.functions import place, prove, registrations, sweep
from infra.local.template import read_template
from tests.flows.access.test_onboarding import invite_by_hand, open_sponsorship
from tests.flows.conftest import ORGANIZER, Stage, make_console, make_event, no_rest_between_listings, real_time, world
from tests.flows.fake_time import RealTime
from tests.infra.calls import LAMBDAS_OWN, Recorder, granted, recording
from tests.practice import WorldHandle

__all__ = ["no_rest_between_listings", "real_time", "world"]  # fixtures

DUTIES = {
    "Registrations": registrations.DUTIES,
    "Sweep": sweep.DUTIES,
    "Prove": prove.DUTIES,
    "Mail": ("mail",),
}
FUNCTIONS = ("Authorise", "Registrations", "Sweep", "Prove", "Mail", "Bounces")
POOL = "cognito-idp:"


@pytest.fixture
def stage(world: WorldHandle, tmp_path: Path, real_time: RealTime) -> Iterator[Stage]:
    """An event whose way in is our own mail with the first password."""
    world.control("POST", "fleet", {"ignoring": 1.0})
    console = make_console(tmp_path, real_time)
    event = replace(make_event(console), way_in="pool")
    console.store.save_event(event)
    made = Stage(world, console, event)
    yield made
    made.worker.mail.close()
    console.close()


def goes_on(stage: Stage, recorder: Recorder, until: Any) -> None:
    """The functions' rounds in turn."""
    for _ in range(60):
        for name, duties in DUTIES.items():
            with recorder.of(name):
                stage.worker.run_once(duties)
        if until():
            return
        stage.rest(0.5)
    raise AssertionError(f"not ready: {stage.trouble} {stage.store.funnel(stage.event.id)}")


def test_the_user_pool_is_asked_for_what_the_roles_grant(stage: Stage) -> None:
    """The check, somebody new, somebody who comes between listing and creating, and a deletion that proved nothing."""
    open_sponsorship(stage)
    _, late = stage.add("racer.no1@example.com", "late@example.com")
    with recording() as recorder:
        check = stage.console.first.events.run_check(ORGANIZER)
        stage.start()
        stage.worker.profiles.invitations.plan(stage.event, [late], stage.lease)
        invite_by_hand(stage, late.email)
        goes_on(stage, recorder, lambda: stage.done(Step.MAIL) == 2 and not stage.store.job(check.id).state.is_live)
        (profile, *_), _ = stage.store.profiles(stage.event.id)
        with recorder.of("Sweep"):  # in whose duty "jobs" a close-out asks so
            accounts_of(stage.ports, [profile], {profile.id: Deletion("job", unclear=1)}, "job")
    asked = {name: {each for each in recorder.calls[name] if each.startswith(POOL)} for name in DUTIES}
    assert asked == {name: {each for each in granted(name) if each.startswith(POOL)} for name in DUTIES}


def test_the_pool_is_granted_only_where_there_is_one() -> None:
    for name in FUNCTIONS:
        role = read_template()["Resources"][f"{name}Role"]["Properties"]
        for statement in role["Policies"][0]["PolicyDocument"]["Statement"]:
            inner = statement["Fn::If"][1] if "Fn::If" in statement else statement
            if any(each.startswith(POOL) for each in inner["Action"]):
                assert statement["Fn::If"][0] == "HasPool"
                assert inner["Resource"] == {"Ref": "UserPoolArn"}


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Recorder]:
    """What a container builds at its first call, with AWS's secret and queue; the console itself is left out."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(place.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(place, "load_settings", lambda: SimpleNamespace(store_table="portal"))
    monkeypatch.setattr(place, "compose", lambda _: SimpleNamespace())
    monkeypatch.setattr(place, "shared_table", lambda _: SimpleNamespace(client=None))
    monkeypatch.setattr(place.Place, "__post_init__", lambda _: None)
    # A container's environment is its own for good; here it is given back.
    with patch.dict(os.environ), mock_aws(), recording() as recorder:
        secret = boto3.client("secretsmanager", "eu-west-1").create_secret(
            Name="portal", SecretString=json.dumps({"secret_key": "k"})
        )
        queue = boto3.client("sqs", "eu-west-1").create_queue(QueueName="mail")["QueueUrl"]
        given = {
            "SECRET_ARN": secret["ARN"], "WORK_QUEUE": queue, "EVENT_ID": "spring", "TABLE": "portal",
            "AWS_REGION": "eu-west-1", "MAIL_FROM": "cup@example.com", "MAIL_CONFIGURATION_SET": "portal",
            "PORTAL_URL": "https://portal.example.com",
        }  # fmt: skip
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        yield recorder


def test_a_container_reads_its_secret_and_nudges_the_queue_as_its_role_grants(container: Recorder) -> None:
    variables = {
        name: each["Properties"].get("Environment", {}).get("Variables", {})
        for name, each in read_template()["Resources"].items()
        if each["Type"] == "AWS::Serverless::Function"
    }
    with container.of("one that nudges"):
        place.here.__wrapped__().nudge()
    nudges = container.calls["one that nudges"]
    assert nudges == {"secretsmanager:GetSecretValue", "sqs:SendMessage"}
    for name in FUNCTIONS:
        elsewhere = {each for each in granted(name) if not each.startswith(("dynamodb:", "ses:", POOL, "sts:"))}
        if name == "Authorise":  # it builds no console
            assert elsewhere == set()
        else:
            assert elsewhere == (nudges if "WORK_QUEUE" in variables[name] else nudges - {"sqs:SendMessage"}), name


def test_the_reader_of_identity_center_is_a_role_that_prove_alone_assumes(
    container: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IDENTITY_CENTER_ROLE", "arn:aws:iam::123456789012:role/reader")
    with container.of("Prove"):
        place.here.__wrapped__()
        client: Any = AwsAccess(profile="identity").client("identitystore")
        signer = client._request_signer._credentials
        assert signer.get_frozen_credentials().access_key != "testing"
    assert {each for each in container.calls["Prove"] if each.startswith("sts:")} == {"sts:AssumeRole"}
    for name in FUNCTIONS:
        mine = {each for each in granted(name) if each.startswith("sts:")}
        assert mine == ({"sts:AssumeRole"} if name == "Prove" else set())


def test_what_lambda_does_in_a_roles_name_is_what_its_triggers_need() -> None:
    """By AWS's pages services-ddb-params, services-sqs-configure and invocation-async-retain-records (2025)."""
    needed = {
        "stream": {f"dynamodb:{each}" for each in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")},
        "queue": {"sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"},
        "failures": {"s3:ListBucket", "s3:PutObject"},
        "log": {"logs:CreateLogStream", "logs:PutLogEvents"},
    }
    for name in FUNCTIONS:
        resources = read_template()["Resources"]
        events = resources[name]["Properties"].get("Events", {}).values()
        kinds = {each["Type"] for each in events}
        failures = any("DestinationConfig" in each["Properties"] for each in events)
        expected = needed["log"] | (needed["stream"] if "DynamoDB" in kinds else set())
        expected |= (needed["queue"] if "SQS" in kinds else set()) | (needed["failures"] if failures else set())
        statements = resources[f"{name}Role"]["Properties"]["Policies"][0]["PolicyDocument"]["Statement"]
        own = [each for each in statements if each.get("Sid") in LAMBDAS_OWN]
        given = {a for each in own for a in (each["Action"] if isinstance(each["Action"], list) else [each["Action"]])}
        assert given == expected, name
