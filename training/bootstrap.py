"""Patient bootstrap of a figure: whole patients are drawn, all replicates at once.

Each replicate is a weighting of the same rows, so a figure is computed for many replicates by one
vectorised pass over rows that were sorted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]
Measure = Callable[[FloatArray], FloatArray]  # weights (b, n) -> figures (b,) or (b, k)

CELLS_AT_ONCE = 4_000_000  # weights held in memory together: 32 MB


@dataclass(frozen=True)
class Estimate:
    """A figure and its percentile interval; None where it cannot be computed."""

    estimate: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """Return the three numbers by name."""
        return {"estimate": self.estimate, "low": self.low, "high": self.high}

    def holding(self) -> Estimate:
        """Draw the interval out to the estimate where all draws lie on one side of it.

        For figures that chance can only make larger (distances, squares): draws of patients add
        chance to the chance that is in the estimate already.
        """
        if self.estimate is None or self.low is None or self.high is None:
            return self
        return Estimate(self.estimate, min(self.low, self.estimate), max(self.high, self.estimate))


class PatientBootstrap:
    """Draws of patients with replacement, shared by every figure of one evaluation.

    Parameters
    ----------
    patients : (n,) patient of each row.
    row_weights : (n,) weight of each row (inverse probability of censoring, else 1).
    replicates : how many draws; draw 0 is the cohort as it is and comes on top of them.
    seed : the same seed draws the same patients, so that differences are paired.
    """

    def __init__(
        self,
        patients: npt.ArrayLike,
        row_weights: npt.ArrayLike,
        replicates: int = 1000,
        seed: int = 0,
    ) -> None:
        codes, names = pd.factorize(np.asarray(patients, dtype=object), sort=True)
        rng = np.random.default_rng(seed)
        n_patients = len(names)
        share = np.full(n_patients, 1.0 / max(n_patients, 1))
        drawn = rng.multinomial(n_patients, share, size=replicates) if n_patients else None
        whole = np.ones((1, n_patients))
        self.counts: FloatArray = whole if drawn is None else np.vstack([whole, drawn])
        self._codes = codes
        self._row_weights = np.asarray(row_weights, dtype=np.float64)

    def weighing(self, row_weights: npt.ArrayLike) -> PatientBootstrap:
        """Return the same draws of the same patients, their rows weighing otherwise, (n,)."""
        again = PatientBootstrap(self._codes, row_weights, 0)
        again.counts, again._codes = self.counts, self._codes
        return again

    def first(self, replicates: int) -> PatientBootstrap:
        """Return the same cohort with the first of its draws only."""
        fewer = PatientBootstrap(self._codes, self._row_weights, 0)
        fewer.counts, fewer._codes = self.counts[: 1 + replicates], self._codes
        return fewer

    def of_those_left_out(self, draws: int) -> PatientBootstrap:
        """Return the first draws with the patients that each of them left out, once each."""
        again = self.weighing(self._row_weights)
        again.counts = np.vstack([self.counts[:1], self.counts[1 : draws + 1] == 0])
        return again

    def row_weights(self) -> Iterator[FloatArray]:
        """Yield the weights of the rows, (n,), draw by draw, without the cohort itself."""
        for counts in self.counts[1:]:
            yield counts[self._codes] * self._row_weights

    def replicate(self, measures: Mapping[str, Measure]) -> dict[str, FloatArray]:
        """Return each figure under every draw, (1 + replicates,), the cohort itself first.

        A measure of k figures at once gives (1 + replicates, k).
        """
        step = max(1, CELLS_AT_ONCE // max(len(self._codes), 1))
        parts: dict[str, list[FloatArray]] = {name: [] for name in measures}
        for start in range(0, len(self.counts), step):
            weights = self.counts[start : start + step][:, self._codes] * self._row_weights
            for name, measure in measures.items():
                parts[name].append(measure(weights))
        return {name: np.concatenate(blocks) for name, blocks in parts.items()}


def summarise(figures: FloatArray, level: float = 0.95) -> Estimate:
    """Turn draws of a figure (the cohort itself first) into an estimate with its interval."""
    if len(figures) == 0 or not np.isfinite(figures[0]):
        return Estimate(None, None, None)
    usable = figures[1:][np.isfinite(figures[1:])]
    if len(usable) < 2:
        return Estimate(float(figures[0]), None, None)
    low, high = np.quantile(usable, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(float(figures[0]), float(low), float(high))


def summarise_columns(figures: FloatArray, level: float = 0.95) -> dict[str, list[float | None]]:
    """Turn draws of k figures, (1 + replicates, k), into three lists of k numbers."""
    found = [summarise(figures[:, at], level) for at in range(figures.shape[1])]
    return {
        "estimate": [one.estimate for one in found],
        "low": [one.low for one in found],
        "high": [one.high for one in found],
    }
