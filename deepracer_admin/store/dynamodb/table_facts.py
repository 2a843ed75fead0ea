"""What a table must be: whose it is, its keys, what protects it, and how a rehearsal makes one."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from deepracer_admin.edge.aws_errors import aws_error
from deepracer_admin.errors import NotThere, StoreUnusable
from deepracer_admin.model import Finding
from deepracer_admin.store.dynamodb.table import NEVER_HELD, SERVICE, Cancelled, SharedTable
from deepracer_admin.store.sqlite_schema import MIGRATIONS

__all__ = ["KEYS", "admit", "create", "findings"]

ABOUT = "ABOUT"
KEYS = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
SCHEMA = len(MIGRATIONS)
TTL = "ttl"


def admit(table: SharedTable, mode: str, key_print: str) -> str:
    """The table's id; a table without one becomes ours. Raises StoreUnusable when it is not for this console: of the
    other mode, of another schema, or sealed with another key; StoreError.
    """
    found = table.get(ABOUT, ABOUT)
    if found is None:
        mine = {
            "pk": ABOUT, "sk": ABOUT, "mode": mode, "schema": SCHEMA, "id": secrets.token_hex(8), "key": key_print,
        }  # fmt: skip
        try:
            table.put(mine, condition=NEVER_HELD)
            return mine["id"]
        except Cancelled as cancelled:
            found = cancelled.failed[0] or table.get(ABOUT, ABOUT) or mine
    if found["mode"] != mode:
        raise StoreUnusable(
            f"The table {table.name} was made in {found['mode']} mode: start in that mode, or set `store_table` to "
            f"another table for {mode} mode."
        )
    if found["schema"] != SCHEMA:
        older = int(found["schema"]) < SCHEMA
        way_out = (
            "copy it to a file with that version, and into a new table with this one."
            if older
            else "update the console, then start it again."
        )
        raise StoreUnusable(
            f"The table {table.name} was written by {'an older' if older else 'a newer'} version of this console: "
            + way_out
        )
    if found["key"] != key_print:
        raise StoreUnusable(
            f"The consoles of the table {table.name} share one key, and this one has another: set "
            "DEEPRACER_ADMIN_SECRET_KEY here to the key of the others."
        )
    return str(found["id"])


def create(table: SharedTable) -> bool:
    """Make the table as the template does, for a rehearsal. False when it is there already. Raises ServiceError."""
    client = table.client
    try:
        client.create_table(
            TableName=table.name,
            KeySchema=KEYS,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )
        client.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1, "MaxAttempts": 60})
        made = True
    except ClientError as failure:
        if failure.response["Error"]["Code"] != "ResourceInUseException":
            raise aws_error(failure, SERVICE, "create_table", reads=False) from None
        made = False
    except (BotoCoreError, OSError) as failure:
        raise aws_error(failure, SERVICE, "create_table", reads=False) from None
    try:
        if not _has_ttl(table):
            client.update_time_to_live(
                TableName=table.name, TimeToLiveSpecification={"Enabled": True, "AttributeName": TTL}
            )
        client.update_continuous_backups(
            TableName=table.name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )
    except (ClientError, BotoCoreError, OSError) as failure:
        raise aws_error(failure, SERVICE, "update_table", reads=False) from None
    return made


def findings(table: SharedTable) -> list[Finding]:
    """What is missing or wrong about the table, each with its fix; all green when nothing is. Asks, changes nothing."""
    try:
        described = table.client.describe_table(TableName=table.name)["Table"]
    except (ClientError, BotoCoreError, OSError) as failure:
        error = aws_error(failure, SERVICE, "describe_table", reads=True, renewal=table.renewal, profile=table.profile)
        fix = "Make it: the template does so (docs/deploy.md), in a rehearsal `python -m deepracer_admin store create`."
        if isinstance(error, NotThere):
            return [
                Finding("table", "Table", "red", f"There is no table {table.name} in this account and region.", fix)
            ]
        return [Finding("table", "Table", "red", error.sentence)]
    return [
        _keys(described),
        _active(described),
        _rights(table),
        _switch(table, "ttl", "Time to live", lambda: _has_ttl(table), f"Switch time to live on, attribute `{TTL}`."),
        _switch(table, "backups", "Point-in-time recovery", lambda: _has_backups(table), "Switch it on: 35 days back."),
    ]


def _keys(described: Mapping[str, Any]) -> Finding:
    kinds = {each["AttributeName"]: each["AttributeType"] for each in described["AttributeDefinitions"]}
    shown = ", ".join(f"{each['AttributeName']} ({each['KeyType']})" for each in described["KeySchema"])
    if [*described["KeySchema"]] == KEYS and kinds.get("pk") == kinds.get("sk") == "S":
        return Finding("keys", "Keys", "green", "Partition key pk and sort key sk, both strings.")
    return Finding(
        "keys", "Keys", "red", f"The table's keys are {shown}.",
        "Keys cannot be changed: make another table, with the partition key pk and the sort key sk, both strings.",
    )  # fmt: skip


def _active(described: Mapping[str, Any]) -> Finding:
    state = str(described.get("TableStatus", ""))
    level = "green" if state in ("ACTIVE", "UPDATING") else "red"
    return Finding("table", "Table", level, f"{described['TableName']} is {state.lower()}.", "Wait until it is active.")


def _rights(table: SharedTable) -> Finding:
    """Reading and writing, tried on an item that nobody uses."""
    try:
        table.get(ABOUT, "CHECK")
        list(table.query(ABOUT, "CHECK", "CHECK"))
        table.put({"pk": ABOUT, "sk": "CHECK"})
        table.transact([{"ConditionCheck": {
            "Key": {"pk": {"S": ABOUT}, "sk": {"S": "CHECK"}}, "ConditionExpression": "attribute_exists(pk)",
        }}], token=secrets.token_hex(8))  # fmt: skip
        table.delete_all([(ABOUT, "CHECK")])
    except Cancelled:  # another check was here at the same time
        pass
    except Exception as error:  # noqa: BLE001
        return Finding("rights", "Reading and writing", "red", getattr(error, "sentence", "It failed."))
    return Finding("rights", "Reading and writing", "green", "An item was written, read and deleted.")


def _switch(table: SharedTable, key: str, title: str, is_on: Any, fix: str) -> Finding:
    try:
        if is_on():
            return Finding(key, title, "green", "On.")
    except (ClientError, BotoCoreError, OSError) as failure:
        error = aws_error(failure, SERVICE, key, reads=True, renewal=table.renewal, profile=table.profile)
        return Finding(key, title, "amber", f"It is not known whether it is on. {error.sentence}", fix)
    return Finding(key, title, "amber", "Off.", fix)


def _has_ttl(table: SharedTable) -> bool:
    told = table.client.describe_time_to_live(TableName=table.name)["TimeToLiveDescription"]
    return told.get("TimeToLiveStatus") in ("ENABLED", "ENABLING") and told.get("AttributeName") == TTL


def _has_backups(table: SharedTable) -> bool:
    told = table.client.describe_continuous_backups(TableName=table.name)["ContinuousBackupsDescription"]
    return told.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus") == "ENABLED"
