"""template.yaml as plain data, and the part of it that an emulator needs to hold state."""

from pathlib import Path
from typing import Any

import yaml

STATEFUL = frozenset({"AWS::DynamoDB::Table", "AWS::SQS::Queue"})


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
    """Return a template of the table and the queues alone, as they stand in the whole one."""
    resources = {
        name: resource for name, resource in template["Resources"].items() if resource["Type"] in STATEFUL
    }
    kept = ("AWSTemplateFormatVersion", "Parameters", "Conditions")
    return {key: template[key] for key in kept if key in template} | {
        "Resources": resources,
        "Outputs": {name: {"Value": {"Ref": name}} for name in resources},
    }


def logical_name(executor: str) -> str:
    """Return how an account's resources begin in the template: ``prop_firm`` is ``PropFirm``."""
    return "".join(part.capitalize() for part in executor.split("_"))


def executor_of(logical_name: str) -> str:
    """Return the executor that a CamelCase logical name stands for: ``PropFirm`` is ``prop_firm``."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in logical_name).lstrip("_")
