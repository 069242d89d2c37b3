"""Net benefit: what acting on a risk is worth, in true alerts, at the threshold of who acts.

A threshold t says that one missed event is as bad as (1 - t) / t needless actions. Net benefit is
TP / n - FP / n * t / (1 - t). Vickers and Elkin 2006, doi:10.1177/0272989X06295361. Standardised
net benefit divides by the event rate: 1 is the best there can be (Kerr et al. 2016,
doi:10.1200/JCO.2015.65.5654). Interventions avoided are those, in 100 rows, that acting on
everybody would take in excess at the same number of events found.

A row of a daily question is one day on which one could act, not one patient.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from training.bootstrap import FloatArray, summarise_columns
from training.judging.headline import Judged, averaged
from training.judging.rows import MODEL

CURVE_THRESHOLDS = tuple(round(0.01 * step, 2) for step in range(1, 51))
TREAT_ALL, TREAT_NONE = "treat_all", "treat_none"
PER_ROWS = 100


def decision_curve(
    judged: Judged, thresholds: Sequence[float] = CURVE_THRESHOLDS
) -> dict[str, Any]:
    """Return net benefit at each threshold, of the model, of every comparator, of all, of none.

    `differences` are model minus other under the same draws; each list is as long as `threshold`.
    """
    t = np.asarray(thresholds, dtype=np.float64)
    drawn = {name: _drawn(judged, name, t) for name in (MODEL, *judged.comparators)}
    events = judged.bootstrap.replicate({"rate": partial(event_rate, judged.rows.y)})["rate"]
    rate = events[:, None]
    drawn[TREAT_ALL] = rate - (1.0 - rate) * t / (1.0 - t)
    ours, none = drawn.pop(MODEL), np.zeros_like(rate * t)
    avoided = PER_ROWS * (ours - drawn[TREAT_ALL]) * (1.0 - t) / t
    return {
        "threshold": t.tolist(),
        MODEL: {
            "net_benefit": summarise_columns(ours),
            "standardised_net_benefit": summarise_columns(ours / np.where(rate > 0, rate, np.nan)),
            "interventions_avoided_per_100_rows": summarise_columns(avoided),
        },
        TREAT_ALL: {"net_benefit": summarise_columns(drawn[TREAT_ALL])},
        TREAT_NONE: {"net_benefit": summarise_columns(none)},
        "comparators": {
            name: {"net_benefit": summarise_columns(drawn[name])} for name in judged.comparators
        },
        "differences": {name: summarise_columns(ours - other) for name, other in drawn.items()},
        "reason": None if judged.rows.y.any() else "Nobody has the event: nothing can be gained.",
    }


def net_benefit(
    y: FloatArray, p: FloatArray, thresholds: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the net benefit of acting where p >= threshold, (b, t); NaN where nothing weighs.

    Parameters
    ----------
    y, p : (n,) outcomes and risks.
    thresholds : (t,) each above 0 and below 1.
    weights : (b, n).
    """
    w = np.atleast_2d(weights)
    total = w.sum(axis=1, keepdims=True)
    alerts = (p[:, None] >= thresholds).astype(np.float64)
    hit, needless = (w * y) @ alerts, (w * (1.0 - y)) @ alerts
    gained = hit - needless * thresholds / (1.0 - thresholds)
    return np.divide(gained, total, out=np.full_like(gained, np.nan), where=total > 0)


def event_rate(y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return the weighted share of events, (b,)."""
    w = np.atleast_2d(weights)
    total = w.sum(axis=1)
    return np.divide(w @ y, total, out=np.full_like(total, np.nan), where=total > 0)


def _drawn(judged: Judged, name: str, thresholds: FloatArray) -> FloatArray:
    y = judged.rows.y
    measures = [{"all": partial(net_benefit, y, p, thresholds)} for p in judged.risks[name]]
    return averaged(judged.bootstrap, measures)["all"]
