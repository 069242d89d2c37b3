"""Grow boosted trees from a base margin: log loss, no reweighting of classes, pinned threads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from features.errors import PlanError
from models.boosted import EVEN_ODDS, OBJECTIVE, BoostedTrees
from models.columns import Floats, Matrix, named_matrix
from models.logistic import log_loss_of_margin

MAX_BIN = 64  # enough for cohorts of thousands, and a third of the time of 256
DEFAULT_PARAMS: dict[str, float | int] = {
    "learning_rate": 0.1,
    "max_depth": 3,
    "min_child_weight": 5.0,
    "subsample": 0.8,
    "colsample_bytree": 0.5,
    "reg_lambda": 5.0,
}
TUNABLE = frozenset(DEFAULT_PARAMS) | {
    "colsample_bylevel",
    "colsample_bynode",
    "gamma",
    "grow_policy",
    "max_delta_step",
    "max_leaves",
    "reg_alpha",
}


@dataclass(frozen=True, eq=False)
class TreeRows:
    """Binned predictor rows, made once and used for many fits.

    Parameters
    ----------
    predictors : tuple of str
    binned : xgboost.QuantileDMatrix
    n_rows : int
    """

    predictors: tuple[str, ...]
    binned: Any
    n_rows: int

    def labelled(self, outcome: Floats, weight: Floats, base_margin: Floats) -> Any:
        """Put outcomes, weights and base margin on the binned rows, in place of earlier ones."""
        for name, column in (("outcome", outcome), ("weight", weight), ("margin", base_margin)):
            if np.shape(column) != (self.n_rows,):
                raise ValueError(f"{self.n_rows} rows, {name} of shape {np.shape(column)}")
        self.binned.set_info(label=outcome, weight=weight, base_margin=base_margin)
        return self.binned


def bin_rows(
    X: Matrix, predictors: tuple[str, ...], like: TreeRows | None = None, threads: int = 1
) -> TreeRows:
    """Bin the named columns of X; with ``like``, into the bins of those rows (held-out rows)."""
    import xgboost  # lazy: a service without trees never pays for it

    rows = named_matrix(X).take(predictors)
    reference = None if like is None else like.binned
    # without names: the library would read every name again in every round, half of a fit's time
    binned = xgboost.QuantileDMatrix(rows, max_bin=MAX_BIN, nthread=threads, ref=reference)
    return TreeRows(predictors, binned, len(rows))


def grow(
    rows: TreeRows,
    outcome: Floats,
    weight: Floats,
    base_margin: Floats,
    params: Mapping[str, Any],
    rounds: int,
    monotone: Mapping[str, int] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> BoostedTrees | None:
    """Grow ``rounds`` trees on binned rows; see :func:`fit_trees`."""
    import xgboost  # lazy, as above

    if rounds <= 0:
        return None
    booster = xgboost.train(
        _settings(params, rows.predictors, monotone, seed, threads),
        rows.labelled(outcome, weight, base_margin),
        num_boost_round=rounds,
        verbose_eval=False,
    )
    return BoostedTrees(rows.predictors, bytes(booster.save_raw("json")).decode())


def fit_trees(
    X: Matrix,
    outcome: Floats,
    weight: Floats,
    base_margin: Floats,
    params: Mapping[str, Any],
    rounds: int,
    *,
    predictors: tuple[str, ...] | None = None,
    monotone: Mapping[str, int] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> BoostedTrees | None:
    """Grow trees on the residual of a margin.

    Parameters
    ----------
    X : DataFrame or NamedMatrix, shape (n, k)
        NaN where missing: the trees learn where a missing value goes.
    outcome, weight, base_margin : ndarray, shape (n,)
        0 or 1; at least 0; log-odds that the trees start from.
    params : mapping
        Any of ``TUNABLE``; what is left out stands at ``DEFAULT_PARAMS`` or the library's default.
    rounds : int
        Number of trees; 0 gives None, the linear margin alone.
    predictors : tuple of str, optional
        Columns to read; all of X by default.
    monotone : mapping of column to +1 or -1, optional
        The risk may not fall (+1) or not rise (-1) with the column. Columns absent from
        ``predictors`` are ignored.
    seed, threads : int

    Returns
    -------
    BoostedTrees or None

    Raises
    ------
    PlanError
        For a parameter that is not tunable or a direction other than +1 and -1.
    """
    if rounds <= 0:
        return None
    matrix = named_matrix(X)
    rows = bin_rows(matrix, predictors or matrix.names, threads=threads)
    return grow(rows, outcome, weight, base_margin, params, rounds, monotone, seed, threads)


@dataclass(frozen=True)
class BoostPath:
    """Held-out log loss after 0, 1, 2, ... trees.

    Parameters
    ----------
    log_loss : ndarray, shape (rounds tried + 1,)
        The first entry is the base margin alone.
    """

    log_loss: Floats

    @property
    def best_round(self) -> int:
        """Number of trees with the lowest held-out log loss; the fewest among equals."""
        return int(np.argmin(self.log_loss))


def boost_path(
    train: TreeRows,
    train_truth: tuple[Floats, Floats, Floats],
    held_out: TreeRows,
    held_out_truth: tuple[Floats, Floats, Floats],
    params: Mapping[str, Any],
    rounds: int,
    *,
    stop_after: int | None = 20,
    monotone: Mapping[str, int] | None = None,
    seed: int = 0,
    threads: int = 1,
) -> BoostPath:
    """Held-out log loss as trees are added.

    Parameters
    ----------
    train, held_out : TreeRows
        The second made by ``bin_rows(..., like=train)``.
    train_truth, held_out_truth : tuple of three ndarrays
        Outcome, weight and base margin of the rows.
    params, monotone, seed, threads
        As in :func:`fit_trees`.
    rounds : int
        The most trees to try.
    stop_after : int or None
        Stop when this many rounds brought nothing; None tries all.
    """
    import xgboost  # lazy, as above

    outcome, weight, base_margin = held_out_truth
    start = log_loss_of_margin(base_margin, outcome, weight)
    if rounds <= 0:
        return BoostPath(np.array([start]))
    record: dict[str, dict[str, list[float]]] = {}
    xgboost.train(
        _settings(params, train.predictors, monotone, seed, threads) | {"eval_metric": "logloss"},
        train.labelled(*train_truth),
        num_boost_round=rounds,
        evals=[(held_out.labelled(*held_out_truth), "held_out")],
        evals_result=record,
        early_stopping_rounds=stop_after,
        verbose_eval=False,
    )
    return BoostPath(np.array([start, *record["held_out"]["logloss"]]))


def _settings(
    params: Mapping[str, Any],
    predictors: tuple[str, ...],
    monotone: Mapping[str, int] | None,
    seed: int,
    threads: int,
) -> dict[str, Any]:
    unknown = sorted(set(params) - TUNABLE)
    if unknown:
        raise PlanError(
            f"unknown tree parameter(s) {', '.join(unknown)}; "
            f"legal are {', '.join(sorted(TUNABLE))}."
        )
    return {
        **DEFAULT_PARAMS,
        **params,
        "objective": OBJECTIVE,
        "base_score": EVEN_ODDS,
        "tree_method": "hist",
        "max_bin": MAX_BIN,
        "monotone_constraints": _constraints(predictors, monotone or {}),
        "seed": seed,
        "nthread": threads,
        "verbosity": 0,
    }


def _constraints(predictors: tuple[str, ...], monotone: Mapping[str, int]) -> tuple[int, ...]:
    illegal = {name: way for name, way in monotone.items() if way not in (-1, 0, 1)}
    if illegal:
        raise PlanError(f"monotone directions are +1 or -1; got {illegal}.")
    return tuple(monotone.get(name, 0) for name in predictors)
