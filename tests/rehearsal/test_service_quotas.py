"""The practice account's quotas as AWS would tell them, asked with Amazon's own client and by the console."""

from __future__ import annotations

from typing import Any

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from deepracer_admin.errors import Refused, ServiceError
from deepracer_admin.racing_access import instance_quotas_of
from deepracer_admin.settings import Settings
from tests.practice import WorldHandle


@pytest.fixture
def account(practice: WorldHandle) -> Any:
    aws = practice.endpoints["aws"]
    return boto3.client(
        "service-quotas",
        region_name=aws["region"],
        endpoint_url=aws["service_quotas_url"],
        aws_access_key_id=aws["access_key_id"],
        aws_secret_access_key=aws["secret_access_key"],
        config=Config(retries={"total_max_attempts": 1}, proxies={}),
    )


def test_both_quotas_are_told_as_they_are_now(practice: WorldHandle, account: Any) -> None:
    practice.control("POST", "capacity", {"per_type": 8, "total": 20, "others": 3})
    told = {}
    for code in ("L-1EC4D7FD", "L-00C91CB5"):
        quota = account.get_service_quota(ServiceCode="sagemaker", QuotaCode=code)["Quota"]
        told[quota["QuotaCode"]] = quota["Value"]
    assert told == {"L-1EC4D7FD": 8.0, "L-00C91CB5": 20.0}, "what others use is in no quota"
    with pytest.raises(ClientError, match="NoSuchResourceException"):
        account.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-00000000")


def test_without_the_right_or_a_signature_nothing_is_told(practice: WorldHandle, account: Any) -> None:
    practice.arm("service-quotas", "denied", count=1)
    with pytest.raises(ClientError, match="AccessDeniedException"):
        account.get_service_quota(ServiceCode="sagemaker", QuotaCode="L-1EC4D7FD")
    target = {"x-amz-target": "ServiceQuotasV20190624.GetServiceQuota"}
    bare = httpx.post(
        practice.endpoints["aws"]["service_quotas_url"] + "/", json={}, headers=target, trust_env=False, timeout=300
    )
    assert bare.status_code == 400
    assert "Quota" not in bare.json()


def test_the_console_reads_them_in_a_rehearsal(practice: WorldHandle) -> None:
    ask = instance_quotas_of(Settings.model_validate({"mode": "rehearsal", "home": practice.world.home}))
    assert ask is not None
    practice.control("POST", "capacity", {"per_type": 12})
    found = ask().read()
    assert (found.per_type, found.total, found.region) == (12, 100, "us-east-1")
    practice.arm("service-quotas", "denied")
    with pytest.raises((Refused, ServiceError), match=r"service-quotas-read\.json"):
        ask().read()
