"""Days and instants: one place for what a day's number means in a cohort.

An *instant* is a number of days from the first infusion, with its hours as a fraction. A source
that resolves only days says "day 3" for anything between the instants 3.0 and 4.0, and is read at
the end of its day.
"""

from typing import Literal

import numpy as np
import numpy.typing as npt

Resolution = Literal["instant", "day"]

MOMENT = 1e-9
"""Instants closer than this (in days) are one; sums of days carry rounding error."""


def landmark_instant(day: float, resolution: str) -> float:
    """Return the instant at which landmark `day` is read: itself, or the end of that day."""
    return float(np.floor(day)) + 1.0 if resolution == "day" else float(day)


def happened_at(day: npt.NDArray[np.float64], resolution: str) -> npt.NDArray[np.float64]:
    """Return the instants of what is dated `day`: itself, or the end of its day."""
    return np.floor(day) + 1.0 if resolution == "day" else day
