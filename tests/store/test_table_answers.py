"""What AWS answers and moto does not: each is handled, or told in one sentence; nothing is written twice or half."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.stub import ANY, Stubber

from deepracer_admin.edge.aws import AwsAccess
from deepracer_admin.edge.reach import Reach
from deepracer_admin.errors import BadSettings, LeaseLost, StoreError, StoreUnusable
from deepracer_admin.model import Lease
from deepracer_admin.store.dynamodb.journal import Behind, Journal
from deepracer_admin.store.dynamodb.table import TRIES, Cancelled, SharedTable
from deepracer_admin.store.dynamodb.table_facts import findings
from tests.store.people import NOW

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def live(pauses: list[float]) -> Iterator[SharedTable]:
    access = AwsAccess(region="eu-west-1", access_key_id="AKIAEXAMPLE", secret_access_key="secret", profile="")
    table = SharedTable(access, "console", pause=pauses.append)
    yield table
    table.close()


@pytest.fixture
def aws(live: SharedTable) -> Iterator[Stubber]:
    with Stubber(live.client) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def test_a_live_table_is_asked_at_awss_own_host(live: SharedTable) -> None:
    """Not at one of the account's own (123456789012.ddb.REGION...), which the console would not admit."""
    assert live.client.meta.endpoint_url == "https://dynamodb.eu-west-1.amazonaws.com"
    assert live.client.meta.config.account_id_endpoint_mode == "disabled"
    with pytest.raises(BadSettings, match="leads to this computer"):
        SharedTable(AwsAccess(region="eu-west-1", endpoint_url="http://127.0.0.1:8000", reach=Reach.LIVE), "console")


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ThrottlingException", 400),
        ("ProvisionedThroughputExceededException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ],
)
def test_what_passes_by_is_asked_again_after_a_pause(
    live: SharedTable, aws: Stubber, pauses: list[float], code: str, status: int
) -> None:
    for _ in range(2):
        aws.add_client_error("get_item", code, "later", status)
    aws.add_response("get_item", {"Item": {"pk": {"S": "A"}, "n": {"N": "3"}}})
    assert live.get("A", "B") == {"pk": "A", "n": 3}
    assert len(pauses) == 2
    assert all(0 < pause <= 2 for pause in pauses)


def test_what_does_not_pass_by_ends_in_one_sentence(live: SharedTable, aws: Stubber) -> None:
    for _ in range(TRIES):
        aws.add_client_error("get_item", "ThrottlingException", "later", 400)
    with pytest.raises(StoreError, match="asks for a pause"):
        live.get("A", "B")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ExpiredTokenException", "renew the access key or sign-in with `aws sso login`"),
        ("UnrecognizedClientException", "does not accept the credentials"),
        ("AccessDeniedException", "AWS does not allow dynamodb:PutItem.*docs/permissions.md"),
        ("ValidationException", "refused: wrong"),
    ],
)
def test_what_needs_a_human_is_not_repeated(live: SharedTable, aws: Stubber, code: str, words: str) -> None:
    aws.add_client_error("put_item", code, "wrong", 400)
    with pytest.raises(StoreError, match=f"{words}.*Nothing was saved"):
        live.put({"pk": "A", "sk": "B"})


def test_a_missing_table_is_named_with_the_settings_to_correct(live: SharedTable, aws: Stubber) -> None:
    aws.add_client_error("query", "ResourceNotFoundException", "Requested resource not found", 400)
    with pytest.raises(StoreUnusable, match=r"There is no table console .*`store_table` and `store_region`"):
        list(live.query("A", "B", "C"))


def test_all_pages_are_read(live: SharedTable, aws: Stubber) -> None:
    last = {"pk": {"S": "A"}, "sk": {"S": "1"}}
    asked = {
        "TableName": "console",
        "KeyConditionExpression": ANY,
        "ExpressionAttributeValues": ANY,
        "ConsistentRead": True,
        "ReturnConsumedCapacity": "TOTAL",
    }
    used = {"TableName": "console", "CapacityUnits": 128.0}
    aws.add_response("query", {"Items": [last], "LastEvaluatedKey": last, "ConsumedCapacity": used}, asked)
    empty = {
        "Items": [],
        "LastEvaluatedKey": last,
        "ConsumedCapacity": used,
    }  # a page may hold nothing and not be the last
    aws.add_response("query", empty, {**asked, "ExclusiveStartKey": last})
    final = {"Items": [{"pk": {"S": "A"}, "sk": {"S": "2"}}], "ConsumedCapacity": used}
    aws.add_response("query", final, {**asked, "ExclusiveStartKey": last})
    assert [item["sk"] for item in live.query("A", "0", "9")] == ["1", "2"]
    assert (live.used.units["query"], live.used.calls["query"]) == (384.0, 3)


