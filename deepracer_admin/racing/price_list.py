"""AWS's own prices for what DeepRacer on AWS runs on, by region: the AWS Price List API (deepracer-on-aws.md 4.1).

Read only. Policy: price-list-read.json. The API answers for all regions from a few; products are told apart by their
usage type, whose first part is a code of the region that no list translates, so its end is compared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Protocol

from botocore import exceptions as boto

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.aws_errors import AwsService, aws_error, odd_answer
from deepracer_admin.edge.understood import UNREADABLE
from deepracer_admin.errors import BadInput, Refused, ServiceError
from deepracer_admin.model import GB_HOURS_A_MONTH, PriceList

__all__ = ["SERVICE", "PriceLists", "ReadsPrices"]

SERVICE = "pricing"
API_REGION = "us-east-1"
INSTANCE, VOLUME_GB = "ml.c7i.4xlarge", 100
PAGES = 10  # of 100 products; what is asked for has one or two
_KNOWN = AwsService(SERVICE, "The AWS Price List", rights="pricing", policy="price-list-read.json")


class ReadsPrices(Protocol):
    """Who can tell AWS's prices, as flows see it."""

    def read(self, region: str) -> PriceList: ...


class PriceLists:
    """The list of AWS's public partition. Raises BadSettings, CredentialsExpired when the access cannot be made."""

    def __init__(self, access: AwsAccess) -> None:
        self._access = access
        self._client = access.client(SERVICE)

    def read(self, region: str) -> PriceList:
        """Rates of an hour of `ml.c7i.4xlarge` for training, of its volume of 100 GB, and of a GB-month of S3 Standard.

        The date is the newest on which AWS published one of the three. Raises Refused where AWS sells one of them not,
        or several at different prices; BadInput for a region of another partition; ServiceError.
        """
        if region.startswith(("cn-", "eusc-", "us-gov-")):
            raise BadInput(
                f"AWS's price list for {region} is not in the public one: type the prices in, with their date."
            )
        hour = self._rate("AmazonSageMaker", region, {"instanceName": INSTANCE}, f"Train:{INSTANCE}", "Hrs")
        volume = self._rate("AmazonSageMaker", region, {"productFamily": "Storage"}, "Train:VolumeUsage.gp2", "GB-Mo")
        storage = self._rate("AmazonS3", region, {"volumeType": "Standard"}, "TimedStorage-ByteHrs", "GB-Mo")
        newest = max(hour[1], volume[1], storage[1])
        return PriceList(
            training_per_hour=hour[0],
            volume_per_hour=round(volume[0] * VOLUME_GB / GB_HOURS_A_MONTH, 6),
            storage_per_gb_month=storage[0],
            source="AWS Price List API",
            as_of=newest,
            region=region,
        )

    def _rate(self, code: str, region: str, where: Mapping[str, str], usage: str, unit: str) -> tuple[float, str]:
        """USD of the product whose usage type ends so, in its first tier, and the ISO date of its publication."""
        found: dict[float, str] = {}
        for product in self._products(code, {"regionCode": region, **where}):
            try:
                attributes = product["product"]["attributes"]
                if attributes["regionCode"] != region or not _is_usage(attributes["usagetype"], usage):
                    continue
                for rate in _rates(product, unit):
                    found[rate] = max(found.get(rate, ""), _day(product["publicationDate"]))
            except UNREADABLE:
                raise odd_answer(SERVICE, _KNOWN.called, "get_products") from None
        if len(found) == 1:
            return next(iter(found.items()))
        several = "names several prices" if found else "names no price"
        raise Refused(
            f"The AWS Price List {several} for {usage} in {region}: type the prices in, with their date.",
            service=SERVICE,
            operation="get_products",
            code="no_price",
        )

    def _products(self, code: str, where: Mapping[str, str]) -> Iterator[dict[str, Any]]:
        filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in where.items()]
        token = ""
        for _ in range(PAGES):
            more = {"NextToken": token} if token else {}
            try:
                reply = self._client.get_products(ServiceCode=code, Filters=filters, MaxResults=100, **more)
            except (boto.ClientError, boto.BotoCoreError, *UNREADABLE) as failure:
                raise self._error(failure) from None
            try:
                products = [json.loads(text) for text in reply["PriceList"]]
            except UNREADABLE:
                raise odd_answer(SERVICE, _KNOWN.called, "get_products") from None
            yield from products
            token = reply.get("NextToken") or ""
            if not token:
                return
        raise odd_answer(SERVICE, _KNOWN.called, "get_products")

    def _error(self, failure: Exception) -> ServiceError:
        access = self._access
        return aws_error(failure, _KNOWN, "get_products", reads=True, renewal=access.renewal, profile=access.profile)

    def close(self) -> None:
        """Let connections go."""
        self._client.close()


def _is_usage(told: str, wanted: str) -> bool:
    """Is it that usage in some region? Its code may stand before it: `USE1-Train:ml.m5.large`."""
    return bool(re.fullmatch(rf"([A-Z0-9]+-)?{re.escape(wanted)}", told))


def _rates(product: Mapping[str, Any], unit: str) -> Iterator[float]:
    """On demand, first tier, in US dollars for `unit`. Raises one of UNREADABLE for anything else that is told."""
    for term in product["terms"]["OnDemand"].values():
        for dimension in term["priceDimensions"].values():
            if dimension["unit"] != unit:
                raise ValueError(dimension["unit"])
            if dimension.get("beginRange", "0") == "0":
                rate = float(dimension["pricePerUnit"]["USD"])
                if not 0 < rate < 1_000:
                    raise ValueError(rate)
                yield rate


def _day(told: str) -> str:
    """The date of an instant such as 2026-10-01T12:00:00Z."""
    return datetime.fromisoformat(told).date().isoformat()
