"""Broker credentials in the SSM parameter store."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from argo.adapters.aws.answers import FAULTS
from argo.domain.faults import BrokerFault, NotSent, Unauthorised
from argo.domain.tables import ConfigurationError
from argo.ports import Clock, Unavailable

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient


_MISSING = frozenset({"ParameterNotFound", "ParameterVersionNotFound"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """An Alpaca key; the secret never shows in a repr, so never in a log."""

    key_id: str
    secret_key: str = field(repr=False)


def read_credentials(client: "SSMClient", parameter: str) -> Credentials:
    """Read a SecureString of ``{"key_id", "secret_key"}``; a newline pasted with a key is taken off.

    Raises:
        ConfigurationError: the parameter is missing, or not of that form.
        Unavailable: it could not be read for now, whatever the reason: a role that is being changed is refused
            for a moment, and nothing but the parameter itself says that there is no key.
    """
    try:
        answer = client.get_parameter(Name=parameter, WithDecryption=True)
    except FAULTS as fault:
        if isinstance(fault, ClientError) and fault.response.get("Error", {}).get("Code") in _MISSING:
            raise ConfigurationError(f"credentials parameter {parameter}: {fault}") from fault
        raise Unavailable(f"credentials parameter {parameter}: {fault}") from fault
    try:
        values = json.loads(answer["Parameter"]["Value"])
        return Credentials(key_id=values["key_id"].strip(), secret_key=values["secret_key"].strip())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            f'credentials parameter {parameter}: not a JSON object {{"key_id", "secret_key"}}'
        ) from error


def without_key(failure: ConfigurationError | Unavailable) -> BrokerFault:
    """Return what a request to the broker ends as whose key could not be read.

    Where there is no key a person is called; one that is not told for now is waited for (FAILURES C03).
    """
    return NotSent(str(failure)) if isinstance(failure, Unavailable) else Unauthorised(str(failure))


_FAILED_FOR = timedelta(seconds=1)
"""How long a read that failed stands for those that follow; shorter than any message's backoff."""


class StoredKey:
    """The broker's key, read once for a process, and anew where the broker refuses it: it may have been replaced.

    Whoever asks while it is read waits for that one read and shares its result, a failure too: ten records of one
    batch do not ask ten times (FAILURES C03).
    """

    def __init__(self, read: Callable[[], Credentials], clock: Clock) -> None:
        """Read by ``read``, which raises as `read_credentials` does."""
        self.version = 0
        self._read = read
        self._clock = clock
        self._reading = Lock()
        self._known: Credentials | None = None
        self._confirmed_at: datetime | None = None
        self._failed: tuple[datetime, Exception] | None = None

    def __call__(self) -> Credentials:
        """Return the key.

        Raises:
            ConfigurationError, Unavailable: as `read_credentials`.
        """
        asked_at = self._clock.now()
        with self._reading:
            return self._known or self._fresh(asked_at)

    def renew(self, version: int, sent_at: datetime) -> bool:
        """Read the key anew where the broker has refused that of a ``version``; tell whether it is another now.

        Of requests that were ``sent_at`` one time and are all refused, the first one reads.

        Raises:
            ConfigurationError, Unavailable: as `read_credentials`.
        """
        asked_at = self._clock.now()
        with self._reading:
            if self.version != version:
                return True
            if self._confirmed_at is not None and sent_at <= self._confirmed_at:
                return False
            refused, self._known = self._known, None
            try:
                is_another = self._fresh(asked_at) != refused
            except Unavailable:
                self._known = refused
                raise
            self.version += is_another
            self._confirmed_at = self._clock.now()
            return is_another

    def _fresh(self, asked_at: datetime) -> Credentials:
        if self._failed is not None and asked_at <= self._failed[0] + _FAILED_FOR:
            raise self._failed[1]
        try:
            self._known, self._failed = self._read(), None
        except (ConfigurationError, Unavailable) as failure:
            self._failed = self._clock.now(), failure
            raise
        return self._known