def _batch(numbers: range) -> list[dict[str, Any]]:
    return [{"PutRequest": {"Item": {"pk": {"S": "A"}, "sk": {"S": f"{number:03}"}}}} for number in numbers]


def test_a_batch_holds_25_and_what_was_left_unprocessed_is_asked_for_again(
    live: SharedTable, aws: Stubber, pauses: list[float]
) -> None:
    def asked(requests: list[dict[str, Any]]) -> dict[str, Any]:
        return {"RequestItems": {"console": requests}, "ReturnConsumedCapacity": "TOTAL"}

    left = _batch(range(20, 25))
    aws.add_response("batch_write_item", {"UnprocessedItems": {"console": left}}, asked(_batch(range(25))))
    aws.add_response("batch_write_item", {"UnprocessedItems": {}}, asked(left + _batch(range(25, 30))))
    live.put_all({"pk": "A", "sk": f"{number:03}"} for number in range(30))
    assert len(pauses) == 1


def test_a_batch_of_which_nothing_is_ever_processed_ends(live: SharedTable, aws: Stubber) -> None:
    for _ in range(TRIES):
        aws.add_response("batch_write_item", {"UnprocessedItems": {"console": _batch(range(1))}})
    with pytest.raises(StoreError, match="takes no more at the moment"):
        live.put_all([{"pk": "A", "sk": "000"}])


def test_a_condition_that_does_not_hold_tells_what_is_there(live: SharedTable, aws: Stubber) -> None:
    aws.add_client_error(
        "put_item",
        "ConditionalCheckFailedException",
        "The conditional request failed",
        400,
        modeled_fields={"Item": {"pk": {"S": "A"}, "holder": {"S": "two"}, "ids": {"SS": ["x"]}}},
    )
    with pytest.raises(Cancelled) as caught:
        live.put({"pk": "A", "sk": "B"}, condition="attribute_not_exists(pk)")
    assert caught.value.failed == {0: {"pk": "A", "holder": "two"}}


# ----------------------------------------------------------------------------------------------------- transactions


def publish(table: SharedTable, *leases: Lease, before: str = "t6") -> None:
    rows = {"records": {"gone": [], "rows": [["spring", "k", "", None, "{}"]]}}
    known = {"EVENT#spring": (7 if before else 0, before)}
    Journal(table, writer="w").publish("t7", "2026", {"EVENT#spring": rows}, known, leases, erases=False)


def cancelled(aws: Stubber, *reasons: dict[str, Any]) -> None:
    aws.add_client_error(
        "transact_write_items",
        "TransactionCanceledException",
        "Transaction cancelled",
        400,
        modeled_fields={"CancellationReasons": list(reasons)},
    )


NONE, FAILED = {"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"}
LEASE = Lease("worker", "one", 3, NOW)


def head(tx: str) -> dict[str, Any]:
    return {**FAILED, "Item": {"pk": {"S": "HEADS"}, "sk": {"S": "EVENT#spring"}, "tx": {"S": tx}, "n": {"N": "8"}}}


def test_a_conflict_between_two_transactions_is_asked_again(live: SharedTable, aws: Stubber) -> None:
    cancelled(aws, {"Code": "TransactionConflict"}, NONE)
    cancelled(aws, {"Code": "ThrottlingError"}, NONE)
    aws.add_response("transact_write_items", {})
    publish(live)


def test_a_head_that_moved_on_means_that_we_are_behind(live: SharedTable, aws: Stubber) -> None:
    cancelled(aws, head("other"), {"Code": "TransactionConflict"})
    with pytest.raises(Behind):
        publish(live)


def test_a_head_with_our_own_change_means_that_only_the_answer_was_lost(live: SharedTable, aws: Stubber) -> None:
    aws.add_client_error("transact_write_items", "InternalServerError", "?", 500)
    cancelled(aws, head("t7"), NONE)
    publish(live)


def test_a_lease_with_a_newer_holder_goes_before_everything_else(live: SharedTable, aws: Stubber) -> None:
    cancelled(aws, head("other"), NONE, FAILED)
    with pytest.raises(LeaseLost, match="taken over"):
        publish(live, LEASE)


def test_a_head_that_is_gone_means_another_table(live: SharedTable, aws: Stubber) -> None:
    cancelled(aws, FAILED, NONE)
    with pytest.raises(StoreUnusable, match="emptied or replaced"):
        publish(live)


def test_a_transaction_that_is_refused_for_good_says_why(live: SharedTable, aws: Stubber) -> None:
    cancelled(aws, {"Code": "ValidationError", "Message": "Item size has exceeded"}, NONE)
    with pytest.raises(StoreError, match=r"refused the change \(ValidationError\).*Nothing was saved"):
        publish(live)


