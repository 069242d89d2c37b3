"""A block of the evaluation as one line of words."""

from __future__ import annotations

from training.block_words import words_of
from training.cards.evidence import Evidence


def block_words(e: Evidence, name: str) -> str | None:
    """Return the sentences of a block; None where the run has not computed it."""
    return " ".join(words_of(e.evaluation, name)) or None
