"""A deployed stack as CloudFormation describes it, and the names it gives to what serves an account."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from itertools import compress
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from argo.domain.tables import ConfigurationError
from worlds.paths import TEMPLATE
from worlds.template import accounts_in, accounts_of, parse_template

if TYPE_CHECKING:
    from mypy_boto3_cloudformation import CloudFormationClient

type Clients = Callable[..., Any]
"""Makes a boto3 client of a service."""

_CONFIG = Config(connect_timeout=3, read_timeout=15, retries={"mode": "standard", "total_max_attempts": 2})
_REGIONS_AT_A_TIME = 10
_TABLE = "TableName"


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack's state, and its outputs, parameters and tags by name.

    ``resources`` are physical ids by logical ones, by type; ``accounts`` are names by what logical ids begin with.
    """

    name: str
    status: str
    updated_at: datetime
    outputs: Mapping[str, str]
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    resources: Mapping[str, Mapping[str, str]]
    accounts: Mapping[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return self.outputs[_TABLE]

    @property
    def mode(self) -> str:
        """What it trades with: ``live``, ``paper`` or ``simulated``."""
        return self.parameters["Mode"]

    @property
    def is_local(self) -> bool:
        """True on an emulator, which keeps no metrics and protects no table."""
        return bool(self.parameters.get("LocalEndpointUrl"))

    @property
    def queue_urls(self) -> dict[str, str]:
        """Every account's queue, by executor."""
        return self._urls("QueueUrl")

    @property
    def dead_letter_urls(self) -> dict[str, str]:
        """Every account's dead-letter queue, by executor."""
        return self._urls("DeadLetterQueueUrl")

    def physical_id(self, logical_id: str) -> str:
        """Return what AWS calls one of its resources.

        Raises:
            ConfigurationError: it has none by that name.
        """
        for found in self.resources.values():
            if logical_id in found:
                return found[logical_id]
        raise ConfigurationError(f"stack {self.name} has no {logical_id}: {TEMPLATE.name} of this checkout has")

    def _urls(self, kind: str) -> dict[str, str]:
        named = ((name, self.outputs.get(f"{prefix}{kind}")) for prefix, name in self.accounts.items())
        return {name: url for name, url in named if url is not None}


def aws_clients() -> Clients:
    """Return what makes clients by the machine's own AWS settings, which give up within seconds."""
    session = boto3.Session()
    return cache(lambda service: session.client(service, config=_CONFIG))


def regions_with(stack: str) -> list[str]:
    """Return the regions that have a stack of a name; one that does not answer has none."""
    session = boto3.Session()
    regions = session.get_available_regions("cloudformation")
    # Clients are thread-safe, making them is not.
    clients = [session.client("cloudformation", region_name=region, config=_CONFIG) for region in regions]

    def has(client: "CloudFormationClient") -> bool:
        try:
            client.describe_stacks(StackName=stack)
        except (BotoCoreError, ClientError):
            return False
        return True

    with ThreadPoolExecutor(_REGIONS_AT_A_TIME) as pool:
        return list(compress(regions, pool.map(has, clients)))


def read_stack(clients: Clients, name: str, *, resources: bool = True) -> Stack:
    """Read a stack, with or without its resources.

    Raises:
        ClientError, BotoCoreError: there is none by this name, or AWS does not tell.
        ConfigurationError: it is none of Argo's, or was never completed.
    """
    cloudformation = clients("cloudformation")
    described = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", [])}
    if _TABLE not in outputs:
        raise ConfigurationError(
            f"stack {name} ({described['StackStatus']}) has no output {_TABLE}: none of Argo's, or not complete"
        )
    found: defaultdict[str, dict[str, str]] = defaultdict(dict)
    if resources:
        for page in cloudformation.get_paginator("list_stack_resources").paginate(StackName=name):
            for each in page["StackResourceSummaries"]:
                found[each["ResourceType"]][each["LogicalResourceId"]] = each.get("PhysicalResourceId", "")
    return Stack(
        name=name,
        status=described["StackStatus"],
        updated_at=described.get("LastUpdatedTime") or described["CreationTime"],
        outputs=outputs,
        parameters={each["ParameterKey"]: each["ParameterValue"] for each in described.get("Parameters", [])},
        tags={each["Key"]: each["Value"] for each in described.get("Tags", [])},
        resources=found,
        accounts=accounts_of(outputs) or _accounts_of_template(cloudformation, name),
    )


def _accounts_of_template(cloudformation: "CloudFormationClient", name: str) -> dict[str, str]:
    """Return the accounts of a stack that an earlier version deployed, whose outputs do not say them."""
    body: Any = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    # botocore reads a template that is JSON.
    return accounts_in(parse_template(body) if isinstance(body, str) else body)
