"""How far a long step has come, told to whoever watches."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Called with the step's name, how many parts are done, and how many there are."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Show it."""


def unwatched(step: str, done: int, total: int) -> None:
    """Show nothing."""
