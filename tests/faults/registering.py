"""People who register at the portal of a shared table, as its API writes them: forms, and pressed buttons."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence

import boto3
from botocore.exceptions import ClientError

from infra.functions.items import FORM, LINK, PortalItems, typed
from infra.local.chain import KEYS
from tests.faults.client import EVENT, TABLE

DAY_S = 86_400


class Registering:
    """Writes what keep_form.js and confirm.js write. `sent`: addresses whose form was kept."""

    def __init__(self, url: str) -> None:
        self.client = boto3.client("dynamodb", endpoint_url=url, **KEYS)
        self.items = PortalItems(self.client, TABLE, EVENT)
        self.sent: list[str] = []
        self.pressed: set[str] = set()

    def send(self, people: Sequence[str]) -> None:
        for email in people:
            at = int(time.time())
            form = {
                "state": "asked", "at": at, "ttl": at + 7 * DAY_S, "email": email, "name": "", "racer_name": "",
                "new_to_ml": "no", "new_to_aws": "no", "answers": {}, "language": "en", "consent": "0",
            }  # fmt: skip
            self.items.put(FORM + hashlib.sha256(email.encode()).hexdigest(), form)
            self.sent.append(email)

    def press(self) -> int:
        """The button of every link that is open. Returns how many were pressed so far."""
        for item in self.items.all(LINK):
            if item["state"] == "open" and self._confirmed(item["sk"]):
                self.pressed.add(item["sk"])
        return len(self.pressed)

    def _confirmed(self, sk: str) -> bool:
        try:
            self.client.update_item(
                TableName=TABLE,
                Key=typed({"pk": f"EVENT#{EVENT}", "sk": sk}),
                UpdateExpression="SET #state = :confirmed, confirmed_at = :now",
                ConditionExpression="#state = :open AND expires > :now",
                ExpressionAttributeNames={"#state": "state"},
                ExpressionAttributeValues=typed({":confirmed": "confirmed", ":open": "open", ":now": int(time.time())}),
            )
        except ClientError:
            return False
        return True
