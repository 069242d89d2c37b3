"""A block of the evaluation as one line of words, whatever figures it holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from training.cards.evidence import Evidence
from training.figures_in_words import interval

MOST_FIGURES = 12


def block_words(e: Evidence, name: str) -> str | None:
    """Return the figures of a block, each with its interval; None where the run has no block.

    The block is read as it stands, small cells as they were suppressed. What is longer than
    `MOST_FIGURES` is cut, and the line says so.
    """
    block = e.block(name)
    return None if block is None else words_of(block, name)


def words_of(block: Any, name: str) -> str | None:
    """Return a block in words under its name; None where it holds no figure."""
    found = list(_figures(block, ()))
    if not found:
        return None
    shown = "; ".join(f"{where} {figure}" for where, figure in found[:MOST_FIGURES])
    more = len(found) - MOST_FIGURES
    rest = f"; and {more} more figures in evaluation.json" if more > 0 else ""
    return f"{name.replace('_', ' ').capitalize()}: {shown}{rest}."


def _figures(part: Any, path: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    if isinstance(part, Mapping):
        if "estimate" in part:
            yield _named(path), interval({"it": part}, "it")
            return
        for key, inside in part.items():
            yield from _figures(inside, (*path, str(key)))
    elif isinstance(part, list):
        for number, inside in enumerate(part, 1):
            yield from _figures(inside, (*path, str(number)))
    elif part is not None:
        yield _named(path), f"{part:.4g}" if isinstance(part, float) else str(part)


def _named(path: tuple[str, ...]) -> str:
    return ", ".join(one.replace("_", " ") for one in path)
