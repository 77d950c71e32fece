"""Broker credentials in the SSM parameter store."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from argo.adapters.aws.answers import FAULTS, sorting
from argo.domain.tables import ConfigurationError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


@dataclass(frozen=True, slots=True)
class Credentials:
    """An Alpaca key; the secret never shows in a repr, so never in a log."""

    key_id: str
    secret_key: str = field(repr=False)


def read_credentials(client: "SSMClient", parameter: str) -> Credentials:
    """Read a SecureString of ``{"key_id", "secret_key"}``; a newline pasted with a key is taken off.

    Raises:
        ConfigurationError: the parameter is missing, not to be read, or not of that form.
        Unavailable: the parameter store is in the way for now.
    """
    try:
        with sorting():
            answer = client.get_parameter(Name=parameter, WithDecryption=True)
    except FAULTS as fault:
        raise ConfigurationError(f"credentials parameter {parameter}: {fault}") from fault
    try:
        values = json.loads(answer["Parameter"]["Value"])
        return Credentials(key_id=values["key_id"].strip(), secret_key=values["secret_key"].strip())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f'credentials parameter {parameter}: not a JSON object {{"key_id", "secret_key"}}'
        ) from error
