"""The same patients under the model's patient-bootstrap refits: how far a risk could have moved.

Had the hospital treated other patients of the same kind, it would have fitted another model. The
refits (the same that make the interval of an answer) stand for these other models, and each is
asked about the very rows that the model is judged on. Riley & Collins 2023,
doi:10.1002/bimj.202200302. The refits keep the chosen settings: the search is not repeated, so what
is found here is a lower bound of the instability of the whole procedure.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from models.columns import NamedMatrix
from models.logistic import sigmoid
from models.refits import LOWER, UPPER
from models.risk_model import RiskModel
from models.tiers import Tiers
from training.bootstrap import FloatArray
from training.judging.rows import JudgedRows
from training.judging.small_cells import FEWEST_PATIENTS
from training.metrics import FIGURES
from training.splits import IntArray

MOST_ROWS = 5000  # more are thinned to whole patients at random
SEED = 23  # of the patients chosen where there are more rows
BANDS = 20  # groups of rows of similar risk in the picture
ONE_IN_TEN = 0.1  # a row whose class changes in a tenth of the refits has no stable class
REFIT_FIGURES = ("calibration_slope", "calibration_intercept", "observed_to_expected", "auroc")


def instability(rows: JudgedRows, X: NamedMatrix, model: RiskModel) -> dict[str, Any] | None:
    """Return how much the refits disagree with the model; None for a model without refits.

    Parameters
    ----------
    rows : n rows with a known outcome.
    X : (n, predictors) of the same rows, as the model reads it.
    model : with its refits and tiers.

    Returns
    -------
    dict
        `prediction_error`: |risk by a refit - risk by the model|, averaged over refits for each
        row: its mean over rows (MAPE), median and 90th centile, in probability.
        `classification`: at each cut-off, the mean share of refits that put a row on the other
        side, and the share of rows that a tenth of the refits or more put there.
        `refits_on_these_rows`: 2.5 to 97.5 percentiles over refits of slope, intercept, observed
        to expected and AUROC on these rows. The model learnt from them: read it for the spread,
        not for the level.
        `band`: risks of the refits (2.5, 50, 97.5 percentiles) by the model's risk, in groups of
        :data:`FEWEST_PATIENTS` patients or more.
    """
    if model.refits is None or len(rows) == 0:
        return None
    at = some_patients(rows)
    part = rows.take(at)
    matrix = NamedMatrix(X.names, X.numbers[at])
    p, refits = model.predict(matrix), sigmoid(model.refits.margins(matrix))
    return {
        **part.counts,
        "refits": refits.shape[1],
        "prediction_error": prediction_error(p, refits, part.weight),
        "classification": classification(p, refits, part.weight, model.tiers),
        "refits_on_these_rows": _refits_on(part, p, refits),
        "band": band(part, p, refits),
    }


def some_patients(rows: JudgedRows) -> IntArray:
    """Return positions of whole patients, at random, at most MOST_ROWS rows or one patient."""
    codes, names = pd.factorize(rows.patients, sort=True)
    order = np.random.default_rng(SEED).permutation(len(names))
    within = np.cumsum(np.bincount(codes, minlength=len(names))[order]) <= MOST_ROWS
    within[:1] = True
    return np.flatnonzero(np.isin(codes, order[within]))


def prediction_error(p: FloatArray, refits: FloatArray, weight: FloatArray) -> dict[str, float]:
    """Return mean, median and 90th centile over rows of the mean absolute error of the refits.

    Parameters
    ----------
    p, weight : (n,) risks by the model and weights of the rows (they count in the mean).
    refits : (n, B) risks by the refits.
    """
    of_row = np.abs(refits - p[:, None]).mean(axis=1)
    return {
        "mean": float(np.average(of_row, weights=weight)),
        "median": float(np.median(of_row)),
        "centile_90": float(np.quantile(of_row, 0.9)),
    }


def classification(
    p: FloatArray, refits: FloatArray, weight: FloatArray, tiers: Tiers
) -> list[dict[str, Any]]:
    """Return, per cut-off above 0, how often refits put a row on the other side of it.

    Parameters
    ----------
    p, refits, weight : as of :func:`prediction_error`.
    """
    table = []
    for tier in tiers.tiers[1:]:
        other_side = ((refits >= tier.lower) != (p >= tier.lower)[:, None]).mean(axis=1)
        unstable = (other_side >= ONE_IN_TEN).astype(np.float64)
        table.append(
            {
                "tier": tier.name,
                "cut_off": tier.lower,
                "mean_share_of_refits": float(np.average(other_side, weights=weight)),
                "share_of_rows_unstable": float(np.average(unstable, weights=weight)),
            }
        )
    return table


def _refits_on(rows: JudgedRows, p: FloatArray, refits: FloatArray) -> dict[str, Any]:
    table = {}
    for name in REFIT_FIGURES:
        figure = FIGURES[name]
        own = float(figure(rows.y, p, rows.weight)[0])
        found = np.array([figure(rows.y, one, rows.weight)[0] for one in refits.T])
        usable = found[np.isfinite(found)]
        low, high = np.percentile(usable, [LOWER, UPPER]) if len(usable) else (np.nan, np.nan)
        table[name] = {
            "model": _finite(own), "low": _finite(low), "high": _finite(high)
        }  # fmt: skip
    return table


def band(rows: JudgedRows, p: FloatArray, refits: FloatArray) -> list[dict[str, float]]:
    """Return percentiles of the refits' risks along the model's, in groups of similar risk.

    Rows are taken in order of the model's risk; a group is closed once it holds its share of the
    rows and :data:`FEWEST_PATIENTS` patients, and too small a rest joins the group before it.
    """
    table = []
    for at in _groups(rows, np.argsort(p, kind="stable")):
        low, middle, high = np.percentile(refits[at], [LOWER, 50.0, UPPER])
        table.append(
            {
                "risk": float(p[at].mean()),
                "low": float(low),
                "median": float(middle),
                "high": float(high),
            }
        )
    return table


def _groups(rows: JudgedRows, order: IntArray) -> list[IntArray]:
    enough = max(1, len(order) // BANDS)
    groups: list[list[int]] = []
    now: list[int] = []
    whose: set[Any] = set()
    for at in order:
        now.append(int(at))
        whose.add(rows.patients[at])
        if len(now) >= enough and len(whose) >= FEWEST_PATIENTS:
            groups.append(now)
            now, whose = [], set()
    if now and groups:
        groups[-1].extend(now)
    return [np.array(group, dtype=np.int64) for group in groups]


def _finite(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
