"""A deployed function, as Lambda describes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from console.doctor.finding import NotKnown

_PARTS_OF_AN_ARN = 7


@dataclass(frozen=True, slots=True)
class FunctionFacts:
    """A function; its variables name parameters and addresses, and hold no secret."""

    name: str
    arn: str
    state: str
    last_update: str
    modified_at: str
    runtime: str
    timeout: timedelta
    reserved: int | None
    code_sha256: str
    code_url: str = field(repr=False)
    layers: Sequence[str]
    variables: Mapping[str, str]

    def is_called_by(self, arn: str) -> bool:
        """Tell whether an ARN is this function's, or one of its aliases'."""
        return arn == self.arn or arn.startswith(f"{self.arn}:")


def read_function(name: str, answer: Mapping[str, Any]) -> FunctionFacts:
    """Read Lambda's answer of a function."""
    configuration = answer["Configuration"]
    return FunctionFacts(
        name=name,
        arn=":".join(configuration["FunctionArn"].split(":")[:_PARTS_OF_AN_ARN]),
        state=configuration.get("State", "Active"),
        last_update=configuration.get("LastUpdateStatus", "Successful"),
        modified_at=configuration["LastModified"][:16].replace("T", " "),
        runtime=configuration.get("Runtime", ""),
        timeout=timedelta(seconds=configuration["Timeout"]),
        reserved=answer.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
        code_sha256=configuration["CodeSha256"],
        code_url=answer["Code"]["Location"],
        layers=[layer["Arn"] for layer in configuration.get("Layers", [])],
        variables=configuration.get("Environment", {}).get("Variables", {}),
    )


def function_in(functions: Mapping[str, FunctionFacts | NotKnown], logical_id: str) -> FunctionFacts | NotKnown:
    """Return a function, which a stack may lack."""
    missing = NotKnown(f"function {logical_id}", f"the stack has no {logical_id}", "deploy it: make deploy")
    return functions.get(logical_id, missing)
