"""The states of the chain and the time axis that everything synthetic shares."""

from enum import IntEnum
from typing import Final

import numpy as np

STEPS_PER_DAY: Final = 2
DAYS: Final = 30
STEPS: Final = STEPS_PER_DAY * DAYS


class Crs(IntEnum):
    """CRS: the grade, and whether tocilizumab was given (``_T``)."""

    NONE = 0
    PRODROME = 1
    G1 = 2
    G1_T = 3
    G2 = 4
    G2_T = 5
    G3 = 6
    G3_T = 7
    G4 = 8
    RESOLVED = 9


class Icans(IntEnum):
    """ICANS: the grade; from grade 2 on steroids are given, and ``G1_T`` is after them."""

    NONE = 0
    G1 = 1
    G1_T = 2
    G2 = 3
    G3 = 4
    G4 = 5
    RESOLVED = 6


CRS_GRADE: Final = np.array([0, 0, 1, 1, 2, 2, 3, 3, 4, 0], dtype=np.int8)
ICANS_GRADE: Final = np.array([0, 1, 1, 2, 3, 4, 0], dtype=np.int8)
CRS_TREATED: Final = np.array([0, 0, 0, 1, 0, 1, 0, 1, 1, 0], dtype=bool)


class Fate(IntEnum):
    """Alive, or what the patient died of."""

    ALIVE = 0
    DEATH_CRS = 1
    DEATH_ICANS = 2
    DEATH_OTHER = 3
