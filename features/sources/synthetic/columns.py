"""Rows as columns: what the blocks are made of before they become tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Words:
    """A text column as codes into a fixed list of words; -1 is missing."""

    codes: NDArray[Any]
    words: Sequence[str]

    def series(self) -> "pd.Series[str]":
        """Return the column as text."""
        categories = pd.Index(list(self.words), dtype="str")
        return pd.Series(pd.Categorical.from_codes(self.codes, categories)).astype("str")


def code_of(words: Sequence[str]) -> Mapping[str, int]:
    """Return the position of each word."""
    return {word: position for position, word in enumerate(words)}


def joined(parts: Sequence[Columns]) -> Columns:
    """Return the parts below each other, ordered by course, then as given."""
    stacked = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    order = np.argsort(stacked["course"], kind="stable")
    return {name: column[order] for name, column in stacked.items()}


def filled(n: int, value: Any, dtype: Any) -> NDArray[Any]:
    """Return a constant column."""
    return np.full(n, value, dtype=dtype)
