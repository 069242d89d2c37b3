"""Inverse-probability-of-censoring weights, learnt from the rows they are given.

A row whose window was cut short says nothing about its outcome. Rows that were seen to the end
stand in for it: each is weighted by one over its probability of still being observed when its
outcome was settled (Graf et al., Stat Med 1999;18:2529).

Assumption: within a landmark day, who is censored does not depend on who would have had the
event. Discharge of well patients breaks it mildly; the other conventions for the end of a record,
shown as a sensitivity table, say how much that could matter. Weights are learnt, so a
cross-validated fit learns the curve on its training rows and applies it to the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Floats = npt.NDArray[np.float64]

SMALLEST_SHARE_OBSERVED = 0.05
"""No row stands for more than twenty: smaller probabilities are raised to this one."""


@dataclass(frozen=True, slots=True)
class _Curve:
    """Kaplan-Meier of staying observed: a step down to `share` just after each of `days`."""

    days: Floats
    share: Floats

    def just_before(self, days: Floats) -> Floats:
        """Return the probability of being observed up to, not beyond, each of `days`."""
        return np.concatenate(([1.0], self.share))[np.searchsorted(self.days, days, side="left")]


@dataclass(frozen=True, slots=True)
class CensoringCurve:
    """The chance of still being observed, over days since the landmark, by landmark day.

    A landmark day that was not seen in the fit uses the curve of all days together.
    """

    by_landmark: Mapping[float, _Curve]
    pooled: _Curve

    def weights(self, rows: pd.DataFrame) -> Floats:
        """Return one weight a row: 0 where censored, else one over the share still observed.

        Parameters
        ----------
        rows : DataFrame
            Rows of :func:`features.questions.labels`.

        Returns
        -------
        ndarray of shape (n_rows,)
        """
        days = _days_in_sight(rows)
        landmarks = rows["landmark_day"].to_numpy(dtype=float)
        share = np.ones(len(rows))
        for landmark in np.unique(landmarks):
            mine = landmarks == landmark
            share[mine] = self.by_landmark.get(float(landmark), self.pooled).just_before(days[mine])
        settled = (rows["status"] != "censored").to_numpy()
        return np.where(settled, 1.0 / np.maximum(share, SMALLEST_SHARE_OBSERVED), 0.0)


def fit_censoring(rows: pd.DataFrame) -> CensoringCurve:
    """Learn how long rows stay observed.

    Parameters
    ----------
    rows : DataFrame
        Rows of :func:`features.questions.labels`; only `landmark_day`, `instant`, `ended_instant`
        and `status` are read.

    Returns
    -------
    CensoringCurve
    """
    days = _days_in_sight(rows)
    censored = (rows["status"] == "censored").to_numpy()
    landmarks = rows["landmark_day"].to_numpy(dtype=float)
    return CensoringCurve(
        by_landmark={
            float(day): _kaplan_meier(days[landmarks == day], censored[landmarks == day])
            for day in np.unique(landmarks)
        },
        pooled=_kaplan_meier(days, censored),
    )


def _days_in_sight(rows: pd.DataFrame) -> Floats:
    ended = rows["ended_instant"].to_numpy(dtype=float)
    # Rounded so that 8.3 - 7.3 and 3.0 - 2.0 are one time; 1e-9 days is a tenth of a millisecond.
    return np.round(ended - rows["instant"].to_numpy(dtype=float), 9)


def _kaplan_meier(days: Floats, censored: npt.NDArray[np.bool_]) -> _Curve:
    """Estimate the censoring distribution; at a tie, what settles a row comes before censoring."""
    times, lost = np.unique(days[censored], return_counts=True)
    ordered = np.sort(days)
    settled = np.sort(days[~censored])
    still = len(ordered) - np.searchsorted(ordered, times, side="left")
    tied = np.searchsorted(settled, times, "right") - np.searchsorted(settled, times, "left")
    share = np.cumprod(1.0 - lost / np.maximum(still - tied, 1))
    return _Curve(times, np.asarray(share, dtype=np.float64))
