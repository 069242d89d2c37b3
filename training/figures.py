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
from training.synthetic_mark import mark

SHOWN_PREDICTORS = 15
MAX_BEESWARM_ROWS = 1500


@dataclass(frozen=True)
class Caption:
    """What every picture states about its rows; None is a count that is held back."""

    cohort: str
    n: int | None
    events: int | None
    synthetic: bool
    learnt_from: bool = False

    def __str__(self) -> str:
        whose = f"{mark(self.synthetic)}cohort {self.cohort}"
        if self.n is None or self.events is None:
            return f"{whose}: counts held back"
        learnt = " learnt from" if self.learnt_from else ""
        return f"{whose}: {self.n} rows{learnt}, {self.events} event rows"


def empty_figure(
    caption: Caption, x: str, y: str, size: tuple[float, float] = (7, 5)
) -> tuple[Figure, Any]:
    """Return a figure with the caption on top of all of it and its axes, nothing drawn yet."""
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    figure.suptitle(str(caption), fontsize=9, wrap=True)
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
    contributions: np.ndarray, base: float, readings: Sequence[str], caption: Caption
) -> Figure:
    """Draw the contributions of one synthetic course, the largest on top, from base to its risk.

    Parameters
    ----------
    contributions : ndarray, shape (k,)
        In log-odds.
    base : float
        Log-odds before any contribution.
    readings : sequence of str, length k
        What the row says in each column, in clinical words with its unit.

    Raises
    ------
    VigiCellError
        For a row of a real cohort.
    """
    if not caption.synthetic:
        raise VigiCellError("A single course is drawn from a synthetic cohort only.")
    order = np.argsort(-np.abs(contributions), kind="stable")
    first, others = order[: SHOWN_PREDICTORS - 1], order[SHOWN_PREDICTORS - 1 :]
    steps = [float(contributions[at]) for at in first]
    said = [readings[at] for at in first]
    if len(others):
        steps.append(float(contributions[others].sum()))
        said.append(f"{len(others)} other columns")
    ends = base + np.cumsum(steps)
    figure, axes = empty_figure(caption, _from_base(base, float(ends[-1])), "", (9, 6.5))
    bars = axes.barh(
        range(len(steps)), steps, left=ends - steps,
        color=["#b3261e" if step >= 0 else "#31688e" for step in steps],
    )  # fmt: skip
    axes.bar_label(bars, [f"{step:+.2f}" for step in steps], padding=3, fontsize=8)
    axes.axvline(base, color="0.6", lw=0.8, ls="--")
    axes.set_yticks(range(len(said)), said, fontsize=8)
    axes.invert_yaxis()
    axes.use_sticky_edges = False  # or a bar's number is written over its label
    axes.margins(x=0.15, y=0.02)
    return figure


def _from_base(base: float, end: float) -> str:
    start, risk = (100.0 / (1.0 + np.exp(-at)) for at in (base, end))
    return (
        f"Log-odds, from {base:.2f} (dashed, a risk of {start:.2g} %) to {end:.2f} "
        f"(a risk of {risk:.2g} %)"
    )


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


def _explanation(contributions: np.ndarray, values: np.ndarray, labels: Sequence[str]) -> Any:
    shap = _shap()
    return shap.Explanation(
        values=contributions,
        base_values=np.zeros(len(contributions)),
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
