"""Finding the values that somebody filled in with the median of a class.

A table whose gaps were filled with the median of the outcome class (here the CRS grade of the day)
tells the outcome to any model. The fills can be found in the values themselves: within one class,
one number stands in the middle of all others and occurs far more often than its neighbours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

MIN_OCCURRENCES = 2
NEIGHBOUR_SHARE = 0.25
EXCESS = 3.0
FAMILY_ERROR = 1e-3
FAMILY_ERROR_WHERE_OTHERS_ARE_FILLED = 0.05
MEDIAN_TOLERANCE_SE = 3.0
_MAX_DECIMALS = 6


@dataclass(frozen=True, slots=True)
class _Candidate:
    """The commonest value of one class and how surprising it is."""

    value: float
    chance: float
    central: bool
    excess: float

    def is_fill(self, limit: float) -> bool:
        return self.central and self.excess >= EXCESS and self.chance < limit


def fill_values(values: NDArray[np.float64], classes: NDArray[np.float64]) -> dict[float, float]:
    """Return, for each class that was filled, the number its gaps were filled with.

    The commonest number of a class is taken for its fill when (a) it lies where the median of the
    other numbers lies, within `MEDIAN_TOLERANCE_SE` standard errors of a median rank, since the
    class may be a part of the one that was filled; (b) it occurs at least `EXCESS` times as often
    as numbers written with as few decimals near it, the nearest `NEIGHBOUR_SHARE` of the class;
    and (c) the Poisson chance of that, times the distinct numbers it was picked from, is below
    `FAMILY_ERROR`. Once one class of a column is filled the others probably are, and
    `FAMILY_ERROR_WHERE_OTHERS_ARE_FILLED` applies to them. A detection limit fails (a), a favourite
    round number (b). A class with one or two fills escapes.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        One column; NaN where empty.
    classes : ndarray of shape (n_rows,)
        The class of each row; NaN rows are left out.

    Returns
    -------
    dict
        class -> fill value.
    """
    known = np.isfinite(values) & np.isfinite(classes)
    found = {
        float(one): _candidate(values[known & (classes == one)])
        for one in np.unique(classes[known])
    }
    strict = any(c.is_fill(FAMILY_ERROR) for c in found.values() if c)
    limit = FAMILY_ERROR_WHERE_OTHERS_ARE_FILLED if strict else FAMILY_ERROR
    return {one: c.value for one, c in found.items() if c and c.is_fill(limit)}


def _candidate(values: NDArray[np.float64]) -> _Candidate | None:
    distinct, counts = np.unique(values, return_counts=True)
    top = int(counts.argmax())
    occurrences, value = int(counts[top]), float(distinct[top])
    others = values[values != value]
    if occurrences < MIN_OCCURRENCES or others.size == 0:
        return None
    rank = float(np.mean(others < value))
    tolerance = MEDIAN_TOLERANCE_SE * 0.5 / np.sqrt(others.size)
    expected = _expected_occurrences(others, value)
    return _Candidate(
        value=value,
        chance=float(poisson.sf(occurrences - 1, expected)) * distinct.size,
        central=abs(rank - 0.5) <= tolerance,
        excess=occurrences / expected,
    )


def _expected_occurrences(others: NDArray[np.float64], value: float) -> float:
    """Return how often a number as round as `value` occurs near it."""
    decimals = _decimals(value)
    distance = np.abs(others - value)
    near = others[distance <= np.quantile(distance, NEIGHBOUR_SHARE)]
    as_round = near[np.isclose(near, np.round(near, decimals), rtol=0, atol=1e-9)]
    grid_points = (near.max() - near.min()) * 10.0**decimals + 1.0
    return max(float(as_round.size), 0.5) / grid_points


def _decimals(value: float) -> int:
    for decimals in range(_MAX_DECIMALS):
        if abs(value - round(value, decimals)) < 1e-9:
            return decimals
    return _MAX_DECIMALS
