"""A matrix whose columns have names: what every part of a risk model reads."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import NotAssessable

Floats = NDArray[np.float64]


@lru_cache(maxsize=512)
def _positions(names: tuple[str, ...], wanted: tuple[str, ...]) -> NDArray[np.intp]:
    at = {name: position for position, name in enumerate(names)}
    missing = [name for name in wanted if name not in at]
    if missing:
        raise NotAssessable(
            f"{len(missing)} predictor(s) that the model reads are not among the "
            f"{len(names)} columns: {', '.join(missing[:5])}. Build the matrix with the model's "
            "own predictor set; a value that was not measured is a NaN, not an absent column."
        )
    return np.array([at[name] for name in wanted], dtype=np.intp)


@dataclass(frozen=True, eq=False)
class NamedMatrix:
    """Predictor values with their column names, without the cost of a DataFrame.

    Parameters
    ----------
    names : tuple of str
        One name per column.
    numbers : ndarray of float64, shape (n_rows, n_columns)
        NaN where a value is missing.
    """

    names: tuple[str, ...]
    numbers: Floats

    def __len__(self) -> int:
        return len(self.numbers)

    def positions(self, wanted: tuple[str, ...]) -> NDArray[np.intp]:
        """Return the column numbers of the named columns.

        Raises
        ------
        NotAssessable
            If a column is absent.
        """
        return _positions(self.names, wanted)

    def take(self, wanted: tuple[str, ...]) -> Floats:
        """Values of the named columns, in that order, shape (n_rows, len(wanted)).

        Raises
        ------
        NotAssessable
            If a column is absent.
        """
        if wanted == self.names:
            return self.numbers
        return self.take_each(wanted)

    def take_each(self, wanted: tuple[str, ...]) -> Floats:
        """Return a fresh copy of the named columns, where a name may stand more than once."""
        # mode="clip" skips a bounds check that _positions has already made
        return np.take(self.numbers, _positions(self.names, wanted), axis=1, mode="clip")


Matrix = pd.DataFrame | NamedMatrix


def named_matrix(X: Matrix) -> NamedMatrix:
    """Give X as a NamedMatrix of float64; infinite values are refused.

    Raises
    ------
    NotAssessable
        If a value is infinite, which no reading can be.
    """
    if isinstance(X, NamedMatrix):
        return X
    numbers = np.ascontiguousarray(X.to_numpy(dtype=np.float64, na_value=np.nan))
    infinite = np.isinf(numbers).any(axis=0)
    if infinite.any():
        culprits = ", ".join(str(name) for name in X.columns[infinite][:5])
        raise NotAssessable(
            f"infinite values in {culprits}: a predictor is a finite number, or NaN if missing."
        )
    return NamedMatrix(tuple(map(str, X.columns)), numbers)
