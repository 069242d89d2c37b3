"""What the training rows looked like, so that an answer can say where it leaves them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from features.columns import describe
from models.columns import Floats, Matrix, NamedMatrix, named_matrix

LOW_PERCENT, HIGH_PERCENT = 1.0, 99.0

Side = Literal["below", "above", "never_known"]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Quantiles:
    """Range of one predictor over the training rows; NaN where it was never known.

    Parameters
    ----------
    low, median, high : float
        Percentiles 1, 50 and 99 of the known values.
    missing_share : float
        Share of rows in which it is missing.
    """

    low: float
    median: float
    high: float
    missing_share: float

    def to_json(self) -> list[float | None]:
        """Return plain JSON; null for NaN."""
        return [None if np.isnan(x) else x for x in (self.low, self.median, self.high)] + [
            self.missing_share
        ]

    @classmethod
    def from_json(cls, saved: list[float | None]) -> Quantiles:
        """Read what :meth:`to_json` wrote."""
        low, median, high, missing = (float("nan") if x is None else float(x) for x in saved)
        return cls(low, median, high, missing)


NEVER_KNOWN = Quantiles(float("nan"), float("nan"), float("nan"), 1.0)


@dataclass(frozen=True)
class Unusual:
    """A value outside of what the model was trained on; the value itself is not repeated."""

    predictor: str
    side: Side

    @property
    def text(self) -> str:
        """The notice in clinical words."""
        label = describe(self.predictor).label
        if self.side == "never_known":
            return f"{label}: never known in the training cohort"
        share = "lower" if self.side == "below" else "higher"
        return f"{label}: {share} than in 99 % of the training rows"


class TrainingRanges(Mapping[str, Quantiles]):
    """Ranges of the predictors over the training rows, by name.

    Parameters
    ----------
    quantiles : mapping of predictor to Quantiles
    """

    def __init__(self, quantiles: Mapping[str, Quantiles]) -> None:
        self._quantiles = dict(quantiles)
        self._limits_of: dict[tuple[str, ...], tuple[tuple[str, ...], Floats, Floats, Bools]] = {}

    def __getitem__(self, predictor: str) -> Quantiles:
        return self._quantiles[predictor]

    def __iter__(self) -> Iterator[str]:
        return iter(self._quantiles)

    def __len__(self) -> int:
        return len(self._quantiles)

    def rows(self, predictors: Sequence[str]) -> tuple[Floats, Floats, Floats]:
        """Return low, median and high of the predictors, each of shape (k,); NaN where unknown."""
        found = [self._quantiles.get(name, NEVER_KNOWN) for name in predictors]
        low = np.array([q.low for q in found])
        return low, np.array([q.median for q in found]), np.array([q.high for q in found])

    def unusual(self, matrix: NamedMatrix, read: tuple[str, ...]) -> list[list[Unusual]]:
        """Return what lies outside among the columns read; a missing value lies nowhere."""
        names, low, high, never = self._limits(read)
        x = matrix.take(names)
        sides: list[tuple[Side, Bools]] = [("below", x < low), ("above", x > high)]
        if never.any():
            sides.append(("never_known", ~np.isnan(x) & never))
        found: list[list[Unusual]] = [[] for _ in range(len(matrix))]
        for side, outside in sides:
            for row, column in zip(*np.nonzero(outside), strict=True):
                found[row].append(Unusual(names[column], side))
        return found

    def _limits(self, read: tuple[str, ...]) -> tuple[tuple[str, ...], Floats, Floats, Bools]:
        """Return names, low, high, and whether it was never known, of what is known of `read`."""
        if read not in self._limits_of:
            names = tuple(name for name in read if name in self._quantiles)
            low, _, high = self.rows(names)
            self._limits_of[read] = names, low, high, np.isnan(low)
        return self._limits_of[read]

    def to_json(self) -> dict[str, list[float | None]]:
        """Return plain JSON, exact to the bit."""
        return {name: q.to_json() for name, q in self._quantiles.items()}

    @classmethod
    def from_json(cls, saved: Mapping[str, list[float | None]]) -> TrainingRanges:
        """Read what :meth:`to_json` wrote."""
        return cls({name: Quantiles.from_json(q) for name, q in saved.items()})


def training_ranges(X: Matrix) -> TrainingRanges:
    """Return the ranges of all columns of the training matrix; every row counts the same."""
    matrix = named_matrix(X)
    columns = enumerate(matrix.names)
    return TrainingRanges({name: _quantiles(matrix.numbers[:, at]) for at, name in columns})


def _quantiles(values: Floats) -> Quantiles:
    known = values[~np.isnan(values)]
    if not len(known):
        return NEVER_KNOWN
    low, median, high = np.percentile(known, [LOW_PERCENT, 50.0, HIGH_PERCENT]).tolist()
    return Quantiles(low, median, high, 1.0 - len(known) / len(values))
