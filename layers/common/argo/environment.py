"""The environment contract: the variables a function reads, and the file argo.toml."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from argo.domain.addresses import data_address, trading_address
from argo.domain.profile import Profile, parse_profile
from argo.domain.tables import ConfigurationError

if TYPE_CHECKING:
    from argo.domain.config import Configuration

MODES = ("live", "paper", "simulated")
LAYER_CONFIGURATION = "/opt/argo.toml"


class _Required:
    """A variable that has to be set; a missing one is named when it is needed."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __get__(self, environment: "Environment", _: type["Environment"]) -> str:
        value = environment.variables.get(self._name)
        if not value:
            raise ConfigurationError(f"the environment variable {self._name} is not set")
        return value


@dataclass(frozen=True, slots=True)
class Environment:
    """The variables of one function; ``executor`` is the account that it serves."""

    variables: Mapping[str, str]

    table_name = _Required("ARGO_TABLE_NAME")
    executor = _Required("ARGO_EXECUTOR")
    queue_url = _Required("ARGO_QUEUE_URL")
    dead_letter_url = _Required("ARGO_DLQ_URL")
    trading_url = _Required("APCA_API_BASE_URL")
    data_url = _Required("APCA_API_DATA_URL")
    credentials_parameter = _Required("ARGO_CREDENTIALS_PARAMETER")
    _mode = _Required("ARGO_MODE")
    _queue_urls = _Required("ARGO_QUEUE_URLS")

    @property
    def mode(self) -> str:
        """``live``, ``paper`` or ``simulated``."""
        mode = self._mode
        if mode not in MODES:
            raise ConfigurationError(f"ARGO_MODE = {mode!r}: one of {', '.join(MODES)}")
        return mode

    def check_addresses(self) -> None:
        """Refuse to start where mode and addresses do not belong together; what is not set is not looked at.

        Raises:
            ConfigurationError: an address is another mode's, or none of a broker's (FAILURES C80).
        """
        for name, belongs in (("APCA_API_BASE_URL", trading_address), ("APCA_API_DATA_URL", data_address)):
            if url := self.variables.get(name):
                try:
                    belongs(self.mode, url)
                except ConfigurationError as error:
                    raise ConfigurationError(f"{name}: {error}") from error

    @property
    def queue_urls(self) -> Mapping[str, str]:
        """Executor to queue URL."""
        text = self._queue_urls
        try:
            urls = json.loads(text)
        except ValueError as error:
            raise ConfigurationError(f"ARGO_QUEUE_URLS = {text!r}: not JSON") from error
        if not isinstance(urls, dict) or not all(isinstance(url, str) for url in urls.values()):
            raise ConfigurationError(f"ARGO_QUEUE_URLS = {text!r}: not an object of executor to URL")
        return urls

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
