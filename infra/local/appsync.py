"""AppSync's part of the local proof: authoriser, schema, resolvers in their order, DynamoDB, answers and errors.

The schema is the deployed one, the resolvers are the deployed files (resolvers.py), which resolver and which functions
stand behind a field is read from the deployed template (template.py). What is ours: this file, which does what AWS
documents of AppSync and no more. Not here: AppSync's own treatment of a failed condition whose item equals the wished
one as a success (our items carry their time), its caches, and its limits.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError
from graphql import (
    DocumentNode,
    ExecutionResult,
    GraphQLError,
    GraphQLResolveInfo,
    build_schema,
    execute_sync,
    parse,
    validate,
)
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from infra.local.resolvers import ResolverHost
from infra.local.template import Deployed

__all__ = ["AppSync"]

log = logging.getLogger(__name__)

UNAUTHORISED = {
    "errors": [{"errorType": "UnauthorizedException", "message": "You are not authorized to make this call."}]
}
CONDITION = "ConditionalCheckFailedException"
KEPT_QUERIES = 100
LONGEST_BODY = 1024 * 1024  # bytes; AppSync's own limit of a request
_plain = TypeDeserializer().deserialize

Authoriser = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class AppSync:
    """Answers GraphQL requests as the deployed API would. `table`: the DynamoDB client's table of this deployment."""

    def __init__(
        self,
        deployed: Deployed,
        host: ResolverHost,
        dynamodb: Any,
        table: str,
        *,
        authorise: Authoriser,
        environment: Mapping[str, str],
    ) -> None:
        self._deployed, self._host = deployed, host
        self._dynamodb, self._table = dynamodb, table
        self._authorise, self._environment = authorise, dict(environment)
        self._schema = build_schema(deployed.schema)
        self._documents: dict[str, DocumentNode] = {}

    def execute(self, body: Mapping[str, Any], authorization: str) -> tuple[int, dict[str, Any]]:
        """(status, answer) of one request."""
        query, variables = body.get("query"), body.get("variables") or {}
        if not isinstance(query, str) or not isinstance(variables, dict):
            return 400, {"errors": [{"errorType": "MalformedHttpRequestException", "message": "No query."}]}
        if not authorization:
            return 401, UNAUTHORISED
        context = {"queryString": query, "operationName": body.get("operationName"), "variables": variables}
        allowed = self._authorise({"authorizationToken": authorization, "requestContext": context})
        if not allowed.get("isAuthorized"):
            return 401, UNAUTHORISED
        identity = {"resolverContext": dict(allowed.get("resolverContext") or {})}
        denied = frozenset(allowed.get("deniedFields") or ())
        document = self._document(query)
        if isinstance(document, list):
            done = ExecutionResult(None, document)
        else:
            done = execute_sync(
                self._schema,
                document,
                root_value=_Root(self, identity, denied),
                variable_values=variables,
                operation_name=body.get("operationName"),
                field_resolver=_field,
            )
        answer: dict[str, Any] = {"data": done.data}
        if done.errors:
            answer["errors"] = [_told(error) for error in done.errors]
        return 200, answer

    def _document(self, query: str) -> DocumentNode | list[GraphQLError]:
        """The query as the schema understands it, or what is wrong with it. The page's few queries are kept: to judge
        one anew takes longer than to answer it."""
        if query not in self._documents:
            try:
                document = parse(query)
            except GraphQLError as error:
                return [error]
            if wrong := validate(self._schema, document):
                return wrong
            if len(self._documents) >= KEPT_QUERIES:
                self._documents.clear()
            self._documents[query] = document
        return self._documents[query]

    def resolve(self, field: str, arguments: Mapping[str, Any], identity: Mapping[str, Any]) -> Any:
        """One field by its resolver. Raises GraphQLError as AppSync tells it."""
        context: dict[str, Any] = {
            "args": dict(arguments),
            "arguments": dict(arguments),
            "identity": identity,
            "env": self._environment,
            "stash": {},
            "prev": {},
            "result": None,
            "error": None,
        }
        resolver = self._deployed.resolvers[field]
        if not resolver.functions:
            return self._one(resolver.code, context)
        before = self._part(resolver.code, "request", context)
        context["prev"] = {"result": before[0]}
        for code in resolver.functions:
            context["prev"] = {"result": self._one(code, context)}
        return self._part(resolver.code, "response", context)[0]

    def _one(self, code: str, context: dict[str, Any]) -> Any:
        """Request, data source, response of one file."""
        asked, early = self._part(code, "request", {**context, "result": None, "error": None})
        if early:
            return asked
        result, error = self._ask_table(asked)
        return self._part(code, "response", {**context, "result": result, "error": error})[0]

    def _part(self, code: str, part: str, context: Mapping[str, Any]) -> tuple[Any, bool]:
        answer = self._host.run(code, part, context)
        if answer.error is not None:
            told = answer.error
            raise GraphQLError(told["message"], extensions={"errorType": told["type"], "errorInfo": told.get("data")})
        return answer.result, answer.early

    def _ask_table(self, asked: Mapping[str, Any]) -> tuple[Any, dict[str, str] | None]:
        try:
            return self._ask(asked), None
        except ClientError as error:
            code = error.response["Error"]["Code"]
            item = error.response.get("Item") if code == CONDITION else None
            return _values(item), {"type": f"DynamoDB:{code}", "message": error.response["Error"]["Message"]}
        except BotoCoreError as error:
            return None, {"type": "DynamoDB:Unavailable", "message": type(error).__name__}

    def _ask(self, asked: Mapping[str, Any]) -> Any:
        operation, key = asked["operation"], asked["key"]
        condition = _expression("Condition", asked.get("condition"))
        if operation == "GetItem":
            found = self._dynamodb.get_item(
                TableName=self._table, Key=key, ConsistentRead=asked.get("consistentRead", False)
            )
            return _values(found.get("Item"))
        if condition:
            condition["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        if operation == "PutItem":
            item = {**asked["attributeValues"], **key}
            self._dynamodb.put_item(TableName=self._table, Item=item, **condition)
            return _values(item)
        if operation == "UpdateItem":
            given = _merged(_expression("Update", asked["update"]), condition)
            done = self._dynamodb.update_item(TableName=self._table, Key=key, ReturnValues="ALL_NEW", **given)
            return _values(done.get("Attributes"))
        raise GraphQLError(f"The stand-in knows no operation {operation}.")

    async def answer(self, request: Request) -> Response:
        """The HTTP face, for Starlette."""
        from starlette.concurrency import run_in_threadpool

        text = await request.body()
        try:
            body = json.loads(text) if len(text) <= LONGEST_BODY else None
        except ValueError:
            body = None
        if not isinstance(body, dict):
            told = {
                "errors": [{"errorType": "MalformedHttpRequestException", "message": "Unable to parse the request."}]
            }
            return JSONResponse(told, 400)
        status, answer = await run_in_threadpool(self.execute, body, request.headers.get("authorization", ""))
        return JSONResponse(answer, status)


class _Root:
    """What root fields need."""

    def __init__(self, api: AppSync, identity: Mapping[str, Any], denied: frozenset[str]) -> None:
        self.api, self.identity, self.denied = api, identity, denied


def _field(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    if not isinstance(source, _Root):
        return source.get(info.field_name) if isinstance(source, Mapping) else None
    name = f"{info.parent_type.name}.{info.field_name}"
    if name in source.denied:
        raise GraphQLError(
            f"Not Authorized to access {info.field_name} on type {info.parent_type.name}",
            extensions={"errorType": "Unauthorized"},
        )
    return source.api.resolve(name, arguments, source.identity)


def _told(error: GraphQLError) -> dict[str, Any]:
    extensions = error.extensions or {}
    kind = extensions.get("errorType", "ValidationError")
    if kind == "Code":
        log.error("a resolver failed: %s", error.message)
    return {"message": error.message, "errorType": kind, "path": error.path, "data": None}


def _expression(kind: str, given: Mapping[str, Any] | None) -> dict[str, Any]:
    if not given:
        return {}
    named: dict[str, Any] = {f"{kind}Expression": given["expression"]}
    if given.get("expressionNames"):
        named["ExpressionAttributeNames"] = dict(given["expressionNames"])
    if given.get("expressionValues"):
        named["ExpressionAttributeValues"] = dict(given["expressionValues"])
    return named


def _merged(update: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    both = {**update, **condition}
    for key in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
        if key in update or key in condition:
            both[key] = {**update.get(key, {}), **condition.get(key, {})}
    return both


def _values(item: Mapping[str, Any] | None) -> Any:
    if item is None:
        return None
    return json.loads(json.dumps({name: _plain(value) for name, value in item.items()}, default=_number))


def _number(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)
