"""The time grid of what is seen: steps of 12 hours from lymphodepletion to day 30."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from features.sources.synthetic.paths import Paths
from features.sources.synthetic.states import CRS_GRADE, ICANS_GRADE, STEPS, STEPS_PER_DAY, Fate

BEFORE: Final = 6 * STEPS_PER_DAY
COLUMNS: Final = BEFORE + STEPS + 1
DAY_OF_COLUMN: Final = (np.arange(COLUMNS) - BEFORE) / STEPS_PER_DAY


class Seen:
    """The paths on the time grid, arrays of shape (n, COLUMNS); all quiet before column BEFORE.

    Attributes
    ----------
    crs, icans : ndarray of int
        States.
    crs_grade, icans_grade : ndarray of int
        Grades.
    alive : ndarray of bool
        Alive at the end of the step.
    """

    def __init__(self, paths: Paths) -> None:
        self.crs = _extended(paths.crs)
        self.icans = _extended(paths.icans)
        self.fate = _extended(paths.fate)
        self.alive: NDArray[np.bool_] = self.fate == Fate.ALIVE
        self.crs_grade = CRS_GRADE[self.crs]
        self.icans_grade = ICANS_GRADE[self.icans]

    @property
    def is_ill(self) -> NDArray[np.bool_]:
        """Whether any CRS or ICANS is present."""
        return (self.crs_grade > 0) | (self.icans_grade > 0)

    @property
    def is_sick(self) -> NDArray[np.bool_]:
        """Whether either is at grade 2 or more."""
        return (self.crs_grade >= 2) | (self.icans_grade >= 2)


def _extended(states: NDArray[np.int8]) -> NDArray[np.int8]:
    return np.pad(states, ((0, 0), (BEFORE, 0)))
