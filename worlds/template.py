"""template.yaml as plain data, and the part of it that an emulator needs to hold state."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

STATEFUL = frozenset({"AWS::DynamoDB::Table", "AWS::SQS::Queue"})
_NAMED = "Account"
"""How the output ends that says an account's name: ``Acct2Account`` is ``acct_2``."""
_EXECUTES = re.compile(r"Execute\w+Function")


class _Loader(yaml.CSafeLoader):
    """Reads CloudFormation's short tags as their long forms."""


def _intrinsic(loader: _Loader, tag: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    match node:
        case yaml.ScalarNode():
            value = loader.construct_scalar(node)
        case yaml.SequenceNode():
            value = loader.construct_sequence(node, deep=True)
        case _:
            assert isinstance(node, yaml.MappingNode)  # noqa: S101 - the three kinds of node there are
            value = loader.construct_mapping(node, deep=True)
    if tag == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {tag if tag in {"Ref", "Condition"} else f"Fn::{tag}": value}


_Loader.add_multi_constructor("!", _intrinsic)


def read_template(path: Path) -> dict[str, Any]:
    """Read a template; short tags become ``{"Ref": ...}`` and ``{"Fn::GetAtt": [...]}``."""
    return parse_template(path.read_text(encoding="utf-8"))


def parse_template(text: str) -> dict[str, Any]:
    template: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader
    return template


def stateful_part(template: dict[str, Any]) -> dict[str, Any]:
    """Return a template of the table and the queues alone, as they stand in the whole one, and whose they are."""
    resources = {
        name: resource for name, resource in template["Resources"].items() if resource["Type"] in STATEFUL
    }
    named = {name: each for name, each in template["Outputs"].items() if name.endswith(_NAMED)}
    kept = ("AWSTemplateFormatVersion", "Parameters", "Conditions")
    return {key: template[key] for key in kept if key in template} | {
        "Resources": resources,
        "Outputs": {name: {"Value": {"Ref": name}} for name in resources} | named,
    }


def accounts_of(outputs: Mapping[str, str]) -> dict[str, str]:
    """Return the accounts that a stack's outputs name, each by what its resources' logical ids begin with."""
    return {name.removesuffix(_NAMED): said for name, said in outputs.items() if name.endswith(_NAMED)}


def accounts_in(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the accounts that a template serves, in the same form, by its executors' own variables.

    Templates of earlier versions say them nowhere else.
    """
    found = {}
    for logical_id, resource in template["Resources"].items():
        if _EXECUTES.fullmatch(logical_id) and resource["Type"] == "AWS::Serverless::Function":
            variables = resource["Properties"]["Environment"]["Variables"]
            found[logical_id.removeprefix("Execute").removesuffix("Function")] = variables["ARGO_EXECUTOR"]
    return found
