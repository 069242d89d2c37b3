"""The Brier score taken apart: how far off, how far apart, how uncertain.

Brier = reliability - resolution + uncertainty + remainder. Murphy 1973,
doi:10.1175/1520-0450(1973)012<0595:ANVPOT>2.0.CO;2, holds where all risks of a group are equal;
the remainder (spread of risks within groups, less twice their covariance with the outcome) makes
the sum exact where they are not: Stephenson, Coelho and Jolliffe 2008,
doi:10.1175/2007WAF2006116.1.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from training.bootstrap import FloatArray, summarise
from training.judging.headline import Judged, averaged
from training.judging.rows import MODEL
from training.metrics import brier

GROUPS = 10
PARTS = ("brier", "reliability", "resolution", "uncertainty", "remainder", "scaled_brier")


def brier_parts(judged: Judged) -> dict[str, Any]:
    """Return the parts of the model's and every comparator's Brier score, with 95 % intervals."""
    names = (MODEL, *judged.comparators)
    tables = {name: _parts_of(judged, name) for name in names}
    return {
        "method": (
            f"Murphy's parts over at most {GROUPS} groups of nearly as many rows, equal risks in "
            "one group, with the remainder of Stephenson et al. 2008; groups are those of the "
            "cohort in every draw; scaled_brier is 1 - Brier / uncertainty"
        ),
        MODEL: tables.pop(MODEL),
        "comparators": tables,
    }


def _parts_of(judged: Judged, name: str) -> dict[str, Any]:
    y = judged.rows.y
    measures = [{"all": partial(parts, y, p, risk_groups(p))} for p in judged.risks[name]]
    drawn = averaged(judged.bootstrap, measures)["all"]
    return {part: summarise(drawn[:, at]).holding().to_dict() for at, part in enumerate(PARTS)}


def risk_groups(p: FloatArray, groups: int = GROUPS) -> npt.NDArray[np.int64]:
    """Return the group of each row, (n,): groups of nearly equal size, equal risks in one."""
    below = np.searchsorted(np.sort(p), p, side="left")
    numbered: npt.NDArray[np.int64] = (groups * below) // max(len(p), 1)
    return numbered


def parts(
    y: FloatArray, p: FloatArray, group: npt.NDArray[np.int64], weights: FloatArray
) -> FloatArray:
    """Return PARTS under each weighting, (b, 6); NaN where nothing weighs.

    `scaled_brier` is NaN where only one class carries weight.

    Parameters
    ----------
    y, p : (n,) outcomes and risks.
    group : (n,) number of each row's group.
    weights : (b, n).
    """
    w = np.atleast_2d(weights)
    total = w.sum(axis=1)
    n = np.where(total > 0, total, np.nan)
    member = (group[:, None] == np.unique(group)).astype(np.float64)
    size = w @ member
    filled = np.where(size > 0, size, 1.0)
    events, risks = (w * y) @ member / filled, (w * p) @ member / filled
    rate = w @ y / n
    reliability = (size * (risks - events) ** 2).sum(axis=1) / n
    resolution = (size * (events - rate[:, None]) ** 2).sum(axis=1) / n
    uncertainty = rate * (1.0 - rate)
    spread = p - risks @ member.T
    remainder = (w * spread * (spread - 2.0 * (y - events @ member.T))).sum(axis=1) / n
    score = brier(y, p, w)
    scaled = 1.0 - score / np.where(uncertainty > 0, uncertainty, np.nan)
    return np.column_stack([score, reliability, resolution, uncertainty, remainder, scaled])
