"""The environment contract: the variables a function reads, and the file argo.toml."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argo.domain.profile import Profile, parse_profile
from argo.domain.tables import ConfigurationError

if TYPE_CHECKING:
    from argo.domain.config import Configuration

MODES = ("live", "paper", "simulated")
LAYER_CONFIGURATION = "/opt/argo.toml"


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of one function; a missing or wrong one is named when it is needed."""

    variables: Mapping[str, str]

    @property
    def table_name(self) -> str:
        """The ledger's table."""
        return self._required("ARGO_TABLE_NAME")

    @property
    def mode(self) -> str:
        """``live``, ``paper`` or ``simulated``."""
        mode = self._required("ARGO_MODE")
        if mode not in MODES:
            raise ConfigurationError(f"ARGO_MODE = {mode!r}: one of {', '.join(MODES)}")
        return mode

    @property
    def executor(self) -> str:
        """The account this function serves."""
        return self._required("ARGO_EXECUTOR")

    @property
    def queue_url(self) -> str:
        """The account's queue."""
        return self._required("ARGO_QUEUE_URL")

    @property
    def dead_letter_url(self) -> str:
        """The account's dead-letter queue."""
        return self._required("ARGO_DLQ_URL")

    @property
    def queue_urls(self) -> Mapping[str, str]:
        """Executor to queue URL."""
        text = self._required("ARGO_QUEUE_URLS")
        try:
            urls = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"ARGO_QUEUE_URLS = {text!r}: not JSON") from error
        if not isinstance(urls, dict) or not all(isinstance(url, str) for url in urls.values()):
            raise ConfigurationError(f"ARGO_QUEUE_URLS = {text!r}: not an object of executor to URL")
        return urls

    @property
    def trading_url(self) -> str:
        """Address of the broker's trading API."""
        return self._required("APCA_API_BASE_URL")

    @property
    def data_url(self) -> str:
        """Address of the market data API."""
        return self._required("APCA_API_DATA_URL")

    @property
    def credentials_parameter(self) -> str:
        """Name of the SSM parameter that holds the broker's key."""
        return self._required("ARGO_CREDENTIALS_PARAMETER")

    @property
    def local_key(self) -> tuple[str, str] | None:
        """Key id and secret from the environment, which win over the parameter."""
        key, secret = self.variables.get("APCA_API_KEY_ID"), self.variables.get("APCA_API_SECRET_KEY")
        return (key, secret) if key and secret else None

    def configuration(self) -> "Configuration":
        """Load argo.toml from ``ARGO_CONFIG``, by default the layer's copy.

        Raises:
            ConfigurationError: the file can't be read or is wrong.
        """
        return load_configuration(self._configuration_file)

    def profile(self) -> Profile:
        """Load the table of the account this function serves, and no other: a cold start pays for what it needs.

        Raises:
            ConfigurationError: the file can't be read, or the table is missing or wrong.
        """
        path = self._configuration_file
        return parse_profile(_read(path), self.executor, str(path))

    @property
    def _configuration_file(self) -> Path:
        return Path(self.variables.get("ARGO_CONFIG") or LAYER_CONFIGURATION)

    def _required(self, name: str) -> str:
        value = self.variables.get(name)
        if not value:
            raise ConfigurationError(f"the environment variable {name} is not set")
        return value


def load_configuration(path: Path) -> "Configuration":
    """Load a configuration file.

    Raises:
        ConfigurationError: the file can't be read or is wrong.
    """
    from argo.domain.config import parse_configuration  # noqa: PLC0415 - half the models, not for every function

    return parse_configuration(_read(path), str(path))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: {error}") from error
