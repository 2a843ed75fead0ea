"""The AWS Price List of the practice cloud, as far as DeepRacer on AWS needs it (deepracer-on-aws.md 4.1).

Beside what is asked for stand the neighbours that a real answer holds: other components of the same instance, other
storage of the same service, further tiers.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from deepracer_admin.rehearsal.shared.reading_api import ReadingApi

__all__ = ["PriceList"]

PUBLISHED = "2026-10-01T00:00:00Z"
CODES = {
    "us-east-1": ("USE1-", 1.0),
    "eu-west-1": ("EU-", 1.1),
    "eu-central-1": ("EUC1-", 1.2),
    "us-west-2": ("USW2-", 1),
}
"""Codes of regions in usage types, and what the practice cloud asks there beside us-east-1."""


class PriceList(ReadingApi):
    """``POST /price-list/``. Own faults: `denied` (the policy lacks the action), `odd` (an answer without what it must
    hold), `several` (the same product at two prices), `nothing` (no product fits).
    """

    name, signed_for, target = "price-list", "pricing", "AWSPriceListService."
    operations = ("GetProducts",)

    def _answer(self, operation: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        fault = next((each for each in ("odd", "several", "nothing") if self._strikes(operation, each)), "")
        if fault == "odd":
            return {"FormatVersion": "aws_v1", "PriceList": [json.dumps({"product": {"sku": "X"}})]}
        asked = {each["Field"]: each["Value"] for each in wanted.get("Filters", [])}
        code = str(wanted.get("ServiceCode"))
        found = [] if fault == "nothing" else [each for each in _products(code) if _fits(each, asked)]
        if fault == "several":
            found += [_dearer(each) for each in found]
        return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(each) for each in found[:100]]}


def _products(code: str) -> Iterator[dict[str, Any]]:
    for region, (short, dearness) in CODES.items():
        ml = {"servicecode": "AmazonSageMaker", "regionCode": region, "instanceName": "ml.c7i.4xlarge"}
        disk = {"servicecode": "AmazonSageMaker", "regionCode": region}
        s3 = {"servicecode": "AmazonS3", "regionCode": region, "volumeType": "Standard"}
        prefix = "" if region == "us-east-1" else short  # S3 writes no code for its first region
        rows = {
            "AmazonSageMaker": (
                ("ML Instance", {**ml, "usagetype": f"{short}Train:ml.c7i.4xlarge"}, "Hrs", [0.8568]),
                ("ML Instance", {**ml, "usagetype": f"{short}Host:ml.c7i.4xlarge"}, "Hrs", [0.8568]),
                ("ML Instance", {**ml, "usagetype": f"{short}Train:ml.c7i.4xlarge-Spot"}, "Hrs", [0.2571]),
                ("Storage", {**disk, "usagetype": f"{short}Train:VolumeUsage.gp2"}, "GB-Mo", [0.14]),
                ("Storage", {**disk, "usagetype": f"{short}Host:VolumeUsage.gp2"}, "GB-Mo", [0.14]),
            ),
            "AmazonS3": (
                ("Storage", {**s3, "usagetype": f"{prefix}TimedStorage-ByteHrs"}, "GB-Mo", [0.023, 0.022, 0.021]),
                ("Storage", {**s3, "usagetype": f"{prefix}EarlyDelete-ByteHrs"}, "GB-Mo", [0.023]),
            ),
        }
        for family, attributes, unit, tiers in rows.get(code, ()):
            yield _product(family, attributes, unit, [round(rate * dearness, 4) for rate in tiers])


def _product(family: str, attributes: dict[str, str], unit: str, tiers: list[float]) -> dict[str, Any]:
    sku = f"{zlib.crc32(attributes['usagetype'].encode()):010d}"
    starts = ["0", "51200", "512000"]
    dimensions = {
        f"{sku}.JRTCKXETXF.{place}": {
            "unit": unit,
            "beginRange": starts[place],
            "endRange": starts[place + 1] if place + 1 < len(tiers) else "Inf",
            "description": f"${rate} per {unit}",
            "pricePerUnit": {"USD": f"{rate:.10f}"},
        }
        for place, rate in enumerate(tiers)
    }
    term = {"sku": sku, "effectiveDate": PUBLISHED, "priceDimensions": dimensions}
    return {
        "product": {"productFamily": family, "sku": sku, "attributes": attributes},
        "serviceCode": attributes["servicecode"],
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
        "version": "20261001000000",
        "publicationDate": PUBLISHED,
    }


def _fits(product: Mapping[str, Any], asked: Mapping[str, str]) -> bool:
    known = {**product["product"]["attributes"], "productFamily": product["product"]["productFamily"]}
    return all(known.get(field) == value for field, value in asked.items())


def _dearer(product: dict[str, Any]) -> dict[str, Any]:
    again = json.loads(json.dumps(product))
    for term in again["terms"]["OnDemand"].values():
        for dimension in term["priceDimensions"].values():
            dimension["pricePerUnit"]["USD"] = f"{2 * float(dimension['pricePerUnit']['USD']):.10f}"
    return again
