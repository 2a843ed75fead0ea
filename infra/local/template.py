"""Reads the deployed template: the numbers and wiring by which the local proof runs are those that are deployed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

__all__ = ["TEMPLATE", "Deployed", "FieldResolver", "StreamMapping", "deployed", "read_template"]

INFRA = Path(__file__).resolve().parent.parent
TEMPLATE = INFRA / "template.yaml"


class _Loader(yaml.SafeLoader):
    """YAML with CloudFormation's functions: `!Ref X` is {"Ref": "X"}, `!GetAtt A.B` {"Fn::GetAtt": ["A", "B"]}."""


def _function(loader: _Loader, name: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True) if isinstance(node, yaml.MappingNode) else None
    if name == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {name if name in ("Ref", "Condition") else f"Fn::{name}": value}


_Loader.add_multi_constructor("!", _function)


@cache
def read_template(path: Path = TEMPLATE) -> dict[str, Any]:
    return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader with our own tags


@dataclass(frozen=True, slots=True)
class FieldResolver:
    """What stands behind a field: a file, and for a pipeline the files of its functions in order."""

    code: str
    functions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """How Lambda reads the table's stream for a function. `window` and `oldest` in seconds; `patterns` as JSON."""

    batch: int
    window: float
    retries: int
    oldest: float
    bisects: bool
    partial: bool
    patterns: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Deployed:
    """The deployed API and its stream. `resolvers` by field ("Mutation.register"); `handlers` by function."""

    schema: str
    resolvers: Mapping[str, FieldResolver]
    stream: StreamMapping
    handlers: Mapping[str, str]


def deployed(path: Path = TEMPLATE) -> Deployed:
    """Raises KeyError when the template has lost what the portal stands on."""
    resources = read_template(path)["Resources"]
    code = {
        name: each["Properties"]["CodeS3Location"].removeprefix("resolvers/")
        for name, each in resources.items()
        if each["Type"] == "AWS::AppSync::FunctionConfiguration"
    }
    resolvers = {}
    for each in resources.values():
        if each["Type"] == "AWS::AppSync::Resolver":
            given = each["Properties"]
            steps = given.get("PipelineConfig", {}).get("Functions", ())
            resolvers[f"{given['TypeName']}.{given['FieldName']}"] = FieldResolver(
                given["CodeS3Location"].removeprefix("resolvers/"),
                tuple(code[step["Fn::GetAtt"][0]] for step in steps),
            )
    stream = resources["Registrations"]["Properties"]["Events"]["Stream"]["Properties"]
    return Deployed(
        schema=(path.parent / resources["ApiSchema"]["Properties"]["DefinitionS3Location"]).read_text(encoding="utf-8"),
        resolvers=resolvers,
        stream=StreamMapping(
            batch=stream["BatchSize"],
            window=stream["MaximumBatchingWindowInSeconds"],
            retries=stream["MaximumRetryAttempts"],
            oldest=stream["MaximumRecordAgeInSeconds"],
            bisects=stream["BisectBatchOnFunctionError"],
            partial="ReportBatchItemFailures" in stream["FunctionResponseTypes"],
            patterns=tuple(json.loads(each["Pattern"]) for each in stream["FilterCriteria"]["Filters"]),
        ),
        handlers={
            name: each["Properties"]["Handler"]
            for name, each in resources.items()
            if each["Type"] == "AWS::Serverless::Function"
        },
    )