def test_a_repeat_carries_the_same_token_and_leases_are_in_the_transaction(live: SharedTable, aws: Stubber) -> None:
    seen: list[dict[str, Any]] = []
    live.client.meta.events.register(
        "provide-client-params.dynamodb.TransactWriteItems", lambda params, **_: seen.append(params)
    )
    aws.add_client_error("transact_write_items", "TransactionInProgressException", "?", 400)
    aws.add_response("transact_write_items", {})
    publish(live, LEASE, LEASE)
    assert [each["ClientRequestToken"] for each in seen] == ["t7", "t7"]
    kinds = [next(iter(item)) for item in seen[0]["TransactItems"]]
    assert kinds == ["Update", "Put", "ConditionCheck"]
    assert seen[0]["TransactItems"][2]["ConditionCheck"]["Key"]["sk"] == {"S": "worker"}


# ------------------------------------------------------------------------------------------------------- the network


def failing(table: SharedTable, operation: str, failure: Callable[[], Exception]) -> list[int]:
    """Every request of this operation fails so, before it is sent; how many there were."""
    tries: list[int] = []

    def fail(**_: object) -> None:
        tries.append(1)
        raise failure()

    table.client.meta.events.register_first(f"before-send.dynamodb.{operation}", fail)
    return tries


def test_a_host_that_cannot_be_reached_means_that_nothing_was_saved(live: SharedTable) -> None:
    tries = failing(live, "TransactWriteItems", lambda: EndpointConnectionError(endpoint_url="https://dynamodb"))
    with pytest.raises(StoreError, match=r"cannot be reached.*Nothing was saved"):
        publish(live)
    assert len(tries) == TRIES


@pytest.mark.parametrize("failure", [ConnectionClosedError, ReadTimeoutError])
def test_answers_that_stay_lost_are_said_to_be_not_known(live: SharedTable, failure: type[Exception]) -> None:
    failing(live, "TransactWriteItems", lambda: failure(endpoint_url="https://dynamodb"))
    with pytest.raises(StoreError, match="Whether it was saved is not known yet"):
        publish(live)


# ------------------------------------------------------------------------------------------------------- the check


DESCRIBED = {
    "Table": {
        "TableName": "console",
        "TableStatus": "ACTIVE",
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
    }
}


def levels(table: SharedTable) -> dict[str, str]:
    return {finding.key: finding.level for finding in findings(table)}


def rights(aws: Stubber) -> None:
    aws.add_response("get_item", {})
    aws.add_response("query", {"Items": []})
    aws.add_response("put_item", {})
    aws.add_response("transact_write_items", {})
    aws.add_response("batch_write_item", {"UnprocessedItems": {}})


def protections(aws: Stubber, ttl: str, backups: str) -> None:
    aws.add_response(
        "describe_time_to_live", {"TimeToLiveDescription": {"TimeToLiveStatus": ttl, "AttributeName": "ttl"}}
    )
    recovery = {"PointInTimeRecoveryDescription": {"PointInTimeRecoveryStatus": backups}}
    aws.add_response(
        "describe_continuous_backups",
        {"ContinuousBackupsDescription": {"ContinuousBackupsStatus": "ENABLED", **recovery}},
    )


def test_a_good_table_is_green_all_over(live: SharedTable, aws: Stubber) -> None:
    aws.add_response("describe_table", DESCRIBED)
    rights(aws)
    protections(aws, "ENABLED", "ENABLED")
    assert set(levels(live).values()) == {"green"}


def test_protections_that_are_off_are_amber(live: SharedTable, aws: Stubber) -> None:
    aws.add_response("describe_table", DESCRIBED)
    rights(aws)
    protections(aws, "DISABLED", "DISABLED")
    assert levels(live) == {"keys": "green", "table": "green", "rights": "green", "ttl": "amber", "backups": "amber"}


def test_wrong_keys_and_missing_rights_are_red_with_what_to_do(live: SharedTable, aws: Stubber) -> None:
    wrong = {"Table": {**DESCRIBED["Table"], "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}
    aws.add_response("describe_table", wrong)
    aws.add_client_error("get_item", "AccessDeniedException", "no", 400)
    aws.add_client_error("describe_time_to_live", "AccessDeniedException", "no", 400)
    aws.add_client_error("describe_continuous_backups", "AccessDeniedException", "no", 400)
    found = {finding.key: finding for finding in findings(live)}
    assert (found["keys"].level, found["rights"].level, found["ttl"].level) == ("red", "red", "amber")
    assert "id (HASH)" in found["keys"].evidence
    assert "dynamodb:GetItem" in found["rights"].evidence
    assert "not known" in found["backups"].evidence


def test_an_absent_table_is_red_with_the_command_that_makes_it(live: SharedTable, aws: Stubber) -> None:
    aws.add_client_error("describe_table", "ResourceNotFoundException", "no", 400)
    (finding,) = findings(live)
    assert (finding.level, "store create" in finding.fix) == ("red", True)
