"""What a fit tells the world while it runs, as a protocol, and the tracker that keeps silent.

A tracker is handed in by the command line. It receives names, settings, figures and aggregate
numbers; never a row of a cohort.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol


class ChildRun(Protocol):
    """One trial or one outer fold below the run of a fit."""

    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings."""

    def metrics(self, metrics: Mapping[str, float]) -> None:
        """Record numbers."""


class Tracker(Protocol):
    """The run of one fit."""

    def child(self, name: str, kind: str) -> AbstractContextManager[ChildRun]:
        """Open a child run; `kind` is "trial" or "fold"."""

    def params(self, params: Mapping[str, Any]) -> None:
        """Record settings."""

    def metrics(self, metrics: Mapping[str, float]) -> None:
        """Record numbers."""

    def figure(self, name: str, fig: Any) -> None:
        """Record a matplotlib figure under a file name."""

    def artifact(self, path: Path) -> None:
        """Record a file or a directory."""


class NoTracker:
    """Records nothing; the default of a fit that nobody watches."""

    @contextmanager
    def child(self, name: str, kind: str) -> Iterator[ChildRun]:
        """Open a child run that records nothing."""
        yield self

    def params(self, params: Mapping[str, Any]) -> None:
        """Ignore settings."""

    def metrics(self, metrics: Mapping[str, float]) -> None:
        """Ignore numbers."""

    def figure(self, name: str, fig: Any) -> None:
        """Ignore a figure."""

    def artifact(self, path: Path) -> None:
        """Ignore a file."""
