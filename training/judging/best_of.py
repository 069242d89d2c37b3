"""What choosing the best of several looks better by than it is.

Two choices are made with the outcomes in sight, and each has its own figure.

The *search* chooses settings on inner folds, and the outer folds judge what was chosen: the
headline carries no bias of the search. What a report of the inner loss would have hidden is the
optimism: outer minus inner loss of the chosen settings. Part of this gap is no selection (inner
models learn from fewer patients, folds differ); the untuned default, which nothing but its number
of trees was chosen for, has that part too, so the gap of the chosen minus the gap of the default is
the part that choosing made.

A *reader* who looks at model, variants and comparators and takes the one with the lowest loss
chooses on the outer folds themselves. The bias of "best of K" is estimated by the bootstrap
(BBC-CV, Tsamardinos et al. 2018, doi:10.1007/s10994-018-5714-4): in each draw of patients the best
is chosen on the drawn and read on those left out; nothing is fitted again. Estimand: the figure of
the procedure "fit all K, keep the best", not of the one kept. It assumes that the rows of patients
left out are as good as new for a choice among K, which holds because risks are cross-fitted; the
draws choose on fewer distinct patients than there are, so it errs on the side of caution.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from training.bootstrap import FloatArray
from training.crossfit import CrossFit, FoldResult
from training.judging.headline import Judged
from training.judging.rows import MODEL, UNTUNED, JudgedRows
from training.metrics import FIGURES, log_loss
from training.splits import IntArray

READ = ("log_loss", "auroc")
MOST_DRAWS = 200  # of patients: enough for a mean


def selection_bias(judged: Judged, rows: JudgedRows, cross: CrossFit) -> dict[str, Any]:
    """Return the optimism of the search and the bias of taking the best of all that was compared.

    Parameters
    ----------
    judged : first-time rows, risks of model, variants and comparators, and draws.
    rows : all rows of the cross-fit: what its folds hold positions of.
    cross : the folds, with what was chosen in each.
    """
    return {"search": search_optimism(rows, cross), "best_of": best_of(judged)}


def search_optimism(rows: JudgedRows, cross: CrossFit) -> dict[str, Any]:
    """Return inner and outer log loss of what the search chose and of the untuned default.

    Means over outer folds, each fold by the weight of the rows it held out. None where a fold had
    no search.
    """
    found = {name: _gap(rows, cross, name) for name in (MODEL, UNTUNED)}
    chosen, default = found[MODEL], found[UNTUNED]
    by_choice = chosen["gap"] - default["gap"] if chosen and default else None
    return {
        "settings_tried": cross.models_tried,
        "chosen": chosen,
        "untuned_default": default,
        "optimism_by_choice": by_choice,
    }


def _gap(rows: JudgedRows, cross: CrossFit, name: str) -> dict[str, float] | None:
    inner = np.array([_inner_loss(fold, name) for fold in cross.folds])
    outer = np.array([_outer_loss(rows, fold, name) for fold in cross.folds])
    weight = np.array([rows.weight[fold.held_out].sum() for fold in cross.folds])
    if not np.isfinite(inner).all():
        return None
    mean_inner, mean_outer = (float(np.average(one, weights=weight)) for one in (inner, outer))
    return {
        "inner_log_loss": mean_inner, "outer_log_loss": mean_outer, "gap": mean_outer - mean_inner
    }  # fmt: skip


def _inner_loss(fold: FoldResult, name: str) -> float:
    candidate = fold.tuned.chosen if name == MODEL else fold.tuned.default
    return candidate.loss if candidate is not None else float("nan")


def _outer_loss(rows: JudgedRows, fold: FoldResult, name: str) -> float:
    at = fold.held_out
    return float(log_loss(rows.y[at], fold.risks[name], rows.weight[at])[0])


def best_of(judged: Judged) -> dict[str, Any]:
    """Return the reported and the corrected figures of the best of all that was compared.

    Returns
    -------
    dict
        `compared` names, `best` by log loss, `reported` its figures as they stand, `corrected`
        (None without draws) the mean over draws on patients left out, with the 2.5 to 97.5
        percentiles, and `bias`: corrected minus reported. `chosen_share` says how often the draws
        chose each: a best that is chosen in few of them was a matter of luck.
    """
    names = list(judged.risks)
    drawn = np.stack([judged.draws[name]["log_loss"] for name in names])
    best = names[int(np.argmin(drawn[:, 0]))]
    reported = {figure: float(judged.draws[best][figure][0]) for figure in READ}
    table: dict[str, Any] = {
        "compared": names,
        "best": best,
        "reported": {figure: _finite(number) for figure, number in reported.items()},
        "corrected": None,
        "bias": None,
        "chosen_share": None,
    }
    picked = np.argmin(drawn, axis=0)[1 : MOST_DRAWS + 1]
    if len(picked) == 0:
        return table
    corrected = {figure: _left_out(judged, names, picked, figure) for figure in READ}
    table["corrected"] = corrected
    table["bias"] = {
        figure: None if told["estimate"] is None else told["estimate"] - reported[figure]
        for figure, told in corrected.items()
    }
    shares = np.bincount(picked, minlength=len(names)) / len(picked)
    table["chosen_share"] = dict(zip(names, shares.tolist(), strict=True))
    return table


def _left_out(
    judged: Judged, names: Sequence[str], picked: IntArray, figure: str
) -> dict[str, float | None]:
    """Read a figure of what each draw chose on the patients that it left out."""
    bootstrap = judged.bootstrap.of_those_left_out(len(picked))
    read: FloatArray = np.full(len(picked), np.nan)
    for place in np.unique(picked):
        drawn = [
            bootstrap.replicate({figure: partial(FIGURES[figure], judged.rows.y, p)})[figure]
            for p in judged.risks[names[place]]
        ]
        mine = picked == place
        read[mine] = np.mean(drawn, axis=0)[1:][mine]
    usable = read[np.isfinite(read)]
    if len(usable) < 2:
        return {"estimate": None, "low": None, "high": None}
    low, high = np.quantile(usable, [0.025, 0.975])
    return {"estimate": float(usable.mean()), "low": float(low), "high": float(high)}


def _finite(number: float) -> float | None:
    return number if np.isfinite(number) else None
