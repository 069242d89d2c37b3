"""A reading of accumulating patients that stays valid however often one looks.

Every limit is a bound on a ratio r = E[top] / E[bottom] of two numbers that each patient brings,
both within ranges known beforehand. Against "r <= c" one bets on gain = top - c bottom >= -b: with
patients exchangeable and a constant mean, each product of (1 + f gain / b), 0 < f < 1, is a
supermartingale while r <= c holds, and so is the mean over a fixed set of f. By Ville's inequality
it *ever* reaches 1 / error with probability `error` at most, so one may look after every patient.
The values of c that were never rejected form a confidence sequence.

Betting: Waudby-Smith & Ramdas 2023, doi:10.1093/jrsssb/qkad009. Time-uniform bounds: Howard et al.
2021, doi:10.1214/20-AOS1991.

What breaks it: an order of patients that depends on their outcome, patients who are lost because
of it, or a practice that changes while one watches (then the figure is of a mixture).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from training.bootstrap import FloatArray

FRACTIONS = np.geomspace(0.02, 0.95, 12)
"""Fixed beforehand: bets for effects from faint to strong, none tuned to what came."""

MOST_PATIENTS_AHEAD = 2000
State = Literal["met", "not met", "cannot tell yet"]
OPEN: State = "cannot tell yet"
_SMALLEST_LOSS = 1e-9


@dataclass(frozen=True, eq=False)
class Ratio:
    """What n patients bring to a ratio of means, in the order in which they entered.

    Parameters
    ----------
    top, bottom : (n,)
    top_range, bottom_range : lowest and highest legal value, known before any patient.
    candidates : (m,) ascending values that the ratio may have; the interval is read on them.
    """

    top: FloatArray
    bottom: FloatArray
    top_range: tuple[float, float]
    bottom_range: tuple[float, float]
    candidates: FloatArray

    def __len__(self) -> int:
        return len(self.top)

    @property
    def estimate(self) -> float:
        """The ratio so far; NaN without patients or with nothing below the line."""
        below = float(self.bottom.sum())
        return float(self.top.sum()) / below if below > 0 else float("nan")

    def shares(self, value: float, *, above: bool) -> FloatArray:
        """Return each patient's gain as a share of the largest possible loss, (n,), at least -1.

        Parameters
        ----------
        value : the ratio that is bet against.
        above : bet that the true ratio lies above `value`, else below.
        """
        gain = self.top - value * self.bottom
        ends = [value * end for end in self.bottom_range]
        if above:
            return gain / max(max(ends) - self.top_range[0], _SMALLEST_LOSS)
        return -gain / max(self.top_range[1] - min(ends), _SMALLEST_LOSS)


@dataclass(frozen=True)
class Reading:
    """What can be said of one limit now.

    Parameters
    ----------
    state : met, not met, or cannot tell yet.
    n : patients that tell of this limit.
    estimate : the ratio so far.
    low, high : running interval; see :func:`read_bound` for its two errors.
    more : patients of this kind until it is met, if they go on as those so far; None where it would
        not be met within MOST_PATIENTS_AHEAD.
    """

    state: State
    n: int
    estimate: float
    low: float
    high: float
    more: int | None


def log_wealth(shares: FloatArray) -> FloatArray:
    """Return the logarithm of the mean wealth after each patient, (n,), of (..., n) shares."""
    by_fraction = np.cumsum(np.log1p(FRACTIONS * shares[..., None]), axis=-2)
    return _mean_of_bets(by_fraction)


def read_bound(
    ratio: Ratio, limit: float, error: float, error_against: float, *, at_least: bool
) -> Reading:
    """Read one limit after the patients so far.

    Parameters
    ----------
    limit : what the ratio has to reach (`at_least`) or may not exceed.
    error : probability at most that "met" is ever said while the limit does not hold.
    error_against : the same for "not met" while it does hold.
    """
    more_of = _never_rejected(ratio, error if at_least else error_against, above=True)
    less_of = _never_rejected(ratio, error_against if at_least else error, above=False)
    low, high = _ends(ratio, more_of, less_of)
    states: tuple[tuple[State, bool], ...] = (
        ("not met", _ever_rejected(ratio, limit, error_against, above=not at_least)),
        (
            "met",
            _ever_rejected(ratio, limit, error, above=at_least) and _now(ratio, limit, at_least),
        ),
    )
    state = next((name for name, holds in states if holds), OPEN)
    more = None if state != OPEN else _more(ratio, limit, error, above=at_least)
    return Reading(state, len(ratio), ratio.estimate, low, high, more)


def _now(ratio: Ratio, limit: float, at_least: bool) -> bool:
    """Whether the ratio so far keeps the limit: a limit once met is not met while it is broken."""
    return ratio.estimate >= limit if at_least else ratio.estimate <= limit


def _ever_rejected(ratio: Ratio, value: float, error: float, *, above: bool) -> bool:
    wealth = log_wealth(ratio.shares(value, above=above))
    return bool(len(wealth)) and float(wealth.max()) >= -np.log(error)


def _never_rejected(ratio: Ratio, error: float, *, above: bool) -> FloatArray:
    kept = [
        value
        for value in ratio.candidates
        if not _ever_rejected(ratio, float(value), error, above=above)
    ]
    return np.array(kept)


def _ends(ratio: Ratio, not_above: FloatArray, not_below: FloatArray) -> tuple[float, float]:
    """Return the lowest value not rejected from above, the highest not rejected from below."""
    ends = ratio.candidates
    low = float(not_above.min()) if len(not_above) else float(ends[-1])
    high = float(not_below.max()) if len(not_below) else float(ends[0])
    return low, high


def _more(ratio: Ratio, limit: float, error: float, *, above: bool) -> int | None:
    """Return how many patients more would do if the mean growth of every bet stayed as it is."""
    if not len(ratio):
        return None
    growth = np.log1p(FRACTIONS * ratio.shares(limit, above=above)[:, None])
    ahead = np.arange(1, MOST_PATIENTS_AHEAD + 1)[:, None]
    reached = _mean_of_bets(growth.sum(axis=0) + ahead * growth.mean(axis=0)) >= -np.log(error)
    return int(reached.argmax()) + 1 if reached.any() else None


def _mean_of_bets(by_fraction: FloatArray) -> FloatArray:
    mean: FloatArray = np.logaddexp.reduce(by_fraction, axis=-1) - np.log(len(FRACTIONS))
    return mean
