"""The broker's answer to one request, whatever carried it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: ``body`` is parsed JSON, or None where there was none."""

    status: int
    headers: Mapping[str, str]
    body: Any

    @property
    def fields(self) -> Mapping[str, Any]:
        """The body where it is a JSON object, else nothing."""
        return self.body if isinstance(self.body, dict) else {}

    @property
    def request_id(self) -> str | None:
        """Alpaca's X-Request-ID, which its support asks for."""
        return self.headers.get("X-Request-ID")
