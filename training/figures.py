"""The pictures of a run, as matplotlib figures that nobody has shown or saved yet.

Every picture states its cohort, n and events, and says SYNTHETIC where it is. A picture of a real
cohort shows aggregates only: the beeswarm colours single patients' values and the waterfall
is a single course, so both are drawn from synthetic rows alone.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from sklearn.metrics import (
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
    roc_curve,
)

from features.errors import VigiCellError

SHOWN_PREDICTORS = 15
MAX_BEESWARM_ROWS = 1500


@dataclass(frozen=True)
class Caption:
    """What every picture states about its rows."""

    cohort: str
    n: int
    events: int
    synthetic: bool

    def __str__(self) -> str:
        mark = "SYNTHETIC cohort" if self.synthetic else "cohort"
        return f"{mark} {self.cohort}: {self.n} rows, {self.events} event rows"


def empty_figure(caption: Caption, x: str, y: str) -> tuple[Figure, Any]:
    """Return a figure with the caption on top and its axes, nothing drawn yet."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.set_title(str(caption), fontsize=9)
    return figure, axes


def roc_figure(
    y: np.ndarray, predictions: Mapping[str, np.ndarray], weight: np.ndarray, caption: Caption
) -> Figure:
    """Draw the ROC curve of each out-of-fold prediction, the first one bold."""
    figure, axes = empty_figure(caption, "False-positive rate", "Sensitivity")
    for place, (name, p) in enumerate(predictions.items()):
        false_rate, sensitivity, _ = roc_curve(y, p, sample_weight=weight)
        area = roc_auc_score(y, p, sample_weight=weight)
        axes.plot(
            false_rate, sensitivity, lw=2.2 if not place else 1, label=f"{name}: AUROC {area:.3f}"
        )
    axes.plot([0, 1], [0, 1], color="0.7", lw=0.8, ls="--")
    axes.legend(loc="lower right", fontsize=8)
    return figure


def precision_recall_figure(
    y: np.ndarray, predictions: Mapping[str, np.ndarray], weight: np.ndarray, caption: Caption
) -> Figure:
    """Draw precision against recall of each out-of-fold prediction, with the event rate."""
    figure, axes = empty_figure(caption, "Recall", "Precision")
    for place, (name, p) in enumerate(predictions.items()):
        precision, recall, _ = precision_recall_curve(y, p, sample_weight=weight)
        area = average_precision_score(y, p, sample_weight=weight)
        axes.step(
            recall,
            precision,
            where="post",
            lw=2.2 if not place else 1,
            label=f"{name}: AUPRC {area:.3f}",
        )
    rate = float(np.average(y, weights=weight))
    axes.axhline(rate, color="0.7", lw=0.8, ls="--", label=f"event rate {rate:.3f}")
    axes.set_ylim(0, 1.02)
    axes.legend(loc="upper right", fontsize=8)
    return figure


def shap_figure(
    contributions: np.ndarray, X: pd.DataFrame, labels: Sequence[str], caption: Caption
) -> Figure:
    """Draw the SHAP summary: a beeswarm of synthetic rows, mean sizes for a real cohort.

    Parameters
    ----------
    contributions : ndarray, shape (n, k)
        Contributions in log-odds.
    X : DataFrame, shape (n, k)
        The predictors they belong to; used for the colours of a synthetic cohort only.
    labels : sequence of str, length k
        Clinical words for the columns.
    """
    if not caption.synthetic:
        return importance_figure(contributions, labels, caption)
    rng = np.random.default_rng(0)
    few = rng.permutation(len(X))[:MAX_BEESWARM_ROWS]
    explanation = _explanation(contributions[few], X.to_numpy(dtype=float)[few], labels)

    def draw(shap: Any, axes: Any) -> None:
        shap.plots.beeswarm(
            explanation,
            max_display=SHOWN_PREDICTORS,
            show=False,
            ax=axes,
            plot_size=None,
        )

    return _shap_drawing(draw, caption, (9, 6.5))


def importance_figure(contributions: np.ndarray, labels: Sequence[str], caption: Caption) -> Figure:
    """Draw the mean size of each predictor's contribution: no row of it is visible."""
    size = pd.Series(np.abs(contributions).mean(axis=0), index=list(labels))
    size = size.groupby(level=0).sum().sort_values().tail(SHOWN_PREDICTORS)
    figure, axes = empty_figure(caption, "Mean |SHAP| (log-odds)", "")
    axes.barh(range(len(size)), size.to_numpy(), color="#31688e")
    axes.set_yticks(range(len(size)), list(size.index), fontsize=8)
    return figure


def waterfall_figure(
    contributions: np.ndarray,
    base: float,
    values: np.ndarray,
    labels: Sequence[str],
    caption: Caption,
) -> Figure:
    """Draw the contributions of one synthetic course.

    Parameters
    ----------
    contributions, values : ndarray, shape (k,)
    base : float
        Log-odds before any contribution.

    Raises
    ------
    VigiCellError
        For a row of a real cohort.
    """
    if not caption.synthetic:
        raise VigiCellError("A single course is drawn from a synthetic cohort only.")
    one = _explanation(contributions[None, :], values[None, :], labels, base)[0]

    def draw(shap: Any, _axes: Any) -> None:
        shap.plots.waterfall(one, max_display=SHOWN_PREDICTORS, show=False)

    return _shap_drawing(draw, caption, (9, 6.5))


def tuning_figure(
    losses: Sequence[float], caption: Caption, default: float | None = None
) -> Figure:
    """Draw the log loss of each trial in its order, and the best so far."""
    figure, axes = empty_figure(caption, "Trial", "Log loss over the inner folds")
    shown = np.asarray(losses, dtype=float)
    axes.plot(np.arange(1, len(shown) + 1), shown, "o", ms=4, label="trial")
    if len(shown):
        axes.step(
            np.arange(1, len(shown) + 1),
            np.fmin.accumulate(shown),
            where="post",
            label="best so far",
        )
    if default is not None:
        axes.axhline(default, color="0.5", lw=0.8, ls="--", label="untuned default")
    axes.legend(fontsize=8)
    return figure


def _explanation(
    contributions: np.ndarray, values: np.ndarray, labels: Sequence[str], base: float = 0.0
) -> Any:
    shap = _shap()
    return shap.Explanation(
        values=contributions,
        base_values=np.full(len(contributions), base),
        data=values,
        feature_names=list(labels),
    )


def _shap_drawing(draw: Any, caption: Caption, size: tuple[float, float]) -> Figure:
    """Let shap draw on a figure of its own: it draws on pyplot's current one."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure = plt.figure(figsize=size)
    axes = figure.add_subplot()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # shap 0.51 uses numpy and matplotlib calls on their way out
        draw(_shap(), axes)
    figure.suptitle(str(caption), fontsize=9)
    figure.tight_layout()
    plt.close(figure)
    return figure


def _shap() -> Any:
    """Import shap when a picture is drawn: it takes seconds and warns of its own future."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        import shap
    return shap
