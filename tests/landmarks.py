"""Landmarks by hand, and what is known of a course at one."""

from typing import Any

import numpy as np
import pandas as pd

from features.matrix import PredictorSet, feature_matrix
from tests.builders import Row, a_cohort

EVERYTHING = PredictorSet()


def at(*pairs: tuple[str, float]) -> pd.DataFrame:
    """Return landmarks."""
    return pd.DataFrame(list(pairs), columns=["course_id", "instant"])


def seen_at(instant: float, *rows: Row | list[Row], **manifest: Any) -> pd.Series:
    """Return everything known of course A at `instant`."""
    cohort = a_cohort(*rows, **manifest)
    return feature_matrix(cohort, at(("A", instant)), EVERYTHING).iloc[0]


def bits(matrix: pd.DataFrame | np.ndarray) -> bytes:
    """Return the bytes, so that equal means equal to the bit (NaN included)."""
    return np.ascontiguousarray(np.asarray(matrix, dtype=np.float64)).tobytes()
