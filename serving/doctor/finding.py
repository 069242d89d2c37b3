"""One thing that was looked at."""

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not well."""

    name: str
    state: State
    text: str

    @classmethod
    def ok(cls, name: str, text: str) -> "Finding":
        """Say that all is well."""
        return cls(name, "ok", text)

    @classmethod
    def warn(cls, name: str, text: str) -> "Finding":
        """Say that the service runs, but somebody should look."""
        return cls(name, "warn", text)

    @classmethod
    def fail(cls, name: str, text: str) -> "Finding":
        """Say that the service does not start, or cannot be relied on."""
        return cls(name, "fail", text)

    @property
    def failed(self) -> bool:
        """Whether the service cannot be relied on."""
        return self.state == "fail"

    def __str__(self) -> str:
        return f"{self.state:4}  {self.name}: {self.text}"
