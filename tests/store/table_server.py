"""A shared table on this computer (infra/local/table_server.py), and the store's access to it."""

from __future__ import annotations

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.store.dynamodb.table import SharedTable
from deepracer_admin.store.dynamodb.table_facts import create
from infra.local.table_server import TableServer

__all__ = ["TableServer", "a_table", "access_to"]


def access_to(url: str) -> AwsAccess:
    return AwsAccess(
        region="eu-west-1",
        endpoint_url=url,
        access_key_id="AKIAEXAMPLE",
        secret_access_key="secret",
        reach=Reach.PRACTICE,
    )


def a_table(url: str, name: str) -> SharedTable:
    """A handle of the table, which is made if it is not there."""
    table = SharedTable(access_to(url), name)
    create(table)
    return table
